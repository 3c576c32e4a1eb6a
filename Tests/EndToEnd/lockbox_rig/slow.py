"""Many clients that are in no hurry, from one thread."""

import contextlib
import itertools
import resource
import selectors
import socket
import threading
import time

from .machine import LOOPBACK, wait_until

# What each begins with; then a byte follows now and then, without an end.
HEAD = b"GET /sign-in HTTP/1.1\r\nHost: x\r\nX-Slow: "
BODY = (b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: 60000\r\n\r\nemail=")
NOTHING = b""
# Asks for much, again and again, and reads none of it.
READER = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 200


class SlowClients:
    """Keeps `count` connections open to `port`, from `sources` in turn; who is cut connects anew."""

    def __init__(self, port, begin, count, sources=(LOOPBACK,), every=1.0, comes_back=True):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft < 4096:
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
        self.port, self.begin, self.count, self.every, self.comes_back = port, begin, count, every, comes_back
        self.sources = itertools.cycle(sources)
        self.opened = self.cut = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        try:
            wait_until(lambda: self.opened >= self.count, 30, "slow clients to connect")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _connect(self, selector):
        with contextlib.suppress(OSError):
            wire = socket.create_connection((LOOPBACK, self.port), 5, source_address=(next(self.sources), 0))
            wire.setblocking(False)
            self.opened += 1
            with contextlib.suppress(BlockingIOError):
                wire.send(self.begin)
            if self.begin is READER:
                wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            selector.register(wire, selectors.EVENT_READ)

    def _run(self):
        with selectors.DefaultSelector() as selector:
            last = time.monotonic()
            while not self._stop.is_set():
                for _ in range(self.count - len(selector.get_map())):
                    if self.comes_back or self.opened < self.count:
                        self._connect(selector)
                if self.begin is READER:
                    self._stop.wait(0.05)
                    continue
                for key, _ in selector.select(0.05):
                    self._drop_if_over(selector, key.fileobj)
                if time.monotonic() - last >= self.every and self.begin:
                    last = time.monotonic()
                    for key in list(selector.get_map().values()):
                        with contextlib.suppress(OSError):
                            key.fileobj.send(b"x")
            for key in list(selector.get_map().values()):
                key.fileobj.close()

    def _drop_if_over(self, selector, wire):
        try:
            over = not wire.recv(65_536)
        except BlockingIOError:
            over = False
        except OSError:
            over = True
        if over:
            self.cut += 1
            selector.unregister(wire)
            wire.close()
