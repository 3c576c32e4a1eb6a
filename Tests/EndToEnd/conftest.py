import sys

sys.dont_write_bytecode = True

import pathlib

import pytest

from lockbox_rig import clock, machine, secrets
from lockbox_rig.browser import Browser, Profile
from lockbox_rig.directory import DirectoryFile, imap_service
from lockbox_rig.lockboxd import LOCKBOXD, Lockboxd
from lockbox_rig.machine import Scratch, free_port
from lockbox_rig.share import Share
from lockbox_rig.world import World


LAST = "test_secrets.py"


def pytest_addoption(parser):
    parser.addoption("--share", nargs=3, metavar=("FOLDER", "NUMBER", "COUNT"),
                     help="run what the other processes with FOLDER do not; NUMBER from 0 says which of COUNT this is")


def pytest_configure(config):
    config.share = None
    if config.option.share:
        folder, number, count = config.option.share
        config.share = Share(pathlib.Path(folder))
        machine.use_ports(int(number), int(count))


def pytest_collection_modifyitems(items):
    """The search for secrets comes last: it searches what the others left behind."""
    items.sort(key=lambda item: item.path.name == LAST)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item):
    """A test of another process's share is passed over. What was left behind is searched by each."""
    share = item.config.share
    return True if share and item.path.name != LAST and not share.takes(item.path.name) else None


def pytest_unconfigure():
    clock.discard_library()


def _require_server():
    if not pathlib.Path(LOCKBOXD).exists():
        pytest.fail(f"{LOCKBOXD} is not there: `swift build` first, or name another by LOCKBOXD")


@pytest.fixture(scope="session")
def world():
    """The one running installation that most tests share."""
    _require_server()
    world = World()
    try:
        yield world
    finally:
        world.stop()


@pytest.fixture
def install():
    """Makes installations of a test's own, and clears them away. Their mail service has no Dovecot behind it."""
    _require_server()
    made = []

    def make(clock_shifts=False, directory=None, **settings):
        scratch = Scratch("own")
        shifted = clock.ShiftedClock(scratch.path) if clock_shifts else None
        if directory is None:
            for name in ("client", "doveadm"):
                (scratch.path / name).write_text(secrets.new(f"{name} secret") + "\n")
                (scratch.path / name).chmod(0o600)
            directory = DirectoryFile([imap_service(
                scratch.path / "client", f"http://127.0.0.1:{free_port()}/doveadm/v1", scratch.path / "doveadm")])
        lockbox = Lockboxd(scratch.path / "lockbox", directory, clock=shifted, **settings)
        made.append((scratch, lockbox))
        return lockbox

    yield make
    for scratch, lockbox in made:
        lockbox.stop()
        lockbox.remember_files()
        scratch.remove()


@pytest.fixture(scope="session")
def chromium():
    browser = Browser()
    try:
        yield browser
    finally:
        browser.stop()


@pytest.fixture
def open_browser(chromium):
    """Gives people browsers of their own, and looks at the end that nothing went wrong in any of them."""
    made = []

    def open_browser(url, **how):
        made.append(chromium.profile(url, **how))
        return made[-1]

    yield open_browser
    problems = []
    for profile in made:
        try:
            profile.close()
        except AssertionError as problem:
            problems.append(str(problem))
    assert not problems, "\n".join(problems)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Beside a failure, what the servers complained of last, and what people saw."""
    report = (yield).get_result()
    if report.failed:
        for lockbox in Lockboxd.running:
            complaints = [line for line in lockbox.output.splitlines() if '"level":"info"' not in line]
            report.sections.append((f"lockboxd in {lockbox.folder}", "\n".join(complaints[-10:])))
        for profile in Profile.open:
            report.sections.append(("what was seen", "\n".join(profile.photograph())))
