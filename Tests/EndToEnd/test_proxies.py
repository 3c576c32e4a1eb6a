"""The proxies of Examples/proxy in front of a server: TLS, who the client is, and answers that last."""

import http.client
import ssl
import time

import pytest

from lockbox_rig.dovecot import fill
from lockbox_rig.machine import LOOPBACK, REPOSITORY, Process, Scratch, free_port, listening, wait_until
from lockbox_rig.portal import Visitor
from lockbox_rig.proxies import CADDY, NGINX
from lockbox_rig.smtp import Certificates

GITA = "gita@contoso.test"
EXAMPLES = REPOSITORY / "Examples" / "proxy"


class TLSVisitor(Visitor):
    """Comes over TLS from an address of its own."""

    def __init__(self, port, ca, source):
        super().__init__(port, f"https://{LOOPBACK}:{port}")
        self.ca, self.source = ca, source

    def connect(self):
        context = ssl.create_default_context(cafile=self.ca)
        return http.client.HTTPSConnection(
            LOOPBACK, self.port, timeout=20, context=context, source_address=(self.source, 0))


def command(kind, folder, values):
    """Writes the example with its values, and gives what starts the proxy with it."""
    def write(name, example, before=""):
        (folder / name).write_text(before + fill((EXAMPLES / example).read_text(), values))

    if kind == "nginx":
        write("lockbox.conf", "nginx.conf")
        (folder / "main.conf").write_text(NGINX)
        return ["nginx", "-p", folder, "-c", "main.conf"]
    if kind == "haproxy":
        write("haproxy.cfg", "haproxy.cfg")
        return ["haproxy", "-db", "-f", folder / "haproxy.cfg"]
    write("Caddyfile", "Caddyfile", CADDY)
    return ["caddy", "run", "--adapter", "caddyfile", "--config", folder / "Caddyfile"]


@pytest.fixture(params=["nginx", "haproxy", "caddy"])
def proxied(request, install):
    port, scratch = free_port(), Scratch("proxy")
    lockbox = install(publicURL=f"https://{LOOPBACK}:{port}", trustedProxies=[LOOPBACK])
    lockbox.apply()
    lockbox.start()
    certificates = Certificates(scratch.path / "tls")
    both = scratch.path / "both.pem"
    both.write_text(certificates.cert.read_text() + certificates.key.read_text())
    process = Process(command(request.param, scratch.path, {
        "HTTPS_PORT": port, "HOST": LOOPBACK, "LOCKBOX": f"{LOOPBACK}:{lockbox.port}",
        "CERTIFICATE": certificates.cert, "KEY": certificates.key, "CERTIFICATE_AND_KEY": both,
    }), env={"HOME": str(scratch.path), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, cwd=str(scratch.path))
    try:
        def up():
            process.require_running()
            return listening(port)

        wait_until(up, 15, f"{request.param} to listen")
        yield lockbox, lambda source: TLSVisitor(port, certificates.ca, source)
    finally:
        process.stop()
        scratch.remove()


def test_behind_each_proxy_people_come_in_and_their_pages_are_live(proxied):
    lockbox, visitor = proxied
    sue = lockbox.api("sue")  # The console makes no token once an administrator has signed in.
    gita = visitor("127.0.0.2")
    assert gita.get("/sign-in").status == 200
    page = gita.post("/sign-in", {"email": GITA, "password": lockbox.password(GITA), "next": "/"})
    assert page.status == 303, page
    assert any(cookie.startswith("__Host-lockbox=") and "; Secure" in cookie for cookie in page.cookies), page.cookies
    assert gita.get("/people").status == 200
    live = gita.live()
    try:
        assert [what for _, what in live.read(3)][:1] == ["changed"], "the stream begins at once"
        began = time.monotonic()
        sue.open_support_request("contoso", "The archive is empty")
        wait_until(lambda: "changed" in [what for _, what in live.read(1)], 10, "the change on the open page")
        assert time.monotonic() - began < 10
    finally:
        live.close()
    large = gita.send("POST", "/sign-in", "x" * 200_000, {"Content-Type": "application/x-www-form-urlencoded"})
    assert large.status == 413 and "Lockbox" in large.text, large
    assert gita.get("/metrics").status == 404


def test_behind_each_proxy_a_guesser_is_known_by_his_address_whatever_he_says(proxied):
    lockbox, visitor = proxied
    password = lockbox.password(GITA)

    def attempt(source, password, number=0):
        return visitor(source).post(
            "/sign-in", {"email": GITA, "password": password}, X_Forwarded_For=f"198.51.100.{number}",
            Forwarded=f"for=203.0.113.{number}")

    for number in range(10):
        assert attempt("127.0.0.3", "guess", number).status == 422
    held = attempt("127.0.0.3", password)
    assert held.status == 422 and not held.cookies, held
    assert attempt("127.0.0.4", password).status == 303
