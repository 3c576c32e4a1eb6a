"""Apache with mod_auth_openidc in front of an application: it asks Lockbox by introspection, about each request."""

import http.client
import http.server
import itertools
import json
import ssl
import threading
import time

import pytest

from lockbox_rig import secrets
from lockbox_rig.api import seconds
from lockbox_rig.application import Application
from lockbox_rig.dovecot import fill
from lockbox_rig.machine import LOOPBACK, REPOSITORY, MailUser, Process, Scratch, free_port, listening, wait_until
from lockbox_rig.proxies import APACHE, NGINX
from lockbox_rig.smtp import Certificates
from test_forward_auth import FOLDER, Protected

EXAMPLES = REPOSITORY / "Examples"
CLAIMS = ("Actor", "Tenant", "Resource", "Request", "Grant")


class Pretender:
    """Something else where Lockbox should be: gives each question the answer `says`, over TLS."""

    def __init__(self, certificates):
        self.says, self.asked, self.done = (500, "", b""), 0, threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                outer.asked += 1
                if outer.says is None:
                    outer.done.wait(60)
                    return
                status, kind, body = outer.says
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self.server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates.cert, certificates.key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.address = f"{LOOPBACK}:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def stop(self):
        self.done.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class Front:
    """Apache, the application behind it, and Lockbox behind the TLS of Examples/proxy."""

    def __init__(self, base, place):
        self.base, self.place, self.processes = base, place, []
        self.certificates = Certificates(base / "tls")
        self.application = Application()
        try:
            self.lockbox = self.nginx(f"{LOOPBACK}:{place.lockbox.port}")
            self.port = self.apache(f"{LOOPBACK}:{self.lockbox}")
        except BaseException:
            self.stop()
            raise

    def run(self, what, folder, prepare, **names):
        port = free_port()
        folder.mkdir()
        command = prepare(folder, {
            "HTTPS_PORT": port, "HOST": LOOPBACK, "BIND": LOOPBACK, "CERTIFICATE": self.certificates.cert,
            "KEY": self.certificates.key, "AUTHORITY": self.certificates.ca, **names})
        process = Process(command, env={"HOME": str(folder), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, cwd=str(folder))
        self.processes.append(process)

        def up():
            process.require_running()
            return listening(port)

        wait_until(up, 15, f"{what} to listen")
        return port

    def nginx(self, lockbox):
        def prepare(folder, names):
            (folder / "lockbox.conf").write_text(fill((EXAMPLES / "proxy" / "nginx.conf").read_text(), names))
            (folder / "main.conf").write_text(NGINX)
            return ["nginx", "-p", folder, "-c", "main.conf"]

        return self.run("nginx", self.base / "nginx", prepare, LOCKBOX=lockbox)

    def apache(self, lockbox, secret=None):
        def prepare(folder, names):
            (folder / "lockbox.conf").write_text(fill((EXAMPLES / "forward-auth" / "apache.conf").read_text(), names))
            user = MailUser()
            (folder / "main.conf").write_text(APACHE + (f"User {user.name}\nGroup {user.group}\n" if user.drops else ""))
            return ["apache2", "-D", "FOREGROUND", "-d", folder, "-f", folder / "main.conf"]

        return self.run(
            "Apache", self.base / f"apache-{len(self.processes)}", prepare, LOCKBOX=lockbox, SERVICE="files", TYPE="folder",
            SECRET=secret or self.place.client_secret, APPLICATION=self.application.origin.removeprefix("http://"))

    def ask(self, token=None, method="GET", path="/plans/1?page=2", fields=None, body=None, port=None):
        fields = dict(fields or {})
        if token:
            fields["Authorization"] = f"Bearer {token}"
        connection = http.client.HTTPSConnection(
            LOOPBACK, port or self.port, timeout=30, context=ssl.create_default_context(cafile=self.certificates.ca))
        try:
            connection.request(method, path, body, fields)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()

    def stop(self):
        for process in reversed(self.processes):
            process.stop()
            secrets.said("what Apache or nginx logs", process.out.bytes + process.err.bytes)
        self.application.stop()


@pytest.fixture(scope="module")
def place():
    with Protected.running("apache") as there:
        yield there


@pytest.fixture(scope="module")
def front(place):
    scratch = Scratch("apache-front")
    there = None
    try:
        there = Front(scratch.path, place)
        yield there
    finally:
        if there:
            there.stop()
        scratch.remove()


def test_an_engineer_reads_while_she_may_and_the_application_hears_who_and_for_whom(place, front):
    request, token = place.access("read")
    assert front.ask() == 401 and front.ask("lbc_" + "0" * 64) == 401
    assert front.ask(place.credential(place.approved())["token"]) == 401, "another service's"
    assert not front.application.taken()
    assert front.ask(token) == 200 and front.ask(token, "HEAD") == 200
    for method, target, fields, _ in front.application.taken():
        fields = dict(fields)
        assert (method, target) in (("GET", "/plans/1?page=2"), ("HEAD", "/plans/1?page=2"))
        assert "Authorization" not in fields and token not in str(fields)
        assert [fields[f"X-Lockbox-{name}"] for name in CLAIMS] == [
            place.eve.request(request)["engineer"]["id"], "contoso", FOLDER, request, place.grant(request)["id"]]
        assert not any(name.lower().startswith("oidc") for name in fields)
    # Asked for each request: what is stopped is stopped for the next one.
    assert place.adam.post(f"/v1/requests/{request}/revoke").status == 200
    assert front.ask(token) == 401 and not front.application.taken()
    assert "access.used" in [item["activity"] for item in place.alan.audit("contoso", request=request)]


def test_who_may_read_does_not_write_and_who_may_write_writes(place, front):
    _, reads = place.access("read")
    _, writes = place.access("read", "write")
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
               "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    for method, fields in (("POST", {}), ("PUT", {}), ("DELETE", {}), ("PATCH", {}), ("PROPFIND", {}), ("GET", upgrade)):
        assert front.ask(reads, method, fields=fields, body="x" if method != "GET" else None) in (401, 403), method
        assert not front.application.taken(), method
    assert front.ask(writes, "PUT", body="new plans") == 200 and front.ask(writes) == 200
    assert [asked[0] for asked in front.application.taken()] == ["PUT", "GET"]


def test_what_a_client_forges_never_reaches_the_application(place, front):
    _, token = place.access("read")
    written = [f"X{first}Lockbox{second}Tenant" for first, second in itertools.product("-_", repeat=2)]
    written += ["x-lockbox-grant", "X_LOCKBOX_NOT_AFTER", "X-Lockbox-Anything", "X-Lockbox", "OIDC_CLAIM_tenant",
                "OIDC-CLAIM-sub", "X-HTTP-Method-Override", "X_HTTP_Method_Override", "X-Method-Override", "X-HTTP-Method",
                "X-Original-Method", "X-Forwarded-Method", "X.Lockbox.Tenant", "X~Lockbox-Grant",
                "X.HTTP.Method.Override"]
    for name in written:
        status = front.ask(token, fields={name: "forged"})
        assert status == 403 and not front.application.taken(), (name, status)
        # Without a value it says nothing.
        assert front.ask(token, fields={name: ""}) == 200, name
        *_, fields, _ = front.application.taken()[0]
        assert [dict(fields)[f"X-Lockbox-{claim}"] for claim in CLAIMS[1:3]] == ["contoso", FOLDER], (name, fields)
        assert not any(field.replace("_", "-").lower() == "x-lockbox-tenant" and not value for field, value in fields)
    # A client that would have a field taken out.
    for hidden in ("X-Lockbox-Tenant", "x-lockbox-grant", "Authorization"):
        assert front.ask(token, fields={"Connection": f"close, {hidden}"}) == 403 and not front.application.taken()
    for where in (f"?access_token={token}", ""):
        body = f"access_token={token}" if not where else None
        assert front.ask(method="POST" if body else "GET", path=f"/{where}", body=body, fields={
            "Content-Type": "application/x-www-form-urlencoded", "Cookie": f"mod_auth_openidc_session={token}"}) == 401
    assert not front.application.taken()


def test_at_the_end_it_is_over(place, front):
    request, token = place.access("read", duration="PT6S")
    assert front.ask(token) == 200
    front.application.taken()
    time.sleep(max(0, seconds(place.grant(request)["end"]) - time.time()))
    assert front.ask(token) == 401 and not front.application.taken()


def test_without_a_yes_of_lockbox_nobody_is_let_in(place, front):
    _, token = place.access("read")
    problem = json.dumps({"type": "about:blank", "status": 500}).encode()
    pretender = Pretender(front.certificates)
    try:
        port = front.apache(pretender.address)
        for says in ((500, "text/plain", b""), (500, "application/problem+json", problem), (503, "application/json", b"{}"),
                     (200, "text/html", b"<html>"), (200, "application/json", b"{}"), (404, "text/plain", b"no"),
                     (200, "application/json", b'{"active":false}'), (200, "application/json", b'{"active":true}'), None):
            pretender.says, before = says, pretender.asked
            began = time.monotonic()
            assert front.ask(token, port=port) in (401, 403, 500), says
            assert time.monotonic() - began < 20 and pretender.asked > before, says
            assert not front.application.taken(), says
    finally:
        pretender.stop()
    # Nobody there, another certificate than its authority's, another secret, and Lockbox stopped.
    assert front.ask(token, port=front.apache(f"{LOOPBACK}:{free_port()}")) in (401, 500)
    stranger = Scratch("stranger")
    try:
        pretender = Pretender(Certificates(stranger.path / "tls"))
        try:
            assert front.ask(token, port=front.apache(pretender.address)) in (401, 500) and not pretender.asked
        finally:
            pretender.stop()
    finally:
        stranger.remove()
    assert front.ask(token, port=front.apache(f"{LOOPBACK}:{front.lockbox}", secrets.new("wrong secret"))) in (401, 500)
    assert front.ask(token) == 200 and len(front.application.taken()) == 1
    place.lockbox.stop()
    try:
        assert front.ask(token) in (401, 500)
    finally:
        place.lockbox.start()
    assert not front.application.taken()
    assert front.ask(token) == 200
