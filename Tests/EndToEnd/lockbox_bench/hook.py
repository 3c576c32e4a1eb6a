"""A hook that keeps what is open in memory, and notes when it was told to close it."""

import base64
import hashlib
import hmac
import http.server
import json
import os
import threading
import time

from lockbox_rig import secrets
from lockbox_rig.machine import LOOPBACK


class Hook:
    def __init__(self):
        key = os.urandom(32)
        self.secret = secrets.register("whsec_" + base64.b64encode(key).decode(), "secret of the hook")
        self.open, self.closed = set(), {}
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                now = time.time()
                body = self.rfile.read(int(self.headers["Content-Length"]))
                message = self.headers["webhook-id"]
                signed = f"{message}.{self.headers['webhook-timestamp']}.".encode() + body
                code = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
                if "v1," + code not in self.headers["webhook-signature"].split():
                    return self.send_error(401)
                asked = json.loads(body)
                answer = json.dumps({"id": message, "open": outer.act(asked["type"], asked["data"], now)}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self.server.daemon_threads = True
        self.server.socket.listen(256)
        self.url = f"http://{LOOPBACK}:{self.server.server_port}/"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def act(self, kind, data, now):
        if kind == "access.list":
            return sorted(self.open)
        if kind == "access.open":
            self.open.add(data["username"])
            return [data["username"]]
        for name in self.open & set(data["usernames"]):
            self.open.remove(name)
            self.closed[name] = now
        return []

    def stop(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
