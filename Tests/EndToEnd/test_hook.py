"""The service of Examples/hook, and what `lockboxd check-service` says of it."""

import base64
import concurrent.futures
import contextlib
import datetime
import hashlib
import hmac
import http.client
import http.server
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

import pytest

from lockbox_rig import secrets
from lockbox_rig.directory import DirectoryFile
from lockbox_rig.lockboxd import Lockboxd
from lockbox_rig.machine import REPOSITORY, Process, Scratch, free_port, listening, wait_until
from lockbox_rig.place import Place
from lockbox_rig.smtp import Certificates

EXAMPLES = REPOSITORY / "Examples" / "hook"
HOST = "host:" + socket.gethostname().split(".")[0].lower()

# The account files of the machine stay as they are: the service has copies of its own.
APART = """
mount --make-rprivate / && mount --bind "$1" /etc && mount -t tmpfs tmpfs /home && groupadd lockbox-read || exit
shift && exec "$@"
"""


class Hooked(Place):
    """A server with a host behind a hook, whose accounts are files of `base`, and access to it."""

    def __init__(self, base):
        self.etc = base / "etc"
        subprocess.run(["cp", "-a", "/etc", self.etc], check=True)
        secret = "whsec_" + base64.b64encode(os.urandom(32)).decode()
        secrets.register(secret, "secret of the hook")
        (base / "hook").write_text(secret + "\n")
        (base / "hook").chmod(0o600)
        port = free_port()
        self.hook = Process([
            "unshare", "--mount", "bash", "-c", APART, "apart", self.etc, sys.executable, EXAMPLES / "hook.py", port,
            base / "hook", EXAMPLES / "unix-account"])

        def up():
            self.hook.require_running()
            return listening(port)

        def adjust(directory):
            directory.content["services"].append(
                {"id": "unix", "kind": "hook", "resources": "host",
                 "hook": {"url": f"http://127.0.0.1:{port}/", "secretFile": str(base / "hook"), "passToken": True}})
            directory.tenant("contoso")["resources"] = [{"service": "unix", "id": HOST}]

        try:
            wait_until(up, 15, "the hook to listen")
            super().__init__(base, adjust=adjust)
        except BaseException:
            self.hook.stop()
            raise

    def stop(self):
        super().stop()
        self.hook.stop()
        secrets.said("the hook", self.hook.out.bytes + self.hook.err.bytes)

    def access(self, *actions):
        asked = self.eve.submit("contoso", self.support, [{"service": "unix", "id": HOST, "actions": list(actions)}])
        assert asked.status == 201, asked
        return self.decided(asked.json["id"])

    def account(self, name, file="passwd"):
        """The fields of an account; None if there is none."""
        for line in (self.etc / file).read_text().splitlines():
            if line.startswith(name + ":"):
                return line.split(":")

    def running_as(self, number):
        """A program under the account with that number, which is waited for."""
        child = subprocess.Popen(["setpriv", f"--reuid={number}", "--clear-groups", "sleep", "600"])
        threading.Thread(target=child.wait, daemon=True).start()
        return child


@pytest.fixture(scope="module")
def place():
    if os.geteuid() != 0:
        pytest.skip("accounts are made by root alone")
    with Hooked.running("hook") as there:
        yield there


def hash_of(password, stored):
    """What the system's sign-in would compare with."""
    script = "chomp(my $password = <STDIN>); print crypt($password, $ARGV[0])"
    return subprocess.run(
        ["perl", "-e", script, stored], input=password, capture_output=True, text=True, check=True).stdout


def test_a_unix_account_lasts_as_long_as_its_access(place):
    request, other = place.access("read"), place.access("read")
    issued, second = place.credential(request), place.credential(other)
    name = issued["username"]
    assert re.fullmatch("lbx-[0-9a-z]{10}-1", name)
    number = place.account(name)[2]
    stored = place.account(name, "shadow")[1]
    assert hash_of(issued["token"], stored) == stored
    assert hash_of(second["token"], stored) != stored
    child, others = place.running_as(number), place.running_as(place.account(second["username"])[2])
    try:
        # Who lost her token gets another one, and the first does not open any more.
        again = place.credential(request)
        assert again["username"] == name
        stored = place.account(name, "shadow")[1]
        assert hash_of(again["token"], stored) == stored != hash_of(issued["token"], stored)
        assert place.adam.post(f"/v1/requests/{request}/revoke").status == 200
        wait_until(lambda: place.grant(request)["state"] == "ended", 20, "the removal to be confirmed")
        assert child.wait(10) == -9
        assert place.account(name) is None and place.account(name, "shadow") is None
        assert others.poll() is None and place.account(second["username"])
    finally:
        for process in (child, others):
            process.kill()
            process.wait()
    assert place.adam.post(f"/v1/requests/{other}/revoke").status == 200
    wait_until(lambda: place.grant(other)["state"] == "ended", 20, "the removal to be confirmed")
    activities = [item["activity"] for item in place.alan.audit("contoso", request=request)]
    assert "access.removed" in activities and "access.removalFailed" not in activities


def test_an_account_that_lockbox_does_not_know_is_shown_and_left(place):
    def drift():
        found = re.search(r'^lockbox_drift{service="unix"} (\d+)$', place.lockbox.api().get("/metrics").body.decode(), re.M)
        return found and int(found[1])

    wait_until(lambda: drift() == 0, 60, "no drift")
    passwd = place.etc / "passwd"
    before = passwd.read_text()
    passwd.write_text(before + "lbx-0123456789-1:x:64001:64001::/nonexistent:/usr/sbin/nologin\n")
    try:
        wait_until(lambda: drift() == 1, 60, "drift to show")
        assert "lbx-0123456789-1: Lockbox gave out no such login name" in place.lockbox.output
        assert place.account("lbx-0123456789-1")
    finally:
        passwd.write_text(before)
    wait_until(lambda: drift() == 0, 60, "no drift any more")


def test_a_service_that_does_not_answer_opens_nothing_and_shows_as_failed(place):
    request = place.access("read")
    name = place.credential(request)["username"]
    os.kill(place.hook.pid, signal.SIGSTOP)
    try:
        asked = place.eve.credential(request)
        assert asked.status == 503 and "token" not in asked.json, asked
        assert place.adam.post(f"/v1/requests/{request}/revoke").status == 200
        wait_until(lambda: place.grant(request)["state"] == "removalFailed", 60, "the failure to show")
        assert place.account(name)
    finally:
        os.kill(place.hook.pid, signal.SIGCONT)
    wait_until(lambda: place.grant(request)["state"] == "ended", 60, "the removal to be confirmed")
    assert place.account(name) is None


def test_check_service_finds_the_example_good_and_leaves_nothing(place):
    request = place.access("read")
    name = place.credential(request)["username"]
    before = (place.etc / "passwd").read_text()
    done = place.lockbox.run("check-service", "unix", check=False)
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and len(lines) > 10, done
    assert [line for line in lines if not line.startswith("ok: ")] == [
        "not tried: who signs in with the token is in, and is cut when it is closed"], done
    assert (place.etc / "passwd").read_text() == before and place.account(name)


def test_check_service_says_what_does_not_hold(place):
    """With a secret that is not the service's, and of services that there is nothing to check at."""
    secret = place.hook.command[-2]
    with open(secret) as file:
        content = file.read()
    try:
        with open(secret, "w") as file:
            file.write("whsec_" + base64.b64encode(bytes(32)).decode())
        done = place.lockbox.run("check-service", "unix", check=False)
        assert done.returncode == 1 and "HTTP status 401" in done.stdout, done
        assert done.stdout.startswith("FAILED: it says what is open")
    finally:
        with open(secret, "w") as file:
            file.write(content)
    done = place.lockbox.run("check-service", "nothing", check=False)
    assert done.returncode == 1 and "there is no service nothing; there are: mail, unix" in done.stderr, done


def test_the_example_takes_64_ends_at_once():
    scratch, key, port = Scratch("hook-at-once"), os.urandom(32), free_port()
    (scratch.path / "hook").write_text("whsec_" + base64.b64encode(key).decode())
    command = scratch.path / "command"
    command.write_text("#!/bin/sh\nsleep 1\n")
    command.chmod(0o700)
    hook = Process([sys.executable, EXAMPLES / "hook.py", port, scratch.path / "hook", command])

    def close(number):
        body = json.dumps({"type": "access.close", "data": {"grant": f"g{number // 2}", "usernames": ["lbx-1-1"]}})
        identifier, sent = f"msg_{number}", str(int(time.time()))
        code = hmac.digest(key, f"{identifier}.{sent}.{body}".encode(), "sha256")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        with contextlib.closing(connection):
            connection.request("POST", "/", body, {
                "webhook-id": identifier, "webhook-timestamp": sent,
                "webhook-signature": "v1," + base64.b64encode(code).decode()})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())

    try:
        wait_until(lambda: listening(port), 15, "the hook to listen")
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(64) as pool:
            answers = list(pool.map(close, range(64)))
        assert answers == [(200, {"id": f"msg_{number}", "open": []}) for number in range(64)]
        # Two of each grant, which wait for each other.
        assert 2 <= time.monotonic() - began < 20
    finally:
        hook.stop()
        scratch.remove()


class Guarded:
    """A service that keeps what is open in memory, behind TLS that asks Lockbox for a certificate."""

    def __init__(self, key, certificates):
        ends, closed, lock = {}, set(), threading.Lock()

        def carry_out(act, data):
            with lock:
                now = time.time()
                for name in [name for name, (_, end) in ends.items() if end <= now]:
                    del ends[name]
                if act == "access.list":
                    return list(ends)
                if act == "access.close":
                    closed.add(data["grant"])
                    for name in [name for name, (grant, _) in ends.items() if grant == data["grant"]]:
                        del ends[name]
                    return []
                end = datetime.datetime.fromisoformat(data["end"].replace("Z", "+00:00")).timestamp()
                assert act == "access.open" and len(data["tokenSHA256"]) == 64 and "token" not in data
                assert end > now and data["grant"] not in closed
                ends[data["username"]] = data["grant"], end
                return [data["username"]]

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                message, sent = self.headers["webhook-id"], self.headers["webhook-timestamp"]
                code = base64.b64encode(hmac.digest(key, f"{message}.{sent}.".encode() + body, hashlib.sha256)).decode()
                known = "v1," + code in self.headers["webhook-signature"].split() and abs(time.time() - int(sent)) < 300
                asked = json.loads(body)
                try:
                    open_now = carry_out(asked["type"], asked["data"]) if known else None
                except AssertionError:
                    open_now = None
                answer = json.dumps({"id": message, "open": open_now}).encode()
                self.send_response(200 if open_now is not None else 403)
                self.send_header("Content-Type", "application/json; charset=utf-8")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates.cert, certificates.key)
        context.load_verify_locations(certificates.ca)
        context.verify_mode = ssl.CERT_REQUIRED
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self.server.server_port}/lockbox"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def test_both_sides_of_the_connection_show_who_they_are():
    scratch = Scratch("guarded-hook")
    certificates, key = Certificates(scratch.path / "tls"), os.urandom(32)
    service = Guarded(key, certificates)
    try:
        secret = scratch.path / "hook"
        secret.write_text("whsec_" + base64.b64encode(key).decode())
        secret.chmod(0o600)
        named = {"caFile": str(certificates.ca)}
        shown = {"certificateFile": str(certificates.cert), "keyFile": str(certificates.key)}
        for number, (more, is_good) in enumerate([({}, False), (named, False), (shown, False), (named | shown, True)]):
            directory = DirectoryFile([{
                "id": "vault", "kind": "hook", "resources": "box",
                "hook": {"url": service.url, "secretFile": str(secret), **more}}])
            lockbox = Lockboxd(scratch.path / str(number), directory)
            lockbox.apply()
            done = lockbox.run("check-service", "vault", check=False)
            assert done.returncode == (0 if is_good else 1), done
            assert is_good or "the service could not be reached" in done.stdout, done
    finally:
        service.stop()
        scratch.remove()
