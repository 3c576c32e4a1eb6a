"""Texts of the audit log go for good: from the database's files too, with a record that every verifier asks for."""

import json
import pathlib
import subprocess
import sys
import time

import pytest

from lockbox_rig.api import mailbox
from lockbox_rig.browser import says
from lockbox_rig.lockboxd import cli
from lockbox_rig.machine import wait_until

VERIFIER = pathlib.Path(__file__).resolve().parent.parent.parent / "tools" / "verify.py"
GITA, SUE = "gita@contoso.test", "sue@contoso.test"
SUBJECT, REASON, COMMENT = "Quixotic zeppelin subject", "Because of the marzipan submarine.", "Flamingo umbrella comment."


class Erasing:
    """An installation, and a request in it with texts that are easily looked for."""

    def __init__(self, lockbox, folder):
        self.lockbox, self.folder = lockbox, folder
        lockbox.apply()
        for name in ("eve", "mark", "sue", "gita", "alan", "adam"):
            lockbox.token(lockbox.directory.people[name])
        lockbox.start()

    def api(self, name):
        return self.lockbox.api(name)

    def asked(self):
        support = self.api("sue").open_support_request("contoso", SUBJECT).json["number"]
        asked = self.api("eve").submit("contoso", support, [mailbox(SUE)], reason=REASON)
        assert asked.status == 201, asked
        return asked.json["id"]

    def withdraw(self, number):
        done = self.api("eve").post(f"/v1/requests/{number}/withdraw", {"comment": COMMENT})
        assert done.status == 200, done
        self.lockbox.wait_for_letters()

    def files(self):
        """What the database's files hold, whichever page of them it is in."""
        database = self.lockbox.database
        return b"".join(path.read_bytes() for path in sorted(database.parent.glob(database.name + "*")))

    def run(self, *arguments, check=False):
        return cli(
            self.lockbox.url, self.lockbox.token(GITA), "audit", *arguments, check=check, env=self.lockbox.clock.env)

    def exported(self, name):
        path = self.folder / name
        self.run("export", "--out", str(path), "--state", str(self.folder / "state"), check=True)
        return path

    def findings(self, export):
        """What both verifiers find in an export; they say the same."""
        ours = cli(
            "http://127.0.0.1:9", "unused", "audit", "verify", "--export", str(export), "--output", "json", check=False,
            env=self.lockbox.clock.env)
        for part in ("key", "checkpoint"):
            answer = self.api("alan").get(f"/v1/tenants/contoso/log/{part}")
            (self.folder / part).write_bytes(answer.body)
        theirs = subprocess.run(
            [sys.executable, "-I", "-B", VERIFIER, "--output", "json", "--key", self.folder / "key",
             "--export", export, "--checkpoint", self.folder / "checkpoint"], capture_output=True, text=True, timeout=60,
            env=self.lockbox.clock.env)
        assert ours.stdout and theirs.stdout, (ours, theirs)
        found = [{finding["code"] for finding in json.loads(done.stdout)["findings"]} for done in (ours, theirs)]
        assert [done.returncode for done in (ours, theirs)] == [int(bool(codes)) for codes in found], (ours, theirs)
        return found

    def texts(self, **query):
        records = self.api("alan").audit("contoso", **query)
        return [(record["activity"], name, text["text"]) for record in records for name, text in record["texts"].items()]


@pytest.fixture
def there(install, tmp_path):
    return Erasing(install(clock_shifts=True), tmp_path)


def test_an_administrator_erases_a_request_and_its_bytes_are_gone(there):
    number = there.asked()
    waits = there.run("erase", "--request", number, "--reason", "The person concerned asked.")
    assert waits.returncode != 0 and number in waits.stderr, waits
    assert REASON in [text for _, _, text in there.texts(request=number)], "nothing went"
    there.withdraw(number)
    refused = there.api("adam").post(
        "/v1/tenants/contoso/audit/erasures", {"request": number, "reason": "An approver may not do this."})
    assert refused.status == 403, refused
    before = there.exported("before.jsonl")
    held = there.files()
    assert all(text.encode() in held for text in (SUBJECT, REASON, COMMENT))

    done = there.run("erase", "--request", number, "--reason", "The person concerned asked.", check=True)
    assert "Texts erased" in done.stdout, done
    assert all(text is None for _, _, text in there.texts(request=number))
    support = [activity for activity, _, text in there.texts() if text == SUBJECT]
    assert support == ["support.opened"], "the support request is another thing, and stays"
    # Within the hour the write-ahead log is cut off too.
    there.lockbox.clock.advance(hours=1, minutes=5)
    wait_until(
        lambda: not any(text.encode() in there.files() for text in (REASON, COMMENT)), 60, "the bytes to be gone")
    assert SUBJECT.encode() in there.files()
    record = there.api("alan").audit("contoso", activity="texts.erased")[0]
    assert record["texts"]["reason"]["text"] == "The person concerned asked." and record["data"]["erased"]

    after = there.exported("after.jsonl")
    assert COMMENT not in after.read_text()
    assert there.findings(after) == [set(), set()]
    verified = there.run("verify", "--state", str(there.folder / "state"), "--max-age", "30d")
    assert verified.returncode == 0, verified
    there.lockbox.check_log()

    # The same texts gone without the record: whoever holds the database blanked them.
    lines = [json.loads(line) for line in before.read_text().splitlines()]
    for line in lines:
        for text in line.get("texts", {}).values():
            if text.get("text") == COMMENT:
                text.update(salt=None, text=None)
    blanked = there.folder / "blanked.jsonl"
    for part in ("key", "checkpoint"):
        blanked.with_suffix("." + part).write_bytes(before.with_suffix("." + part).read_bytes())
    blanked.write_text("".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines))
    assert all("erased-without-record" in codes for codes in there.findings(blanked))


def test_what_the_rules_keep_no_longer_goes_by_itself(there):
    number = there.asked()
    there.withdraw(number)
    path = "/v1/tenants/contoso/policy"
    now = there.api("gita").get(path).json
    rules = {name: value for name, value in now.items() if name not in ("tenant", "licensed", "waiting")}
    asked = there.api("gita").put(path, {**rules, "retention": "P90D"}).json
    assert asked["retention"] == "P90D", "one yes is enough here, for what is looser too"
    there.lockbox.clock.advance(hours=24 * 60)
    there.lockbox.clock.advance(hours=2)
    assert COMMENT in [text for _, _, text in there.texts(request=number)], "two months are no ninety days"
    there.lockbox.clock.advance(hours=24 * 31)
    # Tokens are over by now.
    there.lockbox.tokens.clear()

    leapt = time.monotonic()

    def gone():
        nonlocal leapt
        # A round that a leap falls into ends there, for its lease is over: the next has time for all of it.
        if time.monotonic() > leapt + 10:
            there.lockbox.clock.advance(hours=1, minutes=1)
            leapt = time.monotonic()
        return all(text is None for _, _, text in there.texts(request=number))

    wait_until(gone, 60, "the texts to be gone", 0.5)
    record = there.api("alan").audit("contoso", activity="texts.erased")[0]
    assert (record["actor"]["id"], record["data"]["retention"]) == ("system", "P90D"), record
    assert there.api("eve").request(number)["state"] == "withdrawn"
    assert there.findings(there.exported("aged.jsonl")) == [set(), set()]
    there.lockbox.check_log()


@pytest.mark.parametrize("size", ["wide", "phone"])
def test_an_administrator_erases_at_the_portal(there, open_browser, size):
    number = there.asked()
    password = there.lockbox.password(GITA)
    gita = open_browser(there.lockbox.url, size=size)
    gita.sign_in(GITA, password, next=f"/audit/erase?request={number}")
    says(gita, "This cannot be erased yet.")
    gita.check_reach()
    gita.check_width()
    there.withdraw(number)
    gita.go(f"/audit/erase?request={number}")
    says(gita, "What goes does not come back.")
    gita.check_reach()
    gita.check_width()
    gita.page.get_by_label("Reason").fill("The person concerned asked for it.")
    if gita.page.get_by_label("Your password").count():
        gita.page.get_by_label("Your password").fill(password)
    gita.press("Erase for good")
    says(gita, "Erased. The record below says what, by whom and why.")
    gita.check_reach()
    gita.check_width()
    gita.go(f"/audit?request={number}")
    gita.check_width()
    assert COMMENT not in gita.page.content() and REASON not in gita.page.content()
    gita.go(f"/lockbox/{number}")
    says(gita, "Texts of this request were erased")
    assert REASON not in gita.page.content()
    gita.check_reach()
    gita.check_width()
    record = there.api("alan").audit("contoso", activity="texts.erased")[0]
    assert record["actor"]["name"] == "Gita Rao", record
    there.lockbox.check_log()
