"""Every page of the portal, at a phone's and a desk's width, light and dark: nothing out of reach for anybody."""

import pytest

from lockbox_rig.lockboxd import cli
from lockbox_rig.world import World


@pytest.fixture(scope="module")
def furnished():
    """A world in which there is something to see on every page."""
    world = World()
    try:
        world.finished = world.approved()["id"]
        world.eve.post(f"/v1/requests/{world.finished}/finish", {})
        world.open = world.approved()
        world.credential(world.open)
        world.waiting = world.asked()["id"]
        world.adam.post(f"/v1/requests/{world.waiting}/messages", {"text": "Why the whole mailbox?"})
        world.reviewing = world.submitted()["id"]
        world.number = world.support_request()
        world.eve.post(f"/v1/support-requests/{world.number}/messages", {"text": "Does it work now?"})
        yield world
    finally:
        world.lockbox.remember_files()
        world.stop()


CUSTOMER = [
    "/overview", "/lockbox", "/lockbox?state=denied", "/lockbox/{waiting}", "/lockbox/{open}", "/lockbox/{finished}",
    "/lockbox/{reviewing}", "/lockbox/live", "/support", "/support/new", "/support/{number}",
    "/support/{number}/close", "/my-data", "/people",
    "/people/{adam}", "/settings", "/audit", "/audit/record/1", "/audit/requests/{finished}",
    "/timeline", "/timeline?span=90d", "/account", "/account/time-zone", "/no-such-page"]
PROVIDER = [
    "/work", "/requests", "/requests/{open}", "/requests/{waiting}", "/requests/{finished}", "/support",
    "/support/{number}", "/support/{number}/close", "/requests/new",
    "/requests/new?tenant=contoso&support={number}", "/requests/new?extends={finished}", "/tenants",
    "/tenants/contoso", "/timeline", "/account"]
PEOPLE = [("gita", CUSTOMER), ("adam", ["/overview", "/lockbox/{waiting}", "/settings"]),
          ("sue", ["/support", "/my-data"]),
          ("eve", PROVIDER), ("mark", ["/work", "/requests/{reviewing}", "/audit"])]


@pytest.mark.parametrize("colour", ["light", "dark"])
@pytest.mark.parametrize("name, paths", PEOPLE, ids=[name for name, _ in PEOPLE])
def test_pages_are_within_reach(furnished, open_browser, colour, name, paths):
    profile = open_browser(furnished.lockbox.url, size="phone", colour=colour, width=360)
    profile.sign_in(furnished.directory.people[name], furnished.password(name))
    names = {"waiting": furnished.waiting, "open": furnished.open["id"], "finished": furnished.finished,
             "reviewing": furnished.reviewing, "number": furnished.number,
             "adam": furnished.adam.get("/v1/me").json["id"]}
    for path in paths:
        status = profile.go(path.format(**names)).status
        assert status == (404 if path == "/no-such-page" else 200), path
        assert profile.page.locator("h1").count() == 1, path
        profile.page.evaluate("for (const fold of document.querySelectorAll('main details')) fold.open = true")
        profile.check_reach()
        profile.check_width()
        profile.page.set_viewport_size({"width": 1280, "height": 900})
        profile.check_width()
        profile.page.set_viewport_size({"width": 360, "height": 844})


def test_the_story_of_an_access_is_verified_without_the_server(furnished, open_browser, tmp_path):
    gita = open_browser(furnished.lockbox.url)
    gita.sign_in(furnished.directory.people["gita"], furnished.password("gita"))
    gita.go(f"/audit/requests/{furnished.finished}")
    assert "records are what was signed." in gita.page.inner_text("main")
    head, key = [text.text_content() for text in gita.page.locator("pre.wrap").all()]
    link = gita.page.get_attribute("a[download]:not([href*='/receipt'])", "href")
    records = gita.page.request.get(furnished.lockbox.url + link).body()
    for name, content in (("head.txt", head.encode()), ("key.txt", key.encode()), ("records.jsonl", records),
                          ("forged.jsonl", records.replace(b"request.approved", b"request.withheld"))):
        (tmp_path / name).write_bytes(content)

    def verify(name):
        return cli(furnished.lockbox.url, "unused", "audit", "verify", "--partial", "--export", str(tmp_path / name),
                   "--checkpoint", str(tmp_path / "head.txt"), "--key", str(tmp_path / "key.txt"), check=False)

    assert verify("records.jsonl").returncode == 0, verify("records.jsonl")
    assert verify("forged.jsonl").returncode == 1


def test_a_change_of_the_rules_is_looked_through_before_it_holds(furnished, open_browser):
    gita = open_browser(furnished.lockbox.url)
    gita.sign_in(furnished.directory.people["gita"], furnished.password("gita"))
    before = furnished.gita.get("/v1/tenants/contoso/policy").json
    gita.go("/settings")
    gita.check_reach()
    assert furnished.gita.get("/v1/tenants/contoso/policy").json == before
