"""The proxies of Examples/forward-auth in front of an application that knows nothing of Lockbox."""

import base64
import http.client
import http.server
import itertools
import os
import pathlib
import socket
import ssl
import threading

import pytest

from lockbox_rig import secrets
from lockbox_rig.api import API
from lockbox_rig.dovecot import fill
from lockbox_rig.machine import LOOPBACK, REPOSITORY, Process, Scratch, free_port, wait_until
from lockbox_rig.place import Place
from lockbox_rig.proxies import CADDY, NGINX
from lockbox_rig.smtp import Certificates

EXAMPLES = REPOSITORY / "Examples" / "forward-auth"
FOLDER = "folder:plans"


class Application:
    """Answers every request, and keeps what it was asked."""

    def __init__(self):
        asked = self.asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                asked.append((self.command, self.path, self.headers))
                self.send_response(200)
                self.send_header("Content-Length", "5")
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(b"plans")

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_PROPFIND = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self.server.daemon_threads = True
        self.address = f"{LOOPBACK}:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class Protected(Place):
    """A server with a folder behind a proxy, and access to it."""

    def __init__(self, base):
        self.client_secret = secrets.new("introspection secret of the proxy")
        (base / "files").write_text(self.client_secret + "\n")
        (base / "files").chmod(0o600)

        def adjust(directory):
            directory.content["services"].append(
                {"id": "files", "kind": "http", "resources": "folder",
                 "introspection": {"clientID": "files", "clientSecretFile": str(base / "files")}})
            directory.tenant("contoso")["resources"] = [{"service": "files", "id": FOLDER}]

        super().__init__(base, adjust=adjust)

    @property
    def client(self):
        return base64.b64encode(f"files:{self.client_secret}".encode()).decode()

    def access(self, *actions, duration="PT1H"):
        asked = self.eve.submit(
            "contoso", self.support, [{"service": "files", "id": FOLDER, "actions": list(actions)}], duration=duration)
        assert asked.status == 201, asked
        request = self.decided(asked.json["id"])
        return request, self.credential(request)["token"]

    def authz(self, path="/authz/files", method="GET", body=None, **headers):
        """What a proxy asks."""
        fields = {"Lockbox-Client-Authorization": f"Basic {self.client}", **headers}
        return API(self.lockbox.port).send(
            method, path, body, {name.replace("_", "-"): value for name, value in fields.items() if value is not None})


@pytest.fixture(scope="module")
def place():
    with Protected.running("forward-auth") as there:
        yield there


def example(name, names):
    return fill((EXAMPLES / name).read_text(), names)


def nginx(folder, names):
    (folder / "lockbox.conf").write_text(example("nginx.conf", names))
    (folder / "main.conf").write_text(NGINX)
    return ["nginx", "-p", folder, "-c", "main.conf"]


def caddy(folder, names):
    (folder / "Caddyfile").write_text(CADDY + example("Caddyfile", names))
    return ["caddy", "run", "--adapter", "caddyfile", "--config", folder / "Caddyfile"]


def haproxy(folder, names):
    both = folder / "both.pem"
    both.write_bytes(b"".join(pathlib.Path(names[part]).read_bytes() for part in ("CERTIFICATE", "KEY")))
    (folder / "lockbox.lua").write_text(example("lockbox.lua", names))
    (folder / "haproxy.cfg").write_text(example("haproxy.cfg", {**names, "CERTIFICATE": both}))
    return ["haproxy", "-db", "-f", folder / "haproxy.cfg"]


def envoy(folder, names):
    (folder / "envoy.yaml").write_text(example("envoy.yaml", names))
    return [ENVOY, "-c", folder / "envoy.yaml", "--concurrency", "1", "--disable-hot-restart", "-l", "error"]


def traefik(folder, names):
    for name in ("traefik.yaml", "traefik-lockbox.yaml"):
        (folder / name).write_text(example(name, names))
    return [TRAEFIK, f"--configFile={folder / 'traefik.yaml'}"]


# Debian has neither Envoy nor Traefik: `make e2e-proxies` installs and names them.
ENVOY, TRAEFIK = os.environ.get("ENVOY"), os.environ.get("TRAEFIK")
PROXIES = {"nginx": nginx, "caddy": caddy, "haproxy": haproxy} | ({"envoy": envoy} if ENVOY else {}) | (
    {"traefik": traefik} if TRAEFIK else {})
FIELDS = ("Decision", "Grant", "Request", "Actor", "Tenant", "Resource", "Actions", "Not-After", "Reason")


def written(name, marks):
    """The ways to write a field's name that some applications take for the same."""
    first, *parts = name.split("-")
    for between in itertools.product(marks, repeat=len(parts)):
        yield first + "".join(mark + part for mark, part in zip(between, parts))


@pytest.fixture(scope="module", params=PROXIES)
def proxy(request, place):
    scratch, application = Scratch("forward-proxy"), Application()
    certificates = Certificates(scratch.path / "tls")
    made = []

    def start(service="files", lockbox=None):
        port = free_port()
        folder = scratch.path / str(port)
        folder.mkdir()
        names = {
            "HTTPS_PORT": port, "HOST": LOOPBACK, "BIND": LOOPBACK, "APPLICATION": application.address,
            "SERVICE": service, "LOCKBOX": lockbox or f"{LOOPBACK}:{place.lockbox.port}", "CLIENT": place.client,
            "CERTIFICATE": certificates.cert, "KEY": certificates.key, "FOLDER": folder, "INSIDE_PORT": free_port()}
        for name in ("LOCKBOX", "APPLICATION"):
            names[f"{name}_HOST"], names[f"{name}_PORT"] = names[name].split(":")
        command = PROXIES[request.param](folder, names)
        process = Process(
            command, env={"HOME": str(folder), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, cwd=str(folder))
        made.append(process)

        def up():
            process.require_running()
            try:
                # Traefik listens before it has its certificate.
                with socket.create_connection((LOOPBACK, port), timeout=5) as wire, ssl.create_default_context(
                        cafile=certificates.ca).wrap_socket(wire, server_hostname=LOOPBACK):
                    return True
            except OSError:
                return False

        wait_until(up, 15, f"{request.param} to listen")

        def ask(method="GET", path="/plans/1?page=2", token=None, body=None, raw=None, **headers):
            fields = {name.replace("_", "-"): value for name, value in headers.items()} | (raw or {})
            if token:
                fields["Authorization"] = f"Bearer {token}"
            connection = http.client.HTTPSConnection(
                LOOPBACK, port, timeout=30, context=ssl.create_default_context(cafile=certificates.ca))
            try:
                connection.request(method, path, body, fields)
                answer = connection.getresponse()
                answer.read()
                return answer
            finally:
                connection.close()

        ask.proxy = request.param
        return ask

    try:
        yield start, application
    finally:
        for process in made:
            process.stop()
        application.stop()
        scratch.remove()


def test_an_engineer_reads_while_she_may_and_not_after(place, proxy):
    start, application = proxy
    ask = start()
    request, token = place.access("read")
    for attempt in (ask(), ask(token="lbc_" + "0" * 64)):
        assert attempt.status == 401
        assert attempt.getheader("WWW-Authenticate").startswith('Bearer realm="lockbox"')
    assert not application.asked
    forged = {f"X_Lockbox_{name.replace('-', '_')}": "forged" for name in FIELDS}
    assert ask(token=token, **forged).status == 200
    method, path, headers = application.asked.pop()
    assert (method, path) == ("GET", "/plans/1?page=2")
    assert "Authorization" not in headers and "Lockbox-Client-Authorization" not in headers
    assert headers["X-Lockbox-Tenant"] == "contoso" and headers["X-Lockbox-Resource"] == FOLDER
    assert headers["X-Lockbox-Actions"] == "read" and headers["X-Lockbox-Decision"] == "allow"
    assert headers["X-Lockbox-Request"] == request and headers["X-Lockbox-Not-After"].endswith("Z")
    assert "forged" not in headers.values()
    if ask(token=token, X_Original_Method="DELETE", X_Forwarded_Method="DELETE").status == 200:
        assert "DELETE" not in application.asked.pop()[2].values()
    # The same for applications that read a low line as a hyphen, and for a client that would have a field taken out.
    tricks = {"X_Lockbox_Tenant": "forged", "X-Lockbox_Actor": "forged", "Connection": "close, X-Lockbox-Tenant"}
    assert ask(token=token, raw=tricks).status == 200
    *_, headers = application.asked.pop()
    assert "forged" not in headers.values() and headers["X-Lockbox-Tenant"] == "contoso", headers
    assert ask(token=token, raw={"X_HTTP_Method_Override": "DELETE"}).status in (200, 403)
    assert not application.asked or not any("override" in name.lower() for name in application.asked.pop()[2])
    # Traefik takes out what is named, and names have no end.
    marks = "-_" if ask.proxy == "traefik" else "-_.~"
    for name in [f"X-Lockbox-{name}" for name in FIELDS] + ["X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"]:
        for value in ("forged", ""):
            assert ask(token=token, raw={way: value for way in written(name, marks)}).status in (200, 403), name
            for *_, headers in application.asked:
                assert "forged" not in headers.values(), (name, headers)
                assert not any("Method" in name or set("_.~") & set(name) for name in headers), (name, headers)
                assert headers["X-Lockbox-Tenant"] == "contoso" and headers["X-Lockbox-Decision"] == "allow"
            application.asked.clear()
    for method in ("POST", "PUT", "DELETE", "PATCH", "PROPFIND"):
        assert ask(method, token=token, body="x").status == 403, method
    # What lacks the other fields of a WebSocket is refused as such, or as writing, or goes on as an ordinary request.
    status = ask("GET", token=token, Upgrade="websocket", Connection="Upgrade").status
    assert status in (400, 403) or "Upgrade" not in application.asked.pop()[2]
    whole = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
             "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    assert ask("GET", token=token, raw=whole).status == 403 or "Upgrade" not in application.asked.pop()[2]
    # A client that would have a reading method taken for another, and the other way round.
    assert ask("GET", token=token, X_HTTP_Method_Override="DELETE").status == 403
    assert ask("POST", token=token, X_Original_Method="GET", X_Forwarded_Method="GET").status == 403
    assert not application.asked
    assert place.adam.post(f"/v1/requests/{request}/revoke").status == 200
    assert ask(token=token).status == 401
    assert not application.asked
    activities = [item["activity"] for item in place.alan.audit("contoso", request=request)]
    assert "access.used" in activities


def test_who_may_write_writes(place, proxy):
    start, application = proxy
    ask = start()
    _, token = place.access("read", "write")
    assert ask("PUT", token=token, body="new plans").status == 200
    assert ask("GET", token=token).status == 200
    assert [method for method, *_ in application.asked] == ["PUT", "GET"]
    application.asked.clear()


def test_the_customers_log_has_what_the_application_was_asked(place, proxy):
    start, application = proxy
    ask = start()
    request, token = place.access("read", "write")
    for method, path in (("GET", "/plans/1?page=2"), ("PUT", "/plans/%C3%A9?x=y%26z&next=/a//b"), ("GET", "/"),
                         ("HEAD", "/a;b=c")):
        forged = {"X-Original-URI": "/forged", "X-Forwarded-Uri": "/forged", "X_Original_URI": "/forged"}
        assert ask(method, path, token, raw=forged).status == 200
    assert place.adam.post(f"/v1/requests/{request}/revoke").status == 200
    done = [operation for record in place.alan.audit("contoso", request=request, activity="access.operations")
            for operation in place.alan.operations("contoso", record["index"])]
    asked = [(method, path) for method, path, _ in application.asked]
    application.asked.clear()
    assert [(operation["method"], operation["path"]) for operation in sorted(done, key=lambda one: one["at"])] == asked
    totals = place.adam.get(f"/v1/requests/{request}").json["grant"]["operations"]
    assert sum(total["reads"] for total in totals) == 3 and sum(total["writes"] for total in totals) == 1


def test_a_mistyped_address_or_a_server_that_is_away_lets_nobody_in(place, proxy):
    start, application = proxy
    _, token = place.access("read", "write")
    for wrong in ({"service": "mail"}, {"service": "nothing"}, {"service": "../healthz"},
                  {"lockbox": f"{LOOPBACK}:{free_port()}"}):
        answer = start(**wrong)(token=token)
        assert answer.status != 200 or answer.getheader("X-Lockbox-Decision") is None, wrong
        assert not application.asked, wrong


def test_the_answer_is_yes_or_no_whatever_is_asked(place):
    _, token = place.access("read")
    bearer = f"Bearer {token}"
    assert place.authz(Authorization=bearer).status == 200
    assert place.authz("/authz/files/plans/1?page=2", Authorization=bearer).status == 200
    for status, how in (
            (401, {}),
            (401, {"Authorization": "Basic eDp5"}),
            (403, {"Authorization": bearer, "Lockbox-Client-Authorization": None}),
            (403, {"Authorization": bearer, "Lockbox-Client-Authorization": "Basic eDp5"}),
            (403, {"path": "/authz", "Authorization": bearer}),
            (403, {"path": "/authz/", "Authorization": bearer}),
            (403, {"path": "/authz/mail", "Authorization": bearer}),
            (403, {"path": "/authz/%66iles", "Authorization": bearer}),
            (403, {"method": "POST", "body": "x" * 64_000, "Authorization": bearer}),
            (403, {"method": "PROPFIND", "Authorization": bearer}),
            (200, {"method": "OPTIONS", "Authorization": bearer})):
        answer = place.authz(**how)
        assert answer.status == status, (how, answer)
        assert (answer.headers.get("x-lockbox-decision") == "allow") == (status == 200), how
    for _ in range(300):
        assert place.authz(Authorization="Bearer wrong").status == 401


def test_what_cannot_be_recorded_is_not_let_through(place):
    _, token = place.access("read")
    with place.locked():
        answer = place.authz(Authorization=f"Bearer {token}")
        assert answer.status == 403 and "x-lockbox-decision" not in answer.headers, answer
    assert place.authz(Authorization=f"Bearer {token}").status == 200
