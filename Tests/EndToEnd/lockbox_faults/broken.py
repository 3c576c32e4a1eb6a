"""A database that is held, a disk that is slow or fails, and an access that ends meanwhile."""

import contextlib
import itertools
import sqlite3
import time

from lockbox_rig.api import seconds
from lockbox_rig.injected import Injected, why_not
from lockbox_rig.machine import wait_until

from .scene import CUT, GONE, beside, cut_in_time, installation, sleep_until
from .sheet import CannotRun, case, counted, span

DISK = "The database and its disk, across the end of an access"
LONG = 30  # seconds
SLOW = 2.5  # seconds
FAILING = [
    *((call, error) for error in ("ENOSPC", "EIO")
      for call in ("pwrite64", "write", "fdatasync", "fsync", "ftruncate", "openat")),
    ("mmap", "ENOMEM")]


class Ending:
    """An access that is open, and ends after `left` seconds."""

    def __init__(self, place, left):
        self.place, self.request = place, place.approved(f"PT{left}S")
        self.credential = place.credential(self.request)
        assert place.introspect(self.credential).json["active"] is True
        self.end = seconds(place.grant(self.request)["end"])
        self.answers, self.recorded_at = [], None

    def cut(self):
        """How long after the end."""
        login = self.credential["username"]
        return wait_until(lambda: self.place.doveadm.first.get(login), 60, "the cut") - self.end

    def introspect(self, is_over):
        with contextlib.suppress(*GONE):
            asked = time.time()
            answer = self.place.introspect(self.credential)
            if asked > self.end:
                self.answers.append(answer.status == 200 and answer.json == {"active": False})
        is_over.wait(0.05)

    def look(self, is_over):
        """Whether the end is written down."""
        with contextlib.suppress(*GONE):
            grant = self.place.grant(self.request)
            if grant["state"] in ("removing", "ended") and grant["unrecordedEnd"] is None:
                self.recorded_at = self.recorded_at or time.time()
        is_over.wait(0.1)

    @property
    def is_inactive(self):
        """Whether every answer to a question after the end said so."""
        return bool(self.answers) and all(self.answers)

    def said(self):
        return f"{self.answers.count(True):,} of {len(self.answers):,} answers after the end say inactive"


def is_not_ready(place):
    with contextlib.suppress(*GONE):
        return place.ready().status == 503


def across_an_end(sheet, what, trouble):
    """`trouble` makes for a place what then lasts for `LONG`, from three seconds before the end of an access."""
    with installation("ends") as place:
        ending, not_ready = Ending(place, 8), None
        sleep_until(ending.end - 3)
        with beside(ending.introspect, ending.look):
            with trouble(place):
                begun = time.time()
                late = ending.cut()
                with contextlib.suppress(TimeoutError):
                    wait_until(lambda: is_not_ready(place), 20, "not being ready", 0.05)
                    not_ready = time.time() - ending.end
                sleep_until(begun + LONG)
                gone = time.time()
            wait_until(lambda: ending.recorded_at, 60, "the record", 0.05)
        grant = place.grant(ending.request)
    is_right = grant["endedAt"] == grant["end"] and grant["endedReason"] == "windowOver"
    sheet.add(f"{what}: the cut", span(late), f"≤ {span(CUT)}", cut_in_time(late))
    sheet.add(f"{what}: introspection", ending.said(), "all", ending.is_inactive)
    sheet.add(
        f"{what}: /readyz", f"503 {span(not_ready)} after the end" if not_ready else "200", "503",
        not_ready is not None)
    sheet.add(
        f"{what}: the record",
        f"{span(ending.recorded_at - ending.end)} after the end"
        + (f", {span(ending.recorded_at - gone)} after the trouble" if ending.recorded_at > gone else "")
        + f", with the {'right' if is_right else 'wrong'} instant", "the right instant", is_right)


def injected(place, calls, fault):
    """On the database's files and no others."""
    files = [f"{place.lockbox.database}{suffix}" for suffix in ("", "-wal", "-shm")]
    return Injected(place.lockbox.process.pid, calls, fault, files)


def require_strace():
    if why := why_not():
        raise CannotRun(why)


@case(DISK)
def locked(sheet):
    across_an_end(sheet, f"another process holds the database for {LONG} s", lambda place: place.locked())


@case(DISK)
def slow_disk(sheet):
    require_strace()
    across_an_end(
        sheet, f"each write waits {SLOW} s for the disk, for {LONG} s",
        lambda place: injected(place, "fdatasync,fsync", f"delay_enter={SLOW * 1e6:.0f}"))


class Work:
    """People who open support requests, and what was acknowledged to them."""

    def __init__(self, place):
        self.place, self.acknowledged, self.numbers = place, {}, itertools.count()
        # Enough of them that the write-ahead log starts over while the fault lasts: one has 200 requests a second.
        self.writers = itertools.cycle([place.sue, place.adam])

    def write(self, is_over):
        subject = f"Request {next(self.numbers)}"
        with contextlib.suppress(*GONE):
            answer = next(self.writers).open_support_request("contoso", subject, "x" * 8000)
            if answer.status == 201:
                self.acknowledged[answer.json["number"]] = subject
                return
        is_over.wait(0.05)

    def failing(self):
        """What cannot be done at this moment. For the first search of a log the server opens the files once more."""
        tried = {
            "writing": self.place.alan.open_support_request("contoso").status,
            "searching": self.place.adam.get("/v1/tenants/contoso/audit?text=qq").status}
        return [f"{what} fails ({status})" for what, status in tried.items() if status >= 500]

    def lost(self):
        """Of what was acknowledged."""
        there = {one["number"]: one["subject"] for one in self.place.eve.items(
            "/v1/support-requests?tenant=contoso&limit=200")}
        return [number for number, subject in self.acknowledged.items() if there.get(number) != subject]


@contextlib.contextmanager
def growing_log(place):
    """Another process looks at the database as it is now: the write-ahead log cannot start over, and more of its index
    is mapped as it grows."""
    with contextlib.closing(sqlite3.connect(place.lockbox.database, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        yield


def with_failing(sheet, call, error):
    with installation("disk") as place:
        lockbox, work, ending = place.lockbox, Work(place), Ending(place, 7)
        fault = injected(place, call, f"error={error}")
        with beside(ending.introspect, *[work.write] * 3):
            sleep_until(ending.end - 2)
            with growing_log(place) if call == "mmap" else contextlib.nullcontext(), fault:
                before = len(work.acknowledged)
                late = ending.cut()
                sleep_until(ending.end + 1.5)
                with contextlib.suppress(TimeoutError):
                    wait_until(lambda: is_not_ready(place), 3, "not being ready", 0.1)
                failing, is_told = work.failing(), is_not_ready(place)
                meanwhile = len(work.acknowledged) - before
                lockbox.kill()
        lockbox.start()
        with beside(ending.look):
            wait_until(lambda: ending.recorded_at, 20, "the record", 0.1)
        lost = work.lost()
        lockbox.stop()
        is_clean = lockbox.run("check-log", check=False).returncode == 0
    hits = f"{counted(fault.hits, 'call')} failed" if fault.hits else "no such call on these files"
    sheet.add(
        f"{call} fails with {error}",
        f"{hits}; cut {span(late)}; {ending.said()}; at last {' and '.join(failing) or 'all goes on'}, /readyz "
        f"{503 if is_told else 200}; of {counted(len(work.acknowledged), 'acknowledged change')} ({meanwhile:,} "
        f"meanwhile) {len(lost):,} lost after kill -9; check-log {'clean' if is_clean else 'finds differences'}",
        f"≤ {span(CUT)}; all; 503 where something fails; 0; clean",
        cut_in_time(late) and ending.is_inactive and (is_told or not failing) and not lost and is_clean)


@case(DISK)
def failing_disk(sheet):
    require_strace()
    for call, error in FAILING:
        with_failing(sheet, call, error)
