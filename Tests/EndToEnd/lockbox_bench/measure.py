"""Timing, summing up, and what must not disturb."""

import contextlib
import http.client
import os
import resource
import statistics
import tempfile
import time

# Seconds that a raw fdatasync may take at the median; with more, something else had the machine.
PROBE_LIMIT = 0.001


def times_of(action, repeats):
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        action()
        times.append(time.perf_counter() - began)
    return times


def spread(values, form):
    return f"{statistics.median(values):{form}} ({min(values):{form}}..{max(values):{form}})"


def percentile(values, percent):
    """The least of them that `percent` of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


class Probe:
    """A raw append of 500 bytes with fdatasync, on the disk of a folder."""

    NAME = "fdatasync of 500 bytes"

    def __init__(self, folder):
        self._file = tempfile.TemporaryFile(dir=folder)

    def __call__(self):
        self._file.write(b"x" * 500)
        self._file.flush()
        os.fdatasync(self._file.fileno())

    def median(self, repeats=100):
        return statistics.median(times_of(self, repeats))

    def is_quiet(self):
        """Whether a durable round beside it counts."""
        return self.median() <= PROBE_LIMIT

    def close(self):
        self._file.close()


class Caller:
    """One caller on one kept connection."""

    def __init__(self, port, headers):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        self.headers = headers

    def send(self, method, path, body, expected):
        try:
            self.connection.request(method, path, body, self.headers)
            answer = self.connection.getresponse()
        except http.client.RemoteDisconnected:
            # Its turn came after the server's patience with idle connections: nothing was asked yet.
            self.connection.close()
            self.connection.request(method, path, body, self.headers)
            answer = self.connection.getresponse()
        except TimeoutError:
            # The answer would be taken for that of the next question.
            self.connection.close()
            raise
        content = answer.read()
        assert answer.status == expected, content
        return content


def allow_many_files():
    """In this process and those that it starts."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


@contextlib.contextmanager
def core(number):
    """What is started inside runs on one core, if there are two: the servers on 0, what asks them on 1."""
    before = os.sched_getaffinity(0)
    if len(before) > 1:
        os.sched_setaffinity(0, {sorted(before)[number]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
