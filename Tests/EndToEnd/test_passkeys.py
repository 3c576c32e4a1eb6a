"""Passkeys in a real browser with an authenticator of its own, and against other people's implementations."""

import base64
import hashlib
import json
import re
import sqlite3

import fido2.cose
import fido2.webauthn
import pytest
import webauthn

from lockbox_rig import secrets
from lockbox_rig.browser import APPROVE, says
from lockbox_rig.directory import DirectoryFile, imap_service
from lockbox_rig.lockboxd import Lockboxd
from lockbox_rig.machine import Scratch, free_port
from lockbox_rig.portal import Visitor

ADAM, GITA = "adam@contoso.test", "gita@contoso.test"


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Installation:
    """Browsers have passkeys for `localhost`, and for no address."""

    def __init__(self):
        self.scratch = Scratch("passkeys")
        for name in ("client", "doveadm"):
            (self.scratch.path / name).write_text(secrets.new(f"{name} secret") + "\n")
            (self.scratch.path / name).chmod(0o600)
        self.directory = DirectoryFile([imap_service(
            self.scratch.path / "client", "http://127.0.0.1:9/doveadm/v1", self.scratch.path / "doveadm")])
        port = free_port()
        self.url = f"http://localhost:{port}"
        self.lockbox = Lockboxd(self.scratch.path / "lockbox", self.directory, port=port, publicURL=self.url)
        self.lockbox.apply()
        for email in (ADAM, GITA):
            self.lockbox.password(email)
        for name in ("alan", "sue", "eve", "mark"):
            self.lockbox.token(self.directory.people[name])
        self.lockbox.start()

    def stop(self):
        self.lockbox.stop()
        self.lockbox.remember_files()
        self.scratch.remove()

    def visitor(self):
        return Visitor(self.lockbox.port, self.url)

    def signed_in(self, email):
        return self.visitor().sign_in(email, self.lockbox.passwords[email])

    def ask(self):
        """A request that waits for Contoso."""
        sue, eve = self.lockbox.api("sue"), self.lockbox.api("eve")
        support = sue.post("/v1/support-requests", {
            "tenant": "contoso", "subject": "Mail is missing", "description": "None since noon.", "service": "mail"})
        request = eve.post("/v1/requests", {
            "tenant": "contoso", "supportRequest": support.json["number"], "reason": "Looking for the missing mail.",
            "duration": "PT1H", "resources": [{"service": "mail", "id": "mailbox:sue@contoso.test", "actions": ["read"]}]})
        number, version = request.json["id"], request.json["version"]
        decided = self.lockbox.api("mark").post(
            f"/v1/requests/{number}/decisions", {"decision": "approve"}, If_Match=f'"v{version}"')
        assert decided.status == 200, decided
        return number

    def grow_old(self):
        """No session is fresh any more, without waiting ten minutes for it."""
        with sqlite3.connect(self.lockbox.database) as database:
            database.execute("UPDATE portal_session SET confirmed_at = confirmed_at - 3600000 WHERE ended_at IS NULL")

    def activities(self):
        """What the tenant's log tells, newest first."""
        items = self.lockbox.api("alan").get("/v1/tenants/contoso/audit?limit=50").json["items"]
        return [item["activity"] for item in items]

    def registered(self):
        """What the log keeps of the passkey that was added last."""
        items = self.lockbox.api("alan").get("/v1/tenants/contoso/audit?limit=50").json["items"]
        return next(item for item in items if item["activity"] == "passkey.registered")["data"]


@pytest.fixture(scope="module")
def installed():
    installation = Installation()
    try:
        yield installation
    finally:
        installation.stop()


def give_authenticator(profile):
    """The browser gets a device that knows its owner by her finger; what it is asked and answers is kept."""
    tools = profile.context.new_cdp_session(profile.page)
    tools.send("WebAuthn.enable")
    tools.send("WebAuthn.addVirtualAuthenticator", {"options": {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True}})


def sign_out(profile):
    profile.page.locator("details.account summary").click()
    profile.press("Sign out")


def posted(profile, path):
    """The fields of the form that the browser sent last to `path`."""
    sent = [one for one in profile.requests if one.method == "POST" and one.url.endswith(path)][-1]
    return dict(sent.post_data_json)


def test_a_passkey_in_a_browser_from_making_to_removal(installed, open_browser):
    adam = open_browser(installed.url, size="phone")
    give_authenticator(adam)
    adam.sign_in(ADAM, installed.lockbox.passwords[ADAM], next="/account")
    adam.page.get_by_label("What to call the new one").fill("My phone")
    adam.press("Add a passkey")
    says(adam, "The passkey is added.")
    made = json.loads(posted(adam, "/account/passkeys")["newPasskey"])
    adam.check_reach()
    adam.check_width()

    # Others find the same in it, and the log keeps the key that they find.
    kept = installed.registered()
    options = {"challenge": decoded(json.loads(decoded(made["response"]["clientDataJSON"]))["challenge"])}
    found = webauthn.verify_registration_response(
        credential={**made, "rawId": made["id"]}, expected_challenge=options["challenge"], expected_rp_id="localhost",
        expected_origin=installed.url, require_user_verification=True)
    assert encoded(found.credential_id) == kept["credential"]
    assert encoded(found.credential_public_key) == kept["publicKey"]
    theirs = fido2.webauthn.AttestationObject(decoded(made["response"]["attestationObject"])).auth_data.credential_data
    assert encoded(theirs.credential_id) == kept["credential"]

    sign_out(adam)
    adam.go("/sign-in?next=/lockbox")
    adam.check_reach()
    adam.press("Sign in with a passkey")
    adam.page.wait_for_url(f"{installed.url}/lockbox")
    answer = json.loads(posted(adam, "/sign-in/passkey")["passkey"])
    client_data = decoded(answer["response"]["clientDataJSON"])
    challenge = decoded(json.loads(client_data)["challenge"])
    verified = webauthn.verify_authentication_response(
        credential={**answer, "rawId": answer["id"]}, expected_challenge=challenge, expected_rp_id="localhost",
        expected_origin=installed.url, credential_public_key=decoded(kept["publicKey"]),
        credential_current_sign_count=0, require_user_verification=True)
    assert verified.credential_id == found.credential_id
    authenticator_data = decoded(answer["response"]["authenticatorData"])
    theirs.public_key.verify(
        authenticator_data + hashlib.sha256(client_data).digest(), decoded(answer["response"]["signature"]))
    # The very same answer lets nobody in again, with all cookies of that browser.
    thief = installed.visitor()
    thief.cookies = {cookie["name"]: cookie["value"] for cookie in adam.context.cookies()}
    again = thief.post("/sign-in/passkey", {"passkey": json.dumps(answer)})
    assert again.status == 422 and "opens nothing here" in again.words

    request = installed.ask()
    installed.grow_old()
    adam.go(f"/lockbox/{request}")
    says(adam, "Leave it empty to use your passkey")
    adam.check_reach()
    adam.check_width()
    adam.press(APPROVE)
    says(adam, "Your approval is recorded.")
    assert installed.lockbox.api("eve").get(f"/v1/requests/{request}").json["state"] == "active"
    assert "passkey.confirmed" in installed.activities()

    adam.go("/account")
    adam.page.locator("summary", has_text="Remove").click()
    adam.press("Yes, remove this passkey now")
    says(adam, "The passkey is removed.")
    sign_out(adam)
    adam.go("/sign-in")
    adam.press("Sign in with a passkey")
    says(adam, "That passkey opens nothing here.")
    assert "passkey.removed" in installed.activities()


def test_without_a_passkey_nothing_is_sent(installed, open_browser):
    gita = open_browser(installed.url)
    tools = gita.context.new_cdp_session(gita.page)
    tools.send("WebAuthn.enable")
    gita.go("/sign-in")
    before = len(gita.requests)
    gita.page.evaluate(
        "() => { navigator.credentials.get = async () => { throw new DOMException('no', 'NotAllowedError') } }")
    gita.press("Sign in with a passkey")
    gita.page.get_by_text("Nothing was sent").first.wait_for()
    assert not [one for one in gita.requests[before:] if one.method == "POST"]


def test_where_the_address_is_no_name_nothing_is_offered(world):
    visitor = Visitor(world.lockbox.port)
    assert "passkey" not in visitor.get("/sign-in").text
    for path in ("/passkey/sign-in", "/passkey/confirm", "/passkey/register"):
        assert visitor.get(path).status == 404


class Device:
    """An authenticator by other people's code."""

    def __init__(self, url):
        from cryptography.hazmat.primitives.asymmetric import ec
        self.url, self.counter = url, 0
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.public_key = fido2.cose.ES256.from_cryptography_key(self.key.public_key())
        self.id = hashlib.sha256(str(id(self)).encode()).digest()
        self.handle = None

    def client_data(self, kind, challenge, origin=None):
        return fido2.webauthn.CollectedClientData.create(
            kind, decoded(challenge), origin or self.url, cross_origin=False)

    def make(self, options, **how):
        self.handle = options["user"]["id"]
        flags = fido2.webauthn.AuthenticatorData.FLAG.UP | fido2.webauthn.AuthenticatorData.FLAG.UV
        data = fido2.webauthn.AuthenticatorData.create(
            hashlib.sha256(options["rp"]["id"].encode()).digest(),
            flags | fido2.webauthn.AuthenticatorData.FLAG.AT, self.counter,
            fido2.webauthn.AttestedCredentialData.create(b"\0" * 16, self.id, self.public_key))
        attestation = fido2.webauthn.AttestationObject.create("none", data, {})
        return json.dumps({"id": encoded(self.id), "type": "public-key", "response": {
            "clientDataJSON": encoded(self.client_data("webauthn.create", options["challenge"], **how)),
            "attestationObject": encoded(attestation)}})

    def use(self, options, verified=True, **how):
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec
        flag = fido2.webauthn.AuthenticatorData.FLAG
        data = fido2.webauthn.AuthenticatorData.create(
            hashlib.sha256(options["rpId"].encode()).digest(), flag.UP | flag.UV if verified else flag.UP, self.counter)
        client_data = self.client_data("webauthn.get", options["challenge"], **how)
        signature = self.key.sign(
            data + hashlib.sha256(client_data).digest(), ec.ECDSA(hashes.SHA256()))
        return json.dumps({"id": encoded(self.id), "type": "public-key", "response": {
            "clientDataJSON": encoded(client_data), "authenticatorData": encoded(data),
            "signature": encoded(signature), "userHandle": self.handle}})


def test_what_other_implementations_make_is_taken_and_what_is_wrong_in_it_is_not(installed):
    gita = installed.signed_in(GITA)
    device = Device(installed.url)
    page = gita.get("/account")
    options = gita.get("/passkey/register").json_body()
    assert options["authenticatorSelection"]["userVerification"] == "required" and options["attestation"] == "none"
    # Of another origin: said in words, and nothing is changed.
    fields = page.form("/account/passkeys") + [("passkeyName", "By other hands")]
    fields = [pair for pair in fields if pair[0] != "newPasskey"]
    wrong = gita.post("/account/passkeys", fields + [("newPasskey", device.make(options, origin="https://evil.test"))])
    assert wrong.status == 422 and "it comes from another origin" in wrong.words
    cut = gita.post("/account/passkeys", fields + [("newPasskey", device.make(options)[:-40])])
    assert cut.status == 422 and "cannot be read" in cut.words
    assert "You have none." in gita.get("/account").words
    added = gita.post("/account/passkeys", fields + [("newPasskey", device.make(options))])
    assert (added.status, added.location) == (303, "/account?done=passkeyAdded"), added

    visitor = installed.visitor()
    def ask():
        return visitor.get("/passkey/sign-in").json_body()
    for answer in (device.use(ask(), origin="https://evil.test"), device.use(ask(), verified=False), "{}"):
        refused = visitor.post("/sign-in/passkey", {"passkey": answer})
        assert refused.status == 422 and "opens nothing here" in refused.words
        assert not visitor.is_signed_in
    assert installed.activities()[:2] == ["passkey.refused", "passkey.refused"]
    elsewhere = installed.visitor().post("/sign-in/passkey", {"passkey": device.use(ask())})
    assert elsewhere.status == 422
    foreign = visitor.post("/sign-in/passkey", {"passkey": device.use(ask())}, origin="https://evil.test")
    assert foreign.status == 403
    entered = visitor.post("/sign-in/passkey", {"passkey": device.use(ask()), "next": "/people"})
    assert (entered.status, entered.location) == (303, "/people")
    assert visitor.is_signed_in

    # The letter, which nobody can switch off, says so.
    installed.lockbox.wait_for_letters()
    letters = " ".join(path.read_text() for path in installed.lockbox.letters.rglob("*") if path.is_file())
    assert "By other hands" in letters


def test_the_log_of_all_this_is_in_order(installed):
    installed.lockbox.check_log()
