"""A directory that speaks SCIM: bodies as they are written, and the client of the conformance tests."""

import json
import urllib.parse

from scim2_client import BaseSyncSCIMClient

from . import secrets
from .api import API, Answer

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class Directory:
    """Speaks as the holder of a provisioning token of `organisation`."""

    def __init__(self, port, organisation, token):
        self.api, self.base = API(port, secrets.register(token, "provisioning token")), f"/scim/v2/{organisation}"

    def send(self, method, path, body=None):
        headers = {"Content-Type": "application/scim+json; charset=utf-8"} if body is not None else {}
        return self.api.send(method, self.base + path, None if body is None else json.dumps(body), headers)

    def find(self, user_name):
        query = urllib.parse.urlencode({"filter": f'userName eq "{user_name}"'})
        found = self.send("GET", f"/Users?{query}")
        assert found.status == 200, found
        return found.json["Resources"]

    def add(self, user_name, **more):
        return self.send("POST", "/Users", {"schemas": [USER], "userName": user_name, "active": True, **more})

    def patch(self, path, *operations):
        return self.send("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)})


class ConformanceClient(BaseSyncSCIMClient):
    """What scim2-tester asks with, over the standard library's HTTP."""

    class Response:
        def __init__(self, answer: Answer):
            self.status_code, self.headers = answer.status, answer.headers
            self.text = answer.body.decode()

    def __init__(self, directory, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.directory = directory

    def request(self, method, url, *, params=None, json=None, headers=None):
        path = url.removeprefix(f"http://127.0.0.1:{self.directory.api.port}").removeprefix(self.directory.base)
        if params:
            path += "?" + urllib.parse.urlencode(params)
        return self.Response(self.directory.send(method, path, json))
