"""API tokens that are for less than all. Those of command lines are in `test_login`."""

import pytest

from lockbox_rig import secrets
from lockbox_rig.place import Place


@pytest.fixture
def place():
    with Place.running("api-tokens") as place:
        yield place


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
