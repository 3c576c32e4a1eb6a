"""Questions on an access request, and which letters a person wants."""

import concurrent.futures

import pytest

from lockbox_rig.api import seconds
from lockbox_rig.lockboxd import cli
from lockbox_rig.machine import wait_until

ADAM, AMY, GITA = "adam@contoso.test", "amy@contoso.test", "gita@contoso.test"
EVE, MARK = "eve@example-cloud.test", "mark@example-cloud.test"
QUESTION = "Do you need to see\nthe drafts as well?"


def post(api, request, text=QUESTION, **more):
    return api.post(f"/v1/requests/{request['id']}/messages", {"text": text}, **more)


def thread(api, request):
    return api.items(f"/v1/requests/{request['id']}/messages")


def kinds(world, request, *wanted):
    """Each letter of these kinds as kind and recipient, whatever became of it."""
    return sorted(
        (letter["kind"], letter["recipient"]["email"]) for letter in world.adam.notices(request["id"])
        if letter["kind"] in wanted and letter["state"] != "cancelled")


# Questions

def test_a_question_reaches_the_engineer_and_its_answer_who_asked(world):
    request = world.asked()
    tag = request["version"]
    before = len(world.smtp.letters())

    asked = post(world.adam, request)
    assert asked.status == 201, asked
    message = asked.json
    assert (message["number"], message["side"], message["text"]) == (1, "customer", QUESTION)
    assert message["by"]["email"] == ADAM and seconds(message["at"])
    letter = world.smtp.wait_for(EVE, request["id"], since=before)[0]
    assert "question" in letter.subject.lower() and "Contoso Ltd has a question" in letter.text
    assert "UTC" in letter.text, "until when it must be decided"
    assert "drafts" not in letter.text + letter.html, "what people wrote is read in the portal"

    answered = post(world.eve, request, "No, the index alone.")
    assert (answered.status, answered.json["number"], answered.json["side"]) == (201, 2, "provider")
    letter = world.smtp.wait_for(ADAM, f"Answer to your question: access request {request['id']}", since=before)[0]
    assert "UTC" in letter.text and "index alone" not in letter.text + letter.html
    assert kinds(world, request, "questionAsked", "questionAnswered") == [
        ("questionAnswered", ADAM), ("questionAsked", EVE)], "who did not ask is not bothered"

    for reader in (world.adam, world.amy, world.gita, world.alan, world.eve, world.ed, world.mark, world.olga):
        assert [(one["number"], one["text"]) for one in thread(reader, request)] == [
            (1, QUESTION), (2, "No, the index alone.")]

    # The clock went on, and the form that was open before is not stale.
    after = world.adam.request(request["id"])
    assert (after["version"], after["decideBy"]) == (tag, request["decideBy"])
    assert world.adam.decide(request["id"], "approve", version=tag).status < 300


def test_the_thread_is_in_the_audit_log(world):
    request = world.asked()
    post(world.gita, request)
    post(world.mark, request, "I reviewed it: the index alone.")
    records = world.alan.audit("contoso", request=request["id"], activity="request.message")
    assert [(one["actor"]["name"], one["data"]["number"], one["texts"]["message"]["text"]) for one in records] == [
        ("Mark Lee", 2, "I reviewed it: the index alone."), ("Gita Rao", 1, QUESTION)]
    assert all("drafts" not in one["leaf"] for one in records), "the leaf holds a commitment"
    assert {one["data"]["version"] for one in records} == {request["version"]}
    assert world.alan.audit("contoso", request=request["id"], text="drafts")


def test_without_a_question_the_provider_writes_to_all_approvers(world):
    request = world.asked()
    assert post(world.eve, request, "I shall begin at noon.").status == 201
    wait_until(lambda: len(kinds(world, request, "questionAnswered")) == 3, 5, "three letters", 0.1)
    assert kinds(world, request, "questionAsked", "questionAnswered") == [
        ("questionAnswered", who) for who in (ADAM, AMY, GITA)]


@pytest.mark.parametrize("who", ["fay", "fiona", "fred"])
def test_for_another_tenant_there_is_no_thread(world, who):
    request = world.asked()
    post(world.adam, request)
    stranger = world.apis[who]
    for number in (request["id"], "LBX-0000000000"):
        for answer in (stranger.get(f"/v1/requests/{number}/messages"), post(stranger, {"id": number})):
            assert (answer.status, answer.code) == (404, "notFound")
    assert len(thread(world.adam, request)) == 1


@pytest.mark.parametrize("who, reads", [
    ("sue", False), ("sam", False), ("alan", True), ("ed", True), ("olga", True)])
def test_others_do_not_write(world, who, reads):
    request = world.asked()
    answer = post(world.apis[who], request)
    # Sam sees nothing of a request about somebody else's problem; the others see it.
    assert (answer.status, answer.code) == ((404, "notFound") if who == "sam" else (403, "notPermitted"))
    assert world.apis[who].get(f"/v1/requests/{request['id']}/messages").status == (200 if reads else 404)
    assert world.lockbox.api().get(f"/v1/requests/{request['id']}/messages").status == 401
    assert thread(world.adam, request) == []


def test_what_is_over_takes_no_messages(world):
    rejected, withdrawn = world.submitted(), world.asked()
    world.mark.decide(rejected["id"], "deny", comment="Ask for less.")
    world.eve.post(f"/v1/requests/{withdrawn['id']}/withdraw")
    ended = world.approved()
    assert post(world.adam, ended).status == 201, "while access is open"
    world.eve.post(f"/v1/requests/{ended['id']}/finish")
    for request in (rejected, withdrawn, ended):
        for person in (world.adam, world.eve, world.mark):
            answer = post(person, request)
            assert (answer.status, answer.code) == (409, "wrongState"), answer
    assert [one["number"] for one in thread(world.adam, ended)] == [1], "what was written stays"


def test_texts_have_limits(world):
    request = world.asked()
    path = f"/v1/requests/{request['id']}/messages"
    assert post(world.adam, request, "x" * 2000).status == 201
    for body in ({"text": "x" * 2001}, {"text": ""}, {"text": " \n "}, {"text": "a\u0000b"}, {"text": "a\u202eb"},
                 {"text": None}, {"text": 1}, {}):
        answer = world.adam.post(path, body)
        assert answer.status in (400, 422) and answer.fields == ["text"], (body, answer)
    assert world.adam.post(path, {"text": "Hello", "urgent": True}).code == "unknownMember"
    assert len(thread(world.adam, request)) == 1


def test_a_thread_ends_at_a_hundred_and_a_retry_writes_once(world):
    request = world.asked()
    first = post(world.adam, request, key="once")
    again = post(world.adam, request, key="once")
    assert again.status == 201 and again.json == first.json
    assert post(world.adam, request, "Another", key="once").code == "idempotencyKeyReused"
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: post(world.eve, request, f"Line {number}"), range(101)))
    assert sorted(answer.status for answer in answers) == [201] * 99 + [409] * 2
    assert {answer.code for answer in answers if answer.status == 409} == {"limitReached"}
    assert [one["number"] for one in thread(world.adam, request)] == list(range(1, 101))


def test_the_command_line_asks_and_shows_the_thread(world):
    request = world.asked()
    without = cli(world.lockbox.url, world.adam.token, "request", "show", request["id"]).stdout
    assert "Messages" not in without
    said = cli(world.lockbox.url, world.adam.token, "request", "ask", request["id"], "Which drafts?").stdout
    assert "Which drafts?" in said
    for person, name in ((world.eve, "Contoso Ltd’s approver"), (world.gita, "Adam Cole")):
        shown = cli(world.lockbox.url, person.token, "request", "show", request["id"]).stdout
        assert "Messages" in shown and f"1. {name} (customer)" in shown and "Which drafts?" in shown
    # Sue may see the request about her problem, but not what others wrote.
    hers = cli(world.lockbox.url, world.sue.token, "request", "show", request["id"]).stdout
    assert request["id"] in hers and "Which drafts?" not in hers


# Letters that only inform

@pytest.fixture
def muting(world):
    """Switches letters off for a test."""
    muted = []

    def mute(name, *letters):
        muted.append(name)
        return world.apis[name].put("/v1/me/letters", {"muted": list(letters)})

    yield mute
    for name in muted:
        assert world.apis[name].put("/v1/me/letters", {"muted": []}).json == {"muted": []}


def test_who_muted_letters_gets_only_those_that_matter(world, muting):
    assert world.amy.get("/v1/me/letters").json == {"muted": []}
    answer = muting("amy", "accessReports", "reminders", "accessBegan")
    assert (answer.status, answer.json) == (200, {"muted": ["reminders", "accessBegan", "accessReports"]})
    assert world.amy.get("/v1/me/letters").json == answer.json

    before = len(world.smtp.letters())
    request = world.asked()
    # A question decided before its letter left is not mailed.
    world.smtp.wait_for(ADAM, request["id"])
    world.adam.decide(request["id"], "approve")
    world.smtp.wait_for(ADAM, request["id"], count=2)
    world.eve.post(f"/v1/requests/{request['id']}/finish")
    assert world.smtp.wait_for(ADAM, request["id"], count=3, since=before)
    told = [letter["kind"] for letter in world.amy.notices(request["id"]) if letter["recipient"]["email"] == AMY]
    # Who was asked hears how it was settled, where the letter that would say so is muted.
    assert sorted(told) == ["customerAsked", "settled"]
    denied = world.asked()
    world.eve.post(f"/v1/requests/{denied['id']}/withdraw")
    assert ("withdrawn", AMY) in kinds(world, denied, "withdrawn"), "an outcome is always told"


def test_reminders_that_wait_are_stopped(world, muting):
    request = world.asked()
    assert len(kinds(world, request, "reminder", "lastReminder")) == 6
    muting("amy", "reminders")
    assert [who for _, who in kinds(world, request, "reminder", "lastReminder")] == [ADAM, GITA] * 2


def test_apply_leaves_a_persons_choice_and_the_log_tells_of_it(world, muting):
    muting("gita", "accessBegan")
    world.lockbox.apply()
    assert world.gita.get("/v1/me/letters").json == {"muted": ["accessBegan"]}
    record = world.alan.audit("contoso", activity="person.changed", person=GITA)[0]
    assert record["data"]["mutedLetters"] == ["accessBegan"] and record["actor"]["name"] == "Gita Rao"


@pytest.mark.parametrize("body, field", [
    ({}, "muted"), ({"muted": None}, "muted"), ({"muted": "reminders"}, "muted"),
    ({"muted": ["customerAsked"]}, "muted[0]"), ({"muted": ["reminders", "all"]}, "muted[1]"),
    ({"muted": ["reminders", "reminders"]}, "muted[1]"), ({"muted": [], "person": "gita"}, "person")])
def test_nothing_else_can_be_muted(world, body, field):
    answer = world.adam.put("/v1/me/letters", body)
    assert answer.status in (400, 422) and answer.fields == [field], answer
    assert world.adam.get("/v1/me/letters").json == {"muted": []}
