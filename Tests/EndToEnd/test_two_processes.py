"""Two servers on one database: each piece of due work is done once, and by the other when one is gone."""

import collections
import contextlib
import os
import signal
import sqlite3
import threading
import time

import pytest

from lockbox_rig import secrets
from lockbox_rig.api import mailbox
from lockbox_rig.directory import DirectoryFile, imap_service
from lockbox_rig.doveadm import Doveadm
from lockbox_rig.lockboxd import Lockboxd
from lockbox_rig.machine import Scratch, wait_until
from lockbox_rig.smtp import Certificates, SMTPReceiver
from lockbox_rig.world import SUE

# Each request asks two managers: 200 letters.
REQUESTS = 100
# Letters that one process has on their way at once; a process that dies may have sent these and not written so down.
ON_THEIR_WAY = 8


class Pair:
    """Two `lockboxd serve` on one database, a mail receiver and a mail server."""

    def __init__(self):
        self.scratch = Scratch("two")
        base = self.scratch.path
        self.smtp = SMTPReceiver(base / "smtp", Certificates(base / "certificates")).start()
        self.doveadm = Doveadm()
        for name in ("client", "doveadm"):
            (base / name).write_text(secrets.new(f"{name} secret") + "\n")
            (base / name).chmod(0o600)
        directory = DirectoryFile([imap_service(
            base / "client", self.doveadm.url, base / "doveadm")])
        self.first = Lockboxd(base / "first", directory, mail=self.smtp.url)
        self.second = Lockboxd(
            base / "second", directory, mail=self.smtp.url,
            database=self.first.settings["database"], dataDir=self.first.settings["dataDir"])
        self.second.tokens = self.first.tokens
        self.first.apply()
        for who in ("sue", "eve", "mark", "adam", "alan"):
            self.first.api(who)
        self.first.start()
        self.second.start()
        self.support = self.first.api("sue").open_support_request("contoso").json["number"]

    def stop(self):
        for lockbox in (self.first, self.second):
            if lockbox.process:
                os.kill(lockbox.process.pid, signal.SIGCONT)
            lockbox.stop()
            lockbox.remember_files()
        self.doveadm.stop()
        self.smtp.stop()
        self.scratch.remove()

    def ask(self, lockbox):
        """A new request, sent to this one of the two."""
        answer = patiently(lambda: lockbox.api("eve").submit("contoso", self.support, [mailbox(SUE)]))
        return answer.json["id"]

    def approve(self, number, lockbox):
        version = 1
        for who in ("mark", "adam"):
            answer = patiently(lambda: lockbox.api(who).decide(number, "approve", version=version))
            version = answer.json["version"]

    def waiting(self):
        """How many letters are due and not sent."""
        now = int(time.time() * 1000)
        with contextlib.closing(sqlite3.connect(f"file:{self.first.database}?mode=ro", uri=True)) as database:
            due = "SELECT count(*) FROM notice WHERE delivery = 'queued' AND next_attempt <= ?"
            return database.execute(due, (now,)).fetchone()[0]

    def all_sent(self):
        wait_until(lambda: self.waiting() == 0, 60, "all letters that are due to be sent", 0.1)

    def arrived(self):
        """How often each letter arrived, by its message identifier."""
        return collections.Counter(letter.header("Message-ID") for letter in self.smtp.letters())

    def activities(self, number, lockbox):
        return [entry["activity"] for entry in lockbox.api("alan").audit("contoso", request=number)]


def patiently(call):
    """Again when told to slow down."""
    while True:
        answer = call()
        if answer.status not in (429, 503):
            assert answer.status in (200, 201), answer
            return answer
        time.sleep(min(1, float(answer.headers.get("retry-after", 0.1))))


@pytest.fixture
def pair():
    pair = Pair()
    try:
        yield pair
    finally:
        pair.stop()


def test_each_letter_goes_out_once_and_each_removal_is_recorded_once(pair):
    both = [pair.first, pair.second]
    numbers = [pair.ask(both[count % 2]) for count in range(REQUESTS)]
    pair.all_sent()
    arrived = pair.arrived()
    assert len(arrived) >= 2 * REQUESTS
    assert [one for one, times in arrived.items() if times > 1] == []

    # Access that ends through one of them, and through the other.
    used = numbers[:20]
    names = []
    for count, number in enumerate(used):
        lockbox = both[count % 2]
        pair.approve(number, lockbox)
        names.append(patiently(lambda: lockbox.api("eve").credential(number)).json["username"])
    for count, number in enumerate(used):
        patiently(lambda: both[(count // 2) % 2].api("adam").post(f"/v1/requests/{number}/revoke"))
    for number in used:
        wait_until(lambda: "access.removed" in pair.activities(number, pair.first), 30, f"{number} to be removed", 0.2)
    pair.all_sent()
    pair.smtp.settle()
    for number in used:
        activities = pair.activities(number, pair.second)
        assert activities.count("access.removed") == 1, activities
        assert "access.removalFailed" not in activities
    assert all(pair.doveadm.kicks[name] > 0 for name in names)
    assert [one for one, times in pair.arrived().items() if times > 1] == []
    pair.first.check_log()


def test_when_one_is_killed_the_other_goes_on(pair):
    for count in range(20):
        pair.ask([pair.first, pair.second][count % 2])
    number = pair.ask(pair.first)
    pair.approve(number, pair.first)
    patiently(lambda: pair.first.api("eve").credential(number))
    patiently(lambda: pair.first.api("adam").post(f"/v1/requests/{number}/revoke"))
    pair.first.kill()
    later = [pair.ask(pair.second) for _ in range(10)]
    wait_until(lambda: "access.removed" in pair.activities(number, pair.second), 30, "the removal", 0.2)
    pair.all_sent()
    pair.smtp.settle()
    arrived = pair.arrived()
    assert all(
        any(one in letter.subject + letter.text for letter in pair.smtp.letters()) for one in later)
    again = [one for one, times in arrived.items() if times > 1]
    assert len(again) <= ON_THEIR_WAY, again
    assert pair.activities(number, pair.second).count("access.removed") == 1
    pair.second.check_log()


def test_a_process_that_was_stopped_for_a_while_does_nothing_twice(pair):
    # Whichever of the two has the lane, in turn both are stopped for longer than a lease lasts.
    for stopped, goes_on in [(pair.first, pair.second), (pair.second, pair.first)]:
        pair.ask(stopped)
        pair.all_sent()
        pair.smtp.settle()
        os.kill(stopped.process.pid, signal.SIGSTOP)
        for _ in range(5):
            pair.ask(goes_on)
        pair.all_sent()
        os.kill(stopped.process.pid, signal.SIGCONT)
        for _ in range(5):
            pair.ask(stopped)
        pair.all_sent()
    pair.smtp.settle()
    assert [one for one, times in pair.arrived().items() if times > 1] == []
    pair.first.check_log()
