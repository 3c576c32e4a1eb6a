"""Two real Dovecots on the same Maildirs: the support instance that obeys Lockbox, and the tenant's own."""

import base64
import email.message
import email.utils
import http.client
import imaplib
import json
import os
import re
import threading
import time

from .machine import LOOPBACK, REPOSITORY, MailUser, Process, free_port, wait_until

TEMPLATES = REPOSITORY / "Examples" / "dovecot"


def fill(template, values):
    """Replaces each @NAME@ of a template; a name without a value is an error."""
    return re.sub(r"@([A-Z_]+)@", lambda match: str(values[match[1]]), template)


class MailStore:
    """Maildirs, one per address, with real messages delivered into them."""

    def __init__(self, root, user=None):
        self.root, self.user = root, user or MailUser()
        root.mkdir(parents=True, exist_ok=True)
        root.chmod(0o555)

    def deliver(self, address, subject, body, sender="friend@elsewhere.test"):
        """Delivers one message as a mail server does: written to tmp, moved to new."""
        box = self.root / address
        if not box.exists():
            self.root.chmod(0o755)
            for part in ("", "cur", "new", "tmp"):
                (box / part).mkdir()
            self.root.chmod(0o555)
        message = email.message.EmailMessage()
        message["From"], message["To"], message["Subject"] = sender, address, subject
        message["Date"], message["Message-ID"] = email.utils.formatdate(), email.utils.make_msgid(domain="elsewhere.test")
        message.set_content(body)
        name = f"{time.time_ns()}.{os.getpid()}.rig"
        (box / "tmp" / name).write_bytes(message.as_bytes())
        self.user.own(box)
        (box / "tmp" / name).rename(box / "new" / name)

    def files(self, address):
        """Every file of a Maildir with its content: equal before and after means that nothing was changed.

        Not counted: a message's move from new to cur (somebody has seen that it is there; it stays unread), and the
        empty marker file of Maildir++.
        """
        box = self.root / address
        return {
            str(path.relative_to(box)).replace("new/", "cur/").removesuffix(":2,"): path.read_bytes()
            for path in sorted(box.rglob("*")) if path.is_file() and path.name != "maildirfolder"}


class Dovecot:
    """One Dovecot in a folder of its own, started from the templates in Examples/dovecot."""

    def __init__(self, base, mail_root, template="dovecot.conf", port=None, **values):
        self.base, self.user = base, MailUser()
        self.port = port or free_port()
        self.values = {
            "BASE": base, "USER": self.user.name, "GROUP": self.user.group, "MAIL_ROOT": mail_root,
            "IMAP_PORT": self.port, **values,
        }
        self.process = None
        base.mkdir(parents=True, exist_ok=True)
        base.chmod(0o755)
        for folder in ("run", "state", "home"):
            (base / folder).mkdir(exist_ok=True)
        self.write("dovecot.conf", (TEMPLATES / template).read_text())

    def write(self, name, template, mode=0o644):
        path = self.base / name
        path.write_text(fill(template, self.values))
        path.chmod(mode)

    def start(self):
        self.user.own(self.base)
        self.process = Process(
            self.user.command("dovecot", "-F", "-c", str(self.base / "dovecot.conf")), cwd=str(self.base))
        try:
            wait_until(self._ready, 15, f"dovecot in {self.base}")
        except TimeoutError as slow:
            raise TimeoutError(f"{slow}\n{self.log}") from slow
        return self

    def _ready(self):
        self.process.require_running()
        try:
            connection = imaplib.IMAP4(LOOPBACK, self.port, timeout=2)
            connection.logout()
            return True
        except (OSError, imaplib.IMAP4.error):
            return False

    @property
    def log(self):
        path = self.base / "dovecot.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def stop(self):
        """Ends it by its master's pid; a Dovecot that hangs is killed."""
        if not self.process:
            return
        pid_file = self.base / "run" / "master.pid"
        if self.process.returncode is None and pid_file.exists():
            # `dovecot -F` is its own master, whichever command dropped to its user.
            assert int(pid_file.read_text()) == self.process.pid
        self.process.stop(timeout=10)
        self.process = None


class SupportDovecot(Dovecot):
    """The instance engineers reach: asks Lockbox at each login, and lets Lockbox cut sessions."""

    def __init__(self, base, mail_root, introspection_url, key="doveadm-key-of-the-rig", **ports):
        self.key = key
        self.doveadm_port = ports.pop("doveadm_port", None) or free_port()
        super().__init__(base, mail_root, DOVEADM_PORT=self.doveadm_port, DOVEADM_KEY=key,
                         INTROSPECTION_URL=introspection_url, **ports)
        self.write("dovecot-oauth2.conf.ext", (TEMPLATES / "dovecot-oauth2.conf.ext").read_text(), 0o600)
        self.write("acl", (TEMPLATES / "acl").read_text())

    @property
    def doveadm_url(self):
        return f"http://{LOOPBACK}:{self.doveadm_port}/doveadm/v1"

    def doveadm(self, command, parameters, key=None):
        """One command over doveadm's HTTP API: its status, and its answer."""
        shown = base64.b64encode((key or self.key).encode()).decode()
        connection = http.client.HTTPConnection(LOOPBACK, self.doveadm_port, timeout=10)
        try:
            # No "Connection: close": with that, 2.3.19 never answers a wrong key.
            connection.request(
                "POST", "/doveadm/v1", json.dumps([[command, parameters, "rig"]]),
                {"Content-Type": "application/json", "Authorization": f"X-Dovecot-API {shown}"})
            answer = connection.getresponse()
            body = answer.read()
            return answer.status, json.loads(body) if body else None
        finally:
            connection.close()

    def kick(self, user):
        return self.doveadm("kick", {"mask": [user]})

    def who(self):
        """The login names that have a session open."""
        status, answer = self.doveadm("who", {})
        assert status == 200, answer
        # 2.3.19 puts only the first row into the list; the others stand beside it.
        rows = [row for part in answer[0][1:-1] for row in (part if isinstance(part, list) else [part])]
        return sorted(row["username"] for row in rows)


class OwnerDovecot(Dovecot):
    """The tenant's ordinary Dovecot, with passwords."""

    def __init__(self, base, mail_root, passwords, **ports):
        super().__init__(base, mail_root, template="owner/dovecot.conf", **ports)
        self.write("passwd", "".join(f"{who}:{{PLAIN}}{secret}\n" for who, secret in passwords.items()), 0o600)


class Refused(Exception):
    """IMAP said no. `code` is the response code, such as AUTHENTICATIONFAILED or UNAVAILABLE."""

    def __init__(self, text):
        super().__init__(text)
        found = re.search(r"\[([A-Z]+)\]", text)
        self.code = found[1] if found else None


def imap_login(port, user, token, mech="XOAUTH2", timeout=15):
    """A session with an OAuth token; `mech` is XOAUTH2 or OAUTHBEARER. Raises `Refused`."""
    session = imaplib.IMAP4(LOOPBACK, port, timeout=timeout)
    if mech == "XOAUTH2":
        opening, acknowledgement = f"user={user}\x01auth=Bearer {token}\x01\x01", b""
    else:
        opening, acknowledgement = (
            f"n,a={user},\x01host={LOOPBACK}\x01port={port}\x01auth=Bearer {token}\x01\x01", b"\x01")
    challenges = []

    def respond(challenge):
        challenges.append(challenge)
        return opening.encode() if len(challenges) == 1 else acknowledgement

    try:
        session.authenticate(mech, respond)
    except imaplib.IMAP4.error as refusal:
        session.shutdown()
        raise Refused(str(refusal)) from None
    return session


def password_login(port, user, password):
    session = imaplib.IMAP4(LOOPBACK, port, timeout=15)
    session.login(user, password)
    return session


def subjects(session, mailbox="INBOX"):
    """The subjects of all messages, read without marking any."""
    status, answer = session.select(mailbox, readonly=True)
    if status != "OK":
        raise Refused(str(answer))
    if answer == [b"0"]:
        return []
    _, parts = session.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
    return [part[1].decode().strip().removeprefix("Subject: ") for part in parts if isinstance(part, tuple)]


class IdleWatcher:
    """Sits in IDLE on a session and notes when, and how, the server ends it."""

    def __init__(self, session):
        self.session, self.lines = session, []
        self.closed_at = None
        self._stop = threading.Event()
        session.send(b"rig IDLE\r\n")
        while not (line := session.readline()).startswith(b"+"):
            if not line:
                raise ConnectionError("closed before IDLE began")
        session.sock.settimeout(0.05)
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self):
        pending = b""
        while not self._stop.is_set():
            try:
                data = self.session.sock.recv(4096)
            except TimeoutError:
                continue
            except OSError:
                data = b""
            if not data:
                self.closed_at = time.time()
                return
            pending += data
            *whole, pending = pending.split(b"\r\n")
            self.lines += [line.decode() for line in whole]

    @property
    def open(self):
        return self.closed_at is None

    def wait_closed(self, timeout):
        """The wall-clock time of the end."""
        self._thread.join(timeout)
        if self.closed_at is None:
            raise TimeoutError(f"the session is still open after {timeout} s")
        return self.closed_at

    def leave(self):
        """Ends IDLE and gives the session back, able to do something else."""
        self._stop.set()
        self._thread.join(5)
        self.session.sock.settimeout(15)
        self.session.send(b"DONE\r\n")
        while not (line := self.session.readline()).startswith(b"rig "):
            if not line:
                raise ConnectionError("closed while leaving IDLE")
        return self.session
