"""A client of the HTTP API, small enough to see through."""

import base64
import datetime
import http.client
import json
import urllib.parse
import uuid

from . import secrets


def seconds(instant):
    """An RFC 3339 instant of the API as seconds since 1970. It must be UTC, written with a Z."""
    assert instant.endswith("Z"), instant
    return datetime.datetime.fromisoformat(instant.replace("Z", "+00:00")).timestamp()


def rfc3339(instant):
    moment = datetime.datetime.fromtimestamp(instant, datetime.timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """The refusal's name, of a well-formed problem document."""
        assert self.headers["content-type"].split(";")[0] == "application/problem+json", (self.status, self.body)
        problem = self.json
        assert problem["status"] == self.status, problem
        for member in ("type", "title", "detail", "code"):
            assert isinstance(problem[member], str) and problem[member], (member, problem)
        return problem["code"]

    @property
    def fields(self):
        """The fields that a problem document names."""
        return [error["field"] for error in self.json.get("errors") or []]

    def __repr__(self):
        return f"<{self.status} {self.body[:600].decode('utf-8', 'replace')}>"


class API:
    """Speaks as the holder of `token`; without one, as a stranger."""

    def __init__(self, port, token=None, timeout=20):
        self.port, self.token, self.timeout = port, token, timeout

    def send(self, method, path, body=None, headers=None):
        """One exchange on a connection of its own; nothing is added but the token."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout)
        try:
            headers = dict(headers or {})
            if self.token:
                headers.setdefault("Authorization", f"Bearer {self.token}")
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def get(self, path, **headers):
        return self.send("GET", path, headers=_names(headers))

    def post(self, path, body=None, *, key=None, **headers):
        """`key` is the Idempotency-Key: a new one unless given, none if False."""
        return self._write("POST", path, body, key, headers)

    def put(self, path, body, **headers):
        return self._write("PUT", path, body, False, headers)

    def _write(self, method, path, body, key, headers):
        headers = {"Content-Type": "application/json", **_names(headers)}
        if key is not False:
            headers["Idempotency-Key"] = f'"{key or uuid.uuid4()}"'
        return self.send(method, path, json.dumps({} if body is None else body), headers)

    # The workflow, a call a step. Each returns the whole answer, so that a test can look at a refusal too.

    def open_support_request(self, tenant, subject="Calendar is empty", description="Since this morning.", **more):
        return self.post("/v1/support-requests", {
            "tenant": tenant, "subject": subject, "description": description, "service": "mail", **more})

    def submit(self, tenant, support, resources, duration="PT1H", reason="The index of the mailbox is damaged.", **more):
        key = more.pop("key", None)
        return self.post("/v1/requests", {
            "tenant": tenant, "supportRequest": support, "reason": reason, "duration": duration,
            "resources": resources, **more}, key=key)

    def request(self, number):
        answer = self.get(f"/v1/requests/{number}")
        assert answer.status == 200, answer
        return answer.json

    def decide(self, number, decision, version=None, key=None, **more):
        """On the version as it is now, unless `version` says another (False: none at all)."""
        if version is None:
            version = self.request(number)["version"]
        headers = {} if version is False else {"If_Match": f'"v{version}"'}
        return self.post(f"/v1/requests/{number}/decisions", {"decision": decision, **more}, key=key, **headers)

    def credential(self, number, **which):
        answer = self.post(f"/v1/requests/{number}/credentials", which)
        if answer.status == 201:
            secrets.register(answer.json["token"], "credential")
        return answer

    def items(self, path):
        """All items of a listing, page after page."""
        found, cursor = [], None
        while True:
            joint = "&" if "?" in path else "?"
            answer = self.get(path + (f"{joint}cursor={urllib.parse.quote(cursor)}" if cursor else ""))
            assert answer.status == 200, answer
            found += answer.json["items"]
            cursor = answer.json.get("next")
            if not cursor:
                return found

    def audit(self, tenant, **query):
        return self.items(f"/v1/tenants/{tenant}/audit?" + urllib.parse.urlencode({"limit": 100, **query}))

    def operations(self, tenant, index):
        """What was done, of one record of the tenant's log."""
        answer = self.get(f"/v1/tenants/{tenant}/log/operations/{index}")
        assert answer.status == 200, answer
        return [json.loads(line) for line in answer.body.splitlines()]

    def notices(self, number):
        """The letters about a request, and how each fared."""
        return self.items(f"/v1/requests/{number}/notices")

    # OAuth, as a service speaks it.

    def form(self, path, client, secret, **fields):
        basic = base64.b64encode(f"{client}:{secret}".encode()).decode()
        return self.send("POST", path, urllib.parse.urlencode(fields), {
            "Content-Type": "application/x-www-form-urlencoded", "Authorization": f"Basic {basic}"})

    def introspect(self, client, secret, token):
        return self.form("/oauth2/introspect", client, secret, token=token)


def mailbox(address, *actions, service="mail"):
    """One element of `resources`."""
    return {"service": service, "id": f"mailbox:{address}", "actions": list(actions or ("read",))}


def _names(headers):
    return {name.replace("_", "-"): value for name, value in headers.items()}
