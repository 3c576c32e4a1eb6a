"""The letters, against a real receiver with STARTTLS and AUTH."""

import contextlib
import html
import re
import sqlite3
import time

import pytest

from lockbox_rig.api import API, mailbox
from lockbox_rig.machine import Scratch, wait_until
from lockbox_rig.smtp import Certificates, SMTPReceiver
from lockbox_rig.world import SUE

ADAM, AMY, GITA, SUES = "adam@contoso.test", "amy@contoso.test", "gita@contoso.test", SUE
APPROVERS = {ADAM, AMY, GITA}
EVE, MARK, MIA = "eve@example-cloud.test", "mark@example-cloud.test", "mia@example-cloud.test"


def test_each_step_tells_those_it_concerns(world):
    letters = world.smtp
    request = world.submitted(duration="PT2H")
    number = request["id"]
    asked_manager = letters.wait_for(MARK, number)[0]
    assert letters.wait_for(MIA, number), "every manager is told"

    world.mark.decide(number, "approve", comment="Please look, Adam.")
    asked = {who: letters.wait_for(who, number)[0] for who in APPROVERS}
    for letter in asked.values():
        for needed in ("Eve Park", "Example Cloud", request["supportRequest"], SUES, world.lockbox.url):
            assert needed in letter.text and html.escape(needed) in letter.html, needed
        assert re.search(r"\d{2}:\d{2}.*UTC", letter.text), "until when, with the zone"
    assert not letters.letters("alan@contoso.test", number), "an auditor decides nothing"
    assert not letters.letters(SUES, number)

    before = len(letters.letters())
    world.adam.decide(number, "approve")
    assert letters.wait_for(EVE, number, since=before)
    for who in APPROVERS:
        letters.wait_for(who, number, count=1, since=before)

    before = len(letters.letters())
    credential = world.credential(world.eve.request(number))
    for _ in range(2):
        world.imap(credential).logout()
    world.eve.post(f"/v1/requests/{number}/finish")
    assert letters.wait_for(EVE, number, since=before)
    for who in APPROVERS:
        report = letters.wait_for(who, number, since=before)[0]
        assert "Eve Park" in report.text and SUES in report.text, "the closing report says who, and what"
        assert re.search(r"\b2\b", report.text), "how often used"
    assert asked_manager.header("message-id")


@pytest.mark.parametrize("outcome, by", [("rejected", "Mark Lee"), ("denied", "Contoso Ltd")])
def test_the_engineer_is_told_of_a_no(world, outcome, by):
    request = world.submitted() if outcome == "rejected" else world.asked()
    person = world.mark if outcome == "rejected" else world.adam
    person.decide(request["id"], "deny", comment="Please ask on Monday.")
    letter = world.smtp.wait_for(EVE, request["id"])[-1]
    assert outcome in (letter.subject + letter.text).lower() and by in letter.text
    assert "Please ask on Monday." not in letter.text, "what people wrote is read in the portal"
    assert world.lockbox.url in letter.text


def test_every_letter_is_well_formed(world):
    world.approved()
    world.lockbox.wait_for_letters()
    letters = world.smtp.letters()
    assert len(letters) >= 5
    seen = set()
    for letter in letters:
        assert not letter.defects, (letter, letter.defects)
        assert letter.tls and letter.user == world.smtp.user
        assert letter.message["headersAreASCII"] and letter.message["bareLineEnds"] == 0
        assert letter.message["longestLine"] <= 998
        assert letter.content_type == "multipart/alternative"
        assert [part["contentType"] for part in letter.parts] == ["text/plain", "text/html"]
        assert {part["charset"] for part in letter.parts} == {"utf-8"}
        assert letter.header("auto-submitted") == "auto-generated"
        assert letter.header("date") and letter.header("from") and letter.header("to") == letter.header("to")
        assert len(letter.envelope_to) == 1, "no recipient sees another"
        identifier = letter.header("message-id")
        assert re.fullmatch(r"<[^<>@\s]+@[^<>@\s]+>", identifier) and identifier not in seen
        seen.add(identifier)
        assert letter.header("list-unsubscribe") is None


def test_letters_about_one_request_hang_together(world):
    requests = [world.asked() for _ in range(2)]
    threads = []
    for request in requests:
        # A question decided before its letter left is not mailed.
        world.smtp.wait_for(ADAM, request["id"])
        world.adam.decide(request["id"], "approve")
        letters = world.smtp.wait_for(ADAM, request["id"], count=2)
        first, others = letters[0].header("message-id"), letters[1:]
        assert not letters[0].header("references"), "a parent that was never sent"
        assert {letter.header("references").split()[0] for letter in others} == {first}
        threads.append(first)
    assert threads[0] != threads[1]


def test_a_letter_is_a_pointer_never_a_capability(world):
    request = world.asked()
    world.lockbox.wait_for_letters()
    letters = world.smtp.letters(about=request["id"])
    assert letters
    stranger = API(world.lockbox.port)
    for letter in letters:
        for link in letter.links:
            assert link.startswith(world.lockbox.url), link
            path = link.removeprefix(world.lockbox.url) or "/"
            assert "?" not in path and not re.search(r"[0-9a-fA-F]{24,}", path), f"{link} carries more than a place"
            for send in (stranger, world.adam):
                for method in ("GET", "HEAD", "POST"):
                    send.send(method, path)
        assert "<form" not in letter.html.lower() and "<script" not in letter.html.lower()
        assert not re.search(r"src\s*=\s*[\"']?https?:", letter.html, re.I), "nothing is fetched when it is opened"
    assert world.adam.request(request["id"]) == request, "following a link decided something"


def test_what_people_wrote_cannot_become_markup_or_headers(world):
    nasty = 'Index <script>alert(1)</script> & "quotes"\r\n\r\nBcc: evil@elsewhere.test\r\n.\r\nQUIT'
    request = world.submitted(reason=nasty.replace("\r\n", "\n"))
    letter = world.smtp.wait_for(MARK, request["id"])[0]
    assert "<script" not in letter.html
    assert {name for name, _ in letter.headers}.isdisjoint({"bcc"})
    assert letter.envelope_to == [MARK]
    world.mark.decide(request["id"], "deny", comment='<img src=x onerror="alert(1)">\n.\nMAIL FROM:<x@y.test>')
    letter = world.smtp.wait_for(EVE, request["id"])[-1]
    assert "<img" not in letter.html and not letter.defects


def test_no_content_of_the_support_request_is_mailed(world):
    opened = world.sue.open_support_request("contoso", "Salary list", "Row 17 of the salary list shows 84,200.")
    answer = world.eve.submit("contoso", opened.json["number"], [mailbox(SUE)])
    world.mark.decide(answer.json["id"], "approve")
    letter = world.smtp.wait_for(ADAM, answer.json["id"])[0]
    assert "84,200" not in letter.text + letter.html


# Mail servers that misbehave. Each test has an installation of its own, whose clock it may move.

@pytest.fixture
def receiver():
    scratch = Scratch("mail")
    made = SMTPReceiver(scratch.path / "smtp", Certificates(scratch.path / "certificates"))
    yield made
    made.stop()
    scratch.remove()


def asked(lockbox):
    """A request that waits for the customer's approvers."""
    request = submitted(lockbox)
    answer = lockbox.api("mark").decide(request["id"], "approve")
    assert answer.status < 300, answer
    return lockbox.api("mark").request(request["id"])


def submitted(lockbox):
    """A request that waits for the managers."""
    support = lockbox.api("sue").open_support_request("contoso").json["number"]
    return lockbox.api("eve").submit("contoso", support, [mailbox(SUE)]).json


def ready(lockbox):
    lockbox.apply()
    for who in ("sue", "eve", "mark", "adam"):
        lockbox.api(who)
    return lockbox.start()


def delivered_in_the_end(lockbox, receiver, to, number, attempts=80):
    """Moves the clock on, so that no test waits out a back-off, until a letter is there."""
    for _ in range(attempts):
        if receiver.letters(to, number):
            return receiver.letters(to, number)
        lockbox.clock.advance(minutes=2)
        time.sleep(0.25)
    raise TimeoutError(f"no letter to {to} about {number}")


def notices(lockbox, number):
    """Each letter about a request by kind and recipient: as the provider's people read them, to whom names and what mail
    servers said of approvers are not told, and those from the database."""
    told = lockbox.api("mark").notices(number)
    with contextlib.closing(sqlite3.connect(f"file:{lockbox.database}?mode=ro", uri=True)) as database:
        rows = database.execute("SELECT id, recipient_address, last_reply FROM notice WHERE request = ?", [number])
        stored = {row[0]: row[1:] for row in rows}
    return {(one["kind"], stored[one["id"]][0]): {**one, "lastReply": stored[one["id"]][1]}
            for one in told}


def test_a_refused_recipient_is_seen_and_the_others_get_theirs(install, receiver):
    receiver.start("refuse")
    lockbox = install(mail=receiver.url)
    people = lockbox.directory.tenant("contoso")["people"]
    people.append({"email": "nobody.ann@contoso.test", "name": "Ann Gone", "roles": ["approver"]})
    people.append({"email": "later.lou@contoso.test", "name": "Lou Slow", "roles": ["approver"]})
    ready(lockbox)
    request = asked(lockbox)
    for who in APPROVERS:
        receiver.wait_for(who, request["id"])

    def refused():
        found = notices(lockbox, request["id"])
        # What became of a letter is written down a moment after the receiver has it.
        people = ("nobody.ann@contoso.test", "later.lou@contoso.test", ADAM)
        tried = [found.get(("customerAsked", who)) for who in people]
        return found if all(letter and letter["attempts"] for letter in tried) else None

    found = wait_until(refused, 15, "the refusal to show", 0.1)
    gone = found["customerAsked", "nobody.ann@contoso.test"]
    assert gone["state"] == "refused" and "no such" in gone["lastReply"]
    assert found["customerAsked", ADAM]["state"] == "sent"
    slow = found["customerAsked", "later.lou@contoso.test"]
    assert slow["state"] == "queued" and slow["nextAttempt"] and "greylisted" in (slow["lastReply"] or ""), slow
    assert lockbox.api("adam").notices(request["id"]), "the tenant sees it too"


def test_while_the_mail_server_is_down_work_goes_on_and_nothing_is_lost(install, receiver):
    receiver.start()
    lockbox = ready(install(mail=receiver.url, clock_shifts=True))
    receiver.stop()
    started = time.monotonic()
    request = asked(lockbox)
    assert time.monotonic() - started < 3, "a person waited for the mail server"
    assert lockbox.api().get("/readyz").status == 200
    wait_until(
        lambda: any(one["attempts"] > 0 for one in notices(lockbox, request["id"]).values()), 15, "an attempt", 0.1)
    lockbox.kill()
    receiver.start("normal")
    lockbox.start()
    for who in APPROVERS:
        assert len(delivered_in_the_end(lockbox, receiver, who, request["id"])) == 1
    lockbox.wait_for_letters()
    for who in APPROVERS:
        assert len(receiver.letters(who, request["id"])) == 1


@pytest.mark.parametrize("at", ["connect", "data", "dot"])
def test_a_mail_server_that_hangs_delays_letters_only(install, receiver, at):
    receiver.start("hang", at)
    lockbox = ready(install(mail=receiver.url, clock_shifts=True))
    started = time.monotonic()
    request = asked(lockbox)
    assert lockbox.api("adam").decide(request["id"], "deny", comment="Not now.").status < 300
    assert time.monotonic() - started < 5
    receiver.stop()
    receiver.start("normal")
    assert delivered_in_the_end(lockbox, receiver, EVE, request["id"])


@pytest.mark.parametrize("at, copies", [("data", 1), ("dot", 2)])
def test_after_a_lost_answer_the_same_letter_comes_again(install, receiver, at, copies):
    receiver.start("die", at)
    lockbox = ready(install(mail=receiver.url, clock_shifts=True))
    request = submitted(lockbox)

    def notice():
        return notices(lockbox, request["id"])["managerAsked", MARK]

    wait_until(lambda: notice()["attempts"] > 0, 20, "an attempt", 0.1)
    receiver.stop()
    receiver.start("normal")
    for _ in range(80):
        if notice()["state"] == "sent":
            break
        lockbox.clock.advance(minutes=2)
        time.sleep(0.25)
    letters = receiver.letters(MARK, request["id"])
    assert len(letters) >= copies and (at == "dot" or len(letters) == copies), letters
    assert len({letter.header("message-id") for letter in letters}) == 1, "a client cannot fold them"
    assert len({letter.text for letter in letters}) == 1


def test_a_mail_server_without_encryption_gets_nothing(install, receiver):
    receiver.start("plain")
    insisting = receiver.url.replace("starttls=never", f"starttls=required&ca={receiver.certificates.ca}")
    lockbox = ready(install(mail=insisting))
    request = asked(lockbox)
    # Not that of the manager, who decided meanwhile, so that it may leave no more.
    wait_until(lambda: notices(lockbox, request["id"])["customerAsked", ADAM]["attempts"] > 0, 15, "an attempt", 0.1)
    assert receiver.letters() == []


def test_a_mail_server_with_an_unknown_certificate_gets_nothing(install, receiver):
    receiver.start()
    other = Certificates(receiver.folder / "other")
    lockbox = ready(install(mail=receiver.url.replace(str(receiver.certificates.ca), str(other.ca))))
    request = asked(lockbox)
    # Not that of the manager, who decided meanwhile, so that it may leave no more.
    wait_until(lambda: notices(lockbox, request["id"])["customerAsked", ADAM]["attempts"] > 0, 15, "an attempt", 0.1)
    assert receiver.letters() == []


def test_reminders_at_half_and_at_nine_tenths_of_the_time(install, receiver):
    receiver.start()
    lockbox = ready(install(mail=receiver.url, clock_shifts=True))
    request = asked(lockbox)
    receiver.wait_for(ADAM, request["id"])
    lockbox.clock.advance(hours=5, minutes=58)
    time.sleep(1.5)
    assert len(receiver.letters(ADAM, request["id"])) == 1, "too early"
    lockbox.clock.advance(minutes=3)
    receiver.wait_for(ADAM, request["id"], count=2)
    lockbox.clock.advance(hours=4, minutes=48)
    receiver.wait_for(ADAM, request["id"], count=3)
    lockbox.wait_for_letters()
    assert len(receiver.letters(ADAM, request["id"])) == 3
    assert len({letter.header("message-id") for letter in receiver.letters(ADAM, request["id"])}) == 3


def test_decided_in_time_nobody_is_reminded(install, receiver):
    receiver.start()
    lockbox = ready(install(mail=receiver.url, clock_shifts=True))
    request = asked(lockbox)
    receiver.wait_for(AMY, request["id"])
    lockbox.api("adam").decide(request["id"], "deny", comment="Not now.")
    receiver.wait_for(EVE, request["id"])
    lockbox.wait_for_letters()
    before = len(receiver.letters())
    lockbox.clock.advance(hours=11)
    time.sleep(2)
    assert receiver.letters()[before:] == []


def test_letters_can_go_to_files(install):
    lockbox = ready(install())
    request = asked(lockbox)

    def found():
        texts = [path.read_text(errors="replace") for path in lockbox.letters.rglob("*") if path.is_file()]
        return [text for text in texts if request["id"] in text and ADAM in text]

    wait_until(found, 10, "a letter in the folder", 0.1)


# As it is when it leaves.

def test_who_may_no_longer_decide_gets_no_reminder_and_who_may_does(install, receiver):
    receiver.start()
    lockbox = ready(install(mail=receiver.url, clock_shifts=True))
    request = asked(lockbox)
    for who in APPROVERS:
        receiver.wait_for(who, request["id"])
    people = lockbox.directory.tenant("contoso")["people"]
    next(one for one in people if one["email"] == AMY)["disabled"] = True
    lockbox.apply()
    lockbox.clock.advance(hours=6, minutes=1)
    receiver.wait_for(ADAM, request["id"], count=2)
    lockbox.wait_for_letters()
    assert len(receiver.letters(AMY, request["id"])) == 1
    told = receiver.letters(GITA, "Amy")
    assert told and "switched off" in told[0].text, "administrators hear of it"
    assert lockbox.api("adam").decide(request["id"], "deny", comment="Not now.").status < 300
    settled = receiver.wait_for(GITA, request["id"], count=3)[-1]
    assert "nothing to do" in settled.subject.lower() and settled.header("references")
    ids = {letter.header("message-id") for letter in receiver.letters(GITA, request["id"])}
    assert set(settled.header("references").split()) <= ids, "a parent that was never sent"


@pytest.mark.parametrize("answer", ["rcpt-550-5.4.5", "rcpt-550-5.7.1", "data-550-5.7.1", "rcpt-451-4.7.1", "data-554"])
def test_an_answer_about_us_is_not_final_and_told_to_the_operators(install, receiver, answer):
    receiver.start("refuse")
    lockbox = install(mail=receiver.url, clock_shifts=True, operators=["ops@example-cloud.test"])
    who = f"{answer}@contoso.test"
    lockbox.directory.tenant("contoso")["people"].append({"email": who, "name": "Ann", "roles": ["approver"]})
    ready(lockbox)
    request = asked(lockbox)
    delivered_in_the_end(lockbox, receiver, "ops@example-cloud.test", "relay")

    def answered():
        notice = notices(lockbox, request["id"])["customerAsked", who]
        return notice["state"] == "queued" and "as the account says" in (notice["lastReply"] or "")

    wait_until(answered, 10, "the relay's words on the request", 0.1)
    metrics = lockbox.api().get("/metrics").body.decode()
    assert re.search(r"^lockbox_letters_relay_refuses [1-9]", metrics, re.M), metrics
    # The relay is mended.
    receiver.stop()
    receiver.start("normal")
    assert len(delivered_in_the_end(lockbox, receiver, who, request["id"])) == 1


def test_a_test_letter_says_what_the_relay_said(install, receiver):
    receiver.start("refuse")
    lockbox = install(mail=receiver.url)
    sent = lockbox.run("test-mail", "ops@example-cloud.test")
    assert "250" in sent.stdout and receiver.letters("ops@example-cloud.test")
    about_us = lockbox.run("test-mail", "rcpt-550-5.4.5@example-cloud.test", check=False)
    assert about_us.returncode == 1 and "refuses us: 550 5.4.5" in about_us.stderr
    about_her = lockbox.run("test-mail", "nobody@example-cloud.test", check=False)
    assert about_her.returncode == 1 and "The relay itself takes our e-mails" in about_her.stderr


# What comes back later.

def bounce(letter, to=None, action="failed", at=None):
    """The report of the mail server that the relay could not hand the letter to."""
    return "\n".join([
        "From MAILER-DAEMON  Mon Nov 23 20:15:00 2026", "Return-Path: <>", f"To: {to or letter.envelope_from}",
        "From: MAILER-DAEMON@mx.example-cloud.test", "Subject: Undelivered Mail Returned to Sender", "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b/1"', "", "--b/1",
        "Content-Type: text/plain", "", "Sorry.", "--b/1", "Content-Type: message/delivery-status", "",
        "Reporting-MTA: dns; mx.example-cloud.test", "", f"Final-Recipient: rfc822; {at or letter.envelope_to[0]}",
        f"Action: {action}", "Status: 5.1.1", "Diagnostic-Code: smtp; 550 5.1.1 no such <b>user</b>", "", "--b/1",
        "Content-Type: message/rfc822", "", letter.raw.decode(errors="replace"), "--b/1--", ""])


def test_a_letter_that_comes_back_is_seen_and_told(install, receiver):
    receiver.start()
    ops = "ops@example-cloud.test"
    lockbox = ready(install(mail=receiver.url + "&bounces=bounces@example-cloud.test", operators=[ops]))
    request = asked(lockbox)
    letter = receiver.wait_for(AMY, request["id"])[0]
    other = receiver.wait_for(ADAM, request["id"])[0]
    assert re.fullmatch(r"bounces\+msg-\w{10}-[0-9a-f]{20}@example-cloud\.test", letter.envelope_from)
    assert letter.envelope_from != other.envelope_from and letter.envelope_from not in letter.raw.decode()

    def told(text):
        return lockbox.run("read-bounce", input=text).stdout

    assert "no delivery report" in told("Subject: I am away\n\nUntil Monday.\n")
    assert "nothing failed for good" in told(bounce(letter, action="delayed"))
    code = other.envelope_from.split("@")[0].rsplit("-", 1)[1]
    forged = re.sub(r"-[0-9a-f]{20}@", f"-{code}@", letter.envelope_from)
    assert "not addressed to an e-mail of ours" in told(bounce(letter, to=forged))
    assert "not about its recipient" in told(bounce(letter, at="amy@elsewhere.test")), "her own mail server sends it on"
    assert notices(lockbox, request["id"])["customerAsked", AMY]["state"] == "sent"

    assert "now on record" in told(bounce(letter))
    assert "nothing to do" in told(bounce(letter)), "a second copy of the report changes nothing"
    notice = notices(lockbox, request["id"])["customerAsked", AMY]
    assert notice["state"] == "bounced" and notice["lastReply"] == "5.1.1 550 5.1.1 no such <b>user</b>"
    assert "Amy" in receiver.wait_for(GITA, "cannot be reached")[0].text
    assert "550 5.1.1" in receiver.wait_for(ops)[0].text
    assert len(lockbox.api("gita").audit("contoso", activity="notice.undeliverable")) == 1
    lockbox.run("check-log")


def test_a_report_that_cannot_be_written_down_is_tried_again(install, receiver):
    receiver.start()
    lockbox = ready(install(mail=receiver.url))
    request = asked(lockbox)
    answer = lockbox.run("read-bounce", input=bounce(receiver.wait_for(AMY, request["id"])[0]), check=False)
    assert answer.returncode == 75 and "bounces=ADDRESS" in answer.stderr
