"""API tokens that are for less than all, with the command line as people use it."""

import json
import os
import subprocess

import pytest

from lockbox_rig import secrets
from lockbox_rig.api import mailbox
from lockbox_rig.lockboxd import LOCKBOX_CLI
from lockbox_rig.place import Place
from lockbox_rig.world import SUE


@pytest.fixture
def place():
    with Place.running("api-tokens") as place:
        yield place


def terminal(place, home):
    """`lockbox` as a person runs it who keeps her sign-in in `home`."""
    env = {**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home), "LOCKBOX_URL": place.lockbox.url}
    env.pop("LOCKBOX_TOKEN", None)

    def run(*arguments, input=None):
        done = subprocess.run(
            [str(LOCKBOX_CLI), *arguments], input=input, capture_output=True, text=True, timeout=30, env=env)
        secrets.said("lockbox " + " ".join(arguments), done.stdout + done.stderr)
        return done

    return run


def test_who_signs_in_at_a_terminal_decides_only_if_she_said_so(place, tmp_path):
    mark = place.lockbox.directory.people["mark"]
    password = place.lockbox.password(mark)
    lockbox = terminal(place, tmp_path)

    signed_in = lockbox("login", "--email", mark, "--password-stdin", "--days", "1", input=password + "\n")
    assert signed_in.returncode == 0, signed_in
    assert "It may not: approve and deny; change rules" in signed_in.stderr
    assert "lockbox login --scope ask --scope decide" in signed_in.stderr
    kept = json.loads((tmp_path / "lockbox" / "credentials.json").read_text())
    secrets.register(kept["servers"][kept["current"]]["token"], "API token")

    asked = place.eve.submit("contoso", place.support, [mailbox(SUE)]).json["id"]
    assert asked in lockbox("request", "list").stdout
    refused = lockbox("request", "approve", asked)
    assert refused.returncode == 1 and "it has no scope decide" in refused.stderr
    assert "Sign in for one: lockbox login --scope ask --scope decide" in refused.stderr
    assert place.eve.request(asked)["state"] == "awaitingManager"

    again = lockbox(
        "login", "--email", mark, "--password-stdin", "--scope", "decide", "--address", "127.0.0.0/8",
        input=password + "\n")
    assert again.returncode == 0 and "good from 127.0.0.0/8 alone" in again.stderr, again
    kept = json.loads((tmp_path / "lockbox" / "credentials.json").read_text())
    secrets.register(kept["servers"][kept["current"]]["token"], "API token")
    approved = lockbox("request", "approve", asked)
    assert approved.returncode == 0, approved
    assert place.eve.request(asked)["state"] == "awaitingCustomer"

    tokens = json.loads(lockbox("token", "list", "--output", "json").stdout)
    assert [token["scopes"] for token in tokens] == [["read", "ask"], ["read", "decide"]]
    assert tokens[1]["lastUsedFrom"] == "127.0.0.1" and tokens[1]["addresses"] == ["127.0.0.0/8"]
    # To end access takes no more than to see and to decide.
    place.adam.decide(asked, "approve")
    assert lockbox("request", "revoke", asked).returncode == 0
    assert place.eve.request(asked)["state"] == "ended"


def test_token_for_another_address_is_none(place):
    mark = place.lockbox.directory.people["mark"]
    for address, status in (("127.0.0.1", 200), ("192.0.2.0/24", 401), ("2001:db8::/32", 401)):
        issued = place.lockbox.run("token", "--person", mark, "--scope", "read", "--address", address).stdout.strip()
        token = secrets.register(issued, "API token")
        api = place.lockbox.api()
        api.token = token
        assert api.get("/v1/me").status == status
    wrong = place.lockbox.run("token", "--person", mark, "--address", "127.0.0.1/8", check=False)
    assert wrong.returncode != 0 and "addresses[0]" in wrong.stderr
