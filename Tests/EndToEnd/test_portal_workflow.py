"""The whole workflow by hand, in real browsers: everybody with a profile of her own, the approver on a phone."""

import re
import urllib.parse

import pytest

from lockbox_rig.api import mailbox
from lockbox_rig.browser import APPROVE, says
from lockbox_rig.dovecot import IdleWatcher
from lockbox_rig.machine import wait_until
from lockbox_rig.portal import Visitor
from lockbox_rig.world import SUE, SUES_SUBJECTS, World

# Would open a dialog if it came out as markup, which fails every test (see `Profile`).
HOSTILE = '<script>alert("x")</script><img src=x onerror="alert(1)"> "\' &amp; </textarea> {{name}}'


@pytest.fixture(scope="module")
def there():
    """A world with a clock of its own; time only ever goes on in it."""
    world = World(clock_shifts=True)
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


def fold(profile, text):
    """Opens what is folded under `text`."""
    profile.page.locator("summary", has_text=re.compile(rf"^\s*{re.escape(text)}")).first.click()


def records(there, tenant="contoso"):
    """How long the tenant's log is."""
    return int(there.gita.get(f"/v1/tenants/{tenant}/log/checkpoint").body.decode().splitlines()[1])


def opened_support_request(come, subject="I see no mail", script=True):
    sue = come("sue", "phone", script=script)
    sue.go("/support")
    sue.press("Open a support request")
    sue.page.get_by_label("What is wrong").fill(subject)
    sue.page.get_by_label("What happens").fill("Since Monday my mailbox is empty.")
    sue.press("Open the support request")
    says(sue, "Nobody from Example Cloud has asked for access")
    return sue.path.split("/")[2].split("?")[0]


def asked_for_access(come, number, script=True):
    """Eve asks, starting from the support request; gives her browser, at the request's page."""
    eve = come("eve", script=script)
    eve.go(f"/support/{number}?tenant=contoso")
    eve.press("Ask for access")
    picked = eve.page.locator("input[name=pick]").and_(eve.page.get_by_label(re.compile(re.escape(SUE))))
    picked.check()
    eve.page.get_by_label(re.compile("What you do with.*" + re.escape(SUE))).select_option("write")
    eve.page.get_by_label("Time").fill("2")
    eve.page.get_by_label("Unit").select_option("hours")
    eve.page.get_by_label("Why you need it").fill("Look whether the index of the mailbox is damaged, and mend it.")
    eve.press("Preview")
    says(eve, "This is what Contoso Ltd will read")
    eve.press("Send")
    says(eve, "Sent. A manager reviews it first")
    return eve


@pytest.mark.parametrize("script", [True, False], ids=["alive", "without script"])
def test_from_the_support_request_to_stop(there, come, script):
    number = opened_support_request(come, script=script)
    eve = asked_for_access(come, number, script)
    request = eve.path.split("/")[2].split("?")[0]

    def eve_reads(text):
        if not script:
            eve.go(f"/requests/{request}")
        says(eve, text)

    mark = come("mark", script=script)
    mark.go("/work")
    mark.page.locator(f'a[href="/requests/{request}"]').first.click()
    says(mark, "Look whether the index of the mailbox is damaged")
    mark.press("Approve")
    says(mark, "Your approval is recorded.")
    eve_reads("Waiting for the customer")

    adam = come("adam", "phone", script=script)
    adam.go("/overview")
    adam.page.locator(f'a[href="/lockbox/{request}"]').first.click()
    says(adam, "Eve Park of Example Cloud asks to read and change the mailbox sue@contoso.test for 2 hours.")
    fold(adam, "Approve less")
    adam.page.get_by_label("For how long").select_option("30 minutes")
    adam.page.get_by_label("Allow changes").uncheck()
    adam.press("Approve this only")
    says(adam, "Your approval is recorded.")
    says(adam, "Recorded in your audit log (record")
    said = there.eve.request(request)
    assert (said["state"], said["grant"]["resources"][0]["actions"]) == ("active", ["read"])
    eve_reads("Access is open")

    eve.press("Get a credential for the mailbox sue@contoso.test")
    says(eve, "It is shown this once")
    token = eve.page.get_by_label("Token").input_value()
    session = there.imap({"username": eve.page.get_by_label("Login name").input_value(), "token": token})
    assert session.select("INBOX", readonly=True)[1][0] == str(len(SUES_SUBJECTS)).encode()
    watcher = IdleWatcher(session)
    eve.page.go_back()
    assert token not in eve.page.content(), "a page of before must not show the secret"

    adam.go("/lockbox/live")
    says(adam, "used 1 time")
    fold(adam, "Stop now")
    adam.press("Yes, stop this access")
    says(adam, "Stopped. The access is over")
    watcher.wait_closed(5)
    eve_reads("stopped by Contoso Ltd’s approver")
    wait_until(lambda: there.eve.request(request)["grant"]["state"] == "ended", what="the confirmed end")
    adam.go("/overview")
    says(adam, "Nobody from Example Cloud has access to Contoso Ltd’s data.")
    adam.go("/audit?request=" + request)
    for text in ("Access requested", "Approved by the customer", "Resource opened", "Access ended"):
        says(adam, text)
    adam.go("/audit")
    adam.press("Verify the log")
    says(adam, "Log verified: complete and unchanged")


def test_a_denial_reaches_the_engineers_open_page(there, come):
    request = there.asked()["id"]
    eve, adam = come("eve"), come("adam", "phone")
    eve.go(f"/requests/{request}")
    adam.go(f"/lockbox/{request}")
    fold(adam, "Deny")
    adam.press("Deny this request")
    assert there.eve.request(request)["state"] == "awaitingCustomer", "a denial needs a reason"
    adam.page.get_by_label("Reason for denying").fill("Ask her to send you the letters.")
    adam.press("Deny this request")
    says(adam, "Denied. No access will come of this request.")
    says(eve, "Ask her to send you the letters.")
    assert there.eve.request(request)["state"] == "denied"


def test_question_and_answer_arrive_on_open_pages(there, come):
    request = there.asked()["id"]
    eve, adam = come("eve"), come("adam", "phone")
    eve.go(f"/requests/{request}")
    adam.go(f"/lockbox/{request}")
    adam.page.get_by_label("Your question").fill("Why the whole mailbox?")
    adam.press("Send the question")
    says(adam, "Your message is sent.")
    says(eve, "Why the whole mailbox?")
    eve.page.get_by_label("Your message to Contoso Ltd").fill("The index is for all of it.")
    eve.press("Send the message")
    says(adam, "The index is for all of it.")


def test_what_expires_on_an_open_page_says_so(there, come):
    policy = there.gita.get("/v1/tenants/contoso/policy")
    rules = {name: policy.json[name] for name in ("requireApproval", "decisionWindow", "maxAccess", "approvalsNeeded")}
    answer = there.gita.put("/v1/tenants/contoso/policy", {**rules, "decisionWindow": "PT15M"},
                            If_Match=policy.headers["etag"])
    assert answer.status == 200, answer
    try:
        request = there.asked()["id"]
        adam, amy = come("adam", "phone"), come("amy", script=False)
        for profile in (adam, amy):
            profile.go(f"/lockbox/{request}")
        there.clock.advance(minutes=15, seconds=2)
        says(adam, "Expired: the time for Contoso Ltd to decide was over.", 15_000)
        assert adam.page.get_by_role("button", name=APPROVE).count() == 0
        # Without the script the page is as old as it is; what it sends is answered with what happened.
        if amy.page.get_by_label("Your password").count():
            amy.page.get_by_label("Your password").first.fill(there.password("amy"))
        amy.press(APPROVE)
        says(amy, "The request expired on" if "expired on" in amy.text() else "Give your password")
        assert there.eve.request(request)["state"] == "expired"
    finally:
        policy = there.gita.get("/v1/tenants/contoso/policy")
        there.gita.put("/v1/tenants/contoso/policy", rules, If_Match=policy.headers["etag"])


def test_a_form_sent_twice_decides_once(there):
    request = there.asked()["id"]
    adam = Visitor(there.lockbox.port).sign_in(there.directory.people["adam"], there.password("adam"))
    action = f"/lockbox/{request}/approve"
    pairs = adam.get(f"/lockbox/{request}").form(action)
    first, second = adam.post(action, pairs), adam.post(action, pairs)
    assert (first.status, second.status) == (303, 303), (first, second)
    assert first.location == second.location
    assert len(there.adam.request(request)["decisions"]) == 2, "the manager's and hers"
    there.adam.post(f"/v1/requests/{request}/revoke", {})


def test_a_double_click_decides_once_and_back_shows_the_truth(there, come):
    request = there.asked()["id"]
    adam = come("adam", "phone")
    adam.go("/lockbox")
    adam.page.locator(f'a[href="/lockbox/{request}"]').first.click()
    adam.page.get_by_role("button", name=APPROVE).dblclick()
    says(adam, "Your approval is recorded.")
    adam.page.go_back()
    says(adam, "Access is open" if f"/lockbox/{request}" in adam.path else "Access open")
    assert adam.page.get_by_role("button", name=APPROVE).count() == 0
    there.adam.post(f"/v1/requests/{request}/revoke", {})


def test_the_second_of_two_approvers_reads_what_the_first_did(there, come):
    request = there.asked()["id"]
    adam, amy = come("adam", "phone", script=False), come("amy")
    for profile in (adam, amy):
        profile.go(f"/lockbox/{request}")
    fold(amy, "Deny")
    amy.page.get_by_label("Reason for denying").fill("Not on a Monday.")
    amy.press("Deny this request")
    says(amy, "Denied. No access will come of this request.")
    adam.page.get_by_label("Message to the engineer").fill("Be quick.")
    adam.press(APPROVE)
    says(adam, "This has changed while you were on the page. Your action was not carried out.")
    says(adam, "Amy Tran denied on")
    assert adam.page.get_by_label("What you had written").input_value() == "Be quick."
    assert there.eve.request(request)["state"] == "denied"


def test_a_session_that_ends_in_the_middle_keeps_what_was_typed(there, come):
    request = there.asked()["id"]
    adam = come("adam", "phone", script=False)
    adam.go(f"/lockbox/{request}")
    fold(adam, "Deny")
    adam.page.get_by_label("Reason for denying").fill("A long and careful reason.")
    there.clock.advance(minutes=31)
    adam.press("Deny this request")
    says(adam, "You were signed out")
    assert adam.page.get_by_label("What you had written").input_value() == "A long and careful reason."
    adam.press("Sign in again")
    adam.page.get_by_label("E-mail address").fill(there.directory.people["adam"])
    adam.page.get_by_label("Password").fill(there.password("adam"))
    adam.press("Sign in")
    says(adam, "Your decision")
    assert adam.path == f"/lockbox/{request}"
    assert there.eve.request(request)["state"] == "awaitingCustomer"


def test_a_decision_asks_for_the_password_after_a_while(there, come):
    request = there.asked()["id"]
    adam = come("adam", "phone")
    there.clock.advance(minutes=11)
    adam.go(f"/lockbox/{request}")
    adam.page.get_by_label("Your password").first.fill("wrong password")
    adam.press(APPROVE)
    says(adam, "The password is wrong.")
    assert there.eve.request(request)["state"] == "awaitingCustomer"
    adam.page.get_by_label("Your password").first.fill(there.password("adam"))
    adam.press(APPROVE)
    says(adam, "Your approval is recorded.")
    there.adam.post(f"/v1/requests/{request}/revoke", {})


def test_opening_what_letters_name_changes_nothing(there):
    request = there.asked()["id"]
    letters = there.smtp.wait_for("adam@contoso.test", about=request)
    adam = Visitor(there.lockbox.port).sign_in(there.directory.people["adam"], there.password("adam"))
    before = records(there)
    links = {link for letter in letters for link in letter.links}
    assert links, "a letter says where to go"
    for link in links:
        place = urllib.parse.urlsplit(link)
        assert place.port == there.lockbox.port, link
        for path in (place.path or "/", f"/lockbox/{request}", f"/lockbox/{request}/approve",
                     f"/lockbox/{request}/deny", f"/lockbox/{request}/stop"):
            for method in ("GET", "HEAD"):
                assert adam.send(method, path).status < 500
    assert records(there) == before
    assert there.adam.request(request)["state"] == "awaitingCustomer"


def test_texts_of_strangers_come_out_as_texts(there, come):
    number = there.sue.open_support_request("contoso", HOSTILE, description=HOSTILE).json["number"]
    asked = there.eve.submit("contoso", number, [mailbox(SUE)], reason=HOSTILE)
    request = asked.json["id"]
    there.mark.decide(request, "approve", comment=HOSTILE)
    there.adam.post(f"/v1/requests/{request}/messages", {"text": HOSTILE})
    pages = {
        "adam": ["/overview", "/lockbox", f"/lockbox/{request}", "/support", f"/support/{number}", "/audit",
                 "/audit?text=" + urllib.parse.quote(HOSTILE[:100])],
        "eve": ["/work", "/requests", f"/requests/{request}", "/support", f"/support/{number}?tenant=contoso",
                f"/requests/new?extends={request}"],
        "mark": ["/work", "/audit?text=" + urllib.parse.quote(HOSTILE[:100])],
    }
    for name, paths in pages.items():
        profile = come(name)
        for path in paths:
            assert profile.go(path).status == 200, path
            assert profile.page.locator("main img, main script").count() == 0, path
    adam = come("adam")
    adam.go(f"/lockbox/{request}")
    assert adam.text().count('<script>alert("x")</script>') >= 3
    newest = there.adam.audit("contoso", request=request)[0]["index"]
    adam.go(f"/audit/record/{newest}")
    says(adam, '<script>alert("x")</script>')
    there.adam.decide(request, "deny", comment=HOSTILE)
    adam.go(f"/lockbox/{request}")
    assert adam.page.locator("main img, main script").count() == 0


def test_another_tenants_things_are_as_unknown_as_any(there):
    request = there.asked()
    number = request["supportRequest"]
    person = there.gita.get("/v1/me").json["id"]
    fay = Visitor(there.lockbox.port).sign_in(there.directory.people["fay"], there.password("fay"))
    for known, unknown in [
        (f"/lockbox/{request['id']}", "/lockbox/LBX-0000000000"), (f"/support/{number}", "/support/SR-0000000000"),
        (f"/people/{person}", "/people/PER-0000000000"), (f"/requests/{request['id']}", "/requests/LBX-0000000000"),
    ]:
        seen, unseen = fay.get(known), fay.get(unknown)
        assert (seen.status, seen.substance) == (404, unseen.substance), known
        assert request["id"] not in seen.text
    csrf, before = fay.csrf, records(there)
    for action in ("approve", "deny", "ask", "stop"):
        fields = {"csrf": csrf, "key": "k" + action, "version": "2", "seen": "1.0", "text": "x", "comment": "x"}
        seen = fay.post(f"/lockbox/{request['id']}/{action}", fields)
        unseen = fay.post(f"/lockbox/LBX-0000000000/{action}", fields)
        assert (seen.status, seen.substance) == (404, unseen.substance), action
    assert records(there) == before


@pytest.mark.parametrize("name, path, may", [
    ("sue", "/lockbox/{}", False), ("alan", "/lockbox/{}", False), ("adam", "/lockbox/{}", True),
    ("gita", "/lockbox/{}", True), ("ed", "/requests/{}", False), ("olga", "/requests/{}", False),
])
def test_only_who_may_decide_is_offered_to(there, name, path, may):
    request = there.asked()["id"]
    visitor = Visitor(there.lockbox.port).sign_in(there.directory.people[name], there.password(name))
    page = visitor.get(path.format(request))
    assert page.status == 200
    assert ("/approve\"" in page.text) == may
    if not may:
        fields = {"csrf": visitor.csrf, "key": "k", "version": "2", "seen": "1.0"}
        assert visitor.post(path.format(request) + "/approve", fields).status in (403, 404, 409, 422)
        assert there.eve.request(request)["state"] == "awaitingCustomer"


def test_nobody_is_offered_to_review_her_own_request(there, come):
    request = there.submitted(engineer="mia")["id"]
    mia = come("mia")
    mia.go(f"/requests/{request}")
    assert mia.page.get_by_role("button", name="Approve", exact=True).count() == 0
    assert "another manager" in mia.text().lower()
