"""A TCP relay that a test can shut: the wire between two servers."""

import contextlib
import socket
import threading

from .machine import LOOPBACK, free_port


class Gate:
    """Relays its own port to `target`. Shut, it refuses connections; silent, it takes them and says nothing."""

    def __init__(self, target):
        self.port, self._target = free_port(), target
        self._silent, self._listener, self._connections = False, None, set()
        self._lock = threading.Lock()

    def open(self):
        self._silent = False
        if self._listener is None:
            self._listener = socket.create_server((LOOPBACK, self.port))
            threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()
        return self

    def shut(self):
        """Refuses new connections and drops those there are."""
        if self._listener:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        self._drop()

    def hush(self):
        """Takes connections and requests, and never answers."""
        self.open()
        self._silent = True
        self._drop()

    def _drop(self):
        with self._lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener):
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._relay, args=(near,), daemon=True).start()

    def _relay(self, near):
        silent = self._silent
        with contextlib.suppress(OSError), near, socket.create_connection((LOOPBACK, self._target)) as far:
            with self._lock:
                self._connections |= {near, far}
            back = threading.Thread(target=self._copy, args=(far, near, silent), daemon=True)
            back.start()
            self._copy(near, far, silent)
            back.join()
        with self._lock:
            self._connections -= {near}
            self._connections = {one for one in self._connections if one.fileno() >= 0}

    @staticmethod
    def _copy(source, sink, silent):
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                if not silent:
                    sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
