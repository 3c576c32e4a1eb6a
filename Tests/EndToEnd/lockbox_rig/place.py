"""One server, and the place where its mail service takes orders: access and its end need no more."""

import contextlib
import re
import resource
import sqlite3

from . import secrets
from .api import API, mailbox
from .directory import DirectoryFile, imap_service
from .doveadm import Doveadm
from .lockboxd import Lockboxd
from .machine import Scratch
from .world import SUE


class Place:
    """`adjust` changes the directory before it is written; `people` are those whom `place.eve` speaks to the API as."""

    def __init__(
            self, base, doveadm=None, adjust=None, people=("eve", "ed", "mark", "sue", "adam", "alan"), **settings):
        self.doveadm = doveadm or Doveadm()
        self.secret = secrets.new("introspection secret")
        for name, content in (("dovecot", self.secret), ("doveadm", secrets.new("doveadm key"))):
            (base / name).write_text(content + "\n")
            (base / name).chmod(0o600)
        directory = DirectoryFile([imap_service(
            base / "dovecot", self.doveadm.url, base / "doveadm")])
        if adjust:
            adjust(directory)
        self.lockbox = Lockboxd(base / "lockbox", directory, **settings)
        listener = settings.get("serviceListen")
        self.service_port = int(listener.rpartition(":")[2]) if listener else self.lockbox.port
        self.lockbox.apply()
        for name in people:
            setattr(self, name, self.lockbox.api(name))
        try:
            self.lockbox.start()
            self.support = self.sue.open_support_request("contoso").json["number"]
        except BaseException:
            self.stop()
            raise

    @classmethod
    @contextlib.contextmanager
    def running(cls, name, **settings):
        """One in a folder of its own, which is gone afterwards."""
        scratch = Scratch(name)
        try:
            there = cls(scratch.path, **settings)
            try:
                yield there
            finally:
                there.lockbox.remember_files()
                there.stop()
        finally:
            scratch.remove()

    def stop(self):
        if self.lockbox.process:
            self.lockbox.stop()
        self.doveadm.stop()

    def scheduled(self, start, duration, engineer="eve"):
        asked = getattr(self, engineer).submit(
            "contoso", self.support, [mailbox(SUE)], duration=duration, notBefore=start)
        assert asked.status == 201, asked
        return self.decided(asked.json["id"])

    def approved(self, duration="PT1H"):
        asked = self.eve.submit("contoso", self.support, [mailbox(SUE)], duration=duration)
        assert asked.status == 201, asked
        return self.decided(asked.json["id"])

    def decided(self, request):
        for who in (self.mark, self.adam):
            answer = who.decide(request, "approve")
            assert answer.status < 300, answer
        return request

    def credential(self, request, engineer="eve"):
        answer = getattr(self, engineer).credential(request)
        assert answer.status == 201, answer
        return answer.json

    def introspect(self, credential):
        return API(self.service_port).introspect("dovecot", self.secret, credential["token"])

    def ready(self):
        return self.lockbox.api().get("/readyz")

    def metric(self, name):
        return float(re.search(rf"^{name} (\S+)$", self.lockbox.api().get("/metrics").body.decode(), re.M)[1])

    def grant(self, request):
        return self.eve.request(request)["grant"]

    @contextlib.contextmanager
    def locked(self):
        """Another process holds the database's write lock."""
        other = sqlite3.connect(self.lockbox.database, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")
            other.close()

    @contextlib.contextmanager
    def full(self):
        """No file of the server may grow any more."""
        pid, limit = self.lockbox.process.pid, resource.RLIMIT_FSIZE
        resource.prlimit(pid, limit, (1, resource.RLIM_INFINITY))
        try:
            yield
        finally:
            resource.prlimit(pid, limit, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
