"""`lockbox witness`, and a server whose logs it cosigns; an independent peer of both in Python."""

import base64
import hashlib
import http.server
import importlib.util
import json
import os
import stat
import struct
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from lockbox_rig.lockboxd import LOCKBOX_CLI, cli
from lockbox_rig.machine import LOOPBACK, Process, Scratch, free_port, listening, wait_until

EMPTY = hashlib.sha256(b"").digest()


def leaf(data):
    return hashlib.sha256(b"\0" + data).digest()


def root(leaves):
    """RFC 6962 section 2.1, as it is written there."""
    if not leaves:
        return EMPTY
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + root(leaves[:split]) + root(leaves[split:])).digest()


def consistency(old, leaves, whole=True):
    """RFC 6962 section 2.1.2."""
    if old == len(leaves):
        return [] if whole else [root(leaves)]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if old <= split:
        return consistency(old, leaves[:split], whole) + [root(leaves[split:])]
    return consistency(old - split, leaves[split:], False) + [root(leaves[:split])]


def b64(data):
    return base64.b64encode(data).decode()


class Key:
    """A signed-note key: type 1 for logs, 4 for witnesses."""

    def __init__(self, name, kind):
        self.name, self.kind, self.private = name, kind, Ed25519PrivateKey.generate()
        self.public = self.private.public_key().public_bytes_raw()
        self.id = hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + self.public).digest()[:4]
        self.vkey = f"{name}+{self.id.hex()}+{b64(bytes([kind]) + self.public)}"

    def line(self, text, time=None):
        if time is None:
            signature = self.private.sign(text.encode())
        else:
            message = f"cosignature/v1\ntime {time}\n{text}"
            signature = struct.pack(">Q", time) + self.private.sign(message.encode())
        return f"— {self.name} {b64(self.id + signature)}\n"


class Log:
    """A log of its own, which signs whatever it holds."""

    def __init__(self, name, count, branch=""):
        self.key = Key(name, 1)
        self.leaves = [leaf(f"{number}{branch if number >= 4 else ''}".encode()) for number in range(count)]

    def text(self, size):
        return f"{self.key.name}\n{size}\n{b64(root(self.leaves[:size]))}\n"

    def body(self, old, size):
        proof = consistency(old, self.leaves[:size]) if old else []
        lines = "".join(b64(hash) + "\n" for hash in proof)
        return f"old {old}\n{lines}\n{self.text(size)}\n{self.key.line(self.text(size))}".encode()


def cosigned(vkey, text, line):
    """The time at which the witness `vkey` signed; fails where the line is not by it."""
    name, id, key = vkey.split("+", 2)
    dash, named, signature = line.rstrip("\n").split(" ")
    blob, key = base64.b64decode(signature), base64.b64decode(key)
    assert dash == "—" and named == name and blob[:4].hex() == id and key[0] == 4
    time = struct.unpack(">Q", blob[4:12])[0]
    Ed25519PublicKey.from_public_bytes(key[1:]).verify(blob[12:], f"cosignature/v1\ntime {time}\n{text}".encode())
    return time


def ask(url, body=None):
    request = urllib.request.Request(url, data=body, method="GET" if body is None else "POST")
    try:
        answer = urllib.request.urlopen(request, timeout=10)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return answer.status, answer.headers.get("Content-Type"), answer.read().decode()


class Witness:
    """`lockbox witness` in a folder of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.vkey = self.run("init", "--name", "witness.contoso.example").stdout.strip()
        self.process = None

    def run(self, command, *arguments, check=True):
        done = subprocess.run(
            [str(LOCKBOX_CLI), "witness", command, "--data", str(self.folder), *arguments],
            capture_output=True, text=True, timeout=30)
        assert not check or done.returncode == 0, done
        return done

    def start(self):
        self.port = free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        self.process = Process(
            [LOCKBOX_CLI, "witness", "serve", "--data", self.folder, "--listen", f"{LOOPBACK}:{self.port}"])
        wait_until(lambda: self.process.require_running() or listening(self.port), 30, "the witness to listen")
        return self

    def stop(self):
        if self.process:
            self.process.stop()
        self.process = None

    def kill(self):
        self.process.kill()
        self.process = None

    def add(self, body):
        return ask(f"{self.url}/add-checkpoint", body)


@pytest.fixture
def witness():
    scratch = Scratch("witness")
    made = Witness(scratch.path / "w")
    yield made
    made.stop()
    scratch.remove()


def test_a_witness_cosigns_what_grows_and_keeps_what_forks(witness):
    log, fork = Log("log.example/1", 20), Log("log.example/1", 20, branch="x")
    fork.key = log.key
    assert witness.run("add-log", log.key.vkey).stdout == "log.example/1 is witnessed.\n"
    assert stat.S_IMODE((witness.folder / "key").stat().st_mode) == 0o600
    witness.start()
    for old, size in [(0, 5), (5, 5), (5, 8), (8, 20)]:
        status, _, line = witness.add(log.body(old, size))
        assert status == 200, line
        cosigned(witness.vkey, log.text(size), line)
    assert witness.add(log.body(0, 20)) == (409, "text/x.tlog.size", "20\n")
    shown = ask(f"{witness.url}/{hashlib.sha256(b'log.example/1').hexdigest()}/checkpoint")
    assert shown[0] == 200 and shown[2].startswith(log.text(20) + "\n— log.example/1 ")
    cosigned(witness.vkey, log.text(20), shown[2].splitlines()[-1])
    status = json.loads(witness.run("status", "--output", "json").stdout)
    assert status["logs"][0]["size"] == 20 and status["contradictions"] == []
    # Two heads of one size.
    assert witness.add(fork.body(20, 20))[0] == 422
    done = witness.run("status", check=False)
    assert done.returncode == 1 and "log.example/1 has signed two heads of size 20" in done.stderr, done
    evidence = list((witness.folder / "evidence").iterdir())
    assert len(evidence) == 1
    kept = evidence[0].read_text()
    assert log.text(20) in kept and fork.text(20) in kept
    # A kill loses nothing of what was signed.
    witness.kill()
    witness.start()
    assert witness.add(log.body(8, 20)) == (409, "text/x.tlog.size", "20\n")


def test_bad_input_gets_the_answer_of_the_standard(witness):
    log, stranger = Log("log.example/1", 20), Log("stranger.example", 20)
    witness.run("add-log", log.key.vkey)
    witness.start()
    body = log.body(0, 7).decode()
    text = log.text(7)
    for sent, status in [
        (b"", 400), (b"old 7", 400), (b"\xff" * 100, 400), (body.replace("old 0", "old -1").encode(), 400),
        (body.replace("old 0", "old 9223372036854775808").encode(), 400), (body.replace("old 0", "old 8").encode(), 400),
        (body.replace("\n7\n", "\n9223372036854775808\n").encode(), 400),
        (body.replace("old 0\n", "old 0\n" + (b64(EMPTY) + "\n") * 64).encode(), 400),
        ((body + log.key.line(text) * 64).encode(), 400), (body.replace("old 0\n", f"old 0\n{b64(EMPTY)}\n").encode(), 422),
        (f"old 0\n\nlog.example/1\n0\n{b64(leaf(b''))}\n\n{log.key.line(text)}".encode(), 422),
        (stranger.body(0, 7), 404), (f"old 0\n\n{text}\n{Key('log.example/1', 1).line(text)}".encode(), 403),
        (f"old 0\n\n{text}\n{log.key.line(text)}{log.key.line('other')}".encode(), 403),
        (b"x" * (1 << 19), 413),
    ]:
        assert witness.add(sent)[0] == status, (sent[:80], status)
    assert witness.add(body.encode())[0] == 200
    for path, method, status in [("/", "GET", 404), ("/add-checkpoint", "GET", 405), ("/x/checkpoint", "GET", 404)]:
        assert ask(witness.url + path)[0] == status
    for proof in ("", b64(EMPTY) + "\n"):
        assert witness.add(f"old 7\n{proof}\n{log.text(20)}\n{log.key.line(log.text(20))}".encode())[0] == 422


def test_a_witness_without_its_database_does_not_start(witness):
    (witness.folder / "witness.sqlite").unlink()
    done = witness.run("serve", "--listen", "127.0.0.1:0", check=False)
    assert done.returncode == 1 and "is gone" in done.stderr and "retire this witness" in done.stderr, done
    done = witness.run("init", "--name", "witness.contoso.example", check=False)
    assert done.returncode == 1 and "not empty" in done.stderr, done


class Liar(http.server.BaseHTTPRequestHandler):
    """A witness that does what `server.manner` says."""

    def do_POST(self):
        self.server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        text = self.server.bodies[-1].decode().split("\n\n", 1)[1].split("\n\n")[0] + "\n"
        status, kind, body = self.server.manner(text)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def liar():
    server = http.server.ThreadingHTTPServer((LOOPBACK, 0), Liar)
    server.key, server.bodies = Key("liar.example", 4), []
    server.url = f"http://{LOOPBACK}:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def checkpoint(api, cosignatures=None):
    query = "" if cosignatures is None else f"?cosignatures={cosignatures}"
    return api.get(f"/v1/tenants/contoso/log/checkpoint{query}")


def head(answer):
    """The text that is signed, without the lines below it."""
    return answer.body.decode().split("\n\n")[0] + "\n"


def gauge(lockbox, name, witness):
    for line in lockbox.api().get("/metrics").body.decode().splitlines():
        if line.startswith(f'{name}{{witness="{witness}"}} '):
            return int(line.split(" ")[1])
    return None


def test_the_logs_of_a_server_are_cosigned_and_a_verifier_asks_for_it(install, witness, liar):
    liar.manner = lambda text: (200, "text/plain", liar.key.line(text + "more\n", 7).encode())
    lockbox = install(witnesses=[
        {"key": witness.vkey, "url": witness.start().url}, {"key": liar.key.vkey, "url": liar.url, "logs": ["contoso"]}])
    lockbox.apply()
    alan = lockbox.token("alan@contoso.test")
    lockbox.start()
    api = lockbox.api("alan")
    witness.run("add-log", api.get("/v1/tenants/contoso/log/key").body.decode().strip())

    def is_cosigned():
        answer = checkpoint(api, 1)
        assert answer.status in (200, 404), answer
        return answer.status == 200 and head(answer) == head(checkpoint(api))
    wait_until(is_cosigned, 60, "the newest head to be cosigned", 0.5)
    note = checkpoint(api).body.decode()
    text, lines = note.split("\n\n")
    # The log's own cosignature says when the head was the newest.
    ours, when, theirs = lines.splitlines()
    assert ours.split(" ")[1] == when.split(" ")[1] == text.split("\n")[0]
    assert " witness.contoso.example " in theirs
    cosigned(witness.vkey, text + "\n", theirs)
    # A line that is not by the witness it names is neither kept nor shown, and does not spoil the note.
    wait_until(lambda: liar.bodies, 30, "the other witness to be asked", 0.2)
    assert "liar.example" not in note and checkpoint(api, 2).status == 404
    assert checkpoint(api, 17).status == 400
    assert gauge(lockbox, "lockbox_witness_behind", "liar.example") >= 1
    verify = [lockbox.url, alan, "audit", "verify", "--state", str(lockbox.folder / "state")]
    done = cli(*verify, "--witness", witness.vkey)
    assert "cosigned by “witness.contoso.example” at 20" in done.stdout and "in order" in done.stdout, done
    done = cli(*verify, "--witness", witness.vkey, "--witness", liar.key.vkey, check=False)
    assert done.returncode == 1 and "1 of the 2 witnesses that are needed" in done.stderr, done
    cli(*verify, "--witness", witness.vkey, "--witness", liar.key.vkey, "--needed", "1")
    assert lockbox.stop() == 0
    lockbox.check_log()


@pytest.mark.parametrize("answer", [
    (409, "text/x.tlog.size", b"<html>"), (409, "text/html", b"0\n"), (409, "text/x.tlog.size", b"0\n"),
    (200, "text/plain", b"thanks"), (200, "text/plain", b"x" * 100_000), (500, "text/plain", b""),
    (409, "text/x.tlog.size", b"9223372036854775807\n"), (422, "text/plain", b"no")],
    ids=["junk", "type", "same", "thanks", "large", "broken", "ahead", "refuses"])
def test_a_witness_that_answers_anything_holds_up_nothing(install, liar, answer):
    liar.manner = lambda text: answer
    lockbox = install(witnesses=[{"key": liar.key.vkey, "url": liar.url, "logs": ["contoso"]}])
    lockbox.apply()
    lockbox.start()
    api = lockbox.api("alan")
    wait_until(lambda: liar.bodies, 30, "the witness to be asked", 0.2)
    refuses = answer[0] == 422 or answer[2].startswith(b"9")
    wait_until(
        lambda: gauge(lockbox, "lockbox_witness_refused", "liar.example") == (1 if refuses else 0)
        and "liar.example" in lockbox.output, 30, "the answer to be told", 0.2)
    assert checkpoint(api, 1).status == 404 and checkpoint(api).body.decode().count("—") == 2
    assert gauge(lockbox, "lockbox_witness_behind", "liar.example") == 1
    assert lockbox.stop() == 0


def test_addresses_of_witnesses_are_checked(install, liar):
    for wrong, said in [
        ({"key": liar.key.vkey, "url": "http://witness.example"}, "plain http is for this machine"),
        ({"key": liar.key.vkey, "url": "https://user@witness.example"}, "must be an address"),
        ({"key": Key("log.example", 1).vkey, "url": liar.url}, "the key of a log"), ({"key": liar.key.vkey}, "needs key and url"),
        ({"key": liar.key.vkey, "url": liar.url, "logs": ["No Tenant"]}, "the identifier of a tenant, or provider")]:
        done = install(witnesses=[wrong]).run("check-config", check=False)
        assert done.returncode == 1 and "witnesses[0]" in done.stderr and said in done.stderr, done


AICS = pytest.mark.skipif(
    importlib.util.find_spec("aics_witness") is None, reason="make e2e-witnesses installs aics-witness")


@AICS
def test_another_witness_cosigns_our_logs(install, tmp_path):
    port = free_port()
    config = tmp_path / "witness.json"
    def aics(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "aics_witness", *arguments, "--config", str(config)],
            capture_output=True, text=True, timeout=60, check=True, env=os.environ).stdout
    printed = aics("init", "--name", "other.example/w1", "--listen", f"{LOOPBACK}:{port}")
    vkey = next(word for line in printed.splitlines() for word in line.split() if word.startswith("other.example/w1+"))
    lockbox = install(witnesses=[{"key": vkey, "url": f"http://{LOOPBACK}:{port}", "logs": ["contoso"]}])
    lockbox.apply()
    lockbox.start()
    api = lockbox.api("alan")
    log = api.get("/v1/tenants/contoso/log/key").body.decode().strip()
    aics("add-log", "--origin", log.split("+")[0], "--vkey", log)
    other = Process([sys.executable, "-m", "aics_witness", "serve", "--config", config])
    try:
        wait_until(lambda: other.require_running() or listening(port), 30, "the other witness to listen")
        for _ in range(2):
            wait_until(
                lambda: checkpoint(api, 1).status == 200 and head(checkpoint(api, 1)) == head(checkpoint(api)), 60, "the newest head to be cosigned", 0.5)
            text, lines = checkpoint(api).body.decode().split("\n\n")
            cosigned(vkey, text + "\n", lines.splitlines()[2])
            api.post("/v1/support-requests", {
                "tenant": "contoso", "subject": "Mail is slow", "description": "Since this morning."})
    finally:
        other.stop()


@AICS
def test_our_cosignature_is_read_by_others(witness):
    from aics_tlog.cosign import verify_cosignature
    from aics_tlog.note import parse_note, parse_vkey
    log = Log("log.example/1", 20)
    witness.run("add-log", log.key.vkey)
    witness.start()
    witness.add(log.body(0, 7))
    note = parse_note(ask(f"{witness.url}/{hashlib.sha256(b'log.example/1').hexdigest()}/checkpoint")[2])
    key, line = parse_vkey(witness.vkey), note.signatures[-1]
    assert (line.name, line.key_id) == (key.name, key.key_id)
    assert verify_cosignature(line.signature, key.name, key.public_key, "log.example/1", 7, root(log.leaves[:7]))
