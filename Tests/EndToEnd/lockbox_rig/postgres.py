"""A PostgreSQL with two tenants' databases, set up by Examples/postgres, and PgBouncer before it."""

import os
import pathlib
import subprocess
import threading
import time

from . import secrets
from .dovecot import fill
from .machine import LOOPBACK, REPOSITORY, MailUser, Process, free_port, listening, wait_until

EXAMPLES = REPOSITORY / "Examples" / "postgres"
PROGRAMS = pathlib.Path("/usr/lib/postgresql/15/bin")
DATABASES = ("contoso", "fabrikam")


class Failed(Exception):
    """psql said no; its words."""


def environment(port, user, password):
    return {"PATH": os.environ["PATH"], "PGHOST": LOOPBACK, "PGPORT": str(port), "PGUSER": user, "PGPASSWORD": password,
            "PGCONNECT_TIMEOUT": "10"}


class Session:
    """A psql that stays, with a connection of its own."""

    def __init__(self, port, user, password, database, *arguments):
        self._child = subprocess.Popen(
            ["psql", "-XAtq", "-d", database, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env=environment(port, user, password), text=True, bufsize=1)
        self.lines = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._child.stdout:
            self.lines.append(line.rstrip("\n"))

    def begin(self, statement):
        """Sends it, and waits for nothing."""
        self._child.stdin.write(statement + "\n")
        self._child.stdin.flush()

    def run(self, statement):
        """The lines that it printed."""
        before = len(self.lines)
        self.begin(statement + "\n\\echo -- done")
        wait_until(lambda: "-- done" in self.lines[before:] or self._child.poll() is not None, 20, statement)
        return [line for line in self.lines[before:] if line != "-- done"]

    def close(self):
        self._child.kill()
        self._child.wait()
        self._reader.join(5)
        for stream in (self._child.stdin, self._child.stdout):
            try:
                stream.close()
            except OSError:
                pass


class Postgres:
    """With `collects` the server writes its log into files of its own, in all of its forms; with `audits` what is run in
    functions too, through pgaudit."""

    def __init__(self, base, collects=False, audits=False):
        self.base, self.user, self.port, self.collects = base, MailUser(), free_port(), collects
        self.superuser, self.password = secrets.new("superuser's password"), secrets.new("password of lockbox")
        self.process = None
        base.mkdir()
        (base / "password").write_text(self.superuser)
        self.user.own(base)
        subprocess.run(
            self.user.command(
                str(PROGRAMS / "initdb"), "-D", str(base / "data"), "-A", "scram-sha-256", "-U", "postgres",
                f"--pwfile={base / 'password'}", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"),
            check=True, capture_output=True, cwd="/")
        with (base / "data" / "postgresql.conf").open("a") as settings:
            settings.write(
                f"listen_addresses = '{LOOPBACK}'\nport = {self.port}\nunix_socket_directories = ''\nfsync = off\n"
                "max_prepared_transactions = 5\nwal_level = logical\nlog_statement = all\nlog_connections = on\n"
                "log_timezone = 'UTC'\n")
            if collects:
                settings.write(
                    "logging_collector = on\nlog_destination = 'stderr,csvlog,jsonlog'\nlog_rotation_size = 16kB\n")
            if audits:
                settings.write(
                    "shared_preload_libraries = 'pgaudit'\npgaudit.log = 'all'\npgaudit.log_level = 'log'\n"
                    "pgaudit.log_parameter = on\n")
        self.start()
        self.sql((EXAMPLES / "roles.sql").read_text() + "CREATE ROLE crm_owner;")
        self.give_password("lockbox", self.password)
        for name in DATABASES:
            self.sql(f"CREATE DATABASE {name} OWNER crm_owner")
            self.sql(
                "SET ROLE crm_owner; CREATE TABLE customers (id int PRIMARY KEY, name text); "
                f"INSERT INTO customers VALUES (1, 'Ada of {name}'), (2, 'Bob of {name}'); RESET ROLE;\n"
                + fill((EXAMPLES / "database.sql").read_text(), {"DATABASE": name, "OWNER": "crm_owner"}), name)

    def start(self):
        self.process = Process(self.user.command(str(PROGRAMS / "postgres"), "-D", str(self.base / "data")), cwd="/")
        wait_until(self._ready, 20, "PostgreSQL")

    def _ready(self):
        self.process.require_running()
        try:
            return self.sql("SELECT 1") == ["1"]
        except Failed:
            return False

    def stop(self):
        """Fast shutdown."""
        if self.process:
            self.process.stop(2)
            secrets.said("PostgreSQL's log", self.log)
            self.process = None

    @property
    def log_folder(self):
        return self.base / "data" / "log"

    @property
    def log(self):
        files = sorted(self.log_folder.glob("*.log")) if self.collects else []
        return self.process.err.text + "".join(file.read_text() for file in files)

    def sql(self, statements, database="postgres", user="postgres", password=None, port=None):
        """The lines that psql prints; as the superuser unless another is named."""
        done = subprocess.run(
            ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", database, "-f", "-"], input=statements, text=True,
            capture_output=True, env=environment(port or self.port, user, password or self.superuser), timeout=60)
        if done.returncode != 0:
            raise Failed(done.stderr)
        return done.stdout.splitlines()

    def give_password(self, role, password):
        """As `\\password` does, but for the log, which is searched for secrets."""
        self.sql(f"SET log_statement = none; ALTER ROLE {role} PASSWORD '{password}'")

    def oid(self, role):
        return self.sql(f"SELECT oid FROM pg_roles WHERE rolname = '{role}'")[0]

    def roles(self):
        return self.sql("SELECT rolname FROM pg_roles WHERE rolname LIKE 'lbx-%' ORDER BY 1")

    def sessions(self, oid):
        return int(self.sql(f"SELECT count(*) FROM pg_stat_activity WHERE usesysid = {oid}")[0])

    def wait_gone(self, oid, timeout):
        """The time at which no process of the role was there any more."""
        wait_until(lambda: self.sessions(oid) == 0, timeout, "the end of all sessions", 0.01)
        return time.time()


class PgBouncer:
    """In transaction mode."""

    def __init__(self, base, postgres):
        self.port, user = free_port(), postgres.user
        password = secrets.new("password of pgbouncer")
        postgres.sql("CREATE ROLE pgbouncer LOGIN")
        postgres.give_password("pgbouncer", password)
        for name in DATABASES:
            postgres.sql(fill((EXAMPLES / "pgbouncer.sql").read_text(), {"DATABASE": name}), name)
        base.mkdir()
        (base / "userlist.txt").write_text(f'"pgbouncer" "{password}"\n')
        (base / "pgbouncer.ini").write_text(fill((EXAMPLES / "pgbouncer.ini").read_text(), {
            "DATABASE_HOST": LOOPBACK, "DATABASE_PORT": postgres.port, "LISTEN": LOOPBACK, "PORT": self.port,
            "USERLIST": base / "userlist.txt"}))
        user.own(base)
        self.process = Process(user.command("/usr/sbin/pgbouncer", str(base / "pgbouncer.ini")), cwd="/")

        def up():
            self.process.require_running()
            return listening(self.port)

        wait_until(up, 15, "PgBouncer to listen")

    def stop(self):
        self.process.stop()
