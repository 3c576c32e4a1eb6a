"""A mail relay without encryption that goes wrong at one point of the conversation, in one way, until it is well."""

import collections
import contextlib
import email
import socket
import threading

from .machine import LOOPBACK, free_port

POINTS = ("greeting", "EHLO", "MAIL", "RCPT", "DATA", "letter", "dot")


# Ways to go wrong. Each gets the connection and a function that says whether the relay has ended, and gives whether the
# conversation goes on.

def answers(line):
    """Another answer than yes."""
    def wrong(wire, _):
        wire.sendall(line.encode() + b"\r\n")
        return True

    wrong.is_answer = True
    return wrong


def is_answer(way):
    return getattr(way, "is_answer", False)


def closes(wire, _):
    return False


def hangs(wire, is_over):
    wire.settimeout(0.1)
    while not is_over():
        with contextlib.suppress(TimeoutError):
            if not wire.recv(65_536):
                break
    return False


def never_ends(part):
    """An answer that does not end: `part` again and again."""
    def wrong(wire, is_over):
        wire.settimeout(0.1)
        while not is_over():
            with contextlib.suppress(TimeoutError):
                wire.sendall(part)
        return False

    return wrong


class Relay:
    """`arrived` counts the letters it has, by message identifier. The points where it goes wrong are the greeting, the
    answer to a command, the letter after its first line, and the answer after its last."""

    def __init__(self):
        self.port, self.arrived, self.connections = free_port(), collections.Counter(), 0
        self._wrong_at, self._wrong, self._is_over, self._listener = None, None, False, None
        self.listen()

    @property
    def url(self):
        return f"smtp://{LOOPBACK}:{self.port}?starttls=never"

    def listen(self):
        self._listener = socket.create_server((LOOPBACK, self.port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def refuse(self):
        """Takes no connection any more."""
        if self._listener:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None

    def goes_wrong(self, at, how):
        assert at in POINTS, at
        self._wrong_at, self._wrong = at, how

    def is_well(self):
        self._wrong_at = self._wrong = None
        if self._listener is None:
            self.listen()

    def stop(self):
        self._is_over = True
        self.refuse()

    def _accept(self, listener):
        while True:
            try:
                wire, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(wire,), daemon=True).start()

    def _serve(self, wire):
        with contextlib.suppress(OSError), wire:
            self._talk(wire, wire.makefile("rb"))

    def _says(self, wire, point, well):
        if point == self._wrong_at:
            return self._wrong(wire, lambda: self._is_over)
        wire.sendall(well.encode() + b"\r\n")
        return True

    def _talk(self, wire, lines):
        goes_on = self._says(wire, "greeting", "220 relay.test")
        while goes_on and (line := lines.readline()):
            command = line[:4].decode("latin-1").upper().replace("HELO", "EHLO")
            if command == "QUIT":
                return wire.sendall(b"221 relay.test\r\n")
            if command == "DATA" and self._wrong_at != "DATA":
                wire.sendall(b"354 go on\r\n")
                goes_on = self._take_letter(wire, lines)
            else:
                goes_on = self._says(wire, command, "250 relay.test")

    def _take_letter(self, wire, lines):
        content = lines.readline()
        if self._wrong_at == "letter":
            return self._wrong(wire, lambda: self._is_over)
        while content and not content.endswith(b"\r\n.\r\n"):
            if not (line := lines.readline()):
                return False
            content += line
        # Who says no after the last line has not taken it; who says nothing, or nothing that can be understood, has.
        if self._wrong_at != "dot" or not is_answer(self._wrong):
            self.arrived[email.message_from_bytes(content)["Message-ID"]] += 1
        return self._says(wire, "dot", "250 2.0.0 kept")
