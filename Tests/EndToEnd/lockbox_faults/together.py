"""Many accesses that end at one instant."""

import concurrent.futures
import time

from lockbox_rig.api import mailbox, rfc3339, seconds
from lockbox_rig.machine import wait_until
from lockbox_rig.world import SUE

from .scene import CUT, cut_in_time, installation, patiently, sleep_until
from .sheet import CannotRun, case, span

TOGETHER = "Accesses that end at one instant"
# As many as the bounds on one engineer's requests make necessary.
ENGINEERS = [f"engineer{number}" for number in range(6)]


def engineers(directory):
    directory.content["provider"]["people"] += [
        {"email": f"{name}@example-cloud.test", "name": name.title(), "roles": ["engineer"]} for name in ENGINEERS]


def scheduled(place, engineer, start, duration):
    """The number of a request that all have approved."""
    asked = patiently(lambda: engineer.submit(
        "contoso", place.support, [mailbox(SUE)], duration=f"PT{duration}S", notBefore=rfc3339(start)))
    version = asked["version"]
    for who in (place.mark, place.adam):
        version = patiently(lambda: who.decide(asked["id"], "approve", version=version))["version"]
    return asked["id"]


def end_together(sheet, count, bound=CUT):
    with installation("many", adjust=engineers, people=(*ENGINEERS, "eve", "mark", "sue", "adam")) as place, \
            concurrent.futures.ThreadPoolExecutor(8) as pool:
        asking = [getattr(place, ENGINEERS[number % len(ENGINEERS)]) for number in range(count)]
        # How long one takes, of those that end later.
        began = time.monotonic()
        list(pool.map(lambda engineer: scheduled(place, engineer, time.time() + 600, 1), asking[:8]))
        pace = (time.monotonic() - began) / 8
        start, duration = time.time() + 5 + 1.4 * pace * count, int(8 + 0.8 * pace * count)
        requests = list(pool.map(lambda engineer: scheduled(place, engineer, start, duration), asking))
        if time.time() > start:
            raise CannotRun("this machine is too slow to make so many")
        sleep_until(start + 0.1)
        logins = list(pool.map(
            lambda one: patiently(lambda: one[0].credential(one[1]))["username"], zip(asking, requests)))
        end = seconds(place.grant(requests[0])["end"])
        if time.time() > end - 1:
            raise CannotRun("this machine is too slow to give so many credentials")
        sleep_until(end)
        wait_until(lambda: place.doveadm.first.keys() >= set(logins), 120, "the cuts", 0.05)
        late = sorted(place.doveadm.first[login] - end for login in logins)
    sheet.add(
        f"{count:,} accesses",
        f"cut {span(late[0])} (first), {span(late[count // 2])} (median), {span(late[-1])} (last) after the end",
        f"≤ {span(bound)}" if bound else "–", cut_in_time(*late) if bound else None)


@case(TOGETHER)
def forty_ends(sheet):
    end_together(sheet, 40)


@case(TOGETHER)
def sixty_four_ends(sheet):
    end_together(sheet, 64)


@case(TOGETHER)
def a_hundred_ends(sheet):
    end_together(sheet, 100)


@case(TOGETHER)
def two_hundred_ends(sheet):
    end_together(sheet, 200)


@case(TOGETHER)
def a_thousand_ends(sheet):
    end_together(sheet, 1000, bound=None)
