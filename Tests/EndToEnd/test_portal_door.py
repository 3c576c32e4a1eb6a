"""The portal's door: signing in and out, sessions, whose forms are taken, and what every answer says to browsers."""

import concurrent.futures
import contextlib
import http.client
import http.server
import re
import socket
import threading
import urllib.parse

import pytest

from lockbox_rig import secrets
from lockbox_rig.directory import DirectoryFile
from lockbox_rig.lockboxd import Lockboxd
from lockbox_rig.clock import ShiftedClock
from lockbox_rig.machine import LOOPBACK, Scratch, free_port, wait_until
from lockbox_rig.portal import Visitor

ADAM, EVE, SUE, GITA = "adam@contoso.test", "eve@example-cloud.test", "sue@contoso.test", "gita@contoso.test"
WRONG = "The e-mail address or the password is wrong."


class Door:
    """An installation with a clock that can be moved; time only ever goes on in it."""

    def __init__(self):
        self.scratch = Scratch("door")
        self.clock = ShiftedClock(self.scratch.path)
        self.lockbox = Lockboxd(self.scratch.path / "lockbox", DirectoryFile(), clock=self.clock)
        self.lockbox.apply()
        for email in (ADAM, EVE, SUE, GITA):
            self.lockbox.password(email)
        self.url = self.lockbox.url
        self.lockbox.start()

    def stop(self):
        self.lockbox.stop()
        self.lockbox.remember_files()
        self.scratch.remove()

    def visitor(self, email=None):
        visitor = Visitor(self.lockbox.port)
        return visitor.sign_in(email, self.password(email)) if email else visitor

    def password(self, email):
        return self.lockbox.passwords[email]


@pytest.fixture(scope="module")
def door():
    door = Door()
    try:
        yield door
    finally:
        door.stop()


# Signing in

@pytest.mark.parametrize("who, name, size, colour, script", [
    (ADAM, "Adam Cole", "phone", "light", True), (EVE, "Eve Park", "wide", "dark", True),
    (SUE, "Sue Reyes", "phone", "dark", False), (EVE, "Eve Park", "wide", "light", False)])
def test_people_of_both_sides_come_in_and_go(door, open_browser, who, name, size, colour, script):
    profile = open_browser(door.url, size=size, colour=colour, script=script)
    profile.go("/")
    assert profile.path.startswith("/sign-in")
    profile.sign_in(who, "not her password")
    assert WRONG in profile.text()
    assert profile.page.get_by_label("E-mail address").input_value() == who, "what was typed is kept"
    assert profile.page.get_by_label("Password").input_value() == ""
    profile.page.wait_for_function("document.activeElement.name === 'password'")

    profile.page.get_by_label("Password").fill(door.password(who))
    profile.page.get_by_label("Password").press("Enter")
    profile.page.locator(".who", has_text=name).wait_for()
    assert not profile.path.startswith("/sign-in")

    profile.page.locator("details.account summary").click()
    profile.press("Sign out")
    assert "You are signed out." in profile.text()
    profile.page.go_back()
    profile.go("/")
    assert profile.path.startswith("/sign-in")


def test_whoever_signs_in_comes_to_the_page_that_was_asked_for(door, open_browser):
    profile = open_browser(door.url)
    profile.sign_in(ADAM, door.password(ADAM), next="/account?page=2")
    assert profile.path == "/account?page=2"


def test_wrong_address_wrong_password_and_no_password_are_one_answer(door):
    visitor = door.visitor()
    answers = [
        visitor.post("/sign-in", {"email": email, "password": password, "next": "/"}) for email, password in [
            (ADAM, "not his password"), ("nobody@contoso.test", "not his password"), ("no address", "x"),
            ("mark@example-cloud.test", "has no password"), (ADAM, ""), (ADAM, "x" * 5000)]]
    assert {answer.status for answer in answers} == {422}
    texts = {re.sub(r'(name="email" value)="[^"]*"', r'\1=""', answer.substance) for answer in answers}
    assert len(texts) == 1 and WRONG in answers[0].words
    assert not any(answer.cookies for answer in answers)


def test_a_guesser_is_not_told_when_he_is_held_off_and_holds_off_nobody_else(door):
    known, guesser = door.visitor(GITA), door.visitor()

    def attempt(password, visitor=guesser):
        return visitor.copy().post("/sign-in", {"email": GITA, "password": password})

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        wrong = list(pool.map(attempt, [f"guess {number}" for number in range(10)]))
    held = attempt(door.password(GITA))
    assert held.status == 422 and not held.cookies
    assert {answer.substance for answer in wrong} == {held.substance}
    # Her own browser is known by its long-lived cookie.
    assert attempt(door.password(GITA), known).status == 303
    door.clock.advance(minutes=15, seconds=1)
    assert attempt(door.password(GITA)).status == 303


def test_too_many_attempts_have_a_page_of_their_own(door, open_browser):
    """More passwords at once than the server compares, and then more than one address may get wrong."""
    profile = open_browser(door.url)
    profile.go("/sign-in")

    def attempt(number):
        visitor = door.visitor()
        return visitor.post("/sign-in", {"email": f"nobody{number}@contoso.test", "password": "guess"})

    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        answers = [answer.result() for answer in [pool.submit(attempt, number) for number in range(48)]]
    assert {answer.status for answer in answers} == {422, 429}
    away = next(answer for answer in answers if answer.status == 429)
    assert "Too many attempts" in away.words and not away.cookies
    assert int(away.headers["retry-after"]) >= 1
    # Thirty wrong ones, and the address has to wait, whatever it says. On a slow machine it may have one more by the time
    # that the browser asks.
    try:
        for number in range(48, 348):
            if attempt(number).status != 429:
                continue
            profile.page.get_by_label("E-mail address").fill("nobody@contoso.test")
            profile.page.get_by_label("Password").fill("guess")
            profile.press("Sign in")
            if "Too many attempts" in profile.text():
                break
        assert "Too many attempts" in profile.text()
        profile.check_reach()
    finally:
        door.clock.advance(minutes=2)


FOREIGN = [
    "//evil.test/", "/\\evil.test/", "https://evil.test/", "\\\\evil.test", "javascript:alert(1)", "evil.test",
    "/\t/evil.test", "/a\r\nSet-Cookie: lockbox=x", "/é", " //evil.test", "/\u0000"]


def test_sign_in_leads_to_pages_of_ours_only(door):
    visitor = door.visitor()
    for bad in FOREIGN:
        assert 'name="next" value=""' in visitor.get("/sign-in?" + urllib.parse.urlencode({"next": bad})).text, bad
    for given, leads_to in [("/account?tab=1&x=%20y", "/account?tab=1&x=%20y"), *[(bad, "/") for bad in FOREIGN[:3]],
                            (FOREIGN[7], "/")]:
        answer = visitor.post("/sign-in", {"email": ADAM, "password": door.password(ADAM), "next": given})
        assert (answer.status, answer.location, len(answer.cookies)) == (303, leads_to, 2), given


# Sessions

def test_after_signing_out_the_old_cookie_is_worth_nothing(door):
    visitor = door.visitor(ADAM)
    thief = visitor.copy()
    other = door.visitor(ADAM)
    assert thief.is_signed_in
    answer = visitor.post("/sign-out", {"csrf": visitor.csrf})
    assert (answer.status, answer.location) == (303, "/sign-in?done=signedOut")
    assert "Max-Age=0" in answer.cookies[0] and "lockbox" not in visitor.cookies
    assert not thief.is_signed_in and other.is_signed_in
    assert thief.get("/live").status == 401


def test_a_secret_never_comes_from_outside(door):
    visitor = door.visitor()
    visitor.cookies["lockbox"] = "a" * 64
    visitor.sign_in(ADAM, door.password(ADAM))
    assert visitor.cookies["lockbox"] != "a" * 64
    first = visitor.cookies["lockbox"]
    visitor.sign_in(ADAM, door.password(ADAM))
    assert visitor.cookies["lockbox"] != first


@pytest.mark.parametrize("secret", ["", "x", "0" * 64, "ü" * 32, "a" * 10_000, "' OR 1=1 --"])
def test_what_is_no_secret_of_ours_signs_nobody_in(door, secret):
    page = door.visitor().send("GET", "/", headers={"Cookie": f"lockbox={secret}".encode()})
    assert (page.status, page.location) == (303, "/sign-in")


def attributes(cookie):
    first, *rest = [part.strip() for part in cookie.split(";")]
    return first.partition("=")[0], set(rest)


def test_cookies_of_a_plain_address(door):
    visitor = door.visitor()
    answer = visitor.post("/sign-in", {"email": ADAM, "password": door.password(ADAM)})
    assert sorted(map(attributes, answer.cookies), key=lambda one: one[0]) == [
        ("lockbox", {"Path=/", "HttpOnly", "SameSite=Lax"}),
        ("lockbox-device", {"Path=/", "HttpOnly", "SameSite=Lax", f"Max-Age={30 * 86_400}"})]
    assert "strict-transport-security" not in answer.headers


def test_behind_tls_cookies_are_secure_and_bound_to_the_host(install):
    lockbox = install(publicURL="https://lockbox.example-cloud.test")
    lockbox.apply()
    password = lockbox.password(ADAM)
    lockbox.start()
    visitor = Visitor(lockbox.port, origin="https://lockbox.example-cloud.test")
    answer = visitor.post("/sign-in", {"email": ADAM, "password": password})
    assert answer.status == 303
    for name, rest in map(attributes, answer.cookies):
        assert name.startswith("__Host-lockbox")
        assert {"Path=/", "HttpOnly", "SameSite=Lax", "Secure"} <= rest and not any("Domain" in one for one in rest)
    assert "max-age=31536000" in answer.headers["strict-transport-security"]
    assert visitor.is_signed_in
    # The same secret under a name that any host or plain connection can set is nothing.
    visitor.cookies = {"lockbox": visitor.cookies["__Host-lockbox"]}
    assert not visitor.is_signed_in
    # The address that the machine itself has is not the one that pages have.
    assert visitor.post("/sign-in", {"email": ADAM, "password": password}, origin=lockbox.url).status == 403


def test_who_does_nothing_for_half_an_hour_is_signed_out(door):
    visitor = door.visitor(ADAM)
    for _ in range(3):
        door.clock.advance(minutes=29)
        assert visitor.is_signed_in
    door.clock.advance(minutes=30, seconds=1)
    assert not visitor.is_signed_in


def test_after_twelve_hours_everybody_signs_in_anew(door):
    visitor = door.visitor(ADAM)
    for _ in range(25):
        door.clock.advance(minutes=28)
        # A write that was on its way has waited for as long, as the server sees it.
        wait_until(lambda: door.lockbox.api().get("/readyz").status == 200, 10, "the server to be ready")
        assert visitor.is_signed_in
    door.clock.advance(minutes=20, seconds=1)
    assert not visitor.is_signed_in


def test_a_page_left_open_keeps_no_session_alive(door):
    visitor = door.visitor(ADAM)
    for _ in range(2):
        door.clock.advance(minutes=14)
        assert visitor.get("/no-such-page", X_Live="1").text.count("Adam Cole")
    door.clock.advance(minutes=2, seconds=1)
    assert not visitor.is_signed_in


def test_a_new_password_ends_sessions(door):
    # Of the provider: a tenant's people set theirs themselves once an administrator has signed in.
    visitor, other = door.visitor(EVE), door.visitor(ADAM)
    stream = visitor.live()
    door.lockbox.password(EVE)
    assert not visitor.is_signed_in and other.is_signed_in
    assert "end" in [what for _, what in stream.read(11)]
    stream.close()
    assert door.visitor(EVE).is_signed_in


def test_a_person_sets_her_own_password(door):
    visitor, thief = door.visitor(GITA), door.visitor(GITA)
    old, new = door.password(GITA), secrets.new("password")
    # A phrase, since what people choose has no such length of chance.
    new = f"otter {new[:4]} lamp violin {new[4:8]} tram"

    def change(present, new, again=None):
        return visitor.post("/account/password", {
            "csrf": visitor.csrf, "password": present, "newPassword": new, "newPasswordAgain": again or new})

    for answer, words in [
            (change("wrong horse", new), "The password is wrong."),
            (change(old, "otter lamp"), "at least 12 characters"),
            (change(old, "contosogitarao"), "is one that others would soon guess"),
            (change(old, new, new + "s"), "is not the same as the new password")]:
        assert answer.status == 422 and words in answer.words, answer
        assert new not in answer.text and old not in answer.text
    assert visitor.is_signed_in and thief.is_signed_in

    answer = change(old, new)
    assert (answer.status, answer.location) == (303, "/account?done=passwordChanged"), answer
    assert "Your password is changed." in visitor.get(answer.location).words
    assert visitor.is_signed_in and not thief.is_signed_in
    assert door.visitor().post("/sign-in", {"email": GITA, "password": old}).status == 422
    door.lockbox.passwords[GITA] = new
    assert door.visitor(GITA).is_signed_in


# Whose forms are taken

def forgeries(visitor, stranger):
    """Ways in which somebody else could have the form sent, each as fields and headers."""
    token = visitor.csrf
    elsewhere = visitor.copy()
    elsewhere.cookies = {}
    return {
        "no token": ({}, {}), "an empty token": ({"csrf": ""}, {}), "half of it": ({"csrf": token[:32]}, {}),
        "another session's": ({"csrf": stranger.csrf}, {}),
        "another session's of hers": ({"csrf": elsewhere.sign_in(ADAM, stranger.password).csrf}, {}),
        "from another site": ({"csrf": token}, {"origin": "https://evil.test"}),
        "from a site of a like name": ({"csrf": token}, {"origin": visitor.origin + ".evil.test"}),
        "from another port": ({"csrf": token}, {"origin": "http://127.0.0.1:1"}),
        "from nowhere": ({"csrf": token}, {"origin": "null"}),
        "cross-site": ({"csrf": token}, {"origin": False, "Sec_Fetch_Site": "cross-site"}),
        "same-site": ({"csrf": token}, {"origin": False, "Sec_Fetch_Site": "same-site"}),
    }


def test_a_form_of_somebody_else_changes_nothing(door):
    visitor, stranger = door.visitor(ADAM), door.visitor(EVE)
    stranger.password = door.password(ADAM)
    for how, (fields, headers) in forgeries(visitor, stranger).items():
        answer = visitor.post("/sign-out", fields, **headers)
        assert answer.status == 403 and "This form is not from here" in answer.words, how
        assert not answer.cookies and visitor.is_signed_in, how
    # An old browser says nothing of where its forms come from; it has the token.
    assert visitor.post("/sign-out", {"csrf": visitor.csrf}, origin=False).status == 303
    assert not visitor.is_signed_in


def test_nobody_is_signed_in_as_somebody_else_by_another_site(door):
    for headers in ({"origin": "https://evil.test"}, {"origin": "null"},
                    {"origin": False, "Sec_Fetch_Site": "cross-site"}):
        answer = door.visitor().post("/sign-in", {"email": ADAM, "password": door.password(ADAM)}, **headers)
        assert answer.status == 403 and not answer.cookies


@pytest.mark.parametrize("media", ["application/json", "text/plain", "multipart/form-data; boundary=x", ""])
def test_only_forms_are_taken(door, media):
    visitor = door.visitor(ADAM)
    body = f"csrf={visitor.csrf}"
    headers = {"Origin": visitor.origin} | ({"Content-Type": media} if media else {})
    answer = visitor.send("POST", "/sign-out", body, headers)
    assert answer.status == 400 and visitor.is_signed_in


def test_getting_never_signs_out(door):
    visitor = door.visitor(ADAM)
    assert visitor.get("/sign-out").status == 404
    assert visitor.get(f"/sign-out?csrf={visitor.csrf}").status == 404
    assert visitor.is_signed_in


# What every answer says

def answers(door):
    """One of each kind."""
    visitor, nobody = door.visitor(ADAM), door.visitor()
    page = nobody.get("/sign-in")
    assets = re.findall(r'(?:href|src)="(/assets/[^"]+)"', page.text)
    assert len(assets) == 3
    found = {
        "sign-in": page, "start": nobody.get("/"), "start, signed in": visitor.get("/"),
        "unknown": nobody.get("/no-such-page"), "unknown, signed in": visitor.get("/no-such-page"),
        "no stream": nobody.get("/live"), "wrong method": nobody.send("DELETE", "/sign-in"),
        "wrong password": nobody.post("/sign-in", {"email": "x", "password": "y"}),
        "foreign form": visitor.post("/sign-out", {"csrf": "x"}), "no form": visitor.send(
            "POST", "/sign-out", "{}", {"Origin": visitor.origin, "Content-Type": "application/json"}),
        "too much": visitor.post("/sign-out", {"csrf": "x" * 70_000}),
        "signed out meanwhile": nobody.post("/sign-out", {"csrf": "x"}),
        "odd address": nobody.get("/%00%ff/..%2f"), "odd query": nobody.get("/sign-in?next=%ff&&==&next"),
    }
    found |= {f"HEAD {name}": nobody.send("HEAD", path) for name, path in [("sign-in", "/sign-in"), ("?", "/no")]}
    found |= {path: nobody.get(path) for path in assets}
    return found


def test_every_answer_keeps_browsers_on_guard(door):
    for what, answer in answers(door).items():
        assert answer.status < 500, (what, answer)
        policy = dict(
            part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'none'" and policy["frame-ancestors"] == "'none'", what
        assert policy["base-uri"] == "'none'" and policy["form-action"] == "'self'", what
        assert set(policy.values()) <= {"'none'", "'self'"}, (what, policy)
        assert answer.headers["x-frame-options"] == "DENY", what
        assert answer.headers["x-content-type-options"] == "nosniff", what
        assert answer.headers["referrer-policy"] == "same-origin", what
        assert answer.headers["cross-origin-opener-policy"] == "same-origin", what
        assert "server" not in answer.headers and "x-powered-by" not in answer.headers, what
        if what.startswith("/assets/"):
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable", what
            assert answer.status == 200 and not answer.cookies
        else:
            assert answer.headers["cache-control"] == "no-store", what
        if answer.body:
            assert "charset=utf-8" in answer.headers["content-type"] or what.endswith(".svg"), what


def test_an_asset_of_another_name_is_not_there(door):
    page = door.visitor().get("/sign-in")
    for path in re.findall(r'"(/assets/[^"]+)"', page.text):
        wrong = re.sub(r"/assets/.", "/assets/x", path)
        answer = door.visitor().get(wrong)
        assert answer.status == 404 and answer.headers["cache-control"] == "no-store"


def test_pages_hold_no_script_and_no_style_of_their_own(door):
    for what, answer in answers(door).items():
        if "html" in answer.headers.get("content-type", ""):
            assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|<script(?![^>]*\ssrc=)", answer.text), what


@pytest.mark.parametrize("who", [None, ADAM])
def test_head_is_get_without_the_body(door, who):
    visitor = door.visitor(who)
    asset = re.search(r'"(/assets/[^"]+)"', visitor.get("/sign-in").text)[1]
    for path in ("/", "/sign-in", "/no-such-page", asset):
        get, head = visitor.get(path), visitor.send("HEAD", path)
        assert (head.status, head.body) == (get.status, b""), path
        names = {name for name in get.headers if name not in ("date", "transfer-encoding")}
        assert names <= set(head.headers), path
        if path == asset:
            assert head.headers["content-length"] == str(len(get.body))


def test_a_page_of_the_other_side_is_as_unknown_as_any(door):
    for who, foreign in [(ADAM, ["/work", "/requests", "/requests/new", "/tenants"]),
                         (EVE, ["/overview", "/lockbox", "/lockbox/live", "/people", "/settings"])]:
        visitor = door.visitor(who)
        unknown = visitor.get("/no-such-page")
        assert unknown.status == 404
        for path in foreign:
            answer = visitor.get(path)
            assert (answer.status, answer.substance) == (404, unknown.substance), (who, path)
            posted = visitor.post(path, {"csrf": visitor.csrf})
            assert (posted.status, posted.substance) == (404, unknown.substance), (who, path)


# Bounds

def test_a_form_has_its_bounds(door):
    visitor = door.visitor(ADAM)
    token = visitor.csrf
    for fields in ({"text": "x" * 65_536}, {f"field{number}": "" for number in range(200)}):
        answer = visitor.post("/sign-out", {"csrf": token, **fields})
        assert answer.status == 413 and "too long" in answer.words, len(fields)
        assert visitor.is_signed_in
    for body in ("csrf=%zz", "csrf=%ff%fe", "%c3%28=1", "a=" + "%" * 50):
        answer = visitor.send("POST", "/sign-out", body, {
            "Origin": visitor.origin, "Content-Type": "application/x-www-form-urlencoded"})
        assert answer.status == 400, body
    assert visitor.is_signed_in


def test_a_form_without_an_end_is_not_waited_for(door):
    """Sent in pieces, without saying how much will come."""
    visitor = door.visitor(ADAM)
    with socket.create_connection((LOOPBACK, door.lockbox.port), timeout=20) as wire:
        wire.sendall((
            f"POST /sign-out HTTP/1.1\r\nHost: x\r\nOrigin: {visitor.origin}\r\nTransfer-Encoding: chunked\r\n"
            f"Cookie: lockbox={visitor.cookies['lockbox']}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n\r\n").encode())
        with contextlib.suppress(ConnectionError):
            for _ in range(100):
                wire.sendall(b"1000\r\n" + b"x" * 4096 + b"\r\n")
        answer = b""
        with contextlib.suppress(ConnectionError):
            answer = wire.recv(4096)
        assert not answer or b" 413 " in answer.split(b"\r\n")[0], answer
    assert visitor.is_signed_in


def test_a_head_has_its_bounds(door):
    visitor = door.visitor()
    for path, headers in [("/" + "x" * 200_000, {}), ("/sign-in", {"X-Long": "x" * 200_000}),
                          ("/sign-in", {f"X-{number}": "x" * 100 for number in range(2000)})]:
        with contextlib.suppress(http.client.HTTPException, ConnectionError):
            connection = http.client.HTTPConnection(LOOPBACK, door.lockbox.port, timeout=20)
            for _ in connection, :
                connection.request("GET", path, headers=headers)
                assert 400 <= connection.getresponse().status < 500
    assert visitor.get("/sign-in").status == 200


# Other sites

@pytest.fixture
def elsewhere():
    """Another site on this machine: a browser sends our cookies with what it asks of us, as it would of a neighbour
    under the same name."""
    pages = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            page = pages.get(self.path)
            self.send_response(200 if page else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write((page or "").encode())

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer((LOOPBACK, free_port()), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()

    def show(path, page):
        pages[path] = page
        return f"http://{LOOPBACK}:{server.server_port}{path}"

    yield show
    server.shutdown()
    thread.join()
    server.server_close()


def test_in_the_frame_of_another_page_nothing_is_shown(door, open_browser, elsewhere):
    profile = open_browser(door.url)
    profile.sign_in(ADAM, door.password(ADAM))
    page = elsewhere("/", f'<h1>Prize</h1><iframe src="{door.url}/sign-in"></iframe><iframe src="{door.url}/x"></iframe>')
    profile.page.goto(page)
    frames = profile.page.frames[1:]
    assert len(frames) == 2
    for frame in frames:
        assert not frame.url.startswith(door.url) and "Lockbox" not in frame.content()
    profile.forgive("frame-ancestors|Refused to (display|frame)")


def test_a_form_on_another_page_is_not_taken_though_the_cookie_comes_with_it(door, open_browser, elsewhere):
    profile = open_browser(door.url)
    profile.sign_in(ADAM, door.password(ADAM))
    token = profile.page.locator("input[name=csrf]").first.get_attribute("value")
    page = elsewhere("/", f'<form method="post" action="{door.url}/sign-out">'
                          f'<input name="csrf" value="{token}"><button>Win</button></form>')
    profile.page.goto(page)
    profile.press("Win")
    assert "This form is not from here" in profile.text()
    sent = [request for request in profile.requests if request.method == "POST"][-1]
    assert "lockbox=" in sent.all_headers().get("cookie", ""), "else this proves nothing"
    profile.go("/")
    assert profile.page.locator(".who").inner_text() == "Adam Cole"


def test_scripts_of_other_pages_read_nothing(door, open_browser, elsewhere):
    profile = open_browser(door.url)
    profile.sign_in(ADAM, door.password(ADAM))
    profile.page.goto(elsewhere("/", "<h1>Read</h1>"))
    for path in ("/no-such-page", "/live"):
        assert profile.page.evaluate(
            "(url) => fetch(url, {credentials: 'include'}).then((a) => a.text(), () => 'nothing')",
            door.url + path) == "nothing"
    profile.forgive("CORS policy")


# For everybody

@pytest.mark.parametrize("colour", ["light", "dark"])
def test_the_door_is_for_everybody(door, open_browser, colour):
    profile = open_browser(door.url, colour=colour, size="phone", width=360)

    def check():
        profile.check_reach()
        profile.check_width()
        assert profile.page.locator("h1").count() == 1

    profile.go("/sign-in")
    check()
    profile.sign_in("w" * 120 + "@" + "long-name." * 10 + "test", "wrong")
    assert WRONG in profile.text()
    check()
    profile.go("/no-such-page")
    check()
    profile.sign_in(ADAM, door.password(ADAM))
    profile.go("/no-such-page")
    assert "Nothing here" in profile.text()
    check()
    profile.page.locator("details.account summary").click()
    check()
    # The session ends elsewhere, then a form is sent.
    door.clock.advance(minutes=31)
    profile.press("Sign out")
    assert "You were signed out" in profile.text()
    check()
    profile.press("Sign in again")
    check()


def test_keys_are_enough(door, open_browser):
    profile = open_browser(door.url)
    profile.go("/sign-in")
    profile.page.wait_for_function("document.activeElement.name === 'email'")
    keyboard = profile.page.keyboard
    for text in (ADAM, door.password(ADAM)):
        keyboard.type(text)
        keyboard.press("Tab")
    keyboard.press("Enter")
    profile.page.locator(".who").wait_for()
    profile.go("/no-such-page")
    keyboard.press("Tab")
    assert profile.page.evaluate("document.activeElement.textContent") == "Skip to the content"
    keyboard.press("Enter")
    assert profile.page.evaluate("document.activeElement.id") == "main"
