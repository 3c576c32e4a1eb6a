"""A server with a gateway and with a service that asks, on one core, and what both let through."""

import base64

from lockbox_rig import secrets
from lockbox_rig.machine import LOOPBACK, free_port, listening, wait_until
from lockbox_rig.place import Place

from .load import Nginx
from .measure import core

FOLDER, PLANS = "folder:plans", "app:plans"


class Asked(Place):
    """`origin` is the port of an application that says ok, on the other core."""

    def __init__(self, base):
        self.origin, self.gate, self.client_secret = free_port(), free_port(), secrets.new("introspection secret")
        (base / "files").write_text(self.client_secret + "\n")
        (base / "files").chmod(0o600)
        with core(1):
            self.application = Nginx(
                base / "application", f'server {{ listen {LOOPBACK}:{self.origin}; return 200 "ok"; }}', [self.origin])

        def adjust(directory):
            directory.content["services"] += [
                {"id": "files", "kind": "http", "resources": "folder",
                 "introspection": {"clientID": "files", "clientSecretFile": str(base / "files")}},
                {"id": "app", "kind": "http", "resources": "app", "gateway": {
                    "listen": f"{LOOPBACK}:{self.gate}", "upstream": f"http://{LOOPBACK}:{self.origin}"}}]
            directory.tenant("contoso")["resources"] = [
                {"service": "files", "id": FOLDER}, {"service": "app", "id": PLANS}]

        try:
            with core(0):
                super().__init__(base, adjust=adjust)
            wait_until(lambda: listening(self.gate), 30, "the gateway to listen")
        except BaseException:
            self.application.stop()
            raise

    def stop(self):
        super().stop()
        self.application.stop()

    @property
    def basic(self):
        return "Basic " + base64.b64encode(f"files:{self.client_secret}".encode()).decode()

    def access(self, service, resource):
        asked = self.eve.submit(
            "contoso", self.support, [{"service": service, "id": resource, "actions": ["read"]}], duration="PT4H")
        assert asked.status == 201, asked
        request = self.decided(asked.json["id"])
        return request, self.credential(request)["token"]
