"""What services ask of Lockbox, beside an nginx that always says yes."""

import contextlib
import json

from lockbox_rig.machine import LOOPBACK, free_port

from .asked import FOLDER, Asked
from .load import FULL, SPARING, Nginx, Target, interleaved, require_wrk
from .measure import Probe, core, spread
from .sheet import Sheet

YARDSTICK = "nginx `return 200`"
FORM, JSON = "application/x-www-form-urlencoded", "application/json"


def targets_of(place, yardstick, folder):
    _, token = place.access("files", FOLDER)
    api, service = place.lockbox.api(), {"Authorization": place.basic}
    engineer = api.introspect("files", place.client_secret, token).json["sub"]
    question = {
        "subject": {"type": "user", "id": engineer}, "action": {"name": "read"},
        "resource": {"type": "folder", "id": "plans"}}
    nobody = {**question, "subject": {"type": "user", "id": "PER-0000000000"}}
    with_credential = {**question, "context": {"credential": token}}
    forward = {"Authorization": f"Bearer {token}", "Lockbox-Client-Authorization": place.basic,
               "X-Original-Method": "GET", "X-Original-URI": "/plans"}
    form, evaluation = ("/oauth2/introspect", {**service, "Content-Type": FORM}), (
        "/access/v1/evaluation", {**service, "Content-Type": JSON})

    def target(name, path, headers, asks, is_right):
        """The first answer is looked at, all others must be the same."""
        answer = api.send("POST" if asks else "GET", path, asks, headers)
        assert answer.status == 200 and is_right(answer), (name, answer)
        return Target(
            folder, name, place.lockbox.port, path, answer.body.decode(), "POST" if asks else "GET", headers, asks)

    found = [
        Target(folder, YARDSTICK, yardstick, "/", "ok"),
        target("`/authz`, with the record", "/authz/files", forward, None,
               lambda answer: answer.headers["x-lockbox-decision"] == "allow"),
        target("introspection, live", *form, f"token={token}", lambda answer: answer.json["active"] is True),
        target("introspection, unknown", *form, "token=x", lambda answer: answer.json == {"active": False}),
        target("AuthZEN evaluation", *evaluation, json.dumps(question), lambda answer: answer.json["decision"] is True),
        target("AuthZEN evaluation, nobody", *evaluation, json.dumps(nobody),
               lambda answer: answer.json["decision"] is False),
        target("AuthZEN evaluation with a credential", *evaluation, json.dumps(with_credential),
               lambda answer: answer.json["decision"] is True)]
    refused = api.send("GET", "/authz/files", headers={**forward, "Authorization": "Bearer lbc_" + "0" * 64})
    assert refused.status == 401, "a stranger gets through"
    return found


def run(quick):
    require_wrk()
    rounds, seconds = (1, 1) if quick else (5, 2)
    with Asked.running("decisions") as place:
        port, folder = free_port(), place.lockbox.folder
        with core(0):
            nginx = Nginx(folder / "nginx", f'server {{ listen {LOOPBACK}:{port}; return 200 "ok"; }}', [port])
        try:
            targets = targets_of(place, port, folder)
            with contextlib.closing(Probe(folder)) as probe:
                kept, rate = interleaved(targets, rounds, seconds, probe)
        finally:
            nginx.stop()
    sheet = Sheet("Decisions")
    sheet.say(f"{len(kept)} of {rounds} interleaved rounds count; median (least..most) of them. Full speed is {FULL} "
              f"connections; the constant rate is about {rate:,.0f} requests a second over {SPARING}. × is of "
              f"{YARDSTICK} in the same round.")
    if kept:
        sheet.table(["what", "requests a second", "×", "p50 µs at the rate", "×", "p99 µs", "×"], [
            row(target.name, kept) for target in targets])
    return sheet


def row(name, kept):
    cells = [name]
    for which, figure, form in ((0, "rate", ",.0f"), (1, "p50", ".0f"), (1, "p99", ".0f")):
        values = [getattr(one[name][which], figure) for one in kept]
        yardsticks = [getattr(one[YARDSTICK][which], figure) for one in kept]
        cells += [spread(values, form), spread([value / other for value, other in zip(values, yardsticks)], ".2f")]
    return cells
