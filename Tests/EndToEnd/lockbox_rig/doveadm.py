"""Where a mail server takes orders, without a mail server: it notes which login names were kicked, and when."""

import collections
import contextlib
import http.server
import json
import threading
import time

from .gate import Gate
from .machine import LOOPBACK


class Doveadm(http.server.ThreadingHTTPServer):
    """Nobody is ever connected. `kicks` counts the kicks of each login name, `first` says when the first came.

    `trouble`, where there is one, answers instead: it gets a request's handler and its commands.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self):
        self.kicks, self.first, self._lock = collections.Counter(), {}, threading.Lock()
        self.trouble = None
        super().__init__((LOOPBACK, 0), _Handler)
        self._thread = threading.Thread(target=self.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self):
        return f"http://{LOOPBACK}:{self.server_port}/doveadm/v1"

    def kicked(self, logins, now):
        with self._lock:
            self.kicks.update(logins)
            for login in logins:
                self.first.setdefault(login, now)

    def handle_error(self, *_):
        """A server that is killed leaves its requests."""

    def stop(self):
        self.shutdown()
        self.server_close()
        self._thread.join(10)


class GatedDoveadm(Doveadm):
    """One that can be shut: `gate` is the wire to it."""

    def __init__(self):
        super().__init__()
        self.gate = Gate(self.server_port).open()

    @property
    def url(self):
        return f"http://{LOOPBACK}:{self.gate.port}/doveadm/v1"

    def stop(self):
        self.gate.shut()
        super().stop()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        commands = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.trouble:
            with contextlib.suppress(OSError):
                return self.server.trouble(self, commands)
            self.close_connection = True
            return
        now, answers = time.time(), []
        for name, parameters, tag in commands:
            if name == "kick":
                self.server.kicked(parameters["mask"], now)
                answers.append(["error", {"type": "exitCode", "exitCode": 68}, tag])
            else:
                answers.append(["doveadmResponse", [], tag])
        self.answer(json.dumps(answers).encode())

    def answer(self, body, status=200, length=None):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass
