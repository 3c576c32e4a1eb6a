"""The rig proves itself: Dovecot, configured as in Examples/dovecot, obeys whoever answers introspection."""

import base64
import http.client
import imaplib
import json
import smtplib
import ssl
import subprocess
import sys
import time

import pytest

from lockbox_bench import sheet
from lockbox_bench.clients import Clients
from lockbox_bench.measure import percentile
from lockbox_rig.clock import ShiftedClock
from lockbox_rig.dovecot import (
    IdleWatcher, MailStore, OwnerDovecot, Refused, SupportDovecot, imap_login, password_login, subjects)
from lockbox_rig.gate import Gate
from lockbox_rig.machine import REPOSITORY, Process, Scratch, wait_until
from lockbox_rig.mock_introspection import MockIntrospection
from lockbox_rig.share import Share
from lockbox_rig.smtp import Certificates, SMTPReceiver

SUE, FRED = "sue@contoso.test", "fred@fabrikam.test"


@pytest.fixture(scope="module")
def stage():
    """A mock of Lockbox, the support instance, Sue's own Dovecot, and their mail."""
    scratch = Scratch("rig")
    mock = MockIntrospection()
    mail = MailStore(scratch.path / "mail")
    for number in (1, 2):
        mail.deliver(SUE, f"Sue's letter {number}", "Dear Sue,\n\nyours.\n")
    mail.deliver(FRED, "Fred's letter", "Dear Fred\n")
    support = SupportDovecot(scratch.path / "support", mail.root, mock.url)
    owner = OwnerDovecot(scratch.path / "owner", mail.root, {SUE: "sues-password"})

    class Stage:
        pass

    Stage.mock, Stage.mail, Stage.support, Stage.owner = mock, mail, support, owner
    try:
        support.start()
        owner.start()
        yield Stage
    finally:
        support.stop()
        owner.stop()
        mock.stop()
        scratch.remove()


def login(stage, token, user, mech="XOAUTH2"):
    return imap_login(stage.support.port, user, token, mech)


def refusal(stage, token, user, mech="XOAUTH2"):
    with pytest.raises(Refused) as refused:
        login(stage, token, user, mech)
    return refused.value.code


@pytest.mark.parametrize("mech", ["XOAUTH2", "OAUTHBEARER"])
def test_a_live_token_opens_the_mailbox_of_its_grant(stage, mech):
    stage.mock.grant("open", "lbx-open0000-1", SUE)
    session = login(stage, "open", "lbx-open0000-1", mech)
    assert subjects(session) == ["Sue's letter 1", "Sue's letter 2"]
    session.logout()


def test_introspection_is_asked_as_rfc_7662_says(stage):
    stage.mock.grant("wire", "lbx-wire0000-1", SUE)
    login(stage, "wire", "lbx-wire0000-1").logout()
    path, headers, form = stage.mock.calls[-1]
    assert path == "/oauth2/introspect"
    assert headers["Authorization"].startswith("Basic ")
    assert form == {"token": ["wire"], "client_id": [""], "client_secret": [""]}


def test_every_login_is_asked_anew(stage):
    stage.mock.grant("anew", "lbx-anew0000-1", SUE)
    before = len(stage.mock.calls)
    for _ in range(3):
        login(stage, "anew", "lbx-anew0000-1").logout()
    assert len(stage.mock.calls) == before + 3


@pytest.mark.parametrize("mech", ["XOAUTH2", "OAUTHBEARER"])
def test_an_ended_grant_is_refused(stage, mech):
    stage.mock.grant("ended", "lbx-ended000-1", SUE)
    login(stage, "ended", "lbx-ended000-1", mech).logout()
    stage.mock.end("ended")
    assert refusal(stage, "ended", "lbx-ended000-1", mech) == "AUTHENTICATIONFAILED"


def test_an_unknown_token_is_refused(stage):
    assert refusal(stage, "never-issued", "lbx-none0000-1") == "AUTHENTICATIONFAILED"


def test_a_login_name_other_than_the_grants_is_refused(stage):
    stage.mock.grant("mine", "lbx-mine0000-1", SUE)
    assert refusal(stage, "mine", "lbx-other000-1") == "AUTHENTICATIONFAILED"
    assert refusal(stage, "mine", SUE) == "AUTHENTICATIONFAILED"


@pytest.mark.parametrize("scope", ["", "smtp", "imaps", None])
def test_a_token_for_something_else_is_refused(stage, scope):
    stage.mock.grant("scope", "lbx-scope000-1", SUE)
    stage.mock.tokens["scope"]["scope"] = scope
    if scope is None:
        del stage.mock.tokens["scope"]["scope"]
    assert refusal(stage, "scope", "lbx-scope000-1") == "AUTHENTICATIONFAILED"


def test_there_is_no_other_way_in(stage):
    session = imaplib.IMAP4("127.0.0.1", stage.support.port, timeout=10)
    assert {c for c in session.capabilities if c.startswith("AUTH=")} == {"AUTH=XOAUTH2", "AUTH=OAUTHBEARER"}
    with pytest.raises(imaplib.IMAP4.error):
        session.login(SUE, "sues-password")
    session.shutdown()


def test_no_other_mailbox_can_be_named(stage):
    stage.mock.grant("sue", "lbx-sue00000-1", SUE)
    session = login(stage, "sue", "lbx-sue00000-1")
    status, listed = session.list()
    assert [line for line in listed if line and FRED.encode() in line] == []
    for name in (FRED, f"../{FRED}", f"~/../{FRED}", f"/{FRED}", f"user/{FRED}", f"shared/{FRED}", f"#user/{FRED}"):
        assert session.select(f'"{name}"', readonly=True)[0] == "NO", name
    assert subjects(session) == ["Sue's letter 1", "Sue's letter 2"]
    session.logout()


def test_read_can_change_nothing(stage):
    stage.mock.grant("read", "lbx-read0000-1", SUE)
    before = stage.mail.files(SUE)
    session = login(stage, "read", "lbx-read0000-1")
    assert session.append("INBOX", None, None, b"Subject: planted\r\n\r\nx")[0] == "NO"
    assert session.create("Planted")[0] == "NO"
    assert session.delete("INBOX")[0] == "NO"
    assert session.rename("INBOX", "Elsewhere")[0] == "NO"
    with pytest.raises(imaplib.IMAP4.readonly):
        session.select("INBOX")
    session.select("INBOX", readonly=True)
    session.store("1", "+FLAGS", r"(\Deleted)")
    session.fetch("1:*", "(RFC822)")
    session.expunge()
    session.copy("1", "INBOX")
    session.logout()
    assert stage.mail.files(SUE) == before


@pytest.mark.parametrize("access, readable", [("read", True), ("admin", False)])
def test_rights_that_lie_in_the_maildir_count_for_nothing(stage, access, readable):
    address = f"ada-{access}@contoso.test"
    stage.mail.deliver(address, "kept", "x")
    planted = stage.mail.root / address / "dovecot-acl"
    planted.write_text("user=lockbox-read lrwstipekxa\nuser=lockbox-admin lrwstipekxa\n")
    stage.mock.grant("planted", "lbx-planted0-1", address, access)
    session = login(stage, "planted", "lbx-planted0-1")
    assert session.append("INBOX", None, None, b"Subject: planted\r\n\r\nx")[0] == "NO"
    assert session.select("INBOX", readonly=True)[0] == ("OK" if readable else "NO")
    session.logout()


def test_write_can_add_flag_and_expunge(stage):
    stage.mail.deliver("walt@contoso.test", "kept", "x")
    stage.mail.deliver("walt@contoso.test", "unwanted", "x")
    stage.mock.grant("write", "lbx-write000-1", "walt@contoso.test", access="write")
    session = login(stage, "write", "lbx-write000-1")
    assert session.append("INBOX", None, None, b"Subject: added\r\n\r\nx")[0] == "OK"
    assert session.select("INBOX")[0] == "OK"
    assert session.store("2", "+FLAGS", r"(\Deleted)")[0] == "OK"
    assert session.expunge()[0] == "OK"
    assert subjects(session) == ["kept", "added"]
    session.logout()


def test_write_cannot_make_or_remove_folders_nor_give_rights_away(stage):
    stage.mail.deliver("wendy@contoso.test", "kept", "x")
    stage.mock.grant("folders", "lbx-folders0-1", "wendy@contoso.test", access="write")
    session = login(stage, "folders", "lbx-folders0-1")
    assert session.create("Planted")[0] == "NO"
    assert session.delete("INBOX")[0] == "NO"
    assert session.rename("INBOX", "Elsewhere")[0] == "NO"
    assert session.setacl("INBOX", "lbx-x-1", "lrwstipekxa")[0] == "NO"
    session.logout()


@pytest.mark.parametrize("access", ["admin", "", "READ", "read write", "../read", "*", None, ["write"]])
def test_an_unknown_access_gives_no_rights(stage, access):
    stage.mock.grant("odd", "lbx-odd00000-1", SUE, access=access)
    if access is None:
        del stage.mock.tokens["odd"]["access"]
    before = stage.mail.files(SUE)
    try:
        session = login(stage, "odd", "lbx-odd00000-1")
    except Refused:
        return
    assert session.select("INBOX", readonly=True)[0] == "NO"
    assert session.append("INBOX", None, None, b"Subject: planted\r\n\r\nx")[0] == "NO"
    session.logout()
    assert stage.mail.files(SUE) == before


@pytest.mark.parametrize("mailbox", [None, "", "nobody-here@contoso.test"])
def test_without_a_mailbox_there_is_nothing_to_open(stage, mailbox):
    stage.mock.grant("nowhere", "lbx-nowhere0-1", mailbox)
    if mailbox is None:
        del stage.mock.tokens["nowhere"]["mailbox"]
    before = sorted(path.name for path in stage.mail.root.iterdir())
    try:
        session = login(stage, "nowhere", "lbx-nowhere0-1")
        try:
            assert subjects(session) == []
        except Refused:
            pass
        session.shutdown()
    except Refused:
        pass
    assert sorted(path.name for path in stage.mail.root.iterdir()) == before


def test_a_kick_cuts_its_grant_and_nothing_else(stage):
    stage.mock.grant("kick-1", "lbx-kick0000-1", SUE)
    stage.mock.grant("kick-2", "lbx-kick0000-2", SUE)
    mine = IdleWatcher(_selected(login(stage, "kick-1", "lbx-kick0000-1")))
    also_mine = IdleWatcher(_selected(login(stage, "kick-1", "lbx-kick0000-1")))
    other = IdleWatcher(_selected(login(stage, "kick-2", "lbx-kick0000-2")))
    sue = IdleWatcher(_selected(password_login(stage.owner.port, SUE, "sues-password")))
    wait_until(lambda: stage.support.who() == ["lbx-kick0000-1", "lbx-kick0000-2"], what="who lists both grants")

    asked = time.time()
    status, answer = stage.support.kick("lbx-kick0000-1")
    assert status == 200 and answer[0][0] == "doveadmResponse", answer
    assert mine.wait_closed(5) - asked < 0.5
    assert also_mine.wait_closed(5) - asked < 0.5
    assert any(line.startswith("* BYE") for line in mine.lines)

    for untouched in (other, sue):
        assert untouched.open
        assert untouched.leave().noop()[0] == "OK"
        untouched.session.logout()


def test_a_kick_cuts_a_transfer_in_flight(stage):
    stage.mail.deliver("bulk@contoso.test", "big", ("x" * 70 + "\n") * 200_000)
    stage.mock.grant("bulk", "lbx-bulk0000-1", "bulk@contoso.test")
    session = _selected(login(stage, "bulk", "lbx-bulk0000-1"))
    session.send(b"rig FETCH 1 (BODY.PEEK[])\r\n")
    received = len(session.sock.recv(1000))
    asked = time.time()
    stage.support.kick("lbx-bulk0000-1")
    try:
        while data := session.sock.recv(1 << 16):
            received += len(data)
            time.sleep(0.005)  # a line of 13 MB/s
    except ConnectionResetError:
        pass
    assert time.time() - asked < 1
    assert received < 14_000_000, "the whole message came through"
    session.shutdown()


def test_kicking_nobody_says_so(stage):
    assert stage.support.kick("lbx-nobody00-1") == (200, [["error", {"type": "exitCode", "exitCode": 68}, "rig"]])


def test_the_doveadm_key_is_needed_and_opens_nothing_but_kick_and_who(stage):
    assert stage.support.doveadm("who", {"mask": ["*"]}, key="wrong")[0] == 401
    for command, parameters in [
        ("fetch", {"user": "lbx-x-1", "field": ["text"], "query": ["ALL"]}),
        ("mailboxList", {"user": "lbx-x-1"}),
        ("expunge", {"user": "lbx-x-1", "query": ["ALL"]}),
        ("reload", {}), ("stop", {}),
    ]:
        status, answer = stage.support.doveadm(command, parameters)
        assert status != 200 or answer[0][0] == "error", (command, answer)


def test_reading_leaves_no_copy_of_the_mail_behind(stage):
    stage.mail.deliver("trace@contoso.test", "Tell-tale subject", "tell-tale body")
    stage.mock.grant("trace", "lbx-trace000-1", "trace@contoso.test")
    for _ in range(2):
        session = _selected(login(stage, "trace", "lbx-trace000-1"))
        for item in ("ENVELOPE", "BODYSTRUCTURE", "PREVIEW", "BODY.PEEK[HEADER.FIELDS (SUBJECT)]", "BODY.PEEK[]"):
            assert session.fetch("1", f"({item})")[0] == "OK"
        session.search(None, "BODY", "tell-tale")
        session.sort("SUBJECT", "UTF-8", "ALL")
        session.logout()
    left = b"".join(path.read_bytes() for path in stage.support.base.rglob("*") if path.is_file())
    assert b"ell-tale" not in left


@pytest.mark.parametrize("trouble", ["500", "slow", "garbage"])
def test_trouble_at_introspection_is_a_refusal(stage, trouble):
    stage.mock.tokens["trouble"] = trouble
    started = time.monotonic()
    assert refusal(stage, "trouble", "lbx-trouble0-1") in ("UNAVAILABLE", "AUTHENTICATIONFAILED")
    assert time.monotonic() - started < 4.5


def test_lockbox_away_is_a_refusal_and_open_again_when_back(stage):
    stage.mock.grant("away", "lbx-away0000-1", SUE)
    port, tokens = stage.mock.port, stage.mock.tokens
    stage.mock.stop()
    assert refusal(stage, "away", "lbx-away0000-1") == "UNAVAILABLE"
    stage.mock = MockIntrospection(port)
    stage.mock.tokens = tokens
    assert subjects(login(stage, "away", "lbx-away0000-1")) == ["Sue's letter 1", "Sue's letter 2"]


def test_the_shim_moves_the_wall_clock_and_nothing_else(tmp_path):
    clock = ShiftedClock(tmp_path, offset=-90_000.25)
    code = "import time,json; print(json.dumps([time.time(), time.monotonic()]))"
    wall, monotonic = json.loads(subprocess.run(
        ["/usr/bin/python3", "-c", code], env=clock.env, capture_output=True, check=True).stdout)
    assert wall == pytest.approx(time.time() - 90_000.25, abs=2)
    assert monotonic == pytest.approx(time.monotonic(), abs=2)



def test_the_mail_server_takes_letters_over_starttls_and_keeps_them_over_a_restart(tmp_path):
    receiver = SMTPReceiver(tmp_path / "smtp", Certificates(tmp_path / "certificates")).start()
    trusting = ssl.create_default_context(cafile=receiver.certificates.ca)
    try:
        for number in (1, 2):
            with smtplib.SMTP("127.0.0.1", receiver.port, timeout=10) as client:
                client.starttls(context=trusting)
                client.login(receiver.user, receiver.password)
                client.sendmail("lockbox@provider.test", [SUE], (
                    f"Subject: Letter {number}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n"
                    "\r\n--b\r\nContent-Type: text/plain\r\n\r\nSee https://lockbox.test/x.\r\n"
                    "--b\r\nContent-Type: text/html\r\n\r\n<a href='https://lockbox.test/x'>x</a>\r\n--b--\r\n"))
            port = receiver.port
            receiver.stop()
            receiver.start()
            assert receiver.port == port
        letters = receiver.wait_for(SUE, count=2)
        assert [letter.subject for letter in letters] == ["Letter 1", "Letter 2"]
        assert letters[0].tls and letters[0].user == receiver.user
        assert letters[0].links == ["https://lockbox.test/x"]
    finally:
        receiver.stop()


def test_a_gate_opens_shuts_and_falls_silent(stage):
    gate = Gate(stage.support.doveadm_port).open()
    body, key = b'[["who",{},"t"]]', base64.b64encode(stage.support.key.encode()).decode()

    def ask():
        connection = http.client.HTTPConnection("127.0.0.1", gate.port, timeout=1)
        try:
            connection.request("POST", "/doveadm/v1", body, {
                "Content-Type": "application/json", "Authorization": f"X-Dovecot-API {key}"})
            return connection.getresponse().status
        finally:
            connection.close()

    assert ask() == 200
    gate.hush()
    with pytest.raises(TimeoutError):
        ask()
    gate.shut()
    with pytest.raises(ConnectionRefusedError):
        ask()
    gate.open()
    assert ask() == 200
    gate.shut()


def _selected(session):
    session.select("INBOX", readonly=True)
    return session


def test_of_processes_side_by_side_one_takes_each_file(tmp_path):
    one, two = Share(tmp_path), Share(tmp_path)
    taken = [one.takes("a"), two.takes("a"), two.takes("b"), one.takes("b"), one.takes("a"), two.takes("b")]
    assert taken == [True, False, True, False, True, True]


def test_clients_of_a_bench_say_what_got_through_last_and_when_they_were_cut():
    application = Process(
        [sys.executable, "-B", "-m", "lockbox_bench.dribble"], cwd=REPOSITORY / "Tests" / "EndToEnd")
    try:
        port = int(wait_until(lambda: application.out.text.strip(), 20, "the application"))
        began = time.time()
        clients = Clients([{"kind": kind, "port": port} for kind in ("stream", "stream", "kept")], 0.01)
        still = Clients([{"kind": "kept", "port": port}], 0.01)
        [(last, cut)] = still.end()
        assert last >= began and cut is None
        ended = time.time()
        application.kill()
        for last, cut in clients.result(20):
            assert began <= last <= cut and cut >= ended
    finally:
        application.kill()


def test_a_bench_writes_its_own_figures_and_no_more(tmp_path, monkeypatch):
    document = tmp_path / "performance.md"
    document.write_text("# A\n\n## One\n\nWords.\n\nNot measured yet.\n\n## Two\n\nOthers.\n\nMade on a day.\n\n| a |\n")
    monkeypatch.setattr(sheet, "DOCUMENT", document)
    for figure in ("1", "2"):
        one = sheet.Sheet("One")
        one.table(["what"], [[figure]])
        one.write()
    before, _, rest = document.read_text().partition("Made on")
    assert before == "# A\n\n## One\n\nWords.\n\n"
    assert rest.endswith("before.\n\n| what |\n| --- |\n| 2 |\n\n## Two\n\nOthers.\n\nMade on a day.\n\n| a |\n")


def test_a_percentile_is_the_least_that_so_many_do_not_exceed():
    assert [percentile([3, 1, 2], percent) for percent in (1, 50, 99)] == [1, 2, 3]
    assert percentile(range(1, 201), 99) == 198
