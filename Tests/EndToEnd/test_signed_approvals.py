"""Approvals that are signed by the approver: with a passkey in a browser and with an SSH key on the command line, held
against other people's implementations, and enforced whatever is written into the database."""

import base64
import contextlib
import hashlib
import http.client
import http.server
import json
import sqlite3
import subprocess
import threading

import fido2.cose
import fido2.cbor
import pytest
import webauthn

from lockbox_rig import secrets
from lockbox_rig.api import API, mailbox
from lockbox_rig.browser import APPROVE, says
from lockbox_rig.lockboxd import cli
from lockbox_rig.machine import LOOPBACK, wait_until
from lockbox_rig.place import Place
from lockbox_rig.world import SUE
from test_passkeys import ADAM, Device, Installation, decoded, encoded, give_authenticator
from test_second_verifier import verify

POLICY = "/v1/tenants/contoso/policy"
KEYS = "/v1/tenants/contoso/signing-keys"


def require_signatures(gita):
    rules = gita.get(POLICY).json
    rules = {name: value for name, value in rules.items() if name not in ("tenant", "licensed", "waiting")}
    changed = gita.put(POLICY, {**rules, "signedApprovals": "required"})
    assert changed.json["signedApprovals"] == "required", changed


@pytest.fixture(scope="module")
def there():
    installation = Installation()
    try:
        # Afterwards, once an administrator has signed in, the console makes none any more.
        for name in ("adam", "gita"):
            installation.lockbox.api(name)
        require_signatures(installation.lockbox.api("gita"))
        yield installation
    finally:
        installation.stop()


def confirm(there, key):
    confirmed = there.lockbox.api("gita").post(f"{KEYS}/{key}/confirm")
    assert confirmed.status == 204, confirmed


def record(there, activity):
    items = there.lockbox.api("alan").get("/v1/tenants/contoso/audit?limit=50").json["items"]
    return next(item for item in items if item["activity"] == activity)


def state(there, number):
    return there.lockbox.api("eve").get(f"/v1/requests/{number}").json["state"]


def introspects(there, token):
    secret = (there.scratch.path / "client").read_text().strip()
    return API(there.lockbox.port).introspect("dovecot", secret, token).json["active"]


def credential(there, number):
    issued = there.lockbox.api("eve").post(f"/v1/requests/{number}/credentials", {})
    return issued


def test_a_passkey_signs_what_the_page_says(there, open_browser):
    adam = open_browser(there.url, size="phone")
    give_authenticator(adam)
    adam.sign_in(ADAM, there.lockbox.passwords[ADAM], next="/account")
    adam.page.get_by_label("What to call the new one").fill("My phone")
    adam.press("Add a passkey")
    says(adam, "The passkey is added.")
    key = record(there, "passkey.registered")["data"]

    number = there.ask()
    adam.go(f"/lockbox/{number}")
    adam.press(APPROVE)
    says(adam, "What you sign")
    adam.check_reach()
    adam.check_width()
    said = json.loads(adam.page.locator("pre.statement").text_content())
    words = adam.page.locator("dl").first.inner_text()
    for word in (said["engineer"], said["resources"][0]["name"], number, "1 hour"):
        assert word in words, word

    # A key that nobody has confirmed counts after the cooling-off, and not now.
    adam.press("Sign and approve")
    says(adam, "not confirmed")
    assert state(there, number) == "awaitingCustomer"
    confirm(there, key["passkey"])
    adam.go(f"/lockbox/{number}")
    adam.press(APPROVE)
    adam.press("Sign and approve")
    says(adam, "Your approval is recorded.")
    assert state(there, number) == "active"

    # Others find the signature good, over the digest of the statement that the log keeps.
    kept = record(there, "request.approved")
    statement, signature = kept["texts"]["statement"]["text"].encode(), kept["data"]["signature"]
    assert json.loads(statement)["request"] == number
    verified = webauthn.verify_authentication_response(
        credential={
            "id": key["credential"], "rawId": key["credential"], "type": "public-key", "response": {
                "clientDataJSON": signature["clientData"], "authenticatorData": signature["authenticatorData"],
                "signature": signature["signature"]}},
        expected_challenge=hashlib.sha256(statement).digest(), expected_rp_id="localhost", expected_origin=there.url,
        credential_public_key=decoded(key["publicKey"]), credential_current_sign_count=0,
        require_user_verification=True)
    assert encoded(verified.credential_id) == key["credential"]
    public = fido2.cose.CoseKey.parse(fido2.cbor.decode(decoded(key["publicKey"])))
    public.verify(
        decoded(signature["authenticatorData"]) + hashlib.sha256(decoded(signature["clientData"])).digest(),
        decoded(signature["signature"]))
    there.lockbox.check_log()


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
def test_an_ssh_key_signs_on_the_command_line(there, kind):
    file = there.scratch.path / f"key-{kind}"
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "adam", "-f", str(file)], check=True)
    token, gita = there.lockbox.token(ADAM), there.lockbox.token("gita@contoso.test")
    key = json.loads(cli(there.url, token, "keys", "add", f"{file}.pub", "--output", "json").stdout)["id"]
    number = there.ask()
    refused = cli(there.url, token, "request", "approve", number, "--yes", check=False)
    assert refused.returncode == 1 and "signed" in refused.stderr
    early = cli(there.url, token, "request", "approve", number, "--yes", "--sign-with", str(file), check=False)
    assert early.returncode == 1 and "not confirmed" in early.stderr
    own = cli(there.url, token, "keys", "confirm", key, check=False)
    assert own.returncode == 1
    cli(there.url, gita, "keys", "confirm", key)
    assert key in cli(there.url, gita, "keys", "list").stdout
    if kind == "ed25519":
        cli(there.url, token, "request", "approve", number, "--yes", "--sign-with", str(file))
    else:
        out = there.scratch.path / "statement"
        cli(there.url, token, "request", "approve", number, "--yes", "--statement-out", str(out))
        subprocess.run(
            ["ssh-keygen", "-q", "-Y", "sign", "-f", str(file), "-n", "lockbox-approval", str(out)],
            check=True, capture_output=True)
        cli(there.url, token, "request", "approve", number, "--yes",
            "--statement", str(out), "--signature", f"{out}.sig")
    assert state(there, number) == "active"

    # OpenSSH finds it good, from what the log keeps alone.
    kept = record(there, "request.approved")
    armoured = there.scratch.path / "kept.sig"
    armoured.write_text(
        "-----BEGIN SSH SIGNATURE-----\n" + kept["data"]["signature"]["signature"]
        + "\n-----END SSH SIGNATURE-----\n")
    allowed = there.scratch.path / "allowed"
    allowed.write_text("adam " + record(there, "signingKey.added")["data"]["publicKey"] + "\n")
    subprocess.run(
        ["ssh-keygen", "-Y", "verify", "-f", str(allowed), "-I", "adam", "-n", "lockbox-approval", "-s", str(armoured)],
        input=kept["texts"]["statement"]["text"].encode(), check=True, capture_output=True)

    cli(there.url, token, "keys", "remove", key)
    again = there.ask()
    late = cli(there.url, token, "request", "approve", again, "--yes", "--sign-with", str(file), check=False)
    assert late.returncode == 1 and state(there, again) == "awaitingCustomer"
    there.lockbox.check_log()


@contextlib.contextmanager
def altering(there, change):
    """The server, but for what it says is to be signed. Gives its address and what was decided."""
    decided = []

    class Between(http.server.BaseHTTPRequestHandler):
        def answer(self):
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            if self.path.endswith("/decisions"):
                decided.append(json.loads(body))
            behind = http.client.HTTPConnection(LOOPBACK, there.lockbox.port)
            headers = {
                name: value for name, value in self.headers.items()
                if name.lower() not in ("host", "connection", "accept-encoding")}
            headers["Host"] = f"localhost:{there.lockbox.port}"
            behind.request(self.command, self.path, body or None, headers)
            answer = behind.getresponse()
            text = answer.read()
            if self.path.endswith("/statement"):
                said = json.loads(json.loads(text)["statement"])
                change(said)
                text = json.dumps({"statement": json.dumps(said, sort_keys=True, separators=(",", ":"))}).encode()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = answer

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer((LOOPBACK, 0), Between)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}", decided
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_the_command_line_signs_nothing_but_what_was_shown(there):
    file = there.scratch.path / "key-altered"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "adam", "-f", str(file)], check=True)
    token, gita = there.lockbox.token(ADAM), there.lockbox.token("gita@contoso.test")
    key = json.loads(cli(there.url, token, "keys", "add", f"{file}.pub", "--output", "json").stdout)["id"]
    cli(there.url, gita, "keys", "confirm", key)
    number, out = there.ask(), there.scratch.path / "altered"
    changes = {
        "engineer is": lambda said: said.update(engineer="PER-MA110RY000"),
        "duration is": lambda said: said.update(duration="PT4H"),
        "ceo@contoso.test": lambda said: said["resources"][0].update(name="mailbox:ceo@contoso.test"),
        "request is": lambda said: said.update(request="LBX-0THERREQ00"),
        "log is": lambda said: said["log"].update(origin="other.test/v1/tenants/fabrikam/log"),
    }
    for name, change in changes.items():
        with altering(there, change) as (url, decided):
            for way in (["--sign-with", str(file)], ["--statement-out", str(out)]):
                refused = cli(url, token, "request", "approve", number, "--yes", *way, check=False)
                assert refused.returncode == 1 and name in refused.stderr, (name, refused.stderr)
                assert "Nothing was signed" in refused.stderr
            assert not decided and not out.exists()
    assert state(there, number) == "awaitingCustomer"
    # What was signed elsewhere is held against the request in the same way.
    with altering(there, lambda said: None) as (url, decided):
        cli(url, token, "request", "approve", number, "--yes", "--statement-out", str(out))
        subprocess.run(
            ["ssh-keygen", "-q", "-Y", "sign", "-f", str(file), "-n", "lockbox-approval", str(out)],
            check=True, capture_output=True)
        signed_elsewhere = ["--statement", str(out), "--signature", f"{out}.sig"]
        refused = cli(url, token, "request", "approve", there.ask(), "--yes", *signed_elsewhere, check=False)
        assert refused.returncode == 1 and "request is" in refused.stderr and not decided, refused.stderr
        approved = cli(url, token, "request", "approve", number, "--yes", *signed_elsewhere)
        assert "You sign" in approved.stderr and number in approved.stderr
    assert state(there, number) == "active"
    cli(there.url, token, "keys", "remove", key)


def signed(there, device, key, statement, answering=None, **how):
    """The body of a decision, signed by other people's code."""
    challenge = encoded(hashlib.sha256((answering or statement).encode()).digest())
    made = json.loads(device.use({"rpId": "localhost", "challenge": challenge}, **how))["response"]
    return {"decision": "approve", "statement": statement, "signature": {
        "kind": "webauthn", "passkey": key, "clientData": made["clientDataJSON"],
        "authenticatorData": made["authenticatorData"], "signature": made["signature"]}}


def test_what_another_implementation_signs_is_taken_and_what_is_wrong_in_it_is_not(there):
    device, adam, api = Device(there.url), there.signed_in(ADAM), there.lockbox.api("adam")
    fields = [pair for pair in adam.get("/account").form("/account/passkeys") if pair[0] != "newPasskey"]
    made = device.make(adam.get("/passkey/register").json_body())
    assert adam.post("/account/passkeys", [*fields, ("passkeyName", "By other hands"), ("newPasskey", made)]).status == 303
    key = record(there, "passkey.registered")["data"]["passkey"]
    confirm(there, key)
    number = there.ask()
    path, tag = f"/v1/requests/{number}", f'"v{api.get(f"/v1/requests/{number}").json["version"]}"'

    def ask():
        made = api.post(f"{path}/statement", {"decision": "approve"}, If_Match=tag)
        assert made.status == 200, made
        return made.json["statement"]

    statement = ask()
    longer = statement.replace('"duration":"PT1H"', '"duration":"PT2H"')
    lookalike = statement.replace('"approver"', '"\u0430pprover"')
    spaced = statement.replace('"v":1', '"v": 1')
    doubled = statement.replace('"v":1', '"v":1,"v":1')
    reordered = '{"v":1,' + statement[1:-len(',"v":1}')] + "}"
    assert len({statement, longer, lookalike, spaced, doubled, reordered}) == 6
    wrong = [
        signed(there, device, key, statement, origin="https://evil.test"),
        signed(there, device, key, statement, origin=there.url.replace("localhost", "l\u043ecalhost")),
        signed(there, device, key, statement, verified=False),
        signed(there, device, key, statement, answering=ask()),
        signed(there, Device(there.url), key, statement),
        signed(there, device, "PKY-0000000000", statement),
        *(signed(there, device, key, text) for text in (longer, lookalike, spaced, doubled, reordered))]
    before = there.lockbox.api("alan").get("/v1/tenants/contoso/log/checkpoint").body.decode().split("\n")[1]
    for body in wrong:
        refused = api.post(f"{path}/decisions", body, If_Match=tag)
        assert refused.status == 422 and refused.json["errors"], (body, refused)
    assert state(there, number) == "awaitingCustomer"
    assert there.lockbox.api("alan").get("/v1/tenants/contoso/log/checkpoint").body.decode().split("\n")[1] == before

    approved = api.post(f"{path}/decisions", signed(there, device, key, statement), If_Match=tag)
    assert approved.status == 200 and state(there, number) == "active", approved


def verified(lockbox, folder):
    """What both verifiers say of the log, which must be in order to both, and the records."""
    said = cli(lockbox.url, lockbox.token("gita@contoso.test"), "audit", "verify", "--tenant", "contoso",
               "--state", str(folder / "state"), "--output", "json")
    first = json.loads(said.stdout)
    assert (first["verdict"], first["findings"]) == ("in-order", []), first
    log, alan = "/v1/tenants/contoso/log", lockbox.api("alan")
    (folder / "log.key").write_bytes(alan.get(f"{log}/key").body)
    (folder / "log.checkpoint").write_bytes(alan.get(f"{log}/checkpoint").body)
    size = int((folder / "log.checkpoint").read_text().split("\n")[1])
    records = alan.get(f"/v1/tenants/contoso/audit?size={size}", Accept="application/jsonl").body
    (folder / "log.jsonl").write_bytes(records)
    second = verify("--key", folder / "log.key", "--checkpoint", folder / "log.checkpoint", "--export", folder / "log.jsonl")
    assert (second["findings"], second["records"]) == ([], size)
    return first, second, [json.loads(line) for line in records.splitlines()]


def test_both_verifiers_find_all_of_it_in_order(there, tmp_path):
    first, _, records = verified(there.lockbox, tmp_path)
    assert first["counts"]["uncheckedAccess"] == 0
    kinds = {one["data"]["signature"]["kind"] for one in records if "signature" in one["data"]}
    assert kinds == {"webauthn", "sshsig"}


def test_what_was_signed_and_then_erased_is_told_and_is_no_finding(tmp_path):
    with Place.running("signed-erasure", people=("eve", "mark", "sue", "adam", "gita", "alan")) as place:
        lockbox, file = place.lockbox, tmp_path / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(file)], check=True)
        adam, gita = lockbox.token(ADAM), lockbox.token("gita@contoso.test")
        key = json.loads(cli(lockbox.url, adam, "keys", "add", f"{file}.pub", "--output", "json").stdout)["id"]
        cli(lockbox.url, gita, "keys", "confirm", key)
        require_signatures(place.gita)
        number = place.eve.submit("contoso", place.support, [mailbox(SUE)], duration="PT1H").json["id"]
        assert place.mark.decide(number, "approve").status == 200
        cli(lockbox.url, adam, "request", "approve", number, "--yes", "--sign-with", str(file))
        first, second, _ = verified(lockbox, tmp_path)
        assert first["counts"]["uncheckedAccess"] == 0
        assert not [note for note in second["notes"] if "cannot be told" in note], second

        erasure = {"request": number, "reason": "Article 17"}
        assert place.gita.post("/v1/tenants/contoso/audit/erasures", erasure).status == 422
        assert place.adam.post(f"/v1/requests/{number}/revoke").status == 200
        wait_until(
            lambda: place.gita.post("/v1/tenants/contoso/audit/erasures", erasure).status == 200, 30,
            "the access to be closed", 0.5)
        first, second, records = verified(lockbox, tmp_path)
        [approved] = [one for one in records if one["activity"] == "request.approved"]
        assert approved["texts"]["statement"] == {"salt": None, "text": None}
        assert first["counts"]["uncheckedAccess"] == 1
        assert [note for note in second["notes"] if "cannot be told" in note], second
        lockbox.check_log()


def test_a_grant_that_was_written_into_the_database_opens_nothing(there):
    """Rules switched off, a request made active and a credential made, by hand while the server runs."""
    with sqlite3.connect(there.lockbox.database) as database:
        real = database.execute(
            "SELECT request FROM access_grant ORDER BY starts_at DESC LIMIT 1").fetchone()[0]
    issued = credential(there, real)
    assert issued.status in (200, 201), issued
    token = secrets.register(issued.json["token"], "credential")
    assert introspects(there, token)
    forged = secrets.register("lbc_" + base64.urlsafe_b64encode(b"forged by hand, in 32 bytes ....").decode(), "forged")
    waiting = there.ask()
    with sqlite3.connect(there.lockbox.database) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        database.execute("UPDATE tenant SET signed_approvals = 'off'")
        database.execute(
            "UPDATE access_request SET state = 'active', asked_at = NULL, approvals_needed = NULL,"
            " prior_state = 'awaitingCustomer', version = version + 1,"
            " deadline = (SELECT max(ends_at) FROM access_grant) WHERE id = ?", (waiting,))
        database.execute(
            "INSERT INTO access_grant SELECT 'GRT-F0RGED0000', ?, starts_at, ends_at, scope, basis"
            " FROM access_grant WHERE request = ?", (waiting, real))
        database.execute(
            "INSERT INTO credential SELECT 'CRD-F0RGED0000', ?, ?, 'GRT-F0RGED0000', tenant, engineer, service,"
            " resource, actions, username, issued_at, expires_at, NULL FROM credential WHERE request = ?",
            (hashlib.sha256(forged.encode()).digest(), waiting, real))
    # What is real is read anew with it: once that is so, the forged one has been looked at too.
    wait_until(lambda: "not obeyed" in (there.lockbox.process.out.text + there.lockbox.process.err.text), 15, "the row to be looked at", 0.1)
    assert introspects(there, token)
    assert not introspects(there, forged)
    assert b"\nlockbox_grants_refused 1\n" in there.lockbox.api().get("/metrics").body, "the operator's alert"
    assert credential(there, waiting).status == 409
    there.lockbox.stop()
    there.lockbox.start()
    assert introspects(there, token) and not introspects(there, forged)
    checked = there.lockbox.run("check-log", check=False)
    assert checked.returncode != 0 and waiting in checked.stdout + checked.stderr

    # A grant whose end was moved is refused too, in the server that runs.
    with sqlite3.connect(there.lockbox.database) as database:
        database.execute("UPDATE access_grant SET ends_at = ends_at + 1000 WHERE request = ?", (real,))
        database.execute("UPDATE access_request SET deadline = deadline + 1000 WHERE id = ?", (real,))
    wait_until(lambda: not introspects(there, token), 15, "the moved end to be seen", 0.1)
