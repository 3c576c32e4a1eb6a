"""Access ends on time whatever the database, the disk or another process does, and what is not recorded is said."""

import os
import threading
import time

import pytest

from lockbox_rig.api import mailbox, rfc3339, seconds
from lockbox_rig.machine import Scratch, wait_until
from lockbox_rig.place import Place
from lockbox_rig.world import SUE

# How many accesses end at one instant; more is measured by hand.
ENDS = int(os.environ.get("LOCKBOX_ENDS", 20))


@pytest.fixture(scope="module")
def place():
    with Place.running("ends") as there:
        yield there


@pytest.mark.parametrize("trouble", ["locked", "full"])
def test_at_the_end_of_its_time_access_is_cut_without_a_write(place, trouble):
    request = place.approved(duration="PT8S")
    credential = place.credential(request)
    assert place.introspect(credential).json["active"] is True
    end = seconds(place.grant(request)["end"])
    with getattr(place, trouble)():
        login = credential["username"]
        wait_until(lambda: login in place.doveadm.first, 30, "the cut", 0.02)
        late = place.doveadm.first[login] - end
        assert late < 1, f"cut {late:.3f} s after the end"
        assert place.introspect(credential).json == {"active": False}
        wait_until(lambda: place.ready().status == 503, 10, "not being ready", 0.1)
        grant = place.grant(request)
        assert grant["state"] == "removing" and grant["unrecordedEnd"] == grant["end"], grant
        wait_until(lambda: place.metric("lockbox_ends_unrecorded") == 1, 10, "the gauge", 0.1)
        wait_until(lambda: place.metric("lockbox_writes_failing") > 0, 15, "the gauge", 0.1)
        print(f"{trouble}: cut {late * 1000:.0f} ms after the end; {place.ready().json['detail']}")
    wait_until(lambda: place.grant(request)["unrecordedEnd"] is None, 20, "the record", 0.1)
    wait_until(lambda: place.ready().status == 200, 20, "being ready again", 0.1)
    assert place.grant(request)["endedReason"] == "windowOver"


@pytest.mark.parametrize("trouble", ["locked", "full"])
def test_a_stop_cuts_without_a_write_and_says_that_it_is_not_recorded(place, trouble):
    request = place.approved()
    credential = place.credential(request)
    assert place.introspect(credential).json["active"] is True
    with getattr(place, trouble)():
        asked, answers = time.time(), []
        stopping = threading.Thread(
            target=lambda: answers.append(place.adam.post(f"/v1/requests/{request}/revoke")))
        stopping.start()
        login = credential["username"]
        wait_until(lambda: login in place.doveadm.first, 30, "the cut", 0.02)
        late = place.doveadm.first[login] - asked
        assert late < 1, f"cut {late:.3f} s after the stop"
        assert place.introspect(credential).json == {"active": False}
        stopping.join(30)
        refused = answers[0]
        assert (refused.status, refused.code) == (503, "endNotRecorded"), refused
        assert "could not be recorded" in refused.json["detail"]
        assert place.grant(request)["unrecordedEnd"] is not None
        stranger = place.alan.post(f"/v1/requests/{request}/revoke")
        assert stranger.status == 403, stranger
        print(f"{trouble}: cut {late * 1000:.0f} ms after the stop; {refused.json['detail']}")
    wait_until(lambda: place.grant(request)["endedReason"] == "revoked", 30, "the record", 0.1)
    assert place.alan.request(request)["grant"]["endedBy"]["email"] == "adam@contoso.test"


def test_all_that_end_together_are_cut_together(place):
    start = time.time() + 8 + ENDS * 0.7
    requests = [
        (place.scheduled(rfc3339(start), "PT90S" if ENDS > 50 else "PT20S", who), who)
        for _, who in zip(range(ENDS), ["eve", "ed"] * ENDS)]
    assert time.time() < start, "this machine is too slow for so many"
    time.sleep(max(0, start - time.time()) + 0.1)
    logins = [place.credential(request, who)["username"] for request, who in requests]
    end = seconds(place.grant(requests[0][0])["end"])
    wait_until(lambda: all(login in place.doveadm.first for login in logins), 150, "the cuts", 0.05)
    late = sorted(place.doveadm.first[login] - end for login in logins)
    print(f"{ENDS} ends at one instant: first kick {late[0] * 1000:.0f} ms, median {late[ENDS // 2] * 1000:.0f} ms, "
          f"last {late[-1] * 1000:.0f} ms after it")
    assert late[0] >= -0.01
    assert late[-1] < 1
    for request, _ in requests:
        wait_until(lambda: place.grant(request)["state"] == "ended", 60, "the confirmation", 0.1)


def test_a_database_that_is_taken_away_is_not_written_to(place):
    database = place.lockbox.database
    hidden = database.with_name("hidden")
    database.rename(hidden)
    try:
        refused = place.sue.open_support_request("contoso")
        assert refused.status == 503, refused
        wait_until(lambda: "removed or replaced" in place.ready().body.decode(), 10, "not being ready", 0.1)
    finally:
        hidden.rename(database)
    wait_until(lambda: place.ready().status == 200, 10, "being ready again", 0.1)
    assert place.sue.open_support_request("contoso").status == 201


def test_what_is_left_of_a_full_disk_is_kept_for_ends_and_decisions():
    scratch = Scratch("reserve")
    place = Place(scratch.path)
    try:
        active, asked = place.approved(), place.eve.submit("contoso", place.support, [mailbox(SUE)])
        assert place.mark.decide(asked.json["id"], "approve").status < 300
        place.lockbox.stop()
        place.lockbox.settings["diskReserve"] = "1000000 GB"
        place.lockbox.write_config()
        place.lockbox.start(until="/healthz")
        wait_until(lambda: "nearly full" in place.ready().body.decode(), 10, "not being ready", 0.1)
        for refused in (place.sue.open_support_request("contoso"), place.eve.credential(active)):
            assert refused.status == 503 and "nearly full" in refused.json["detail"], refused
        assert place.adam.decide(asked.json["id"], "approve").status < 300
        assert place.adam.post(f"/v1/requests/{active}/revoke").status == 200
        assert place.metric("lockbox_space_reserved") == 1
    finally:
        place.lockbox.remember_files()
        place.stop()
        scratch.remove()
