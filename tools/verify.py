#!/usr/bin/env python3
"""A second verifier of Lockbox's logs; it shares no line with the first, `lockbox audit verify`.

It needs nothing but Python's standard library, reads files and no network, and trusts the key and
the checkpoints that it is given and nothing else. docs/spec/verification.md says what is checked.

    tools/verify.py --export contoso.jsonl --checkpoint contoso.checkpoint --key contoso.key
    tools/verify.py --tiles DIR --key contoso.key [--export contoso.jsonl]
    tools/verify.py --receipt receipt.json --key contoso.key

Ends with 0 where all is in order, with 1 where something is not, with 2 where it cannot be told.

How to read it: `FINDINGS` below says all that can be found. `verify`, at the end, is what is done:
heads are read (`Note`, `head_of`) and, once the records tell which keys to believe (`follow_keys`),
believed; records are read (`line`, `read_leaf`) and must be those that the heads were signed over
(`export` or `tiles`, with `Tree` and `is_included`); then `rules` goes through them in order, and
`Approvals` tells what access rested on. The arithmetic of signatures stands last.
"""

import argparse
import base64
import contextlib
import datetime
import functools
import hashlib
import itertools
import json
import os
import re
import stat
import sys
import unicodedata

FINDINGS = {
    # The key and the heads (docs/spec/verification.md 1 and 4)
    "origin-wrong": "the key is not of the log that it has to be",
    "note-malformed": "not a signed note",
    "note-unsigned": "no key that is believed has signed it",
    "note-bad-signature": "a signature is not by the key that it names",
    "checkpoint-malformed": "what was signed is no head of a log",
    "checkpoint-wrong-origin": "the head is of another log",
    "two-heads": "two roots were signed for one size",
    "no-checkpoint": "there is no head to hold the records against",
    "key-change-invalid": "the change of the key is not valid",
    "key-retired": "the head is signed by a key that was given up before",
    # Records, each for itself (2)
    "line-unreadable": "the line is no record",
    "member-unknown": "the line shows more than a record has",
    "member-changed": "what the line shows is not what the leaf says",
    "leaf-malformed": "the leaf is none",
    "time-malformed": "a time is not written as it has to be",
    "hash-wrong": "the hash that is shown is not the leaf's",
    "log-wrong": "the record is of another log",
    "text-missing": "a text is not there",
    "text-changed": "a text is not what was committed to",
    "text-added": "a text was never in the log",
    "salt-left": "a text was erased and its salt was not",
    # The tree (3)
    "record-missing": "the record is not there",
    "record-repeated": "the record is there twice",
    "record-inserted": "the record was never in the log",
    "record-uncovered": "the record is newer than the newest head",
    "records-out-of-order": "the records are not in the order of the log",
    "record-unproven": "the record has no proof that leads to a head at hand",
    "proof-wrong": "the record's proof does not lead to the root that was signed",
    "not-in-log": "the record is not in the log",
    "log-truncated": "records are not there at the end",
    "log-rewritten": "the records do not lead to a root that was signed",
    "tile-unreadable": "a tile is not what it has to be",
    # Rules over the records in order (5)
    "time-back": "the record is older than the one before it",
    "erasure-malformed": "what was erased is not said as it has to be",
    "erased-without-record": "a text is gone, and no record says so",
    "not-erased": "a text is there that was erased, as a record says",
    "operations-count": "there are not as many operations as the record says",
    "approval-invalid": "what was approved, or what access rested on, is not as it has to be",
    "policy-unsigned": "rules were changed without the signatures, or the wait, that it needs",
    "recovery-invalid": "that the database was put back is not said as it has to be",
    "stale": "what was signed last is too old",
    "time-future": "something was signed at a time that is yet to come",
    "witness-missing": "no head is cosigned by enough of the witnesses",
    "witness-behind": "witnesses have not cosigned the newest head",
    # Receipts (docs/spec/receipt.md 3)
    "receipt-malformed": "the file is no receipt",
    "receipt-foreign": "the record does not belong in this receipt",
    "receipt-incomplete": "records are not there that belong in this receipt",
    "key-changed": "the receipt names a key that is not believed",
}


class Refused(Exception):
    """What is read is not what it has to be; the text says why, the code which finding that is."""

    def __init__(self, text, code=None):
        super().__init__(text)
        self.code = code


# What goes wrong where something is read that has not the form that it must have.
MALFORMED = (Refused, KeyError, TypeError, ValueError, AttributeError, RecursionError,
             ArithmeticError, OSError)


def need(good, text="", code=None):
    if not good:
        raise Refused(text, code)


@contextlib.contextmanager
def refused_as(code):
    """Whatever is malformed inside is this finding."""
    try:
        yield
    except MALFORMED as problem:
        raise Refused(str(problem), code) from None


# --- Forms: text, base64, JSON that nobody can read in two ways.


def base64_of(data, url=False):
    return (base64.urlsafe_b64encode(data).rstrip(b"=") if url else base64.b64encode(data)).decode()


def unbase64(text, url=False):
    """The bytes; only the one spelling is taken that a writer would have written."""
    padding = "=" * (-len(text) % 4 if url else 0)
    data = base64.b64decode(text + padding, b"-_" if url else None, validate=True)
    need(base64_of(data, url) == text, "not the one spelling of base64")
    return data


def one_of_each(pairs):
    need(len(dict(pairs)) == len(pairs), "a member is there twice", "member-unknown")
    return dict(pairs)


def whole_number(text):
    is_one = len(text) < 18 and text.lstrip("-").isdigit() and abs(int(text)) < 2**53
    need(is_one, "a fraction, or none of the numbers there are")
    return int(text)


def strict_json(text):
    """No member twice, whole numbers that all readers hold, whole characters."""
    value = json.loads(text, object_pairs_hook=one_of_each, parse_int=whole_number,
                       parse_float=whole_number, parse_constant=whole_number)
    if "\\u" in text:
        canonical(value).encode()
    return value


def canonical(value):
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def same(one, other):
    """Equal, and of the same types: to Python 1 is True."""
    return canonical(one) == canonical(other)


def is_plain(value, depth=0, null=False):
    if not isinstance(value, (dict, list)):
        return null or value is not None
    names, values = (value, value.values()) if isinstance(value, dict) else ((), value)
    return (depth < 32 and all(map(str.isascii, names))
            and all(is_plain(one, depth + 1, null) for one in values))


def has(value, kinds, maybe=()):
    """Whether it is an object with members of these types, of which some may be left out."""
    return isinstance(value, dict) and all(
        name in maybe if name not in value
        else isinstance(value[name], kind) and not isinstance(value[name], bool)
        for name, kind in kinds.items())


def object_of(text, kinds=None, maybe=(), null=False):
    """An object in the one spelling of docs/spec/log.md 2, with just the members of `kinds`."""
    value = strict_json(text)
    need(isinstance(value, dict) and is_plain(value, null=null) and canonical(value) == text,
         "not an object in canonical JSON")
    need(kinds is None or has(value, kinds, maybe) and set(value) <= set(kinds),
         "members are missing, too many or of wrong types")
    return value


def is_count(value):
    return type(value) is int and value >= 0


def instant(text):
    """A time as docs/spec/log.md 2 writes it."""
    with refused_as("time-malformed"):
        need(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text, re.ASCII), str(text))
        return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def span(text):
    """Seconds of an ISO 8601 duration as the log writes it."""
    form = "(?:#D)?(?:T(?:#H)?(?:#M)?(?:#(?:\\.(\\d{3}))?S)?)?".replace("#", "(\\d{1,9})")
    parts = re.fullmatch("P" + form, str(text), re.ASCII)
    need(parts and any(parts.groups()) and not text.endswith("T"), "a duration is malformed")
    days, hours, minutes, seconds, milliseconds = (int(part or 0) for part in parts.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds + milliseconds / 1000


def spelt(seconds):
    epoch = datetime.datetime(1970, 1, 1)
    return f"{epoch + datetime.timedelta(seconds=min(seconds, 2**37))} UTC"


def plain(text):
    """For people: nothing in it can move, hide or reorder what stands around it."""
    return "".join(c if unicodedata.category(c)[0] not in "CZ" or c == " " else f"\\u{ord(c):04x}"
                   for c in str(text))


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


# --- Keys, signed notes and heads (C2SP signed-note, tlog-checkpoint, tlog-cosignature).

# What nobody sees, or a terminal obeys (docs/spec/log.md 5).
UNSEEN = re.compile(
    "[\\0-\\x20+\\x7f-\\xa0\\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160"
    "\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164"
    "\ud800-\uf8ff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000110bd\U000110cd"
    "\U00013430-\U0001345f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U0010ffff]")


def is_key_name(name):
    return bool(name) and not UNSEEN.search(name) and all(ord(c) & 0xfffe != 0xfffe for c in name)


class Key:
    """`name+hash+base64`. Type 1 is Ed25519, type 4 Ed25519 of one who cosigns, with the time."""

    def __init__(self, line, kind=1):
        self.line, parts = line, line.split("+", 2)
        self.name, data = parts[0], unbase64(parts[-1])
        need(len(parts) == 3 and is_key_name(self.name) and len(data) == 33 and data[0] == kind
             and parts[1] == sha256(self.name.encode(), b"\n", data)[:4].hex(),
             "the key is malformed")
        self.public = data[1:]


class Note:
    """A text and the signatures under it."""

    def __init__(self, data):
        with refused_as("note-malformed"):
            self.text, blank, under = data.decode().rpartition("\n\n")
            self.text, lines = self.text + "\n", under.split("\n")
            need(len(data) <= NOTE and blank and lines.pop() == "" and 1 <= len(lines) <= 64
                 and not re.search("[\0-\x09\x0b-\x1f\x7f-\x9f]", self.text))
            self.signatures = []
            for dash, name, text in (line.split(" ") for line in lines):
                signature = unbase64(text)
                need(dash == "\u2014" and is_key_name(name) and len(signature) > 4)
                self.signatures.append((name, signature[:4], signature[4:]))

    def by(self, key, kind=1):
        """The signatures that name `key`; others are passed over, whatever they are."""
        id_ = sha256(key.name.encode(), b"\n", bytes([kind]), key.public)[:4]
        return [data for name, other, data in self.signatures if (name, other) == (key.name, id_)]

    def times(self, key):
        """When `key` says that it cosigned, in seconds."""
        for data in self.by(key, kind=4):
            text = f"cosignature/v1\ntime {int.from_bytes(data[:8], 'big')}\n{self.text}"
            need(len(data) == 72 and data[0] < 128
                 and ed25519_is_good(key.public, data[8:], text.encode()),
                 "that which tells the time", "note-bad-signature")
        return [int.from_bytes(data[:8], "big") for data in self.by(key, kind=4)]


def head_of(note, origin):
    """Size and root of a checkpoint."""
    with refused_as("checkpoint-malformed"):
        name, number, hash_, *more = note.text.removesuffix("\n").split("\n")
        need(name and all(more) and re.fullmatch("0|[1-9][0-9]{0,18}", number))
        size, root = int(number), unbase64(hash_)
        need(len(root) == 32 and size < 2**63 and (size or root == EMPTY_ROOT))
    need(name == origin, code="checkpoint-wrong-origin")
    return size, root


# --- The tree (RFC 6962 2.1).

EMPTY_ROOT = sha256()


def leaf_hash(data):
    return sha256(b"\0", data)


def node_hash(left, right):
    return sha256(b"\1", left, right)


class Tree:
    """Grows by leaves and knows its root at each size."""

    def __init__(self, hashes=()):
        self.size, self.peaks = 0, []
        for hash_ in hashes:
            self.add(hash_)

    def add(self, hash_):
        size = self.size
        while size & 1:
            hash_, size = node_hash(self.peaks.pop(), hash_), size >> 1
        self.peaks.append(hash_)
        self.size += 1

    def root(self):
        peaks = self.peaks[::-1] or [EMPTY_ROOT]
        return functools.reduce(lambda right, left: node_hash(left, right), peaks)


def is_included(hash_, index, size, proof, root):
    """RFC 9162 2.1.3.2."""
    first, last = index, size - 1
    for step in proof:
        if last == 0:
            return False
        if first & 1 or first == last:
            hash_ = node_hash(step, hash_)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            hash_ = node_hash(hash_, step)
        first, last = first >> 1, last >> 1
    return index < size and last == 0 and hash_ == root


# --- Records.

MEMBERS = {"v": int, "log": str, "index": int, "time": str, "activity": str, "actor": str,
           "data": dict, "commitments": dict, "request": str}
TEXT = (str, type(None))
SHOWN = {"index": int, "time": str, "activity": str, "actor": dict, "request": TEXT, "data": dict,
         "texts": dict, "leaf": str, "hash": str, "size": int, "proof": list}


def read_leaf(data):
    """What a leaf says (docs/spec/log.md 2)."""
    with refused_as("leaf-malformed"):
        need(len(data) < 65536, "it is too long")
        leaf = object_of(data.decode(), MEMBERS, maybe=["request"])
        need(leaf["v"] == 1 and leaf["index"] >= 0, "it is of an unknown version or has no place")
        need(all(len(unbase64(value)) == 32 for value in leaf["commitments"].values()),
             "a commitment is malformed")
    instant(leaf["time"])
    return leaf


def opens(wanted, field, one):
    """Whether salt and text are those that the leaf committed to (docs/spec/log.md 3)."""
    try:
        salt, name, text = unbase64(one["salt"]), field.encode(), one["text"].encode()
    except MALFORMED:
        return False
    length = len(name).to_bytes(2, "big")
    return len(salt) == 16 and sha256(b"\2", salt, length, name, text) == wanted


class Line:
    """A line of an export (docs/spec/log.md 8), and the leaf in it: None where that is none."""

    def __init__(self, number, text):
        self.number, self.shown = number, strict_json(text)
        need(has(self.shown, SHOWN, maybe=("size", "proof"))
             and has(self.shown["actor"], {"id": str, "name": TEXT})
             and all(has(one, {"salt": TEXT, "text": TEXT}) for one in self.shown["texts"].values())
             and min(self.shown["index"], self.shown.get("size", 0)) >= 0
             and all(isinstance(step, str) for step in self.shown.get("proof", [])))
        self.index, self.data = self.shown["index"], self.shown["leaf"].encode()
        self.leaf, self.texts = None, {}
        # Whether its proof leads to a signed root; None where there is no proof, or no such root.
        self.is_proven = None


# --- What people sign (docs/spec/approval-statement.md): keys and signatures.


class Bytes:
    """Reads bytes from the front."""

    def __init__(self, data):
        self.rest = data

    def take(self, count):
        need(count <= len(self.rest), "bytes are missing")
        taken, self.rest = self.rest[:count], self.rest[count:]
        return taken

    def number(self, count):
        return int.from_bytes(self.take(count), "big")

    def string(self):
        """Of SSH (RFC 4251 5)."""
        return self.take(self.number(4))

    def cbor(self):
        """As much of CBOR as a COSE key needs."""
        kind, size = divmod(self.number(1), 32)
        value = size if size < 24 else self.number({24: 1, 25: 2, 26: 4, 27: 8}.get(size, 1 << 30))
        if kind < 2:
            return -1 - value if kind else value
        if kind == 2:
            return self.take(value)
        need(kind == 5 and value <= 8, "not a COSE key")
        return dict((self.cbor(), self.cbor()) for _ in range(value))

    def der_number(self):
        """Of an ECDSA signature, not negative, in DER's one spelling."""
        need(self.number(1) == 2, "not DER")
        digits = self.take(self.number(1))
        need(digits and digits[0] < 128 and (len(digits) == 1 or digits[0] or digits[1] > 127),
             "not DER")
        return number_of(digits)

    def end(self):
        need(not self.rest, "bytes are left over")


def number_of(data):
    return int.from_bytes(data, "big")


def cose_is_good(key, signature, message):
    reader = Bytes(key)
    fields = reader.cbor()
    reader.end()
    kind = (fields.get(1), fields.get(3), fields.get(-1))
    if kind == (2, -7, 1):
        body = Bytes(signature)
        need(body.number(1) == 48 and body.number(1) == len(signature) - 2, "not DER")
        r, s = body.der_number(), body.der_number()
        body.end()
        return p256_is_good(number_of(fields[-2]), number_of(fields[-3]), r, s, message)
    if kind == (1, -8, 6):
        return ed25519_is_good(fields[-2], signature, message)
    need(kind[:2] == (3, -257), "a key of an unknown kind")
    return rsa_is_good(number_of(fields[-1]), number_of(fields[-2]), signature, message)


def webauthn_is_good(signed, key, message, _):
    """Section 2, `webauthn`; of a message that was erased (None) any digest will do."""
    names = "clientData", "authenticatorData", "signature"
    said, data, signature = (unbase64(signed[name], url=True) for name in names)
    client = strict_json(said.decode()) if len(said) <= 4096 else {}
    origin = re.fullmatch(r"(https?)://([a-z0-9._-]+)(:\d{1,5})?", str(client.get("origin")))
    digest = unbase64(client.get("challenge"), url=True)
    labels = origin[2].split(".") if origin else []
    parents = [sha256(".".join(labels[place:]).encode()) for place in range(len(labels))]
    return (client.get("type") == "webauthn.get"
            and (len(digest) == 32 if message is None else digest == sha256(message))
            and client.get("crossOrigin", False) is False and "topOrigin" not in client
            and origin and (origin[1] == "https" or labels[-1] == "localhost")
            # Extensions (bit 7) would follow; there are none where exactly 37 bytes are.
            and len(data) == 37 and data[:32] in parents and data[32] & 0b11000101 == 0b00000101
            and cose_is_good(unbase64(key, url=True), signature, data + sha256(said)))


def ssh_string(data):
    return len(data).to_bytes(4, "big") + data


def sshsig_is_good(signed, key, message, namespace):
    """Section 2, `sshsig`; of a message that was erased (None) all but the last signature."""
    kind, _, body = key.partition(" ")
    public, blob = Bytes(unbase64(body)), Bytes(unbase64(signed["signature"]))
    space = ssh_string(namespace) + ssh_string(b"") + ssh_string(b"sha512")
    wanted = b"SSHSIG" + b"\0\0\0\1" + ssh_string(public.rest) + space
    need(blob.take(len(wanted)) == wanted, "the signature is for something else")
    signature = Bytes(blob.string())
    named, value = signature.string(), signature.string()
    over = b"SSHSIG" + space + ssh_string(hashlib.sha512(message or b"").digest())
    need(public.string() == named == kind.encode(), "the signature is of another kind")
    if kind == "ssh-ed25519":
        point, numbers = public.string(), Bytes(b"")
        is_good = ed25519_is_good(point, value, over)
    else:
        need(kind == "ecdsa-sha2-nistp256", "a key of an unknown kind")
        curve, point, numbers = public.string(), public.string(), Bytes(value)
        r, s = number_of(numbers.string()), number_of(numbers.string())
        is_good = curve == b"nistp256" and len(point) == 65 and point[0] == 4 and p256_is_good(
            number_of(point[1:33]), number_of(point[33:]), r, s, over)
    for read in (blob, signature, public, numbers):
        read.end()
    return is_good or message is None


SIGNATURES = {
    "webauthn": ({"authenticatorData", "clientData", "kind", "passkey", "signature"}, "passkey",
                 webauthn_is_good),
    "sshsig": ({"key", "kind", "signature"}, "key", sshsig_is_good)}


# --- What people sign: what access, its end and the rules rest on.

RULES = {"tenant.added", "tenant.policyChanged", "tenant.licenceChanged"}
WAITING = {"tenant.policyChangeAsked", "tenant.policyChangeAgreed", "tenant.policyChangeStopped",
           "tenant.policyChangeWithdrawn"}
ENDS = {"request.rejected", "request.denied", "request.withdrawn", "request.expired",
        "access.ended"}
COMMON = {"issued": str, "log": dict, "nonce": str, "tenant": str, "type": str, "v": int}
STATEMENTS = {
    "lockbox-approval": {
        "approver": str, "decision": str, "duration": str, "end": str, "engineer": str,
        "policy": int, "quorum": int, "request": str, "requestVersion": int, "resources": list,
        "start": str},
    "lockbox-revoke": {"engineer": str, "person": str, "request": str, "requestVersion": int},
    "lockbox-policy": {"person": str, "policy": int, "rules": dict}}
RESOURCE = {"actions": list, "kind": str, "name": str, "service": str}
LOG = {"origin": str, "size": int}


def read_statement(text, kind):
    """Section 1."""
    need(len(text.encode()) <= 49152, "the statement is too long")
    said = object_of(text, COMMON | STATEMENTS[kind])
    need((said["v"], said["type"]) == (1, kind) and has(said["log"], LOG) and len(said["log"]) == 2,
         "the statement is not one")
    numbers = {"policy", "quorum", "requestVersion"} & set(said)
    need(all(is_count(number) for number in (said["log"]["size"], *map(said.get, numbers))),
         "a number of the statement is none")
    need(len(unbase64(said["nonce"], url=True)) == 16, "the statement's nonce has not 16 bytes")
    if kind == "lockbox-approval":
        need((said["decision"], said["end"]) == ("approve", "afterDuration") and said["resources"]
             and all(has(one, RESOURCE) and len(one) == 4 and actions(one)
                     for one in said["resources"]), "the statement is not one")
        span(said["duration"])
        if said["start"] != "onApproval":
            instant(said["start"])
    return said


def actions(resource):
    given = resource["actions"]
    need(type(given) is list and all(isinstance(one, str) for one in given),
         "actions are no list of names")
    return given


class Request:
    """One that is open."""

    def __init__(self, engineer):
        self.engineer, self.quorum, self.is_granted, self.approved_at = engineer, 0, False, None
        # Who approved it; with which statement, if signed; and with one that was erased.
        self.approved, self.signed, self.unread = set(), {}, set()


class Approvals:
    """Sections 3 to 7, over the records of one log in order."""

    def __init__(self, tenant):
        self.tenant, self.rules, self.keys, self.open = tenant, {}, {}, {}
        self.used, self.nonces, self.over = set(), set(), set()
        # Rules as their record says them, and those that wait.
        self.told, self.waiting = {}, None
        self.uncheckable = self.unsigned = 0

    @property
    def signs_changes(self):
        return self.rules.get("signedChanges", "off") != "off"

    def read(self, leaf, texts):
        """Raises what is wrong with the record; texts that were erased are None."""
        data, act, request = leaf["data"], leaf["activity"], self.open.get(leaf.get("request"))
        time = instant(leaf["time"])
        if act in RULES | WAITING:
            self.change(act, leaf, data, time)
        elif act in ("passkey.registered", "signingKey.added") and "publicKey" in data:
            self.register(data["passkey" if act == "passkey.registered" else "key"], data, time)
        elif act == "signingKey.confirmed":
            self.confirm(leaf["actor"], data, time)
        elif act in ("passkey.removed", "signingKey.removed"):
            self.keys.pop(data.get("passkey", data.get("key")), None)
        elif act == "request.submitted":
            need(not request and leaf["request"] not in self.over, "the request was there before")
            need(isinstance(data["engineer"], str), "nobody is named who gets access")
            self.open[leaf["request"]] = Request(data["engineer"])
        elif act == "request.customerAsked" and request:
            request.quorum = data.get("approvalsNeeded", 0)
            need(is_count(request.quorum), "how many must approve is no number")
        elif act == "request.approved":
            self.approve(leaf, request, time, texts)
        elif act == "access.granted":
            need(request and not request.is_granted, "no request is open that this is access of")
            request.is_granted = True
            self.grant(request, data, texts)
        elif act in ENDS and "request" in leaf:
            self.over.add(leaf["request"])
            self.open.pop(leaf["request"], None)
            if act == "access.ended":
                self.revoke(leaf, request, data, time)

    def revoke(self, leaf, request, data, time):
        """Section 6."""
        self.unsigned += data.get("unsigned") is True
        if {"signature", "statement"} & set(data):
            need(request, "no request is open that it could be of")
            need(data.get("endedReason") == "revoked", "nobody ended it")
            self.signed(leaf, time, data["statement"], "lockbox-revoke", {
                "request": leaf["request"], "engineer": request.engineer,
                "requestVersion": data["version"] - 1})

    def change(self, act, leaf, data, time):
        """Section 7. What is not signed as it has to be changes nothing."""
        waiting = self.waiting
        if act in ("tenant.policyChangeStopped", "tenant.policyChangeWithdrawn"):
            self.waiting = None
        elif act == "tenant.policyChangeAsked":
            self.ask(leaf, data, time)
        elif act == "tenant.policyChangeAgreed":
            is_signed = self.signs(leaf, data, time, waiting and waiting["rules"])
            if is_signed and waiting and data.get("change") == waiting["change"]:
                waiting["agreed"].add(leaf["actor"])
            else:
                need(not self.signs_changes, "the agreement is not signed")
        elif isinstance(data.get("policy"), dict):
            self.put(act, leaf, data, time)

    def ask(self, leaf, data, time):
        wanted, name, agreed = data.get("wanted"), data.get("change"), data.get("agreed", [])
        if not isinstance(wanted, dict) or not isinstance(name, str):
            need(not self.signs_changes, "the rules that are asked for cannot be read")
            return
        is_signed = self.signs(leaf, data, time, wanted)
        need(is_signed or not self.signs_changes, "the rules that are asked for are not signed")
        wait = datetime.timedelta(seconds=span(self.told.get("coolingOff", "PT24H")))
        self.waiting = {
            "change": name, "rules": wanted, "version": self.rules.get("version", 0),
            "from": time + wait, "signed": is_signed,
            "agreed": {leaf["actor"]} if is_signed and leaf["actor"] in agreed else set()}

    def put(self, act, leaf, data, time):
        told = data["policy"]
        rules = told | {"version": data["version"], "licensed": data.get("licensed")}
        need(type(rules["requireApproval"]) is bool and is_count(rules["approvalsNeeded"])
             and is_count(rules["version"]), "the rules cannot be read")
        span(rules.get("coolingOff", "PT24H"))
        if not self.signs_changes:
            try:
                self.signs(leaf, data, time, told)
            finally:
                self.rules, self.told, self.waiting = rules, told, None
            return
        need(rules["version"] == self.rules["version"] + 1, "the version is not the next one")
        if act == "tenant.licenceChanged":
            need(all(name in told and same(told[name], value) for name, value in self.told.items()),
                 "the licence's record says other rules than those in force")
            self.rules |= {"version": rules["version"], "licensed": rules["licensed"]}
            self.waiting = None
            return
        need(act == "tenant.policyChanged", "the tenant was there before")
        is_signed = self.signs(leaf, data, time, told)
        is_enough = self.rules["approvalsNeeded"] <= 1 or not is_looser(told, self.told)
        need(is_signed and is_enough or self.comes_about(told, time))
        self.rules, self.told, self.waiting = rules, told, None

    def comes_about(self, told, time):
        asked = self.waiting
        return (asked and asked["signed"] and asked["version"] == self.rules["version"]
                and same(told, asked["rules"])
                and (len(asked["agreed"]) >= max(1, self.rules["approvalsNeeded"])
                     or time + datetime.timedelta(minutes=2) >= asked["from"]))

    def signs(self, leaf, data, time, rules):
        """Whether a change of rules is signed; raises where it is, and not as it has to be."""
        if not {"signature", "statement"} & set(data):
            return False
        said = self.signed(leaf, time, data["statement"], "lockbox-policy",
                           {"policy": self.rules.get("version", 0)})
        need(same(said["rules"], rules), "the statement's rules are not those of the log")
        return True

    def register(self, name, data, time):
        need(name not in self.used, f"key {name} was there before")
        self.used.add(name)
        wait = datetime.timedelta(seconds=span(self.rules.get("coolingOff", "PT24H")))
        self.keys[name] = {"whole": (data["person"], data["publicKey"]), "from": time + wait}

    def confirm(self, actor, data, time):
        key = self.keys.get(data["key"])
        need(key and key["whole"] == (data["person"], data["publicKey"])
             and actor != data["person"] and actor.startswith("PER-"),
             f"the confirmation of key {data['key']} is not of what was registered")
        key["from"] = min(key["from"], time)

    def approve(self, leaf, request, time, texts):
        data, actor = leaf["data"], leaf["actor"]
        if "signature" in data or "statement" in leaf["commitments"]:
            # Erased is what another rule looks at; what access it allowed cannot be told any more,
            # but that somebody signed.
            if texts.get("statement", "") is not None:
                need(request, "no request is open that it could be of")
                request.signed[actor] = self.signed(
                    leaf, time, texts["statement"], "lockbox-approval", {
                        "request": leaf["request"], "policy": self.rules.get("version"),
                        "engineer": request.engineer, "requestVersion": data["version"] - 1})
            else:
                self.signed_by_key(leaf, time, None, "lockbox-approval")
                if request:
                    request.unread.add(actor)
        if request and data.get("stage") == "customer" and actor.startswith("PER-") \
                and actor != request.engineer:
            request.approved.add(actor)
            request.approved_at = time

    def signed(self, leaf, time, text, kind, facts):
        """What the actor signed: a statement of this kind and of these facts, by a key that
        counts."""
        said, actor = read_statement(text, kind), leaf["actor"]
        who = "approver" if kind == "lockbox-approval" else "person"
        for name, value in {who: actor, "tenant": self.tenant, **facts}.items():
            need(said[name] == value, f"the statement's {name} is not that of the log")
        origin, size = said["log"]["origin"], said["log"]["size"]
        need(origin.endswith(f"/v1/tenants/{self.tenant}/log") and size <= leaf["index"],
             "the statement is of another log")
        need(instant(said["issued"]) <= time + datetime.timedelta(minutes=2),
             "the statement is of later than its record")
        self.signed_by_key(leaf, time, text.encode(), kind)
        need(said["nonce"] not in self.nonces, "the statement was used before")
        self.nonces.add(said["nonce"])
        return said

    def signed_by_key(self, leaf, time, message, kind):
        signed, actor = leaf["data"]["signature"], leaf["actor"]
        members, name, is_good = SIGNATURES[signed["kind"]]
        key = self.keys.get(signed[name])
        need(set(signed) == members, "the signature has other members")
        need(key and key["whole"][0] == actor and key["from"] <= time,
             f"key {signed[name]} does not count for {actor} here")
        need(is_good(signed, key["whole"][1], message, kind.encode()), "the signature is wrong")

    def grant(self, request, data, texts):
        if data.get("basis") == "policy":
            need(self.rules.get("requireApproval") is False or self.rules.get("licensed") is False,
                 "access was given without approval")
            return
        need(data.get("basis") == "approval", "access rests on nothing")
        needed = max(1, self.rules.get("approvalsNeeded", 1), request.quorum)
        approved = len(request.approved)
        need(approved >= needed, f"{approved} approvals of this access, where {needed} are needed")
        if self.rules.get("signedApprovals", "off") == "off":
            return
        covering = len([said for said in request.signed.values()
                        if covers(said, data, texts, request.approved_at)])
        need(covering + len(request.unread - set(request.signed)) >= needed,
             f"{covering} signed approvals cover this access, where {needed} are needed")
        is_erased = any(texts[name] is None for name in texts if name.startswith("resource"))
        self.uncheckable += covering < needed or is_erased


# What rules mean that do not say one (section 7).
ABSENT = {"allowPrograms": True, "closeUnknownAccess": False, "coolingOff": "P1D",
          "signedApprovals": "off", "signedChanges": "off", "withheldFromTokens": []}
LOOSER = {
    "requireApproval": lambda old, new: new is not True,
    "closeUnknownAccess": lambda old, new: new is not True,
    "allowPrograms": lambda old, new: new is not False,
    "signedApprovals": lambda old, new: new == "off",
    "signedChanges": lambda old, new: new == "off",
    "approvalsNeeded": lambda old, new: not (is_count(old) and is_count(new) and new >= old),
    "decisionWindow": lambda old, new: span(new) > span(old),
    "maxAccess": lambda old, new: span(new) > span(old),
    "coolingOff": lambda old, new: span(new) < span(old),
    "retention": lambda old, new: new is not None and span(new) < span(old),
    "withheldFromTokens": lambda old, new: not set(new) >= set(old)}


def is_looser(after, before):
    """Whether a rule protects less. One that is not known, or cannot be read, does where it
    changes."""
    for name in {**before, **after}:
        old, new = before.get(name, ABSENT.get(name)), after.get(name, ABSENT.get(name))
        try:
            if not same(old, new) and (name not in LOOSER or LOOSER[name](old, new)):
                return True
        except MALFORMED:
            return True
    return False


def covers(said, grant, texts, approved_at):
    start, end = instant(grant["start"]), instant(grant["end"])
    need(grant["resources"], "access to nothing")
    not_before = None if said["start"] == "onApproval" else instant(said["start"])
    # It begins with the approvals: not before them, and not once nobody expects it any more.
    begin, minute = max(approved_at, not_before or approved_at), datetime.timedelta(minutes=1)
    # A name that was erased (None) is any name: what is left is compared.
    return ((end - start).total_seconds() <= span(said["duration"])
            and (not_before is None or start >= not_before)
            and approved_at - 2 * minute <= start <= begin + 15 * minute
            and all(any(one["service"] == given["service"]
                        and texts[f"resource{place}"] in (one["name"], None)
                        and set(actions(given)) <= set(one["actions"])
                        for one in said["resources"])
                    for place, given in enumerate(grant["resources"])))


# --- A whole log, or a part of one.


class Verification:
    """Finds what is wrong: `findings`, (code, record or None, words). `notes` is what is said, and
    is not wrong."""

    def __init__(self, key, now):
        self.key, self.origin, self.now = key, key.name, now
        self.findings, self.notes, self.later, self.earlier = [], [], [], []
        # By size: the root that is believed, the notes that say so, and when the log signed them.
        self.heads, self.seen, self.signed_at = {}, {}, {}
        # By place: leaf and texts. A text is a string, or None where it was erased; all are None
        # where none are at hand.
        self.records, self.erased = {}, []
        name = re.search(r"/v1/(?:provider|tenants/([^/]+))/log\Z", self.origin)
        self.tenant = name and name[1]
        self.log = name and (f"tenant:{name[1]}" if name[1] else "provider")
        self.check(self.log, "origin-wrong", None, f"{self.origin} is no log's name")

    def say(self, code, record=None, detail=""):
        self.findings.append((code, record, FINDINGS[code] + (detail and f": {detail}")))

    def check(self, good, code, record=None, detail=""):
        if not good:
            self.say(code, record, detail)

    @contextlib.contextmanager
    def finding(self, code, record=None, lead=""):
        """Whatever is malformed inside is this finding, or the one that it says."""
        try:
            yield
        except MALFORMED as problem:
            detail = ": ".join(filter(None, [lead, str(problem)]))
            self.say(getattr(problem, "code", None) or code, record, detail)

    # Heads and keys (docs/spec/verification.md 1 and 4)

    def checkpoint(self, name, data):
        """A signed head. It waits for the records: they tell which keys are believed."""
        with self.finding("note-malformed", lead=name):
            self.later.append((name, Note(data)))

    def changes(self, is_whole):
        """The keys that the log had, oldest first, each with the record that brought it, and which
        of them is the trusted one."""
        changes = []
        for index in sorted(self.records):
            leaf = self.records[index][0]
            if leaf["activity"] != "key.changed":
                continue
            data = leaf["data"]
            with self.finding("key-change-invalid", index):
                old, new = Key(data["previous"]), Key(data["key"])
                text = f"lockbox-key-change/v1\n{self.origin}\n{old.line}\n{new.line}\n{index}\n"
                need(old.name == new.name == self.origin and old.line != new.line,
                     "it does not name two keys of this log")
                need(ed25519_is_good(old.public, unbase64(data["signature"]), text.encode()),
                     "the old key has not signed it")
                changes.append((index, old, new))
        olds, news = [old.line for _, old, _ in changes], [new.line for _, _, new in changes]
        lines = olds[:1] + news
        if olds == lines[:-1] and len(set(lines)) == len(lines) and self.key.line in lines:
            chain = [(-1, changes[0][1]), *((index, new) for index, _, new in changes)]
            return chain, lines.index(self.key.line)
        # In a part of a log, changes may be missing between those that are there.
        self.check(not changes or not is_whole, "key-change-invalid", changes and changes[0][0],
                   "no way leads from one key to the next that the trusted one is on")
        return [(-1, self.key)], 0

    def follow_keys(self, is_whole):
        """Believes the heads that the trusted key signed, or one to which the records lead from it.
        Anybody can write a record in which a key of theirs hands over to the trusted one: what only
        an earlier key signed is held against the log, and not believed."""
        chain, trusted = self.changes(is_whole)
        self.believed = {key.line for _, key in chain[trusted:]}
        for name, note in self.later:
            with self.finding("note-unsigned", lead=name):
                signed = [(place, ed25519_is_good(key.public, data, note.text.encode()))
                          for place, (_, key) in enumerate(chain) for data in note.by(key)]
                need(all(good for _, good in signed), code="note-bad-signature")
                need(signed)
                (size, root), place = head_of(note, self.origin), max(signed)[0]
                need(place <= trusted or size > chain[place][0])
                if place < trusted:
                    self.earlier.append((name, size, root))
                else:
                    self.believe(name, note, size, root, chain[place][1])
                retired = [index + 1 for index, _ in chain[place + 1:place + 2]]
                self.check(not retired or size <= retired[0], "key-retired", None, f"of {size}")
        for name, size, root in self.earlier:
            if not is_whole or size > max(self.heads, default=-1):
                self.say("note-unsigned", None, f"{name}: only by a key before the trusted one")
            else:
                self.check(self.heads.get(size, root) == root, "two-heads", None, f"{name}: {size}")

    def believe(self, name, note, size, root, key):
        self.signed_at.setdefault(size, []).extend(note.times(key))
        if self.heads.setdefault(size, root) == root:
            self.seen.setdefault(size, []).append(note)
        else:
            self.say("two-heads", None, f"{name}: {size}")

    # Records (2)

    def line(self, number, text):
        """A line of an export, once everything in it agrees."""
        line = Line(number, text)
        shown = line.shown
        self.check(shown["hash"] == base64_of(leaf_hash(line.data)), "hash-wrong", line.index)
        extra = sorted({*(set(shown) - set(SHOWN)), *(set(shown["actor"]) - {"id", "name"}),
                        *(name for one in shown["texts"].values()
                          for name in set(one) - {"salt", "text"})})
        self.check(not extra, "member-unknown", line.index, ", ".join(extra[:3]))
        with self.finding("leaf-malformed", line.index):
            line.leaf = read_leaf(line.data)
        if line.leaf:
            line.texts = self.texts(line)
            self.agree(line)
        return line

    def texts(self, line):
        texts = {}
        for field, wanted in line.leaf["commitments"].items():
            one = line.shown["texts"].get(field)
            if one is None:
                self.say("text-missing", line.index, field)
                continue
            texts[field] = one["text"]
            if one["text"] is None:
                self.erased.append((line.index, field))
                self.check(one["salt"] is None, "salt-left", line.index, field)
            else:
                good = opens(unbase64(wanted), field, one)
                self.check(good, "text-changed", line.index, field)
        for field in sorted(set(line.shown["texts"]) - set(line.leaf["commitments"])):
            self.say("text-added", line.index, field)
        return texts

    def agree(self, line):
        shown, leaf, actor = line.shown, line.leaf, line.shown["actor"]
        for name in ("index", "time", "activity", "data", "request"):
            # Compared as texts: to Python, 1 is True.
            self.check(canonical(shown[name]) == canonical(leaf.get(name)), "member-changed",
                       line.index, name)
        self.check(actor["id"] == leaf["actor"]
                   and actor["name"] in (None, line.texts.get("actorName")),
                   "member-changed", line.index, "actor")

    def add(self, index, leaf, texts):
        self.check(self.log in (None, leaf["log"]), "log-wrong", index, leaf["log"])
        self.records[index] = (leaf, texts)

    # The tree (3)

    def lines(self, data):
        lines, read = data.split(b"\n"), []
        for number, line in enumerate(lines if lines[-1] else lines[:-1], 1):
            with self.finding("line-unreadable", lead=f"line {number}"):
                read.append(self.line(number, line.decode()))
        return read

    def export(self, data, is_whole):
        read = self.lines(data)
        # Which heads are believed depends on the records, and what is wrong with them on the heads.
        self.records = {line.index: (line.leaf, line.texts) for line in read[::-1] if line.leaf}
        self.follow_keys(is_whole)
        self.records, newest = {}, max(self.heads, default=0)
        if not self.heads:
            self.say("no-checkpoint")
            return read
        for line in read:
            line.is_proven = self.is_proven(line)
        kept = self.sort_out(read, newest, is_whole)
        for line in kept.values():
            if line.leaf:
                self.add(line.index, line.leaf, line.texts)
        has_all = is_whole and len(kept) == newest
        genuine = has_all and self.replay([leaf_hash(kept[index].data) for index in range(newest)])
        needs_proof = not genuine and (not has_all or any(line.is_proven for line in kept.values()))
        for index, line in kept.items():
            self.check(line.is_proven is not None or not needs_proof, "record-unproven", index)
            code = "proof-wrong" if genuine else "not-in-log"
            self.check(line.is_proven is not False, code, index)
        return read

    def is_proven(self, line):
        try:
            size, steps = line.shown["size"], [unbase64(step) for step in line.shown["proof"]]
            root = self.heads[size]
        except MALFORMED:
            return None
        return all(len(step) == 32 for step in steps) and is_included(
            leaf_hash(line.data), line.index, size, steps, root)

    def sort_out(self, read, newest, is_whole):
        """One line for each place: where two claim one, the one that is proven has it."""
        kept = {}
        for line in sorted(read, key=lambda one: (one.index, not one.is_proven, one.number)):
            index, other = line.index, kept.get(line.index)
            if index >= newest:
                is_newer = line.shown.get("size", 0) > newest
                self.say("record-uncovered" if is_newer else "record-inserted", index, "at the end")
            elif other:
                self.say("record-repeated" if other.data == line.data else "record-inserted", index,
                         f"line {line.number} has the place of line {other.number}")
            else:
                kept[index] = line
        if is_whole:
            numbers, end = [line.number for line in kept.values()], max(kept, default=-1) + 1
            self.check(numbers == sorted(numbers), "records-out-of-order")
            gaps = (index for index in range(end) if index not in kept)
            for index in itertools.islice(gaps, 100):
                self.say("record-missing", index)
            self.check(end >= newest, "log-truncated", None, f"{end} of {newest}")
        return kept

    def replay(self, hashes):
        tree, good = Tree(), True
        earlier = ((size, root) for _, size, root in self.earlier)
        for size, root in sorted({*self.heads.items(), *earlier}):
            while tree.size < min(size, len(hashes)):
                tree.add(hashes[tree.size])
            if tree.size == size and tree.root() != root:
                self.say("log-rewritten", None, f"that of {size}")
                good = False
        return good

    def tiles(self, folder, export, is_whole):
        """Leaves from a folder of tiles (C2SP tlog-tiles); texts from an export beside, if any."""
        read = self.lines(export) if export is not None else []
        # Of a head, the size is enough for reading: which key signed it is known once that is done.
        sizes = [note.text.split("\n")[1] for _, note in self.later]
        size = max((int(text) for text in sizes if re.fullmatch("[0-9]{1,18}", text)), default=0)
        leaves = self.entries(folder, size)
        for index, data in enumerate(leaves):
            with self.finding("leaf-malformed", index):
                leaf = read_leaf(data)
                self.check(leaf["index"] == index, "member-changed", index, "its place")
                self.add(index, leaf, None)
        self.follow_keys(is_whole)
        if not self.heads:
            return self.say("no-checkpoint")
        newest, level, row = max(self.heads), 0, [leaf_hash(data) for data in leaves]
        self.check(len(leaves) >= newest, "log-truncated", None, f"{len(leaves)} of {newest}")
        self.replay(row)
        while row and len(leaves) == size:
            self.tile_row(folder, level, row)
            row = [Tree(row[start - 256:start]).root() for start in range(256, len(row) + 1, 256)]
            level += 1
        if export is not None:
            self.beside(read, leaves, is_whole)
        texts = [texts for leaf, texts in self.records.values() if leaf["commitments"]]
        if None in texts:
            self.notes.append(f"of {texts.count(None)} records the texts were not at hand")
        return None

    def entries(self, folder, size):
        leaves = []
        for start in range(0, size, 256):
            with self.finding("tile-unreadable", start, f"the entries from {start} on"):
                width = min(256, size - start)
                data, is_full = tile_file(folder, "entries", start // 256, width)
                bundle = Bytes(data)
                entries = [bundle.take(bundle.number(2)) for _ in range(256 if is_full else width)]
                bundle.end()
                leaves += entries[:width]
            if len(leaves) < min(size, start + 256):
                break
        return leaves

    def tile_row(self, folder, level, row):
        for start in range(0, len(row), 256):
            wanted = b"".join(row[start:start + 256])
            with self.finding("tile-unreadable", None, f"of level {level}, from {start} on"):
                data, is_full = tile_file(folder, str(level), start // 256, len(wanted) // 32)
                need(data.startswith(wanted) and len(data) == (8192 if is_full else len(wanted)),
                     "it has other hashes")

    def beside(self, read, leaves, is_whole):
        """Takes the texts from an export beside, whose records have to be these leaves."""
        for line in read:
            line.is_proven = leaves[line.index:line.index + 1] == [line.data]
        for index, line in self.sort_out(read, len(leaves), is_whole).items():
            self.check(line.is_proven, "not-in-log", index, "it has another leaf than the tiles")
            if line.is_proven and line.leaf:
                self.records[index] = (line.leaf, line.texts)

    # Rules over the records in order (5)

    def rules(self, is_whole):
        previous, approvals, is_open, erasures = None, Approvals(self.tenant), set(), {}
        for index in sorted(self.records):
            leaf, texts = self.records[index]
            time = instant(leaf["time"])
            self.check(previous is None or time >= previous, "time-back", index)
            previous = time
            if leaf["activity"] == "texts.erased":
                erasures.update(self.erasure(index, leaf["data"]))
            elif leaf["activity"] == "access.operations":
                self.operations(index, leaf["data"], (texts or {}).get("operations"))
            elif leaf["activity"] == "access.granted":
                is_open.add(leaf.get("request"))
            elif leaf["activity"] == "access.ended":
                is_open.discard(leaf.get("request"))
            elif leaf["activity"] == "log.recovered":
                self.recovery(index, leaf["data"], is_open if is_whole else ())
            if is_whole and texts is not None and self.log != "provider":
                is_change = approvals.signs_changes and leaf["activity"] in RULES | WAITING
                code = "policy-unsigned" if is_change else "approval-invalid"
                with self.finding(code, index), refused_as(code):
                    approvals.read(leaf, texts)
        if is_whole:
            self.erasures(erasures)
        if approvals.uncheckable:
            self.notes.append(f"of {approvals.uncheckable} accesses texts were erased: whether all "
                              "was signed cannot be told")
        if approvals.unsigned:
            self.notes.append(f"{approvals.unsigned} times the customer ended access without a "
                              "signature, which is allowed")
        return previous

    def erasure(self, index, data):
        """Which texts were erased, each with the record that says so."""
        with self.finding("erasure-malformed", index):
            places = [one["index"] for one in data["erased"]]
            need(places and all(is_count(place) and place < index for place in places)
                 and places == sorted(set(places)), "places do not rise")
            for one in data["erased"]:
                need(set(one) == {"fields", "index"} and one["fields"]
                     and one["fields"] == sorted(set(one["fields"])), "fields do not rise")
            return {(one["index"], name): index for one in data["erased"] for name in one["fields"]}
        return {}

    def erasures(self, said):
        for index, field in self.erased:
            self.check((index, field) in said, "erased-without-record", index, field)
        gone = set(self.erased)
        for (index, field), by in said.items():
            is_there = index in self.records and self.records[index][1] is not None
            self.check(not is_there or (index, field) in gone, "not-erased", index,
                       f"{field}, by record {by}")

    def operations(self, index, data, text):
        with self.finding("operations-count", index), refused_as("operations-count"):
            count, reads, writes = data["count"], data["reads"], data["writes"]
            need(all(map(is_count, (count, reads, writes))) and 0 < count == reads + writes)
            if text is not None:
                *lines, rest = text.split("\n")
                need(len(lines) == count and text and not rest)
                for line in lines:
                    object_of(line, null=True)

    def recovery(self, index, data, is_open):
        """An older copy of the database does not know what was ended since: taking it on leaves
        nothing open."""
        with self.finding("recovery-invalid", index):
            signed, had = data["expectedSize"], data["size"]
            need(is_count(signed) and is_count(had) and had <= index
                 and len(unbase64(data["expectedRoot"])) == 32)
            self.notes.append(f"record {index} says that the database was put back: "
                              f"{signed} records had been signed, it had {had}")
            for request in sorted(map(str, is_open)):
                self.say("recovery-invalid", index, f"access of {request} was left open")

    def freshness(self, newest_record, max_age):
        signed = self.signed_at.get(max(self.heads), [])
        times = [*signed, *([newest_record.timestamp()] if newest_record else [])]
        newest = max(times, default=None)
        if newest is not None:
            self.not_before(newest, "what is newest")
        is_fresh = max_age is None or times and self.now.timestamp() - newest <= max_age
        self.check(is_fresh, "stale", None, spelt(newest) if times else "nobody knows of when")
        if not signed:
            self.notes.append("no signature tells when the newest head was signed")

    def not_before(self, seconds, what):
        """Whether it is yet to come: nothing that was signed so would ever be too old. Clocks may
        be five minutes apart."""
        good = seconds <= self.now.timestamp() + 300
        self.check(good, "time-future", None, f"{what}, {spelt(seconds)}")

    def witnesses(self, keys, needed, max_age):
        """The newest head that enough witnesses have cosigned; what is newer may not wait for them
        longer than `max_age`."""
        distinct = {key.public: key for key in keys}.values()
        with self.finding("witness-missing"):
            for size in sorted(self.heads, reverse=True):
                times = [[time for note in self.seen[size] for time in note.times(key)]
                         for key in distinct]
                latest = sorted(max(one) for one in times if one)
                if len(latest) >= needed:
                    self.not_before(latest[-1], "a cosignature")
                    rest = max(self.heads) - size
                    is_late = max_age is None or self.now.timestamp() - latest[-needed] > max_age
                    self.check(not rest or not is_late, "witness-behind", None, f"{rest} are newer")
                    return self.notes.append(
                        f"{len(latest)} witnesses have cosigned the first {size} records")
            self.say("witness-missing", None, f"{needed} have to")
        return None

    # Receipts (docs/spec/receipt.md)

    def receipt(self, data):
        said, lines = None, []
        with self.finding("receipt-malformed"):
            said, lines = receipt_parts(data)
        if not said:
            return
        self.check(self.tenant, "origin-wrong", None, f"{self.origin} is no tenant's log")
        self.checkpoint("the receipt's checkpoint", said["checkpoint"].encode())
        places = [line.index for line in self.export(b"".join(lines), False)]
        self.check(places == sorted(places), "records-out-of-order")
        self.check(said["key"] in self.believed, "key-changed")
        version, acts = 0, []
        for index in sorted(self.records):
            leaf = self.records[index][0]
            if leaf.get("request") == said["request"]:
                acts.append(leaf["activity"])
                now = leaf["data"].get("version", version)
                self.check(type(now) is int and version <= now <= version + 1, "receipt-incomplete",
                           index, f"between version {version} of the request and {now}")
                version = now if type(now) is int else version
            else:
                is_ground = "request" not in leaf and leaf["activity"] in GROUNDS
                self.check(is_ground, "receipt-foreign", index)
        for first, then in PAIRS:
            is_there = then not in acts or first in acts[:acts.index(then)]
            self.check(is_there, "receipt-incomplete", None, f"there is no {first} before {then}")
        self.check(acts[:1] == ["request.submitted"], "receipt-incomplete", None, "the request")
        ends = {"access.ended"} if "access.granted" in acts else ENDS
        self.check(ends & set(acts), "receipt-incomplete", None, "the end of the request")


GROUNDS = {*RULES, *WAITING, "passkey.registered", "passkey.removed", "signingKey.added",
           "signingKey.confirmed", "signingKey.removed", "key.changed", "texts.erased"}
# Records that share the version of another: what comes first is not left out where the second is.
PAIRS = [("request.approvedByManager", "request.customerAsked"),
         ("request.approvedByManager", "access.granted"),
         ("request.customerAsked", "request.approved"), ("access.granted", "access.ended")]


def receipt_parts(data):
    """What the first and the last line say, and the lines of records between them."""
    lines, opening, closing = data.split(b"\n"), b'"records":[', b"],"
    with refused_as("receipt-malformed"):
        need(len(lines) > 3 and not lines[-1] and lines[0].endswith(opening)
             and lines[-2].startswith(closing), "its lines are not those of one, or not all there")
        said = object_of((lines[0][:-len(opening)] + lines[-2][len(closing):]).decode(),
                            dict.fromkeys(("checkpoint", "key", "request", "type"), str))
        need(said["type"] == "lockbox-receipt/v1", "it is of another type")
        need(all(line.endswith(b",") for line in lines[1:-3]), "two records are not separated")
        Key(said["key"])
    return said, [line[:-1] + b"\n" for line in lines[1:-3]] + lines[-3:-2]


NOTE, BUNDLE, EXPORT = 1 << 20, 256 * 65537, 1 << 40


def contents(path, limit):
    """The bytes of a regular file: a pipe or a device gives bytes without end, or none, ever."""
    about = os.stat(path)
    need(stat.S_ISREG(about.st_mode) and about.st_size <= limit,
         f"{path} is no regular file of {limit} bytes or fewer")
    with open(path, "rb") as file:
        return file.read(about.st_size)


def tile_file(folder, level, index, width):
    """The bytes of a tile, and whether it is a full one: that stays where a part of it is gone."""
    groups = [f"{index % 1000:03}"]
    while index >= 1000:
        index //= 1000
        groups.insert(0, f"x{index % 1000:03}")
    path = os.path.join(folder, "tile", level, *groups)
    part = f"{path}.p/{width}"
    is_full = width == 256 or not os.path.exists(part)
    return contents(path if is_full else part, BUNDLE), is_full


# --- The command.


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    option = parser.add_argument
    option("--export", help="records, a line each (JSON Lines)")
    option("--tiles", help="a folder with checkpoint, tile/… and tile/entries/…")
    option("--receipt", help="a receipt, as `lockbox receipt get` writes it")
    option("--key", help="the log's key, or a file that has it; of a receipt, its own if left out")
    option("--checkpoint", action="append", default=[],
           help="a signed head; older ones too, as many as were kept")
    option("--log", help="the log that it has to be: provider, or tenant: and its identifier")
    option("--partial", action="store_true", help="the export holds some of the records")
    option("--witness", type=functools.partial(Key, kind=4), action="append",
           default=[], help="the key of one who has to have cosigned")
    option("--needed", type=int, choices=range(1, 65), metavar="K",
           help="how many of them; all if left out")
    option("--max-age", type=span, metavar="PT1H", help="how old the newest head may be")
    option("--now", type=instant, default=datetime.datetime.now(datetime.timezone.utc),
           help="instead of the clock")
    option("--output", choices=["text", "json"], default="text")
    options = parser.parse_args()
    if not options.receipt and not (options.key and (options.export or options.tiles)):
        parser.error("--receipt is needed, or --key and --export or --tiles")
    if options.receipt and (options.export or options.tiles or options.checkpoint
                            or options.partial):
        parser.error("--receipt stands alone: no --export, --tiles, --checkpoint or --partial")
    return options


def trusted_key(text):
    """The key, or that in a file."""
    if os.path.exists(text):
        text = contents(text, NOTE).decode("utf-8", "replace")
    return Key(text.removesuffix("\n"))


def verify(options):
    notes, export, receipt = options.checkpoint, None, None
    if options.receipt:
        receipt = contents(options.receipt, EXPORT)
    elif not notes:
        notes = [os.path.join(options.tiles, "checkpoint") if options.tiles
                 else options.export.removesuffix(".jsonl") + ".checkpoint"]
    key = trusted_key(options.key) if options.key else Key(receipt_parts(receipt)[0]["key"])
    found, is_whole = Verification(key, options.now), bool(receipt or not options.partial)
    if not options.key:
        found.notes.append("the key is the receipt's own; compare it with one that you got "
                           f"elsewhere: {key.line}")
    found.check(options.log in (None, found.log), "origin-wrong", None, f"it is of {found.log}")
    for name in notes:
        found.checkpoint(name, contents(name, NOTE))
    if options.export:
        export = contents(options.export, EXPORT)
    if options.receipt:
        found.receipt(receipt)
    elif options.tiles:
        found.tiles(options.tiles, export, is_whole)
    else:
        found.export(export, is_whole)
    if found.heads:
        found.freshness(found.rules(is_whole), options.max_age)
    if options.witness:
        found.witnesses(options.witness, options.needed or len(options.witness), options.max_age)
    return found


def tell(found, output):
    if output == "json":
        return print(json.dumps({
            "verdict": "not in order" if found.findings else "in order", "origin": found.origin,
            "records": len(found.records), "erased": len(found.erased),
            "heads": sorted(found.heads), "notes": found.notes,
            "findings": [{"code": code, "record": record, "detail": words}
                         for code, record, words in found.findings]}))
    verdict = f"NOT in order: {len(found.findings)} findings" if found.findings else "in order"
    print(f"{verdict}: {len(found.records)} records of \"{plain(found.origin)}\", "
          f"heads of {sorted(found.heads)}")
    for code, record, words in found.findings:
        print(f"  {code}{'' if record is None else f' (record {record})'}: {plain(words)}")
    for words in found.notes + ([f"{len(found.erased)} texts were erased"] if found.erased else []):
        print(f"  note: {plain(words)}")
    return print(verdict) if found.findings else None


def main():
    try:
        options = arguments()
        found = verify(options)
        tell(found, options.output)
    # A verifier that fails has found nothing, good or bad, and must not end as if it had.
    except Exception as problem:  # pylint: disable=broad-except
        print(f"cannot verify: {plain(problem) or type(problem).__name__}", file=sys.stderr)
        sys.exit(2)
    sys.exit(1 if found.findings else 0)


# --- Signatures: Ed25519 (RFC 8032), ECDSA on P-256 (FIPS 186-5), RSA (RFC 8017 8.2.2). Slow, and
# only to verify.


def times(scalar, point, add, zero):
    while scalar:
        zero = add(zero, point) if scalar & 1 else zero
        point, scalar = add(point, point), scalar >> 1
    return zero


P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def ed_add(a, b):
    """Of points as (X, Y, Z, T), which stand for x = X / Z and y = Y / Z (RFC 8032 5.1.4)."""
    m, n = (a[1] - a[0]) * (b[1] - b[0]), (a[1] + a[0]) * (b[1] + b[0])
    t, z = 2 * a[3] * b[3] * D, 2 * a[2] * b[2]
    e, f, g, h = (n - m) % P, (z - t) % P, (z + t) % P, (n + m) % P
    return e * f % P, g * h % P, f * g % P, e * h % P


def ed_point(data):
    """The point that 32 bytes stand for; None where they stand for none."""
    sign, y = divmod(int.from_bytes(data, "little"), 2**255)
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if x * x % P == square else x * pow(2, (P - 1) // 4, P) % P
    if y >= P or x * x % P != square or x == 0 and sign:
        return None
    x = x if x & 1 == sign else P - x
    return x, y, 1, x * y % P


ED_ZERO = (0, 1, 1, 0)
ED_BASE = ed_point(bytes.fromhex("58" + "66" * 31))


def ed25519_is_good(key, signature, message):
    if len(key) != 32 or len(signature) != 64:
        return False
    a, r, s = ed_point(key), ed_point(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    left, right = times(s, ED_BASE, ed_add, ED_ZERO), ed_add(r, times(k, a, ed_add, ED_ZERO))
    return all((left[i] * right[2] - right[i] * left[2]) % P == 0 for i in (0, 1))


Q = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551
B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b
G = (0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296,
     0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5)


def p256_add(a, b):
    """Of points, of which None is the one at infinity."""
    if a is None or b is None:
        return a or b
    if a[0] == b[0] and (a[1] + b[1]) % Q == 0:
        return None
    rise, run = (3 * a[0]**2 - 3, 2 * a[1]) if a == b else (b[1] - a[1], b[0] - a[0])
    slope = rise * pow(run, -1, Q)
    x = (slope**2 - a[0] - b[0]) % Q
    return x, (slope * (a[0] - x) - a[1]) % Q


def p256_is_good(x, y, r, s, message):
    if not (0 < r < N and 0 < s < N and x < Q and y < Q and (y**2 - x**3 + 3 * x - B) % Q == 0):
        return False
    digest, inverse = number_of(sha256(message)), pow(s, -1, N)
    point = p256_add(times(digest * inverse % N, G, p256_add, None),
                     times(r * inverse % N, (x, y), p256_add, None))
    return point is not None and point[0] % N == r


def rsa_is_good(modulus, exponent, signature, message):
    length = (modulus.bit_length() + 7) // 8
    digest = bytes.fromhex("3031300d060960864801650304020105000420") + sha256(message)
    wanted = b"\0\1" + b"\xff" * (length - len(digest) - 3) + b"\0" + digest
    return (length >= 256 and len(signature) == length and exponent > 2
            and pow(number_of(signature), exponent, modulus) == number_of(wanted))


if __name__ == "__main__":
    main()
