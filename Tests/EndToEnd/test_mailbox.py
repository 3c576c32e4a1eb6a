"""A real mailbox behind Dovecot obeys grants."""

import time

import pytest

from lockbox_rig.api import mailbox, seconds
from lockbox_rig.dovecot import IdleWatcher, Refused, imap_login, subjects
from lockbox_rig.machine import wait_until
from lockbox_rig.world import FRED, SAM, SUE, SUES_SUBJECTS

# After the end of access, this is how long a session may live on. The promise is one second.
BOUND = 1.0


def refused(world, user, token):
    with pytest.raises(Refused) as refusal:
        imap_login(world.support.port, user, token)
    assert refusal.value.code == "AUTHENTICATIONFAILED"


def idle(session):
    session.select("INBOX", readonly=True)
    return IdleWatcher(session)


def closed_within_bound(watcher, end):
    closed = watcher.wait_closed(timeout=BOUND + 5)
    assert -0.05 <= closed - end <= BOUND, f"closed {closed - end:.3f} s after the end"
    assert any(line.startswith("* BYE") for line in watcher.lines), watcher.lines


def grant_state(world, request, state, timeout=10):
    def reached():
        grant = world.eve.request(request["id"])["grant"]
        return grant if grant["state"] == state else None

    return wait_until(reached, timeout, f"the grant of {request['id']} to be {state}", 0.05)


def test_without_a_token_nobody_gets_in(world):
    refused(world, SUE, "")
    refused(world, SUE, "lbc_" + "0" * 64)
    refused(world, "lbx-nobody-1", world.eve.token)
    refused(world, SUE, world.eve.token)


@pytest.mark.parametrize("stage", ["submitted", "asked"])
def test_before_approval_there_is_no_credential(world, stage):
    request = getattr(world, stage)()
    answer = world.eve.credential(request["id"])
    assert (answer.status, answer.code) == (409, "accessNotActive")
    refused(world, "lbx-" + request["id"].lower().removeprefix("lbx-") + "-1", world.eve.token)


@pytest.mark.parametrize("outcome", ["rejected", "denied", "withdrawn"])
def test_after_a_no_there_is_no_credential(world, outcome):
    request = world.submitted() if outcome != "denied" else world.asked()
    if outcome == "rejected":
        world.mark.decide(request["id"], "deny", comment="Ask with a narrower reason.")
    elif outcome == "denied":
        world.adam.decide(request["id"], "deny", comment="Not this week.")
    else:
        world.eve.post(f"/v1/requests/{request['id']}/withdraw")
    assert world.eve.request(request["id"])["state"] == outcome
    answer = world.eve.credential(request["id"])
    assert (answer.status, answer.code) == (409, "accessNotActive")


@pytest.mark.parametrize("mech", ["XOAUTH2", "OAUTHBEARER"])
def test_inside_the_window_the_engineer_reads_sues_messages(world, mech):
    request = world.approved()
    credential = world.credential(request)
    assert credential["resource"] == f"mailbox:{SUE}" and credential["service"] == "mail"
    assert credential["expiresAt"] == request["grant"]["end"]
    assert SUE not in credential["username"]
    session = world.imap(credential, mech)
    assert subjects(session) == SUES_SUBJECTS
    session.logout()


def test_nobody_elses_messages_can_be_reached(world):
    credential = world.credential(world.approved())
    refused(world, SAM, credential["token"])
    refused(world, FRED, credential["token"])
    refused(world, SUE, credential["token"])
    session = world.imap(credential)
    for name in (SAM, FRED, f"../{SAM}", f"user/{SAM}", f"#user/{FRED}"):
        assert session.select(f'"{name}"', readonly=True)[0] == "NO"
    assert subjects(session) == SUES_SUBJECTS
    session.logout()


def test_a_grant_for_several_mailboxes_has_a_login_for_each(world):
    request = world.approved(resources=[mailbox(SUE), mailbox(SAM)])
    ambiguous = world.eve.credential(request["id"])
    assert ambiguous.status in (400, 422) and ambiguous.fields == ["resource"], ambiguous
    opened = {
        address: world.credential(request, service="mail", resource=f"mailbox:{address}") for address in (SUE, SAM)}
    assert opened[SUE]["username"] != opened[SAM]["username"]
    refused(world, opened[SUE]["username"], opened[SAM]["token"])
    for address, expected in ((SUE, SUES_SUBJECTS), (SAM, [f"Private letter to {SAM}"])):
        session = world.imap(opened[address])
        assert subjects(session) == expected
        session.logout()


def test_read_changes_nothing(world):
    credential = world.credential(world.approved())
    assert credential["actions"] == ["read"]
    before = world.mail.files(SUE)
    session = world.imap(credential)
    assert session.append("INBOX", None, None, b"Subject: planted\r\n\r\nx")[0] == "NO"
    session.select("INBOX", readonly=True)
    session.store("1", "+FLAGS", r"(\Deleted)")
    session.expunge()
    session.logout()
    assert world.mail.files(SUE) == before


def test_write_can_append_and_expunge(world):
    world.mail.deliver("walt@contoso.test", "broken message", "x")
    world.directory.tenant("contoso")["people"].append(
        {"email": "walt@contoso.test", "name": "Walt Hill", "roles": ["member"]})
    world.lockbox.apply()
    request = world.approved(resources=[mailbox("walt@contoso.test", "read", "write")])
    credential = world.credential(request)
    assert credential["actions"] == ["read", "write"]
    session = world.imap(credential)
    assert session.append("INBOX", None, None, b"Subject: repaired message\r\n\r\nx")[0] == "OK"
    session.select("INBOX")
    assert session.store("1", "+FLAGS", r"(\Deleted)")[0] == "OK"
    assert session.expunge()[0] == "OK"
    assert subjects(session) == ["repaired message"]
    session.logout()


def test_an_approver_may_narrow_write_to_read(world):
    request = world.approved(resources=[mailbox(SUE, "read", "write")], narrowed={"resources": [mailbox(SUE)]})
    assert request["grant"]["resources"] == [mailbox(SUE)]
    credential = world.credential(request)
    assert credential["actions"] == ["read"]
    session = world.imap(credential)
    assert session.append("INBOX", None, None, b"Subject: planted\r\n\r\nx")[0] == "NO"
    session.logout()


def test_at_the_end_of_the_window_the_open_session_is_cut(world):
    sue = IdleWatcher(_selected(world.sues_own_session()))
    request = world.approved(duration="PT4S")
    credential = world.credential(request)
    watchers = [idle(world.imap(credential)) for _ in range(3)]
    end = seconds(request["grant"]["end"])
    assert end - seconds(request["grant"]["start"]) == pytest.approx(4, abs=0.001)

    time.sleep(max(0, end - time.time() - 0.3))
    assert all(watcher.open for watcher in watchers), "cut before the end"
    for watcher in watchers:
        closed_within_bound(watcher, end)

    refused(world, credential["username"], credential["token"])
    assert world.introspect(credential["token"]).json == {"active": False}
    grant = grant_state(world, request, "ended")
    assert grant["endedReason"] == "windowOver" and grant["endedAt"] == grant["end"]
    assert [removal["state"] for removal in grant["removals"]] == ["confirmed"]
    assert world.eve.credential(request["id"]).code == "accessNotActive"

    assert sue.open
    session = sue.leave()
    assert session.noop()[0] == "OK"
    assert subjects(session) == SUES_SUBJECTS
    session.logout()


@pytest.mark.parametrize("by, path, reason", [
    ("adam", "revoke", "revoked"), ("gita", "revoke", "revoked"), ("mark", "revoke", "revoked"),
    ("eve", "finish", "finished")])
def test_ended_early_the_open_session_is_cut(world, by, path, reason):
    request = world.approved()
    credential = world.credential(request)
    watcher = idle(world.imap(credential))
    answer = world.apis[by].post(f"/v1/requests/{request['id']}/{path}", {"comment": "Thank you."})
    answered = time.time()
    assert answer.status == 200, answer
    closed_within_bound_of_answer = watcher.wait_closed(BOUND + 5) - answered
    assert closed_within_bound_of_answer <= BOUND
    refused(world, credential["username"], credential["token"])
    assert world.introspect(credential["token"]).json == {"active": False}
    grant = grant_state(world, request, "ended")
    assert grant["endedReason"] == reason
    # The engineer learns that the customer did; who of them did it, the customer's own people.
    email = world.directory.people[by]
    assert grant["endedBy"]["email"] == (None if email.endswith("@contoso.test") else email)
    assert world.alan.request(request["id"])["grant"]["endedBy"]["email"] == email


def test_giving_the_credential_back_at_the_service_finishes(world):
    request = world.approved()
    credential = world.credential(request)
    watcher = idle(world.imap(credential))
    stranger = world.lockbox.api().form(
        "/oauth2/revoke", "files", world.other_secret, token=credential["token"])
    assert stranger.status == 200 and world.introspect(credential["token"]).json["active"], "another service ended it"
    answer = world.lockbox.api().form(
        "/oauth2/revoke", "dovecot", world.client_secret, token=credential["token"], token_type_hint="access_token")
    assert answer.status == 200, answer
    watcher.wait_closed(BOUND)
    assert grant_state(world, request, "ended")["endedReason"] == "finished"


def test_overlapping_grants_do_not_end_each_other(world):
    first, second = world.approved(), world.approved()
    one, two = world.credential(first), world.credential(second)
    watcher_one, watcher_two = idle(world.imap(one)), idle(world.imap(two))
    world.adam.post(f"/v1/requests/{first['id']}/revoke")
    watcher_one.wait_closed(BOUND + 1)
    grant_state(world, first, "ended")
    refused(world, one["username"], one["token"])
    assert watcher_two.open
    session = watcher_two.leave()
    assert subjects(session) == SUES_SUBJECTS
    session.logout()


def test_while_lockbox_is_away_nobody_new_gets_in(world):
    credential = world.credential(world.approved())
    world.lockbox.stop()
    try:
        with pytest.raises(Refused) as refusal:
            world.imap(credential)
        assert refusal.value.code == "UNAVAILABLE"
    finally:
        world.lockbox.start()
    session = world.imap(credential)
    assert subjects(session) == SUES_SUBJECTS
    session.logout()


def test_a_window_that_ends_while_lockbox_is_away_is_closed_when_it_is_back(world):
    request = world.approved(duration="PT3S")
    credential = world.credential(request)
    watcher = idle(world.imap(credential))
    world.lockbox.stop()
    time.sleep(max(0, seconds(request["grant"]["end"]) - time.time() + 0.2))
    world.lockbox.start()
    watcher.wait_closed(BOUND)
    refused(world, credential["username"], credential["token"])
    assert grant_state(world, request, "ended")["endedAt"] == request["grant"]["end"]


@pytest.mark.parametrize("trouble", ["shut", "hush"])
def test_when_doveadm_cannot_be_reached_everybody_sees_it_and_it_recovers(world, trouble):
    request = world.approved()
    credential = world.credential(request)
    watcher = idle(world.imap(credential))
    getattr(world.gate, trouble)()
    try:
        answer = world.adam.post(f"/v1/requests/{request['id']}/revoke")
        assert answer.status == 200, answer
        # New logins end at once all the same: they do not depend on doveadm.
        refused(world, credential["username"], credential["token"])
        grant = grant_state(world, request, "removalFailed", timeout=20)
        removal = grant["removals"][0]
        assert removal["service"] == "mail" and removal["state"] == "failed" and removal["problem"], removal
        wait_until(lambda: world.eve.request(request["id"])["grant"]["removals"][0]["attempts"] > 1, 20, "a retry", 0.1)
        assert watcher.open
        # Nobody is told that it is over.
        report = wait_until(
            lambda: [letter for letter in world.smtp.letters("adam@contoso.test", request["id"])
                     if letter.header("subject").startswith("Access has ended")], 20, "the closing report", 0.1)[0]
        assert "not confirmed closed" in report.header("subject"), report.text
        assert "not yet confirmed closed at mail" in " ".join(report.text.split()), report.text
    finally:
        world.gate.shut()
        world.gate.open()
    watcher.wait_closed(30)
    grant = grant_state(world, request, "ended", timeout=30)
    assert grant["removals"][0]["state"] == "confirmed"
    activities = [record["activity"] for record in world.alan.audit("contoso", request=request["id"])]
    assert any("removal" in activity.lower() and "fail" in activity.lower() for activity in activities), activities


def test_use_is_on_record_before_it_happens(world):
    request = world.approved()
    credential = world.credential(request)
    for _ in range(3):
        world.imap(credential).logout()

    def counted():
        uses = world.adam.request(request["id"])["grant"]["uses"]
        return uses and uses[0]["count"] >= 3 and uses[0]

    use = wait_until(counted, 5, "the use counts")
    assert (use["service"], use["id"]) == ("mail", f"mailbox:{SUE}")
    activities = [record["activity"] for record in world.alan.audit("contoso", request=request["id"])]
    assert activities.count("access.used") == 1, activities


# Introspection as any service sees it.

def test_introspection_says_what_a_service_needs(world):
    request = world.approved()
    credential = world.credential(request)
    answer = world.introspect(credential["token"])
    assert answer.status == 200 and "no-store" in answer.headers["cache-control"]
    assert answer.headers["content-type"].split(";")[0] == "application/json"
    said = answer.json
    assert said["active"] is True
    assert said["username"] == credential["username"]
    assert said["scope"].split().count("imap") == 1
    assert (said["mailbox"], said["access"], said["token_type"]) == (SUE, "read", "Bearer")
    assert said["exp"] <= seconds(request["grant"]["end"]) < said["exp"] + 1
    assert all(isinstance(said[name], int) for name in ("exp", "iat"))
    assert world.client_secret not in answer.body.decode() and credential["token"] not in answer.body.decode()


def test_introspection_tells_strangers_nothing(world):
    credential = world.credential(world.approved())
    api = world.lockbox.api()
    for client, secret in (("dovecot", "wrong-secret"), ("nobody", world.client_secret), ("", "")):
        answer = api.introspect(client, secret, credential["token"])
        assert answer.status == 401 and "www-authenticate" in answer.headers, answer
        assert "active" not in answer.body.decode()
    assert api.send("POST", "/oauth2/introspect", f"token={credential['token']}", {
        "Content-Type": "application/x-www-form-urlencoded"}).status == 401
    assert api.introspect("files", world.other_secret, credential["token"]).json == {"active": False}
    for token in ("", "x", world.eve.token, "lbc_" + "f" * 64, credential["token"] + "0", credential["token"][:-1]):
        assert world.introspect(token).json == {"active": False} or world.introspect(token).status == 400, token


def test_introspection_takes_what_real_products_send(world):
    credential = world.credential(world.approved())
    api = world.lockbox.api()
    for fields in (
        {"client_id": "", "client_secret": ""}, {"token_type_hint": "access_token"},
        {"token_type_hint": "refresh_token"}, {"unknown": "member"},
    ):
        answer = api.form("/oauth2/introspect", "dovecot", world.client_secret, token=credential["token"], **fields)
        assert answer.status == 200 and answer.json["active"] is True, (fields, answer)
    answer = api.send(
        "POST", "/oauth2/introspect",
        f"token={credential['token']}&client_id=dovecot&client_secret={world.client_secret}",
        {"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status == 200 and answer.json["active"] is True, answer
    assert api.get(f"/oauth2/introspect?token={credential['token']}").status in (404, 405)


def test_metadata_points_at_the_endpoints(world):
    said = world.lockbox.api().get("/.well-known/oauth-authorization-server").json
    assert said["issuer"] == world.lockbox.url
    assert said["introspection_endpoint"] == world.lockbox.url + "/oauth2/introspect"
    assert said["revocation_endpoint"] == world.lockbox.url + "/oauth2/revoke"


def _selected(session):
    session.select("INBOX", readonly=True)
    return session
