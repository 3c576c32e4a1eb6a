"""The request tool in a real browser: from a support request to the end of access, with and without the script."""

import re

import pytest

from lockbox_rig.dovecot import Refused, imap_login, subjects
from lockbox_rig.world import SUES_SUBJECTS


def came_in(world, open_browser, name, **how):
    profile = open_browser(world.lockbox.url, **how)
    password = world.password(name)
    profile.go("/")
    profile.sign_in(world.directory.people[name], password)
    return profile


@pytest.mark.parametrize("script", [True, False])
def test_from_a_support_request_to_the_end_of_access(world, open_browser, script):
    number = world.support_request()
    eve = came_in(world, open_browser, "eve", script=script)
    page = eve.page
    eve.go(f"/requests/new?tenant=contoso&support={number}")
    page.get_by_label("mailbox sue@contoso.test", exact=False).first.check()
    page.get_by_label("Time").fill("30")
    page.get_by_label("Unit").select_option("minutes")
    page.get_by_label("Why you need it").fill("Find out why the letters of this morning are missing.")
    eve.press("Preview")
    assert "Nothing is sent yet" in eve.text() and "30 minutes" in eve.text()
    eve.press("Send")
    request = re.search(r"LBX-\w{10}", eve.path).group()
    assert "Sent. A manager reviews it first" in eve.text()

    mark = came_in(world, open_browser, "mark", script=script)
    assert request in mark.text()
    mark.go(f"/requests/{request}")
    mark.press("Approve")
    assert "Waiting for the customer" in mark.text()
    assert world.adam.decide(request, "approve").status == 200

    eve.go(f"/requests/{request}")
    eve.press("Get a credential for the mailbox sue@contoso.test")
    token, user = page.get_by_label("Token").input_value(), page.get_by_label("Login name").input_value()
    assert token not in page.url
    assert subjects(imap_login(world.support.port, user, token)) == SUES_SUBJECTS
    if script:
        # Whoever looks at another window and comes back still has the secret.
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        page.wait_for_timeout(1500)
        assert page.get_by_label("Token").input_value() == token

    eve.go(f"/requests/{request}#finish")
    page.locator("#finish > summary").click()
    eve.press("Finish this access")
    assert "Access is over: finished by Eve Park." in eve.text()
    with pytest.raises(Refused):
        imap_login(world.support.port, user, token)
