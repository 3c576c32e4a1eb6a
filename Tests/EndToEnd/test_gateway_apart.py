"""The gateways in a process of their own: either process may stop, die or stand still without the other."""

import os
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

from lockbox_rig import secrets
from lockbox_rig.api import API
from lockbox_rig.lockboxd import LOCKBOXD, GatewayProcess
from lockbox_rig.machine import LOOPBACK, free_port, listening, wait_until
from test_gateway import SOON, frame, opened
from test_open import COOKIE, PLANS, Opened

# What is promised from the end of an access, or from the answer that it was ended, to the cut.
BOUND = 1.0
KINDS = ("stream", "events", "websocket", "upload")


class Apart(Opened):
    """A server without gateways, and the process that has them."""

    def __init__(self, base, **settings):
        self.operators = free_port()
        super().__init__(
            base, gateway="apart", gatewayOperatorListen=f"{LOOPBACK}:{self.operators}", **settings)

    def start_gateways(self):
        self.gateway = GatewayProcess(self.lockbox)
        self.began()

    def began(self):
        self.gateway.start()
        try:
            wait_until(lambda: listening(self.gate) and listening(self.other_gate), SOON, "gateways to listen")
        except BaseException:
            self.gateway.stop()
            raise

    def stop(self):
        gateway = getattr(self, "gateway", None)
        for process in (gateway and gateway.process, self.lockbox.process):
            if process and process.returncode is None:
                os.kill(process.pid, signal.SIGCONT)
        if gateway and gateway.process:
            gateway.stop()
        super().stop()

    @property
    def health(self):
        return API(self.operators)

    def bearer(self, token, method="GET", path="/plans", body=None):
        return self.send(method, path, body, [("Authorization", f"Bearer {token}")])

    def activities(self, request):
        return [entry["activity"] for entry in self.alan.audit("contoso", request=request)]

    def removed(self, request):
        return "access.removed" in self.activities(request)


@pytest.fixture(scope="module")
def place():
    with Apart.running("apart") as there:
        yield there


def token(place, request):
    return place.credential(request)["token"]


def cut_after(connections, since):
    """How long after `since` the last of `connections` ended."""
    last = 0
    for connection in connections:
        connection.cut()
        last = max(last, time.monotonic() - since)
    return last


def test_requests_pass_and_are_recorded(place):
    request = place.access("read", "write")
    # At once: the process that issued it is not the one that is asked.
    answer = place.bearer(token(place, request))
    assert answer.status == 200, answer.content
    assert place.bearer("lbc_" + "0" * 64).status == 401
    [(method, target, fields, _)] = place.application.taken()
    fields = {name.lower(): value for name, value in fields}
    assert (method, target, fields["x-lockbox-request"]) == ("GET", "/plans", request)
    assert "x-lockbox-assertion" in fields
    wait_until(lambda: "access.operations" in place.activities(request), 3, "the record", 0.1)
    [record] = place.alan.audit("contoso", request=request, activity="access.operations")
    [done] = place.alan.operations("contoso", record["index"])
    assert (done["method"], done["path"], done["action"]) == ("GET", "/plans", "read")
    place.stopped(request)
    assert place.lockbox.check_log()


def test_a_browser_comes_from_the_portal_and_once(place):
    request = place.access("read", "write")
    used = place.code(request)
    answer = place.show(used)
    assert answer.status == 303, answer.content
    secret = secrets.register(re.search(rf"{COOKIE}=(lbc_\w+);", answer.getheader("Set-Cookie"))[1], "secret of a browser")
    assert place.ask(secret).status == 200
    assert place.show(used).status == 403
    # Whichever process is new, a code that was used stays used, and one that was not is good.
    unused = place.code(request)
    place.gateway.stop()
    place.began()
    assert place.show(used).status == 403
    assert place.ask(secret).status == 401, "sessions are the gateway's, in memory"
    assert place.show(unused).status == 303
    assert place.show(unused).status == 403
    place.stopped(request)
    place.application.taken()


@pytest.mark.parametrize("turn", range(3))
def test_what_goes_on_is_cut_within_a_second_when_the_other_process_ends_it(place, turn):
    request = place.access("read", "write")
    shown = token(place, request)
    going = [opened(place, shown, how) for how in KINDS]
    other = opened(place, token(place, place.access("read", "write")), "websocket")
    began = time.monotonic()
    place.stopped(request)
    took = cut_after(going, began)
    assert took < BOUND, took
    assert place.bearer(shown).status == 401
    other.socket.sendall(frame(b"still here"))
    other.until(b"still here").socket.close()
    wait_until(lambda: place.removed(request), SOON, "the removal", 0.2)
    assert place.activities(request).count("access.removed") == 1
    assert "access.removalFailed" not in place.activities(request)
    place.application.taken()


def until_end(place, request):
    """Seconds until the access of `request` ends."""
    end = place.eve.request(request)["grant"]["end"]
    hours, minutes, seconds = end.rstrip("Z").partition("T")[2].split(":")
    now = time.time()
    at = (int(hours) * 60 + int(minutes)) * 60 + float(seconds)
    return (at - now % 86_400) % 86_400


@pytest.mark.parametrize("server", ["runs", "stands still", "is killed"])
def test_the_end_of_the_window_cuts_whatever_the_server_does(place, server):
    request = place.access("read", "write", duration="PT6S")
    shown = token(place, request)
    end = time.monotonic() + until_end(place, request)
    going = [opened(place, shown, how) for how in KINDS]
    if server == "stands still":
        os.kill(place.lockbox.process.pid, signal.SIGSTOP)
    elif server == "is killed":
        place.lockbox.kill()
    try:
        assert place.bearer(shown).status == 200, "live access needs no server"
        took = cut_after(going, end)
        assert -0.5 < took < BOUND, took
        assert place.bearer(shown).status == 401
        # Also what is written down of it.
        if server != "runs":
            wait_until(lambda: place.health.get("/readyz").status == 200, SOON, "the end to be written")
    finally:
        if server == "stands still":
            os.kill(place.lockbox.process.pid, signal.SIGCONT)
        elif server == "is killed":
            place.lockbox.start()
    wait_until(lambda: place.removed(request), SOON, "the removal", 0.2)
    assert place.activities(request).count("access.ended") == 1
    assert place.lockbox.check_log()
    place.application.taken()


def test_a_server_that_stands_still_keeps_no_revoked_access_alive(place):
    request = place.access("read", "write")
    going = [opened(place, token(place, request), how) for how in KINDS]
    began = time.monotonic()
    place.stopped(request)
    os.kill(place.lockbox.process.pid, signal.SIGSTOP)
    try:
        assert cut_after(going, began) < BOUND
    finally:
        os.kill(place.lockbox.process.pid, signal.SIGCONT)
    wait_until(lambda: place.removed(request), SOON, "the removal", 0.2)
    place.application.taken()


def test_without_the_gateway_nothing_is_confirmed_and_all_else_goes_on(place):
    request, open_request = place.access("read", "write"), place.access("read", "write")
    shown = token(place, open_request)
    going = opened(place, token(place, request), "stream")
    mail = place.approved()
    credential = place.credential(mail)
    place.gateway.kill()
    going.cut()
    assert not listening(place.gate)
    assert place.introspect(credential).json["active"]
    place.stopped(request)
    place.stopped(mail)
    # The server settles what is its own, and says nothing of what it cannot know.
    wait_until(lambda: place.removed(mail), SOON, "the removal of the mailbox", 0.2)
    time.sleep(7)
    assert not place.removed(request)
    page = place.eve.request(request)
    assert page["grant"]["state"] == "removing", page["grant"]
    assert place.metric("lockbox_removals_pending") >= 1
    place.began()
    wait_until(lambda: place.removed(request), SOON, "the removal", 0.2)
    assert place.bearer(shown).status == 200, "what is open is let through again"
    place.stopped(open_request)
    place.application.taken()


def test_a_gateway_that_stands_still_confirms_nothing_and_lets_nothing_through_afterwards(place):
    request = place.access("read", "write")
    shown = token(place, request)
    going = opened(place, shown, "stream")
    os.kill(place.gateway.process.pid, signal.SIGSTOP)
    try:
        place.stopped(request)
        time.sleep(7)
        assert not place.removed(request)
    finally:
        os.kill(place.gateway.process.pid, signal.SIGCONT)
    going.cut()
    assert place.bearer(shown).status == 401
    wait_until(lambda: place.removed(request), SOON, "the removal", 0.2)
    place.application.taken()


def test_what_cannot_be_recorded_is_not_let_through(place):
    request = place.access("read")
    shown = token(place, request)
    assert place.bearer(shown).status == 200
    code = place.code(request)
    with place.locked():
        assert place.bearer(shown).status == 503
        assert place.show(code).status == 503
    assert place.bearer(shown).status == 200
    assert place.show(code).status == 303
    place.stopped(request)
    place.application.taken()


def test_a_stop_that_cannot_be_written_down_cuts_all_the_same(place):
    request = place.access("read", "write")
    shown = token(place, request)
    # What is known to go on: a request that is still being recorded waits for the store.
    going = [opened(place, shown, how) for how in KINDS if how != "upload"]
    with place.locked():
        began = time.monotonic()
        results = []
        stopping = threading.Thread(
            target=lambda: results.append(place.adam.post(f"/v1/requests/{request}/revoke")))
        stopping.start()
        took = cut_after(going, began)
        assert took < BOUND, took
        stopping.join()
        assert results[0].status == 503 and results[0].json["code"] == "endNotRecorded", results[0]
    # It holds here until it is written down, though the store takes writes again.
    assert place.bearer(shown).status == 401
    wait_until(lambda: place.removed(request), SOON, "the removal", 0.2)
    assert place.bearer(shown).status == 401
    assert place.lockbox.check_log()
    place.application.taken()


def test_operators_see_how_the_gateway_is(place):
    assert place.health.get("/healthz").status == 200
    assert place.health.get("/readyz").status == 200
    assert place.health.get("/v1/requests").status == 404
    request = place.access("read", "write")
    going = opened(place, token(place, request), "websocket")
    metrics = place.health.get("/metrics").body.decode()
    assert "\nlockbox_gateway_connections 1\n" in metrics and "\nlockbox_gateways_closed 0\n" in metrics
    place.stopped(request)
    going.cut()
    place.gateway.stop()
    try:
        with socket.create_server((LOOPBACK, place.gate)):
            place.gateway.start()
            wait_until(lambda: listening(place.operators), SOON, "the gateway to run")
            answer = wait_until(
                lambda: (seen := place.health.get("/readyz")).status == 503 and seen, SOON, "it to say so")
            assert "service app does not listen" in answer.body.decode()
            assert "\nlockbox_gateways_closed 1\n" in place.health.get("/metrics").body.decode()
        wait_until(lambda: place.health.get("/readyz").status == 200, SOON, "it to listen", 0.2)
    finally:
        if not place.gateway.process:
            place.began()
    place.application.taken()


def refused(place, command, **environment):
    """What `lockboxd` says when it does not start."""
    done = subprocess.run(
        [LOCKBOXD, command, "--config", place.lockbox.config], capture_output=True, text=True, timeout=SOON,
        env={**place.lockbox.env, **environment})
    assert done.returncode == 1, done.stderr
    return done.stderr


def test_no_two_processes_have_the_gateways(place):
    assert "another process has the gateways of this database" in refused(place, "gateway")
    elsewhere = {
        "LOCKBOX_LISTEN": f"{LOOPBACK}:{free_port()}", "LOCKBOX_GATEWAYOPERATORLISTEN": f"{LOOPBACK}:{free_port()}"}
    assert "another process has the gateways of this database" in refused(place, "gateway", **elsewhere)
    inside = {key: value for key, value in place.lockbox.settings.items() if key != "gatewayOperatorListen"}
    inside["gateway"] = "server"
    kept = dict(place.lockbox.settings)
    place.lockbox.settings = inside
    place.lockbox.write_config()
    try:
        assert "say `gateway: apart` for this server too" in refused(place, "serve", LOCKBOX_LISTEN=elsewhere["LOCKBOX_LISTEN"])
        assert "the gateways are the server's" in refused(place, "gateway")
    finally:
        place.lockbox.settings = kept
        place.lockbox.write_config()
    assert listening(place.gate)
    check = place.lockbox.run("check-service", "app", check=False)
    assert check.returncode == 1 and "goes through `lockboxd gateway`" in check.stderr


def test_the_server_has_no_gateway_and_stops_when_told(place):
    request = place.access("read", "write")
    shown = token(place, request)
    assert place.gateway.stop() == 0
    try:
        assert place.ready().status == 200
        assert not listening(place.gate) and not listening(place.other_gate)
    finally:
        place.began()
    going = opened(place, shown, "stream")
    assert place.lockbox.stop() == 0
    try:
        assert place.bearer(shown).status == 200
        going.until(b"data: 1")
    finally:
        place.lockbox.start()
    place.stopped(request)
    going.cut()
    place.application.taken()
