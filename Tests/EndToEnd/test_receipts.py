"""What is left of a request once it is over, verified without the server, and the report of a month."""

import csv
import datetime
import json

import pytest

from lockbox_rig.lockboxd import cli
from test_second_verifier import verify

NOWHERE = ("http://127.0.0.1:9", "unused")


@pytest.fixture(scope="module")
def over(world):
    """Access that was opened and revoked."""
    request = world.approved()
    world.credential(request)
    revoked = world.apis["adam"].post(f"/v1/requests/{request['id']}/revoke", {"comment": "That is enough."})
    assert revoked.status == 200, revoked
    return request["id"]


def lockbox(world, *arguments, check=True):
    return cli(world.lockbox.url, world.alan.token, *map(str, arguments), check=check)


def test_both_verifiers_take_a_receipt_and_find_what_was_changed(world, over, tmp_path):
    file, state, key = tmp_path / "receipt.json", tmp_path / "state", tmp_path / "log.key"
    lockbox(world, "receipt", "get", over, "--out", file)
    assert lockbox(world, "receipt", "get", over, "--out", file, check=False).returncode == 1
    key.write_bytes(world.alan.get("/v1/tenants/contoso/log/key").body)

    def findings(*more):
        done = cli(*NOWHERE, "receipt", "verify", str(file), "--output", "json", "--state", str(state), *more, check=False)
        told = json.loads(done.stdout)
        assert done.returncode == (1 if told["findings"] else 0), done
        return [finding["code"] for finding in told["findings"]]

    assert findings() == findings("--key", str(key)) == []
    assert verify("--receipt", file, "--key", key)["findings"] == []
    said = cli(*NOWHERE, "receipt", "verify", str(file), "--state", str(state))
    assert said.stdout.startswith("in order: “") and f"request {over}" in said.stdout
    assert "Compare its name and key" in said.stderr
    assert findings("--origin", "elsewhere.example/v1/tenants/contoso/log") == ["origin-wrong"]
    file.write_text(file.read_text().replace("That is enough.", "All is well."))
    assert findings() == ["text-changed"]
    assert [finding["code"] for finding in verify("--receipt", file)["findings"]] == ["text-changed"]


def test_what_is_remembered_of_the_log_is_believed(world, over, tmp_path):
    file, state = tmp_path / "receipt.json", str(tmp_path / "state")
    lockbox(world, "audit", "verify", "--tenant", "contoso", "--state", state)
    lockbox(world, "receipt", "get", over, "--out", file)
    said = cli(*NOWHERE, "receipt", "verify", str(file), "--state", state)
    assert "Compare its name and key" not in said.stderr
    other = tmp_path / "other.key"
    other.write_text("lockbox.example/v1/tenants/contoso/log+00000000+AAAA")
    assert cli(*NOWHERE, "receipt", "verify", str(file), "--state", state, "--key", str(other), check=False).returncode == 2


def test_the_document_has_the_receipt_in_it(world, over, tmp_path):
    page = tmp_path / "receipt.html"
    lockbox(world, "receipt", "get", over, "--html", "--out", page)
    text = page.read_text()
    assert text.startswith("<!doctype html>") and "<script" not in text and over in text
    assert "http://" not in text and "data:application/json;base64," in text


@pytest.mark.parametrize("colour", ["light", "dark"])
def test_everybody_can_read_the_document(world, over, tmp_path, open_browser, colour):
    page = tmp_path / "receipt.html"
    lockbox(world, "receipt", "get", over, "--html", "--out", page)
    reader = open_browser(world.lockbox.url, size="phone", colour=colour)
    reader.go(page.as_uri())
    assert "That is enough." in reader.text()
    reader.check_reach()
    reader.check_width()


def test_a_request_that_goes_on_has_none(world):
    waiting = world.submitted()["id"]
    assert world.alan.get(f"/v1/requests/{waiting}/receipt").status == 409
    assert world.eve.get(f"/v1/requests/{waiting}/receipt").status == 403


def test_the_report_of_a_month_has_what_became_of_it(world, over):
    month = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m")
    told = json.loads(lockbox(world, "report", "--month", month, "--output", "json").stdout)
    entry = next(entry for entry in told["requests"] if entry["request"] == over)
    assert (entry["state"], entry["access"]["credentials"], entry["access"]["uses"]) == ("ended", 1, 0)
    assert len(entry["access"]["neverUsed"]) == 1
    rows = list(csv.DictReader(lockbox(world, "report", "--month", month, "--output", "csv").stdout.splitlines()))
    assert next(row for row in rows if row["request"] == over)["endedBecause"] == "revoked"
    assert over in lockbox(world, "report", "--month", month).stdout
    assert lockbox(world, "report", "--month", "November", check=False).returncode == 1
