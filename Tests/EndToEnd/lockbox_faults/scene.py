"""A server to do things to, and how to do several at once."""

import contextlib
import http.client
import pathlib
import re
import threading
import time

from lockbox_rig.machine import Scratch
from lockbox_rig.place import Place

# What a request ends with whose server is busy, or gone.
GONE = (OSError, http.client.HTTPException)
# From the end of an access to the order to cut it.
CUT = 1.0


@contextlib.contextmanager
def installation(name, **how):
    """A running server with its mail service; both are gone at the end."""
    scratch = Scratch(name)
    try:
        place = Place(scratch.path, **how)
        try:
            yield place
        finally:
            place.stop()
    finally:
        scratch.remove()


@contextlib.contextmanager
def beside(*works):
    """Does each of `works` in a thread of its own, again and again until the end of the block, of which each gets to
    know."""
    is_over = threading.Event()

    def repeat(work):
        while not is_over.is_set():
            work(is_over)

    threads = [threading.Thread(target=repeat, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        is_over.set()
        for thread in threads:
            thread.join()


def patiently(call):
    """Again when told to slow down; what was answered."""
    while (answer := call()).status in (429, 503):
        time.sleep(min(1, float(answer.headers.get("retry-after", 0.1))))
    assert answer.status in (200, 201), answer
    return answer.json


def sleep_until(instant):
    time.sleep(max(0, instant - time.time()))


def cut_in_time(*late):
    """Whether cuts came in time, and none before the end; the API tells instants in milliseconds."""
    return -0.001 <= min(late) and max(late) <= CUT


class Memory:
    """Of a process, in MB."""

    def __init__(self, pid):
        self._folder = pathlib.Path(f"/proc/{pid}")

    def _read(self, name):
        return int(re.search(rf"^{name}:\s+(\d+) kB$", (self._folder / "status").read_text(), re.M)[1]) / 1024

    @property
    def now(self):
        return self._read("VmRSS")

    @property
    def most(self):
        return self._read("VmHWM")

    def forget_most(self):
        """From now on."""
        (self._folder / "clear_refs").write_text("5")
