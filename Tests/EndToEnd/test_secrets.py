"""Runs last: no secret that the other tests used is in anything that was written or said."""

import pathlib

from lockbox_rig import secrets
from lockbox_rig.api import mailbox
from lockbox_rig.lockboxd import LOCKBOX_CLI, cli


def test_the_command_line_shows_no_secret(world):
    request = world.approved()
    if pathlib.Path(LOCKBOX_CLI).exists():
        for arguments in (["request", "list"], ["request", "show", request["id"]], ["--help"], ["request", "show", "LBX-x"]):
            cli(world.lockbox.url, world.eve.token, *arguments, check=False)


def test_errors_do_not_repeat_what_was_sent(world):
    for answer in (
        world.eve.get(f"/v1/requests/{world.eve.token}"),
        world.eve.post("/v1/requests", {"tenant": world.eve.token, "reason": {}}),
        world.lockbox.api().introspect("dovecot", world.client_secret + "x", "x"),
        world.lockbox.api().get(f"/v1/requests?access_token={world.eve.token}"),
        world.eve.submit(world.eve.token, world.eve.token, [mailbox(world.eve.token)], reason=world.eve.token),
        world.eve.post("/v1/requests", {}, key=world.eve.token + " "),
    ):
        # A mistake like these gets a secret into a log where errors quote their input.
        secrets.said("an error", answer.body)


def test_the_environment_and_the_command_line_of_the_server_hold_no_secret(world):
    process = pathlib.Path("/proc") / str(world.lockbox.process.pid)
    for name in ("cmdline", "environ"):
        secrets.said(f"the server's {name}", (process / name).read_bytes())


def test_no_secret_is_anywhere(world):
    exported = [
        world.alan.get("/v1/tenants/contoso/audit", Accept="application/jsonl").body,
        world.alan.get("/v1/tenants/contoso/audit", Accept="text/csv").body,
        world.lockbox.api().get("/metrics").body,
        world.lockbox.api().get("/openapi.json").body,
    ]
    for body in exported:
        secrets.said("an export", body)
    for path in world.smtp.folder.rglob("*.eml"):
        secrets.said("a letter", path.read_bytes())
    secrets.said("Dovecot's log", world.support.log)
    world.lockbox.stop()
    world.lockbox.remember_files()
    try:
        assert len(secrets.known) > 20 and len(secrets.outputs) > 20, "nothing was searched"
        assert any(what.startswith("lockbox.sqlite") for what, _ in secrets.outputs), "no database was searched"
        assert secrets.leaks() == []
    finally:
        world.lockbox.start()


def test_files_with_secrets_are_for_their_owner_only(world):
    readable = []
    for path in world.lockbox.folder.rglob("*"):
        if path.is_file() and path != world.lockbox.folder / "directory.yaml" and path.stat().st_mode & 0o077:
            if world.lockbox.letters not in path.parents:
                readable.append(f"{oct(path.stat().st_mode)} {path.relative_to(world.lockbox.folder)}")
    assert not readable, readable


def test_a_core_dump_is_not_made(world):
    limits = (pathlib.Path("/proc") / str(world.lockbox.process.pid) / "limits").read_text()
    line = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
    assert line.split()[4] == "0", line
