"""The workflow of design and its rules, through the HTTP API alone."""

import concurrent.futures
import csv
import io
import time

import pytest

from lockbox_rig.api import mailbox, rfc3339, seconds
from lockbox_rig.machine import wait_until
from lockbox_rig.world import FRED, SUE


def test_from_support_request_to_the_end_of_access(world):
    opened = world.sue.open_support_request("contoso", "Calendar is empty", "Since this morning, on all devices.")
    assert opened.status == 201
    support = opened.json
    assert support["number"].startswith("SR-") and support["openedBy"]["email"] == SUE
    assert [world.eve.get(f"/v1/support-requests/{support['number']}").json["subject"]] == ["Calendar is empty"]

    submitted = world.eve.submit(
        "contoso", support["number"], [mailbox(SUE)], duration="PT2H", reason="Rebuild the calendar's index.")
    assert submitted.status == 201, submitted
    request = submitted.json
    assert request["state"] == "awaitingManager" and request["grant"] is None and request["decisions"] == []
    assert request["id"].startswith("LBX-")
    assert request["engineer"]["email"] == "eve@example-cloud.test"
    assert (request["tenant"], request["supportRequest"]) == ("contoso", support["number"])
    assert (request["duration"], request["resources"]) == ("PT2H", [mailbox(SUE)])
    assert submitted.headers["etag"] == f'"v{request["version"]}"'

    answer = world.mark.decide(request["id"], "approve", comment="Go ahead.")
    assert answer.status in (200, 201), answer
    request = world.eve.request(request["id"])
    assert request["state"] == "awaitingCustomer"
    asked_at = seconds(request["decisions"][0]["at"])
    assert seconds(request["decideBy"]) - asked_at == pytest.approx(12 * 3600, abs=0.001)

    before = time.time()
    assert world.adam.decide(request["id"], "approve").status in (200, 201)
    request = world.eve.request(request["id"])
    assert request["state"] == "active"
    grant = request["grant"]
    assert grant["state"] == "active" and grant["endedReason"] is None
    assert seconds(grant["end"]) - seconds(grant["start"]) == pytest.approx(7200, abs=0.001)
    assert before - 1 <= seconds(grant["start"]) <= time.time() + 1
    assert [(one["by"]["email"], one["decision"]) for one in world.alan.request(request["id"])["decisions"]] == [
        ("mark@example-cloud.test", "approve"), ("adam@contoso.test", "approve")]
    assert [(one["by"]["name"], one["by"]["email"]) for one in request["decisions"]] == [
        ("Mark Lee", "mark@example-cloud.test"), ("Contoso Ltd’s approver", None)], "names are the customer's"

    assert world.eve.post(f"/v1/requests/{request['id']}/finish", {"comment": "Repaired."}).status == 200
    assert world.eve.request(request["id"])["state"] == "ended"
    activities = [record["activity"] for record in world.alan.audit("contoso", request=request["id"])]
    assert len(activities) >= 5, activities


def test_a_member_sees_what_became_of_her_own_support_request_only(world):
    request = world.asked()
    assert world.sue.get(f"/v1/requests/{request['id']}").status == 200
    assert world.sam.get(f"/v1/requests/{request['id']}").status == 404
    assert all(one["openedBy"]["email"] == "sam@contoso.test" for one in world.sam.items("/v1/support-requests"))


# People

def test_an_engineer_cannot_review(world):
    request = world.submitted()
    for engineer in ("eve", "ed", "olga"):
        answer = world.apis[engineer].decide(request["id"], "approve")
        assert (answer.status, answer.code) == (403, "notPermitted"), engineer
    assert world.eve.request(request["id"])["version"] == request["version"]


def test_nobody_reviews_a_request_of_her_own(world):
    request = world.submitted(engineer="mia")
    answer = world.mia.decide(request["id"], "approve")
    assert (answer.status, answer.code) == (403, "ownRequest")
    assert world.mark.decide(request["id"], "approve").status < 300


@pytest.mark.parametrize("who", ["sue", "alan"])
def test_only_approvers_and_administrators_decide_for_the_tenant(world, who):
    request = world.asked()
    answer = world.apis[who].decide(request["id"], "approve", version=request["version"])
    # Sue opened the support request behind it and sees it; Alan may read all.
    assert (answer.status, answer.code) == (403, "notPermitted")


def test_a_manager_cannot_decide_for_the_customer(world):
    request = world.asked()
    answer = world.mark.decide(request["id"], "approve")
    assert answer.status in (403, 409) and answer.code in ("alreadyDecidedByYou", "notAwaitingYou", "notPermitted")
    assert world.mia.decide(request["id"], "approve").code in ("notAwaitingYou", "notPermitted")
    assert world.mark.request(request["id"])["state"] == "awaitingCustomer"


def test_an_approver_cannot_go_ahead_of_the_manager(world):
    request = world.submitted()
    answer = world.adam.decide(request["id"], "approve", version=request["version"])
    assert (answer.status, answer.code) == (409, "notAwaitingYou")


def test_another_tenants_people_see_nothing(world):
    request = world.approved()
    unknown = world.fay.get("/v1/requests/LBX-0000000000")
    assert unknown.status == 404
    for method, path in [
        ("GET", ""), ("POST", "/decisions"), ("POST", "/revoke"), ("POST", "/withdraw"), ("POST", "/finish"),
        ("POST", "/credentials"),
    ]:
        for person in (world.fay, world.fiona, world.fred):
            body = {"decision": "approve"} if path == "/decisions" else {}
            ours, nobodys = (
                person.get(f"/v1/requests/{number}{path}") if method == "GET"
                else person.post(f"/v1/requests/{number}{path}", body, If_Match='"v1"')
                for number in (request["id"], "LBX-0000000000"))
            assert (ours.status, ours.code) == (404, "notFound"), (method, path)
            assert ours.json["detail"] == nobodys.json["detail"]
    for path in ("/v1/tenants/contoso/policy", "/v1/tenants/contoso/audit", "/v1/tenants/contoso/log/checkpoint"):
        ours, nobodys = world.fiona.get(path), world.fiona.get(path.replace("contoso", "no-such-tenant"))
        assert (ours.status, ours.json["detail"]) == (404, nobodys.json["detail"]), path
    assert request["id"] not in [one["id"] for one in world.fiona.items("/v1/requests?limit=100")]
    assert world.fiona.get("/v1/requests?tenant=contoso").status == 404
    assert world.mark.request(request["id"])["state"] == "active"


# Decisions

def test_a_rejection_needs_a_comment_and_is_final(world):
    request = world.submitted()
    answer = world.mark.decide(request["id"], "deny")
    assert answer.status in (400, 422) and answer.fields == ["comment"], answer
    assert world.mark.decide(request["id"], "deny", comment="Not needed for this.").status < 300
    assert world.eve.request(request["id"])["state"] == "rejected"
    answer = world.mark.decide(request["id"], "approve")
    assert (answer.status, answer.code) == (409, "alreadyDecided")


def test_a_denial_is_final(world):
    request = world.asked()
    assert world.adam.decide(request["id"], "deny").fields == ["comment"]
    assert world.adam.decide(request["id"], "deny", comment="Call me first.").status < 300
    for person in (world.amy, world.gita):
        assert person.decide(request["id"], "approve").code == "alreadyDecided"
    request = world.eve.request(request["id"])
    assert (request["state"], request["grant"]) == ("denied", None)
    assert request["decisions"][-1]["comment"] == "Call me first."


def test_a_decision_says_which_version_it_is_on(world):
    request = world.asked()
    missing = world.adam.decide(request["id"], "approve", version=False)
    assert (missing.status, missing.code) == (428, "versionRequired")
    stale = world.adam.decide(request["id"], "approve", version=request["version"] - 1)
    assert (stale.status, stale.code) == (412, "stale")
    odd = world.adam.post(f"/v1/requests/{request['id']}/decisions", {"decision": "approve"}, If_Match="*")
    assert odd.status in (400, 412, 428), odd
    assert world.adam.request(request["id"]) == request


def test_two_approvals_where_two_are_needed(world):
    request = world.asked("tailspin")
    assert request["approvalsNeeded"] == 2
    assert world.tom.decide(request["id"], "approve").status < 300
    assert world.tom.request(request["id"])["state"] == "awaitingCustomer"
    again = world.tom.decide(request["id"], "approve")
    assert (again.status, again.code) == (409, "alreadyDecidedByYou")
    assert world.tim.decide(request["id"], "approve").status < 300
    assert world.tom.request(request["id"])["state"] == "active"


def test_one_no_is_enough_where_two_are_needed(world):
    request = world.asked("tailspin")
    world.tom.decide(request["id"], "approve")
    world.tia.decide(request["id"], "deny", comment="We fixed it ourselves.")
    assert world.tom.request(request["id"])["state"] == "denied"


def test_an_approval_may_give_less_but_never_more(world):
    request = world.asked(duration="PT2H", resources=[mailbox(SUE, "read", "write"), mailbox("sam@contoso.test")])
    for more in (
        {"duration": "PT3H"}, {"resources": [mailbox(SUE), mailbox("adam@contoso.test")]},
        {"resources": [mailbox("sam@contoso.test", "read", "write")]}, {"resources": [mailbox(FRED)]},
    ):
        answer = world.adam.decide(request["id"], "approve", **more)
        assert answer.status in (400, 422) and answer.code == "exceedsRequest", (more, answer)
    answer = world.adam.decide(request["id"], "approve", duration="PT30M", resources=[mailbox(SUE)])
    assert answer.status < 300, answer
    request = world.eve.request(request["id"])
    assert request["grant"]["resources"] == [mailbox(SUE)]
    assert seconds(request["grant"]["end"]) - seconds(request["grant"]["start"]) == pytest.approx(1800, abs=0.001)
    assert request["duration"] == "PT2H", "the terms never change"


def test_of_many_decisions_at_once_one_counts(world):
    for _ in range(5):
        request = world.asked()
        calls = [
            lambda: world.adam.decide(request["id"], "approve", version=request["version"]),
            lambda: world.amy.decide(request["id"], "deny", version=request["version"], comment="No."),
            lambda: world.gita.decide(request["id"], "approve", version=request["version"]),
            lambda: world.eve.post(f"/v1/requests/{request['id']}/withdraw"),
        ]
        with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
            answers = [call.result() for call in [pool.submit(call) for call in calls]]
        won = [answer for answer in answers if answer.status < 300]
        assert len(won) == 1, answers
        assert all(answer.status in (409, 412) for answer in answers if answer not in won), answers
        final = world.mark.request(request["id"])
        assert len(final["decisions"]) == 1 + (final["state"] != "withdrawn")
        assert final["state"] in ("active", "denied", "withdrawn")


# Without approval

def test_switched_off_a_managers_approval_is_enough_and_says_so(world):
    request = world.approved("northwind")
    assert request["state"] == "active" and request["grant"]["basis"] == "policy"


def test_unlicensed_a_managers_approval_is_enough_and_says_so(world):
    request = world.approved("wingtip")
    assert request["state"] == "active" and request["grant"]["basis"] == "policy"
    policy = world.wes.get("/v1/tenants/wingtip/policy")
    rules = {name: policy.json[name] for name in ("decisionWindow", "maxAccess", "approvalsNeeded")}
    answer = world.wes.put(
        "/v1/tenants/wingtip/policy", {**rules, "requireApproval": True}, If_Match=policy.headers["etag"])
    assert answer.code == "notLicensed"


def test_switching_approval_on_ends_access_that_rests_on_none(world):
    request = world.approved("northwind")
    credential = world.credential(request)
    policy = world.ned.get("/v1/tenants/northwind/policy")
    rules = {name: policy.json[name] for name in ("decisionWindow", "maxAccess", "approvalsNeeded")}
    try:
        answer = world.ned.put(
            "/v1/tenants/northwind/policy", {**rules, "requireApproval": True}, If_Match=policy.headers["etag"])
        assert answer.status == 200, answer
        ended = world.eve.request(request["id"])
        assert (ended["state"], ended["grant"]["endedReason"]) == ("ended", "tenantSwitch")
        assert world.introspect(credential["token"]).json == {"active": False}
    finally:
        policy = world.ned.get("/v1/tenants/northwind/policy")
        world.ned.put(
            "/v1/tenants/northwind/policy", {**rules, "requireApproval": False}, If_Match=policy.headers["etag"])


def test_only_an_administrator_changes_the_policy_and_only_what_she_read(world):
    policy = world.gita.get("/v1/tenants/contoso/policy")
    rules = {name: policy.json[name] for name in ("requireApproval", "decisionWindow", "maxAccess", "approvalsNeeded")}
    path = "/v1/tenants/contoso/policy"
    for who in ("sue", "adam", "alan"):
        assert world.apis[who].put(path, rules, If_Match=policy.headers["etag"]).code == "notPermitted", who
    for who in ("eve", "mark", "olga"):
        assert world.apis[who].put(path, rules, If_Match=policy.headers["etag"]).status == 403, who
    assert world.gita.put(path, rules).status == 428
    assert world.gita.put(path, rules, If_Match='"v999"').status == 412
    assert world.gita.put(path, {**rules, "approvalsNeeded": 9}, If_Match=policy.headers["etag"]).code == (
        "nobodyCanApprove")
    assert world.gita.get(path).json == policy.json


# Time

def test_a_scheduled_start_is_waited_for(world):
    start = time.time() + 2.5
    request = world.approved(notBefore=rfc3339(start), duration="PT1H")
    assert request["state"] == "scheduled"
    assert seconds(request["grant"]["start"]) == pytest.approx(start, abs=0.002)
    assert seconds(request["grant"]["end"]) == pytest.approx(start + 3600, abs=0.002)
    assert world.eve.credential(request["id"]).code == "accessNotActive"
    wait_until(lambda: world.eve.request(request["id"])["state"] == "active", 5, "the start")
    assert time.time() >= start - 0.05
    assert world.introspect(world.credential(request)["token"]).json["active"] is True


def test_a_scheduled_access_can_be_revoked_before_it_starts(world):
    request = world.approved(notBefore=rfc3339(time.time() + 3600))
    assert world.adam.post(f"/v1/requests/{request['id']}/revoke").status == 200
    assert world.eve.request(request["id"])["state"] == "ended"


# Retries

def test_a_retry_with_the_same_key_does_it_once(world):
    support = world.support_request()
    sent = dict(duration="PT1H", key="retry-of-the-same-thing")
    first, second = (world.eve.submit("contoso", support, [mailbox(SUE)], **sent) for _ in range(2))
    assert (first.status, second.status) == (201, second.status) and second.status in (200, 201)
    assert first.json["id"] == second.json["id"]
    found = [one for one in world.eve.items(f"/v1/requests?supportRequest={support}&limit=100")]
    assert len(found) == 1
    other = world.eve.submit("contoso", support, [mailbox(SUE)], duration="PT2H", key=sent["key"])
    assert (other.status, other.code) == (422, "idempotencyKeyReused")
    assert world.ed.submit("contoso", support, [mailbox(SUE)], **sent).json["id"] != first.json["id"], "keys are a person's"


def test_many_retries_at_once_do_it_once(world):
    support = world.support_request()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(
            lambda _: world.eve.submit("contoso", support, [mailbox(SUE)], key="many-at-once"), range(8)))
    numbers = {answer.json["id"] for answer in answers if answer.status < 300}
    assert len(numbers) == 1 and all(answer.status in (200, 201, 409) for answer in answers), answers


# Lists, log, health

def test_lists_are_paged_and_filtered(world):
    made = {world.submitted(engineer="ed")["id"] for _ in range(5)}
    found, cursor = [], ""
    for _ in range(200):
        page = world.mark.get(f"/v1/requests?state=awaitingManager&tenant=contoso&limit=2{cursor}").json
        assert len(page["items"]) <= 2
        found += [one["id"] for one in page["items"]]
        if not page.get("next"):
            break
        cursor = f"&cursor={page['next']}"
    assert made <= set(found) and len(found) == len(set(found))
    for bad in ("limit=0", "limit=-1", "limit=ten", "limit=100000", "cursor=nonsense", "state=unknown"):
        assert world.mark.get(f"/v1/requests?{bad}").status in (400, 422), bad


def test_the_log_is_searched_and_exported(world):
    request = world.approved()
    records = world.alan.audit("contoso", request=request["id"])
    assert len(records) >= 4
    assert [record["index"] for record in records] == sorted(
        (record["index"] for record in records), reverse=records[0]["index"] > records[-1]["index"])
    one = records[0]
    assert world.alan.audit("contoso", request=request["id"], activity=one["activity"])
    assert world.alan.audit("contoso", request=request["id"], to="2020-01-01T00:00:00Z") == []
    for media, mark in (("text/csv", b","), ("application/jsonl", b"{")):
        answer = world.alan.get(f"/v1/tenants/contoso/audit?request={request['id']}", Accept=media)
        assert answer.status == 200 and answer.headers["content-type"].startswith(media), answer
        assert request["id"].encode() in answer.body and mark in answer.body
    for who in ("sue", "eve"):
        assert world.apis[who].get("/v1/tenants/contoso/audit").status in (403, 404), who


HOSTILE = ["Two lines:\nand a lone line feed.", "=1+1 is no formula here", "@SUM(A1), \"quoted\", and\r\nbroken\ttwice"]


def test_the_table_of_the_log_is_read_back_by_another_program(world):
    texts = [f"{text} ({number})" for number, text in enumerate(HOSTILE)]
    requests = [world.submitted(reason=text)["id"] for text in texts]
    answer = world.alan.get("/v1/tenants/contoso/audit", Accept="text/csv")
    header, *rows = csv.reader(io.StringIO(answer.body.decode(), newline=""), strict=True)
    assert {len(row) for row in rows} == {len(header)} and len(header) > 9, "a column for each text and fact"
    assert [int(row[0]) for row in rows] == sorted(int(row[0]) for row in rows)
    for request, text in zip(requests, texts):
        told = [cell for row in rows if row[header.index("request")] == request for cell in row]
        assert any(text.replace("\r\n", "\n") in cell for cell in told), (text, told)
    assert not [cell for row in rows for cell in row if cell.lstrip().startswith(("=", "+", "-", "@"))]


def test_the_log_has_a_signed_checkpoint_and_proofs(world):
    checkpoint = world.alan.get("/v1/tenants/contoso/log/checkpoint")
    assert checkpoint.status == 200
    origin, size, root, *rest = checkpoint.body.decode().split("\n")
    assert int(size) > 0 and root and rest[0] == "" and rest[1].startswith("— ")
    proof = world.alan.get(f"/v1/tenants/contoso/log/proof?index=0&size={size}")
    assert proof.status == 200 and proof.json["size"] == int(size)
    assert world.alan.get(f"/v1/tenants/contoso/log/consistency?from=1&to={size}").status == 200
    assert world.alan.get(f"/v1/tenants/contoso/log/proof?index={size}&size={size}").status in (400, 404, 422)


def test_health_and_metrics(world):
    stranger = world.lockbox.api()
    assert stranger.get("/healthz").status == 200
    assert stranger.get("/readyz").status == 200
    metrics = stranger.get("/metrics")
    assert metrics.status == 200 and metrics.headers["content-type"].startswith("text/plain")
    lines = [line for line in metrics.body.decode().splitlines() if line and not line.startswith("#")]
    assert lines and all(len(line.rsplit(" ", 1)) == 2 and float(line.rsplit(" ", 1)[1]) is not None for line in lines)


def test_a_get_decides_nothing(world):
    request = world.asked()
    for path in ("decisions", "withdraw", "finish", "revoke", "credentials"):
        answer = world.adam.get(f"/v1/requests/{request['id']}/{path}?decision=approve")
        assert answer.status in (404, 405), path
    assert world.adam.request(request["id"]) == request


def test_the_logs_agree_with_the_tables(world):
    world.lockbox.stop()
    try:
        world.lockbox.check_log()
    finally:
        world.lockbox.start()
