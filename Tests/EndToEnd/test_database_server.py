"""The whole server on a database of PostgreSQL in place of a file."""

import subprocess

import pytest

from lockbox_rig import secrets
from lockbox_rig.api import mailbox
from lockbox_rig.lockboxd import LOCKBOXD
from lockbox_rig.machine import LOOPBACK, wait_until
from lockbox_rig.place import Place
from lockbox_rig.postgres import Failed, Postgres
from lockbox_rig.world import SUE

OWNER, USER = "owner", "keeper"


class OnServer(Place):
    """A server whose database is on PostgreSQL, as its operator sets it up."""

    def __init__(self, base):
        self.postgres = Postgres(base / "postgres")
        self.passwords = {}
        try:
            for role in (OWNER, USER):
                self.passwords[role] = secrets.new(f"password of {role}")
                self.postgres.sql(f"CREATE ROLE {role} LOGIN")
                self.postgres.give_password(role, self.passwords[role])
                (base / role).write_text(self.passwords[role] + "\n")
                (base / role).chmod(0o600)
            self.postgres.sql(f"CREATE DATABASE lockbox OWNER {OWNER}")
            settings = {"database": self.url("lockbox"), "databasePasswordFile": str(base / USER)}
            self.prepared = self.prepare(base, settings)
            super().__init__(base, **settings)
        except BaseException:
            self.stop()
            raise

    def prepare(self, base, settings):
        """As the tables' owner; what it printed."""
        config = base / "prepare.yaml"
        config.write_text("".join(f"{key}: {value}\n" for key, value in settings.items()) + "mail: file:letters\n")
        done = subprocess.run(
            [LOCKBOXD, "init-database", "--config", config, "--owner", self.url("lockbox", OWNER),
             "--owner-password-file", base / OWNER], capture_output=True, text=True, timeout=60)
        secrets.said("lockboxd init-database", done.stdout + done.stderr)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def url(self, database, user=USER, more=""):
        return f"postgres://{user}@{LOOPBACK}:{self.postgres.port}/{database}{more}"

    def stop(self):
        if hasattr(self, "lockbox"):
            super().stop()
        self.postgres.stop()

    def active(self, credential):
        return self.introspect(credential).json["active"]


@pytest.fixture(scope="module")
def place():
    with OnServer.running("database-server") as there:
        yield there


def test_a_request_is_walked_through_to_its_end(place):
    request = place.approved()
    credential = place.credential(request)
    assert place.active(credential)
    assert place.postgres.sql("SELECT count(*) FROM access_grant", "lockbox") == ["1"]
    assert place.adam.post(f"/v1/requests/{request}/revoke", {"comment": "Enough."}).status == 200
    assert not place.active(credential)
    wait_until(lambda: place.grant(request)["state"] == "ended", 20, "the end of access", 0.05)
    found = place.alan.get("/v1/tenants/contoso/audit?text=enough")
    assert found.status == 200, found
    assert [record["request"] for record in found.json["items"]] == [request], found.json
    place.lockbox.check_log()


def test_a_row_that_is_fixed_refuses_even_the_superuser(place):
    with pytest.raises(Failed, match="rows are kept for ever"):
        place.postgres.sql("DELETE FROM access_grant", "lockbox")
    with pytest.raises(Failed, match="rows never change"):
        place.postgres.sql("UPDATE access_grant SET ends_at = ends_at + 1", "lockbox")


@pytest.mark.parametrize("statement", [
    "DELETE FROM log_entry", "UPDATE log_entry SET time = 0", "TRUNCATE log_entry CASCADE", "DELETE FROM access_grant",
    "ALTER TABLE log_entry DISABLE TRIGGER ALL", "DROP TABLE log_tile"])
def test_the_servers_own_user_cannot_touch_what_is_kept_for_ever(place, statement):
    with pytest.raises(Failed, match="permission denied|must be owner"):
        place.postgres.sql(statement, "lockbox", USER, place.passwords[USER])


def test_a_database_that_goes_away_comes_back_and_nothing_is_lost(place):
    request = place.approved()
    credential = place.credential(request)
    place.postgres.stop()
    refused = place.eve.submit("contoso", place.support, [mailbox(SUE)], duration="PT1H")
    assert refused.status == 503, refused
    place.postgres.start()
    wait_until(lambda: place.ready().status == 200, 30, "the server to be ready again", 0.1)
    wait_until(lambda: place.active(credential), 20, "the credential to be active", 0.1)
    place.lockbox.kill()
    place.lockbox.start()
    assert place.active(credential)
    place.lockbox.check_log()


@pytest.mark.parametrize("setting, words", [
    ("postgres://127.0.0.1/lockbox", "names not a user"),
    ("postgres://keeper@db.example/lockbox?sslmode=require", "sslmode must be verify-full"),
    ("postgres://keeper@127.0.0.1/lockbox?options=-cx", "options cannot be set in it"),
    ("mysql://keeper@127.0.0.1/lockbox", "must be sqlite:PATH or postgres://"),
])
def test_a_bad_connection_string_is_refused_by_name(install, setting, words):
    lockbox = install(database=setting)
    done = lockbox.run("check-log", check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "database" in done.stderr and words in done.stderr, done.stderr


def test_a_database_that_is_not_ours_is_refused_and_unchanged(place, install):
    place.postgres.sql(f"CREATE DATABASE shop OWNER {USER}")
    place.postgres.sql("CREATE TABLE invoice (id INT)", "shop")
    lockbox = install(
        database=place.url("shop"), databasePasswordFile=place.lockbox.settings["databasePasswordFile"])
    done = lockbox.run("check-log", check=False)
    assert done.returncode == 1 and "not one of Lockbox" in done.stderr, done.stderr
    tables = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    assert place.postgres.sql(tables, "shop") == ["invoice"]


def test_another_installation_does_not_take_the_database(place, install):
    assert place.alan.get("/v1/tenants/contoso/log/checkpoint").status == 200
    lockbox = install(
        database=place.url("lockbox"), databasePasswordFile=place.lockbox.settings["databasePasswordFile"])
    done = lockbox.run("check-log", check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "is not kept beside the key" in done.stderr, done.stderr


def test_a_superuser_is_refused(place, install):
    (place.lockbox.folder / "super").write_text(place.postgres.superuser + "\n")
    (place.lockbox.folder / "super").chmod(0o600)
    lockbox = install(
        database=place.url("lockbox", "postgres"), databasePasswordFile=str(place.lockbox.folder / "super"))
    done = lockbox.run("check-log", check=False)
    assert done.returncode == 1 and "is a superuser" in done.stderr, done.stderr
