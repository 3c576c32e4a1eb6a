"""Everything at once: Lockbox, a mail server, two Dovecots on real Maildirs, and people with tokens."""

import concurrent.futures

from . import secrets
from .api import mailbox
from .clock import ShiftedClock
from .directory import DirectoryFile, imap_service
from .dovecot import MailStore, OwnerDovecot, SupportDovecot, imap_login, password_login
from .gate import Gate
from .lockboxd import Lockboxd
from .machine import Scratch, free_port
from .smtp import Certificates, SMTPReceiver

SUE, SAM, FRED, TESS, NORA = (
    "sue@contoso.test", "sam@contoso.test", "fred@fabrikam.test", "tess@tailspin.test", "nora@northwind.test")
SUES_SUBJECTS = ["Invoice for March", "Lunch on Friday?", "Your parcel is on its way"]


class World:
    """One running provider with its tenants. Tests share it, so each makes requests of its own."""

    def __init__(self, clock_shifts=False):
        self.scratch = Scratch("world")
        self.clock = ShiftedClock(self.scratch.path) if clock_shifts else None
        try:
            self._build()
        except BaseException:
            self.stop()
            raise

    def _build(self):
        base = self.scratch.path
        self.mail = MailStore(base / "mail")
        for subject in SUES_SUBJECTS:
            self.mail.deliver(SUE, subject, f"{subject}\n\nSincerely\n")
        for address in (SAM, FRED, TESS, NORA):
            self.mail.deliver(address, f"Private letter to {address}", "Nobody else's business.\n")

        self.smtp = SMTPReceiver(base / "smtp", Certificates(base / "certificates")).start()

        self.client_secret, self.other_secret = secrets.new("introspection secret"), secrets.new("introspection secret")
        doveadm_key = secrets.new("doveadm key")
        vault = base / "secrets"
        vault.mkdir(mode=0o700)
        for name, content in [("dovecot", self.client_secret), ("doveadm", doveadm_key), ("files", self.other_secret)]:
            (vault / name).write_text(content + "\n")
            (vault / name).chmod(0o600)

        lockbox_port = free_port()
        self.support = SupportDovecot(
            base / "support", self.mail.root,
            f"http://dovecot:{self.client_secret}@127.0.0.1:{lockbox_port}/oauth2/introspect", key=doveadm_key)
        self.sues_password = secrets.new("Sue's password at her mail server")
        self.owner = OwnerDovecot(base / "owner", self.mail.root, {SUE: self.sues_password})
        self.gate = Gate(self.support.doveadm_port).open()

        self.directory = DirectoryFile([
            imap_service(vault / "dovecot", f"http://127.0.0.1:{self.gate.port}/doveadm/v1", vault / "doveadm"),
            {"id": "files", "kind": "http", "resources": "folder",
             "introspection": {"clientID": "files", "clientSecretFile": str(vault / "files")}},
        ])
        self.lockbox = Lockboxd(base / "lockbox", self.directory, mail=self.smtp.url, clock=self.clock, port=lockbox_port)
        self.lockbox.apply()
        self.apis = {name: self.lockbox.api(name) for name in self.directory.people}
        self.lockbox.start()
        self.support.start()
        self.owner.start()

    def stop(self):
        parts = [getattr(self, name, None) for name in ("lockbox", "support", "owner", "smtp")]
        for part in parts:
            if part:
                part.stop()
        if hasattr(self, "gate"):
            self.gate.shut()
        self.scratch.remove()

    def __getattr__(self, name):
        """`world.eve` speaks to the API as Eve."""
        if name.startswith("_") or name not in self.__dict__.get("apis", {}):
            raise AttributeError(name)
        return self.apis[name]

    def password(self, name):
        """What she signs in to the portal with, by first name. It is set when it is first asked for.

        Once an administrator has signed in, the console sets none for her tenant's people: so theirs are set before."""
        email = self.directory.people[name]
        if email not in self.lockbox.passwords:
            names = [name]
            if "admin" in self.directory.person(email)["roles"]:
                domain = email.split("@")[1]
                names = [who for who, address in self.directory.people.items() if address.endswith("@" + domain)]
            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                list(pool.map(self._set_password, names))
        return self.lockbox.passwords[email]

    def _set_password(self, name):
        email = self.directory.people[name]
        if email not in self.lockbox.passwords:
            self.lockbox.password(email)
            self.apis[name].token = self.lockbox.token(email)

    # The workflow up to a point, for tests of what comes after it. Each gives back the request as the API shows it.

    members = {"contoso": "sue", "fabrikam": "fred", "tailspin": "tess", "northwind": "nora", "wingtip": "will"}
    approvers = {"contoso": ["adam"], "fabrikam": ["fay"], "tailspin": ["tom", "tia"], "northwind": [], "wingtip": []}

    def came_back(self, name):
        """Switched on again: nothing of what opened the door before does so still."""
        self.lockbox.tokens.pop(self.directory.people[name], None)
        self.apis[name] = self.lockbox.api(name)

    def support_request(self, tenant="contoso"):
        answer = self.apis[self.members[tenant]].open_support_request(tenant)
        assert answer.status == 201, answer
        return answer.json["number"]

    def submitted(self, tenant="contoso", resources=None, engineer="eve", **more):
        resources = resources or [mailbox(self.directory.people[self.members[tenant]])]
        answer = self.apis[engineer].submit(tenant, self.support_request(tenant), resources, **more)
        assert answer.status == 201, answer
        return answer.json

    def asked(self, tenant="contoso", **more):
        """Approved by the manager: now the customer is asked."""
        request = self.submitted(tenant, **more)
        answer = self.mark.decide(request["id"], "approve")
        assert answer.status < 300, answer
        return self.mark.request(request["id"])

    def approved(self, tenant="contoso", narrowed=None, **more):
        """Approved by everybody who must: access is open, or scheduled."""
        request = self.asked(tenant, **more)
        for approver in self.approvers[tenant]:
            answer = self.apis[approver].decide(request["id"], "approve", **(narrowed or {}))
            assert answer.status < 300, answer
        return self.mark.request(request["id"])

    def credential(self, request, engineer="eve", **which):
        answer = self.apis[engineer].credential(request["id"], **which)
        assert answer.status == 201, answer
        return answer.json

    def imap(self, credential, mech="XOAUTH2"):
        return imap_login(self.support.port, credential["username"], credential["token"], mech)

    def sues_own_session(self):
        return password_login(self.owner.port, SUE, self.sues_password)

    def introspect(self, token):
        return self.lockbox.api().introspect("dovecot", self.client_secret, token)
