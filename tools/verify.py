#!/usr/bin/env python3
"""A second verifier of Lockbox's audit logs, which shares no line with the first (`lockbox audit verify`).

It needs nothing but Python's standard library, reads files and no network, and trusts the key and the checkpoints that it
is given and nothing else: docs/spec/verification.md says what is checked, in the same order as here.

    tools/verify.py --export contoso.jsonl --checkpoint contoso.checkpoint --key contoso.key
    tools/verify.py --tiles DIR --key contoso.key [--export contoso.jsonl]
    tools/verify.py --receipt receipt.json --key contoso.key

Ends with 0 where all is in order, with 1 where something is not, with 2 where it cannot be told.
"""

import argparse
import base64
import datetime
import hashlib
import json
import os
import re
import stat
import sys
import unicodedata


class Refused(Exception):
    """What is read is not what it has to be; the text says why, and the code what kind of finding that is."""

    def __init__(self, text, code=None):
        super().__init__(text)
        self.code = code


# What goes wrong where something is read that has not the form that it must have.
MALFORMED = (Refused, KeyError, TypeError, ValueError, AttributeError, RecursionError, ArithmeticError)


# --- Forms: base64, JSON in which nothing can be read in two ways, notes and keys (C2SP signed-note).


def unbase64(text, url=False, code=None):
    """The bytes; only the one spelling is taken that a writer would have written."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4 if url else 0), b"-_" if url else None, validate=True)
    except (ValueError, TypeError, AttributeError):
        raise Refused("not base64", code) from None
    written = base64.urlsafe_b64encode(data).decode().rstrip("=") if url else base64.b64encode(data).decode()
    if written != text:
        raise Refused("not the one spelling of base64", code)
    return data


def one_of_each(pairs):
    if len(dict(pairs)) < len(pairs):
        raise Refused("a member is there twice", "member-unknown")
    return dict(pairs)


def no_number(text):
    raise Refused("a fraction, or none of the numbers there are", "line-unreadable")


def whole_number(text):
    return int(text) if len(text) < 18 and abs(int(text)) < 2**53 else no_number(text)


def strict_json(text):
    """JSON that nobody can read in two ways: no member twice, whole numbers that all readers hold, whole characters."""
    try:
        value = json.loads(
            text, object_pairs_hook=one_of_each, parse_float=no_number, parse_constant=no_number, parse_int=whole_number)
        if "\\u" in text:
            canonical(value).encode()
        return value
    except (ValueError, RecursionError):
        raise Refused("not JSON", "line-unreadable") from None


def one_spelling(text, kinds, more=()):
    """What a text says that is an object in the one spelling of docs/spec/log.md 2, with members of these types."""
    value = strict_json(text)
    if not isinstance(value, dict) or not is_plain(value) or canonical(value) != text:
        raise Refused("not an object in canonical JSON")
    if set(value) - set(more) != set(kinds) or any(type(value[name]) is not kind for name, kind in kinds.items()):
        raise Refused("members are missing, too many or of wrong types")
    return value


def canonical(value):
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def same(left, right):
    """Equal, and of the same types: to Python 1 is True."""
    return canonical(left) == canonical(right)


def plain(text):
    """For people: nothing in it can move, hide or reorder what stands around it."""
    return "".join(c if unicodedata.category(c)[0] not in "CZ" or c == " " else f"\\u{ord(c):04x}" for c in str(text))


class Key:
    """A verifier key, `name+hash+base64`. Type 1 is Ed25519, type 4 Ed25519 of a witness (C2SP tlog-cosignature)."""

    def __init__(self, line, kind=1):
        parts = line.split("+", 2)
        if len(parts) != 3 or not re.fullmatch("[0-9a-f]{8}", parts[1]):
            raise Refused("the key is malformed")
        self.name, self.line, data = parts[0], line, unbase64(parts[2])
        if data[:1] != bytes([kind]) or len(data) != 33 or not is_key_name(self.name):
            raise Refused("the key is malformed")
        self.public, self.id = data[1:], bytes.fromhex(parts[1])
        if hashlib.sha256(self.name.encode() + b"\n" + data).digest()[:4] != self.id:
            raise Refused("the key's id does not belong to the key")


# What nobody sees, or a terminal obeys (docs/spec/log.md 5).
UNSEEN = re.compile(
    "[\\0-\\x20+\\x7f-\\xa0\\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u1680\u17b4\u17b5"
    "\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ud800-\uf8ff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\ufffb\U000110bd\U000110cd\U00013430-\U0001345f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U0010ffff]")


def is_key_name(name):
    return bool(name) and not UNSEEN.search(name) and not any(ord(c) & 0xfffe == 0xfffe for c in name)


class Note:
    """A text and the signatures under it."""

    def __init__(self, data):
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            raise Refused("the note is not UTF-8", "note-malformed") from None
        blank = text.rfind("\n\n")
        if len(data) > 1 << 20 or blank < 0 or not text.endswith("\n"):
            raise Refused("not a signed note", "note-malformed")
        self.text, lines = text[:blank + 1], text[blank + 2:].split("\n")[:-1]
        if not 1 <= len(lines) <= 64 or any(ord(c) < 32 and c != "\n" or 127 <= ord(c) < 160 for c in self.text):
            raise Refused("not a signed note", "note-malformed")
        self.signatures = []
        for line in lines:
            parts = line.split(" ")
            if len(parts) != 3 or parts[0] != "\u2014" or not is_key_name(parts[1]):
                raise Refused("a signature line is malformed", "note-malformed")
            data = unbase64(parts[2], code="note-malformed")
            if len(data) < 5:
                raise Refused("a signature line is malformed", "note-malformed")
            self.signatures.append((parts[1], data[:4], data[4:]))

    def by(self, key):
        """The signatures that name `key`; others are passed over, whatever they are."""
        return [data for name, id_, data in self.signatures if name == key.name and id_ == key.id]

    def time(self, key):
        """When `key` says it signed, in seconds: a cosignature (C2SP tlog-cosignature) under its name. None where it does not."""
        id_ = hashlib.sha256(key.name.encode() + b"\n\4" + key.public).digest()[:4]
        times = []
        for data in (data for name, other, data in self.signatures if name == key.name and other == id_):
            seconds = int.from_bytes(data[:8], "big")
            text = f"cosignature/v1\ntime {seconds}\n{self.text}".encode()
            if len(data) != 72 or seconds >= 2**63 or not ed25519_is_good(key.public, data[8:], text):
                raise Refused("the signature that tells the time is wrong", "note-bad-signature")
            times.append(seconds)
        return max(times, default=None)

    def require(self, key):
        found = self.by(key)
        if not found:
            raise Refused("the known key has not signed it", "note-unsigned")
        if not all(ed25519_is_good(key.public, data, self.text.encode()) for data in found):
            raise Refused("the signature is wrong", "note-bad-signature")


EMPTY_ROOT = hashlib.sha256(b"").digest()


def head_of(note, origin):
    """Size and root of a checkpoint (C2SP tlog-checkpoint) whose signature has been verified."""
    lines = note.text.split("\n")[:-1]
    if len(lines) < 3 or not all(lines) or not re.fullmatch("0|[1-9][0-9]{0,18}", lines[1]):
        raise Refused("the checkpoint is malformed", "checkpoint-malformed")
    size, root = int(lines[1]), unbase64(lines[2], code="checkpoint-malformed")
    if len(root) != 32 or size >= 2**63:
        raise Refused("the checkpoint is malformed", "checkpoint-malformed")
    if lines[0] != origin:
        raise Refused("the checkpoint is of another log", "checkpoint-wrong-origin")
    if size == 0 and root != EMPTY_ROOT:
        raise Refused("the checkpoint is of an empty log but has not the root of one", "checkpoint-malformed")
    return size, root


# --- The tree (RFC 6962 2.1).


def leaf_hash(data):
    return hashlib.sha256(b"\0" + data).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


class Tree:
    """Grows by leaves and knows its root at each size."""

    def __init__(self):
        self.size, self.peaks = 0, []

    def add(self, hash_):
        size = self.size
        while size & 1:
            hash_, size = node_hash(self.peaks.pop(), hash_), size >> 1
        self.peaks.append(hash_)
        self.size += 1

    @property
    def root(self):
        if not self.peaks:
            return EMPTY_ROOT
        hash_ = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            hash_ = node_hash(peak, hash_)
        return hash_


def is_included(hash_, index, size, proof, root):
    """RFC 9162 2.1.3.2."""
    if index >= size:
        return False
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
    return last == 0 and hash_ == root


# --- Records.

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
MEMBERS = {"v": int, "log": str, "index": int, "time": str, "activity": str, "actor": str, "data": dict, "commitments": dict}
TEXT = (str, type(None))
SHOWN = {"index": int, "time": str, "activity": str, "actor": dict, "request": TEXT, "data": dict, "texts": dict, "leaf": str,
         "hash": str, "size": int, "proof": list}


def is_record(shown):
    """Whether a line has the members of docs/spec/log.md 8, each of its type; there may be others."""
    def has(value, kinds, without=()):
        return isinstance(value, dict) and all(
            name in without if name not in value else isinstance(value[name], kind) and not isinstance(value[name], bool)
            for name, kind in kinds.items())

    return (has(shown, SHOWN, without=("size", "proof")) and has(shown["actor"], {"id": str, "name": TEXT})
            and all(has(one, {"salt": TEXT, "text": TEXT}) for one in shown["texts"].values())
            and min(shown["index"], shown.get("size", 0)) >= 0
            and all(isinstance(step, str) for step in shown.get("proof", [])))


def instant(text):
    try:
        if TIME.fullmatch(text):
            return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except (TypeError, ValueError):
        pass
    raise Refused("a time is malformed", "time-malformed")


def read_leaf(data):
    """What a leaf says (docs/spec/log.md 2)."""
    try:
        if len(data) > 65535:
            raise Refused("the leaf is too long")
        leaf = one_spelling(data.decode("utf-8"), MEMBERS, more=["request"])
        if leaf["v"] != 1 or not isinstance(leaf.get("request", ""), str) or leaf["index"] < 0:
            raise Refused("the leaf is of an unknown version, or a member is wrong")
        if any(len(unbase64(value)) != 32 for value in leaf["commitments"].values()):
            raise Refused("a commitment is malformed")
    except (Refused, UnicodeDecodeError) as problem:
        raise Refused(str(problem), "leaf-malformed") from None
    instant(leaf["time"])
    return leaf


def is_plain(value, depth=0, null=False):
    if isinstance(value, (dict, list)) and depth > 31:
        return False
    if isinstance(value, dict):
        return all(map(str.isascii, value)) and all(is_plain(one, depth + 1, null) for one in value.values())
    if isinstance(value, list):
        return all(is_plain(one, depth + 1, null) for one in value)
    return null or value is not None


def commitment(salt, field, text):
    name = field.encode()
    return hashlib.sha256(b"\2" + salt + len(name).to_bytes(2, "big") + name + text.encode()).digest()


# --- Signed approvals (docs/spec/approval-statement.md).


class Bytes:
    """Reads bytes from the front."""

    def __init__(self, data):
        self.rest = data

    def take(self, count):
        if count > len(self.rest):
            raise Refused("bytes are missing")
        taken, self.rest = self.rest[:count], self.rest[count:]
        return taken

    def number(self, count):
        return int.from_bytes(self.take(count), "big")

    def string(self):
        return self.take(self.number(4))

    def cbor(self):
        """As much of CBOR as a COSE key needs."""
        head = self.number(1)
        kind, size = head >> 5, head & 31
        value = size if size < 24 else self.number({24: 1, 25: 2, 26: 4, 27: 8}.get(size, 1 << 30))
        if kind == 0:
            return value
        if kind == 1:
            return -1 - value
        if kind == 2:
            return self.take(value)
        if kind != 5 or value > 8:
            raise Refused("not a COSE key")
        return dict((self.cbor(), self.cbor()) for _ in range(value))

    def end(self):
        if self.rest:
            raise Refused("bytes are left over")


def der_pair(data):
    """r and s of an ECDSA signature, in DER's one spelling."""
    def number():
        if body.number(1) != 2:
            raise Refused("not DER")
        digits = body.take(body.number(1))
        if not digits or digits[0] > 127 or len(digits) > 1 and digits[0] == 0 and digits[1] < 128:
            raise Refused("not DER")
        return int.from_bytes(digits, "big")

    body = Bytes(data)
    if body.number(1) != 48 or body.number(1) != len(data) - 2:
        raise Refused("not DER")
    pair = number(), number()
    body.end()
    return pair


def cose_is_good(key, signature, message):
    reader = Bytes(key)
    fields = reader.cbor()
    reader.end()
    kind = (fields.get(1), fields.get(3), fields.get(-1))
    if kind == (2, -7, 1):
        r, s = der_pair(signature)
        x, y = (int.from_bytes(fields[name], "big") for name in (-2, -3))
        return p256_is_good(x, y, r, s, message)
    if kind == (1, -8, 6):
        return ed25519_is_good(fields[-2], signature, message)
    if kind[:2] == (3, -257):
        modulus, exponent = (int.from_bytes(fields[name], "big") for name in (-1, -2))
        return rsa_is_good(modulus, exponent, signature, message)
    raise Refused("a key of an unknown kind")


def webauthn_is_good(signed, key, message):
    """Section 2, `webauthn`; of a message that was erased (None) any digest will do."""
    said, data, signature = (unbase64(signed[name], url=True) for name in ("clientData", "authenticatorData", "signature"))
    client = strict_json(said.decode("utf-8")) if len(said) <= 4096 else None
    if not isinstance(client, dict) or client.get("type") != "webauthn.get":
        return False
    answered = unbase64(client.get("challenge"), url=True)
    if answered != hashlib.sha256(message).digest() if message is not None else len(answered) != 32:
        return False
    origin = re.fullmatch(r"(https?)://([a-z0-9._-]+)(:\d{1,5})?", str(client.get("origin")))
    if client.get("crossOrigin", False) is not False or "topOrigin" in client or not origin:
        return False
    labels = origin[2].split(".")
    if origin[1] == "http" and labels[-1] != "localhost":
        return False
    parents = [hashlib.sha256(".".join(labels[place:]).encode()).digest() for place in range(len(labels))]
    # Extensions (bit 7) would follow; there are none where exactly 37 bytes are.
    if len(data) != 37 or data[:32] not in parents or data[32] & 0b11000101 != 0b00000101:
        return False
    return cose_is_good(unbase64(key, url=True), signature, data + hashlib.sha256(said).digest())


def sshsig_is_good(signed, key, message):
    """Section 2, `sshsig`; of a message that was erased (None) it cannot be told whether it is signed."""
    def string(data):
        return len(data).to_bytes(4, "big") + data

    kind, _, body = key.partition(" ")
    public, blob = unbase64(body), Bytes(unbase64(signed["signature"]))
    wanted = b"SSHSIG" + b"\0\0\0\1" + string(public) + string(b"lockbox-approval") + string(b"") + string(b"sha512")
    if blob.take(min(len(wanted), len(blob.rest))) != wanted:
        return False
    signature = Bytes(blob.string())
    blob.end()
    named, value = signature.string(), signature.string()
    signature.end()
    reader = Bytes(public)
    if reader.string() != named or named.decode() != kind:
        return False
    if message is None:
        return True
    over = (b"SSHSIG" + string(b"lockbox-approval") + string(b"") + string(b"sha512")
            + string(hashlib.sha512(message).digest()))
    if kind == "ssh-ed25519":
        point = reader.string()
        reader.end()
        return ed25519_is_good(point, value, over)
    if kind == "ecdsa-sha2-nistp256":
        curve, point, numbers = reader.string(), reader.string(), Bytes(value)
        r, s = (int.from_bytes(numbers.string(), "big") for _ in range(2))
        reader.end()
        numbers.end()
        return (curve == b"nistp256" and len(point) == 65 and point[0] == 4
                and p256_is_good(int.from_bytes(point[1:33], "big"), int.from_bytes(point[33:], "big"), r, s, over))
    raise Refused("a key of an unknown kind")


def span(text):
    """Seconds of an ISO 8601 duration as the log writes it."""
    number = r"(?:(\d{1,9})"
    parts = re.fullmatch(rf"P{number}D)?(?:T{number}H)?{number}M)?{number}(?:\.(\d{{3}}))?S)?)?", str(text), re.ASCII)
    if not parts or not any(parts.groups()) or text.endswith("T"):
        raise Refused("a duration is malformed")
    days, hours, minutes, seconds = (int(part or 0) for part in parts.groups()[:4])
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds + int(parts[5] or 0) / 1000


ENDS = {"request.rejected", "request.denied", "request.withdrawn", "request.expired", "access.ended"}
RULES = {"tenant.added", "tenant.policyChanged", "tenant.licenceChanged"}
SIGNATURES = {
    "webauthn": ({"authenticatorData", "clientData", "kind", "passkey", "signature"}, "passkey", webauthn_is_good),
    "sshsig": ({"key", "kind", "signature"}, "key", sshsig_is_good)}
STATEMENT = {
    "approver": str, "decision": str, "duration": str, "end": str, "engineer": str, "issued": str, "log": dict, "nonce": str,
    "policy": int, "quorum": int, "request": str, "requestVersion": int, "resources": list, "start": str, "tenant": str,
    "type": str, "v": int}


class Approvals:
    """Sections 3 to 5, over the records of one log in order."""

    def __init__(self, origin):
        self.origin, self.tenant = origin, origin.split("/")[-2]
        self.keys, self.used, self.nonces = {}, set(), set()
        self.rules, self.engineers, self.quorums, self.signed, self.unread = {}, {}, {}, {}, {}
        self.approved, self.approved_at, self.granted, self.over = {}, {}, set(), set()
        self.uncheckable = 0

    def read(self, leaf, texts):
        """What is wrong with the record; texts that were erased are None."""
        data, time, act = leaf["data"], instant(leaf["time"]), leaf["activity"]
        if act in RULES and isinstance(data.get("policy"), dict):
            self.take_rules(data)
        if act in ("passkey.registered", "signingKey.added") and "publicKey" in data:
            return self.register(data["passkey" if act == "passkey.registered" else "key"], data, time)
        if act == "signingKey.confirmed":
            return self.confirm(leaf, data, time)
        if act in ("passkey.removed", "signingKey.removed"):
            self.keys.pop(data.get("passkey", data.get("key")), None)
        elif act == "request.submitted":
            if leaf["request"] in self.over or leaf["request"] in self.engineers:
                return "the request was there before"
            if not isinstance(data["engineer"], str):
                raise Refused("nobody is named who gets access")
            self.engineers[leaf["request"]] = data["engineer"]
        elif act == "request.customerAsked":
            asked, request = count(data.get("approvalsNeeded", 0)), leaf["request"]
            if request in self.engineers:
                self.quorums[request] = asked
        elif act == "request.approved":
            request, signed = leaf["request"], "signature" in data or "statement" in leaf["commitments"]
            problem = self.approve(leaf, data, time, texts) if signed else None
            if problem is None and data.get("stage") == "customer" and leaf["actor"].startswith("PER-") \
                    and leaf["actor"] != self.engineers.get(request, leaf["actor"]):
                self.approved.setdefault(request, set()).add(leaf["actor"])
                self.approved_at[request] = time
            return problem
        elif act == "access.granted":
            is_open = leaf["request"] in self.engineers and leaf["request"] not in self.granted
            self.granted.add(leaf["request"])
            return self.grant(leaf, data, texts) if is_open else "no request is open that this access could be of"
        elif act in ENDS and "request" in leaf:
            self.over.add(leaf["request"])
            for of_request in (self.engineers, self.quorums, self.signed, self.unread, self.approved):
                of_request.pop(leaf["request"], None)
        return None

    def take_rules(self, data):
        rules = data["policy"] | {"version": data["version"], "licensed": data.get("licensed")}
        if type(rules["requireApproval"]) is not bool or min(count(rules["approvalsNeeded"]), count(rules["version"])) < 0:
            raise Refused("the rules cannot be read")
        span(rules.get("coolingOff", "PT24H"))
        self.rules = rules

    def register(self, name, data, time):
        if name in self.used:
            return f"key {name} was there before"
        self.used.add(name)
        wait = span(self.rules.get("coolingOff", "PT24H"))
        self.keys[name] = {"person": data["person"], "key": data["publicKey"],
                           "from": time + datetime.timedelta(seconds=wait)}
        return None

    def confirm(self, leaf, data, time):
        name, actor = data["key"], leaf["actor"]
        known = self.keys.get(name)
        if not known or (known["person"], known["key"]) != (data["person"], data["publicKey"]) \
                or actor == data["person"] or not actor.startswith("PER-"):
            return f"the confirmation of key {name} is not of what was registered"
        known["from"] = min(known["from"], time)
        return None

    def approve(self, leaf, data, time, texts):
        # Erased, which another rule looks at; what access it allowed cannot be told any more, but that somebody signed.
        is_erased = "statement" in texts and texts["statement"] is None
        try:
            text, signed = texts.get("statement"), data.get("signature")
            if not (is_erased or isinstance(text, str)) or not isinstance(signed, dict):
                raise Refused("statement and signature go together")
            said = None if is_erased else self.statement(text)
            if said:
                self.fits(said, leaf, data, time)
            members, name, check = SIGNATURES[signed["kind"]]
            key = self.keys.get(signed[name])
            if set(signed) != members:
                raise Refused("the signature has other members")
            if not key or key["person"] != leaf["actor"] or key["from"] > time:
                raise Refused(f"key {signed[name]} does not count for {leaf['actor']} here")
            if not check(signed, key["key"], None if is_erased else text.encode()):
                raise Refused("the signature is wrong")
            if said and said["nonce"] in self.nonces:
                raise Refused("the statement was used before")
        except MALFORMED as problem:
            return f"the approval is not signed as it says: {problem}"
        if is_erased:
            self.unread.setdefault(leaf["request"], set()).add(leaf["actor"])
            return None
        self.nonces.add(said["nonce"])
        self.signed.setdefault(leaf["request"], {})[leaf["actor"]] = said
        return None

    def statement(self, text):
        if len(text.encode()) > 49152:
            raise Refused("the statement is too long")
        said = one_spelling(text, STATEMENT)
        resources = said["resources"]
        if (said["v"], said["type"], said["decision"], said["end"]) != (1, "lockbox-approval", "approve", "afterDuration") \
                or not resources or any(
                    set(one) != {"actions", "kind", "name", "service"} or not actions(one)
                    or not all(isinstance(one[name], str) for name in ("kind", "name", "service")) for one in resources) \
                or set(said["log"]) != {"origin", "size"}:
            raise Refused("the statement is not one")
        for number in (said["log"]["size"], said["policy"], said["quorum"], said["requestVersion"]):
            count(number)
        if len(unbase64(said["nonce"], url=True)) != 16:
            raise Refused("the statement's nonce has not 16 bytes")
        span(said["duration"])
        if said["start"] != "onApproval":
            instant(said["start"])
        return said

    def fits(self, said, leaf, data, time):
        facts = {
            "approver": leaf["actor"], "request": leaf["request"], "tenant": self.tenant,
            "policy": self.rules.get("version"), "engineer": self.engineers.get(leaf["request"]),
            "requestVersion": data["version"] - 1}
        for name, value in facts.items():
            if type(said[name]) is not type(value) or said[name] != value:
                raise Refused(f"the statement's {name} is not that of the log")
        if not said["log"]["origin"].endswith(f"/v1/tenants/{self.tenant}/log") or said["log"]["size"] > leaf["index"]:
            raise Refused("the statement is of another log")
        if instant(said["issued"]) > time + datetime.timedelta(minutes=2):
            raise Refused("the statement is of later than its record")

    def grant(self, leaf, data, texts):
        if data.get("basis") == "policy":
            is_free = self.rules.get("requireApproval") is False or self.rules.get("licensed") is False
            return None if is_free else "access was given without approval"
        if data.get("basis") != "approval":
            return "access rests on nothing"
        needed = max(1, self.rules.get("approvalsNeeded", 1), self.quorums.get(leaf["request"], 0))
        approved = len(self.approved.get(leaf["request"], ()))
        if approved < needed:
            return f"access was given with {approved} approvals, where {needed} are needed"
        if self.rules.get("signedApprovals", "off") == "off":
            return None
        signed = self.signed.get(leaf["request"], {})
        covering = len([said for said in signed.values() if covers(said, data, texts, self.approved_at[leaf["request"]])])
        unread = len(self.unread.get(leaf["request"], set()) - set(signed))
        if covering + unread < needed:
            return f"access was given with {covering} signed approvals that cover it, where {needed} are needed"
        if covering < needed or any(texts[name] is None for name in texts if name.startswith("resource")):
            self.uncheckable += 1
        return None


def count(value):
    if type(value) is not int or value < 0:
        raise Refused("a number is none")
    return value


def actions(resource):
    if type(resource["actions"]) is not list or not all(isinstance(one, str) for one in resource["actions"]):
        raise Refused("actions are no list of names")
    return resource["actions"]


def covers(said, grant, texts, approved_at):
    start, end = instant(grant["start"]), instant(grant["end"])
    if not grant["resources"]:
        raise Refused("access to nothing")
    if (end - start).total_seconds() > span(said["duration"]):
        return False
    not_before = None if said["start"] == "onApproval" else instant(said["start"])
    if not_before and start < not_before:
        return False
    # It begins with the approvals: not before them, and not once nobody expects it any more.
    begin, minute = max(approved_at, not_before or approved_at), datetime.timedelta(minutes=1)
    if not approved_at - 2 * minute <= start <= begin + 15 * minute:
        return False
    # A name that was erased (None) is any name: what is left is compared.
    return all(
        any(one["service"] == given["service"] and texts[f"resource{place}"] in (one["name"], None)
            and set(actions(given)) <= set(one["actions"]) for one in said["resources"])
        for place, given in enumerate(grant["resources"]))


# --- A whole log.


class Verification:
    """Finds what is wrong. `findings` are (code, record or None, words); `notes` is what is not wrong, and is said."""

    def __init__(self, key, now=None):
        self.key, self.origin, self.now = key, key.name, now
        self.findings, self.notes, self.heads, self.seen, self.later, self.signed_at = [], [], {}, {}, [], {}
        self.earlier = []
        parts = self.origin.split("/")
        self.log = "provider" if parts[-3:] == ["v1", "provider", "log"] else None
        if len(parts) > 4 and parts[-1] == "log" and parts[-4:-2] == ["v1", "tenants"] and parts[-2]:
            self.log = "tenant:" + parts[-2]
        if self.log is None:
            self.say("origin-wrong", None, f"{self.origin} is no log's name")
        self.records, self.erasures, self.erased = {}, {}, []

    def say(self, code, record, words):
        self.findings.append((code, record, words))

    # Checkpoints

    def checkpoint(self, name, data):
        """A signed head. One that the known key has not signed waits for the records: the key may have changed."""
        try:
            self.later.append((name, Note(data)))
        except Refused as problem:
            self.say(problem.code, None, f"{name}: {problem}")

    def believe(self, name, note, key):
        size, root = head_of(note, self.origin)
        self.signed_at.setdefault(size, []).append(note.time(key))
        if self.heads.setdefault(size, root) != root:
            self.say("two-heads", None, f"{name}: two roots were signed for the size {size}")
        else:
            self.seen.setdefault(size, []).append(note)

    def changes(self, is_whole):
        """The keys that the log says it had, oldest first, each with the record that brought it, and which of them is trusted."""
        changes = []
        for index in sorted(self.records):
            leaf = self.records[index][0]
            if leaf["activity"] != "key.changed":
                continue
            data = leaf["data"]
            try:
                old, new = Key(data["previous"]), Key(data["key"])
                text = f"lockbox-key-change/v1\n{self.origin}\n{data['previous']}\n{data['key']}\n{index}\n"
                if old.name != self.origin or new.name != self.origin or old.line == new.line:
                    raise Refused("it does not name two keys of this log")
                if not ed25519_is_good(old.public, unbase64(data["signature"]), text.encode()):
                    raise Refused("the old key has not signed it")
                changes.append((index, old, new))
            except MALFORMED as problem:
                self.say("key-change-invalid", index, f"the change of the key is not valid: {problem}")
        lines = [old.line for _, old, _ in changes[:1]] + [new.line for _, _, new in changes]
        follows = [old.line for _, old, _ in changes] == lines[:-1] and len(set(lines)) == len(lines)
        if changes and follows and self.key.line in lines:
            return [(-1, changes[0][1]), *((index, new) for index, _, new in changes)], lines.index(self.key.line)
        # In a part of a log, changes may be missing between those that are there.
        if changes and is_whole:
            self.say("key-change-invalid", changes[0][0], "the changes are no way from one key to the next that the trusted one is on")
        return [(-1, self.key)], 0

    def follow_keys(self, is_whole):
        """Takes the heads that the trusted key signed, or one to which the records lead from it. Anybody can write a record
        in which a key of theirs hands over to the trusted one: what only an earlier key signed is held against the log, and
        not believed."""
        chain, trusted = self.changes(is_whole)
        self.believed = {key.line for _, key in chain[trusted:]}
        for name, note in self.later:
            try:
                signers = [place for place, (_, key) in enumerate(chain) if note.by(key)]
                for place in signers:
                    note.require(chain[place][1])
                size, root = head_of(note, self.origin) if signers else (0, None)
                place = max(signers, default=0)
                if not signers or place > trusted and size <= chain[place][0]:
                    raise Refused("no known key has signed it", "note-unsigned")
                if place < trusted:
                    self.earlier.append((name, size, root))
                else:
                    self.believe(name, note, chain[place][1])
                if place + 1 < len(chain) and size > chain[place + 1][0] + 1:
                    self.say("key-retired", None, f"the head of {size} is signed by a key that was given up before")
            except Refused as problem:
                self.say(problem.code, None, f"{name}: {problem}")
        for name, size, root in self.earlier:
            if not is_whole or not self.heads or size > max(self.heads):
                self.say("note-unsigned", None, f"{name}: only a key before the trusted one has signed it")
            elif self.heads.get(size, root) != root:
                self.say("two-heads", None, f"{name}: two roots were signed for the size {size}")

    def witnesses(self, keys, needed, max_age):
        """The newest head that enough witnesses have cosigned; what is newer may not wait for them longer than `max_age`."""
        distinct = {key.public: key for key in keys}.values()
        for size in sorted(self.heads, reverse=True):
            try:
                times = [max((time for note in self.seen[size] if (time := note.time(key)) is not None), default=None) for key in distinct]
            except Refused as problem:
                return self.say(problem.code, None, f"a witness: {problem}")
            times = sorted(time for time in times if time is not None)
            if len(times) >= needed:
                self.not_before(times[-1], "a witness cosigned")
                rest = max(self.heads) - size
                if rest and (max_age is None or self.now.timestamp() - times[-needed] > max_age):
                    self.say("witness-behind", None, f"witnesses have cosigned {size} records and not the {rest} after them")
                return self.notes.append(f"{len(times)} witnesses have cosigned the first {size} records")
        return self.say("witness-missing", None, f"no head is cosigned by {needed} of the witnesses that were asked for")

    # Records

    def add(self, index, leaf, texts):
        """A leaf in its place, and its texts: a string, or None where it was erased; all None where none are at hand."""
        if self.log and leaf["log"] != self.log:
            self.say("log-wrong", index, f"the record is of the log {leaf['log']}")
        self.records[index] = (leaf, texts)

    def line(self, text):
        """A line of an export: (shown, leaf, bytes of the leaf, texts), once everything in it agrees."""
        shown = strict_json(text)
        if not isinstance(shown, dict) or not is_record(shown):
            raise Refused("not a record", "line-unreadable")
        index, data = shown["index"], shown["leaf"].encode()
        if shown["hash"] != base64.b64encode(leaf_hash(data)).decode():
            self.say("hash-wrong", index, "the hash shown is not the leaf's")
        extra = sorted((set(shown) - set(SHOWN)) | {f"actor.{name}" for name in set(shown["actor"]) - {"id", "name"}}
                       | {f"texts.{name}" for one in shown["texts"].values() for name in set(one) - {"salt", "text"}})
        if extra:
            self.say("member-unknown", index, f"it shows {extra[0]}, which the leaf does not bear out")
        try:
            leaf = read_leaf(data)
        except Refused as problem:
            self.say(problem.code, index, str(problem))
            return shown, None, data, {}
        for name in ("index", "time", "activity", "data", "request"):
            if not same(shown[name], leaf.get(name)):
                self.say("member-changed", index, f"the {name} shown is not the leaf's")
        return shown, leaf, data, self.texts(index, shown, leaf)

    def texts(self, index, shown, leaf):
        texts = {}
        for field, wanted in leaf["commitments"].items():
            one = shown["texts"].get(field)
            if one is None:
                self.say("text-missing", index, f"the text {field} is not there")
                continue
            if one["text"] is None:
                self.erased.append((index, field))
                texts[field] = None
                if one["salt"] is not None:
                    self.say("salt-left", index, f"the text {field} was erased and its salt was not")
                continue
            try:
                salt = unbase64(one["salt"])
                good = len(salt) == 16 and commitment(salt, field, one["text"]) == unbase64(wanted)
            except Refused:
                good = False
            if not good:
                self.say("text-changed", index, f"the text {field} is not what was committed to")
            texts[field] = one["text"]
        for field in sorted(set(shown["texts"]) - set(leaf["commitments"])):
            self.say("text-added", index, f"the text {field} was never in the log")
        actor = shown["actor"]
        if actor.get("id") != leaf["actor"] or actor.get("name") is not None and actor["name"] != texts.get("actorName"):
            self.say("member-changed", index, "the actor shown is not the leaf's")
        return texts

    # What is read

    def lines(self, data):
        """Of an export: (number, shown, leaf, bytes of the leaf, texts) of each line that is a record."""
        lines, read = data.split(b"\n"), []
        for number, line in enumerate(lines[:-1] if not lines[-1] else lines, 1):
            try:
                read.append((number, *self.line(line.decode("utf-8"))))
            except (Refused, UnicodeDecodeError) as problem:
                self.say(getattr(problem, "code", "line-unreadable"), None, f"line {number}: {problem}")
        return read

    def export(self, data, is_whole):
        read = self.lines(data)
        # Keys may have changed: which heads are believed depends on the records, and what is wrong with them on the heads.
        self.records = {shown["index"]: (leaf, texts) for _, shown, leaf, _, texts in reversed(read) if leaf}
        self.follow_keys(is_whole)
        self.records, newest = {}, max(self.heads, default=0)
        if not self.heads:
            return self.say("no-checkpoint", None, "there is no head to hold the records against")
        proofs = {number: self.proof(shown, data) for number, shown, _, data, _ in read}
        kept = self.sort_out(read, proofs, newest, is_whole)
        for index, (_, leaf, _, texts) in kept.items():
            if leaf:
                self.add(index, leaf, texts)
        has_all = is_whole and len(kept) == newest
        genuine = has_all and self.replay([leaf_hash(kept[index][2]) for index in range(newest)])
        if has_all and not genuine and not any(proofs[number] for number, *_ in kept.values()):
            return None
        for index, (number, *_) in kept.items():
            if proofs[number] is None and not genuine:
                self.say("record-unproven", index, "the record has no proof that leads to a head at hand")
            elif proofs[number] is False:
                self.say("proof-wrong" if genuine else "not-in-log", index, "its proof does not lead to a signed root")
        return None

    def sort_out(self, read, proofs, newest, is_whole):
        """One line for each place of the log: where two claim one, the one that is proven has it."""
        kept = {}
        for number, shown, leaf, data, texts in sorted(read, key=lambda one: (one[1]["index"], not proofs[one[0]], one[0])):
            index = shown["index"]
            if index >= newest:
                code = "record-uncovered" if shown.get("size", 0) > newest else "record-inserted"
                self.say(code, index, f"line {number} is beyond the newest head")
            elif index in kept:
                self.say("record-repeated" if kept[index][2] == data else "record-inserted", index,
                         f"line {number} is a second record in this place")
            else:
                kept[index] = (number, leaf, data, texts)
        numbers, end = [number for number, *_ in kept.values()], max(kept, default=-1) + 1
        if is_whole and numbers != sorted(numbers):
            self.say("records-out-of-order", None, "the records are not in the order of the log")
        if is_whole:
            for index in missing(kept, end):
                self.say("record-missing", index, "the record is not there")
        if is_whole and end < newest:
            self.say("log-truncated", None, f"the records end at {end}, and {newest} are in the log")
        return kept

    def proof(self, shown, data):
        """Whether the record's proof leads to a signed root; None where there is no proof, or no such root."""
        try:
            root = self.heads[shown["size"]]
            steps = [unbase64(step) for step in shown["proof"]]
        except (KeyError, TypeError, Refused):
            return None
        return all(len(step) == 32 for step in steps) and is_included(
            leaf_hash(data), shown["index"], shown["size"], steps, root)

    def replay(self, hashes):
        tree, good = Tree(), True
        for size, root in sorted({*self.heads.items(), *((size, root) for _, size, root in self.earlier)}):
            while tree.size < min(size, len(hashes)):
                tree.add(hashes[tree.size])
            if tree.size == size and tree.root != root:
                self.say("log-rewritten", None, f"the records do not lead to the root that was signed for {size}")
                good = False
        return good

    def tiles(self, folder, export, is_whole):
        """Leaves from a folder of tiles (C2SP tlog-tiles), texts from an export beside it where there is one."""
        read = self.lines(export) if export is not None else []
        # The first head may be of a later key: what size it says is believed for reading, and for nothing else.
        said = [int(note.text.split("\n")[1]) for _, note in self.later if re.fullmatch("[0-9]{1,18}", note.text.split("\n")[1])]
        size, leaves = max([*self.heads, *said], default=0), []
        for start in range(0, size, 256):
            width = min(256, size - start)
            try:
                data, is_full = tile_file(folder, "entries", start // 256, width)
                bundle = Bytes(data)
                entries = [bundle.take(bundle.number(2)) for _ in range(256 if is_full else width)]
                bundle.end()
                leaves += entries[:width]
            except (Refused, OSError) as problem:
                self.say("tile-unreadable", start, f"the entries from {start} on: {problem}")
                break
        for index, data in enumerate(leaves):
            try:
                leaf = read_leaf(data)
                if leaf["index"] != index:
                    self.say("member-changed", index, "the leaf says another place")
                self.add(index, leaf, None)
            except Refused as problem:
                self.say(problem.code, index, str(problem))
        self.follow_keys(is_whole)
        if not self.heads:
            return self.say("no-checkpoint", None, "there is no head to hold the records against")
        if len(leaves) < max(self.heads):
            self.say("log-truncated", None, f"{len(leaves)} records are there of {max(self.heads)}")
        level, row = 0, [leaf_hash(data) for data in leaves]
        self.replay(row)
        while row and len(leaves) == size:
            self.tile_row(folder, level, row)
            row = [root_of(row[start:start + 256]) for start in range(0, len(row) // 256 * 256, 256)]
            level += 1
        if export is not None:
            self.beside(read, leaves, is_whole)
        without = sum(bool(leaf["commitments"]) and texts is None for leaf, texts in self.records.values())
        if without:
            self.notes.append(f"the texts of {without} records were not at hand and were not checked")
        return None

    def beside(self, read, leaves, is_whole):
        """Takes the texts from an export that lies beside the tiles, whose records these leaves have to be."""
        genuine = {number: shown["index"] < len(leaves) and leaves[shown["index"]] == data for number, shown, _, data, _ in read}
        for index, (number, leaf, _, texts) in self.sort_out(read, genuine, len(leaves), is_whole).items():
            if not genuine[number]:
                self.say("not-in-log", index, "the export has another leaf in this place")
            elif leaf:
                self.records[index] = (leaf, texts)

    def tile_row(self, folder, level, row):
        for start in range(0, len(row), 256):
            wanted = b"".join(row[start:start + 256])
            try:
                data, is_full = tile_file(folder, str(level), start // 256, len(wanted) // 32)
                if data[:len(wanted)] != wanted or len(data) != (8192 if is_full else len(wanted)):
                    raise Refused("it has other hashes")
            except (Refused, OSError) as problem:
                self.say("tile-unreadable", None, f"tile {level} from {start} on: {problem}")

    # Receipts (docs/spec/receipt.md)

    def receipt(self, said, lines):
        if self.log == "provider":
            self.say("origin-wrong", None, f"{self.origin} is no tenant's log, and others have no requests")
        self.checkpoint("the receipt's checkpoint", said["checkpoint"].encode("utf-8", "surrogatepass"))
        self.export(b"".join(line + b"\n" for line in lines), False)
        if said["key"] not in self.believed:
            self.say("key-changed", None, "it names another key than the one that is trusted")
        places = [index for index in map(index_of, lines) if index is not None]
        if places != sorted(places):
            self.say("records-out-of-order", None, "the records are not in the order of the log")
        version, acts = 0, []
        for index in sorted(self.records):
            leaf = self.records[index][0]
            if leaf.get("request") == said["request"]:
                acts.append(leaf["activity"])
                now = leaf["data"].get("version", version)
                if type(now) is not int or now not in (version, version + 1):
                    self.say("receipt-incomplete", index, f"between version {version} of the request and {now}")
                version = now if type(now) is int else version
            elif "request" in leaf or leaf["activity"] not in GROUNDS:
                self.say("receipt-foreign", index, "the record does not belong in this receipt")
        for first, second in PAIRS:
            if second in acts and first not in acts[:acts.index(second)]:
                self.say("receipt-incomplete", None, f"there is no {first} before {second}")
        if acts[:1] != ["request.submitted"]:
            self.say("receipt-incomplete", None, "it does not begin with the request")
        if not set(acts) & ({"access.ended"} if "access.granted" in acts else ENDINGS):
            self.say("receipt-incomplete", None, "the end of the request is not there")

    # Rules over the records in order (docs/spec/log.md 6)

    def rules(self, is_whole, max_age=None):
        previous, approvals, is_open = None, Approvals(self.origin), set()
        for index in sorted(self.records):
            leaf, texts = self.records[index]
            time = instant(leaf["time"])
            if previous and time < previous:
                self.say("time-back", index, "the record is older than the one before it")
            previous = time
            if leaf["activity"] == "texts.erased":
                self.erasure(index, leaf)
            if leaf["activity"] == "access.operations":
                self.operations(index, leaf, texts or {})
            self.recovery(index, leaf, is_open, is_whole)
            problem = self.approval(approvals, leaf, texts) if is_whole and texts is not None else None
            if problem:
                self.say("approval-invalid", index, problem)
        gone = set(self.erased)
        for index, field in self.erased:
            if is_whole and (index, field) not in self.erasures:
                self.say("erased-without-record", index, f"the text {field} is gone and no record says so")
        for index, field in self.erasures:
            if is_whole and index in self.records and self.records[index][1] is not None and (index, field) not in gone:
                self.say("not-erased", index, f"the text {field} is there, though record {self.erasures[index, field]} says it is not")
        signed = [time for time in self.signed_at.get(max(self.heads, default=0), []) if time is not None]
        newest = max([*signed, *([previous.timestamp()] if previous else [])], default=None)
        if newest is not None:
            self.not_before(newest, "what is newest was signed")
        if max_age is not None and (newest is None or self.now.timestamp() - newest > max_age):
            self.say("stale", None, f"what was signed last is of {'nobody knows when' if newest is None else spelt(newest)}")
        if approvals.uncheckable:
            self.notes.append(f"of {approvals.uncheckable} accesses texts were erased: whether all was signed cannot be told")
        if not signed:
            self.notes.append("no signature tells when the newest head was signed")

    def not_before(self, seconds, what):
        """Whether it is yet to come: nothing that was signed so would ever be too old. Clocks may be five minutes apart."""
        if seconds > self.now.timestamp() + 300:
            self.say("time-future", None, f"{what} at {spelt(seconds)}, which is yet to come")

    def approval(self, approvals, leaf, texts):
        try:
            return approvals.read(leaf, texts) if self.log != "provider" else None
        except MALFORMED as problem:
            return f"it does not say what it has to: {problem}"

    def recovery(self, index, leaf, is_open, is_whole):
        """An older copy of the database does not know what was ended since: taking it on leaves nothing open."""
        if leaf["activity"] == "access.granted":
            is_open.add(leaf.get("request"))
        elif leaf["activity"] == "access.ended":
            is_open.discard(leaf.get("request"))
        elif leaf["activity"] == "log.recovered":
            data = leaf["data"]
            sizes = [data.get(name) for name in ("expectedSize", "size")]
            try:
                if not all(type(size) is int and size >= 0 for size in sizes) or sizes[1] > index \
                        or len(unbase64(data.get("expectedRoot"))) != 32:
                    raise Refused("it does not say what was lost")
            except Refused as problem:
                return self.say("recovery-invalid", index, str(problem))
            self.notes.append(f"record {index} says that the database was put back: {sizes[0]} records had been signed, it had {sizes[1]}")
            for request in sorted(map(str, is_open)) if is_whole else []:
                self.say("recovery-invalid", index, f"access of {request} was left open")
        return None

    def erasure(self, index, leaf):
        try:
            places = [one["index"] for one in leaf["data"]["erased"]]
            if places != sorted(set(places)) or not places or not all(type(place) is int and 0 <= place < index for place in places):
                raise Refused("places do not rise")
            for one in leaf["data"]["erased"]:
                if set(one) != {"fields", "index"} or one["fields"] != sorted(set(one["fields"])) or not one["fields"]:
                    raise Refused("fields do not rise")
            self.erasures.update({(one["index"], field): index for one in leaf["data"]["erased"] for field in one["fields"]})
        except MALFORMED:
            self.say("erasure-malformed", index, "what was erased is not said as it has to be")

    def operations(self, index, leaf, texts):
        data, text = leaf["data"], texts.get("operations")
        counts = [data.get(name) for name in ("count", "reads", "writes")]
        if not all(type(one) is int and one >= 0 for one in counts) or not counts[0] or counts[0] != counts[1] + counts[2] \
                or text is not None and (text.count("\n") != counts[0] or not text.endswith("\n")
                                         or not all(map(is_object, text.split("\n")[:-1]))):
            self.say("operations-count", index, "there are not as many operations as the record says")


def is_object(text):
    try:
        value = strict_json(text)
        return isinstance(value, dict) and is_plain(value, null=True) and canonical(value) == text
    except Refused:
        return False


RECEIPT = "lockbox-receipt/v1"
GROUNDS = {
    "tenant.added", "tenant.policyChanged", "tenant.licenceChanged", "passkey.registered", "passkey.removed",
    "signingKey.added", "signingKey.confirmed", "signingKey.removed", "key.changed", "texts.erased"}
# Records that share the version of another: what comes first is not left out where the second is.
PAIRS = [
    ("request.approvedByManager", "request.customerAsked"), ("request.approvedByManager", "access.granted"),
    ("request.customerAsked", "request.approved"), ("access.granted", "access.ended")]
ENDINGS = {"access.ended", "request.rejected", "request.denied", "request.withdrawn", "request.expired"}


def receipt_parts(data):
    """What the first and the last line say, and the lines of records between them."""
    lines, opening, closing = data.split(b"\n"), b'"records":[', b"],"
    try:
        if len(lines) < 4 or lines[-1] or not lines[0].endswith(opening) or not lines[-2].startswith(closing):
            raise Refused("its lines are not those of a receipt, or it was cut short")
        text = (lines[0][:-len(opening)] + lines[-2][len(closing):]).decode("utf-8")
        said, records = strict_json(text), lines[1:-2]
        if not isinstance(said, dict) or canonical(said) != text or list(said) != ["checkpoint", "key", "request", "type"] \
                or not all(isinstance(one, str) for one in said.values()) or said["type"] != RECEIPT:
            raise Refused("its first and last line are not those of a receipt")
        if not all(line.endswith(b",") for line in records[:-1]):
            raise Refused("two records are not separated as they should be")
        Key(said["key"])
    except (Refused, UnicodeDecodeError) as problem:
        raise Refused(str(problem), "receipt-malformed") from None
    return said, [line[:-1] for line in records[:-1]] + records[-1:]


def index_of(line):
    try:
        return json.loads(line)["index"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def missing(present, end):
    """The first hundred places before `end` that are not there."""
    found, next_ = [], 0
    for index in [*sorted(present), end]:
        found += range(next_, min(index, next_ + 100 - len(found)))
        next_ = index + 1
    return found


def spelt(seconds):
    return str(datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)) if seconds < 2**37 else f"{seconds} seconds"


def tile_file(folder, level, index, width):
    """The bytes of a tile, and whether it is a full one: that stays where a part of it is gone."""
    groups = [f"{index % 1000:03}"]
    while index >= 1000:
        index //= 1000
        groups.insert(0, f"x{index % 1000:03}")
    path = os.path.join(folder, "tile", level, *groups)
    part = f"{path}.p/{width}"
    return (contents(part, BUNDLE), False) if width < 256 and os.path.exists(part) else (contents(path, BUNDLE), True)


def root_of(hashes):
    tree = Tree()
    for hash_ in hashes:
        tree.add(hash_)
    return tree.root


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--export", help="records, a line each (JSON Lines)")
    parser.add_argument("--tiles", help="a folder with checkpoint, tile/… and tile/entries/…")
    parser.add_argument("--receipt", help="a receipt, as `lockbox receipt get` writes it")
    parser.add_argument("--key", help="the log's key, or a file that has it; of a receipt, its own if left out")
    parser.add_argument("--checkpoint", action="append", default=[], help="a signed head; older ones too, as many as were kept")
    parser.add_argument("--log", help="the log that it has to be: provider, or tenant: and its identifier")
    parser.add_argument("--partial", action="store_true", help="the export holds some of the records")
    parser.add_argument("--witness", type=witness, action="append", default=[], help="the key of one who has to have cosigned")
    parser.add_argument("--needed", type=int, choices=range(1, 65), metavar="K", help="how many of them; all if left out")
    parser.add_argument("--max-age", type=span, metavar="PT1H", help="how old the newest head may be")
    parser.add_argument("--now", type=instant, default=datetime.datetime.now(datetime.timezone.utc), help="instead of the clock")
    parser.add_argument("--output", choices=["text", "json"], default="text")
    options = parser.parse_args()
    if not options.export and not options.tiles and not options.receipt:
        parser.error("--export, --tiles or --receipt is needed")
    if options.receipt and (options.export or options.tiles or options.checkpoint or options.partial):
        parser.error("--receipt stands alone: no --export, --tiles, --checkpoint or --partial goes with it")
    if not options.key and not options.receipt:
        parser.error("--key is needed")
    return options


def witness(line):
    try:
        return Key(line, kind=4)
    except Refused as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None


NOTE, BUNDLE, EXPORT = 1 << 20, 256 * 65537, 1 << 40


def contents(path, limit):
    """The bytes of a regular file: a pipe or a device gives bytes without end, or none, ever."""
    about = os.stat(path)
    if not stat.S_ISREG(about.st_mode) or about.st_size > limit:
        raise Refused(f"{path} is no regular file of {limit} bytes or fewer")
    with open(path, "rb") as file:
        return file.read(about.st_size)


def verify_receipt(options):
    data = contents(options.receipt, EXPORT)
    is_file = options.key and os.path.exists(options.key)
    key = options.key and Key((contents(options.key, NOTE).decode("utf-8", "replace") if is_file else options.key).removesuffix("\n"))
    try:
        said, lines = receipt_parts(data)
    except Refused as problem:
        if not key:
            raise
        found = Verification(key, options.now)
        found.say(problem.code, None, str(problem))
        return found
    found = Verification(key or Key(said["key"]), options.now)
    if not key:
        found.notes.append(f"the key is the receipt's own; compare it with one that you got elsewhere: {said['key']}")
    found.receipt(said, lines)
    found.rules(True, options.max_age)
    asked_for(found, options)
    return found


def asked_for(found, options):
    """What the reader asks of whatever is verified: a certain log, and witnesses."""
    if options.log and found.log != options.log:
        found.say("origin-wrong", None, f"the key is of the log {found.log}")
    if options.witness:
        found.witnesses(options.witness, options.needed or len(options.witness), options.max_age)


def verify(options):
    if options.receipt:
        return verify_receipt(options)
    text = contents(options.key, NOTE).decode("utf-8", "replace") if os.path.exists(options.key) else options.key
    found = Verification(Key(text.removesuffix("\n")), options.now)
    notes = options.checkpoint or [
        os.path.join(options.tiles, "checkpoint") if options.tiles else re.sub(r"\.jsonl$", "", options.export) + ".checkpoint"]
    for name in notes:
        found.checkpoint(name, contents(name, NOTE))
    export = contents(options.export, EXPORT) if options.export else None
    if options.tiles:
        found.tiles(options.tiles, export, not options.partial)
    else:
        found.export(export, not options.partial)
    if found.heads:
        found.rules(not options.partial, options.max_age)
    asked_for(found, options)
    return found


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


def tell(found, output):
    if output == "json":
        print(json.dumps({
            "verdict": "not in order" if found.findings else "in order", "origin": found.origin,
            "records": len(found.records), "erased": len(found.erased), "heads": sorted(found.heads),
            "findings": [{"code": code, "record": record, "detail": words} for code, record, words in found.findings],
            "notes": found.notes}))
        return
    verdict = f"NOT in order: {len(found.findings)} findings" if found.findings else "in order"
    print(f"{verdict}: {len(found.records)} records of \"{plain(found.origin)}\", heads of {sorted(found.heads)}")
    for code, record, words in found.findings:
        print(f"  {code}{'' if record is None else f' (record {record})'}: {plain(words)}")
    for words in [*found.notes, *([f"{len(found.erased)} texts were erased"] if found.erased else [])]:
        print(f"  note: {plain(words)}")
    if found.findings:
        print(verdict)


# --- Signatures: Ed25519 (RFC 8032), ECDSA on P-256 (FIPS 186-5), RSA (RFC 8017 8.2.2). Slow, and only to verify.

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_1 = pow(2, (P - 1) // 4, P)


def ed_add(a, b):
    m, n = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    t, z = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = n - m, z - t, z + t, n + m
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(scalar, point, add, zero):
    while scalar:
        if scalar & 1:
            zero = add(zero, point)
        point, scalar = add(point, point), scalar >> 1
    return zero


def ed_point(data):
    """The point that 32 bytes stand for, in extended coordinates; None where they stand for none."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_1 % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return (x, y, 1, x * y % P)


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
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


Q = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551
B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b
G = (0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296,
     0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5)


def p256_add(a, b):
    if a is None or b is None:
        return a or b
    if a[0] == b[0]:
        if (a[1] + b[1]) % Q == 0:
            return None
        slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, Q)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, Q)
    x = (slope * slope - a[0] - b[0]) % Q
    return (x, (slope * (a[0] - x) - a[1]) % Q)


def p256_is_good(x, y, r, s, message):
    if not (0 < r < N and 0 < s < N and 0 <= x < Q and 0 <= y < Q and (y * y - x**3 + 3 * x - B) % Q == 0):
        return False
    digest, inverse = int.from_bytes(hashlib.sha256(message).digest(), "big"), pow(s, -1, N)
    point = p256_add(times(digest * inverse % N, G, p256_add, None), times(r * inverse % N, (x, y), p256_add, None))
    return point is not None and point[0] % N == r


def rsa_is_good(modulus, exponent, signature, message):
    length = (modulus.bit_length() + 7) // 8
    digest = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(message).digest()
    wanted = b"\0\1" + b"\xff" * (length - len(digest) - 3) + b"\0" + digest
    return (length >= 256 and len(signature) == length and exponent > 2
            and pow(int.from_bytes(signature, "big"), exponent, modulus) == int.from_bytes(wanted, "big"))


if __name__ == "__main__":
    main()
