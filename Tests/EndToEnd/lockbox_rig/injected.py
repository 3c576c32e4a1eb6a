"""System calls of a running server that fail, or take long, on some files and not on others."""

import contextlib
import shutil
import signal
import subprocess

from .machine import Process, Scratch, wait_until


def why_not():
    """Why nothing can be injected on this machine; None where it can."""
    if not shutil.which("strace"):
        return "strace is not installed"
    tried = subprocess.run(["strace", "-o", "/dev/null", "-e", "trace=none", "true"], capture_output=True, text=True)
    return f"strace may not trace here: {tried.stderr.strip()}" if tried.returncode else None


class Injected:
    """Until the end of the block `calls` of the process `pid` on the files `paths` have the fault `fault` of strace:
    `error=EIO`, or `delay_enter=` and microseconds."""

    def __init__(self, pid, calls, fault, paths):
        self._scratch = Scratch("strace")
        self._log = self._scratch.path / "calls"
        named = [part for path in paths for part in ("-P", path)]
        self._command = [
            "strace", "-f", "-o", self._log, "-e", f"trace={calls}", "-e", f"inject={calls}:{fault}", *named, "-p", pid]
        self.hits = 0

    def __enter__(self):
        self._process = Process(self._command)

        def attached():
            self._process.require_running()
            return b"attached" in self._process.err.bytes

        try:
            wait_until(attached, 20, "strace to be attached")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        # On this it lets go of the server, which goes on. Where the server was killed it has ended by itself.
        self._process.stop(signal.SIGINT)
        with contextlib.suppress(FileNotFoundError):
            lines = self._log.read_text(errors="replace").splitlines()
            self.hits = sum("INJECTED" in line or "DELAYED" in line for line in lines)
        self._scratch.remove()
