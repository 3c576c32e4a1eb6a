"""A program of the provider asks for access: who decides reads it, who gets the access is said, and a tenant can refuse."""

import pytest

from lockbox_rig.api import mailbox
from lockbox_rig.lockboxd import cli
from lockbox_rig.machine import Scratch
from lockbox_rig.place import Place
from lockbox_rig.portal import Visitor
from lockbox_rig.smtp import Certificates, SMTPReceiver
from lockbox_rig.world import SUE

BOT, EVE, ADAM, MARK = (
    "backup-bot@example-cloud.test", "eve@example-cloud.test", "adam@contoso.test", "mark@example-cloud.test")
PROGRAM = {"email": BOT, "name": "Backup checker", "roles": ["engineer"], "program": True}
MARKED = "Backup checker (a program)"


@pytest.fixture(scope="module")
def place():
    scratch = Scratch("programs-mail")
    smtp = SMTPReceiver(scratch.path / "smtp", Certificates(scratch.path / "certificates")).start()
    people = ("eve", "mark", "sue", "adam", "gita", "alan", "backup-bot")
    try:
        with Place.running(
                "programs", people=people, mail=smtp.url,
                adjust=lambda directory: directory.content["provider"]["people"].append(PROGRAM)) as there:
            there.smtp, there.bot = smtp, getattr(there, "backup-bot")
            there.adams_password = there.lockbox.password(ADAM)
            there.adam = there.lockbox.api("adam")
            yield there
    finally:
        smtp.stop()
        scratch.remove()


def asked(place, **more):
    answer = place.bot.submit("contoso", place.support, [mailbox(SUE)], **more)
    assert answer.status == 201, answer
    return answer.json


def test_program_asks_for_an_engineer_who_alone_gets_the_access(place):
    request = asked(place, engineer=EVE)
    number = request["id"]
    assert request["engineer"]["email"] == EVE and "program" not in request["engineer"]
    assert request["askedBy"] == {
        "id": request["askedBy"]["id"], "name": "Backup checker", "email": BOT, "program": True}

    letter = place.smtp.wait_for(MARK, number)[0]
    assert letter.subject.startswith("Request of a program"), letter.subject
    assert f"{MARKED} asks on behalf of Eve Park" in letter.text
    letter = place.smtp.wait_for(EVE, number)[0]
    assert letter.subject.startswith("A program asks for access on your behalf")

    assert place.mark.decide(number, "approve").status < 300
    letter = place.smtp.wait_for(ADAM, number)[0]
    assert letter.subject.startswith("A program of Example Cloud asks"), letter.subject
    assert f"{MARKED} of Example Cloud asks on behalf of Eve Park" in letter.text

    adam = Visitor(place.lockbox.port)
    adam.sign_in(ADAM, place.adams_password)
    page = adam.get(f"/lockbox/{number}").words
    assert f"{MARKED} of Example Cloud asks on behalf of Eve Park" in page
    assert f"Eve Park, asked for by {MARKED}" in adam.get("/lockbox").words

    answer = place.bot.decide(number, "approve")
    assert (answer.status, answer.code) == (403, "scopeMissing"), answer
    assert place.adam.decide(number, "approve").status < 300
    refused = place.bot.credential(number)
    assert (refused.status, refused.code) == (403, "notPermitted"), refused
    assert place.eve.credential(number).status == 201
    records = place.alan.audit("contoso", request=number, activity="request.submitted")
    assert records[0]["data"]["askedBy"] == request["askedBy"]["id"]
    assert records[0]["actor"]["name"] == MARKED


def test_program_asks_for_itself_sees_its_own_alone_and_takes_it_back(place):
    others = place.eve.submit("contoso", place.support, [mailbox(SUE)]).json["id"]
    own = asked(place)
    assert own["engineer"]["program"] is True and own["askedBy"] == own["engineer"]
    seen = [one["id"] for one in place.bot.items("/v1/requests")]
    assert own["id"] in seen and others not in seen
    assert place.bot.get(f"/v1/requests/{others}").status == 404
    place.eve.post(f"/v1/requests/{others}/withdraw", {})
    shown = cli(place.lockbox.url, place.adam.token, "request", "show", own["id"]).stdout
    assert MARKED in shown
    taken = place.bot.post(f"/v1/requests/{own['id']}/withdraw", {})
    assert taken.status == 200 and taken.json["state"] == "withdrawn"


def test_command_line_asks_for_an_engineer(place):
    done = cli(
        place.lockbox.url, place.bot.token, "request", "new", "--support-request", place.support, "--tenant", "contoso",
        "--duration", "1h", "--resource", f"mailbox:{SUE}", "--reason", "The backup of it is damaged.", "--for", EVE)
    number = done.stdout.split()[-1]
    shown = cli(place.lockbox.url, place.mark.token, "request", "show", number).stdout
    assert "Asked by" in shown and MARKED in shown and "Eve Park" in shown
    place.eve.post(f"/v1/requests/{number}/withdraw", {})
    letter = place.smtp.wait_for(EVE, number)[0]
    assert letter.subject.startswith("A program asks")


@pytest.mark.parametrize("engineer, code", [
    (MARK, "unknownPerson"), ("nobody@example-cloud.test", "unknownPerson"), (ADAM, "unknownPerson")])
def test_whom_a_program_cannot_ask_for(place, engineer, code):
    answer = place.bot.submit("contoso", place.support, [mailbox(SUE)], engineer=engineer)
    assert (answer.status, answer.code, answer.fields) == (422, code, ["engineer"]), answer


def test_people_name_nobody_else(place):
    answer = place.eve.submit("contoso", place.support, [mailbox(SUE)], engineer="ed@example-cloud.test")
    assert (answer.status, answer.fields) == (422, ["engineer"]), answer


def test_program_has_no_way_in_but_tokens(place):
    for command, more in (("password", {"input": "correct horse battery\n"}), ("invite", {})):
        refused = place.lockbox.run(command, "--person", BOT, check=False, **more)
        assert refused.returncode != 0 and "is a program" in refused.stderr, refused
    refused = place.lockbox.run("token", "--person", BOT, "--scope", "decide", check=False)
    assert refused.returncode != 0 and "read and ask alone" in refused.stderr, refused
    before = len(place.smtp.letters(BOT))
    known, unknown = (
        Visitor(place.lockbox.port).post("/sign-in", {"email": address, "password": "correct horse battery", "next": "/"})
        for address in (BOT, "nobody@example-cloud.test"))
    assert known.status == unknown.status == 422 and known.words == unknown.words
    asking = Visitor(place.lockbox.port)
    known, unknown = (
        asking.post("/forgotten-password", {"email": address}) for address in (BOT, "nobody@example-cloud.test"))
    assert known.status == unknown.status and known.location == unknown.location
    place.smtp.settle()
    assert len(place.smtp.letters(BOT)) == before


def test_file_says_what_is_a_program_once_and_for_all(place):
    entry = place.lockbox.directory.person(BOT)
    for change in ({"program": False}, {"roles": ["engineer", "manager"]}):
        kept = dict(entry)
        entry.update(change)
        done = place.lockbox.apply(check=False)
        assert done.returncode != 0 and "program" in done.stderr, done
        entry.clear()
        entry.update(kept)
    assert place.lockbox.apply().returncode == 0


def test_tenant_that_refuses_programs_keeps_nothing_of_them(place):
    waiting = asked(place, engineer=EVE)["id"]
    said = cli(place.lockbox.url, place.gita.token, "policy", "set", "--no-allow-programs").stdout
    assert "Programs may ask" in said and said.split("Programs may ask")[1].split()[0] == "no", said
    for more in ({}, {"engineer": EVE}):
        answer = place.bot.submit("contoso", place.support, [mailbox(SUE)], **more)
        assert (answer.status, answer.code) == (403, "programsRefused"), answer
    taken = place.eve.request(waiting)
    assert taken["state"] == "withdrawn"
    letter = place.smtp.wait_for(EVE, waiting, count=2)[-1]
    assert "was withdrawn" in letter.text
    assert place.eve.submit("contoso", place.support, [mailbox(SUE)]).status == 201
    cli(place.lockbox.url, place.gita.token, "policy", "set", "--allow-programs")
    place.lockbox.check_log()
