"""Hundreds and thousands of connections that mean harm, and what must go on meanwhile."""

import collections
import concurrent.futures
import statistics
import time
import urllib.parse

from lockbox_rig.api import seconds
from lockbox_rig.hostile import Hostile
from lockbox_rig.machine import LOOPBACK, free_port, wait_until
from lockbox_rig.portal import Visitor

from .scene import CUT, GONE, Memory, beside, cut_in_time, installation, patiently, sleep_until
from .sheet import case, span

AMY = "amy@contoso.test"
INTROSPECTION = 0.05  # seconds
# In MB; beyond the other the load is ended before it takes the whole machine.
MEMORY, TOO_MUCH = 300, 2000
CONNECTIONS = 450
LOAD, MANY = f"Under {CONNECTIONS} hostile connections", "Under more connections than the server takes"


class Watch:
    """Measures until the last of some accesses has ended: introspection; the sign-in of a known browser; the cuts."""

    # Threads, and seconds between two questions of one.
    ASKING, EVERY = 4, 0.1

    def __init__(self, place, ends):
        """`ends` says after how many seconds each access ends."""
        self.place = place
        self.browser = Visitor(place.lockbox.port).sign_in(AMY, place.lockbox.password(AMY))
        self.browser.cookies.pop("lockbox")
        self.credential = place.credential(place.approved())
        self.asked, self.signed_in = [], []
        # What came instead of the right answers.
        self.not_active, self.not_let_in = collections.Counter(), collections.Counter()
        self.ends = {}
        for duration in ends:
            request = place.approved(f"PT{duration}S")
            self.ends[place.credential(request)["username"]] = seconds(place.grant(request)["end"])

    def run(self):
        with beside(*[self._ask] * self.ASKING, self._sign_in):
            sleep_until(max(self.ends.values()))
            wait_until(lambda: self.ends.keys() <= self.place.doveadm.first.keys(), 120, "the cuts")

    def _ask(self, is_over):
        self.asked.append(timed(
            lambda: self.place.introspect(self.credential), lambda answer: answer.json["active"], self.not_active))
        is_over.wait(max(0, self.EVERY - self.asked[-1]))

    def _sign_in(self, is_over):
        form = {"email": AMY, "password": self.place.lockbox.passwords[AMY], "next": "/"}
        self.signed_in.append(timed(
            lambda: self.browser.copy().post("/sign-in", form), lambda page: page.status == 303, self.not_let_in))
        is_over.wait(0.7)

    def report(self, sheet, what):
        p99 = sorted(self.asked)[int(len(self.asked) * 0.99)]
        sheet.add(
            f"{what}: introspection",
            f"p50 {span(statistics.median(self.asked))}, p99 {span(p99)}, of {len(self.asked):,}"
            + instead(self.not_active), f"p99 ≤ {span(INTROSPECTION)}", p99 <= INTROSPECTION and not self.not_active)
        late = [self.place.doveadm.first[login] - end for login, end in self.ends.items()]
        sheet.add(
            f"{what}: the cut", f"{span(min(late))} to {span(max(late))}, of {len(late)}", f"≤ {span(CUT)}",
            cut_in_time(*late))
        sheet.add(
            f"{what}: sign-in of a known browser",
            f"p50 {span(statistics.median(self.signed_in))}, longest {span(max(self.signed_in))}, of "
            f"{len(self.signed_in)}{instead(self.not_let_in)}")


def timed(action, is_right, wrong):
    """How long it took; what it gave is counted as `wrong` unless it is right."""
    began = time.perf_counter()
    try:
        answer = action()
        if answer.status >= 400 or not is_right(answer):
            wrong[str(answer.status)] += 1
    except GONE as problem:
        wrong[type(problem).__name__] += 1
    return time.perf_counter() - began


def instead(wrong):
    return ", without the right answer: " + listed(wrong) if wrong else ""


def listed(counts):
    return ", ".join(f"{number:,} × {what}" for what, number in sorted(counts.items()))


def under_load(sheet, what, make, ends=(8, 10, 12, 14, 16), prepare=None, **how):
    """The figures of `Watch`, and the memory, under the connections that `make` makes to a place."""
    with installation("load", **how) as place:
        if prepare:
            prepare(place)
        load, watch, memory, spared = make(place), Watch(place, ends), Memory(place.lockbox.process.pid), []

        def spare(is_over):
            if memory.now > TOO_MUCH and not spared:
                spared.append(f"; the load was ended early, at {TOO_MUCH:,} MB")
                load.stop()
            is_over.wait(0.1)

        before = memory.now
        memory.forget_most()
        with beside(spare), load:
            watch.run()
        most = memory.most
        time.sleep(3)
        watch.report(sheet, what)
        sheet.add(
            f"{what}: memory of the server",
            f"{before:.0f} MB before, {most:,.0f} MB at most, {memory.now:,.0f} MB 3 s after they left"
            + "".join(spared), f"≤ {MEMORY:.0f} MB", most <= MEMORY)
        sheet.add(f"{what}: the connections", became(load))


def became(load):
    """What became of hostile connections."""
    found = load.figures
    answers = listed(found["statuses"])
    held = ""
    if load.plan["manner"] == "listen":
        held = (f"; {found['answered']:,} streams at once, of {load.plan['count']:,} that were asked for, by a process "
                f"that may open {found['files']:,} files")
    return (f"{found['most']:,} at once, {found['made']:,} made, {found['cut']:,} cut by the server; "
            f"answers read: {answers or 'none'}{held}")


def ask(method, path, body="", **headers):
    """A request, byte for byte."""
    lines = [f"{method} {path} HTTP/1.1", "Host: x"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


# What hundreds of connections ask.

FORM = "application/x-www-form-urlencoded"
SLOW_HEAD = b"GET /sign-in HTTP/1.1\r\nHost: x\r\nX-Slow: "
SLOW_BODY = f"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\nContent-Length: 60000\r\n\r\nemail=".encode()
READ_NOTHING = ask("GET", "/openapi.json")


@case("Without load")
def without_load(sheet):
    under_load(sheet, "nobody else", lambda place: Hostile(place.lockbox.port, "drip", count=0))


def wrong_passwords(place):
    """Of her whose known browser signs in meanwhile, of somebody else, and of nobody."""
    people = [AMY, "adam@contoso.test", *(f"nobody{number}@contoso.test" for number in range(10))]
    return [
        ask("POST", "/sign-in", urllib.parse.urlencode({"email": who, "password": "a wrong password", "next": "/"}),
            Origin=place.lockbox.url, Content_Type=FORM) for who in people]


@case(LOAD)
def sign_ins(sheet):
    under_load(
        sheet, f"wrong passwords, from {CONNECTIONS} addresses",
        lambda place: Hostile(place.lockbox.port, "ask", wrong_passwords(place)))


@case(LOAD)
def sign_ins_one_address(sheet):
    under_load(
        sheet, "wrong passwords, from one address",
        lambda place: Hostile(place.lockbox.port, "ask", wrong_passwords(place), sources=1))


@case(LOAD)
def slow_heads(sheet):
    under_load(
        sheet, "heads of requests, a byte a second", lambda place: Hostile(place.lockbox.port, "drip", [SLOW_HEAD]))


@case(LOAD)
def slow_bodies(sheet):
    under_load(
        sheet, "bodies of requests, a byte a second", lambda place: Hostile(place.lockbox.port, "drip", [SLOW_BODY]))


@case(LOAD)
def idle(sheet):
    under_load(
        sheet, f"idle connections, from {CONNECTIONS} addresses", lambda place: Hostile(place.lockbox.port, "drip"))


@case(LOAD)
def idle_one_address(sheet):
    under_load(
        sheet, "idle connections, from one address", lambda place: Hostile(place.lockbox.port, "drip", sources=1))


@case(LOAD)
def readers_of_nothing(sheet):
    under_load(
        sheet, "/openapi.json again and again, never read",
        lambda place: Hostile(place.lockbox.port, "stuff", [READ_NOTHING]))


# What people of another tenant ask about its log.

READERS, WRITERS = [f"reader{number}" for number in range(5)], [f"writer{number}" for number in range(4)]
RECORDS = 6000
# Every three letters of the needle stand in every record, and the needle in none: so the index leads to all of them.
NEEDLE = "stuvwxyzstuvw"
HAY = " ".join(NEEDLE[at:at + 3] for at in range(len(NEEDLE) - 2))


def crowded_tenant(directory):
    directory.tenant("fabrikam")["people"] += [
        {"email": f"{name}@fabrikam.test", "name": name.title(), "roles": [role]}
        for names, role in ((READERS, "auditor"), (WRITERS, "member")) for name in names]


def fill_log(place):
    apis = [place.lockbox.api(name) for name in WRITERS]

    def write(number):
        patiently(lambda: apis[number % len(apis)].open_support_request(
            "fabrikam", f"Support request {number}", f"{HAY} " * 40))

    with concurrent.futures.ThreadPoolExecutor(2 * len(apis)) as pool:
        list(pool.map(write, range(RECORDS)))


def about_log(place, readers, query="", accept="text/csv"):
    return [
        ask("GET", f"/v1/tenants/fabrikam/audit{query}", Accept=accept,
            Authorization=f"Bearer {place.lockbox.token(f'{name}@fabrikam.test')}") for name in readers]


@case(LOAD)
def searches(sheet):
    def load(place):
        # Two letters are not in the index: the records themselves are read.
        asks = [one for text in (NEEDLE, "qq") for one in about_log(
            place, READERS[:1], f"?text={text}", "application/json")]
        return Hostile(place.lockbox.port, "ask", asks)

    under_load(
        sheet, f"searches that find nothing in another tenant's log of {RECORDS:,}, with one token", load,
        prepare=fill_log, adjust=crowded_tenant)


@case(LOAD)
def exports(sheet):
    under_load(
        sheet, f"exports of another tenant's log of {RECORDS:,}, with {len(READERS)} tokens",
        lambda place: Hostile(place.lockbox.port, "ask", about_log(place, READERS)),
        prepare=fill_log, adjust=crowded_tenant)


@case(LOAD)
def slow_exports(sheet):
    under_load(
        sheet, "the same exports, read 4 kB a second",
        lambda place: Hostile(place.lockbox.port, "sip", about_log(place, READERS)),
        prepare=fill_log, adjust=crowded_tenant)


# Thousands.

LISTENERS, STREAMS = 34, 10_000


@case(MANY)
def five_hundred_that_never_read(sheet):
    under_load(
        sheet, "500 clients that never read",
        lambda place: Hostile(place.lockbox.port, "stuff", [READ_NOTHING], count=500, sources=500))


def listeners(directory):
    directory.tenant("fabrikam")["people"] += [
        {"email": f"page{number}@fabrikam.test", "name": f"Page {number}", "roles": ["member"]}
        for number in range(LISTENERS)]


def live_pages(place):
    def stream(number):
        email = f"page{number}@fabrikam.test"
        visitor = Visitor(place.lockbox.port).sign_in(email, place.lockbox.password(email))
        return ask("GET", "/live", Cookie=f"lockbox={visitor.cookies['lockbox']}")

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        asks = list(pool.map(stream, range(LISTENERS)))
    return Hostile(place.lockbox.port, "listen", asks, count=STREAMS, sources=1000, pause=3)


def with_live_pages(sheet, what, **settings):
    under_load(sheet, what, live_pages, ends=(20, 23, 26, 29, 32), adjust=listeners, **settings)


@case(MANY)
def ten_thousand_live_pages(sheet):
    with_live_pages(sheet, f"{STREAMS:,} live pages of {LISTENERS} people")


@case(MANY)
def ten_thousand_live_pages_and_a_listener_for_services(sheet):
    with_live_pages(
        sheet, "the same, with `serviceListen` for those who introspect", serviceListen=f"{LOOPBACK}:{free_port()}")
