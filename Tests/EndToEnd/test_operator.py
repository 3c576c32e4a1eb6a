"""From an empty folder to a server that runs, and what an operator is told on the way."""

import os
import pathlib
import re
import stat
import subprocess
import urllib.error
import urllib.request

import pytest

from lockbox_rig import secrets
from lockbox_rig.lockboxd import LOCKBOX_CLI, LOCKBOXD
from lockbox_rig.machine import REPOSITORY, Process, Scratch, free_port, wait_until


@pytest.fixture
def empty():
    """An empty folder, and an environment in which Lockbox takes a port that is free."""
    scratch = Scratch("operator")
    port = free_port()
    folder = scratch.path / "new"
    folder.mkdir()
    environment = {
        **os.environ, "PATH": f"{pathlib.Path(LOCKBOXD).parent}:{os.environ['PATH']}",
        "LOCKBOX_LISTEN": f"127.0.0.1:{port}", "LOCKBOX_PUBLICURL": f"http://127.0.0.1:{port}"}

    def run(command, check=True):
        done = subprocess.run(
            ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
        assert not check or done.returncode == 0, done
        return done

    yield folder, environment, port, run
    scratch.remove()


def readme_steps():
    text = (REPOSITORY / "README.md").read_text()
    block = re.search(r"In an empty folder:\n\n```console\n(.*?)```", text, re.S).group(1)
    return [line[2:].split("#")[0].strip() for line in block.splitlines() if line.startswith("$ ")]


def test_the_steps_of_the_readme_work_from_an_empty_folder(empty):
    folder, environment, port, run = empty
    *steps, serve = readme_steps()
    assert serve == "lockboxd serve" and len(steps) > 5
    for step in steps:
        done = run(step)
        if " token " in step:
            secrets.register(done.stdout.strip(), "API token")
    server = Process(["lockboxd", "serve"], env=environment, cwd=folder)
    try:
        def answers():
            server.require_running()
            try:
                return urllib.request.urlopen(f"http://127.0.0.1:{port}/sign-in", timeout=2).status == 200
            except urllib.error.URLError:
                return False

        wait_until(answers, 30, "the sign-in page")
        again = run("lockboxd serve", check=False)
        assert again.returncode == 1 and f"127.0.0.1:{port} is in use by another program" in again.stderr, again
    finally:
        assert server.stop() == 0


def test_what_init_makes_is_closed_to_others_and_is_never_made_twice(empty):
    folder, _, _, run = empty
    run("lockboxd init --data sub/deep")
    made = sorted(path for path in (folder / "sub" / "deep").rglob("*"))
    assert {path.name for path in made} >= {"lockbox.yaml", "directory.yaml", "signing.key", "dovecot", "doveadm"}
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 for path in made), made
    before = {path: path.read_bytes() for path in made if path.is_file()}
    again = run("lockboxd init --data sub/deep", check=False)
    assert again.returncode == 1 and "is there already; init changes nothing that exists" in again.stderr
    assert before == {path: path.read_bytes() for path in made if path.is_file()}


def test_a_dry_run_says_what_apply_will_say_and_changes_nothing(empty):
    _, _, _, run = empty
    run("lockboxd init")
    said = run("lockboxd apply -f directory.yaml --dry-run").stdout
    assert "person adam@contoso.example added: approver" in said
    assert run("lockboxd token --person adam@contoso.example", check=False).returncode == 1, "nobody was added"
    assert run("lockboxd apply -f directory.yaml").stdout == said
    assert run("lockboxd apply -f directory.yaml --dry-run").stdout == "nothing would change\n"


def test_check_config_names_all_that_is_missing_and_makes_nothing(empty):
    folder, _, _, run = empty
    run("lockboxd init && rm secrets/dovecot && chmod 644 secrets/doveadm")
    said = run("lockboxd check-config -f directory.yaml", check=False)
    assert said.returncode == 1
    assert "clientSecretFile" in said.stderr and "cannot be read" in said.stderr
    assert "apiKeyFile" in said.stderr and "chmod 600" in said.stderr
    # What is wrong in one file hides nothing that is wrong in the other.
    configuration = folder / "lockbox.yaml"
    before = configuration.read_text()
    configuration.write_text(re.sub(r"(?m)^mail:.*$", "mailFile: nowhere", before))
    both = run("lockboxd check-config -f directory.yaml", check=False).stderr
    assert "mailFile: the file" in both and "clientSecretFile" in both and "apiKeyFile" in both, both
    configuration.write_text(before)
    assert not (folder / "data" / "lockbox.db").exists()


def test_a_lost_signing_key_is_not_replaced_where_logs_are_signed(install):
    lockbox = install()
    lockbox.apply()
    lockbox.start()
    assert lockbox.api("gita").get("/v1/tenants/contoso/log/checkpoint").status == 200
    lockbox.stop()
    key = lockbox.folder / "data" / "signing.key"
    kept = key.read_bytes()
    key.unlink()
    done = lockbox.run("serve", check=False)
    assert done.returncode == 1 and "put the key back from its copy" in done.stderr, done
    assert not key.exists()
    key.write_bytes(kept)
    key.chmod(0o600)
    lockbox.start()


def test_both_programs_say_their_version():
    versions = {
        subprocess.run([str(program), "--version"], capture_output=True, text=True, timeout=30).stdout
        for program in (LOCKBOXD, LOCKBOX_CLI)}
    assert len(versions) == 1 and re.fullmatch(r"\d+\.\d+\.\d+\n", versions.pop())
