"""An application behind the gateway in a browser: who is let in, with what, and what the application can verify."""

import base64
import contextlib
import http.client
import os
import re
import socket
import urllib.parse

import pytest
from joserfc import jwt
from joserfc.errors import InvalidClaimError
from joserfc.jwk import KeySet

from lockbox_rig import secrets
from lockbox_rig.application import Application
from lockbox_rig.machine import LOOPBACK, free_port, listening, wait_until
from lockbox_rig.place import Place
from lockbox_rig.portal import Visitor

PLANS = "app:plans"
COOKIE = "__Host-lockbox-access"
# A generous bound for what takes milliseconds: machines are busy.
SOON = 30


class Opened(Place):
    """A server with two applications that browsers open, `app` and `other`; to a browser the first is another site than
    the portal."""

    def __init__(self, base, **settings):
        self.application, self.other_application = Application(), Application()
        self.gate, self.other_gate = free_port(), free_port()
        self.address = f"http://localhost:{self.gate}"

        def adjust(directory):
            for name, port, application in (
                    ("app", self.gate, self.application), ("other", self.other_gate, self.other_application)):
                directory.content["services"].append(
                    {"id": name, "kind": "http", "resources": "app", "address": f"http://localhost:{port}",
                     "gateway": {"listen": f"{LOOPBACK}:{port}", "upstream": application.origin}})
            directory.tenant("contoso")["resources"] = [
                {"service": "app", "id": PLANS}, {"service": "other", "id": PLANS}]

        try:
            super().__init__(base, adjust=adjust, **settings)
            self.start_gateways()
            wait_until(lambda: listening(self.gate) and listening(self.other_gate), SOON, "gateways to listen")
            self.visitors = {name: self.visitor(name) for name in ("eve", "ed")}
        except BaseException:
            self.application.stop()
            self.other_application.stop()
            raise

    def start_gateways(self):
        """They are in the server."""

    def stop(self):
        super().stop()
        self.application.stop()
        self.other_application.stop()

    def email(self, name):
        return self.lockbox.directory.people[name]

    def visitor(self, name):
        password = self.lockbox.password(self.email(name))
        getattr(self, name).token = self.lockbox.token(self.email(name))
        return Visitor(self.lockbox.port).sign_in(self.email(name), password)

    def access(self, *actions, service="app", duration="PT1H"):
        asked = self.eve.submit(
            "contoso", self.support, [{"service": service, "id": PLANS, "actions": list(actions)}], duration=duration)
        assert asked.status == 201, asked
        return self.decided(asked.json["id"])

    def stopped(self, request):
        assert self.adam.post(f"/v1/requests/{request}/revoke").status == 200

    def press_open(self, request, service="app", who="eve"):
        """What the portal answers when somebody opens the service."""
        visitor = self.visitors[who]
        return visitor.post(f"/requests/{request}/open", {"csrf": visitor.csrf, "service": service, "resource": PLANS})

    def code(self, request, service="app"):
        page = self.press_open(request, service)
        assert page.status == 200, page
        return secrets.register(re.search(r'name="code" value="(lbc_[0-9a-f]{64})"', page.text)[1], "one-time code")

    def send(self, method, path, body=None, headers=(), port=None):
        """Sends exactly these fields beside `Host`, which may be one of them."""
        connection = http.client.HTTPConnection(LOOPBACK, port or self.gate, timeout=SOON)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            if not any(name == "Host" for name, _ in headers):
                headers = [("Host", f"localhost:{port or self.gate}"), *headers]
            if body is not None:
                headers = [*headers, ("Content-Length", str(len(body)))]
            for name, value in headers:
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            answer.content = answer.read().decode()
            return answer
        finally:
            connection.close()

    def show(self, code, origin=None, port=None, headers=(), path="/.lockbox/open"):
        body = urllib.parse.urlencode({"code": code}).encode()
        sender = [("Origin", origin or self.lockbox.url)] if origin is not False else []
        return self.send("POST", path, body, [
            *sender, ("Content-Type", "application/x-www-form-urlencoded"), *headers], port)

    def let_in(self, request, service="app"):
        """The secret of a browser that is let in."""
        answer = self.show(self.code(request, service), port={"app": self.gate, "other": self.other_gate}[service])
        assert answer.status == 303 and answer.getheader("Location") == "/", answer.content
        [cookie] = answer.headers.get_all("Set-Cookie")
        found = re.fullmatch(COOKIE + r"=(lbc_[0-9a-f]{64}); Secure; HttpOnly; SameSite=Lax; Path=/", cookie)
        return secrets.register(found[1], "secret of a browser")

    def ask(self, secret, method="GET", path="/plans", body=None, headers=(), **how):
        return self.send(method, path, body, [("Cookie", f"{COOKIE}={secret}"), *headers], **how)


@pytest.fixture(scope="module")
def place():
    with Opened.running("open") as there:
        yield there


@pytest.fixture(scope="module")
def writer(place):
    """A request whose access allows everything, and a browser that is let in with it."""
    request = place.access("read", "write")
    return request, place.let_in(request)


def test_an_engineer_opens_the_application_from_the_portal(place, open_browser):
    request = place.access("read", "write")
    eve = open_browser(place.lockbox.url)
    eve.sign_in(place.email("eve"), place.lockbox.passwords[place.email("eve")], next=f"/requests/{request}")
    with eve.context.expect_page() as opened:
        eve.press("Open the app plans in a new tab")
    application = opened.value
    application.get_by_role("heading", name="Plans").wait_for()
    assert application.url == f"{place.address}/"
    application.get_by_label("Note").fill("checked")
    application.get_by_role("button", name="Save").click()
    application.get_by_role("heading", name="Saved").wait_for()
    asked = place.application.taken()
    assert [(method, target) for method, target, *_ in asked] == [("GET", "/"), ("POST", "/notes")]
    assert asked[1][3] == b"note=checked"
    assert [value for name, value in asked[1][2] if name.lower() == "cookie"] == ["theme=dark"]
    [cookie] = [cookie for cookie in eve.context.cookies(place.address) if cookie["name"] == COOKIE]
    secrets.register(cookie["value"], "secret of a browser")
    assert cookie["httpOnly"] and cookie["secure"] and cookie["sameSite"] == "Lax" and cookie["expires"] == -1
    application.goto(f"{place.address}/.lockbox/")
    assert request in application.locator("main").inner_text()

    place.stopped(request)
    application.goto(f"{place.address}/")
    assert "Your access has ended" in application.locator("main").inner_text()
    application.get_by_role("link", name="Go to the Lockbox portal").click()
    application.wait_for_url(f"{place.lockbox.url}/**")
    assert not place.application.taken()
    eve.forgive(rf"asks another host: {place.address}/")
    [record] = place.alan.audit("contoso", request=request, activity="access.operations")
    assert [(done["method"], done["path"]) for done in place.alan.operations("contoso", record["index"])] == [
        ("GET", "/"), ("POST", "/notes")]


def test_without_the_script_the_button_leads_to_the_application(place, open_browser):
    request = place.access("read")
    eve = open_browser(place.lockbox.url, script=False)
    eve.sign_in(place.email("eve"), place.lockbox.passwords[place.email("eve")], next=f"/requests/{request}")
    eve.press("Get a credential for the app plans")
    secrets.register(eve.page.get_by_label("Token").input_value(), "credential")
    with eve.context.expect_page() as opened:
        eve.press("Open the app plans in a new tab")
    opened.value.get_by_role("button", name="Open app").click()
    opened.value.get_by_role("heading", name="Plans").wait_for()
    eve.forgive(rf"asks another host: {place.address}/")
    place.application.taken()


def test_a_code_is_good_once_at_its_own_service_and_from_the_portal_alone(place):
    request = place.access("read", service="app")
    code = place.code(request)
    for origin in (False, "null", place.address, "https://evil.test"):
        assert place.show(code, origin=origin).status == 403, origin
    assert place.show(code, headers=[("Host", "evil.test")]).status == 421
    assert place.show(code, headers=[("Host", f"{LOOPBACK}:{place.gate}")]).status == 421
    assert place.send("GET", f"/.lockbox/open?code={code}").status == 400
    assert place.show("", path=f"/.lockbox/open?code={code}").status == 400
    assert place.show(code).status == 303
    replayed = place.show(code, headers=[("Accept", "text/html")])
    assert replayed.status == 403 and "does not open anything any more" in replayed.content
    assert replayed.getheader("Set-Cookie") is None
    # At another service it opens nothing, and then nothing at its own either.
    code = place.code(request)
    assert place.show(code, port=place.other_gate).status == 403
    assert place.show(code).status == 403
    for wrong in ("", "lbc_" + "0" * 64, "x" * 5000):
        assert place.show(wrong).status in (403, 413), wrong
    assert not place.application.taken() and not place.other_application.taken()


def test_only_the_engineer_of_an_open_access_opens_it(place):
    request = place.access("read")
    assert place.press_open(request, who="ed").status in (403, 404)
    assert place.press_open(request, service="mail").status == 422
    code = place.code(request)
    place.stopped(request)
    assert place.press_open(request).status == 409
    # A code that was given before opens nothing either.
    assert place.show(code).status == 403
    assert not place.application.taken()


def test_what_a_browser_shows_is_not_the_applications(place, writer):
    secret = writer[1]
    answer = place.send("GET", "/plans", headers=[
        ("Cookie", f"a=1; {COOKIE}={secret};b=2; lockbox=forged"), ("Accept", "text/html"),
        ("Cookie", "__host-LOCKBOX-device=forged; c=3"), ("Cookie", "__Host-lockbox=forged")])
    assert answer.status == 200
    assert answer.headers.get_all("Set-Cookie") == ["theme=dark; Path=/"]
    [(_, _, fields, _)] = place.application.taken()
    assert [value for name, value in fields if name.lower() == "cookie"] == ["a=1; b=2", "c=3"]
    assert secret not in str(fields) and "forged" not in str(fields)
    assert ("X-Lockbox-Request", writer[0]) in fields


@pytest.mark.parametrize("shown, status", [
    ([], 403), ([("Origin", "null")], 403), ([("Origin", "https://evil.test")], 403),
    ([("Sec-Fetch-Site", "cross-site")], 403), ([("Sec-Fetch-Site", "same-site")], 403),
    ([("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "cross-site")], 403),
    ([("Sec-Fetch-Site", "same-origin")], 200), ([("Sec-Fetch-Site", "none")], 200), ("own origin", 200),
    ("two origins", 403), ("own origin, but cross-site", 403)])
def test_another_sites_page_changes_nothing_with_the_cookie(place, writer, shown, status):
    own = ("Origin", place.address)
    shown = {"own origin": [own], "two origins": [own, ("Origin", "https://evil.test")],
             "own origin, but cross-site": [own, ("Sec-Fetch-Site", "cross-site")]}.get(str(shown), shown)
    answer = place.ask(writer[1], "POST", body=b"x", headers=shown)
    assert answer.status == status, answer.content
    upgrade = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
               ("Sec-WebSocket-Key", base64.b64encode(os.urandom(16)).decode()), *shown]
    if status == 403:
        assert place.ask(writer[1], path="/socket", headers=upgrade).status == 403
        assert place.ask(writer[1], "POST", "/.lockbox/close", b"", shown).status == 403
        assert "crossSite" in answer.content
    assert len(place.application.taken()) == (1 if status == 200 else 0)
    # Reading is the application's own affair.
    assert place.ask(writer[1], headers=shown).status == 200
    place.application.taken()


def test_a_cookie_that_is_not_the_one_of_this_browser_here_lets_nobody_in(place, writer):
    request, secret = writer
    token = place.credential(request)["token"]
    assert place.ask(token).status == 401
    assert place.ask("lbc_" + "0" * 64).status == 401
    assert place.ask("").status == 401
    assert place.send("GET", "/plans", headers=[("Authorization", f"Bearer {secret}")]).status == 401
    assert place.send("GET", f"/plans?{COOKIE}={secret}").status == 400
    assert place.ask(secret, port=place.other_gate).status == 401
    assert place.ask(secret, headers=[("Host", "rebound.test")]).status == 421
    for lines in ([("Authorization", f"Bearer {token}")], [("Authorization", "Basic eDp4")],
                  [("Cookie", f"{COOKIE}={secret}")], [("Cookie", f"{COOKIE}=lbc_{'0' * 64}")]):
        answer = place.ask(secret, headers=lines)
        assert answer.status == 400 and "twoCredentials" in answer.content
    assert not place.application.taken() and not place.other_application.taken()


def test_pages_of_the_gateway_are_never_the_applications(place, writer):
    for method, path, status in (
            ("GET", "/.lockbox/open", 405), ("GET", "/.lockbox/x", 404), ("GET", "/.lockbox", 404),
            ("GET", "/x/../.lockbox/", 200), ("POST", "/.lockbox/", 405), ("GET", "/.lockbox/?x", 200)):
        answer = place.ask(writer[1], method, path, headers=[("Sec-Fetch-Site", "same-origin")])
        assert answer.status == status, (method, path, answer.content)
        assert "no-store" in answer.getheader("Cache-Control") and answer.getheader("Content-Security-Policy")
    unknown = place.send("GET", "/", headers=[("Accept", "text/html,*/*")])
    assert unknown.status == 401 and "Open the service from the Lockbox portal" in unknown.content
    assert place.lockbox.url in unknown.content
    assert not place.application.taken()


def test_closing_lets_the_browser_in_no_more_and_cuts_what_goes_on(place):
    request = place.access("read", "write")
    secret, another = place.let_in(request), place.let_in(request)
    key = base64.b64encode(os.urandom(16)).decode()
    with socket.create_connection((LOOPBACK, place.gate), timeout=SOON) as going:
        going.sendall("\r\n".join([
            "GET /socket HTTP/1.1", f"Host: localhost:{place.gate}", f"Cookie: {COOKIE}={secret}",
            f"Origin: {place.address}", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {key}", "", ""]).encode())
        assert going.recv(4096).startswith(b"HTTP/1.1 101 ")
        closed = place.ask(secret, "POST", "/.lockbox/close", b"", [("Sec-Fetch-Site", "same-origin")])
        assert closed.status == 200 and f"{COOKIE}=; Max-Age=0;" in closed.getheader("Set-Cookie")
        with contextlib.suppress(ConnectionResetError):
            while going.recv(4096):
                pass
    assert place.ask(secret).status == 401
    assert place.ask(another).status == 200, "another browser of the same access"
    place.application.taken()


def test_a_restart_lets_every_browser_out_and_no_code_in_twice(place):
    request = place.access("read")
    used, unused = place.code(request), place.code(request)
    secret = secrets.register(re.search(r"=(lbc_\w+)", place.show(used).getheader("Set-Cookie"))[1], "secret of a browser")
    place.lockbox.stop()
    place.lockbox.start()
    wait_until(lambda: listening(place.gate), SOON, "the gateway to listen")
    assert place.ask(secret).status == 401 and place.show(used).status == 403
    assert place.show(unused).status == 303 and place.show(unused).status == 403
    assert place.ask(place.let_in(request)).status == 200, "the access itself goes on"
    place.application.taken()


def test_the_application_verifies_who_asks(place, writer):
    request, _ = writer
    token, secret = place.credential(request)["token"], place.let_in(request)
    bearer = [("Authorization", f"Bearer {token}")]
    for _ in range(2):
        assert place.send("GET", "/plans", headers=[*bearer, ("X-Lockbox-Assertion", "forged")]).status == 200
    assert place.ask(secret).status == 200
    shown = [[value for name, value in fields if name == "X-Lockbox-Assertion"]
             for _, _, fields, _ in place.application.taken()]
    assert [len(values) for values in shown] == [1, 1, 1] and shown[0] == shown[1]
    api = place.lockbox.api()
    keys = KeySet.import_key_set(api.get("/.well-known/jwks.json").json)
    grant = place.grant(request)
    for [assertion] in shown:
        secrets.register(assertion, "assertion")
        read = jwt.decode(assertion, keys, algorithms=["ES256"])
        registry = {"iss": {"essential": True, "value": place.lockbox.url}, "aud": {"essential": True, "value": "app"},
                    "exp": {"essential": True}, "iat": {"essential": True}, "sub": {"essential": True}}
        jwt.JWTClaimsRegistry(**registry).validate(read.claims)
        with pytest.raises(InvalidClaimError):
            jwt.JWTClaimsRegistry(**{**registry, "aud": {"essential": True, "value": "other"}}).validate(read.claims)
        assert read.header["typ"] == "lockbox-assertion+jwt"
        assert 0 < read.claims["exp"] - read.claims["iat"] <= 60
        assert read.claims["sub"] == place.eve.request(request)["engineer"]["id"]
        assert {name: read.claims[name] for name in ("grant", "request", "tenant", "resource", "name", "actions")} == {
            "grant": grant["id"], "request": request, "tenant": "contoso", "resource": PLANS, "name": "plans",
            "actions": ["read", "write"]}
        # Nothing takes it for a credential or an access token.
        assert place.send("GET", "/plans", headers=[("Authorization", f"Bearer {assertion}")]).status == 401
        refused = api.send("POST", "/oauth2/token", urllib.parse.urlencode({
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "subject_token": assertion,
            "subject_token_type": "urn:ietf:params:oauth:token-type:access_token"}),
            {"Content-Type": "application/x-www-form-urlencoded"})
        assert refused.status == 400
        assert place.introspect({"token": assertion}).json == {"active": False}
    assert not place.application.taken()
