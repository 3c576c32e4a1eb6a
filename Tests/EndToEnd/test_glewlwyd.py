"""People of an organisation whose OpenID provider is glewlwyd, in a real browser."""

import sqlite3

import pytest
from playwright.sync_api import expect

from lockbox_rig.browser import APPROVE
from lockbox_rig.glewlwyd import Glewlwyd
from lockbox_rig.machine import Scratch, wait_until
from test_single_sign_on import AMY, SUE, Installation

MALLORY = "mallory@elsewhere.test"


@pytest.fixture(scope="module")
def provider():
    scratch = Scratch("glewlwyd")
    glewlwyd = None
    try:
        glewlwyd = Glewlwyd(scratch.path / "glewlwyd")
        glewlwyd.add(AMY)
        glewlwyd.add(SUE, verified=False)
        glewlwyd.add(MALLORY)
        yield glewlwyd
    finally:
        if glewlwyd:
            glewlwyd.stop()
        scratch.remove()


@pytest.fixture(scope="module")
def installed(provider):
    installation = Installation(provider)
    try:
        provider.admit(installation.lockbox.url)
        yield installation
    finally:
        installation.stop()


def give_password(profile, provider, email):
    """At glewlwyd's page, where Lockbox has the address filled in if it was given there."""
    expect(profile.page.get_by_label("Password")).to_be_visible()
    assert profile.page.url.startswith(provider.issuer.removesuffix("/api/oidc"))
    login = profile.page.get_by_label("Login")
    if "login_hint=" in profile.page.url:
        # Its script fills this in when it likes, also into the middle of what is being typed.
        expect(login).to_have_value(email)
    else:
        login.fill(email)
    profile.page.get_by_label("Password").fill(provider.passwords[email])
    profile.press("OK")


def agree(profile):
    """Which is asked of everybody once for each client."""
    for scope in ("email", "profile"):
        profile.page.get_by_label(scope, exact=True).check()
    profile.press("Grant access")
    expect(profile.page.get_by_text("What do you wish for?")).to_be_visible()


def go_on(profile):
    """From what glewlwyd shows of itself back to whoever asked."""
    profile.page.get_by_role("button", name="Continue").click()


def test_an_approver_signs_in_there_and_is_where_she_wanted_to_be(installed, provider, open_browser):
    amy = open_browser(installed.lockbox.url)
    amy.go("/sign-in?next=/lockbox")
    amy.page.get_by_label("E-mail address").fill(AMY)
    amy.press("Go on")
    expect(amy.page.get_by_label("Login")).to_have_value(AMY)
    give_password(amy, provider, AMY)
    agree(amy)
    go_on(amy)
    amy.page.wait_for_url("**/lockbox")
    assert amy.page.url == installed.lockbox.url + "/lockbox" and "Amy Tran" in amy.page.inner_text("body")
    assert installed.activities()[:2] == ["signIn.succeeded", "identity.linked"]


def test_a_decision_waits_for_a_confirmation_that_says_when_she_was_asked(installed, provider, open_browser):
    """glewlwyd asks for her password again, but in the code flow its tokens never say when (`auth_time` is 0)."""
    request = installed.ask()
    amy = open_browser(installed.lockbox.url)
    amy.go(f"/t/contoso?next=/lockbox/{request}")
    give_password(amy, provider, AMY)
    go_on(amy)
    amy.page.wait_for_url(f"**/lockbox/{request}")
    # A browser whose sign-in is not fresh any more, without waiting ten minutes for it.
    with sqlite3.connect(installed.lockbox.database) as database:
        database.execute("UPDATE portal_session SET confirmed_at = confirmed_at - 3600000")
    amy.go(f"/lockbox/{request}")
    amy.page.locator("#decide").get_by_role("link", name="confirm at").first.click()
    give_password(amy, provider, AMY)
    with amy.page.expect_response("**/oidc/callback?*") as answer:
        go_on(amy)
    assert answer.value.status == 403, amy.text()
    amy.go(f"/lockbox/{request}")
    amy.press(APPROVE)
    expect(amy.page.get_by_text("First confirm where you signed in")).to_be_visible()
    assert installed.lockbox.api("eve").get(f"/v1/requests/{request}").json["state"] == "awaitingCustomer"


def test_signing_out_there_signs_out_here(installed, provider, open_browser):
    amy = open_browser(installed.lockbox.url)
    amy.go("/t/contoso?next=/lockbox")
    give_password(amy, provider, AMY)
    go_on(amy)
    amy.page.wait_for_url("**/lockbox")
    # What glewlwyd's own page does when she says yes to ending her session.
    session = next(one["value"] for one in amy.context.cookies() if one["name"] == "GLEWLWYD2_OIDC_SID")
    assert amy.context.request.delete(f"{provider.issuer}/session/{session}/").ok
    wait_until(lambda: installed.activities()[0] == "sessions.endedByProvider", what="glewlwyd to tell Lockbox")
    amy.go("/lockbox")
    assert amy.path.startswith("/sign-in")


@pytest.mark.parametrize("email, words", [
    (MALLORY, "in no domain that belongs to your organisation"),
    (SUE, "does not say that an e-mail address is yours"),
])
def test_somebody_for_whom_it_may_not_speak_is_turned_away(installed, provider, open_browser, email, words):
    somebody = open_browser(installed.lockbox.url)
    somebody.go("/t/contoso")
    give_password(somebody, provider, email)
    agree(somebody)
    with somebody.page.expect_response("**/oidc/callback?*") as answer:
        go_on(somebody)
    assert answer.value.status == 403 and words in somebody.text()
    assert somebody.go("/lockbox").url.startswith(installed.lockbox.url + "/sign-in")
