"""Processes, ports, waiting, and whom to run as."""

import grp
import os
import pathlib
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
LOOPBACK = "127.0.0.1"


# Below the range that outgoing connections take theirs from.
_ports = range(15_000, 32_000)
_given_ports = set()


def use_ports(number, count):
    """Of `count` processes that run at once each gives out ports of its own."""
    global _ports
    _ports = _ports[number::count]


def free_port():
    """A port that nobody listens on."""
    while True:
        port = random.choice(_ports)
        if port in _given_ports:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
        _given_ports.add(port)
        return port


def wait_until(condition, timeout=10.0, what="condition", every=0.02):
    """Polls until `condition()` is truthy, and returns what it returned."""
    deadline = time.monotonic() + timeout
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {timeout} s (last: {result!r})")
        time.sleep(every)


def listening(port):
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1):
            return True
    except OSError:
        return False


class MailUser:
    """The ordinary user whom Dovecot runs as: oneself, or `nobody` when the tests run as root."""

    def __init__(self):
        self.drops = os.geteuid() == 0
        entry = pwd.getpwnam("nobody") if self.drops else pwd.getpwuid(os.geteuid())
        self.uid, self.gid = entry.pw_uid, entry.pw_gid
        self.name, self.group = entry.pw_name, grp.getgrgid(entry.pw_gid).gr_name

    def command(self, *arguments):
        if not self.drops:
            return list(arguments)
        return ["setpriv", f"--reuid={self.name}", f"--regid={self.group}", "--clear-groups", *arguments]

    def own(self, folder):
        """Gives a whole tree to the user."""
        if self.drops:
            for path in [folder, *pathlib.Path(folder).rglob("*")]:
                os.chown(path, self.uid, self.gid, follow_symlinks=False)


class Scratch:
    """A temporary folder with a short path (Unix socket names end at 107 bytes) that `nobody` can pass through."""

    def __init__(self, name):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix=f"lbx-{name}-", dir="/tmp"))
        self.path.chmod(0o711)

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)


class Output:
    """Reads a process's output as it comes, so that its pipe never fills and a test can wait for a line."""

    def __init__(self, stream):
        self.chunks = []
        self._thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._thread.start()

    def _read(self, stream):
        for line in iter(stream.readline, b""):
            self.chunks.append(line)
        stream.close()

    @property
    def bytes(self):
        return b"".join(self.chunks)

    @property
    def text(self):
        return self.bytes.decode("utf-8", "replace")

    def finish(self, timeout=5):
        self._thread.join(timeout)


class Process:
    """A child process whose output is kept, and which is always ended by its own pid."""

    def __init__(self, command, env=None, cwd=None, keep_input=False):
        self.command = [str(part) for part in command]
        self._child = subprocess.Popen(
            self.command, stdin=subprocess.PIPE if keep_input else subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, cwd=cwd)
        self.out, self.err = Output(self._child.stdout), Output(self._child.stderr)

    @property
    def pid(self):
        return self._child.pid

    @property
    def returncode(self):
        return self._child.poll()

    def require_running(self):
        if self.returncode is not None:
            self.out.finish()
            self.err.finish()
            raise RuntimeError(
                f"{self.command[0]} ended with {self.returncode}\n{self.out.text[-2000:]}\n{self.err.text[-4000:]}")

    def wait(self, timeout):
        code = self._child.wait(timeout)
        self.out.finish()
        self.err.finish()
        return code

    def tell(self, line):
        """A line on its input."""
        self._child.stdin.write(line.encode() + b"\n")
        self._child.stdin.flush()

    def end_input(self):
        self._child.stdin.close()

    def stop(self, signal_number=signal.SIGTERM, timeout=10):
        """Asks, waits, and only then kills. Returns the exit code."""
        if self.returncode is None:
            self._child.send_signal(signal_number)
        try:
            return self.wait(timeout)
        except subprocess.TimeoutExpired:
            self._child.kill()
            return self.wait(timeout)

    def kill(self):
        """SIGKILL, as a power cut would."""
        if self.returncode is None:
            self._child.kill()
        return self.wait(10)
