"""A wall clock that a test can move while the server runs."""

import contextlib
import functools
import mmap
import os
import pathlib
import struct
import subprocess
import tempfile
import threading
import time

SOURCE = pathlib.Path(__file__).with_name("clock_shim.c")


@functools.cache
def _library():
    """Compiled once a run, outside the source tree."""
    library = pathlib.Path(tempfile.mkdtemp(prefix="lbx-clock-", dir="/tmp")) / "clock_shim.so"
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o", library, SOURCE, "-ldl"], check=True)
    return library


def discard_library():
    if _library.cache_info().currsize:
        library = _library()
        library.unlink()
        library.parent.rmdir()


class ShiftedClock:
    """The clock of the processes started with `env`: real time plus `offset` seconds."""

    def __init__(self, folder, offset=0.0):
        self._path = folder / "clock-offset"
        self._path.write_bytes(bytes(16))
        with self._path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 16)
        self._set(offset, 0)

    @property
    def env(self):
        return {**os.environ, "LD_PRELOAD": str(_library()), "CLOCK_SHIM_FILE": str(self._path)}

    @property
    def offset(self):
        return self._shifts[0] / 1000

    @property
    def _shifts(self):
        """Of the wall clock, and of the time that the machine has run."""
        return struct.unpack("=qq", self._map[:])

    def _set(self, wall, passed):
        self._map[:] = struct.pack("=qq", round(wall * 1000), round(passed * 1000))

    def advance(self, **span):
        """Time passes: `advance(hours=12)`."""
        self._pass(self._seconds(span))

    def step(self, **span):
        """Somebody sets the clock: `step(minutes=-5)`."""
        wall, passed = self._shifts
        self._set(wall / 1000 + self._seconds(span), passed / 1000)

    def set_to(self, instant):
        """Time passes until the clock shows `instant` (seconds since 1970)."""
        self._pass(instant - self.now())

    @contextlib.contextmanager
    def running_fast(self, every=0.015):
        """Leaps by five seconds `every` so many: 300 times too fast, so that what is refilled does not run out."""
        stop = threading.Event()

        def run():
            while not stop.wait(every):
                self.advance(seconds=5)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def now(self):
        return time.time() + self.offset

    def _pass(self, seconds):
        assert seconds >= 0, "time does not go back; a clock can be set back by `step`"
        wall, passed = self._shifts
        self._set(wall / 1000 + seconds, passed / 1000 + seconds)

    @staticmethod
    def _seconds(span):
        seconds = span.pop("hours", 0) * 3600 + span.pop("minutes", 0) * 60 + span.pop("seconds", 0)
        assert not span, span
        return seconds
