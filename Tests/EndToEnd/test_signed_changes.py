"""Changes of rules and ends of access that are signed: with a passkey in a browser and with an SSH key on the command line,
verified by both verifiers, and enforced whatever is written into the database."""

import json
import sqlite3
import subprocess

import pytest

from lockbox_rig.browser import says
from lockbox_rig.lockboxd import cli
from test_passkeys import ADAM, GITA, Installation, give_authenticator
from test_signed_approvals import KEYS, POLICY, altering, record, state, verified


@pytest.fixture(scope="module")
def there():
    installation = Installation()
    try:
        # Afterwards, once an administrator has signed in, the console makes none any more.
        for name in ("adam", "gita", "alan"):
            installation.lockbox.api(name)
        gita = installation.lockbox.api("gita")
        alan = next(one for one in gita.get("/v1/tenants/contoso/people").json["items"] if one["name"].startswith("Alan"))
        made = gita.put(f"/v1/tenants/contoso/people/{alan['id']}", {"roles": ["admin", "auditor"]})
        assert made.status == 200, made
        yield installation
    finally:
        installation.stop()


def confirmed(there, key):
    answer = there.lockbox.api("alan").post(f"{KEYS}/{key}/confirm")
    assert answer.status == 204, answer


def opened(there):
    number = there.ask()
    adam = there.lockbox.api("adam")
    version = adam.get(f"/v1/requests/{number}").json["version"]
    decided = adam.post(f"/v1/requests/{number}/decisions", {"decision": "approve"}, If_Match=f'"v{version}"')
    assert decided.status == 200 and decided.json["state"] == "active", decided
    return number


def key_of(there, name, token):
    file = there.scratch.path / f"key-{name}"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(file)], check=True)
    key = json.loads(cli(there.url, token, "keys", "add", f"{file}.pub", "--output", "json").stdout)["id"]
    confirmed(there, key)
    return file


def rules(there):
    return there.lockbox.api("gita").get(POLICY).json


def test_ssh_keys_sign_rules_and_ends_of_access(there, tmp_path):
    gita, adam = there.lockbox.token(GITA), there.lockbox.token(ADAM)
    admins, approvers = key_of(there, "gita", gita), key_of(there, "adam", adam)
    cli(there.url, gita, "policy", "set", "--signed-changes", "required")

    # Rules.
    refused = cli(there.url, gita, "policy", "set", "--max-access", "2h", check=False)
    assert refused.returncode == 1 and "--sign-with" in refused.stderr, refused.stderr
    with altering(there, lambda said: said["rules"].update(maxAccess="PT24H")) as (url, _):
        refused = cli(url, gita, "policy", "set", "--max-access", "2h", "--sign-with", str(admins), check=False)
        assert refused.returncode == 1 and "rule maxAccess" in refused.stderr, refused.stderr
        assert "Nothing was signed" in refused.stderr
    assert rules(there)["maxAccess"] == "PT4H"
    cli(there.url, gita, "policy", "set", "--max-access", "2h", "--sign-with", str(admins))
    out = tmp_path / "statement"
    wanted = ["policy", "set", "--approvals-needed", "2"]
    cli(there.url, gita, *wanted, "--statement-out", str(out))
    assert rules(there)["approvalsNeeded"] == 1
    subprocess.run(
        ["ssh-keygen", "-q", "-Y", "sign", "-f", str(admins), "-n", "lockbox-policy", str(out)], check=True, capture_output=True)
    cli(there.url, gita, *wanted, "--statement", str(out), "--signature", f"{out}.sig")
    assert (rules(there)["maxAccess"], rules(there)["approvalsNeeded"]) == ("PT2H", 2)
    asked = json.loads(cli(
        there.url, gita, "policy", "set", "--approvals-needed", "1", "--sign-with", str(admins), "--output", "json").stdout)
    assert asked["approvalsNeeded"] == 2 and asked["waiting"]["approvalsNeeded"] == 1
    agree = ["policy", "agree", asked["waiting"]["id"]]
    assert cli(there.url, adam, *agree, check=False).returncode == 1
    cli(there.url, adam, *agree, "--sign-with", str(approvers))
    assert rules(there)["approvalsNeeded"] == 1

    # Ends of access.
    number = opened(there)
    with altering(there, lambda said: said.update(engineer="PER-MA110RY000")) as (url, _):
        refused = cli(url, adam, "request", "revoke", number, "--sign-with", str(approvers), check=False)
        assert refused.returncode == 1 and "engineer is" in refused.stderr, refused.stderr
    assert state(there, number) == "active"
    cli(there.url, adam, "request", "revoke", number, "--sign-with", str(approvers))
    assert state(there, number) == "ended"
    kept = record(there, "access.ended")["data"]
    assert json.loads(kept["statement"])["request"] == number and "unsigned" not in kept
    number = opened(there)
    cli(there.url, adam, "request", "revoke", number)
    assert state(there, number) == "ended" and record(there, "access.ended")["data"]["unsigned"] is True

    first, second, _ = verified(there.lockbox, tmp_path)
    assert first["counts"]["unsignedRevokes"] == 1
    assert [note for note in second["notes"] if "without a signature" in note], second
    there.lockbox.check_log()


def test_a_passkey_signs_rules_and_an_end_of_access(there, open_browser):
    assert rules(there)["signedChanges"] == "required"
    gita = open_browser(there.url, size="phone")
    give_authenticator(gita)
    gita.sign_in(GITA, there.lockbox.passwords[GITA], next="/account")
    gita.page.get_by_label("What to call the new one").fill("My phone")
    gita.press("Add a passkey")
    says(gita, "The passkey is added.")
    confirmed(there, record(there, "passkey.registered")["data"]["passkey"])

    gita.go("/settings")
    gita.page.locator("[name=approvals]").fill("2")
    gita.press("Review the change")
    gita.press("Confirm")
    says(gita, "Sign your rules")
    gita.check_reach()
    gita.check_width()
    said = json.loads(gita.page.locator("pre.statement").text_content())
    assert said["rules"]["approvalsNeeded"] == 2 and said["type"] == "lockbox-policy"
    words = gita.page.locator("dl").first.inner_text()
    for word in ("Approvals needed", "Signed changes", f"version {said['policy']} of your rules"):
        assert word in words, word
    gita.press("Sign and change")
    says(gita, "Settings saved.")
    assert rules(there)["approvalsNeeded"] == 2

    gita.go("/settings")
    gita.page.locator("[name=approvals]").fill("1")
    gita.press("Review the change")
    gita.press("Confirm")
    gita.press("Sign and change")
    says(gita, "Asked for, and not so yet")
    gita.press("Stop it")
    says(gita, "The rules stay as they are.")

    number = there.ask()
    for name in ("adam", "gita"):
        person = there.lockbox.api(name)
        version = person.get(f"/v1/requests/{number}").json["version"]
        decided = person.post(f"/v1/requests/{number}/decisions", {"decision": "approve"}, If_Match=f'"v{version}"')
        assert decided.status == 200, decided
    assert state(there, number) == "active"
    gita.go(f"/lockbox/{number}")
    gita.page.locator("summary", has_text="Stop now").click()
    gita.press("Sign and stop")
    says(gita, "Sign the end of this access")
    gita.check_reach()
    gita.check_width()
    assert state(there, number) == "active"
    gita.press("Sign and stop")
    says(gita, "Stopped.")
    assert state(there, number) == "ended"
    kept = record(there, "access.ended")["data"]
    assert kept["signature"]["kind"] == "webauthn" and json.loads(kept["statement"])["request"] == number
    there.lockbox.check_log()


def test_rules_that_were_written_into_the_database_hold_for_nothing(there):
    before = rules(there)
    with sqlite3.connect(there.lockbox.database) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        database.execute("UPDATE tenant SET signed_changes = 'off' WHERE id = 'contoso'")
    changed = there.lockbox.api("gita").put(
        POLICY, {**{name: value for name, value in before.items() if name not in ("tenant", "licensed", "waiting", "version")},
                 "signedChanges": "off", "maxAccess": "PT8H"}, If_Match=f'"v{before["version"]}"')
    assert changed.status == 409 and changed.json["code"] == "signatureRequired", changed
    checked = there.lockbox.run("check-log", check=False)
    assert checked.returncode != 0
