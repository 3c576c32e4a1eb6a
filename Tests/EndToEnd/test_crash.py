"""kill -9 under load: what was acknowledged is there afterwards, and the logs agree with the tables."""

import collections
import contextlib
import http.client
import random
import threading
import time

from lockbox_rig.api import mailbox
from lockbox_rig.world import SUE

ROUNDS = 8
BROKEN = (OSError, http.client.HTTPException)


class Load:
    """People at work, each noting what the server acknowledged, until it stops answering."""

    def __init__(self, lockbox, support, round_number):
        self.lockbox, self.support, self.round = lockbox, support, round_number
        self.opened, self.unanswered = {}, []
        self.states = {}
        self.failures = []
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(work, number))
            for number, work in enumerate([self._support, self._support, self._requests, self._requests])]

    def start(self):
        for thread in self._threads:
            thread.start()

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(30)
            assert not thread.is_alive()
        if self.failures:
            raise self.failures[0]

    def _run(self, work, number):
        count = 0
        while not self._stop.is_set():
            count += 1
            try:
                work(f"round {self.round} worker {number} item {count}")
            except BROKEN:
                return
            except Exception as failure:
                self.failures.append(failure)
                return

    def _accepted(self, answer):
        if answer.status in (200, 201):
            return True
        assert answer.status in (429, 503), answer
        time.sleep(min(1, float(answer.headers.get("retry-after", 0.1))))
        return False

    def _support(self, label):
        key = label.replace(" ", "-")
        self.unanswered.append((key, label))
        answer = open_with_key(self.lockbox.api("sue"), key, label)
        self.unanswered.remove((key, label))
        if self._accepted(answer):
            self.opened[answer.json["number"]] = label

    def _requests(self, label):
        eve = self.lockbox.api("eve")
        answer = eve.submit("contoso", self.support, [mailbox(SUE)], reason=label)
        if not self._accepted(answer):
            return
        number = answer.json["id"]
        self.states[number] = {"awaitingManager", "awaitingCustomer", "withdrawn"}
        if self._accepted(self.lockbox.api("mark").decide(number, "approve")):
            self.states[number] = {"awaitingCustomer", "withdrawn"}
        if self._accepted(eve.post(f"/v1/requests/{number}/withdraw")):
            self.states[number] = {"withdrawn"}


def open_with_key(api, key, label):
    return api.post("/v1/support-requests", {
        "tenant": "contoso", "subject": label, "description": "Under load.", "service": "mail"}, key=key)


def test_nothing_acknowledged_is_lost(install):
    lockbox = install()
    lockbox.apply()
    for who in ("sue", "eve", "mark", "alan"):
        lockbox.api(who)
    lockbox.start()
    sue, eve = lockbox.api("sue"), lockbox.api("eve")
    support = sue.open_support_request("contoso").json["number"]
    dice = random.Random(20260401)
    opened, states = {}, {}
    for round_number in range(ROUNDS):
        load = Load(lockbox, support, round_number)
        load.start()
        time.sleep(dice.uniform(0.1, 0.8))
        lockbox.kill()
        load.stop()
        opened |= load.opened
        states |= load.states
        assert load.opened or load.states or round_number, "the first round acknowledged nothing"
        lockbox.check_log()
        lockbox.start()

        # Writes whose answers were lost, tried again with their keys: done once, whether or not they were done before.
        for key, label in load.unanswered:
            answer = open_with_key(sue, key, label)
            assert answer.status in (200, 201), answer
            opened[answer.json["number"]] = label

        there = {one["number"]: one["subject"] for one in eve.items("/v1/support-requests?tenant=contoso&limit=100")}
        lost = {number: label for number, label in opened.items() if there.get(number) != label}
        assert not lost, f"round {round_number}: {len(lost)} of {len(opened)} support requests are gone"
        subjects = collections.Counter(there.values())
        assert not [label for label in opened.values() if subjects[label] > 1], "done twice"

        found = {one["id"]: one["state"] for one in eve.items("/v1/requests?tenant=contoso&limit=100")}
        wrong = {number: found.get(number) for number, allowed in states.items() if found.get(number) not in allowed}
        assert not wrong, f"round {round_number}: {wrong}"

    assert len(opened) > ROUNDS and len(states) > 0, "there was no load"
    records = lockbox.api("alan").audit("contoso")
    logged = {record["request"] for record in records if record.get("request")}
    assert set(states) <= logged
    indexes = sorted(record["index"] for record in records)
    assert indexes == list(range(indexes[-1] + 1)), "the log has holes"
    assert lockbox.stop() == 0
    lockbox.check_log()


def test_stopping_answers_those_who_are_being_served(install):
    lockbox = install()
    lockbox.apply()
    lockbox.api("sue")
    lockbox.start()
    answers, stop = [], threading.Event()

    def work():
        sue = lockbox.api("sue")
        while not stop.is_set():
            with contextlib.suppress(ConnectionRefusedError, ConnectionResetError):
                answers.append(sue.open_support_request("contoso").status)
                continue
            return

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    began = time.monotonic()
    assert lockbox.stop() == 0
    assert time.monotonic() - began < 8
    stop.set()
    for thread in threads:
        thread.join(20)
    acknowledged = answers.count(201)
    lockbox.check_log()
    lockbox.start()
    assert len(lockbox.api("sue").items("/v1/support-requests?limit=100")) >= acknowledged
