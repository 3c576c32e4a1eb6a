"""Connections that mean harm, from a process of their own that yields to all others."""

import collections
import contextlib
import json
import os
import resource
import select
import socket
import subprocess
import sys
import threading
import time

from .machine import LOOPBACK, REPOSITORY, Process, wait_until

TURN = 0.05  # seconds
# Connections begun in one turn. More would only wait in the system's queue.
BEGUN_AT_ONCE = 250
ERRORS = select.EPOLLHUP | select.EPOLLERR
# A client that reads little keeps little.
SMALL = 4096
# Requests that one who reads nothing sends at once.
PIPELINED = 100


class Hostile:
    """`count` connections to `port`, from `sources` addresses in turn, until the end of the block. Who is cut connects
    anew after `pause` seconds. Each has one of the requests `asks`, in turn, and a manner:

    ask     asks, reads the answer, and asks again
    drip    sends its request, then a byte every `every` seconds
    stuff   sends its request for as long as it is taken, and reads nothing
    sip     asks, reads a little of the answer every `every` seconds, and asks again
    listen  asks once, and reads whatever comes
    """

    def __init__(self, port, manner, asks=(b"",), count=450, sources=450, every=1.0, pause=0.05):
        self.plan = {
            "port": port, "manner": manner, "asks": [ask.decode("latin-1") for ask in asks], "count": count,
            "sources": sources, "every": every, "pause": pause}

    def __enter__(self, patience=5):
        self._process = Process(
            [sys.executable, "-B", "-m", __name__, json.dumps(self.plan)], keep_input=True,
            cwd=REPOSITORY / "Tests" / "EndToEnd")
        try:
            # Where the server does not let so many in, the figures say so.
            with contextlib.suppress(TimeoutError):
                wait_until(lambda: self.figures.get("made", 0) >= self.plan["count"], patience, "the connections", 0.1)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """All connections end at once; may be said twice."""
        self._process.end_input()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise

    @property
    def figures(self):
        """What became of the connections: `tried` and `made` since the beginning, the `most` there were at once, the
        most that were being `answered`, how many the server `cut`, how many answers of each status were read, and how
        many `files` the process may open."""
        if self._process.returncode:
            self._process.require_running()
        lines = self._process.out.chunks
        return json.loads(lines[-1]) if lines else {}


class _Answer:
    """Just enough of HTTP to know where an answer ends."""

    def __init__(self):
        self._head, self._left, self._tail, self.status = b"", None, None, None

    def takes(self, data):
        """Whether the answer is whole with `data`."""
        if self.status is None:
            self._head += data
            head, end, data = self._head.partition(b"\r\n\r\n")
            if not end:
                return False
            self.status = head[9:12].decode("latin-1")
            length = head.lower().partition(b"content-length:")[2]
            if length:
                self._left = int(length.split(b"\r\n")[0])
            elif b"chunked" in head:
                self._tail = b""
            else:
                self._left = 0
        if self._tail is None:
            self._left -= len(data)
            return self._left <= 0
        self._tail = (self._tail + data)[-5:]
        return self._tail == b"0\r\n\r\n"


class _Connection:
    def __init__(self, load, number):
        self.load, self.ask = load, load.asks[number % len(load.asks)]
        number %= load.plan["sources"]
        # Not the address that everybody else comes from.
        self.source = f"127.1.{number // 250}.{1 + number % 250}"
        self.wire, self.not_before, self.is_answered = None, 0, False

    def begin(self):
        wire = socket.socket()
        wire.setblocking(False)
        if self.load.is_slow_reader:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        wire.setsockopt(socket.IPPROTO_IP, socket.IP_BIND_ADDRESS_NO_PORT, 1)
        wire.bind((self.source, 0))
        with contextlib.suppress(BlockingIOError):
            wire.connect((LOOPBACK, self.load.plan["port"]))
        self.wire, self.rest, self.answer = wire, self.ask, _Answer()
        self.is_made = self.is_asked = False
        self.load.register(self, select.EPOLLOUT)

    def happens(self, events):
        try:
            if events & ERRORS and not self.is_made:
                return self.end()
            if not self.is_made:
                self.is_made = True
                self.load.made()
            if events & select.EPOLLOUT:
                self.send()
            if events & (select.EPOLLIN | select.EPOLLRDHUP | ERRORS):
                self.read()
        except OSError:
            self.end()

    def send(self):
        while self.rest:
            try:
                self.rest = self.rest[self.wire.send(self.rest):]
            except BlockingIOError:
                return
            if not self.rest and self.load.manner == "stuff":
                self.rest = self.ask
                return
        if not self.is_asked:
            self.is_asked = True
            self.load.watch(self, 0 if self.load.is_slow_reader else select.EPOLLIN)

    def read(self):
        if self.load.is_slow_reader:
            # It hears only of the end.
            return self.end()
        if not (data := self.wire.recv(65_536)):
            return self.end()
        self.take(data)

    def take(self, data):
        if self.load.manner == "listen":
            if self.answer.status is None:
                self.answer.takes(data)
                self.load.count(self.answer.status)
                self.is_answered = self.answer.status == "200"
                self.load.answered += self.is_answered
        elif self.answer.takes(data):
            self.load.count(self.answer.status)
            self.answer, self.rest = _Answer(), self.ask
            if self.load.manner != "drip":
                self.send()

    def tick(self):
        """Once every `every` seconds."""
        if self.wire is None or not self.is_made:
            return
        try:
            if self.load.manner == "drip" and self.ask:
                self.wire.send(b"x")
            elif self.load.manner == "sip":
                if not (data := self.wire.recv(SMALL)):
                    return self.end()
                self.take(data)
        except BlockingIOError:
            pass
        except OSError:
            self.end()

    def end(self):
        if self.is_made:
            self.load.ended()
        self.load.answered -= self.is_answered
        self.is_answered = False
        self.wire.close()
        self.wire, self.not_before = None, time.monotonic() + self.load.plan["pause"]
        self.load.waiting.append(self)


class _Load:
    def __init__(self, plan):
        self.plan, self.manner = plan, plan["manner"]
        self.asks = [ask.encode("latin-1") * (PIPELINED if self.manner == "stuff" else 1) for ask in plan["asks"]]
        self.is_slow_reader = self.manner in ("stuff", "sip")
        self.tried = self.connected = self.open = self.most = self.cut = self.answered = self.most_answered = 0
        self.statuses = collections.Counter()
        _, self.files = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (self.files, self.files))
        self._epoll, self._by_file = select.epoll(), {}
        self.connections = [_Connection(self, number) for number in range(plan["count"])]
        self.waiting = collections.deque(self.connections)

    def register(self, connection, events):
        self.tried += 1
        self._by_file[connection.wire.fileno()] = connection
        self._epoll.register(connection.wire, events | select.EPOLLRDHUP)

    def watch(self, connection, events):
        self._epoll.modify(connection.wire, events | select.EPOLLRDHUP)

    def made(self):
        self.connected += 1
        self.open += 1
        self.most = max(self.most, self.open)

    def ended(self):
        self.open -= 1
        self.cut += 1

    def count(self, status):
        self.statuses[status or "none"] += 1

    def run(self, is_over):
        last_tick = last_line = time.monotonic()
        while not is_over.is_set():
            now = time.monotonic()
            for _ in range(min(len(self.waiting), BEGUN_AT_ONCE)):
                connection = self.waiting.popleft()
                if connection.not_before > now:
                    self.waiting.append(connection)
                    continue
                try:
                    connection.begin()
                except OSError as problem:
                    self.count(problem.strerror)
                    self.waiting.append(connection)
                    break
            turn_ends = now + TURN
            while (left := turn_ends - time.monotonic()) > 0:
                for file, events in self._epoll.poll(left):
                    self._by_file[file].happens(events)
            self.most_answered = max(self.most_answered, self.answered)
            if now - last_tick >= self.plan["every"]:
                last_tick = now
                for connection in self.connections:
                    connection.tick()
            if now - last_line >= 0.5:
                last_line = now
                self.tell()
        self.tell()

    def tell(self):
        print(json.dumps({
            "tried": self.tried, "made": self.connected, "open": self.open, "most": self.most, "cut": self.cut,
            "answered": self.most_answered, "statuses": self.statuses, "files": self.files}), flush=True)


def _main():
    os.nice(10)
    is_over = threading.Event()

    def watch_input():
        while os.read(0, 4096):
            pass
        is_over.set()

    threading.Thread(target=watch_input, daemon=True).start()
    _Load(json.loads(sys.argv[1])).run(is_over)


if __name__ == "__main__":
    _main()
