"""A server with something of each kind, and many accesses to it that begin and end together."""

import sys
import time
import types

from lockbox_rig.api import mailbox, rfc3339, seconds
from lockbox_rig.dovecot import MailStore, SupportDovecot
from lockbox_rig.machine import LOOPBACK, REPOSITORY, Process, free_port, listening, wait_until
from lockbox_rig.place import Place
from lockbox_rig.postgres import Postgres
from lockbox_rig.world import SUE

from .hook import Hook

# Gateways: two whose streams are cut, and ten that hold what is kept beside them. One has 512 places.
GATEWAYS = 12
KEPT = range(2, GATEWAYS)
# One engineer may have so many open about one tenant, and ask so often a day; they take turns.
ENGINEERS = ("eve", "ed")


class Scene(Place):
    # Seconds that the approval of one access takes.
    pace = 0.5

    def __init__(self, base):
        self.gates = [free_port() for _ in range(GATEWAYS)]
        doveadm = free_port()
        self.hook, self.postgres, self.dovecot, self.application = Hook(), None, None, None
        try:
            self.application = Process(
                [sys.executable, "-B", "-m", "lockbox_bench.dribble"], cwd=REPOSITORY / "Tests" / "EndToEnd")
            self.origin = int(wait_until(lambda: self.application.out.text.strip(), 20, "the application"))
            self.postgres = Postgres(base / "postgres")
            # Its log would have every statement that a client asks for.
            self.postgres.sql("ALTER SYSTEM SET log_statement = none")
            self.postgres.sql("SELECT pg_reload_conf()")
            for name, secret in (("pg", self.postgres.password), ("hook", self.hook.secret)):
                (base / name).write_text(secret + "\n")
                (base / name).chmod(0o600)
            super().__init__(
                base, types.SimpleNamespace(url=f"http://{LOOPBACK}:{doveadm}/doveadm/v1", stop=lambda: None),
                lambda directory: self.describe(directory, base))
            self.support_dovecot(base, doveadm)
            wait_until(lambda: all(map(listening, self.gates)), 30, "gateways to listen")
        except BaseException:
            self.stop()
            raise

    def describe(self, directory, base):
        server = f"{LOOPBACK}:{self.postgres.port}"
        services = [
            {"id": "unix", "kind": "hook", "resources": "host",
             "hook": {"url": self.hook.url, "secretFile": str(base / "hook")}},
            {"id": "crm", "kind": "postgres", "resources": "database", "address": f"postgres://{server}/contoso",
             "postgres": {"url": f"postgres://lockbox@{server}/postgres", "passwordFile": str(base / "pg"),
                          "roles": {"read": "crm_read", "write": "crm_write"}}}]
        for number, port in enumerate(self.gates):
            services.append({"id": f"app-{number}", "kind": "http", "resources": "app", "gateway": {
                "listen": f"{LOOPBACK}:{port}", "upstream": f"http://{LOOPBACK}:{self.origin}"}})
        directory.content["services"] += services
        directory.tenant("contoso")["resources"] = [
            {"service": "unix", "id": "host:one"}, {"service": "crm", "id": "database:contoso"},
            *({"service": f"app-{number}", "id": "app:plans"} for number in range(GATEWAYS))]

    def support_dovecot(self, base, doveadm):
        mail = MailStore(base / "mail")
        mail.deliver(SUE, "Lunch on Friday?", "Sincerely\n")
        self.dovecot = SupportDovecot(
            base / "support", mail.root,
            f"http://dovecot:{self.secret}@{LOOPBACK}:{self.lockbox.port}/oauth2/introspect",
            key=(base / "doveadm").read_text().strip(), doveadm_port=doveadm)
        self.dovecot.start()

    def stop(self):
        for part in (self.dovecot, self.application, self.postgres, self.hook):
            if part:
                part.stop()
        if hasattr(self, "lockbox"):
            super().stop()

    def accesses(self, resources, duration, together=False):
        """One to each of `resources`, approved. `together` they begin at one instant, and end at one, `duration` seconds
        after all credentials should be there."""
        # As the last ones took, with as much again to spare.
        needed = 2 + 2 * self.pace * len(resources)
        began = time.time()
        start, length = (rfc3339(began + needed), duration + int(needed)) if together else (None, duration)
        made = [Access(self, resource, ENGINEERS[number % 2], length, start)
                for number, resource in enumerate(resources)]
        self.pace = (time.time() - began) / len(made)
        if start:
            time.sleep(max(0, seconds(start) - time.time()))
        for access in made:
            access.take_credential()
        assert not together or len({access.end for access in made}) == 1, "approving took longer than was planned"
        return made


class Access:
    """`end` is when its window ends, as the API tells it."""

    def __init__(self, scene, resource, engineer, duration, start):
        self.scene, self.engineer = scene, engineer
        more = {"notBefore": start} if start else {}
        asked = getattr(scene, engineer).submit(
            "contoso", scene.support, [resource], duration=f"PT{duration}S", **more)
        assert asked.status == 201, asked
        self.request = scene.decided(asked.json["id"])

    def take_credential(self):
        issued = self.scene.credential(self.request, self.engineer)
        self.user, self.token, self.end = issued["username"], issued["token"], seconds(issued["expiresAt"])

    def revoke(self):
        """Ended by an approver; from now on its end is when that was answered."""
        answer = self.scene.adam.post(f"/v1/requests/{self.request}/revoke")
        self.end = time.time()
        assert answer.status == 200, answer


def gateway(number):
    return {"service": f"app-{number}", "id": "app:plans", "actions": ["read"]}


MAILBOX = mailbox(SUE)
DATABASE = {"service": "crm", "id": "database:contoso", "actions": ["read"]}
HOST = {"service": "unix", "id": "host:one", "actions": ["read"]}
