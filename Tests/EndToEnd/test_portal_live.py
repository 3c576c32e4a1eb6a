"""Open pages that follow changes: what the server tells them, and what the script of the portal does with it.

The pages of the script's tests are the tests' own, put in place of an address of the portal, with its real style,
script and policy, and with its real stream of changes.
"""

import random
import re
import time

import pytest

from lockbox_rig.machine import wait_until
from lockbox_rig.portal import Visitor
from lockbox_rig.world import World


@pytest.fixture(scope="module")
def world():
    world = World(clock_shifts=True)
    try:
        yield world
    finally:
        world.lockbox.remember_files()
        world.stop()


def visitor(world, name):
    return Visitor(world.lockbox.port).sign_in(world.directory.people[name], world.password(name))


# What the server tells

def heard(stream, seconds, what="changed"):
    return [at for at, one in stream.read(seconds) if one == what]


@pytest.fixture
def streams(world):
    """Opens streams, and closes them."""
    opened = []

    def listen(who):
        opened.append((who if isinstance(who, Visitor) else visitor(world, who)).live())
        return opened[-1]

    yield listen
    for stream in opened:
        stream.close()


def test_a_stream_begins_with_a_change_and_tells_of_each_one_after_it(world, streams):
    stream = streams("adam")
    assert (stream.status, stream.headers["content-type"]) == (200, "text/event-stream")
    assert stream.headers["cache-control"] == "no-store"
    # What happened between the making of the page and now is not known.
    assert len(heard(stream, 0.5)) == 1
    world.support_request("contoso")
    began = time.monotonic()
    assert heard(stream, 1)[0] - began < 0.5


def test_many_changes_in_a_row_are_told_as_few(world, streams):
    stream = streams("adam")
    heard(stream, 0.7)
    began = time.monotonic()
    while time.monotonic() - began < 1.5:
        world.support_request("contoso")
    told = heard(stream, 1)
    assert 2 <= len(told) <= 5, told
    # Read late, they may lie closer together than they were sent; the first and the last cannot.
    assert not heard(stream, 1)


def test_what_happens_at_another_tenant_is_not_even_a_beat(world, streams):
    """Neither in this process nor by another."""
    here, there, provider = streams("adam"), streams("fay"), streams("eve")
    for stream in (here, there, provider):
        heard(stream, 0.7)
    world.support_request("contoso")
    world.lockbox.password(world.directory.people["will"])
    assert there.read(1.5) == []
    assert heard(here, 0.3) and heard(provider, 0.3)


def test_a_stream_lives_by_beats_and_ends_with_its_session(world, streams):
    reader = visitor(world, "adam")
    stream = streams(reader)
    heard(stream, 0.5)
    assert [what for _, what in stream.read(11)] == ["beat"]
    other = reader.copy()
    other.post("/sign-out", {"csrf": other.csrf})
    assert stream.read(11)[-1][1] == "end"
    assert streams(reader).status == 401


ODD_HEADERS = {
    "Cookie": ["", "=", "__Host-lockbox", "__Host-lockbox=" + "0" * 64, "lockbox=\u00e4; ;;", "x" * 4000],
    "Last-Event-ID": ["", "-1", "9" * 40, "\u00ff", "*"], "Accept": ["", "*", "text/html;q=", "text/event-stream;q=0"],
    "Connection": ["", "close", "upgrade", "Last-Event-ID"], "Upgrade": ["websocket", "h2c"], "Range": ["bytes=9-1"],
    "X-Live": ["", "0"], "If-None-Match": ["*", 'W/"'], "Origin": ["null", "https://["], "Expect": ["100-continue"],
    "Forwarded": ['for="[::1]:80"', "for=_"], "X-Forwarded-For": ["[::1", ","], "Transfer-Encoding": ["chunked"],
    "Content-Length": ["0", "5"], "Accept-Encoding": ["gzip;q=2"], "Sec-Fetch-Mode": ["navigate"],
}


def test_no_header_breaks_a_stream(world):
    """Streams want a connection, so they are not among the doors that are tried in process."""
    adam, dice = visitor(world, "adam"), random.Random(time.time_ns())
    started = world.lockbox.process.pid
    for _ in range(60):
        names = dice.sample(list(ODD_HEADERS), dice.randrange(1, 4))
        sent = {name: dice.choice(ODD_HEADERS[name]).encode("latin-1") for name in names}
        stream = adam.live(sent)
        try:
            assert stream.status < 500, sent
        finally:
            stream.close()
    assert world.lockbox.process.pid == started and adam.is_signed_in
    world.lockbox.process.require_running()


def test_a_stream_keeps_no_session_alive(world, streams):
    reader = visitor(world, "amy")
    stream = streams(reader)
    heard(stream, 0.5)
    world.clock.advance(minutes=30, seconds=1)
    assert stream.read(11)[-1][1] == "end"
    assert not reader.is_signed_in


def test_nobody_listens_more_often_than_the_bound_and_a_place_is_free_again_at_once(world, streams):
    reader = visitor(world, "alan")
    opened = [streams(reader) for _ in range(8)]
    assert {stream.status for stream in opened} == {200}
    assert streams(reader).status == 503
    assert streams("gita").status == 200, "the bound is a person's own"
    opened[0].close()
    wait_until(lambda: streams(reader).status == 200, 5, "a free place", every=0.1)


# What the script does with it

class Stage:
    """A page of a test's own at /stage, signed in as somebody; change `content` and `tag`, then something else."""

    def __init__(self, world, open_browser, who="adam", **how):
        self.world, self.who = world, who
        self.profile = open_browser(world.lockbox.url, **how)
        self.profile.sign_in(world.directory.people[who], world.password(who))
        self.page = self.profile.page
        self._frame = self.profile.go("/no-such-page").text()
        self._headers = {
            name: value for name, value in self.page.request.get("/sign-in").headers.items()
            if name in ("content-security-policy", "content-type", "cache-control", "referrer-policy")}
        self.content, self.tag, self.status, self.own_address = "<h1>Stage</h1>", "a", 200, None
        self.fetched, self.posted, self.redirect = [], [], None
        self.now = None
        self.page.route("**/stage*", self._answer)
        self.page.route("**/stage/*", self._answer)

    def _answer(self, route):
        request = route.request
        if request.method == "POST":
            self.posted.append(request.post_data)
        elif "x-live" in request.headers:
            self.fetched.append(request)
        if self.redirect:
            return route.fulfill(status=303, headers={"location": self.redirect})
        live = f' data-live="{self.tag}"' if self.tag else ""
        place = ' data-page="/stage"' if request.method == "POST" else ""
        page = re.sub(
            r'(<main id="main" tabindex="-1")[^>]*>.*</main>', lambda found: f"{found[1]}{live}{place}>{self.content}</main>",
            self._frame, flags=re.DOTALL)
        now = self.now if self.now is not None else time.time()
        page = re.sub(r'data-now="\d+"', f'data-now="{round(now * 1000)}"', page)
        route.fulfill(status=self.status, headers=self._headers, body=page)

    def show(self):
        self.profile.go("/stage")
        if self.tag:
            # The stream begins with a change.
            wait_until(lambda: self.pumped(bool(self.fetched)), 5, "the first look", every=0.05)
        return self

    def pumped(self, value):
        """Lets the browser's side go on for a moment: the answers above come from this very thread."""
        self.page.wait_for_timeout(20)
        return value

    def change(self, content=None, tag="b"):
        """Something happens, by which the page becomes another."""
        self.content, self.tag = content or self.content, tag
        self.world.support_request("contoso")

    def banner(self, text):
        self.page.locator(".banner", has_text=text).wait_for()
        return self.page.locator(".banner")

    def value(self, expression):
        return self.page.evaluate(expression)


@pytest.fixture
def stage(world, open_browser):
    return lambda **how: Stage(world, open_browser, **how)


GUARD = '<input type="hidden" name="csrf" value="0">'


def test_a_page_changes_by_itself_and_the_reader_stays_where_she_was(stage):
    stage = stage(size="phone")
    long = "<p>Text.</p>" * 60
    stage.content = f"""<h1>Before</h1><span class="badge">Waiting</span>
        <details class="more"><summary>More</summary><p>Inside</p></details>
        <details class="more" open><summary>Open at first</summary><p>Inside</p></details>
        {long}<p><a href="/audit">The log</a></p>{long}"""
    stage.show()
    page = stage.page
    page.locator("summary", has_text="More").click()
    page.locator("summary", has_text="Open at first").click()
    page.locator("main a").focus()
    at = stage.value("scrollY")
    assert at > 100
    stage.change(stage.content.replace("Before", "After").replace("Waiting", "Access is open"))
    page.locator("h1", has_text="After").wait_for()
    assert stage.value("[...document.querySelectorAll('main details')].map((one) => one.open)") == [True, False]
    assert stage.value("document.activeElement.textContent") == "The log"
    assert abs(stage.value("scrollY") - at) < 2
    page.locator("[role=status]", has_text="This page was updated. Access is open.").wait_for(state="attached")
    assert page.locator(".banner").count() == 0
    # It goes on following.
    stage.change(stage.content.replace("After", "Later"), tag="c")
    page.locator("h1", has_text="Later").wait_for()


def test_focus_on_what_is_gone_goes_to_the_content(stage):
    stage = stage()
    stage.content = "<h1>Before</h1><a href='/x'>Link</a>"
    stage.show()
    stage.page.locator("main a").focus()
    stage.change("<h1>After</h1>")
    stage.page.locator("h1", has_text="After").wait_for()
    assert stage.value("document.activeElement.id") == "main"


FORM = f"""<h1>Before</h1><form method="post" action="/stage/send">{GUARD}
    <label class="field"><span>Comment</span><textarea name="comment">as it was</textarea></label>
    <label class="field"><span>Name</span><input name="name" value="n"></label>
    <label><input type="checkbox" name="keep" value="1" checked>One</label>
    <label><input type="checkbox" name="keep" value="2" checked>Two</label>
    <label class="field"><span>How long</span><select name="duration"><option>1</option><option selected>2</option>
    <option>3</option></select></label>
    <label class="field"><span>Password</span><input type="password" name="password"></label>
    <button>Send</button></form>"""


def test_what_is_typed_is_never_lost(stage):
    stage = stage()
    stage.content = FORM
    stage.show()
    page = stage.page
    page.get_by_label("Comment").fill("my words")
    page.get_by_label("Two").uncheck()
    page.get_by_label("How long").select_option("3")
    stage.change(FORM.replace("Before", "After").replace("as it was", "other"))
    banner = stage.banner("This page has changed. Your input is kept.")
    assert page.locator("h1").inner_text() == "Before"
    stage.profile.check_reach()
    banner.get_by_role("button", name="Show the change").click()
    assert page.locator("h1").inner_text() == "After" and banner.count() == 0
    assert page.get_by_label("Comment").input_value() == "my words"
    assert page.get_by_label("Name").input_value() == "n"
    assert [page.get_by_label(name).is_checked() for name in ("One", "Two")] == [True, False]
    assert page.get_by_label("How long").input_value() == "3"

    stage.change("<h1>Over</h1>", tag="c")
    stage.banner("This page has changed.").get_by_role("button").click()
    assert page.locator("h1").inner_text() == "Over"
    assert page.get_by_label("What you had written").input_value() == "my words"


@pytest.mark.parametrize("use", ["field", "selection", "secret"])
def test_what_is_in_use_is_not_replaced(stage, use):
    stage = stage()
    stage.content = FORM + ('<p class="secret">s3cret</p>' if use == "secret" else "")
    stage.show()
    if use == "field":
        stage.page.get_by_label("Comment").focus()
    if use == "selection":
        stage.value("getSelection().selectAllChildren(document.querySelector('h1'))")
    stage.change(FORM.replace("Before", "After"))
    banner = stage.banner("This page has changed.")
    assert "input" not in banner.inner_text()
    assert stage.page.locator("h1").inner_text() == "Before"


def test_the_answer_to_a_form_follows_the_page_that_it_belongs_to(stage):
    stage = stage()
    stage.content = FORM
    stage.show()
    stage.page.get_by_label("Comment").fill("too long")
    # It comes back with what was typed.
    stage.content = FORM.replace("as it was", "too long").replace("Before", "Refused")
    stage.page.get_by_role("button", name="Send").click()
    stage.page.locator("h1", has_text="Refused").wait_for()
    assert stage.profile.path == "/stage/send"
    stage.change(FORM.replace("Before", "After"))
    stage.banner("Your input is kept.").get_by_role("button").click()
    assert stage.profile.path == "/stage", "so that it can be loaded again"
    assert stage.page.get_by_label("Comment").input_value() == "too long"
    assert {request.url.removeprefix(stage.profile.url) for request in stage.fetched} == {"/stage"}


def test_a_page_that_is_not_hers_any_more_says_so(stage):
    stage = stage()
    stage.show()
    stage.status = 404
    stage.change()
    assert stage.banner("This page is not shown to you any more.").get_by_role("button", name="Reload").count() == 1


def test_a_press_that_was_meant_for_what_stood_there_before_is_not_taken(stage):
    stage = stage()
    stage.show()
    # Before the change: what comes first would be waited for in vain.
    stage.page.evaluate("""() => {
        window.pressed = new Promise((done) => new MutationObserver(() => {
            document.querySelector("main button").click()
            done()
        }).observe(document.getElementById("main"), { childList: true }))
    }""")
    stage.change(f'<h1>After</h1><form method="post" action="/stage/send">{GUARD}<button>Approve</button></form>')
    stage.page.evaluate("() => window.pressed")
    stage.page.wait_for_timeout(450)
    assert stage.posted == []
    stage.page.get_by_role("button", name="Approve").click()
    wait_until(lambda: stage.pumped(stage.posted), 5)


def countdown(until):
    return f'<span class="countdown" data-until="{round(until * 1000)}">as served</span>'


@pytest.mark.parametrize("wrong", [-3600 * 24 * 400, 0, 3600 * 5])
def test_time_left_is_right_whatever_the_devices_clock_says(stage, wrong):
    stage = stage()
    stage.tag = None
    stage.now = time.time()
    stage.content = "<h1>Clocks</h1>" + "".join(
        countdown(stage.now + left) for left in (3600 * 11 + 60 * 58 + 30, 3600 * 24 * 2 + 90, 600, 0, -5))
    stage.page.clock.install(time=stage.now + wrong)
    stage.show()
    texts = lambda: [one.removesuffix(" left") for one in stage.page.locator(".countdown").all_inner_texts()]
    assert texts()[:2] == ["11 hours 58 minutes", "2 days 1 minute"]
    assert re.fullmatch(r"9 minutes 5\d seconds|10 minutes", texts()[2])
    assert texts()[3:] == ["time is over"] * 2
    stage.page.clock.run_for(120_000)
    assert texts()[0] == "11 hours 56 minutes"
    assert re.fullmatch(r"7 minutes 5\d seconds|8 minutes", texts()[2])
    assert stage.page.locator(".countdown.soon").count() == 1 and stage.page.locator(".countdown.over").count() == 2


def test_when_time_is_over_the_page_says_so_by_itself(stage):
    stage = stage()
    until = time.time() + 2.5
    section = f"""<section class="card" data-until="{round(until * 1000)}"><h2>Decide</h2>{countdown(until)}{FORM[15:]}
        </section>"""
    stage.content = "<h1>Asked</h1>" + section
    stage.show()
    stage.page.get_by_label("Comment").fill("my words")
    looks = len(stage.fetched)
    stage.content, stage.tag = "<h1>Expired</h1>", "b"
    stage.page.locator("section", has_text="The time is over. This can no longer be sent.").wait_for()
    assert stage.page.get_by_role("button", name="Send").is_disabled()
    stage.profile.check_reach()
    stage.banner("Your input is kept.").get_by_role("button").click()
    assert stage.page.locator("h1").inner_text() == "Expired"
    assert stage.page.get_by_label("What you had written").input_value() == "my words"
    assert len(stage.fetched) <= looks + 3


def test_times_are_the_readers_own_with_utc_beside_them(stage):
    stage = stage()
    stage.content = """<h1>Times</h1><time datetime="2026-11-24T23:30:05.000Z" data-local>24 Nov 2026, 23:30 UTC</time>
        <time datetime="2026-11-24T23:30:05.000Z" data-local>24 Nov 2026, 23:30:05 UTC</time>
        <time datetime="2026-11-24T20:30:00.000Z" data-local>24 Nov 2026, 20:30 UTC</time>"""
    stage.show()
    times = lambda: stage.page.locator("main time").all_inner_texts()
    wanted = ["25 Nov 2026, 00:30 (24 Nov, 23:30 UTC)", "25 Nov 2026, 00:30:05 (24 Nov, 23:30:05 UTC)",
              "24 Nov 2026, 21:30 (20:30 UTC)"]
    assert times() == wanted
    assert stage.page.locator("main time").first.get_attribute("title") == "24 Nov 2026, 23:30 UTC"
    stage.change(stage.content.replace("<h1>Times", "<h1>Again"))
    stage.page.locator("h1", has_text="Again").wait_for()
    assert times() == wanted


COPY = """<h1>Copy</h1><p class="secret" id="credential">s3cret of a test</p>
    <button type="button" class="button" data-copy="credential" hidden>Copy</button>"""


def test_a_credential_is_copied(stage):
    stage = stage(permissions=["clipboard-read", "clipboard-write"])
    stage.content = COPY
    stage.show()
    stage.page.get_by_role("button", name="Copy").click()
    stage.page.locator("[role=status]", has_text="Copied").wait_for(state="attached")
    assert stage.value("navigator.clipboard.readText()") == "s3cret of a test"


def test_where_nothing_can_be_copied_no_button_says_so(stage):
    without = stage(script=False)
    without.content, without.tag = COPY, None
    without.show()
    assert not without.page.locator("[data-copy]").is_visible()


def test_without_a_free_place_the_page_asks_from_time_to_time(stage):
    stage = stage()
    stage.page.route("**/live", lambda route: route.fulfill(status=503))
    stage.page.clock.install()
    stage.show()
    stage.content, stage.tag = "<h1>After</h1>", "b"
    looks = len(stage.fetched)
    stage.page.clock.run_for(14_000)
    assert len(stage.fetched) == looks
    stage.page.clock.run_for(2_000)
    stage.page.locator("h1", has_text="After").wait_for()


def test_a_hidden_page_does_not_listen_and_looks_at_once_when_it_is_seen_again(stage):
    stage = stage()
    stage.show()
    hide = """(hidden) => {
        Object.defineProperty(document, "hidden", { value: hidden, configurable: true })
        document.dispatchEvent(new Event("visibilitychange"))
    }"""
    stage.page.evaluate(hide, True)
    looks = len(stage.fetched)
    stage.change("<h1>After</h1>")
    stage.page.wait_for_timeout(700)
    assert len(stage.fetched) == looks
    stage.page.evaluate(hide, False)
    stage.page.locator("h1", has_text="After").wait_for()


def test_a_page_without_changes_asks_nothing(stage):
    stage = stage()
    stage.tag = None
    stage.show()
    # The page on which she came in may have listened.
    before = len(stage.profile.requests)
    stage.change(tag=None)
    stage.page.wait_for_timeout(500)
    since = [one.url for one in stage.profile.requests[before:]]
    assert stage.fetched == [] and not [url for url in since if url.endswith("/live")]


def test_a_server_that_starts_anew_is_found_again(stage, world):
    stage = stage()
    stage.show()
    world.lockbox.stop()
    stage.page.unroute("**/stage*")
    stage.banner("Lockbox cannot be reached.")
    world.lockbox.start()
    stage.page.route("**/stage*", stage._answer)
    stage.content, stage.tag = "<h1>After</h1>", "b"
    stage.page.locator("h1", has_text="After").wait_for(timeout=15_000)
    assert stage.page.locator(".banner").count() == 0
