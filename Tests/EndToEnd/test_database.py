"""Which databases the program takes, and what it says of the others."""

import gzip
import sqlite3

import pytest

from lockbox_rig.machine import REPOSITORY

STORED = REPOSITORY / "Tests" / "LockboxStoreSQLiteTests" / "Fixtures" / "schema-3.sqlite.gz"
COMMANDS = [["serve"], ["check-log"], ["token", "--person", "eve@example-cloud.test"]]


def change(lockbox, *statements):
    with sqlite3.connect(lockbox.database) as database:
        for statement in statements:
            database.execute(statement)
    database.close()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_newer_database_is_refused_by_name(install, command):
    lockbox = install()
    lockbox.apply()
    change(lockbox, "INSERT INTO schema_migration SELECT max(number) + 1, 'of tomorrow' FROM schema_migration")
    done = lockbox.run(*command, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "The database is newer than this program" in done.stderr
    assert "Start the version of Lockbox that last ran on it" in done.stderr
    assert "SchemaMismatch" not in done.stderr


def test_another_products_file_is_refused_and_keeps_its_tables(install):
    lockbox = install()
    change(lockbox, "CREATE TABLE invoice (id INTEGER)", "INSERT INTO invoice VALUES (7)")
    done = lockbox.apply(check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "not one of Lockbox" in done.stderr and "invoice" in done.stderr
    with sqlite3.connect(lockbox.database) as database:
        assert database.execute("SELECT name FROM sqlite_schema").fetchall() == [("invoice",)]
    database.close()


def test_what_is_no_database_is_refused(install):
    lockbox = install()
    lockbox.database.write_text("Dear Sir or Madam,\n" * 100)
    done = lockbox.apply(check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "not a database" in done.stderr
    assert lockbox.database.read_text().startswith("Dear Sir or Madam,")


def test_a_database_of_the_first_version_is_taken_on_and_checks_clean(install):
    lockbox = install()
    lockbox.database.write_bytes(gzip.decompress(STORED.read_bytes()))
    key = lockbox.folder / "data" / "signing.key"
    key.write_text("5a" * 32 + "\n")
    key.chmod(0o600)
    # Nobody has the key any more that signed it.
    refused = lockbox.run("check-log", check=False)
    assert refused.returncode == 1 and "not the key that signed" in refused.stderr, refused
    lockbox.run("recover", "--reason", "The key of the first version is lost.")
    assert lockbox.check_log().count("all as it should be") == 2
