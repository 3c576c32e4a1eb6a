"""Queues that are worked through: many requests at once, the places on a phone, and the keys."""

import pytest

from lockbox_rig.browser import says
from lockbox_rig.world import World


@pytest.fixture(scope="module")
def there():
    world = World()
    try:
        yield world
    finally:
        world.lockbox.remember_files()
        world.stop()


@pytest.fixture
def come(there, open_browser):
    """Somebody signs in, with a profile of her own."""
    def come(name, size="wide", **how):
        profile = open_browser(there.lockbox.url, size=size, **how)
        return profile.sign_in(there.directory.people[name], there.password(name))
    return come


@pytest.mark.parametrize("script", [True, False], ids=["alive", "without script"])
def test_ticked_requests_are_denied_with_one_reason(there, come, script):
    first, second, left = (there.asked()["id"] for _ in range(3))
    adam = come("adam", "phone", script=script)
    adam.go("/lockbox?state=awaitingCustomer")
    for request in (first, second):
        adam.page.get_by_label(f"Tick {request}").check()
    adam.press("Deny the ticked…")
    says(adam, "Deny 2 requests")
    assert left not in adam.text() and first in adam.text() and second in adam.text()
    adam.check_width()
    there.gita.decide(second, "deny", comment="No.")
    assert there.eve.request(second)["state"] == "denied"
    adam.page.get_by_label("Reason for denying").fill("Ask us by phone first.")
    adam.press("Deny these 2 requests")
    says(adam, "1 of 2 requests denied")
    says(adam, "had denied it already")
    states = [there.eve.request(request)["state"] for request in (first, second, left)]
    assert states == ["denied", "denied", "awaitingCustomer"]
    adam.page.reload()
    says(adam, "1 of 2 requests denied")
    there.gita.decide(left, "deny", comment="No.")


@pytest.mark.parametrize("script", [True, False], ids=["alive", "without script"])
def test_all_access_is_stopped_at_once(there, come, script):
    requests = [there.approved()["id"] for _ in range(2)]
    adam = come("adam", "phone", script=script)
    adam.go("/lockbox/live")
    adam.press("Stop all 2…")
    says(adam, "All that is below ends now")
    assert all(request in adam.text() for request in requests)
    adam.press("Yes, stop these 2")
    says(adam, "All stopped: 2")
    for request in requests:
        assert there.eve.request(request)["state"] == "ended"
    adam.press("Live access")
    says(adam, "Live access")
    assert adam.page.get_by_role("link", name="Stop all").count() == 0


def test_the_place_where_one_is_can_be_seen_on_a_phone(come):
    gita = come("gita", "phone")
    for width in (320, 390, 640):
        gita.page.set_viewport_size({"width": width, "height": 844})
        for path in ("/overview", "/lockbox", "/lockbox/live", "/support", "/people", "/settings", "/audit"):
            gita.go(path)
            tab = gita.page.locator("nav.main a[aria-current]").bounding_box()
            assert tab["x"] >= 0 and tab["x"] + tab["width"] <= width, f"{path} at {width}: {tab}"


def test_the_number_that_waits_goes_down_with_the_decision(there, come):
    request = there.asked()["id"]
    adam = come("adam")
    adam.go(f"/lockbox/{request}")
    count = adam.page.locator("nav.main .count")
    assert count.inner_text().startswith("1")
    there.gita.decide(request, "deny", comment="No.")
    count.wait_for(state="detached")


def test_fields_that_hold_nothing_leave_the_address(come):
    adam = come("adam")
    adam.go("/lockbox")
    adam.page.get_by_label("Search").fill("LBX")
    adam.press("Show")
    adam.page.wait_for_url("**/lockbox?text=LBX")


def test_keys_move_open_and_tick_and_never_decide(there, come):
    request = there.asked()["id"]
    adam = come("adam")
    adam.go("/lockbox?state=awaitingCustomer")
    press = adam.page.keyboard.press
    press("j")
    assert adam.page.evaluate("document.activeElement.getAttribute('href')") == f"/lockbox/{request}"
    press("x")
    assert adam.page.locator(f'input[value="{request}"]').is_checked()
    press("/")
    adam.page.keyboard.type("gojx?")
    assert adam.page.get_by_label("Search").input_value() == "gojx?"
    adam.page.get_by_label("Search").fill("")
    adam.page.locator("h1").click()
    press("?")
    adam.page.get_by_role("dialog", name="Keyboard shortcuts").wait_for()
    adam.check_reach()
    adam.page.get_by_label("Use these shortcuts").uncheck()
    adam.press("Close")
    press("?")
    press("g")
    press("a")
    assert adam.path.startswith("/lockbox") and adam.page.get_by_role("dialog").count() == 0
    adam.go("/keys")
    adam.page.get_by_label("Use these shortcuts").check()
    adam.page.locator("h1").click()
    press("g")
    press("r")
    adam.page.wait_for_url("**/lockbox")
    press("j")
    press("o")
    adam.page.wait_for_url("**/lockbox/LBX-*")
    for key in "adyjkxoEnter".replace("Enter", ""):
        press(key)
    assert there.eve.request(request)["state"] == "awaitingCustomer"
    there.gita.decide(request, "deny", comment="No.")


def test_the_sheet_of_keys_is_a_page_without_script(come):
    adam = come("adam", script=False)
    assert adam.go("/keys").status == 200
    says(adam, "None of them approves, denies or stops anything.")
    adam.check_width()
