"""People who sign in at their own organisation's OpenID provider, and providers that cannot be trusted."""

import re
import sqlite3
import time

import pytest

from lockbox_rig import secrets
from lockbox_rig.directory import DirectoryFile, imap_service
from lockbox_rig.lockboxd import Lockboxd
from lockbox_rig.machine import Scratch
from lockbox_rig.openid import OpenIDProvider, follow
from lockbox_rig.portal import Visitor

ADAM, AMY, GITA, SUE, FAY = (
    "adam@contoso.test", "amy@contoso.test", "gita@contoso.test", "sue@contoso.test", "fay@fabrikam.test")
TIM, TOM = "tim@tailspin.test", "tom@tailspin.test"


class Installation:
    """Contoso's people sign in at its provider alone; Fabrikam's have passwords."""

    def __init__(self, provider):
        self.provider = provider
        self.scratch = Scratch("openid")
        folder = self.scratch.path / "lockbox"
        secret = self.scratch.path / "client-secret"
        secret.write_text(secrets.register(provider.client_secret, "secret of an OpenID client"))
        secret.chmod(0o600)
        for name in ("dovecot", "doveadm"):
            (self.scratch.path / name).write_text("a-secret-of-the-test\n")
            (self.scratch.path / name).chmod(0o600)
        directory = DirectoryFile([imap_service(
            self.scratch.path / "dovecot", "http://127.0.0.1:9/doveadm/v1", self.scratch.path / "doveadm")])
        for name in ("contoso", "fabrikam", "tailspin"):
            directory.tenant(name)["domains"] = [f"{name}.test"]
        directory.person(TOM)["roles"] = ["approver", "admin"]
        self.signs_in = directory.tenant("contoso")["signIn"] = {
            "oidc": {"issuer": provider.issuer, "clientID": provider.client_id, "clientSecretFile": str(secret)},
            "passwords": False}
        self.lockbox = Lockboxd(folder, directory)
        self.lockbox.apply()
        for email in (FAY, ADAM, TIM, TOM, "eve@example-cloud.test", "mark@example-cloud.test"):
            self.lockbox.password(email)
        for name in ("alan", "sue"):
            self.lockbox.token(directory.people[name])
        self.lockbox.start()

    def stop(self):
        self.lockbox.stop()
        self.lockbox.remember_files()
        self.scratch.remove()

    def visitor(self):
        return Visitor(self.lockbox.port)

    def sign_in(self, email, subject=None, visitor=None, **claims):
        """The whole way, for whoever `email` is at the provider; the visitor, and the page after it."""
        visitor = visitor or self.visitor()
        self.provider.lets_in(subject or f"subject of {email}", email, **claims)
        page = visitor.post("/sign-in", {"email": email, "next": "/lockbox"})
        return visitor, follow(visitor, page, self.provider)

    def ask(self):
        """A request that waits for Contoso."""
        sue, eve = self.lockbox.api("sue"), self.lockbox.api("eve")
        support = sue.post("/v1/support-requests", {
            "tenant": "contoso", "subject": "Mail is missing", "description": "None since noon.", "service": "mail"})
        request = eve.post("/v1/requests", {
            "tenant": "contoso", "supportRequest": support.json["number"], "reason": "Looking for the missing mail.",
            "duration": "PT1H", "resources": [{"service": "mail", "id": "mailbox:sue@contoso.test", "actions": ["read"]}]})
        assert request.status == 201, request
        number, version = request.json["id"], request.json["version"]
        decided = self.lockbox.api("mark").post(
            f"/v1/requests/{number}/decisions", {"decision": "approve"}, If_Match=f'"v{version}"')
        assert decided.status == 200, decided
        return number

    def activities(self):
        """What the tenant's log tells, newest first."""
        items = self.lockbox.api("alan").get("/v1/tenants/contoso/audit?limit=50").json["items"]
        return [item["activity"] for item in items]


@pytest.fixture(scope="module")
def installed():
    with OpenIDProvider() as provider:
        installation = Installation(provider)
        try:
            yield installation
        finally:
            installation.stop()


@pytest.fixture
def provider(installed):
    """Well again after each test, with a key of its own."""
    one = installed.provider
    one.change, one.redirect, one.answers, one.delay, one.authenticated_at = {}, {}, {}, 0, time.time
    yield one
    one.change, one.redirect, one.answers, one.delay, one.authenticated_at = {}, {}, {}, 0, time.time


def test_an_approver_signs_in_at_her_organisations_provider(installed, provider):
    visitor, page = installed.sign_in(AMY)
    assert (page.status, page.location) == (303, "/lockbox")
    assert "Amy Tran" in visitor.get("/lockbox").words
    assert installed.activities()[:2] == ["signIn.succeeded", "identity.linked"]
    installed.lockbox.wait_for_letters()
    letters = [letter.read_text().replace("=\n", "") for letter in installed.lockbox.letters.iterdir()]
    heads = [letter.partition("\n\n")[0] for letter in letters if "signs in at http" in letter]
    assert all(any(address in head for head in heads) for address in (AMY, GITA)), "she, and who administers"
    # The second time is no news, whatever address the account has by then.
    provider.lets_in(f"subject of {AMY}", "amy@elsewhere.test")
    again = installed.visitor()
    assert follow(again, again.get("/t/contoso"), provider).status == 303
    assert "Amy Tran" in again.get("/lockbox").words
    assert installed.activities()[:3] == ["signIn.newBrowser", "signIn.succeeded", "signIn.succeeded"]


@pytest.mark.parametrize("script", [True, False])
def test_a_browser_is_led_there_and_back(installed, provider, open_browser, script):
    provider.lets_in(f"subject of {AMY}", AMY)
    amy = open_browser(installed.lockbox.url, size="phone", script=script)
    amy.go("/sign-in?next=/lockbox")
    amy.page.get_by_label("E-mail address").fill(AMY)
    amy.press("Go on")
    if not script:
        amy.press(f"Go on to {provider.issuer.removeprefix('http://')}")
    amy.page.wait_for_url("**/lockbox")
    assert "Amy Tran" in amy.page.inner_text("body")
    amy.check_width()


def test_the_same_page_follows_a_known_and_an_unknown_address(installed, provider):
    known = installed.visitor().post("/sign-in", {"email": AMY})
    unknown = installed.visitor().post("/sign-in", {"email": "nobody@contoso.test"})

    def without_what_differs(page, email):
        return re.sub(r"(state|nonce|code_challenge|login_hint)=[^&\"]*", "", page.substance.replace(email, ""))

    assert without_what_differs(known, AMY) == without_what_differs(unknown, "nobody@contoso.test")
    assert "Password" not in known.words


def test_where_there_is_no_provider_a_password_is_asked_and_is_right(installed, provider):
    visitor = installed.visitor()
    first = visitor.get("/sign-in")
    assert "Password" not in first.words
    second = visitor.post("/sign-in", {"email": FAY})
    assert second.status == 200 and "Password" in second.words and provider.issuer not in second.text
    visitor.sign_in(FAY, installed.lockbox.passwords[FAY])
    assert visitor.is_signed_in


def test_a_password_does_not_count_where_the_tenant_forbids_it(installed, provider):
    answer = installed.visitor().post(
        "/sign-in", {"email": ADAM, "password": installed.lockbox.passwords[ADAM]})
    assert answer.status == 422 and "password is wrong" in answer.words
    refused = installed.lockbox.api().post(
        "/v1/tokens", {"email": ADAM, "password": installed.lockbox.passwords[ADAM]})
    assert refused.status == 401, refused


def test_a_bookmark_of_the_tenant_leads_to_its_provider(installed, provider):
    visitor = installed.visitor()
    provider.lets_in("subject of gita", GITA)
    page = follow(visitor, visitor.get("/t/contoso?next=/people"), provider)
    assert (page.status, page.location) == (303, "/people")
    # One without a provider, and one that does not exist, look the same.
    for name in ("fabrikam", "no-such-tenant", "NO%00"):
        assert installed.visitor().get(f"/t/{name}").location == "/sign-in?next=/"


WRONG_CLAIMS = {
    "another issuer": {"iss": "https://login.other.test"},
    "meant for somebody else": {"aud": "somebody-else"},
    "another sign-in": {"nonce": "another"},
    "that is over": {"exp": int(time.time()) - 360},
    "not made just now": {"iat": int(time.time()) - 299 - 60},
    "wrong type": {"sub": {"a": 1}},
    "missing": {"nonce": None},
}


@pytest.mark.parametrize("words", WRONG_CLAIMS)
def test_a_token_with_a_wrong_claim_lets_nobody_in(installed, provider, words):
    provider.change = WRONG_CLAIMS[words]
    visitor, page = installed.sign_in(SUE)
    assert page.status == 403 and words in page.words, page
    assert not visitor.is_signed_in


@pytest.mark.parametrize("redirect, words", [
    ({"state": "of another browser"}, "not begun in this browser"),
    ({"state": None}, "not begun in this browser"),
    ({"iss": "http://127.0.0.1:1"}, "not the one that sent you back"),
    ({"iss": None}, "without saying who it is"),
    ({"code": None}, "without a code"),
    ({"code": "made up"}, "answered 400"),
    ({"error": "access_denied", "code": None}, "without having let you in"),
])
def test_a_way_back_that_is_wrong_lets_nobody_in(installed, provider, redirect, words):
    provider.redirect = redirect
    visitor, page = installed.sign_in(SUE)
    assert page.status in (403, 503) and words in page.words, page
    assert not visitor.is_signed_in


def test_a_way_back_leads_in_once_and_in_one_browser(installed, provider):
    provider.lets_in(f"subject of {SUE}", SUE)
    visitor = installed.visitor()
    out = visitor.post("/sign-in", {"email": SUE})
    stranger = installed.visitor()
    page = follow(stranger, out, provider)
    assert page.status == 403 and "not begun in this browser" in page.words
    thief = visitor.copy()
    assert follow(visitor, out, provider).status == 303
    code = list(provider.asked)[-1][1]["code"]
    state = re.search(r"state=([^&\"]*)", out.text)[1]
    again = thief.get(f"/oidc/callback?code={code}&state={state}&iss={provider.issuer}")
    assert again.status == 503 and not thief.is_signed_in
    assert visitor.is_signed_in


@pytest.mark.parametrize("path, answer, words", [
    ("/token", (200, b"<html>sign in</html>", "text/html"), "not JSON"),
    ("/token", (500, {}), "answered 500"),
    ("/token", (302, {}), "answered 302"),
    ("/token", (200, {"access_token": "a"}), "no ID token"),
    ("/token", (200, {"id_token": "e30.e30."}), "signed token"),
    ("/token", (200, b'{"id_token": "' + b"a" * 10_000_000 + b'"}'), "more than"),
])
def test_a_provider_that_answers_nonsense_lets_nobody_in(installed, provider, path, answer, words):
    provider.answers[path] = answer
    visitor, page = installed.sign_in(SUE)
    assert page.status in (403, 503) and words in page.words, page
    assert not visitor.is_signed_in


def test_a_provider_that_hangs_is_given_up_and_nobody_else_waits(installed, provider):
    visitor = installed.visitor()
    provider.lets_in(f"subject of {SUE}", SUE)
    out = visitor.post("/sign-in", {"email": SUE})
    provider.answers["/token"] = (200, {})
    provider.delay = 8
    began = time.monotonic()
    page = follow(visitor, out, provider)
    assert page.status == 503 and "cannot be reached" in page.words, page
    assert time.monotonic() - began < 8 + 8


def test_new_keys_of_the_provider_are_believed(installed, provider):
    installed.sign_in(SUE)
    provider.rotate()
    # The keys were read a moment ago. Whoever is told so tries again a little later.
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        _, page = installed.sign_in(SUE)
        if page.status == 303:
            return
        assert "does not publish" in page.words
        time.sleep(2)
    pytest.fail("the new key never counted")


def test_an_account_with_somebody_elses_address_is_turned_away_and_told(installed, provider):
    assert installed.sign_in(AMY)[1].status == 303
    visitor, page = installed.sign_in(AMY, subject="somebody with her old address")
    assert page.status == 403 and "another account" in page.words
    assert "identity.refused" in installed.activities()
    assert not visitor.is_signed_in


@pytest.mark.parametrize("email, words", [
    ("nobody@contoso.test", "is nobody here yet"),
    ("fay@fabrikam.test", "in no domain that belongs to your organisation"),
    ("eve@example-cloud.test", "in no domain that belongs to your organisation"),
])
def test_a_provider_speaks_for_its_own_people_alone(installed, provider, email, words):
    provider.lets_in(f"claims to be {email}", email)
    visitor = installed.visitor()
    page = follow(visitor, visitor.get("/t/contoso"), provider)
    assert page.status == 403 and words in page.words
    assert not visitor.is_signed_in


def test_an_address_that_is_not_verified_does_not_count(installed, provider):
    _, page = installed.sign_in("alan@contoso.test", email_verified=False)
    assert page.status == 403 and "does not say that an e-mail address is yours" in page.words


def test_the_file_names_the_provider_once(installed, provider):
    contoso = installed.lockbox.directory.tenant("contoso")
    contoso["signIn"] = {"oidc": {**installed.signs_in["oidc"], "issuer": "https://login.evil.test"}}
    try:
        said = installed.lockbox.apply().stdout
    finally:
        contoso["signIn"] = installed.signs_in
    assert "kept how its people sign in" in said
    assert installed.sign_in(AMY)[1].status == 303


def test_a_decision_needs_a_confirmation_at_the_provider(installed, provider):
    request = installed.ask()
    visitor, _ = installed.sign_in(AMY)
    # A browser whose sign-in is not fresh any more, without waiting ten minutes for it.
    with sqlite3.connect(installed.lockbox.database) as database:
        database.execute("UPDATE portal_session SET confirmed_at = confirmed_at - 3600000 WHERE ended_at IS NULL")
    page = visitor.get(f"/lockbox/{request}")
    assert "confirm at" in page.words and 'type="password"' not in page.text
    approve = f"/lockbox/{request}/approve"
    refused = visitor.post(approve, page.form(approve))
    assert refused.status == 422 and "First confirm where you signed in" in refused.words
    # Neither somebody else, nor a provider that does not ask anew, confirms anything.
    provider.lets_in("subject of gita", GITA)
    other = follow(visitor, visitor.get(f"/confirm?next=/lockbox/{request}"), provider)
    assert other.status == 403 and "you are somebody else than here" in other.words
    provider.lets_in(f"subject of {AMY}", AMY)
    provider.authenticated_at = lambda: time.time() - 600
    stale = follow(visitor, visitor.get(f"/confirm?next=/lockbox/{request}"), provider)
    assert stale.status == 403 and "did not ask anew" in stale.words
    provider.authenticated_at = time.time
    back = follow(visitor, visitor.get(f"/confirm?next=/lockbox/{request}"), provider)
    assert (back.status, back.location) == (303, f"/lockbox/{request}")
    asked = [fields for path, fields in provider.asked if path == "/authorize"][-1]
    assert (asked["prompt"], asked["max_age"]) == ("login", "0")
    done = visitor.post(approve, visitor.get(f"/lockbox/{request}").form(approve))
    assert done.status == 303, done
    assert installed.lockbox.api("eve").get(f"/v1/requests/{request}").json["state"] == "active"


def with_password(visitor, email, password):
    return visitor.post("/sign-in", {"email": email, "password": password, "next": "/"})


def signed_out_by(visitor, token):
    return visitor.send(
        "POST", "/oidc/logout", "logout_token=" + token, {"Content-Type": "application/x-www-form-urlencoded"})


def test_signing_out_at_the_provider_ends_the_session_here_and_its_open_page(installed, provider):
    visitor, _ = installed.sign_in(AMY, sid="one")
    other, _ = installed.sign_in(AMY, sid="two")
    stream = visitor.live()
    server = installed.visitor()
    for wrong in ("", "a.b.c", provider.logout_token(sub=f"subject of {AMY}", nonce="n"),
                  provider.logout_token(sub=f"subject of {AMY}", iss="https://login.evil.test")):
        refused = signed_out_by(server, wrong)
        assert (refused.status, refused.headers["cache-control"]) == (400, "no-store"), wrong
    assert visitor.is_signed_in and other.is_signed_in
    ended = signed_out_by(server, provider.logout_token(sid="one"))
    assert (ended.status, ended.headers["cache-control"]) == (200, "no-store")
    assert not visitor.is_signed_in and other.is_signed_in
    assert installed.activities()[0] == "sessions.endedByProvider"
    assert stream.read(5)[-1][1] == "end", "the open page hears nothing more"
    assert signed_out_by(server, provider.logout_token(sub=f"subject of {AMY}")).status == 200
    assert not other.is_signed_in


def test_signing_out_here_leads_to_signing_out_there(installed, provider):
    visitor, _ = installed.sign_in(AMY)
    page = visitor.post("/sign-out", visitor.get("/lockbox").form("/sign-out"))
    assert page.status == 200 and "still signed in" in page.words
    assert not visitor.is_signed_in
    place = page.link_to(provider.issuer)
    assert place.startswith(provider.issuer + "/end?client_id=lockbox&post_logout_redirect_uri=")


def test_passwords_count_again_while_the_provider_is_down_and_everybody_hears_of_it(installed, provider):
    visitor, password = installed.visitor(), installed.lockbox.passwords[ADAM]
    assert with_password(visitor, ADAM, password).status == 422
    refused = installed.lockbox.run("recover", "--tenant", "fabrikam", check=False)
    assert refused.returncode != 0 and "with passwords already" in refused.stderr
    opened = installed.lockbox.run(
        "recover", "--tenant", "contoso", "--hours", "2", "--as", "olga@example-cloud.test")
    assert "passwords count until" in opened.stdout
    record = installed.lockbox.api("alan").get("/v1/tenants/contoso/audit?limit=1").json["items"][0]
    assert record["activity"] == "signIn.settingsChanged"
    assert (record["actor"]["id"], record["actor"]["name"].split()[0]) == ("console", "olga@example-cloud.test")
    assert with_password(visitor, ADAM, password).status == 303
    installed.lockbox.wait_for_letters()
    letters = [letter.read_text().replace("=\n", "") for letter in installed.lockbox.letters.iterdir()]
    heads = [letter.partition("\n\n")[0] for letter in letters if "cannot be reached" in " ".join(letter.split())]
    assert [address for address in (ADAM, AMY, GITA) if not any(address in head for head in heads)] == [], heads
    assert visitor.is_signed_in
    assert "do not count any more" in installed.lockbox.run("recover", "--tenant", "contoso", "--end").stdout
    assert not visitor.is_signed_in
    assert with_password(installed.visitor(), ADAM, password).status == 422


def test_signing_in_again_ends_the_session_that_the_browser_had(installed, provider):
    visitor, password = installed.visitor(), installed.lockbox.passwords[FAY]
    assert with_password(visitor, FAY, password).status == 303
    former = visitor.copy()
    assert with_password(visitor, FAY, password).status == 303
    assert visitor.is_signed_in and not former.is_signed_in


def test_an_administrator_sets_up_sign_in_and_another_makes_it_so(installed, provider):
    tim, tom = installed.visitor(), installed.visitor()
    for visitor, email in ((tim, TIM), (tom, TOM)):
        assert with_password(visitor, email, installed.lockbox.passwords[email]).status == 303
    place = "/settings/sign-in"
    page = tim.get(place)
    assert all(installed.lockbox.url + path in page.words for path in ("/oidc/callback", "/oidc/logout"))
    wanted = {
        "ways": "provider", "issuer": provider.issuer, "clientID": provider.client_id,
        "authentication": "client_secret_basic", "secret": provider.client_secret}

    def ask(**changes):
        return tim.post(place, page.form(place) + list({**wanted, **changes}.items()))

    for changes, words in (
            ({"issuer": "http://127.0.0.1:9"}, "does not answer as an OpenID provider"),
            ({"issuer": provider.issuer + "/"}, "does not answer as an OpenID provider"),
            ({"issuer": "http://login.tailspin.test"}, "an https address"), ({"secret": ""}, "secret"),
            ({"ways": ""}, "ways"), ({"rolesClaim": "groups", "roles": "all = king"}, "a line for each value")):
        refused = ask(**changes)
        assert refused.status == 422 and words in refused.words, (changes, refused)
        assert provider.client_secret not in refused.text
    assert ask().status == 303
    page = tim.get(place)
    assert "not so yet" in page.words and provider.client_secret not in page.text and "/confirm" not in page.text
    assert 'type="password"' in installed.visitor().post("/sign-in", {"email": TOM}).text, "nothing is so yet"
    page = tom.get(place)
    confirm = re.search(rf'action="({place}/[^"]*/confirm)"', page.text)[1]
    assert tom.post(confirm, page.form(confirm)).status == 303
    assert not tim.is_signed_in and not tom.is_signed_in, "they came in by a way that is none any more"
    assert installed.sign_in(TIM)[1].status == 303
    assert with_password(installed.visitor(), TOM, installed.lockbox.passwords[TOM]).status == 422
    installed.lockbox.wait_for_letters()
    letters = [letter.read_text().replace("=\n", "") for letter in installed.lockbox.letters.iterdir()]
    heads = [letter.partition("\n\n")[0] for letter in letters if "will sign in from" in " ".join(letter.split())]
    assert all(any(address in head for head in heads) for address in (TIM, TOM))


def test_signing_in_again_without_being_asked_confirms_no_decision(installed, provider):
    request = installed.ask()
    visitor, _ = installed.sign_in(AMY)
    with sqlite3.connect(installed.lockbox.database) as database:
        database.execute("UPDATE portal_session SET confirmed_at = confirmed_at - 3600000 WHERE ended_at IS NULL")
    # Her browser is signed in at the provider still, which lets her in without a word: she showed who she is this morning.
    provider.lets_in(f"subject of {AMY}", AMY)
    provider.authenticated_at = lambda: time.time() - 8 * 3600
    assert follow(visitor, visitor.get(f"/t/contoso?next=/lockbox/{request}"), provider).status == 303
    approve = f"/lockbox/{request}/approve"
    refused = visitor.post(approve, visitor.get(f"/lockbox/{request}").form(approve))
    assert refused.status == 422 and "First confirm where you signed in" in refused.words
    assert installed.lockbox.api("eve").get(f"/v1/requests/{request}").json["state"] == "awaitingCustomer"


def test_the_log_of_all_this_is_in_order(installed, provider):
    installed.lockbox.check_log()
