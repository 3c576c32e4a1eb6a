"""An OpenID provider on loopback, written from OpenID Connect Core alone, that also says what no good one says."""

import base64
import hashlib
import http.client
import http.server
import json
import secrets
import threading
import time
import urllib.parse

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from .machine import LOOPBACK


class OpenIDProvider:
    """Lets in whoever `user` says, without asking. `claims` are changed by `change`, `answers` replaces whole answers
    by path, and `redirect` what is sent back to Lockbox."""

    def __init__(self, client_id="lockbox", client_secret="the client's secret"):
        self.client_id, self.client_secret = client_id, client_secret
        self.key = RSAKey.generate_key(2048, {"kid": "first", "use": "sig"})
        self.keys = [self.key]
        self.algorithm = "RS256"
        self.user = {}
        self.change = {}
        self.redirect = {}
        self.answers = {}
        self.delay = 0
        self.codes = {}
        self.asked = []
        self.authenticated_at = time.time
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                provider.answer(self, None)

            def do_POST(self):
                length = int(self.headers.get("Content-Length", "0"))
                form = dict(urllib.parse.parse_qsl(self.rfile.read(length).decode(), keep_blank_values=True))
                provider.answer(self, form)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self.server.daemon_threads = True
        self.issuer = f"http://{LOOPBACK}:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *what):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def rotate(self, algorithm="ES256"):
        self.algorithm = algorithm
        self.key = ECKey.generate_key("P-256", {"kid": f"{algorithm}-{len(self.codes)}", "use": "sig"})
        self.keys = [self.key]

    def lets_in(self, subject, email, **claims):
        self.user = {"sub": subject, "email": email, "email_verified": True, **claims}
        return self

    # What it answers

    def answer(self, handler, form):
        url = urllib.parse.urlsplit(handler.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        self.asked.append((url.path, form or query))
        if self.delay:
            time.sleep(self.delay)
        if url.path in self.answers:
            return send(handler, *self.answers[url.path])
        if url.path == "/.well-known/openid-configuration":
            return send(handler, 200, {
                "issuer": self.issuer, "authorization_endpoint": self.issuer + "/authorize",
                "token_endpoint": self.issuer + "/token", "jwks_uri": self.issuer + "/keys",
                "authorization_response_iss_parameter_supported": True,
                "end_session_endpoint": self.issuer + "/end", "backchannel_logout_supported": True,
                "response_types_supported": ["code"], "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": [self.algorithm]})
        if url.path == "/keys":
            return send(handler, 200, {"keys": [key.as_dict(private=False) for key in self.keys]})
        if url.path == "/authorize":
            return self.authorize(handler, query)
        if url.path == "/token" and form is not None:
            return self.token(handler, form)
        return send(handler, 404, {})

    def authorize(self, handler, query):
        if query.get("client_id") != self.client_id or query.get("code_challenge_method") != "S256":
            return send(handler, 400, {})
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        back = {"code": code, "state": query["state"], "iss": self.issuer, **self.redirect}
        fields = urllib.parse.urlencode({name: value for name, value in back.items() if value is not None})
        handler.send_response(302)
        handler.send_header("Location", f"{query['redirect_uri']}?{fields}")
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return None

    def token(self, handler, form):
        asked = self.codes.pop(form.get("code"), None)
        given = base64.b64decode(handler.headers.get("Authorization", "").removeprefix("Basic ")).decode()
        name, _, secret = given.partition(":")
        verifier = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if asked is None or form.get("redirect_uri") != asked["redirect_uri"] or (
                base64.urlsafe_b64encode(verifier).decode().rstrip("=") != asked["code_challenge"]) or (
                urllib.parse.unquote(name), urllib.parse.unquote(secret)) != (self.client_id, self.client_secret):
            return send(handler, 400, {"error": "invalid_grant"})
        now = int(time.time())
        claims = {
            "iss": self.issuer, "aud": self.client_id, "iat": now, "exp": now + 300, "nonce": asked.get("nonce"),
            "auth_time": int(self.authenticated_at()), **self.user, **self.change}
        return send(handler, 200, {
            "access_token": "unused", "token_type": "Bearer", "id_token": self.signed(claims)})

    def signed(self, claims):
        header = {"alg": self.algorithm, "kid": self.key.kid}
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(header, claims, self.key, algorithms=[self.algorithm])

    def logout_token(self, **changes):
        """As it tells Lockbox by itself that somebody signed out (OpenID Connect Back-Channel Logout 1.0 §2.4)."""
        now = int(time.time())
        event = "http://schemas.openid.net/event/backchannel-logout"
        return self.signed({
            "iss": self.issuer, "aud": self.client_id, "iat": now, "exp": now + 120, "jti": secrets.token_urlsafe(8),
            "events": {event: {}}, **changes})


def send(handler, status, content, kind="application/json"):
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    try:
        handler.wfile.write(body)
    except (BrokenPipeError, ConnectionResetError):
        pass  # who asked reads no more than it takes


def follow(visitor, page, provider):
    """From a page of Lockbox that leads to the provider, as a browser goes: there, and back with what it was given.
    Gives the page that Lockbox answers with."""
    place = page.location if page.status in (302, 303) else page.link_to(provider.issuer)
    there = urllib.parse.urlsplit(place)
    connection = http.client.HTTPConnection(there.hostname, there.port, timeout=20)
    try:
        connection.request("GET", f"{there.path}?{there.query}")
        answer = connection.getresponse()
        answer.read()
        back = urllib.parse.urlsplit(answer.getheader("Location"))
    finally:
        connection.close()
    return visitor.get(f"{back.path}?{back.query}")
