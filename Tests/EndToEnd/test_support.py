"""Support requests that are answered, closed and reopened."""

import pytest

from lockbox_rig.api import mailbox
from lockbox_rig.lockboxd import cli

SUE, EVE = "sue@contoso.test", "eve@example-cloud.test"
ANSWER = "We restarted the delivery.\nDoes it work now?"


def write(api, number, text=ANSWER, **more):
    return api.post(f"/v1/support-requests/{number}/messages", {"text": text}, **more)


def move(api, number, verb, **body):
    return api.post(f"/v1/support-requests/{number}/{verb}", body)


def state(api, number):
    return api.get(f"/v1/support-requests/{number}").json["state"]


def test_an_answer_and_a_reply_are_told_by_mail_and_read_inside(world):
    number = world.support_request()
    before = len(world.smtp.letters())
    assert write(world.eve, number).status == 201
    assert state(world.sue, number) == "answered"
    letter = world.smtp.wait_for(SUE, f"support request {number}", since=before)[0]
    assert "delivery" not in letter.text + letter.html, "what people wrote is read in the portal"
    assert write(world.sue, number, "No.").status == 201
    assert state(world.eve, number) == "open"
    world.smtp.wait_for(EVE, f"Reply from the customer: support request {number}", since=before)
    found = world.alan.audit("contoso", activity="support.message", text="delivery")
    assert found and all("delivery" not in one["leaf"] for one in found), "the leaf holds a commitment"


def test_a_closed_one_is_no_ground_for_access_at_any_door(world):
    request = world.asked()
    number = request["supportRequest"]
    assert move(world.sue, number, "close", comment="Thanks.").json["state"] == "closed"
    taken = world.eve.request(request["id"])
    assert taken["state"] == "withdrawn"
    again = world.eve.submit("contoso", number, [mailbox(SUE)])
    assert (again.status, again.code) == (409, "supportRequestClosed") and "Reopen" in again.json["detail"]
    done = cli(world.lockbox.url, world.eve.token, "request", "new", "--support-request", number, "--tenant", "contoso",
               "--resource", f"mailbox:{SUE}:read", "--duration", "1h", "--reason", "Look once more into it.", check=False)
    assert done.returncode == 1 and "Reopen" in done.stderr
    assert write(world.eve, number).code == "supportRequestClosed"
    assert move(world.eve, number, "reopen").json["state"] == "open"
    assert world.eve.submit("contoso", number, [mailbox(SUE)]).status == 201


@pytest.mark.parametrize("who, status", [("fay", 404), ("fiona", 404), ("sam", 404), ("alan", 403), ("mark", 403)])
def test_others_move_nothing(world, who, status):
    number = world.support_request()
    api = world.apis[who]
    for answer in (write(api, number), move(api, number, "close"), move(api, number, "reopen")):
        assert answer.status == status, answer
    assert state(world.sue, number) == "open"


def test_the_command_line_replies_closes_and_lists(world):
    number = world.approved()["supportRequest"]

    def lockbox(person, *arguments):
        return cli(world.lockbox.url, person.token, "support", *arguments)

    assert ANSWER.splitlines()[0] in lockbox(world.eve, "reply", number, ANSWER, "--tenant", "contoso").stdout
    shown = lockbox(world.sue, "show", number).stdout
    assert "answered" in shown and "Eve Park (provider)" in shown and "Does it work now?" in shown
    closed = lockbox(world.sue, "close", number, "--comment", "It does.")
    assert f"{number} is closed." in closed.stdout and "Still active: LBX-" in closed.stderr
    assert number in lockbox(world.eve, "list", "--state", "closed", "--tenant", "contoso").stdout
    assert "is open." in lockbox(world.eve, "reopen", number, "--tenant", "contoso").stdout


def test_the_command_line_lists_what_there_is_to_ask_for(world):
    assert "contoso" in cli(world.lockbox.url, world.eve.token, "tenants").stdout
    listed = cli(world.lockbox.url, world.eve.token, "resources", "contoso", "--find", "SUE").stdout
    assert f"mailbox:{SUE}" in listed and "mailbox:adam" not in listed
    unnamed = cli(world.lockbox.url, world.eve.token, "resources", check=False)
    assert unnamed.returncode == 2 and "lockbox tenants" in unnamed.stderr
