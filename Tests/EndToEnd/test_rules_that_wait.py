"""What is looser in a tenant's rules waits, and so do the approvals of whoever decides since just now."""

import pytest

from lockbox_rig.browser import says
from lockbox_rig.machine import wait_until
from lockbox_rig.portal import Visitor
from lockbox_rig.world import World

POLICY = "/v1/tenants/tailspin/policy"


@pytest.fixture(scope="module")
def there():
    """A world with a clock of its own; time only ever goes on in it. Tailspin needs two approvals."""
    world = World(clock_shifts=True)
    try:
        world.password("tim")
        yield world
    finally:
        world.lockbox.remember_files()
        world.stop()


@pytest.fixture
def come(there, open_browser):
    def come(name, size="wide", **how):
        profile = open_browser(there.lockbox.url, size=size, **how)
        return profile.sign_in(there.directory.people[name], there.password(name))
    return come


def give_password(there, profile, name, form):
    """Where the page asks who she is."""
    field = profile.page.locator(f'form[action="{form}"] input[type=password]')
    if field.count():
        field.fill(there.password(name))


def policy(there):
    return there.tim.get(POLICY).json


def waiting(there):
    return there.tim.get(f"{POLICY}/changes").json["items"]


def asks_for_longer_access(there, tim, hours):
    """The administrator asks for it at the portal."""
    tim.go("/settings")
    tim.page.locator("input[name=cap]").fill(str(hours))
    tim.press("Review the change")
    says(tim, "does not hold at once")
    give_password(there, tim, "tim", "/settings")
    tim.press("Confirm")
    says(tim, "Asked for. What waits is shown below")
    return waiting(there)[0]["id"]


def is_told(there, name, words):
    def told():
        return any(words in " ".join(letter.text.split())
                   for letter in there.smtp.letters(there.directory.people[name], "Changed: people or rules"))
    return wait_until(told, 15, f"a letter to {name} that says {words!r}", 0.1)


def test_one_administrator_asks_and_an_approver_agrees(there, come):
    before = policy(there)
    tim = come("tim")
    change = asks_for_longer_access(there, tim, 8)
    assert policy(there) == before
    for name in ("tim", "tom", "tia"):
        assert is_told(there, name, "Looser rules were asked for, and do not hold yet")

    tom = come("tom", "phone")
    tom.go("/settings")
    says(tom, "Asked for, and not so yet")
    assert tom.page.get_by_role("button", name="Stop it").count() == 0, "approvers agree, administrators stop"
    form = f"/settings/rules/{change}/agree"
    give_password(there, tom, "tom", form)
    tom.press("Agree")
    says(tom, "Settings saved.")
    assert policy(there)["maxAccess"] == "PT8H"
    assert waiting(there) == []


def test_an_administrator_stops_it(there, come):
    before = policy(there)
    tim = come("tim")
    asks_for_longer_access(there, tim, 9)
    tim.press("Stop it")
    says(tim, "Stopped. The rules stay as they are.")
    there.clock.advance(hours=25)
    assert policy(there) == before


def test_it_holds_when_the_time_is_over_and_survives_a_restart(there, come):
    tim = come("tim")
    asks_for_longer_access(there, tim, 10)
    there.lockbox.stop()
    there.lockbox.start()
    there.clock.advance(hours=23)
    assert policy(there)["maxAccess"] == "PT8H"
    there.clock.advance(hours=1, minutes=1)
    wait_until(lambda: policy(there)["maxAccess"] == "PT10H", 15, "the looser rules hold", 0.1)


def test_over_the_api_stricter_rules_hold_and_end_what_waits(there):
    before = there.tim.get(POLICY)
    rules = {name: before.json[name] for name in ("requireApproval", "decisionWindow", "maxAccess", "approvalsNeeded")}
    asked = there.tim.put(POLICY, {**rules, "requireApproval": False}, If_Match=before.headers["etag"])
    assert asked.status == 202, asked
    assert asked.json["requireApproval"] is True and asked.json["waiting"]["requireApproval"] is False
    stricter = there.tim.put(POLICY, {**rules, "maxAccess": "PT1H"}, If_Match=asked.headers["etag"])
    assert stricter.status == 200, stricter
    assert waiting(there) == []
    change = asked.json["waiting"]["id"]
    assert there.tia.post(f"{POLICY}/changes/{change}/agree", {}).status == 404


def test_a_new_approver_waits_or_is_confirmed(there, come):
    tess = there.tim.get("/v1/tenants/tailspin/people").json["items"]
    tess = next(person["id"] for person in tess if person["email"] == there.directory.people["tess"])
    tim = come("tim")
    tim.go(f"/people/{tess}")
    tim.page.locator("input[name=role][value=approver]").check()
    give_password(there, tim, "tim", f"/people/{tess}")
    tim.press("Save")
    says(tim, "Approvals do not count yet")

    request = there.asked("tailspin")["id"]
    visitor = Visitor(there.lockbox.port).sign_in(there.directory.people["tess"], there.password("tess"))
    assert "Your approvals count from" in visitor.get(f"/lockbox/{request}").words
    refused = there.tess.decide(request, "approve")
    assert (refused.status, refused.json["code"]) == (409, "decidesLater"), refused

    tia = come("tia", "phone")
    tia.go("/people")
    says(tia, "Approvals count from")
    tia.go(f"/people/{tess}")
    give_password(there, tia, "tia", f"/people/{tess}/confirm")
    tia.press("Confirm")
    says(tia, "Confirmed, and recorded.")
    assert there.tess.decide(request, "approve").status < 300
    assert there.tom.decide(request, "approve").status < 300
    assert there.eve.request(request)["state"] == "active"
