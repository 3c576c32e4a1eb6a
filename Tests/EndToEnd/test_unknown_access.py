"""A session in a mailbox that nobody granted is shown to whose mailbox it is, and cut where the rules say so."""

import imaplib

import pytest

from lockbox_rig import secrets
from lockbox_rig.directory import TENANTS, DirectoryFile, imap_service
from lockbox_rig.dovecot import MailStore, SupportDovecot, password_login
from lockbox_rig.lockboxd import Lockboxd, cli
from lockbox_rig.machine import Scratch, free_port, wait_until

SUE, INTRUDER = "sue@contoso.test", "lbx-0123456789-1"


class Mailboxes:
    """A provider of one tenant, whose support Dovecot has a password of its own beside what Lockbox gives out."""

    def __init__(self, scratch):
        base = scratch.path
        mail = MailStore(base / "mail")
        mail.deliver(SUE, "Invoice for March", "Sincerely\n")
        client, doveadm = secrets.new("introspection secret"), secrets.new("doveadm key")
        for name, content in (("client", client), ("doveadm", doveadm)):
            (base / name).write_text(content + "\n")
            (base / name).chmod(0o600)
        port = free_port()
        self.dovecot = SupportDovecot(
            base / "support", mail.root, f"http://dovecot:{client}@127.0.0.1:{port}/oauth2/introspect", key=doveadm)
        self.password = secrets.new("password beside Lockbox")
        self.dovecot.write("passwd", f"{INTRUDER}:{{PLAIN}}{self.password}::::::userdb_uid=@USER@ userdb_gid=@GROUP@ "
                           "userdb_home=@BASE@/home/intruder userdb_mail=maildir:@MAIL_ROOT@/" + SUE + "\n", 0o600)
        settings = (self.dovecot.base / "dovecot.conf").read_text()
        self.dovecot.write("dovecot.conf", settings.replace(
            "auth_mechanisms = xoauth2 oauthbearer", "auth_mechanisms = xoauth2 oauthbearer plain")
            + "\npassdb {\n  driver = passwd-file\n  mechanisms = plain\n  args = @BASE@/passwd\n}\n")
        directory = DirectoryFile(
            [imap_service(base / "client", self.dovecot.doveadm_url, base / "doveadm")], TENANTS[:1])
        self.lockbox = Lockboxd(base / "lockbox", directory, port=port)
        self.lockbox.apply()
        self.tokens = {name: self.lockbox.api(name) for name in ("gita", "alan")}
        self.lockbox.start()
        self.dovecot.start()

    def stop(self):
        self.lockbox.remember_files()
        self.lockbox.stop()
        self.dovecot.stop()

    def found(self):
        records = self.tokens["alan"].audit("contoso", activity="access.unknown")
        return [(record["texts"]["loginName"]["text"], record["data"]["closed"])
                for record in sorted(records, key=lambda record: record["index"])]


@pytest.fixture
def place():
    scratch = Scratch("unknown")
    there = Mailboxes(scratch)
    try:
        yield there
    finally:
        there.stop()
        scratch.remove()


def test_a_session_by_another_password_is_shown_and_left_and_then_cut(place):
    session = password_login(place.dovecot.port, INTRUDER, place.password)
    wait_until(place.found, 60, "a record of it")
    assert place.found() == [(INTRUDER, False)]
    assert session.noop()[0] == "OK" and INTRUDER in place.dovecot.who(), "shown, and left"
    assert "lbx-0123456789-1: Lockbox gave out no such login name" in place.lockbox.output

    token = place.lockbox.token("gita@contoso.test")
    done = cli(place.lockbox.url, token, "policy", "set", "--close-unknown-access")
    assert "Access nobody granted" in done.stdout and "closed" in done.stdout
    wait_until(lambda: len(place.found()) == 2, 60, "a record that it was closed")
    assert place.found()[1] == (INTRUDER, True) and place.dovecot.who() == []
    with pytest.raises((imaplib.IMAP4.abort, OSError)):
        session.noop()
        session.noop()
    # Whoever comes again is cut again, and not told again while it goes on.
    again = password_login(place.dovecot.port, INTRUDER, place.password)
    wait_until(lambda: place.dovecot.who() == [], 60, "the second session to be cut")
    assert len(place.found()) == 2
    again.shutdown()
    place.lockbox.wait_for_letters()
    letters = "".join(path.read_text(errors="replace") for path in place.lockbox.letters.iterdir())
    assert "gita@contoso.test" in letters and INTRUDER in letters.replace("=\n", "")
    place.lockbox.check_log()
