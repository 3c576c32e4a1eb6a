"""Clients that take their time, hundreds at once: introspection, sign-in and *Stop* keep answering."""

import contextlib
import re
import socket
import time

import pytest

from lockbox_rig.machine import LOOPBACK, wait_until
from lockbox_rig.portal import Visitor
from lockbox_rig.slow import BODY, HEAD, NOTHING, READER, SlowClients

ONE = (LOOPBACK,)
SEVERAL = tuple(f"127.0.0.{last}" for last in range(2, 10))


@pytest.fixture(scope="module")
def adam(world):
    visitor = Visitor(world.lockbox.port)
    return visitor.sign_in(world.directory.people["adam"], world.password("adam"))


@pytest.mark.parametrize("begin", [HEAD, BODY, NOTHING, READER], ids=["heads", "bodies", "nothing", "readers"])
@pytest.mark.parametrize("sources", [ONE, SEVERAL], ids=["one address", "several"])
def test_slow_clients_keep_nobody_out(world, adam, begin, sources):
    request = world.approved()
    token = world.credential(request)["token"]
    with SlowClients(world.lockbox.port, begin, 530, sources) as slow:
        for _ in range(20):
            assert world.introspect(token).json["active"] is True
            assert world.eve.get("/v1/me").status == 200
        Visitor(world.lockbox.port).sign_in(world.directory.people["adam"], world.password("adam"))
        assert adam.get(f"/lockbox/{request['id']}").status == 200
        stopped = adam.post(f"/lockbox/{request['id']}/stop", {"csrf": adam.csrf, "key": f"slow-{time.time_ns()}"})
        assert stopped.status == 303, stopped
        assert world.introspect(token).json == {"active": False}
        assert slow.opened >= 530


@pytest.mark.parametrize("begin, bound", [(HEAD, 10), (BODY, 20)], ids=["head", "body"])
def test_a_request_that_does_not_end_is_cut_though_it_goes_on(world, begin, bound):
    with SlowClients(world.lockbox.port, begin, 3, every=0.5, comes_back=False) as slow:
        wait_until(lambda: slow.cut == 3, bound + 10, "the end of slow connections", 0.2)
    assert slow.opened == 3


def test_a_connection_may_be_kept_between_requests(world):
    with socket.create_connection((LOOPBACK, world.lockbox.port), timeout=20) as wire:
        for pause in (0, 12):
            time.sleep(pause)
            wire.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert wire.recv(65_536).startswith(b"HTTP/1.1 200 ")


def test_requests_that_do_not_wait_are_answered_in_their_order(world):
    paths = ["/healthz", "/openapi.json", "/no-such-page", "/readyz"] * 10
    with socket.create_connection((LOOPBACK, world.lockbox.port), timeout=20) as wire:
        asked = "".join(f"HEAD {path} HTTP/1.1\r\nHost: x\r\n\r\n" for path in paths)
        wire.sendall(asked.encode() + b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answers = b"".join(iter(lambda: wire.recv(65_536), b"")).decode()
    assert re.findall(r"HTTP/1.1 (\d+) ", answers) == ["200", "200", "404", "200"] * 10 + ["200"]


def test_who_asks_and_never_reads_is_owed_one_answer(install):
    lockbox = install()
    lockbox.apply()
    lockbox.start()
    before = lockbox.memory
    with contextlib.ExitStack() as stack:
        wires = [stack.enter_context(socket.create_connection((LOOPBACK, lockbox.port))) for _ in range(40)]
        for wire in wires:
            wire.setblocking(False)
        for _ in range(100):
            for wire in wires:
                with contextlib.suppress(OSError):
                    wire.send(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 50)
            time.sleep(0.05)
        # One answer is 100 kB; with all that were asked for it would be gigabytes.
        assert lockbox.memory - before < 100e6, (before, lockbox.memory)


def test_sigterm_waits_for_no_slow_client(install):
    lockbox = install()
    lockbox.apply()
    lockbox.start()
    with contextlib.ExitStack() as stack:
        for begin in (HEAD, BODY, READER):
            stack.enter_context(SlowClients(lockbox.port, begin, 5, comes_back=False))
        time.sleep(1)
        began = time.monotonic()
        assert lockbox.stop() == 0
        assert time.monotonic() - began < 8, "it waited for them until the last moment"
