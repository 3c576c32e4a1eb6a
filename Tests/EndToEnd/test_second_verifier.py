"""The second verifier of logs (`tools/verify.py`) finds what the first finds, and no more in what a server hands out."""

import json
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
VERIFIER = ROOT / "tools" / "verify.py"
FOLDER = ROOT / "Tests" / "Vectors" / "audit"
VECTORS = json.loads((FOLDER / "vectors.json").read_text())["vectors"]


def verify(*arguments):
    done = subprocess.run(
        [sys.executable, "-I", "-B", VERIFIER, "--output", "json", *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode in (0, 1), done.stderr
    said = json.loads(done.stdout)
    assert (done.returncode == 1) == bool(said["findings"]) == (said["verdict"] == "not in order"), said
    return said


def arguments(vector):
    files = {"--key": vector["key"], "--tiles": vector.get("tiles"), "--export": vector.get("records")}
    now = vector.get("now")
    plain = {"--now": now and now.replace("Z", ".000Z"), "--max-age": vector.get("maxAge"), "--log": vector.get("log"),
             "--needed": vector.get("needed") and str(vector["needed"])}
    return [
        *(part for name, file in files.items() if file for part in (name, FOLDER / file)),
        *(part for name, text in plain.items() if text for part in (name, text)),
        *(part for file in vector["checkpoints"] for part in ("--checkpoint", FOLDER / file)),
        *(part for key in vector.get("witnesses", []) for part in ("--witness", key)),
        *([] if vector["complete"] else ["--partial"])]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_it_finds_what_was_tampered_with(vector):
    codes = {finding["code"] for finding in verify(*arguments(vector))["findings"]}
    if vector["expect"] == "ok":
        assert codes == set()
    else:
        assert set(vector["expect"]["findings"]) <= codes


RECEIPTS = FOLDER.parent / "receipts"


@pytest.mark.parametrize(
    "vector", json.loads((RECEIPTS / "vectors.json").read_text())["vectors"], ids=lambda vector: vector["name"])
def test_it_finds_what_was_tampered_with_in_a_receipt(vector):
    said = verify("--receipt", RECEIPTS / vector["receipt"], "--key", vector["key"],
                  *(part for key in vector.get("witnesses", []) for part in ("--witness", key)))
    codes = {finding["code"] for finding in said["findings"]}
    if vector["expect"] == "ok":
        assert codes == set()
    else:
        assert set(vector["expect"]["findings"]) <= codes


def test_what_is_asked_of_a_log_is_asked_of_a_receipt_too():
    receipts = json.loads((RECEIPTS / "vectors.json").read_text())["vectors"]
    receipt = next(vector for vector in receipts if vector["name"] == "genuine-witnessed")
    witness = next(vector for vector in VECTORS if vector["name"] == "witness-all")["witnesses"][0]
    asked = ("--receipt", RECEIPTS / receipt["receipt"], "--key", receipt["key"], "--witness", witness)
    assert verify(*asked, "--log", "tenant:contoso")["findings"] == []
    said = verify(*asked, "--needed", "2", "--log", "tenant:fabrikam", "--max-age", "PT1S")
    assert {finding["code"] for finding in said["findings"]} == {"origin-wrong", "stale", "witness-missing"}


def test_there_are_sixty_tamperings_and_more():
    assert sum(vector["expect"] != "ok" for vector in VECTORS) >= 60


@pytest.mark.parametrize("log", ["tenants/contoso", "provider"])
def test_what_a_server_hands_out_is_in_order(world, tmp_path, log):
    reader = world.alan if log.startswith("tenants") else world.mark
    (tmp_path / "log.key").write_bytes(reader.get(f"/v1/{log}/log/key").body)
    note = reader.get(f"/v1/{log}/log/checkpoint").body
    (tmp_path / "log.checkpoint").write_bytes(note)
    size = int(note.split(b"\n")[1])
    records = reader.get(f"/v1/{log}/audit?size={size}", Accept="application/jsonl").body
    (tmp_path / "log.jsonl").write_bytes(records)
    files = ("--key", tmp_path / "log.key", "--export", tmp_path / "log.jsonl", "--checkpoint", tmp_path / "log.checkpoint")
    said = verify(*files)
    assert (said["findings"], said["records"]) == ([], size) and size > 0

    (tmp_path / "log.jsonl").write_bytes(records.replace(b'"text":"', b'"text":"x', 1))
    assert "text-changed" in [finding["code"] for finding in verify(*files)["findings"]]
