"""What a customer's own program finds that the provider's server does not tell."""

import contextlib
import json
import os
import pathlib
import sqlite3

import pytest

from lockbox_rig.lockboxd import cli

VECTORS = pathlib.Path(__file__).parent.parent / "Vectors" / "audit"


class Auditor:
    """Gita, who verifies her organisation's log with `lockbox` and keeps what it remembers."""

    def __init__(self, lockbox, folder):
        self.lockbox, self.folder = lockbox, folder
        lockbox.apply()
        self.token = lockbox.token("gita@contoso.test")
        self.sue = lockbox.api("sue")
        lockbox.start()

    def run(self, *arguments, state="state", check=False):
        return cli(self.lockbox.url, self.token, "audit", *arguments, "--state", str(self.folder / state), check=check)

    def verify(self, *more, state="state"):
        """The codes of what is found."""
        done = self.run("verify", "--output", "json", *more, state=state)
        assert done.stdout, done
        told = json.loads(done.stdout)
        codes = [finding["code"] for finding in told["findings"]]
        assert done.returncode == (1 if codes else 0), done
        assert told["verdict"] == ("not-in-order" if codes else "in-order")
        return codes

    def remembered(self, name):
        return [path for path in self.folder.rglob(name) if path.is_file()]

    def database_files(self):
        """The database, and whatever beside it or beside the key says how long the logs are."""
        database = self.lockbox.database
        return [*database.parent.glob(database.name + "*"), *self.lockbox.folder.rglob("*.heads")]

    def tamper(self, *statements):
        """What whoever has the database can do: the guards are taken away, and put back after."""
        self.lockbox.stop()
        with contextlib.closing(sqlite3.connect(self.lockbox.database)) as database, database:
            guards = database.execute(
                "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name LIKE 'log%'").fetchall()
            for name, _ in guards:
                database.execute(f"DROP TRIGGER {name}")
            for statement in statements:
                assert database.execute(statement).rowcount > 0, statement
            for _, sql in guards:
                database.execute(sql)
        self.lockbox.start()


@pytest.fixture
def gita(install, tmp_path):
    auditor = Auditor(install(), tmp_path)
    assert auditor.sue.open_support_request("contoso").status == 201
    return auditor


def test_a_log_that_goes_on_stays_in_order(gita):
    said = gita.run("verify")
    assert said.returncode == 0, said
    assert said.stdout.startswith("in order: “") and said.stdout.splitlines()[-1].startswith("in order: ")
    assert "held against what the records commit to" in said.stdout and "head signed as the newest at" in said.stdout
    assert "First look at this log" in said.stderr
    assert gita.sue.open_support_request("contoso").status == 201
    assert gita.verify("--max-age", "1h") == []
    assert len(gita.remembered("key")) == 1
    out = str(gita.folder / "contoso.jsonl")
    gita.run("export", "--out", out, check=True)
    assert cli("http://127.0.0.1:9", "unused", "audit", "verify", "--export", out).returncode == 0


def test_a_renamed_text_is_found_though_every_leaf_is_genuine(gita):
    assert gita.verify() == []
    gita.tamper("UPDATE log_text SET content = 'Nothing of importance' WHERE field = 'subject'")
    assert gita.verify() == ["text-changed"]
    assert gita.verify(state="another") == ["text-changed"], "by somebody who remembers nothing too"


def test_a_text_that_is_gone_without_a_record_is_found(gita):
    assert gita.verify() == []
    gita.tamper("UPDATE log_text SET content = NULL WHERE field = 'subject'")
    found = gita.verify()
    assert {"erased-without-record", "text-vanished"} <= set(found), found


def test_a_log_that_was_set_back_is_found_and_shown_to_others(gita):
    gita.lockbox.stop()
    before = {path: path.read_bytes() for path in gita.database_files()}
    gita.lockbox.start()
    assert gita.sue.open_support_request("contoso").status == 201
    assert gita.verify() == []
    gita.lockbox.stop()
    for path in gita.database_files():
        path.unlink()
    for path, content in before.items():
        path.write_bytes(content)
        path.chmod(0o600)
    gita.lockbox.start()
    assert "log-shrunk" in gita.verify()
    # The log goes on from there, as another history.
    for _ in range(2):
        assert gita.sue.open_support_request("contoso").status == 201
    assert gita.verify() != []
    kept = gita.remembered("*.json")
    assert kept, "both heads are kept"
    key, = gita.remembered("key")
    for path in kept:
        framed = cli("http://127.0.0.1:9", "unused", "audit", "evidence", str(path), check=False)
        assert framed.returncode == 2 and framed.stdout == "" and "no verdict" in framed.stderr
        shown = cli("http://127.0.0.1:9", "unused", "audit", "evidence", str(path), "--key", str(key))
        assert shown.stdout.startswith("two histories were signed: “")
        assert shown.stdout.splitlines()[-1] == "two histories were signed"


def test_a_log_at_another_address_is_recognised(gita):
    assert gita.verify() == []
    folder = gita.remembered("key")[0].parent
    folder.rename(folder.with_name("https___elsewhere.example_v1_tenants_contoso"))
    moved = gita.run("verify")
    assert moved.returncode == 0 and "First look" not in moved.stderr, moved
    assert len(gita.remembered("key")) == 1


def test_another_key_is_refused_by_every_command(gita):
    assert gita.verify() == []
    key, = gita.remembered("key")
    line = (VECTORS / "genuine" / "log.key").read_text()
    # A key that never signed this log.
    other = gita.folder / "other.key"
    other.write_text(line)
    assert gita.run("verify", "--key", str(other)).returncode == 1
    for path in gita.remembered("*"):
        if path.parent.name == "checkpoints":
            path.unlink()
    key.write_text(line)
    for command in (["checkpoint"], ["checkpoint", "--key"], ["export", "--out", str(gita.folder / "x.jsonl")]):
        refused = gita.run(*command)
        assert refused.returncode == 1 and "key has changed" in refused.stderr, refused
    assert not (gita.folder / "x.jsonl").exists()
    assert gita.verify() != []


def test_only_regular_files_of_a_bounded_size_are_read(tmp_path):
    pipe, large, genuine = tmp_path / "pipe", tmp_path / "large", VECTORS / "genuine"
    os.mkfifo(pipe)
    with large.open("wb") as file:
        file.truncate(2 << 20)
    export = ["audit", "verify", "--export", genuine / "log.jsonl"]
    for where in (
            [*export, "--key"], [*export, "--key", genuine / "log.key", "--checkpoint"], ["audit", "evidence", "--key"],
            ["audit", "evidence", "--key", genuine / "log.key"], ["receipt", "verify"], ["keys", "add"],
            ["watch", "--once", "--tenant", "contoso", "--state", tmp_path / "state", "--token-file"]):
        last = [genuine / "log.key"] if where[-1] == "--key" and "evidence" in where else []
        refused = cli("http://127.0.0.1:9", "unused", *map(str, [*where, pipe, *last]), check=False)
        # What verifies says by 2 that there is no verdict.
        codes = {2} if where[0] in ("audit", "receipt") else {1, 3}
        assert refused.returncode in codes and "pipe: it is no regular file" in refused.stderr, (where, refused)
    refused = cli("http://127.0.0.1:9", "unused", *map(str, [*export, "--key", large]), check=False)
    assert refused.returncode == 2 and "large: it is larger than 1048576 bytes" in refused.stderr, refused


@pytest.mark.parametrize(
    "vector", json.loads((VECTORS / "vectors.json").read_text())["vectors"], ids=lambda one: one["name"])
def test_the_command_line_finds_each_forgery(vector, tmp_path):
    if "now" in vector:
        pytest.skip("the command line's clock is the machine's")
    where = ["--tiles", str(VECTORS / vector["tiles"])] if "tiles" in vector else []
    if "records" in vector:
        # Evidence is written beside the export.
        copy = tmp_path / "log.jsonl"
        copy.write_bytes((VECTORS / vector["records"]).read_bytes())
        where += ["--records" if where else "--export", str(copy)]
    for checkpoint in vector["checkpoints"] if "tiles" not in vector else []:
        where += ["--checkpoint", str(VECTORS / checkpoint)]
    for witness in vector.get("witnesses", []):
        where += ["--witness", witness]
    if "needed" in vector:
        where += ["--needed", str(vector["needed"])]
    done = cli(
        "http://127.0.0.1:9", "unused", "audit", "verify", "--output", "json", "--tenant", "contoso", *where,
        "--key", str(VECTORS / vector["key"]), *([] if vector["complete"] else ["--partial"]), check=False)
    found = {finding["code"] for finding in json.loads(done.stdout)["findings"]}
    if vector["expect"] == "ok":
        assert (done.returncode, found) == (0, set())
    else:
        assert done.returncode == 1 and set(vector["expect"]["findings"]) <= found
