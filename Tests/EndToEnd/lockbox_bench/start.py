"""A start with much open access, and the first decision after one at a tenant with a long log."""

import contextlib
import os
import statistics
import subprocess
import threading
import time

from lockbox_rig.api import mailbox
from lockbox_rig.directory import TENANTS, DirectoryFile, imap_service, tenant
from lockbox_rig.lockboxd import Lockboxd
from lockbox_rig.machine import Scratch

from .measure import spread
from .sheet import Sheet

FILL = os.environ.get("LOCKBOX_FILL")
# About one tenant 2,000 requests may be made in a day.
HOLDERS, GRANTS, RECORDS = 50, 2_000, 200_000
EVERYBODY = ("eve", "mark", "fay", "fred", "tess")
TICKET = {"tenant": "tailspin", "subject": "Calendar is empty", "description": "Since this morning."}


def holders(count):
    people = [("Sue Reyes", "member"), ("Adam Cole", "approver"), ("Gita Rao", "admin")]
    return [tenant(f"holder{n}", f"Holder {n}", people) for n in range(count)]


@contextlib.contextmanager
def installation(*more):
    scratch = Scratch("start")
    vault = scratch.path / "secrets"
    vault.mkdir(mode=0o700)
    for name in ("dovecot", "doveadm"):
        (vault / name).write_text("a-secret-of-the-benchmark\n")
        (vault / name).chmod(0o600)
    mail = imap_service(vault / "dovecot", "http://127.0.0.1:9/doveadm/v1", vault / "doveadm")
    directory = DirectoryFile([mail], [*TENANTS, *more])
    lockbox = Lockboxd(scratch.path / "lockbox", directory)
    lockbox.apply()
    for name in EVERYBODY:
        lockbox.token(directory.people[name])
    try:
        yield lockbox
    finally:
        lockbox.stop()
        scratch.remove()


def fill(lockbox, tenant, **counts):
    options = [part for name, count in counts.items() for part in ("--" + name.replace("_", "-"), str(count))]
    subprocess.run([FILL, "--database", lockbox.database, "--tenant", tenant, *options], check=True)


def started(lockbox):
    """Seconds until it is ready, and the memory that it has then."""
    began = time.perf_counter()
    lockbox.start(timeout=300)
    return time.perf_counter() - began, lockbox.memory


class Others:
    """Somebody of another tenant, who opens one support request after the other: how long the longest took."""

    def __init__(self, lockbox):
        self._api, self._ends, self.longest = lockbox.api("tess"), False, 0
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        while not self._ends:
            began = time.perf_counter()
            answer = self._api.post("/v1/support-requests", TICKET)
            assert answer.status == 201, answer
            self.longest = max(self.longest, time.perf_counter() - began)
            # One person may open 3,000 in a day.
            time.sleep(0.01)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ends = True
        self._thread.join()


def decided(lockbox, ticket):
    """Seconds of the first decision after a start and of the one after it, and the longest write of others."""
    eve, mark, fay = (lockbox.api(name) for name in ("eve", "mark", "fay"))
    asked = []
    for _ in range(2):
        request = eve.submit("fabrikam", ticket, [mailbox("fred@fabrikam.test")]).json["id"]
        assert mark.decide(request, "approve").status < 300
        asked.append(request)
    lockbox.stop()
    lockbox.start(timeout=300)
    times = []
    with Others(lockbox) as others:
        for request in asked:
            began = time.perf_counter()
            assert fay.decide(request, "approve").status < 300
            times.append(time.perf_counter() - began)
            time.sleep(0.2)
    # Nothing is open at the next start.
    for request in asked:
        assert fay.post(f"/v1/requests/{request}/revoke", {}).status < 300
    return *times, others.longest


def run(quick):
    count, each, records, rounds = (2, 500, 5_000, 1) if quick else (HOLDERS, GRANTS, RECORDS, 5)
    grants = count * each
    sheet = Sheet("Starting")
    with installation(*holders(count)) as lockbox:
        _, bare = started(lockbox)
        lockbox.stop()
        for holder in range(count):
            fill(lockbox, f"holder{holder}", live_grants=each)
        taken = []
        for _ in range(rounds):
            taken.append(started(lockbox))
            lockbox.stop()
        seconds, memory = zip(*taken)
        weight = (statistics.median(memory) - bare) / grants
        sheet.say(
            f"With {grants:,} live grants of {count} tenants, a credential each, and {7 * grants:,} records: ready "
            f"after {spread(seconds, '.2f')} s, with {weight:,.0f} bytes of memory for each grant.")
    with installation() as lockbox:
        lockbox.start()
        # Afterwards more were opened than anybody may open in a day.
        ticket = lockbox.api("fred").open_support_request("fabrikam").json["number"]
        lockbox.stop()
        fill(lockbox, "fabrikam", support_requests=records)
        lockbox.start()
        first, second, others = zip(*(decided(lockbox, ticket) for _ in range(rounds)))
        sheet.table(["a log of " + f"{records:,} records", "ms"], [
            [name, spread([1000 * one for one in times], ".0f")] for name, times in (
                ("the first decision after a start", first), ("the next one", second),
                ("the longest write of another tenant meanwhile", others))])
    return sheet
