"""An engineer's program that is denied asks for access in AuthZEN's terms, as docs/operating/authzen.md shows it."""

import base64
import json
import re

import pytest
from joserfc import jws
from joserfc.jwk import KeySet

from lockbox_rig import secrets
from lockbox_rig.machine import REPOSITORY
from lockbox_rig.place import Place
from lockbox_rig.world import SUE

EVALUATION = "/access/v1/evaluation"


@pytest.fixture(scope="module")
def place():
    with Place.running("access-requests") as there:
        yield there


def examples():
    """The JSON of the manual, by the name that each block has."""
    text = (REPOSITORY / "docs" / "operating" / "authzen.md").read_text()
    return dict(re.findall(r"```json (\S+)\n(.*?)```", text, re.S))


class Manual:
    """The manual's examples with what holds here in the place of what it made up."""

    def __init__(self, place):
        self.texts = examples()
        self.here = {
            "https://lockbox.provider.example": place.lockbox.url, "sue@contoso.example": SUE,
            "SR-7K3M9QPXAB": place.support, "PER-7K3M9QPXAB": place.eve.get("/v1/me").json["id"]}

    def learns(self, name, answer):
        """That `answer` has the form of the example; whatever else it says stands for the made-up from now on."""
        made_up = json.loads(self.texts[name])
        self._same(made_up, answer, name)

    def _same(self, made_up, answer, where):
        if isinstance(made_up, dict):
            assert set(made_up) == set(answer), (where, answer)
            for member in made_up:
                self._same(made_up[member], answer[member], f"{where}.{member}")
        elif isinstance(made_up, str):
            known = self._filled(made_up)
            if known != answer:
                varies = ("_at", ".id", "_until", "_id", "binding_token", "endpoint", "ticket", "review", "cancel", "title")
                assert where.endswith(varies), (where, known, answer)
                if made_up.startswith(("LBX-", "eyJ", "2026-")):
                    self.here[made_up] = answer
        else:
            assert made_up == answer, (where, answer)

    def _filled(self, text):
        for old, new in self.here.items():
            text = text.replace(old, new)
        return text

    def body(self, name):
        return json.loads(self._filled(self.texts[name]))


def test_the_way_of_the_manual(place):
    manual = Manual(place)
    eve = place.eve
    denied = eve.post(EVALUATION, manual.body("evaluation"), key=False)
    assert denied.status == 200, denied
    manual.learns("evaluation-answer", denied.json)
    token = denied.json["context"]["access_request"]["binding_token"]
    metadata = place.lockbox.api().get("/.well-known/authzen-configuration").json
    assert "urn:openid:authzen:capability:access-request" in metadata["capabilities"]
    assert metadata["access_request_endpoint"] == denied.json["context"]["access_request"]["endpoint"]
    keys = KeySet.import_key_set(
        place.lockbox.api().get(metadata["jwks_uri"].removeprefix(place.lockbox.url)).json)
    signed = jws.deserialize_compact(token, keys, algorithms=["ES256"])
    assert signed.headers()["typ"] == "lockbox-denial+jwt"
    assert SUE.encode() not in signed.payload

    submitted = eve.post("/access/v1/access-request", manual.body("submission"))
    assert submitted.status == 202 and submitted.headers["retry-after"] == "5", submitted
    manual.learns("task", submitted.json)
    task = submitted.json["task"]
    assert submitted.headers["location"] == task["status_endpoint"]
    status = task["status_endpoint"].removeprefix(place.lockbox.url)
    steps = []
    for who in (place.mark, place.adam):
        steps.append(eve.get(status).json["task"]["progress"]["step_name"])
        assert who.decide(task["id"], "approve").status == 200
    assert steps == ["manager_approval", "customer_approval"]
    over = eve.get(status)
    assert over.status == 200 and "retry-after" not in over.headers, over
    approval = over.json["result"]["approval"]
    manual.texts["approved"] = manual.texts["approved"].replace("2026-11-30T11:00:00Z", over.json["task"]["expires_at"])
    manual.here.update({
        "2026-11-23T10:00:00Z": approval["approved_at"], "2026-11-23T11:00:00Z": approval["approved_until"]})
    manual.learns("approved", over.json)

    again = manual.body("reevaluation")
    assert again["context"]["approval"] == approval
    answer = eve.post(EVALUATION, again, key=False)
    manual.learns("reevaluation-answer", answer.json)
    basic = {"Authorization": "Basic " + base64.b64encode(f"dovecot:{place.secret}".encode()).decode()}
    asked = place.lockbox.api().send(
        "POST", EVALUATION, json.dumps(again), {"Content-Type": "application/json", **basic})
    assert asked.json == answer.json
    credential = place.credential(task["id"])
    assert place.introspect(credential).json["active"] is True

    assert place.adam.post(f"/v1/requests/{task['id']}/revoke", {"comment": "Enough."}).status == 200
    answer = eve.post(EVALUATION, again, key=False).json
    assert answer["decision"] is False and answer["context"]["reason"] == "approval_expired"
    assert answer["context"]["next_action"] == "request" and answer["context"]["access_request"]["binding_token"]
    assert place.introspect(credential).json == {"active": False}
    assert eve.post(status + "/cancel").json["type"].endswith(":invalid_task_state")
    activities = [entry["activity"] for entry in place.adam.audit("contoso", request=task["id"])]
    assert activities.count("request.submitted") == 1 and "access.used" in activities


def test_a_task_is_cancelled_by_who_asked_and_nobody_else(place):
    manual = Manual(place)
    denied = place.eve.post(EVALUATION, manual.body("evaluation"), key=False)
    manual.learns("evaluation-answer", denied.json)
    body = manual.body("submission")
    task = place.eve.post("/access/v1/access-request", body, key="once").json["task"]
    assert place.eve.post("/access/v1/access-request", body, key="once").json["task"] == task
    body["requested_access"] = {f"{place.lockbox.url}/requested_duration": "PT5M"}
    twice = place.eve.post("/access/v1/access-request", body, key="once")
    assert twice.status == 409 and twice.json["type"].endswith(":duplicate_request"), twice
    cancel = task["links"]["cancel"].removeprefix(place.lockbox.url)
    for stranger in (place.ed, place.mark, place.adam):
        refused = stranger.post(cancel, {"comment": "Mine."})
        assert refused.status == 404 and refused.json["type"].endswith(":unknown_task"), refused
    done = place.eve.post(cancel, {"reason": "obsolete"})
    assert done.status == 200 and done.json["task"]["status"] == "cancelled", done
    assert place.eve.request(task["id"])["state"] == "withdrawn"
    assert place.eve.post(cancel).status == 409
    place.lockbox.check_log()


def test_another_engineers_denial_is_good_for_nothing(place):
    manual = Manual(place)
    denied = place.eve.post(EVALUATION, manual.body("evaluation"), key=False)
    manual.learns("evaluation-answer", denied.json)
    body = manual.body("submission")
    assert place.ed.post("/access/v1/access-request", body).json["type"].endswith(":not_requestable")
    body["subject"]["id"] = place.ed.get("/v1/me").json["id"]
    assert place.ed.post("/access/v1/access-request", body).json["type"].endswith(":invalid_denial_binding")
    refused = place.sue.post("/access/v1/access-request", body)
    assert refused.status == 403 and refused.code == "notPermitted", refused
