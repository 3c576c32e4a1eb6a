"""glewlwyd, Debian's OpenID provider, set up over its own API as an organisation would set it up."""

import gzip
import http.client
import json
import pathlib
import shutil
import sqlite3
from contextlib import closing

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from . import secrets
from .machine import LOOPBACK, Process, free_port, listening, wait_until

PAGES = pathlib.Path("/usr/share/glewlwyd/webapp")
PAGES_SETTINGS = pathlib.Path("/etc/glewlwyd/config-2.7.json/config.json")
SCHEMA = pathlib.Path("/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3")
SAMPLE = pathlib.Path("/usr/share/doc/glewlwyd/glewlwyd.conf.sample.gz")
SETTINGS = """
port = {port}
bind_address = "127.0.0.1"
external_url = "http://127.0.0.1:{port}"
cookie_domain = "127.0.0.1"
cookie_secure = 0
static_files_path = "{base}/pages/"
log_mode = "console"
log_level = "INFO"
login_url = "login.html"
api_prefix = "api"
session_key = "GLEWLWYD2_SESSION_ID"
admin_scope = "g_admin"
profile_scope = "g_profile"
user_module_path = "/usr/lib/glewlwyd/user"
user_middleware_module_path = "{base}/none"
client_module_path = "/usr/lib/glewlwyd/client"
user_auth_scheme_module_path = "/usr/lib/glewlwyd/scheme"
plugin_module_path = "/usr/lib/glewlwyd/plugin"
hash_algorithm = "SHA512"
database = {{ type = "sqlite3" path = "{base}/database" }};
"""


class Glewlwyd:
    """Its settings, database and pages are in `base`, which it makes."""

    def __init__(self, base):
        self.port, self.process, self._cookie = free_port(), None, None
        self.issuer = f"http://{LOOPBACK}:{self.port}/api/oidc"
        self.client_id, self.client_secret = "lockbox", secrets.new("secret of glewlwyd's client")
        self.passwords = {}
        base.mkdir()
        self._lay_out(base)
        self.process = Process(["glewlwyd", f"--config-file={base / 'settings'}"], cwd=base)
        try:
            wait_until(self._is_up, 15, "glewlwyd to listen")
            self._set_up()
        except BaseException:
            self.stop()
            raise

    def stop(self):
        self.process.stop()
        secrets.said("what glewlwyd logs", self.process.out.bytes + self.process.err.bytes)

    def _lay_out(self, base):
        with closing(sqlite3.connect(base / "database")) as database:
            database.executescript(SCHEMA.read_text())
        (base / "none").mkdir()
        # Debian's package has a folder where the pages look for their settings, and links are not followed out of it.
        shutil.copytree(PAGES, base / "pages", ignore=shutil.ignore_patterns("config.json"))
        shutil.copy(PAGES_SETTINGS, base / "pages")
        _, types, rest = gzip.decompress(SAMPLE.read_bytes()).decode().partition("static_files_mime_types")
        (base / "settings").write_text(SETTINGS.format(port=self.port, base=base) + types + rest)

    def _is_up(self):
        self.process.require_running()
        return listening(self.port)

    def _ask(self, method, path, content=None):
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=20)
        try:
            connection.request(method, f"/api{path}", None if content is None else json.dumps(content), {
                "Content-Type": "application/json", **({"Cookie": self._cookie} if self._cookie else {})})
            answer = connection.getresponse()
            body = answer.read()
            if given := answer.getheader("Set-Cookie"):
                self._cookie = given.partition(";")[0]
            return answer.status, body
        finally:
            connection.close()

    def do(self, method, path, content=None):
        """A call of its API by its administrator."""
        status, body = self._ask(method, path, content)
        assert status == 200, f"glewlwyd, {method} {path}: {status} {body!r}"
        return json.loads(body) if body else None

    def _set_up(self):
        password = secrets.new("password of glewlwyd's administrator")
        self.do("POST", "/auth/", {"username": "admin", "password": "password"})
        self.do("PUT", "/profile/password", {"old_password": "password", "password": password})
        # Its people have no field that says whose address is verified.
        module = self.do("GET", "/mod/user/database")
        module["parameters"]["data-format"]["email_verified"] = {
            "multiple": False, "read": True, "write": True, "profile-read": True, "profile-write": False}
        self.do("PUT", "/mod/user/database", module)
        self.do("PUT", "/mod/user/database/reset")
        for name in ("email", "profile"):
            self.do("POST", "/scope", {
                "name": name, "display_name": name, "description": f"Her {name}", "password_required": True,
                "password_max_age": 0})
        self.do("POST", "/mod/plugin", {
            "module": "oidc", "name": "oidc", "display_name": "OpenID Connect", "order_rank": 0, "readonly": False,
            "parameters": self._plugin()})

    def _plugin(self):
        key = rsa.generate_private_key(65537, 2048)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        others = ("token", "none", "password", "client", "device", "refresh")
        return {
            "iss": self.issuer, "subject-type": "public", "jwt-type": "rsa", "jwt-key-size": "256",
            "key": private.decode(), "cert": public.decode(), "jwks-show": True,
            "access-token-duration": 300, "refresh-token-duration": 300, "code-duration": 60,
            "refresh-token-rolling": False, "allow-non-oidc": False,
            "auth-type-code-enabled": True, "auth-type-id-token-enabled": True,
            **{f"auth-type-{name}-enabled": False for name in others},
            "pkce-allowed": True, "pkce-required": True, "pkce-method-plain-allowed": False,
            "name-claim": "mandatory", "email-claim": "mandatory", "claims": [{
                "name": "email_verified", "user-property": "email_verified", "type": "boolean",
                "boolean-value-true": "yes", "boolean-value-false": "no", "mandatory": True}],
            "session-management-allowed": True, "session-cookie-name": "GLEWLWYD2_OIDC_SID",
            "session-cookie-expiration": 3600, "back-channel-logout-allowed": True}

    def add(self, email, verified=True):
        """Somebody who signs in with her address as her name, as Lockbox has it filled in, and a password."""
        self.passwords[email] = secrets.new("password at glewlwyd")
        self.do("POST", "/user", {
            "username": email, "name": email.partition("@")[0].title(), "email": email,
            "email_verified": "yes" if verified else "no", "password": self.passwords[email], "enabled": True,
            "scope": ["openid", "email", "profile"]})

    def admit(self, lockbox_url):
        """Lockbox becomes a client."""
        self.do("POST", "/client", {
            "client_id": self.client_id, "name": "Lockbox", "enabled": True, "confidential": True,
            "client_secret": self.client_secret, "token_endpoint_auth_method": ["client_secret_basic"],
            "redirect_uri": [f"{lockbox_url}/oidc/callback"], "authorization_type": ["code"], "scope": [],
            "backchannel_logout_uri": f"{lockbox_url}/oidc/logout", "backchannel_logout_session_required": "yes"})
