"""A wall clock that a test can move while the server runs."""

import functools
import mmap
import os
import pathlib
import struct
import subprocess
import tempfile
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
        self._path.write_bytes(bytes(8))
        with self._path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 8)
        self.offset = offset

    @property
    def env(self):
        return {**os.environ, "LD_PRELOAD": str(_library()), "CLOCK_SHIM_FILE": str(self._path)}

    @property
    def offset(self):
        return struct.unpack("=q", self._map[:])[0] / 1000

    @offset.setter
    def offset(self, seconds):
        self._map[:] = struct.pack("=q", round(seconds * 1000))

    def advance(self, **span):
        """`advance(hours=12)`, `advance(minutes=-5)`."""
        self.offset += span.pop("hours", 0) * 3600 + span.pop("minutes", 0) * 60 + span.pop("seconds", 0)
        assert not span, span

    def set_to(self, instant):
        """Moves the clock so that it shows `instant` (seconds since 1970) now."""
        self.offset = instant - time.time()

    def now(self):
        return time.time() + self.offset
