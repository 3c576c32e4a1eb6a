"""The description of the API is valid, true, and holds under fuzzing."""

import os
import pathlib
import subprocess
import sys

import openapi_spec_validator
import pytest

from lockbox_rig.api import mailbox
from lockbox_rig.world import SUE

@pytest.fixture(scope="module")
def description(world):
    answer = world.lockbox.api().get("/openapi.json")
    assert answer.status == 200 and answer.headers["content-type"].startswith("application/"), answer
    return answer.json


def test_the_description_is_valid(description):
    assert description["openapi"].startswith("3.1.")
    openapi_spec_validator.validate(description)


def test_the_description_has_every_path(description):
    promised = [
        "/v1/support-requests", "/v1/support-requests/{number}", "/v1/requests", "/v1/requests/{id}",
        "/v1/requests/{id}/decisions", "/v1/requests/{id}/withdraw", "/v1/requests/{id}/finish",
        "/v1/requests/{id}/revoke", "/v1/requests/{id}/credentials", "/v1/requests/{id}/messages",
        "/v1/me/letters", "/v1/tenants/{id}/policy",
        "/v1/tenants/{id}/audit", "/v1/tenants/{id}/log/checkpoint", "/v1/tenants/{id}/log/proof",
        "/v1/tenants/{id}/log/consistency", "/healthz", "/readyz", "/metrics", "/oauth2/introspect", "/oauth2/revoke",
        "/.well-known/oauth-authorization-server", "/oauth2/token", "/oauth2/device_authorization",
        "/.well-known/jwks.json",
        "/access/v1/evaluation", "/access/v1/evaluations", "/access/v1/search/subject", "/access/v1/search/resource",
        "/access/v1/search/action", "/access/v1/access-request", "/access/v1/access-request/{id}",
        "/access/v1/access-request/{id}/cancel", "/.well-known/authzen-configuration"]
    there = {_without_names(path) for path in description["paths"]}
    assert [path for path in promised if _without_names(path) not in there] == []


def _without_names(path):
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


@pytest.mark.parametrize("who, phases", [("eve", "examples,coverage"), ("gita", "fuzzing")])
def test_fuzzed_requests_get_what_the_description_says(install, tmp_path, who, phases):
    """An installation of its own: the fuzzer changes whatever it may."""
    lockbox = install(clock_shifts=True)
    lockbox.apply()
    api = lockbox.api(who)
    sue, eve = lockbox.api("sue"), lockbox.api("eve")
    lockbox.start()
    support = sue.open_support_request("contoso").json["number"]
    eve.submit("contoso", support, [mailbox(SUE)])
    settings = tmp_path / "schemathesis.toml"
    # In a file, because a command line can be seen by everybody on the machine.
    # 428 is what a decision without If-Match gets (RFC 6585).
    settings.write_text(
        f'[headers]\nAuthorization = "Bearer {api.token}"\n'
        "[checks.missing_required_header]\nexpected-statuses = [400, 401, 403, 406, 415, 422, 428]\n")
    command = pathlib.Path(sys.executable).with_name("schemathesis")
    with lockbox.clock.running_fast():
        done = subprocess.run(
            [command, "--config-file", settings, "run", f"{lockbox.url}/openapi.json", "--phases", phases,
             "--max-examples", "12", "--seed", "1", "--continue-on-failure", "--workers", "1",
             # What fits the schema may still be refused by a rule; and a method that HTTP does not know may be a 404.
             "--exclude-checks", "positive_data_acceptance,unsupported_method",
             # It would revoke the token that it works with.
             "--exclude-method", "DELETE",
             "--request-timeout", "10", "--generation-database", "none"],
            capture_output=True, text=True, timeout=200, cwd=tmp_path,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    lockbox.stop()
    lockbox.check_log()
