"""Deadlines of hours, and clocks that jump: the server's wall clock is moved while it runs."""

import time

import pytest

from lockbox_rig.api import rfc3339, seconds
from lockbox_rig.dovecot import IdleWatcher, Refused
from lockbox_rig.machine import wait_until
from lockbox_rig.world import World


@pytest.fixture(scope="module")
def shifted():
    """A world whose Lockbox has a clock of its own. Time only ever goes on in it, as tests before have left it."""
    world = World(clock_shifts=True)
    try:
        yield world
    finally:
        world.lockbox.remember_files()
        world.stop()


def activities(world, request):
    return [record["activity"] for record in world.alan.audit("contoso", request=request["id"])]


def just_before(world, instant, margin):
    world.clock.set_to(seconds(instant) - margin)


def test_undecided_for_twelve_hours_a_request_expires(shifted):
    request = shifted.asked()
    decide_by = seconds(request["decideBy"])
    assert decide_by - seconds(request["decisions"][-1]["at"]) == pytest.approx(12 * 3600, abs=0.001)

    just_before(shifted, request["decideBy"], margin=60)
    assert shifted.adam.request(request["id"])["state"] == "awaitingCustomer"
    shifted.clock.advance(seconds=61)
    # At once, whether or not anything has swept.
    late = shifted.adam.decide(request["id"], "approve", version=request["version"])
    assert (late.status, late.code) == (409, "alreadyDecided"), late
    expired = shifted.adam.request(request["id"])
    assert (expired["state"], expired["grant"]) == ("expired", None)
    assert shifted.eve.credential(request["id"]).code == "accessNotActive"

    wait_until(lambda: any("xpired" in one for one in activities(shifted, request)), 5, "the record of it", 0.1)
    letter = shifted.smtp.wait_for("eve@example-cloud.test", request["id"])[-1]
    assert letter


def test_undecided_by_managers_a_request_expires_too(shifted):
    request = shifted.submitted()
    shifted.clock.advance(hours=12, seconds=1)
    late = shifted.mark.decide(request["id"], "approve", version=request["version"])
    assert (late.status, late.code) == (409, "alreadyDecided"), late
    assert shifted.eve.request(request["id"])["state"] == "expired"


def test_a_yes_just_in_time_counts_and_the_window_starts_then(shifted):
    request = shifted.asked(duration="PT1H")
    just_before(shifted, request["decideBy"], margin=20)
    assert shifted.adam.decide(request["id"], "approve").status < 300
    grant = shifted.eve.request(request["id"])["grant"]
    assert seconds(grant["start"]) == pytest.approx(shifted.clock.now(), abs=5)
    assert seconds(grant["end"]) - seconds(grant["start"]) == pytest.approx(3600, abs=0.001)


def test_a_leap_over_the_end_of_a_window_closes_it(shifted):
    request = shifted.approved(duration="PT1H")
    credential = shifted.credential(request)
    session = shifted.imap(credential)
    session.select("INBOX", readonly=True)
    watcher = IdleWatcher(session)
    shifted.clock.advance(hours=1, seconds=1)
    leapt = time.time()
    assert shifted.introspect(credential["token"]).json == {"active": False}
    with pytest.raises(Refused):
        shifted.imap(credential)
    # The promise of one second is for a clock that runs; a leap is noticed within a second, then the promise holds.
    assert watcher.wait_closed(5) - leapt <= 2
    ended = shifted.eve.request(request["id"])
    assert (ended["state"], ended["grant"]["endedReason"]) == ("ended", "windowOver")
    assert ended["grant"]["endedAt"] == ended["grant"]["end"]


def test_over_is_not_yet_removed(shifted):
    """`ended` says that the services have confirmed it; until then it is `removing`."""
    request = shifted.approved(duration="PT1H")
    session = shifted.imap(shifted.credential(request))
    shifted.clock.advance(hours=1, seconds=1)

    def grant_once_over():
        grant = shifted.eve.request(request["id"])["grant"]
        assert grant["state"] in ("removing", "ended"), grant
        return grant["state"] == "ended" and grant

    grant = wait_until(grant_once_over, what="confirmed end", every=0.1)
    assert [removal["state"] for removal in grant["removals"]] == ["confirmed"], grant
    session.shutdown()


def test_a_scheduled_window_that_is_leapt_over_opens_nothing(shifted):
    start = shifted.clock.now() + 3600
    request = shifted.approved(notBefore=rfc3339(start), duration="PT1H")
    shifted.clock.advance(hours=3)
    assert shifted.eve.credential(request["id"]).code == "accessNotActive"
    assert shifted.eve.request(request["id"])["state"] == "ended"


def test_a_step_back_never_takes_the_log_back(shifted):
    over = shifted.asked()
    shifted.clock.advance(hours=12, seconds=1)
    assert shifted.adam.request(over["id"])["state"] == "expired"
    wait_until(lambda: any("xpired" in one for one in activities(shifted, over)), 5, "the record of it", 0.1)
    access = shifted.approved(duration="PT2H")
    credential = shifted.credential(access)

    shifted.clock.step(minutes=-4)
    request = shifted.approved()
    assert shifted.adam.request(over["id"])["state"] == "expired", "a terminal state was left"
    records = sorted(shifted.alan.audit("contoso"), key=lambda record: record["index"])
    times = [seconds(record["time"]) for record in records]
    assert times == sorted(times), "the log's time went backwards"

    # What was open stays revocable, and what was given is never more than was approved.
    assert shifted.introspect(credential["token"]).json["active"] is True
    grant = shifted.eve.request(access["id"])["grant"]
    assert seconds(grant["end"]) - seconds(grant["start"]) == pytest.approx(7200, abs=0.001)
    for one in (access, request):
        assert shifted.adam.post(f"/v1/requests/{one['id']}/revoke").status == 200
    assert shifted.introspect(credential["token"]).json == {"active": False}
    shifted.clock.step(minutes=4)


def test_a_step_back_while_the_server_is_down_reopens_nothing(shifted):
    request = shifted.approved(duration="PT10M")
    credential = shifted.credential(request)
    shifted.clock.advance(minutes=11)
    wait_until(lambda: "access.removed" in activities(shifted, request), 10, "the record of the end", 0.1)
    shifted.lockbox.stop()
    shifted.clock.step(minutes=-11)
    shifted.lockbox.start(until="/healthz")
    assert shifted.introspect(credential["token"]).json == {"active": False}
    assert shifted.eve.request(request["id"])["state"] == "ended"
    shifted.clock.step(minutes=11)


def test_restarts_after_a_step_back_do_not_lengthen_access(shifted):
    """The clock was a day ahead and is right again: time goes on while the server is away, too."""
    shifted.clock.advance(hours=24)
    request = shifted.approved(duration="PT12S")
    given = time.monotonic()
    credential = shifted.credential(request)
    shifted.clock.step(hours=-24)
    for how in ("stop", "kill", "kill", "stop"):
        getattr(shifted.lockbox, how)()
        time.sleep(1)
        shifted.lockbox.start(until="/healthz")
    shifted.lockbox.stop()
    time.sleep(max(0, given + 12 - time.monotonic()))
    shifted.lockbox.start(until="/healthz")
    assert shifted.introspect(credential["token"]).json == {"active": False}
    assert shifted.eve.request(request["id"])["grant"]["endedReason"] == "windowOver"
    shifted.clock.step(hours=24)


def ready(world):
    return world.lockbox.api().get("/readyz")


@pytest.mark.parametrize("hours", [1, -1, 87_600], ids=lambda hours: f"{hours} h")
def test_a_jump_stops_deciding_and_lengthens_nothing(shifted, hours):
    """Whatever the clock shows for a moment: nothing ends by it, and nobody gets in by it."""
    request, asked = shifted.approved(duration="PT2H"), shifted.asked()
    begun = seconds(request["createdAt"])
    credential = shifted.credential(request)
    assert shifted.introspect(credential["token"]).json["active"] is True
    shifted.clock.step(hours=hours)
    wait_until(lambda: ready(shifted).status == 503, 10, "not being ready", 0.1)
    assert "clock" in ready(shifted).json["detail"]
    assert shifted.introspect(credential["token"]).status == 503
    for refused in (shifted.adam.decide(asked["id"], "approve"), shifted.eve.credential(request["id"])):
        assert refused.status == 503 and "clock jumped" in refused.json["detail"], refused
    assert shifted.eve.request(request["id"])["state"] == "active"
    # Ending is always possible.
    assert shifted.adam.post(f"/v1/requests/{request['id']}/revoke").status == 200
    shifted.clock.step(hours=-hours)
    wait_until(lambda: ready(shifted).status == 200, 10, "being ready again", 0.1)
    assert shifted.adam.decide(asked["id"], "approve").status < 300
    # What was written during the jump is dated by the time that has passed.
    times = [seconds(record["time"]) for record in shifted.alan.audit("contoso")]
    assert all(abs(later - begun) < 1800 for later in times if later > begun)


def test_time_that_leaps_is_not_held_against_the_database(install):
    """As after a machine's sleep: between asking and answering, much time has passed in which nobody ran."""
    lockbox = install(clock_shifts=True)
    lockbox.apply()
    lockbox.start()
    # More often than any answer of the database takes.
    with lockbox.clock.running_fast(every=0.0001):
        answers = [lockbox.api().get("/readyz") for _ in range(300)]
    assert {answer.status for answer in answers} == {200}, answers
    lockbox.stop()


def test_a_jump_that_the_operator_accepts_is_followed(shifted):
    request = shifted.approved(duration="PT2H")
    credential = shifted.credential(request)
    assert "nothing to accept" in shifted.lockbox.run("accept-clock").stdout
    shifted.clock.step(hours=3)
    wait_until(lambda: ready(shifted).status == 503, 10, "not being ready", 0.1)
    assert "jumped forward by 3 hours" in shifted.lockbox.run("accept-clock").stdout
    wait_until(lambda: ready(shifted).status == 200, 10, "being ready again", 0.1)
    assert shifted.introspect(credential["token"]).json == {"active": False}
    assert shifted.eve.request(request["id"])["grant"]["endedReason"] == "windowOver"

    shifted.clock.step(hours=-3)
    wait_until(lambda: ready(shifted).status == 503, 10, "not being ready", 0.1)
    assert "jumped back by" in shifted.lockbox.run("accept-clock").stdout
    wait_until(lambda: ready(shifted).status == 200, 10, "being ready again", 0.1)
    assert shifted.approved()["state"] == "active"
    shifted.clock.step(hours=3)
    wait_until(lambda: ready(shifted).status == 200, 10, "being ready", 0.1)


def test_after_all_that_the_logs_agree_with_the_tables(shifted):
    shifted.lockbox.stop()
    try:
        shifted.lockbox.check_log()
    finally:
        shifted.lockbox.start()
