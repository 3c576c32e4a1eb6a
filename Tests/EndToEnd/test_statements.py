"""What an engineer runs in a real PostgreSQL stands in the customer's log, as the server itself wrote it down."""

import csv
import email
import email.policy
import json
import re
import subprocess

import pytest

from lockbox_rig.machine import LOOPBACK, wait_until
from lockbox_rig.place import Place
from lockbox_rig.postgres import PROGRAMS, Postgres, environment

FORMS = {"jsonlog": "crm-json", "csvlog": "crm-csv"}
SECRET = "hunter2-" + "x" * 20


class Logged(Place):
    """One server, which two services read: in each form of its log one."""

    audits = False

    def __init__(self, base):
        self.postgres = Postgres(base / "postgres", collects=True, audits=self.audits)
        (base / "pg").write_text(self.postgres.password + "\n")
        (base / "pg").chmod(0o600)

        def adjust(directory):
            directory.content["services"] += [{
                "id": service, "kind": "postgres", "resources": "database",
                "postgres": {
                    "url": f"postgres://lockbox@{LOOPBACK}:{self.postgres.port}/postgres",
                    "passwordFile": str(base / "pg"),
                    "roles": {"read": "crm_read", "write": "crm_write"},
                    "statements": {form: str(self.postgres.log_folder)}}} for form, service in FORMS.items()]
            directory.tenant("contoso")["resources"] = [
                {"service": service, "id": "database:contoso"} for service in FORMS.values()]

        try:
            super().__init__(base, adjust=adjust)
        except BaseException:
            self.stop()
            raise

    def stop(self):
        if hasattr(self, "lockbox"):
            super().stop()
        self.postgres.stop()

    def requested(self, form, *actions):
        asked = self.eve.submit("contoso", self.support, [
            {"service": FORMS[form], "id": "database:contoso", "actions": list(actions or ["read"])}])
        assert asked.status == 201, asked
        return self.decided(asked.json["id"])

    def psql(self, credential, statements):
        """Whatever becomes of them."""
        subprocess.run(
            ["psql", "-XAtq", "-d", "contoso", "-f", "-"], input=statements, text=True, capture_output=True, timeout=60,
            env=environment(self.postgres.port, credential["username"], credential["token"]))

    def revoke(self, request):
        answer = self.adam.post(f"/v1/requests/{request}/revoke", {"comment": "Enough."})
        assert answer.status == 200, answer
        return wait_until(
            lambda: (grant := self.grant(request))["state"] == "ended" and grant["removals"][0]["state"] == "confirmed"
            and grant, 30, f"the removal of {request}", 0.05)

    def recorded(self, request):
        records = self.alan.audit("contoso", request=request, activity="access.operations")
        return [operation for index in sorted(record["index"] for record in records)
                for operation in self.alan.operations("contoso", index)]

    def logged(self, username):
        """Time, database, text and detail of each statement, as PostgreSQL's log has them."""
        found = []
        for file in sorted(self.postgres.log_folder.glob("*.csv")):
            with file.open(newline="") as lines:
                for row in csv.reader(lines):
                    said = re.match(r"(?:statement|execute [^:]+): (.*)", row[13], re.S)
                    if row[1] == username and row[11] == "LOG" and not row[18] and said:
                        found.append((row[0].replace(" UTC", "Z").replace(" ", "T"), row[2], said[1], row[14]))
        return found

    def reports(self, request):
        letters = []
        for file in self.lockbox.letters.iterdir():
            letter = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            if f"closing report: {request}" in (letter["subject"] or ""):
                letters.append(letter.get_body(("plain",)).get_content())
        return letters


class Audited(Logged):
    """What is run in functions is written down too."""

    audits = True


@pytest.fixture(scope="module")
def place():
    with Logged.running("statements") as there:
        yield there


@pytest.fixture(scope="module")
def audited():
    with Audited.running("audited") as there:
        yield there


BEFORE = """SELECT name FROM customers ORDER BY id;
SELECT 'one
two "three" ''four'', five' AS "a,b", E'\\t\\x41';
SELECT 1\\; UPDATE customers SET name = name WHERE id = 1;
COPY (SELECT 'x') TO STDOUT;
COPY customers FROM STDIN;
7\tSeven
\\.
SET ROLE crm_write;
DELETE FROM customers WHERE id = 7;
PREPARE find AS SELECT name FROM customers WHERE id = $1;
EXECUTE find(1);
SELECT nothing FROM nowhere;
DO $$ BEGIN RAISE LOG 'statement: DROP TABLE customers'; END $$;
SELECT '"
2026-11-26 15:29:32.191 UTC,"lbx-0000000000-1","contoso",1,,,,,,,,LOG,0,"statement: DROP TABLE customers",,,,,,,,,"",,,
{"user":"lbx-0000000000-1","error_severity":"LOG","message":"statement: DROP TABLE customers"}
';
"""


@pytest.mark.parametrize("form", FORMS)
def test_the_customers_log_has_every_statement_once_also_when_lockbox_is_killed(place, tmp_path, form):
    request = place.requested(form, "read", "write")
    credential = place.credential(request)
    place.psql(credential, BEFORE)
    place.lockbox.kill()
    place.psql(credential, "".join(f"SELECT {number}, '{'y' * 300}';\n" for number in range(150)))
    place.lockbox.start()
    script = tmp_path / "script"
    script.write_text(
        "\\set id 1\nSELECT name FROM customers WHERE id = :id;\n"
        "UPDATE customers SET name = 'é' WHERE id = :id;\n")
    subprocess.run(
        [PROGRAMS / "pgbench", "-n", "-M", "prepared", "-t", "2", "-f", script, "contoso"], check=True,
        capture_output=True, env=environment(place.postgres.port, credential["username"], credential["token"]))
    place.psql(credential, f"ALTER ROLE CURRENT_USER PASSWORD '{SECRET}';\n")
    grant = place.revoke(request)

    logged = place.logged(credential["username"])
    assert len(logged) > 165, logged
    recorded = place.recorded(request)
    for line, operation in zip(logged, recorded):
        at, database, text, detail = line
        assert operation["statement"] == text.replace(f"'{SECRET}'", "'…'")
        assert (operation["at"], operation["database"], operation.get("detail", "")) == (at, database, detail)
        is_read = text.startswith(("SELECT", "SET", "PREPARE", "COPY (")) and "UPDATE" not in text
        assert operation["action"] == ("read" if is_read else "write"), operation
    assert [operation["statement"][:40] for operation in recorded[len(logged):]] == [] and len(recorded) == len(logged)
    assert SECRET not in json.dumps(recorded)

    assert sum(total["reads"] + total["writes"] for total in grant["operations"]) == len(logged)
    records = place.alan.audit("contoso", request=request)
    last = {record["activity"]: record["index"] for record in sorted(records, key=lambda record: record["index"])}
    assert last["access.operations"] < last["access.removed"]
    report = wait_until(lambda: place.reports(request), 20, "the closing report")[0]
    reads, writes = (sum(total[kind] for total in grant["operations"]) for kind in ("reads", "writes"))
    assert str(reads) in report and str(writes) in report, report
    place.lockbox.check_log()


@pytest.mark.parametrize("form", FORMS)
def test_a_log_that_cannot_be_read_gives_no_access(place, form):
    request = place.requested(form)
    service = next(one for one in place.lockbox.directory.content["services"] if one["id"] == FORMS[form])
    kept = service["postgres"]["statements"]
    for folder in (place.postgres.base, "/nowhere"):
        service["postgres"]["statements"] = {form: str(folder)}
        place.lockbox.apply()
        answer = place.eve.credential(request)
        assert answer.status == 503, answer
    # The operator is told what to do.
    for words in ("what is run could not be recorded", "log_directory", "the folder /nowhere cannot be read"):
        wait_until(lambda words=words: words in place.lockbox.output, 10, f"a line of the server's with {words}")
    service["postgres"]["statements"] = kept
    place.lockbox.apply()
    assert place.postgres.roles() == []
    credential = place.credential(request)
    place.psql(credential, "SELECT 1")
    place.revoke(request)
    assert [operation["statement"] for operation in place.recorded(request)] == ["SELECT 1"]


FUNCTIONS = """
SET ROLE crm_owner;
CREATE FUNCTION rename(who text) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN
    UPDATE customers SET name = who WHERE id = 1;
    RAISE LOG 'AUDIT: SESSION,1,2,WRITE,DELETE,,,DELETE FROM customers,<none>';
    EXECUTE 'UPDATE customers SET name = ' || quote_literal(who || E', the "first"\n') || ' WHERE id = 2';
    RETURN (SELECT count(*) FROM customers);
END $$;
CREATE FUNCTION as_owner() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'DELETE FROM customers WHERE id = 98 RETURNING id';
CREATE TABLE changes (what text);
GRANT INSERT ON changes TO crm_write;
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO changes VALUES (OLD.name);
    RETURN NEW;
END $$;
CREATE TRIGGER noted AFTER UPDATE ON customers FOR EACH ROW WHEN (OLD.id = 3) EXECUTE FUNCTION note();
INSERT INTO customers VALUES (3, 'Cid');
"""
IN_RENAME = [
    ("write", "UPDATE customers SET name = who WHERE id = 1", "parameters: {},"),
    ("write", "UPDATE customers SET name = '{}, the \"first\"\n' WHERE id = 2", None),
    ("read", "(SELECT count(*) FROM customers)", None)]
# What is called, and what is run in it. What a function does that runs as its owner pgaudit does not say.
CALLS = [
    ("read", "SELECT rename('Eve');", [(action, text.format("Eve"), values and values.format("Eve"))
                                       for action, text, values in IN_RENAME]),
    ("read", "SELECT as_owner();", []),
    ("write", "DO $$ BEGIN DELETE FROM customers WHERE id = 99; END $$;",
     [("write", "DELETE FROM customers WHERE id = 99", None)]),
    ("read", "PREPARE called AS SELECT rename($1);", []),
    ("read", "SET ROLE crm_write;", []),
    ("write", "EXECUTE called('Ada');", [(action, text.format("Ada"), values and values.format("Ada"))
                                         for action, text, values in IN_RENAME]),
    ("write", "UPDATE customers SET name = 'Dan' WHERE id = 3;", [("write", "INSERT INTO changes VALUES (OLD.name)", "parameters: ,,,,,,,,,,,,,Cid")]),
]


@pytest.mark.parametrize("form", FORMS)
def test_with_pgaudit_what_is_run_in_functions_stands_there_too(audited, form):
    if not audited.postgres.sql("SELECT 1 FROM pg_proc WHERE proname = 'rename'", "contoso"):
        audited.postgres.sql(FUNCTIONS, "contoso")
    audited.postgres.sql("UPDATE customers SET name = 'Cid' WHERE id = 3", "contoso")
    request = audited.requested(form, "read", "write")
    audited.psql(audited.credential(request), "\n".join(text for _, text, _ in CALLS))
    grant = audited.revoke(request)
    recorded = [(operation["action"], operation["statement"], operation.get("detail")) for operation in audited.recorded(request)]
    prepared = {"EXECUTE called('Ada');": "prepare: PREPARE called AS SELECT rename($1);"}
    expected = [each for action, text, within in CALLS for each in [(action, text, prepared.get(text)), *within]]
    assert recorded == expected
    assert sum(total["reads"] + total["writes"] for total in grant["operations"]) == len(expected)
