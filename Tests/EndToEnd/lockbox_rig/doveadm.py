"""Where a mail server takes orders, without a mail server: it notes which login names were kicked, and when."""

import collections
import http.server
import json
import threading
import time

from .machine import LOOPBACK


class Doveadm(http.server.ThreadingHTTPServer):
    """Nobody is ever connected. `kicks` counts the kicks of each login name, `first` says when the first came."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self):
        self.kicks, self.first, self._lock = collections.Counter(), {}, threading.Lock()
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

    def stop(self):
        self.shutdown()
        self.server_close()
        self._thread.join(10)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        commands = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        now, answers = time.time(), []
        for name, parameters, tag in commands:
            if name == "kick":
                self.server.kicked(parameters["mask"], now)
                answers.append(["error", {"type": "exitCode", "exitCode": 68}, tag])
            else:
                answers.append(["doveadmResponse", [], tag])
        body = json.dumps(answers).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass
