"""`lockbox login` as people use it: in a browser on the same machine, and by a code where there is none."""

import base64
import contextlib
import email
import email.policy
import hashlib
import json
import os
import re
import sqlite3
import subprocess
import urllib.parse

import pytest

from lockbox_rig import secrets
from lockbox_rig.api import mailbox
from lockbox_rig.lockboxd import LOCKBOX_CLI
from lockbox_rig.machine import wait_until
from lockbox_rig.place import Place
from lockbox_rig.portal import Visitor
from lockbox_rig.world import SUE

SOON = 30
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture
def place():
    with Place.running("login", people=("eve", "mark", "sue", "adam", "gita")) as place:
        yield place


class Terminal:
    """`lockbox` as a person runs it who keeps her sign-in in `home`, with a browser that only notes where it is sent."""

    def __init__(self, place, home, name, sees_pages=True):
        self.place, self.home = place, home
        self.email = place.lockbox.directory.people[name]
        self.password = place.lockbox.password(self.email)
        self.visitor = Visitor(place.lockbox.port)
        self.opened = home / "opened"
        programs = home / "programs"
        programs.mkdir(parents=True)
        opener = programs / "xdg-open"
        opener.write_text(f'#!/bin/sh\nprintf %s "$1" > {self.opened}.new && mv {self.opened}.new {self.opened}\n')
        opener.chmod(0o755)
        self.env = {
            **os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home), "LOCKBOX_URL": place.lockbox.url,
            "PATH": f"{programs}:{os.environ['PATH']}"}
        for name in ("LOCKBOX_TOKEN", "SSH_CONNECTION", "SSH_TTY", "DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
            self.env.pop(name, None)
        if sees_pages:
            self.env["BROWSER"] = "xdg-open"

    def start(self, *arguments):
        return subprocess.Popen(
            [str(LOCKBOX_CLI), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, env=self.env)

    def ended(self, process):
        output, errors = process.communicate(timeout=SOON)
        secrets.said("lockbox", output + errors)
        self.remember()
        return process.returncode, output, errors

    def run(self, *arguments):
        return self.ended(self.start(*arguments))

    @property
    def file(self):
        return self.home / "lockbox" / "credentials.json"

    @property
    def kept(self):
        kept = json.loads(self.file.read_text())
        return kept["servers"][kept["current"]]

    def remember(self):
        """What is kept must be found nowhere else."""
        for kept in json.loads(self.file.read_text())["servers"].values() if self.file.exists() else []:
            secrets.register(kept["token"], "access token")
            secrets.register(kept["refreshToken"], "refresh token")

    def grow_old(self):
        """The access token is over, without waiting fifteen minutes for it."""
        with contextlib.closing(sqlite3.connect(self.place.lockbox.database)) as database, database:
            database.execute("UPDATE api_token SET access_ends_at = created_at WHERE access_ends_at IS NOT NULL")

    def asked(self):
        """Where the browser is sent."""
        wait_until(self.opened.exists, SOON, "the browser to be opened")
        address = self.opened.read_text()
        self.opened.unlink()
        assert address.startswith(self.place.lockbox.url + "/oauth2/authorize?")
        return address.removeprefix(self.place.lockbox.url)

    def answered(self, address, answer="allow", **more):
        """Signs in where need be, comes back to the page, and presses a button."""
        if not self.visitor.is_signed_in:
            away = self.visitor.get(address)
            assert away.status == 303 and away.location.startswith("/sign-in?next="), away
            back = urllib.parse.parse_qs(urllib.parse.urlsplit(away.location).query)["next"][0]
            assert back == address
            page = self.visitor.post(
                "/sign-in", {"email": self.email, "password": self.password, "next": back})
            assert page.status == 303 and page.location == address, page
        page = self.visitor.get(address)
        assert page.status == 200, page
        return self.visitor.post(address, {"csrf": page.csrf, "answer": answer, **more})

    def login(self, *arguments):
        """Through the browser; what the command said."""
        process = self.start("login", *arguments)
        self.bring(self.answered(self.asked()))
        code, _, errors = self.ended(process)
        assert code == 0, errors
        return errors

    def bring(self, answer):
        """Takes the answer to the command line, as the browser would."""
        assert answer.status == 303 and answer.location.startswith("http://127.0.0.1:"), answer
        place = urllib.parse.urlsplit(answer.location)
        brought = Visitor(place.port).get(f"{place.path}?{place.query}")
        assert brought.status == 200 and "Go back to your terminal" in brought.text
        return brought


def letters(place, to):
    """What letters to `to` say."""
    place.lockbox.wait_for_letters()
    found = []
    for path in sorted(place.lockbox.letters.iterdir()):
        letter = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        if to in str(letter["To"]):
            found.append(letter.get_body(("plain",)).get_content())
    return found


def token(place, **fields):
    """Asks for tokens as a program would that is not the command line."""
    answer = place.lockbox.api().send(
        "POST", "/oauth2/token", urllib.parse.urlencode({"client_id": "lockbox-cli", **fields}),
        {"Content-Type": "application/x-www-form-urlencoded"})
    return answer


def test_a_person_signs_in_her_command_line_in_her_browser(place, tmp_path):
    mark = Terminal(place, tmp_path, "mark")
    said = mark.login()
    assert "Signed in at" in said and "It may not: approve and deny" in said
    assert oct(mark.file.stat().st_mode & 0o777) == "0o600"
    first = mark.kept
    code, output, _ = mark.run("whoami")
    assert code == 0 and mark.email in output

    # An access token that is over is followed by the next, by itself and once.
    mark.grow_old()
    code, output, errors = mark.run("whoami")
    assert code == 0 and mark.email in output, errors
    assert mark.kept["token"] != first["token"] and mark.kept["refreshToken"] != first["refreshToken"]

    # Several commands at once do not take each other's refresh token for a copy.
    mark.grow_old()
    several = [mark.start("whoami") for _ in range(4)]
    for process in several:
        code, _, errors = mark.ended(process)
        assert code == 0, errors

    account = mark.visitor.get("/account")
    assert re.search(r"Command line: lockbox on \S+", account.words), account
    again = mark.login()
    assert "Signed in at" in again
    listed = json.loads(mark.run("token", "list", "--output", "json")[1])
    assert [one["login"] for one in listed] == [True], "the sign-in of before was ended"

    assert mark.run("logout")[0] == 0
    assert json.loads(mark.file.read_text())["servers"] == {}
    assert mark.run("whoami")[0] == 3
    assert "Command line: " not in mark.visitor.get("/account").words


def test_a_real_browser_goes_from_the_sign_in_to_the_page_and_back_to_the_terminal(place, tmp_path, open_browser):
    mark = Terminal(place, tmp_path, "mark")
    process = mark.start("login", "--name", "Mark's <b>laptop</b>")
    address = mark.asked()
    browser = open_browser(place.lockbox.url)
    page = browser.page
    page.goto(address)
    page.get_by_label("E-mail address").fill(mark.email)
    page.get_by_label("Password").fill(mark.password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("Mark's <b>laptop</b>").wait_for()
    page.get_by_role("button", name="Allow").click()
    page.get_by_text("Go back to your terminal").wait_for()
    code, _, errors = mark.ended(process)
    assert code == 0, errors
    assert mark.run("whoami")[0] == 0


def test_who_denies_it_or_brings_another_answer_keeps_nothing(place, tmp_path):
    mark = Terminal(place, tmp_path, "mark")
    process = mark.start("login")
    mark.bring(mark.answered(mark.asked(), "deny"))
    code, _, errors = mark.ended(process)
    assert code == 1 and "It was not allowed." in errors and not mark.file.exists()

    process = mark.start("login")
    answer = mark.answered(mark.asked())
    there = urllib.parse.urlsplit(answer.location)
    fields = dict(urllib.parse.parse_qsl(there.query))
    # A page in the browser does not know the state.
    for forged in ({**fields, "state": "guessed"}, {"code": fields["code"]}):
        assert Visitor(there.port).get(f"/callback?{urllib.parse.urlencode(forged)}").status == 404
    # An answer that another server gave is none (RFC 9207).
    mixed = {**fields, "iss": "https://evil.test"}
    assert Visitor(there.port).get(f"/callback?{urllib.parse.urlencode(mixed)}").status == 200
    code, _, errors = mark.ended(process)
    assert code == 1 and "answer of another server" in errors and not mark.file.exists()


def test_a_code_is_of_no_use_to_who_only_saw_it(place, tmp_path):
    mark = Terminal(place, tmp_path, "mark")
    query = {
        "client_id": "lockbox-cli", "response_type": "code", "redirect_uri": "http://127.0.0.1:9/callback",
        "state": "s", "code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    address = "/oauth2/authorize?" + urllib.parse.urlencode(query)
    answer = mark.answered(address)
    fields = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(answer.location).query))
    assert fields["iss"] == place.lockbox.url
    good = {
        "grant_type": "authorization_code", "code": secrets.register(fields["code"], "authorization code"),
        "code_verifier": VERIFIER, "redirect_uri": "http://127.0.0.1:9/callback"}
    for wrong in ({"code_verifier": "w" * 43}, {"redirect_uri": "http://127.0.0.1:10/callback"}):
        refused = token(place, **{**good, **wrong})
        assert refused.status == 400 and refused.json["error"] == "invalid_grant", refused
    given = token(place, **good)
    assert given.status == 200 and given.json["expires_in"] == 900
    secrets.register(given.json["access_token"], "access token")
    secrets.register(given.json["refresh_token"], "refresh token")
    # The second time it ends what it was good for.
    assert token(place, **good).json["error"] == "invalid_grant"
    api = place.lockbox.api()
    api.token = given.json["access_token"]
    assert api.get("/v1/me").status == 401
    for redirect in ("https://evil.test/callback", "http://127.0.0.1:9/other", "http://localhost:9/callback"):
        lured = mark.visitor.get("/oauth2/authorize?" + urllib.parse.urlencode({**query, "redirect_uri": redirect}))
        assert lured.status == 400 and lured.location is None
    place.lockbox.check_log()


def test_a_stolen_refresh_token_ends_the_sign_in_and_its_owner_hears_of_it(place, tmp_path):
    adam = Terminal(place, tmp_path, "adam")
    adam.login()
    stolen = adam.kept["refreshToken"]
    adam.grow_old()
    assert adam.run("whoami")[0] == 0
    thief = token(place, grant_type="refresh_token", refresh_token=stolen)
    assert thief.status == 400 and thief.json["error"] == "invalid_grant"
    code, _, errors = adam.run("whoami")
    assert code == 3 and "Your sign-in at" in errors and "is over" in errors
    assert any("Somebody may have a copy" in letter for letter in letters(place, adam.email))
    assert any("Somebody may have a copy" in letter for letter in letters(place, "gita@contoso.test"))
    place.lockbox.check_log()


def test_where_no_browser_is_a_code_is_typed_elsewhere(place, tmp_path):
    eve = Terminal(place, tmp_path, "eve", sees_pages=False)
    process = eve.start("login", "--name", "build server")
    lines = [process.stderr.readline() for _ in range(3)]
    assert "type the code" in lines[0] and lines[1].strip() == place.lockbox.url + "/device"
    code = lines[2].strip()
    assert re.fullmatch("[B-DF-HJ-NP-TV-XZ]{4}-[B-DF-HJ-NP-TV-XZ]{4}", code)

    eve.visitor.sign_in(eve.email, eve.password)
    page = eve.visitor.get("/device")
    wrong = eve.visitor.post("/device", {"csrf": page.csrf, "code": "BBBB-BBBB"})
    assert wrong.status == 422 and "No command line waits with the code" in wrong.words
    shown = eve.visitor.post("/device", {"csrf": page.csrf, "code": code.lower().replace("-", " ")})
    assert shown.status == 200 and "build server" in shown.words and "127.0.0.1" in shown.words
    allowed = eve.visitor.post("/device/answer", {"csrf": page.csrf, "code": code, "answer": "allow"})
    assert allowed.status == 303
    code, _, errors = eve.ended(process)
    assert code == 0, errors
    assert eve.run("request", "list")[0] == 0
    end = re.search(r'action="(/account/tokens/TOK-[0-9A-Z]+/revoke)"', eve.visitor.get("/account").text)[1]
    assert eve.visitor.post(end, {"csrf": page.csrf}).status == 303
    assert eve.run("request", "list")[0] == 3


def test_who_decides_with_it_shows_who_she_is_and_others_hear_of_it(place, tmp_path):
    adam = Terminal(place, tmp_path, "adam")
    asked = place.eve.submit("contoso", place.support, [mailbox(SUE)]).json["id"]
    place.mark.decide(asked, "approve")
    adam.login()
    code, _, errors = adam.run("request", "approve", asked)
    assert code == 1 and "Sign in for one: lockbox login --scope ask --scope decide" in errors

    # An unlocked screen is not enough.
    with contextlib.closing(sqlite3.connect(place.lockbox.database)) as database, database:
        database.execute("UPDATE portal_session SET confirmed_at = confirmed_at - 3600000")
    process = adam.start("login", "--scope", "ask", "--scope", "decide")
    address = adam.asked()
    bare = adam.answered(address)
    assert bare.status == 422 and "A decision needs it again" in bare.words, bare
    adam.bring(adam.answered(address, password=adam.password))
    code, _, errors = adam.ended(process)
    assert code == 0, errors
    code, _, errors = adam.run("request", "approve", asked)
    assert code == 0, errors
    assert place.eve.request(asked)["state"] == "active"
    told = [letter for letter in letters(place, "gita@contoso.test") if "a command line was signed in" in letter]
    assert told and "decide" in told[0]

    # What the organisation keeps to the portal is not even asked for any longer.
    policy = place.gita.get("/v1/tenants/contoso/policy").json
    rules = {name: policy[name] for name in ("requireApproval", "decisionWindow", "maxAccess", "approvalsNeeded")}
    withheld = {**rules, "withheldFromTokens": ["decide"]}
    assert place.gita.put("/v1/tenants/contoso/policy", withheld, If_Match="*").status == 200
    process = adam.start("login", "--scope", "decide")
    adam.bring(adam.visitor.get(adam.asked()))
    code, _, errors = adam.ended(process)
    assert code == 1 and "Your organisation lets no API token do that" in errors
    place.lockbox.check_log()


def test_signing_out_everywhere_ends_command_lines_too(place, tmp_path):
    mark = Terminal(place, tmp_path, "mark")
    mark.login()
    page = mark.visitor.get("/account")
    assert mark.visitor.post("/account/sign-out-everywhere", {"csrf": page.csrf}).status == 303
    assert mark.run("whoami")[0] == 3
