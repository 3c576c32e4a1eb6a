"""Databases of a real PostgreSQL obey grants: the engineer comes with psql, alone and through PgBouncer."""

import email
import email.policy
import os
import re
import subprocess
import time

import pytest

from lockbox_rig import secrets
from lockbox_rig.api import seconds
from lockbox_rig.directory import yaml
from lockbox_rig.gate import Gate
from lockbox_rig.lockboxd import LOCKBOX_CLI
from lockbox_rig.machine import LOOPBACK, wait_until
from lockbox_rig.place import Place
from lockbox_rig.postgres import PROGRAMS, Failed, PgBouncer, Postgres, Session, environment


OPERATOR = "ops@example-cloud.test"


class Protected(Place):
    """A server with the databases of two tenants, and access to them."""

    def __init__(self, base):
        self.sessions = []
        self.postgres = Postgres(base / "postgres")
        self.pgbouncer = PgBouncer(base / "pgbouncer", self.postgres)
        self.gate = Gate(self.postgres.port).open()
        (base / "pg").write_text(self.postgres.password + "\n")
        (base / "pg").chmod(0o600)

        def adjust(directory):
            directory.content["services"].append({
                "id": "crm", "kind": "postgres", "resources": "database",
                "address": f"postgres://{LOOPBACK}:{self.pgbouncer.port}/crm",
                "postgres": {
                    "url": f"postgres://lockbox@{LOOPBACK}:{self.gate.port}/postgres", "passwordFile": str(base / "pg"),
                    "roles": {"read": "crm_read", "write": "crm_write"}}})
            for tenant in ("contoso", "fabrikam"):
                directory.tenant(tenant)["resources"] = [{"service": "crm", "id": f"database:{tenant}"}]

        try:
            super().__init__(base, adjust=adjust, operators=[OPERATOR])
        except BaseException:
            self.stop()
            raise

    def stop(self):
        if hasattr(self, "lockbox"):
            super().stop()
        for session in self.sessions:
            session.close()
        self.gate.shut()
        self.pgbouncer.stop()
        self.postgres.stop()

    def access(self, *actions, duration="PT1H"):
        asked = self.eve.submit(
            "contoso", self.support, [{"service": "crm", "id": "database:contoso", "actions": list(actions or ["read"])}],
            duration=duration)
        assert asked.status == 201, asked
        request = self.decided(asked.json["id"])
        return request, self.credential(request)

    def psql(self, credential, statements, database="contoso", port=None):
        return self.postgres.sql(statements, database, credential["username"], credential["token"], port)

    def session(self, credential, port=None, *arguments):
        session = Session(
            port or self.postgres.port, credential["username"], credential["token"], "contoso", *arguments)
        self.sessions.append(session)
        return session

    def revoke(self, request):
        answer = self.adam.post(f"/v1/requests/{request}/revoke", {"comment": "Enough."})
        assert answer.status == 200, answer

    def removed(self, request, state="ended", timeout=20):
        return wait_until(
            lambda: (grant := self.grant(request))["state"] == state and grant, timeout, f"{request} to be {state}", 0.05)


@pytest.fixture(scope="module")
def place():
    with Protected.running("postgres") as there:
        yield there


def busy(place, credential, port):
    """Sessions of all sorts, each in the middle of something."""
    def begun(*statements):
        session = place.session(credential, port)
        for statement in statements[:-1]:
            assert not any("error" in line.lower() for line in session.run(statement)), session.lines
        session.begin(statements[-1])

    begun("SELECT 1;", "")
    begun("BEGIN;", "SELECT * FROM customers;", "")
    begun("SELECT 1;", "SELECT pg_sleep(600);")
    begun("BEGIN;", "DECLARE c CURSOR FOR SELECT * FROM customers, generate_series(1, 100000);", "FETCH 10 FROM c;")
    begun("SET default_transaction_read_only = off;", "SET ROLE crm_read;", "BEGIN;", "SELECT 1;", "")
    begun("SELECT 1;", "COPY (SELECT pg_sleep(0.1) FROM generate_series(1, 10000)) TO STDOUT;")
    if port is None:
        begun("LISTEN news;", "")


@pytest.mark.parametrize("way", ["alone", "pgbouncer"])
def test_at_the_end_every_session_is_cut_and_the_role_is_gone(place, way):
    port = place.pgbouncer.port if way == "pgbouncer" else None
    request, credential = place.access(duration="PT1H" if port else "PT15S")
    assert place.psql(credential, "SELECT name FROM customers ORDER BY id", port=port) == [
        "Ada of contoso", "Bob of contoso"]
    with pytest.raises(Failed, match="permission denied"):
        place.psql(credential, "SET default_transaction_read_only = off; DELETE FROM customers", port=port)
    with pytest.raises(Failed):
        place.psql(credential, "SELECT 1", "fabrikam", port)
    oid = place.postgres.oid(credential["username"])
    busy(place, credential, port)
    assert place.postgres.sessions(oid) >= (2 if port else 7), [session.lines[:5] for session in place.sessions]
    if port:
        place.revoke(request)
    gone = place.postgres.wait_gone(oid, 60)
    assert gone >= seconds(place.grant(request)["endedAt"]), "cut before the end"
    removal = place.removed(request)["removals"][0]
    assert removal["state"] == "confirmed", removal
    assert credential["username"] not in place.postgres.roles()
    with pytest.raises(Failed):
        place.psql(credential, "SELECT 1", port=port)


def test_a_write_access_writes_and_is_stopped_in_the_middle_of_a_copy(place):
    request, credential = place.access("read", "write")
    oid = place.postgres.oid(credential["username"])
    place.psql(credential, "UPDATE customers SET name = 'Ada Lovelace' WHERE id = 1")
    session = place.session(credential)
    session.run("BEGIN;")
    session.begin("COPY customers FROM STDIN;\n7\tHalf\n8\tHa")
    wait_until(lambda: place.postgres.sql(
        f"SELECT 1 FROM pg_stat_activity WHERE usesysid = {oid} AND query LIKE 'COPY%' AND state = 'active'"), 10, "COPY")
    place.revoke(request)
    place.postgres.wait_gone(oid, 20)
    place.removed(request)
    assert place.postgres.sql("SELECT count(*), min(name) FROM customers", "contoso") == ["2|Ada Lovelace"]


def test_a_replication_slot_that_a_session_held_is_dropped(place):
    # Nobody else may give and take REPLICATION.
    place.postgres.sql("ALTER ROLE lockbox SUPERUSER")
    request, credential = place.access()
    name = credential["username"]
    place.postgres.sql(f'ALTER ROLE "{name}" REPLICATION')
    oid = place.postgres.oid(name)
    streaming = subprocess.Popen(
        [PROGRAMS / "pg_recvlogical", "-d", "contoso", "-S", "lbx_slot", "--create-slot", "--start", "--no-loop", "-f", "-"],
        env=environment(place.postgres.port, name, credential["token"]), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: place.postgres.sql("SELECT 1 FROM pg_replication_slots WHERE active"), 10, "the slot's use")
        place.revoke(request)
        place.postgres.wait_gone(oid, 20)
        place.removed(request, timeout=60)
        assert place.postgres.sql("SELECT slot_name FROM pg_replication_slots") == []
    finally:
        streaming.kill()
        streaming.wait()
        place.postgres.sql("ALTER ROLE lockbox NOSUPERUSER")


@pytest.mark.parametrize("trouble", ["shut", "hush"])
def test_a_database_server_that_cannot_be_reached_is_tried_until_it_can(place, trouble):
    request, credential = place.access()
    oid = place.postgres.oid(credential["username"])
    place.session(credential).run("SELECT 1;")
    getattr(place.gate, trouble)()
    try:
        place.revoke(request)
        removal = place.removed(request, "removalFailed")["removals"][0]
        assert removal["problem"].startswith("the database server"), removal
        assert place.postgres.sessions(oid) == 1
    finally:
        place.gate.shut()
        place.gate.open()
    place.removed(request, timeout=60)
    assert place.postgres.sessions(oid) == 0 and credential["username"] not in place.postgres.roles()


def test_of_three_accesses_one_that_cannot_be_removed_shows_and_the_others_end(place):
    accesses = [place.access() for _ in range(3)]
    first = accesses[0][1]
    place.postgres.sql(f'GRANT SELECT ON pg_authid TO "{first["username"]}"', "contoso")
    oids = [place.postgres.oid(credential["username"]) for _, credential in accesses]
    for _, credential in accesses:
        place.session(credential).run("BEGIN;\nSELECT 1;")
    for request, _ in accesses:
        place.revoke(request)
    for oid in oids:
        place.postgres.wait_gone(oid, 20)
    for request, _ in accesses[1:]:
        place.removed(request)
    place.removed(accesses[0][0], "removalFailed")
    with pytest.raises(Failed):
        place.psql(first, "SELECT 1")

    def given_back():
        try:
            place.postgres.sql(f'REVOKE SELECT ON pg_authid FROM "{first["username"]}"', "contoso")
        except Failed as failure:
            # Lockbox tries again meanwhile; who comes second is refused by the server, and does it again.
            assert "concurrently updated" in str(failure), failure
            return False
        return True

    wait_until(given_back, 10, "the operator to take the grant back")
    place.removed(accesses[0][0], timeout=60)


def test_what_a_killed_server_left_is_ended_when_it_is_back(place):
    request, credential = place.access(duration="PT8S")
    oid = place.postgres.oid(credential["username"])
    place.session(credential).run("SELECT 1;")
    assert place.postgres.sessions(oid) == 1
    place.lockbox.kill()
    time.sleep(max(0, seconds(credential["expiresAt"]) - time.time() + 0.2))
    with pytest.raises(Failed):
        place.psql(credential, "SELECT 1")
    assert place.postgres.sessions(oid) == 1, "PostgreSQL ends no session by itself"
    place.lockbox.start()
    place.postgres.wait_gone(oid, 20)
    place.removed(request)
    assert credential["username"] not in place.postgres.roles()


def test_nothing_of_another_tenants_reaches_the_database_server(place):
    before = place.postgres.log.count("connection authorized")
    for name in ("database:fabrikam", "database:no'body", 'database:"', "database:dätabase", "database:host=evil"):
        answer = place.eve.submit("contoso", place.support, [{"service": "crm", "id": name, "actions": ["read"]}])
        assert 400 <= answer.status < 500, (name, answer)
    directory = place.lockbox.directory
    kept = directory.tenant("contoso")["resources"]
    for name in ("host=evil", "a+b@c", "x" * 64, "template1"):
        directory.tenant("contoso")["resources"] = [{"service": "crm", "id": f"database:{name}"}]
        (place.lockbox.folder / "bad.yaml").write_text(yaml(directory.content))
        done = place.lockbox.apply(place.lockbox.folder / "bad.yaml", check=False)
        assert done.returncode != 0 and "cannot be a database" in done.stderr, done
    directory.tenant("contoso")["resources"] = kept
    assert place.postgres.log.count("connection authorized") == before


def test_the_credential_says_how_to_connect_and_the_secret_is_nowhere_at_the_server(place):
    request, credential = place.access()
    assert f"the database contoso as {credential['username']}" in credential["how"]
    place.psql(credential, "SELECT 1")
    place.revoke(request)
    place.removed(request)
    assert credential["token"] not in place.postgres.log
    assert "SCRAM-SHA-256$4096:" in place.postgres.log, "the verifier is what the server is told"
    secrets.said("PostgreSQL's log", place.postgres.log)


def drift(place):
    found = re.search(r'^lockbox_drift{service="crm"} (\d+)$', place.lockbox.api().get("/metrics").body.decode(), re.M)
    return int(found[1]) if found else None


def told(place):
    """What operators read of what differs."""
    letters = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
               for path in place.lockbox.letters.iterdir()]
    return [letter.get_body(("plain",)).get_content() for letter in letters if OPERATOR in letter["to"]
            and "is not what should be" in letter["subject"]]


def test_a_role_that_lockbox_never_made_is_shown_and_left_and_its_own_is_removed(place):
    over, old = place.access()
    place.revoke(over)
    place.removed(over)
    request, credential = place.access()
    wait_until(lambda: drift(place) == 0, 60, "no drift")
    name, was = credential["username"], old["username"]
    # By its name, by a comment that names nobody, by that of an access that goes on; and as a copy restores it.
    place.postgres.sql(
        'CREATE ROLE "lbx-0123456789-1" LOGIN; CREATE ROLE somebody LOGIN; '
        "COMMENT ON ROLE somebody IS 'Lockbox read: lbx-whoever'; "
        f"CREATE ROLE twin LOGIN; COMMENT ON ROLE twin IS 'Lockbox read: {name}'; "
        f"CREATE ROLE \"{was}\" LOGIN; COMMENT ON ROLE \"{was}\" IS 'Lockbox read: {was}'")
    wait_until(lambda: drift(place) == 3, 60, "drift to show")
    wait_until(lambda: was not in place.postgres.roles(), 20, "the restored role to go")
    letter = wait_until(lambda: told(place), 20, "a letter to the operators")
    assert len(letter) == 1 and all(part in letter[0] for part in ("lbx-0123456789-1", "lbx-whoever", "twin", was)), letter
    assert place.psql(credential, "SELECT 1") == ["1"], "access that goes on is not touched"
    assert place.postgres.sql("SELECT count(*) FROM pg_roles WHERE rolname IN ('lbx-0123456789-1', 'somebody', 'twin')") == ["3"]
    assert "what is open at a service is not what should be" in place.lockbox.output
    wait_until(lambda: len(found(place, "contoso", name, was)) == 2, 20, "the tenant's records")
    assert sorted(found(place, "contoso", name, was)) == sorted([(name, "altered", False), (was, "reopened", True)])
    place.postgres.sql('DROP ROLE "lbx-0123456789-1", somebody, twin')
    wait_until(lambda: drift(place) == 0, 60, "no drift any more")
    place.revoke(request)
    place.removed(request)


def found(place, tenant="contoso", *names):
    """What the log of a tenant says of access under `names` that nobody granted, the oldest first."""
    records = place.lockbox.api({"contoso": "alan", "fabrikam": "fiona"}[tenant]).audit(tenant, activity="access.unknown")
    return [(record["texts"]["loginName"]["text"], record["data"]["kind"], record["data"]["closed"])
            for record in sorted(records, key=lambda record: record["index"])
            if record["texts"]["loginName"]["text"] in names]


def rules(place, **changed):
    path = "/v1/tenants/contoso/policy"
    now = place.lockbox.api("gita").get(path).json
    rules = {name: value for name, value in now.items() if name not in ("tenant", "licensed", "waiting")}
    answer = place.lockbox.api("gita").put(path, {**rules, **changed})
    assert answer.status == 200, answer
    return answer.json


def test_a_role_that_nobody_granted_is_shown_to_whose_data_it_reaches_and_closed_where_the_rules_say_so(place):
    wait_until(lambda: drift(place) == 0, 60, "no drift")
    one, two = "lbx-0000000000-1", "lbx-1111111111-1"
    contoso, fabrikam = (lambda: found(place, "contoso", one, two)), (lambda: found(place, "fabrikam", one, two))
    # No secret of Lockbox's or of its customers': the database writes it into its log.
    secret = "chosen-by-an-intruder"

    def intrude(name, database):
        place.postgres.sql(f"CREATE ROLE \"{name}\" LOGIN PASSWORD '{secret}' IN ROLE crm_read; "
                           f'GRANT CONNECT ON DATABASE {database} TO "{name}"')
        session = Session(place.postgres.port, name, secret, database)
        place.sessions.append(session)
        assert session.run("SELECT count(*) FROM customers;") == ["2"]
        return place.postgres.oid(name)

    oid = intrude(one, "contoso")
    wait_until(contoso, 60, "a record in the tenant's log")
    assert contoso() == [(one, "unknown", False)] and fabrikam() == []
    assert place.postgres.sessions(oid) == 1, "shown, and left: the rules say nothing else"
    assert drift(place) == 1
    place.lockbox.wait_for_letters()
    letters = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
               for path in place.lockbox.letters.iterdir()]
    told = [letter.get_body(("plain",)).get_content() for letter in letters if "gita@contoso.test" in letter["to"]]
    assert any(one in text and "nobody granted" in " ".join(text.split()) for text in told), told

    assert rules(place, closeUnknownAccess=True)["closeUnknownAccess"] is True
    place.postgres.wait_gone(oid, 60)
    wait_until(lambda: len(contoso()) == 2, 60, "the record of it")
    assert contoso()[1] == (one, "unknown", True)
    with pytest.raises(Failed):
        place.postgres.sql("SELECT 1", "contoso", one, secret)
    assert one in place.postgres.sql("SELECT rolname FROM pg_roles"), "nothing of it is deleted"
    wait_until(lambda: drift(place) == 0, 60, "no drift")

    # Another tenant's rules say that it is shown only.
    other = intrude(two, "fabrikam")
    wait_until(fabrikam, 60, "a record in the other tenant's log")
    assert fabrikam() == [(two, "unknown", False)] and len(contoso()) == 2
    assert place.postgres.sessions(other) == 1
    # Access that was granted goes on beside it, and is not shown.
    request, credential = place.access()
    assert place.psql(credential, "SELECT 1") == ["1"]
    assert rules(place, closeUnknownAccess=False)["closeUnknownAccess"] is False
    place.lockbox.stop()
    place.lockbox.start()
    wait_until(lambda: drift(place) == 1, 60, "drift to show again")
    assert len(contoso()) == 2 and len(fabrikam()) == 1, "what was told is not told again"
    assert place.psql(credential, "SELECT 1") == ["1"]
    for session in place.sessions:
        session.close()
    for name, database in ((one, "contoso"), (two, "fabrikam")):
        place.postgres.sql(f'DROP OWNED BY "{name}"; DROP ROLE "{name}"', database)
    wait_until(lambda: drift(place) == 0, 60, "no drift any more")
    place.revoke(request)
    place.removed(request)
    place.lockbox.check_log()


def opened(place, request, statements=None, path=None, *arguments):
    """`lockbox access open` of an engineer, with what is piped into it."""
    url = {"LOCKBOX_URL": place.lockbox.url, "LOCKBOX_TOKEN": place.eve.token}
    return subprocess.Popen(
        [str(LOCKBOX_CLI), "access", "open", request, *arguments], text=True, stdin=subprocess.PIPE if statements is None
        else statements, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **url, "PATH": path or os.environ["PATH"]})


def test_the_engineer_opens_the_database_in_psql_and_hears_why_it_was_cut(place):
    request, _ = place.access()
    process = opened(place, request)
    process.stdin.write("SELECT name FROM customers ORDER BY id;\n")
    process.stdin.flush()
    said = []
    while not any("Bob of contoso" in line for line in said):
        said.append(process.stdout.readline())
        assert said[-1], process.stderr.read()
    place.revoke(request)
    place.removed(request)
    out, error = process.communicate("SELECT 2;\n", timeout=60)
    assert process.returncode == 1, (out, error)
    assert "ends" in error and "Access ended" in error and "stopped by Contoso" in error and "Adam" not in error, error
    secrets.said("lockbox access open", "".join(said) + out + error)


def test_what_cannot_be_opened_here_is_shown_with_all_that_it_takes(place, tmp_path):
    request, _ = place.access()
    out, error = opened(place, request, subprocess.DEVNULL, str(tmp_path)).communicate(timeout=20)
    assert "psql 'postgres://lbx-" in out and f":{place.pgbouncer.port}/contoso" in out, (out, error)
    token = re.search(r"Token +(lbc_[0-9a-f]{64})$", out, re.MULTILINE)
    assert token, error
    out, _ = opened(place, request, subprocess.DEVNULL, None, "--token").communicate(timeout=20)
    assert re.fullmatch(r"lbc_[0-9a-f]{64}\n", out) and out.strip() != token[1]


def test_check_service_signs_in_and_sees_that_it_is_cut(place):
    place.postgres.sql('CREATE DATABASE "lockbox-check"')
    done = place.lockbox.run("check-service", "crm", check=False)
    lines = done.stdout.splitlines()
    assert not [line for line in lines if not line.startswith("ok: ")] and done.returncode == 0, done.stderr
    assert "ok: who signs in with the token is in, and is cut when it is closed" in lines
