"""Bad input: each gets a clear error that names the field, and changes nothing."""

import http.client
import json
import time

import pytest

from lockbox_rig.api import API, mailbox, rfc3339
from lockbox_rig.machine import wait_until
from lockbox_rig.world import FRED, SUE

# What a problem with a value is answered with.
INPUT = (400, 422)


@pytest.fixture(scope="module")
def support(world):
    return world.support_request()


@pytest.fixture
def unchanged(world):
    """Nothing may be different after the test: no request, no support request, no record of anybody's doing."""
    def size(tenant, reader):
        checkpoint = reader.get(f"/v1/tenants/{tenant}/log/checkpoint")
        return int(checkpoint.body.decode().split("\n")[1])

    def counts():
        return [
            len(world.mark.items(f"/v1/{listing}?limit=100&tenant=contoso"))
            for listing in ("requests", "support-requests")]

    readers = {"contoso": world.alan, "fabrikam": world.fiona}
    sizes, before = {tenant: size(tenant, reader) for tenant, reader in readers.items()}, counts()
    yield
    assert counts() == before
    for tenant, reader in readers.items():
        if size(tenant, reader) > sizes[tenant]:
            # What Lockbox itself recorded meanwhile, such as the end of an earlier test's access, is nobody's doing.
            new = [record for record in reader.audit(tenant) if record["index"] >= sizes[tenant]]
            assert [record for record in new if record["actor"]["id"].startswith("PER-")] == []


def draft(support, **changes):
    body = {
        "tenant": "contoso", "supportRequest": support, "reason": "Rebuild the calendar's index.", "duration": "PT1H",
        "resources": [mailbox(SUE)], **changes}
    return {name: value for name, value in body.items() if value is not ...}


def resources(*more, **changes):
    return [{**mailbox(SUE), **changes}, *more]


TOO_LONG = "x" * 9000
WRONG_REQUESTS = {
    "no tenant": ({"tenant": ...}, "tenant", None),
    "unknown tenant": ({"tenant": "no-such-tenant"}, "tenant", "unknownTenant"),
    "malformed tenant": ({"tenant": "../contoso"}, "tenant", "unknownTenant"),
    "tenant is a number": ({"tenant": 7}, "tenant", None),
    "unknown support request": ({"supportRequest": "SR-0000000000"}, "supportRequest", "unknownSupportRequest"),
    "malformed support request": ({"supportRequest": "'; DROP TABLE x"}, "supportRequest", "unknownSupportRequest"),
    "no support request": ({"supportRequest": ...}, "supportRequest", None),
    "no reason": ({"reason": ...}, "reason", None),
    "empty reason": ({"reason": ""}, "reason", "missingField"),
    "blank reason": ({"reason": "  \n\t  "}, "reason", "missingField"),
    "short reason": ({"reason": "because"}, "reason", "invalidField"),
    "huge reason": ({"reason": TOO_LONG}, "reason", "invalidField"),
    "control character in the reason": ({"reason": "Rebuild the index\u0007 now"}, "reason", "invalidField"),
    "escape sequence in the reason": ({"reason": "Rebuild \u001b[31mthe index"}, "reason", "invalidField"),
    "NUL in the reason": ({"reason": "Rebuild the index\u0000 now"}, "reason", "invalidField"),
    "reordering in the reason": ({"reason": "Rebuild the \u202exedni now"}, "reason", "invalidField"),
    "no duration": ({"duration": ...}, "duration", None),
    "zero duration": ({"duration": "PT0S"}, "duration", "invalidField"),
    "negative duration": ({"duration": "-PT1H"}, "duration", "invalidField"),
    "duration over the tenant's cap": ({"duration": "PT4H1S"}, "duration", "exceedsCap"),
    "duration over any cap": ({"duration": "P400D"}, "duration", None),
    "overflowing duration": ({"duration": "PT99999999999999999999H"}, "duration", "invalidField"),
    "duration in words": ({"duration": "2 hours"}, "duration", "invalidField"),
    "duration as Go writes it": ({"duration": "1h30m"}, "duration", "invalidField"),
    "duration is a number": ({"duration": 3600}, "duration", None),
    "duration in months": ({"duration": "P1M"}, "duration", "invalidField"),
    "no resources": ({"resources": ...}, "resources", None),
    "empty resources": ({"resources": []}, "resources", "missingField"),
    "too many resources": ({"resources": [mailbox(SUE)] * 21}, "resources", "invalidField"),
    "the same resource twice": ({"resources": [mailbox(SUE), mailbox(SUE, "read", "write")]}, "resources[1]",
                                "invalidField"),
    "the same resource twice by letter case": ({"resources": [mailbox(SUE), mailbox(SUE.upper())]}, "resources[1]",
                                               "invalidField"),
    "unknown service": ({"resources": resources(service="fax")}, "resources[0].service", "unknownService"),
    "no service": ({"resources": [{"id": f"mailbox:{SUE}", "actions": ["read"]}]}, "resources[0].service", None),
    "unknown resource": ({"resources": [mailbox("nobody@contoso.test")]}, "resources[0].id", "unknownResource"),
    "another tenant's resource": ({"resources": [mailbox(FRED)]}, "resources[0].id", "unknownResource"),
    "one of two is another tenant's": ({"resources": [mailbox(SUE), mailbox(FRED)]}, "resources[1].id",
                                       "unknownResource"),
    "wrong type of resource": ({"resources": resources(id=f"database:{SUE}")}, "resources[0].id", "unknownResource"),
    "a path for a resource": ({"resources": resources(id="mailbox:../" + SUE)}, "resources[0].id", "unknownResource"),
    "settings in a resource": ({"resources": resources(id=f"mailbox:{SUE}:INDEX=/tmp")}, "resources[0].id",
                               "unknownResource"),
    "a variable in a resource": ({"resources": resources(id="mailbox:%u")}, "resources[0].id", "unknownResource"),
    "unknown action": ({"resources": resources(actions=["admin"])}, "resources[0].actions", "invalidField"),
    "no actions": ({"resources": resources(actions=[])}, "resources[0].actions", "invalidField"),
    "an action twice": ({"resources": resources(actions=["read", "read"])}, "resources[0].actions", "invalidField"),
    "start in the past": ({"notBefore": "2020-01-01T00:00:00Z"}, "notBefore", "invalidField"),
    "start in a year": ({"notBefore": rfc3339(time.time() + 365 * 86_400)}, "notBefore", "invalidField"),
    "start without a zone": ({"notBefore": "2099-01-01T00:00:00"}, "notBefore", "invalidField"),
    "start that is no day": ({"notBefore": "2099-02-30T00:00:00Z"}, "notBefore", "invalidField"),
    "unknown member": ({"approved": True}, "approved", None),
    "state from outside": ({"state": "active"}, "state", None),
    "unknown member of a resource": ({"resources": resources(path="/")}, "resources[0].path", None),
}


@pytest.mark.parametrize("case", WRONG_REQUESTS)
def test_a_wrong_access_request_names_the_field(world, support, unchanged, case):
    changes, field, code = WRONG_REQUESTS[case]
    answer = world.eve.post("/v1/requests", draft(support, **changes))
    assert answer.status in INPUT, answer
    assert code is None or answer.code == code, answer
    assert answer.code and answer.fields == [field], answer
    assert TOO_LONG not in answer.body.decode(), "the error repeats what was sent"


def test_a_support_request_of_another_tenant_is_unknown(world, unchanged_but_opened):
    other = unchanged_but_opened
    answer = world.eve.post("/v1/requests", draft(other))
    assert answer.status in INPUT and answer.code == "unknownSupportRequest", answer
    nobodys = world.eve.post("/v1/requests", draft("SR-0000000000"))
    assert answer.json["detail"] == nobodys.json["detail"]


@pytest.fixture
def unchanged_but_opened(world):
    return world.support_request("fabrikam")


WRONG_SUPPORT_REQUESTS = {
    "no subject": ({"subject": ...}, "subject"), "empty subject": ({"subject": " "}, "subject"),
    "huge subject": ({"subject": "x" * 201}, "subject"), "two lines": ({"subject": "a\r\nBcc: x@y.test"}, "subject"),
    "control character": ({"subject": "a\u0000b"}, "subject"),
    "no description": ({"description": ...}, "description"), "huge description": ({"description": TOO_LONG},
                                                                                 "description"),
    "unknown service": ({"service": "fax"}, "service"), "another tenant": ({"tenant": "fabrikam"}, "tenant"),
    "unknown tenant": ({"tenant": "nobody"}, "tenant"), "malformed number": ({"number": "a/b"}, "number"),
    "a script for a link": ({"url": "javascript:alert(1)"}, "url"), "unknown member": ({"priority": 1}, "priority"),
}


@pytest.mark.parametrize("case", WRONG_SUPPORT_REQUESTS)
def test_a_wrong_support_request_names_the_field(world, unchanged, case):
    changes, field = WRONG_SUPPORT_REQUESTS[case]
    body = {"tenant": "contoso", "subject": "Calendar", "description": "It is empty.", "service": "mail", **changes}
    answer = world.sue.post("/v1/support-requests", {name: value for name, value in body.items() if value is not ...})
    assert answer.status in INPUT and answer.code and answer.fields == [field], answer


@pytest.mark.parametrize("who", ["eve", "mark", "olga"])
def test_the_provider_cannot_open_a_tenants_support_request(world, unchanged, who):
    answer = world.apis[who].open_support_request("contoso")
    assert (answer.status, answer.code) == (403, "notPermitted")


@pytest.mark.parametrize("who", ["sue", "adam", "gita", "mark", "olga"])
def test_only_an_engineer_requests_access(world, support, unchanged, who):
    # Before anything about tenants or tickets can be learned from the answer.
    for number in (support, "SR-0000000000"):
        answer = world.apis[who].post("/v1/requests", draft(number, tenant="contoso"))
        assert (answer.status, answer.code) == (403, "notPermitted")


WRONG_DECISIONS = {
    "no decision": ({}, "decision"), "unknown decision": ({"decision": "maybe"}, "decision"),
    "huge comment": ({"decision": "approve", "comment": TOO_LONG}, "comment"),
    "control character": ({"decision": "approve", "comment": "fine\u0000"}, "comment"),
    "blank comment on a denial": ({"decision": "deny", "comment": "  "}, "comment"),
    "zero duration": ({"decision": "approve", "duration": "PT0S"}, "duration"),
    "not a duration": ({"decision": "approve", "duration": "one hour"}, "duration"),
    "no resources": ({"decision": "approve", "resources": []}, "resources"),
    "a denial that gives": ({"decision": "deny", "comment": "No.", "duration": "PT1H"}, "duration"),
    "unknown member": ({"decision": "approve", "approver": "adam@contoso.test"}, "approver"),
}


@pytest.mark.parametrize("case", WRONG_DECISIONS)
def test_a_wrong_decision_names_the_field(world, case):
    body, field = WRONG_DECISIONS[case]
    request = world.asked()
    answer = world.adam.post(f"/v1/requests/{request['id']}/decisions", body, If_Match=f'"v{request["version"]}"')
    assert answer.status in INPUT and answer.code and answer.fields == [field], answer
    assert world.adam.request(request["id"]) == request


@pytest.mark.parametrize("match", ["v1", '"1"', '"v"', '"v-1"', '"v1", "v3"', 'W/"v2"', '"v99999999999999999999"'])
def test_a_malformed_if_match_is_refused(world, match):
    request = world.asked()
    answer = world.adam.post(f"/v1/requests/{request['id']}/decisions", {"decision": "approve"}, If_Match=match)
    assert answer.status in (400, 412), answer
    assert world.adam.request(request["id"]) == request


def test_an_approver_who_was_removed_cannot_decide(world):
    request = world.asked("fabrikam")
    person = world.directory.person("fay@fabrikam.test")
    path = f"/v1/tenants/fabrikam/people/{world.fay.get('/v1/me').json['id']}"
    assert world.fiona.put(path, {"roles": ["member"]}).status == 200
    try:
        # The provider's file, which still says that she is an approver, does not make her one again.
        assert "fay@fabrikam.test: kept roles member" in world.lockbox.apply().stdout
        answer = world.fay.decide(request["id"], "approve", version=request["version"])
        assert answer.status in (403, 404), answer
    finally:
        assert world.fiona.put(path, {"roles": ["approver"]}).status == 200
    person["disabled"] = True
    try:
        world.lockbox.apply()
        answer = world.fay.decide(request["id"], "approve", version=request["version"])
        assert answer.status == 401, answer
    finally:
        del person["disabled"]
        world.lockbox.apply()
    assert world.mark.request(request["id"]) == request
    assert world.fay.get("/v1/requests").status == 401, "a token of before must not live again"
    world.came_back("fay")
    assert world.fay.decide(request["id"], "approve").status < 300


def test_an_engineer_who_left_loses_what_she_has(world):
    request = world.approved(engineer="ed")
    credential = world.credential(request, engineer="ed")
    person = world.directory.person("ed@example-cloud.test")
    person["disabled"] = True
    try:
        world.lockbox.apply()
        # A running server sees what `apply` changed within a second.
        wait_until(lambda: world.introspect(credential["token"]).json == {"active": False}, 1.2, "the token's end")
        assert world.ed.get("/v1/requests").status == 401
        assert world.mark.request(request["id"])["state"] == "ended"
    finally:
        del person["disabled"]
        world.lockbox.apply()
        world.came_back("ed")


# The HTTP of it

def test_without_a_valid_token_nothing_is_answered(world, unchanged):
    for token in (None, "", "lbx_wrong", "Bearer", world.eve.token + "x", world.eve.token[:-1], "lbc_" + "0" * 64):
        for method, path in (("GET", "/v1/requests"), ("POST", "/v1/requests"), ("GET", "/v1/tenants/contoso/audit")):
            answer = API(world.lockbox.port, token).send(method, path, b"{}" if method == "POST" else None)
            assert answer.status == 401 and "www-authenticate" in answer.headers, (token, path, answer)
            assert answer.code == "notSignedIn"
    basic = API(world.lockbox.port).send("GET", "/v1/requests", headers={"Authorization": "Basic ZXZlOnB3"})
    assert basic.status == 401
    in_url = API(world.lockbox.port).get(f"/v1/requests?access_token={world.eve.token}")
    assert in_url.status in (400, 401)


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b"null", b'"x"', b"7", b"{}{}", b'{"tenant":"contoso","tenant":"fabrikam"}', b"\xff\xfe",
    b'{"reason":"\xff"}', b'{"reason":"\\ud800"}', b"[" * 50_000, b'{"a":' * 5_000 + b"1" + b"}" * 5_000])
def test_a_body_that_is_no_object_is_refused(world, unchanged, body):
    answer = world.eve.send("POST", "/v1/requests", body, {
        "Content-Type": "application/json", "Idempotency-Key": '"odd-body"'})
    assert answer.status in (400, 413, 422) and answer.code, answer


@pytest.mark.parametrize("media", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "x"])
def test_a_wrong_content_type_is_refused(world, support, unchanged, media):
    answer = world.eve.send("POST", "/v1/requests", json.dumps(draft(support)), {
        **({"Content-Type": media} if media else {}), "Idempotency-Key": '"odd-media"'})
    assert answer.status == 415 and answer.code, answer


def test_a_body_over_the_limit_is_refused(world, unchanged):
    huge = json.dumps({"tenant": "contoso", "reason": "x" * 5_000_000})
    try:
        answer = world.eve.send("POST", "/v1/requests", huge, {"Content-Type": "application/json"})
    except (ConnectionResetError, BrokenPipeError, http.client.RemoteDisconnected):
        return  # hung up on us before we had sent it all
    assert answer.status == 413, answer


def test_an_endless_body_is_cut_off(world, unchanged):
    connection = http.client.HTTPConnection("127.0.0.1", world.lockbox.port, timeout=20)
    sent = 0

    def forever():
        nonlocal sent
        while sent < 200_000_000:
            sent += 65_536
            yield b" " * 65_536

    try:
        connection.request("POST", "/v1/requests", forever(), {
            "Content-Type": "application/json", "Authorization": f"Bearer {world.eve.token}"}, encode_chunked=True)
        assert connection.getresponse().status in (400, 413)
    except (ConnectionResetError, BrokenPipeError, http.client.RemoteDisconnected):
        pass
    finally:
        connection.close()
    assert sent < 50_000_000, "it was read to the end"


@pytest.mark.parametrize("path", [
    "/v1/requests/..%2f..%2fetc%2fpasswd", "/v1/requests/%00", "/v1/requests/LBX-%F0%9F%98%80",
    "/v1/requests/lbx", "/v1/nothing", "/v1/requests/LBX-0000000000/nothing", "/V1/requests",
    "/v1/support-requests/%2e%2e", "/v1/tenants/%2e%2e/audit", "/v1/requests/" + "9" * 4000])
def test_an_odd_path_is_not_found(world, path):
    answer = world.eve.get(path)
    assert answer.status in (400, 404, 414) and answer.status != 200, answer


@pytest.mark.parametrize("query", [
    "from=yesterday", "to=1", "from=2099-01-01T00:00:00Z&to=2020-01-01T00:00:00Z", "limit=-5", "cursor=%00",
    "activity=%00", "person=%00", "text=%00", "request=x"])
def test_an_odd_audit_query_is_refused_or_finds_nothing(world, query):
    answer = world.alan.get(f"/v1/tenants/contoso/audit?{query}")
    assert answer.status in INPUT or (answer.status == 200 and answer.json["items"] == []), answer


def test_an_idempotency_key_is_checked(world, support, unchanged):
    for key in ('""', '"' + "k" * 5000 + '"', '"two words"'):
        answer = world.eve.send("POST", "/v1/requests", json.dumps(draft(support)), {
            "Content-Type": "application/json", "Idempotency-Key": key})
        assert answer.status == 400 and answer.fields == ["Idempotency-Key"], (key[:10], answer)


def test_methods_that_are_not_there(world):
    for method in ("PUT", "PATCH", "DELETE"):
        answer = world.eve.send(method, "/v1/requests", "{}", {"Content-Type": "application/json"})
        assert answer.status in (404, 405), (method, answer)


def test_too_many_wrong_passwords_lock_the_door(install):
    lockbox = install()
    lockbox.apply()
    password = lockbox.password("eve@example-cloud.test")
    lockbox.start()
    api = lockbox.api()
    right = {"email": "eve@example-cloud.test", "password": password}
    assert api.post("/v1/tokens", {**right, "password": "wrong password"}).status == 401
    unknown = api.post("/v1/tokens", {"email": "nobody@example-cloud.test", "password": "wrong password"})
    assert unknown.status == 401 and unknown.code == "badCredentials"
    for _ in range(12):
        answer = api.post("/v1/tokens", {**right, "password": "wrong password"})
        assert (answer.status, answer.code) == (401, "badCredentials"), answer
    # Locked means locked, and the answer tells neither that there is such an account nor which guess was right.
    locked = api.post("/v1/tokens", right)
    assert (locked.status, locked.body) == (401, answer.body), locked


def test_guessing_from_one_place_is_told_to_wait(install):
    lockbox = install()
    lockbox.apply()
    lockbox.start()
    guesser = API(lockbox.port, "lbx_" + "0" * 64)
    for _ in range(500):
        answer = guesser.get("/v1/me")
        if answer.status == 429:
            break
        assert (answer.status, answer.code) == (401, "notSignedIn"), answer
    assert answer.status == 429 and answer.code == "tooManyAttempts", answer
    assert int(answer.headers["retry-after"]) > 0


# Files of the operator


@pytest.mark.parametrize("change, key", [
    ({"listten": "127.0.0.1:1"}, "listten"), ({"listen": "nowhere"}, "listen"), ({"listen": "127.0.0.1:99999"}, "listen"),
    ({"publicURL": "not a url"}, "publicURL"), ({"database": "mysql://x"}, "database"), ({"database": ""}, "database"),
    ({"mail": "smtp://"}, "mail"), ({"mail": "smtp://mail.example.test?starttls=never"}, "mail"),
    ({"mail": "gopher://x"}, "mail"), ({"listen": ["a"]}, "listen"),
])
def test_a_wrong_lockbox_yaml_is_refused_by_name(install, change, key):
    lockbox = install(**change)
    for command in (["apply", "-f", lockbox.directory.write(lockbox.folder / "directory.yaml")], ["serve"]):
        done = lockbox.run(*command, check=False, timeout=20)
        assert done.returncode != 0, done
        assert key in done.stderr and "lockbox.yaml" in done.stderr, done.stderr
        assert "Fatal error" not in done.stderr
    assert not lockbox.database.exists()


def test_a_lockbox_yaml_that_is_not_yaml_names_the_line(install):
    lockbox = install()
    lockbox.config.write_text('listen: "127.0.0.1:1"\npublicURL: "http://x"\n  database: [\n')
    done = lockbox.run("check-log", check=False)
    assert done.returncode != 0 and "lockbox.yaml" in done.stderr and ("3" in done.stderr or "4" in done.stderr), done


def test_a_missing_lockbox_yaml_is_said_so(install):
    lockbox = install()
    lockbox.config.unlink()
    done = lockbox.run("serve", check=False)
    assert done.returncode != 0 and "lockbox.yaml" in done.stderr


def _edit(content, path, value):
    *parents, last = path
    for step in parents:
        content = content[step]
    if value is ...:
        del content[last]
    else:
        content[last] = value


WRONG_DIRECTORIES = {
    "unknown key": (("tenants", 0, "colour"), "blue", "colour"),
    "unknown key of a person": (("tenants", 0, "people", 0, "phone"), "1", "phone"),
    "unknown role": (("tenants", 0, "people", 0, "roles"), ["king"], "roles"),
    "role of the other side": (("tenants", 0, "people", 0, "roles"), ["engineer"], "roles"),
    "not an address": (("tenants", 0, "people", 0, "email"), "sue at contoso", "email"),
    "header in a name": (("tenants", 0, "people", 0, "name"), "Sue\r\nBcc: x@y.test", "name"),
    "no name": (("tenants", 0, "people", 0, "name"), ..., "name"),
    "the same person on both sides": (("tenants", 0, "people", 0, "email"), "eve@example-cloud.test", "eve@"),
    "malformed tenant": (("tenants", 0, "id"), "Contoso Ltd", "id"),
    "window too short": (("tenants", 0, "policy", "decisionWindow"), "PT1M", "decisionWindow"),
    "window too long": (("tenants", 0, "policy", "decisionWindow"), "P15D", "decisionWindow"),
    "window in words": (("tenants", 0, "policy", "decisionWindow"), "a while", "decisionWindow"),
    "cap too long": (("tenants", 0, "policy", "maxAccess"), "PT25H", "maxAccess"),
    "no approvals": (("tenants", 0, "policy", "approvalsNeeded"), 0, "approvalsNeeded"),
    "approvals in words": (("tenants", 0, "policy", "approvalsNeeded"), "two", "approvalsNeeded"),
    "switch in words": (("tenants", 0, "policy", "requireApproval"), "maybe", "requireApproval"),
    "unknown kind": (("services", 0, "kind"), "fax", "kind"),
    "secret file that is not there": (("services", 0, "introspection", "clientSecretFile"), "/nowhere", "clientSecretFile"),
    "not a URL": (("services", 0, "removal", "doveadm", "url"), "nowhere", "url"),
}


@pytest.mark.parametrize("case", WRONG_DIRECTORIES)
def test_a_wrong_directory_yaml_names_line_and_key_and_changes_nothing(install, case):
    path, value, named = WRONG_DIRECTORIES[case]
    lockbox = install()
    _edit(lockbox.directory.content, path, value)
    done = lockbox.apply(check=False)
    assert done.returncode != 0, done
    assert named in done.stderr, done.stderr
    line = _line_of(lockbox.folder / "directory.yaml", path, value)
    numbers = [int(word) for word in "".join(c if c.isdigit() else " " for c in done.stderr).split()]
    assert any(abs(number - line) <= 6 for number in numbers), (line, done.stderr)
    lockbox.directory.content = type(lockbox.directory)(lockbox.directory.content["services"]).content
    if path[0] != "services":
        first = lockbox.apply().stdout
        assert "contoso" in first and "added" in first, "the refused file was carried out in part"


def _line_of(file, path, value):
    """The line of the key at fault, or of the object it is missing from."""
    wanted = f"{path[-1]}:"
    lines = file.read_text().splitlines()
    if value is ...:
        return next(number for number, line in enumerate(lines, 1) if "sue@" in line)
    return next(
        (number for number, line in enumerate(lines, 1)
         if wanted in line and (not isinstance(value, str) or json.dumps(value) in line)),
        next((number for number, line in enumerate(lines, 1) if wanted in line), 1))


def test_a_directory_yaml_that_is_not_yaml_names_the_line(install):
    lockbox = install()
    broken = lockbox.folder / "broken.yaml"
    broken.write_text("provider:\n  name: Example Cloud\n  people: [\n    - nonsense: {\n")
    done = lockbox.apply(broken, check=False)
    assert done.returncode != 0 and "broken.yaml" in done.stderr, done
    assert any(number in done.stderr for number in "345"), done.stderr


def test_applying_twice_changes_nothing_the_second_time(install):
    lockbox = install()
    assert "added" in lockbox.apply().stdout
    again = lockbox.apply().stdout
    assert "contoso" not in again and len(again.splitlines()) == 1, again


def test_a_password_that_is_too_short_is_refused(install):
    lockbox = install()
    lockbox.apply()
    for text in ("", "\n", "short\n"):
        done = lockbox.run("password", "--person", "eve@example-cloud.test", input=text, check=False)
        assert done.returncode != 0 and done.stderr, (text, done)


def test_commands_for_people_who_are_not_there(install):
    lockbox = install()
    lockbox.apply()
    for command in ("token", "password"):
        done = lockbox.run(command, "--person", "nobody@contoso.test", input="a long enough password\n", check=False)
        assert done.returncode != 0 and "nobody@contoso.test" in done.stderr, done
