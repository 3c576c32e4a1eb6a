"""The smallest server that answers like Lockbox's /oauth2/introspect. Proves the rig without `lockboxd`."""

import base64
import contextlib
import http.server
import json
import socket
import threading
import time
import urllib.parse

from .machine import LOOPBACK

CLIENT, SECRET = "dovecot", "introspection-secret"


class MockIntrospection:
    """`tokens` maps a token to the answer's body, or to "500", "slow" or "garbage"."""

    def __init__(self, port=0):
        self.tokens, self.calls, self._connections = {}, [], []
        mock = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                mock._connections.append(self.connection)

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                form = urllib.parse.parse_qs(body, keep_blank_values=True)
                mock.calls.append((self.path, dict(self.headers), form))
                expected = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
                if self.headers.get("Authorization") != expected:
                    return self.answer(401, b"{}")
                found = mock.tokens.get(form["token"][0], {"active": False})
                if found == "500":
                    return self.answer(500, b"{}")
                if found == "slow":
                    time.sleep(5)
                    return self.answer(200, b'{"active":true}')
                if found == "garbage":
                    return self.answer(200, b"<html>")
                self.answer(200, json.dumps(found).encode())

            def answer(self, status, body):
                with contextlib.suppress(OSError):
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer((LOOPBACK, port), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def port(self):
        return self._server.server_address[1]

    @property
    def url(self):
        return f"http://{CLIENT}:{SECRET}@{LOOPBACK}:{self.port}/oauth2/introspect"

    def grant(self, token, username, mailbox, access="read", **claims):
        self.tokens[token] = {
            "active": True, "username": username, "mailbox": mailbox, "access": access, "scope": "imap",
            "token_type": "Bearer", "sub": "eve", **claims}
        return token

    def end(self, token):
        self.tokens[token] = {"active": False}

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
