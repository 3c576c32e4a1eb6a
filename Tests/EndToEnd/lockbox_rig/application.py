"""A web application that keeps what it was asked, and misbehaves where it is asked to."""

import base64
import hashlib
import http.server
import ssl
import threading

from .machine import LOOPBACK

HUGE = 1 << 24
# What people see, and what it sets beside: one cookie of its own, and two that are not.
FORM = ('<!doctype html><html lang="en"><title>Plans</title><link rel="icon" href="data:,"><h1>Plans</h1>'
        '<form method="post" action="/notes"><label>Note <input name="note"></label><button>Save</button></form>')
SAVED = '<!doctype html><html lang="en"><title>Saved</title><link rel="icon" href="data:,"><h1>Saved</h1>'
COOKIES = ("theme=dark; Path=/", "__Host-lockbox-access=forged; Secure; Path=/", "LOCKBOX=forged; Path=/")


class Application:
    """`asked` is what came: method, target, fields and body. The path says how it answers."""

    def __init__(self, certificates=None):
        self.asked, self.ended, self.done = [], [], threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def answer(self):
                path = self.path.partition("?")[0]
                if self.headers.get("Upgrade") == "websocket":
                    outer.asked.append((self.command, self.path, self.headers.items(), b""))
                    return self.go_both_ways()
                outer.asked.append((self.command, self.path, self.headers.items(), self.body()))
                raw = RAW.get(path)
                if raw is not None:
                    self.wfile.write(raw)
                    self.close_connection = True
                elif path == "/hang":
                    outer.done.wait(60)
                elif path in ("/stream", "/events"):
                    self.flow(path)
                elif path == "/huge":
                    self.send_response(200)
                    self.send_header("Content-Length", str(HUGE))
                    self.end_headers()
                    for _ in range(HUGE >> 16):
                        self.wfile.write(b"x" * 65536)
                elif "text/html" in self.headers.get("Accept", ""):
                    self.page()
                else:
                    self.plain(outer.asked[-1][3])

            def body(self):
                if self.headers.get("Transfer-Encoding") != "chunked":
                    length = int(self.headers.get("Content-Length") or 0)
                    body = self.rfile.read(length)
                    if len(body) < length:
                        raise ConnectionError("the body is not whole")
                    return body
                parts = []
                while size := int(self.rfile.readline(), 16):
                    parts.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return b"".join(parts)

            def plain(self, body):
                content = hashlib.sha256(body).hexdigest().encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.send_header("X-Connection", str(self.client_address[1]))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)

            def page(self):
                content = (FORM if self.command == "GET" else SAVED).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(content)))
                for cookie in COOKIES:
                    self.send_header("Set-Cookie", cookie)
                self.end_headers()
                self.wfile.write(content)

            def flow(self, path):
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream" if path == "/events" else "text/plain")
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                try:
                    while not outer.done.wait(0.02):
                        self.wfile.write(b"8\r\ndata: 1\n\r\n")
                except OSError:
                    outer.ended.append(self.path)
                self.close_connection = True

            def go_both_ways(self):
                key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
                self.send_response(101)
                self.send_header("Upgrade", "websocket")
                self.send_header("Connection", "Upgrade")
                self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
                self.end_headers()
                try:
                    while head := self.rfile.read(2):
                        mask = self.rfile.read(4)
                        text = bytes(byte ^ mask[at % 4] for at, byte in enumerate(self.rfile.read(head[1] & 0x7f)))
                        self.wfile.write(bytes([head[0], len(text)]) + text)
                except OSError:
                    pass
                outer.ended.append(self.path)
                self.close_connection = True

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_PROPFIND = answer

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, request, client_address):
                pass

        self.server = Server((LOOPBACK, 0), Handler)
        if certificates:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificates.cert, certificates.key)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.origin = f"{'https' if certificates else 'http'}://{LOOPBACK}:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def taken(self):
        """What was asked since the last time."""
        asked, self.asked[:] = list(self.asked), []
        return asked

    def stop(self):
        self.done.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def _answer(*lines, body=b""):
    return "\r\n".join(["HTTP/1.1 200 OK", *lines, "", ""]).encode() + body


# Answers that no gateway should make an answer of, by path.
HOSTILE = {
    "/two-lengths": _answer("Content-Length: 5", "Content-Length: 6", body=b"plans!"),
    "/length-and-chunks": _answer("Content-Length: 5", "Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
    "/bare-line-feed": b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
    "/folded": _answer("X-A: b", " c", "Content-Length: 2", body=b"ok"),
    "/switches": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nsecret",
    "/never-comes": b"HTTP/1.1 100 Continue\r\n\r\n" * 50,
    "/no-http": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "/closes": b"",
    "/half-a-head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "/long-head": _answer(f"X-Long: {'x' * 70_000}", "Content-Length: 0"),
}
# Answers that begin well and cannot be whole.
BROKEN = {
    "/too-short": _answer("Content-Length: 100", body=b"only this"),
    "/chunk-too-short": _answer("Transfer-Encoding: chunked", body=b"64\r\nonly this"),
    "/chunk-extended": _answer("Transfer-Encoding: chunked", body=b"5\r\nplans\r\n5;a=b\r\nplans\r\n0\r\n\r\n"),
}
# One answer and more than one.
LONG = {"/too-long": _answer("Content-Length: 5", body=b"plansHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged")}
RAW = HOSTILE | BROKEN | LONG
