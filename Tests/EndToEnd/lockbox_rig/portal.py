"""A client of the portal below any browser: it keeps cookies, sends exactly what it is told, and follows nothing."""

import contextlib
import html
import http.client
import json
import queue
import re
import socket
import threading
import time
import urllib.parse

from .machine import LOOPBACK


class Page:
    """An answer of the portal."""

    def __init__(self, status, headers, body):
        self.status, self.all_headers, self.body = status, headers, body
        self.headers = {name.lower(): value for name, value in headers}

    @property
    def text(self):
        return self.body.decode()

    def json_body(self):
        return json.loads(self.body)

    @property
    def location(self):
        return self.headers.get("location")

    @property
    def cookies(self):
        """Every Set-Cookie as it was sent."""
        return [value for name, value in self.all_headers if name.lower() == "set-cookie"]

    @property
    def substance(self):
        """The page without what differs each time that it is made."""
        return re.sub(r'(data-now|name="(?:csrf|key)" value)="[^"]*"', r'\1=""', self.text)

    @property
    def words(self):
        """What people read, roughly."""
        return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", self.text))).strip()

    @property
    def csrf(self):
        return re.search(r'name="csrf" value="([^"]*)"', self.text)[1]

    def form(self, action):
        """The hidden fields of the form that goes to `action`, as the browser would send them."""
        form = re.search(rf'<form method="post" action="{re.escape(action)}".*?</form>', self.text, re.S)[0]
        hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form)
        kept = re.findall(r'name="keep" value="([^"]*)"', form)
        return [pair for pair in hidden if pair[0] != "keep"] + [("keep", value) for value in kept]

    def link_to(self, address):
        """The page's link to a place that begins with `address`."""
        links = [html.unescape(link) for link in re.findall(r'href="([^"]*)"', self.text)]
        return next(link for link in links if link.startswith(address))

    def __repr__(self):
        return f"<{self.status} {self.location or self.words[:300]}>"


class Visitor:
    """Speaks HTTP to the portal at `port`, whose pages have the origin `origin`."""

    def __init__(self, port, origin=None):
        self.port, self.origin = port, origin or f"http://{LOOPBACK}:{port}"
        self.cookies = {}

    def connect(self):
        return http.client.HTTPConnection(LOOPBACK, self.port, timeout=20)

    def send(self, method, path, body=None, headers=None):
        connection = self.connect()
        try:
            headers = dict(headers or {})
            if self.cookies:
                headers.setdefault("Cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            page = Page(answer.status, answer.getheaders(), answer.read())
        finally:
            connection.close()
        for cookie in page.cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
            if not value:
                del self.cookies[name]
        return page

    def get(self, path, **headers):
        return self.send("GET", path, headers=_names(headers))

    def post(self, path, fields, origin=None, **headers):
        """A form as our own page sends it; `origin` is another one, or False for none."""
        headers = {"Content-Type": "application/x-www-form-urlencoded", **_names(headers)}
        if origin is not False:
            headers["Origin"] = origin or self.origin
        return self.send("POST", path, urllib.parse.urlencode(fields), headers)

    def sign_in(self, email, password, next="/"):
        page = self.post("/sign-in", {"email": email, "password": password, "next": next})
        assert page.status == 303, page
        return self

    @property
    def is_signed_in(self):
        return self.get("/").location != "/sign-in"

    @property
    def csrf(self):
        """What the forms of this session carry: each page has the one that signs out."""
        return self.get("/no-such-page").csrf

    def copy(self):
        """Another with the same cookies, as a thief has them."""
        other = Visitor(self.port, self.origin)
        other.cookies = dict(self.cookies)
        return other

    def live(self, headers=None):
        return LiveStream(self, headers)


class LiveStream:
    """An open page's stream of changes, read as it comes."""

    def __init__(self, visitor, headers=None):
        self._connection = visitor.connect()
        cookie = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
        self._connection.request("GET", "/live", headers={"Cookie": cookie, **(headers or {})})
        self.socket = self._connection.sock
        self._answer = self._connection.getresponse()
        self.status = self._answer.status
        self.headers = {name.lower(): value for name, value in self._answer.getheaders()}
        self.socket.settimeout(None)
        self._parts = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        if self.status == 200:
            self._thread.start()

    def _listen(self):
        with contextlib.suppress(OSError, ValueError, http.client.HTTPException):
            while line := self._answer.readline():
                if line == b"event: changed\n":
                    self._parts.put((time.monotonic(), "changed"))
                elif line == b":\n":
                    self._parts.put((time.monotonic(), "beat"))
        self._parts.put((time.monotonic(), "end"))

    def read(self, seconds):
        """The parts that come within `seconds`, each with when it came: `changed`, `beat`, or `end`."""
        parts, deadline = [], time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            with contextlib.suppress(queue.Empty):
                parts.append(self._parts.get(timeout=left))
            if parts and parts[-1][1] == "end":
                break
        return parts

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        if self._thread.is_alive():
            self._thread.join(5)
        self._connection.close()


def _names(headers):
    return {name.replace("_", "-"): value for name, value in headers.items()}
