"""People at a real browser: Chromium, as it is installed on this machine."""

import pathlib
import re
import shutil
import tempfile
import os
import urllib.parse

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from .machine import LOOPBACK

SIZES = {"phone": (390, 844), "wide": (1280, 900)}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

# The button that gives all that is asked for says what that is.
APPROVE = re.compile(r"^Approve\s+·\s+\d")


def says(profile, text, timeout=10_000):
    """Waits until the page says `text`, without touching it; then reads a moment: what is clicked at the very instant
    of a change was meant for what stood there before, and is not taken."""
    profile.page.locator("main").filter(has_text=text).wait_for(timeout=timeout)
    profile.page.wait_for_timeout(450)


class Browser:
    """One Chromium for all tests. Everybody in it has a profile of her own."""

    def __init__(self):
        # The same engine without the windows around it, which take most of the time of a page.
        program = shutil.which("chromium-headless-shell")
        assert program, "there is no chromium-headless-shell: `make setup-tests`"
        self._playwright = sync_playwright().start()
        arguments = ["--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost"]
        if os.geteuid() == 0:
            arguments.append("--no-sandbox")
        self._chromium = self._playwright.chromium.launch(executable_path=program, args=arguments)

    def profile(self, url, **how):
        return Profile(self._chromium, url, **how)

    def stop(self):
        self._chromium.close()
        self._playwright.stop()


class Profile:
    """Somebody's own browser: its cookies, its size, and everything that went wrong in it."""

    open = []

    def __init__(self, chromium, url, size="wide", colour="light", script=True, width=None, **options):
        self.url, self.faults, self.requests = url, [], []
        self.host = urllib.parse.urlsplit(url).hostname
        across, down = SIZES[size]
        touch = {"has_touch": True, "is_mobile": True} if size == "phone" else {}
        self.context = chromium.new_context(
            base_url=url, viewport={"width": width or across, "height": down}, color_scheme=colour,
            java_script_enabled=script, locale="en-GB", timezone_id="Europe/Berlin", reduced_motion="reduce",
            **touch, **options)
        self.context.set_default_timeout(10_000)
        self.context.on("console", self._console)
        self.context.on("weberror", lambda error: self.faults.append(f"script: {error.error}"))
        self.context.on("dialog", self._dialog)
        self.context.on("request", self._request)
        self.context.on("response", self._response)
        self.page = self.context.new_page()
        Profile.open.append(self)

    def _console(self, message):
        # What the server said to a form or to a page that is gone is no fault of the page; of its parts see `_response`.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.faults.append(f"console: {message.text}")

    def _dialog(self, dialog):
        self.faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _request(self, request):
        self.requests.append(request)
        place = urllib.parse.urlsplit(request.url)
        if place.scheme in ("http", "https") and place.hostname not in (LOOPBACK, self.host):
            self.faults.append(f"asks another host: {request.url}")

    def _response(self, response):
        if response.status >= 400 and response.request.resource_type in ("script", "stylesheet", "image", "font"):
            self.faults.append(f"{response.status} for {response.url}")

    # What people do.

    def sign_in(self, email, password, next=None):
        self.go("/sign-in" + ("?next=" + urllib.parse.quote(next) if next else ""))
        self.page.get_by_label("E-mail address").fill(email)
        self.page.get_by_label("Password").fill(password)
        self.press("Sign in")
        return self

    def go(self, path):
        """Opens a page, and gives what the server answered."""
        return self.page.goto(path, wait_until="load")

    def press(self, name, within=None):
        """A button, or something that looks like one, by what it says."""
        place = within or self.page
        place.get_by_role("button", name=name, exact=True).or_(
            place.get_by_role("link", name=name, exact=True)).first.click()

    def text(self):
        return self.page.locator("main").inner_text()

    @property
    def path(self):
        return self.page.url.removeprefix(self.url)

    # What must hold for every page.

    def check_reach(self):
        """Nothing on the page is a mile away for those who see or hear it otherwise (WCAG 2.2 AA, as far as a program
        can tell)."""
        found = Axe().run(self.page, options={
            "runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]})
        assert found.violations_count == 0, f"{self.page.url}\n{found.generate_report()}"

    def check_width(self):
        """No sideways scrolling; says what sticks out."""
        wide = self.page.evaluate("""() => {
            const width = document.documentElement.clientWidth
            if (document.documentElement.scrollWidth <= width) return []
            const inside = (one) => { for (let at = one.parentElement; at; at = at.parentElement)
                if (getComputedStyle(at).overflowX !== "visible") return true }
            return [...document.querySelectorAll("body *")].filter((one) =>
                one.getBoundingClientRect().right > width + 1 && !inside(one)
            ).map((one) => one.outerHTML.slice(0, 120)).concat(["scrollWidth " + document.documentElement.scrollWidth])
        }""")
        assert not wide, f"{self.page.url} scrolls sideways: {wide}"

    def forgive(self, pattern):
        """Takes away faults that a test has provoked; there must be some."""
        forgiven = [fault for fault in self.faults if re.search(pattern, fault)]
        assert forgiven, self.faults
        self.faults = [fault for fault in self.faults if fault not in forgiven]

    def close(self):
        """Ends it; whatever went wrong in it fails the test."""
        Profile.open.remove(self)
        self.context.close()
        assert not self.faults, "\n".join(self.faults)

    def photograph(self):
        """Pictures of all its pages, in a temporary folder."""
        folder = pathlib.Path(tempfile.mkdtemp(prefix="lbx-seen-", dir="/tmp"))
        pictures = []
        for number, page in enumerate(self.context.pages):
            picture = folder / f"{number}.png"
            page.screenshot(path=picture, full_page=True, timeout=5000)
            pictures.append(f"{page.url}: {picture}")
        return pictures
