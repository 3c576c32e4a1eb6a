"""The gateway over HTTP/2: the same requests are let through, the same are not, and all end together."""

import hashlib
import os
import struct
import subprocess

import pytest

from lockbox_rig.application import HUGE
from lockbox_rig.http2 import Client
from lockbox_rig.machine import LOOPBACK, wait_until
from test_gateway import Gated, SOON

# RFC 9113 §7.
CANCEL, CALM_DOWN = 8, 11
EMPTY = hashlib.sha256(b"").hexdigest().encode()


@pytest.fixture(scope="module")
def place():
    with Gated.running("http2") as there:
        yield there


@pytest.fixture(scope="module")
def reader(place):
    return place.access("read", service="safe")[1]


@pytest.fixture(scope="module")
def writer(place):
    return place.access("read", "write", service="safe")[1]


def connect(place, **more):
    return Client(place.safe_gate, place.certificates.ca, **more)


def head(method, path, token, *fields):
    return [(":method", method), (":scheme", "https"), (":authority", "localhost"), (":path", path),
            ("authorization", f"Bearer {token}"), *fields]


def test_a_program_that_speaks_both_is_answered_in_http2(place, reader):
    with connect(place, protocols=("http/1.1",)) as old:
        assert old.protocol == "http/1.1"
    answer = subprocess.run(
        ["curl", "-sS", "--cacert", place.certificates.ca, "-K", "-", "-w", "\n%{http_version} %{http_code}",
         f"https://localhost:{place.safe_gate}/plans?page=2"],
        input=f'header = "Authorization: Bearer {reader}"\n', capture_output=True, text=True, timeout=60, check=True)
    assert answer.stdout == EMPTY.decode() + "\n2 200"
    [(method, target, fields, _)] = place.safe_application.taken()
    fields = {name.lower(): value for name, value in fields}
    assert (method, target) == ("GET", "/plans?page=2")
    assert fields["authorization"] == f"Bearer {place.secret_of_service}" and fields["x-lockbox-tenant"] == "contoso"
    assert fields["x-forwarded-host"] == f"localhost:{place.safe_gate}" and fields["x-forwarded-proto"] == "https"


def test_fifty_requests_go_on_at_once(place, reader):
    with connect(place) as client:
        numbers = [client.begin(head("GET", f"/{n}", reader, ("cookie", "a=1"), ("cookie", "b=2"))) for n in range(50)]
        answers = [client.answer(number) for number in numbers]
        assert {(answer.status, answer.body) for answer in answers} == {(200, EMPTY)}
        only_head = client.answer(client.begin(head("HEAD", "/h", reader)))
        assert only_head.status == 200 and only_head.body == b""
        assert ("content-length", "64") in only_head.fields
        assert not {"connection", "transfer-encoding", "keep-alive"} & {name for name, _ in only_head.fields}
    asked = place.safe_application.taken()
    assert sorted(target for _, target, *_ in asked) == sorted([f"/{n}" for n in range(50)] + ["/h"])
    assert {dict(fields).get("cookie") for _, target, fields, _ in asked if target != "/h"} == {"a=1; b=2"}


def test_bodies_go_through_whole_both_ways(place, writer):
    body = os.urandom(3 << 20)
    with connect(place) as client:
        for fields in ([], [("content-length", str(len(body)))], [("expect", "100-continue")]):
            number = client.begin(head("PUT", "/plans", writer, *fields), end=False)
            client.body(number, body)
            answer = client.answer(number)
            assert (answer.status, answer.body) == (200, hashlib.sha256(body).hexdigest().encode())
        assert client.answer(client.begin(head("DELETE", "/plans", writer))).status == 200
        assert len(client.answer(client.begin(head("GET", "/huge", writer))).body) == HUGE
    assert [method for method, *_ in place.safe_application.taken()] == ["PUT"] * 3 + ["DELETE", "GET"]


def test_who_may_not_is_told_so_and_the_connection_goes_on(place, reader):
    other = place.access("read", service="safe")[1]
    with connect(place) as client:
        number = client.begin(head("POST", "/plans", reader), end=False)
        answer = client.answer(number)
        assert answer.status == 403 and answer.ended, "before its body"
        client.until(lambda: answer.reset is not None)
        assert answer.reset == 0
        assert client.answer(client.begin(head("GET", "/1", reader))).status == 200
        for token, status in [("lbc_" + "0" * 64, 401), (other, 421), (reader, 200)]:
            assert client.answer(client.begin(head("GET", "/2", token))).status == status
    assert [target for _, target, *_ in place.safe_application.taken()] == ["/1", "/2"]


HOSTILE = {
    "no path": lambda fields: [field for field in fields if field[0] != ":path"],
    "no scheme": lambda fields: [field for field in fields if field[0] != ":scheme"],
    "no method": lambda fields: [field for field in fields if field[0] != ":method"],
    "no host": lambda fields: [field for field in fields if field[0] != ":authority"],
    "two paths": lambda fields: [(":path", "/other"), *fields],
    "an unknown pseudo-field": lambda fields: [(":proto", "x"), *fields],
    "a status": lambda fields: [(":status", "200"), *fields],
    "a late pseudo-field": lambda fields: [fields[0], *fields[2:], fields[1]],
    "an empty path": lambda fields: changed(fields, ":path", ""),
    "a whole address": lambda fields: changed(fields, ":path", "https://localhost/plans"),
    "no path but a star": lambda fields: changed(fields, ":path", "*"),
    "an encoded slash": lambda fields: changed(fields, ":path", "/a%2fplans"),
    "a parameter": lambda fields: changed(fields, ":path", "/x/..;/plans"),
    "a space in the path": lambda fields: changed(fields, ":path", "/plans HTTP/1.1"),
    "a request in the path": lambda fields: changed(fields, ":path", "/ HTTP/1.1\r\nX-A: b"),
    "a request in the method": lambda fields: changed(fields, ":method", "GET / HTTP/1.1\r\nX: y\r\n"),
    "a method in small letters": lambda fields: changed(fields, ":method", "get"),
    "CONNECT": lambda fields: changed([fields[0], fields[2], *fields[4:]], ":method", "CONNECT"),
    "CONNECT with a path": lambda fields: changed(fields, ":method", "CONNECT"),
    "a tunnel": lambda fields: [(":protocol", "websocket"), *changed(fields, ":method", "CONNECT")],
    "TRACE": lambda fields: changed(fields, ":method", "TRACE"),
    "plain http": lambda fields: changed(fields, ":scheme", "http"),
    "a user in the host": lambda fields: changed(fields, ":authority", "eve@localhost"),
    "another host": lambda fields: [*fields, ("host", "other")],
    "two hosts": lambda fields: [*fields, ("host", "localhost"), ("host", "localhost")],
    "a capital": lambda fields: [*fields, ("X-A", "b")],
    "no name": lambda fields: [*fields, ("", "b")],
    "a space in a name": lambda fields: [*fields, ("x a", "b")],
    "a line in a name": lambda fields: [*fields, ("x\r\nhost: a", "b")],
    "a line in a value": lambda fields: [*fields, ("x-a", "b\r\nx-lockbox-tenant: fabrikam")],
    "a carriage return": lambda fields: [*fields, ("x-a", "b\rc")],
    "a NUL": lambda fields: [*fields, ("x-a", "b\0c")],
    "a space around a value": lambda fields: [*fields, ("x-a", " b")],
    "an escape": lambda fields: [*fields, ("x-a", "\x1b[2J")],
    "a coding": lambda fields: [*fields, ("transfer-encoding", "chunked")],
    "a connection": lambda fields: [*fields, ("connection", "x-lockbox-tenant")],
    "an upgrade": lambda fields: [*fields, ("upgrade", "websocket")],
    "kept alive": lambda fields: [*fields, ("keep-alive", "timeout=5")],
    "a proxy's connection": lambda fields: [*fields, ("proxy-connection", "close")],
    "TE": lambda fields: [*fields, ("te", "gzip")],
    "a length of nothing": lambda fields: [*fields, ("content-length", "5")],
    "two lengths": lambda fields: [*fields, ("content-length", "0"), ("content-length", "0")],
    "a signed length": lambda fields: [*fields, ("content-length", "+0")],
    "many fields": lambda fields: [*fields, *((f"x-{n}", "1") for n in range(200))],
    "huge fields": lambda fields: [*fields, *((f"x-{n}", "x" * 6000) for n in range(8))],
    "two credentials": lambda fields: [*fields, fields[-1]],
}


def changed(fields, name, value):
    return [(key, value if key == name else old) for key, old in fields]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_head_reaches_nobody(place, writer, name):
    with connect(place) as client:
        answer = client.answer(client.begin(HOSTILE[name](head("GET", "/plans", writer))))
        assert answer.status in (400, 401, 431, 501) or answer.status is None and (
            answer.reset or client.farewell or client.closed), (answer.status, answer.body)
    assert not place.safe_application.taken()


@pytest.mark.parametrize(("length", "body"), [(5, b"plan"), (5, b"plans!"), (0, b"x")])
def test_a_body_of_another_length_is_no_request(place, writer, length, body):
    with connect(place) as client:
        number = client.begin(head("POST", "/plans", writer, ("content-length", str(length))), end=False, flush=False)
        client.body(number, body)
        assert client.answer(number).status in (400, None)
    assert not place.safe_application.taken()


def test_fields_after_a_body_are_no_request(place, writer):
    with connect(place) as client:
        number = client.begin(head("POST", "/plans", writer), end=False)
        client.body(number, b"plans", end=False)
        client.h2.send_headers(number, [("x-lockbox-tenant", "fabrikam")], end_stream=True)
        client.flush()
        assert client.answer(number).status in (400, None)
    assert not place.safe_application.taken()


def frame(kind, flags, stream, payload):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


FLOODS = {
    "pings": lambda _: frame(6, 0, 0, b"12345678"),
    "settings": lambda _: frame(4, 0, 0, b""),
    "priorities": lambda _: frame(2, 0, 1, b"\0\0\0\0\1"),
    "continuations": lambda n: frame(1, 1, 1, b"") if n == 0 else frame(9, 0, 1, b""),
    "fields without end": lambda n: frame(1, 1, 1, b"") if n == 0 else frame(9, 0, 1, b"\0\1a\x7e" + b"x" * 126),
}


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_of_frames_ends_the_connection(place, name):
    with connect(place) as client:
        client.pump()
        for n in range(2000):
            client.send(FLOODS[name](n))
            if client.closed:
                break
        assert client.cut().farewell == CALM_DOWN


def test_requests_that_are_reset_at_once_end_the_connection(place, reader):
    with connect(place) as client:
        for _ in range(1000):
            client.h2.reset_stream(client.begin(head("GET", "/plans", reader)), CANCEL)
        client.flush()
        # What it was told may be lost with what it still sends.
        assert client.cut().farewell in (CALM_DOWN, None)
    with connect(place) as client:
        assert client.answer(client.begin(head("GET", "/plans", reader))).status == 200
    place.safe_application.taken()


def test_no_more_streams_are_open_than_may_be(place, reader):
    with connect(place) as client:
        client.until(lambda: client.h2.remote_settings.max_concurrent_streams < 1000)
        most = client.h2.remote_settings.max_concurrent_streams
        assert 50 <= most <= 100
        for _ in range(most):
            client.begin(head("GET", "/hang", reader))
        client.h2.remote_settings.max_concurrent_streams = 1000
        client.h2.remote_settings.acknowledge()
        one_more = client.answer(client.begin(head("GET", "/plans", reader)))
        assert one_more.status is None
    place.safe_application.taken()


@pytest.mark.parametrize("end", ["time", "stop"])
def test_what_goes_on_is_cut_when_the_access_ends(place, end):
    request_id, token = place.access("read", "write", service="safe", duration="PT6S" if end == "time" else "PT1H")
    with connect(place) as client:
        going = [client.begin(head("GET", path, token)) for path in ("/stream", "/events")]
        upload = client.begin(head("POST", "/plans", token), end=False)
        client.body(upload, b"x" * 1000, end=False)
        client.until(lambda: all(b"data: 1" in client.streams[number].body for number in going))
        if end == "stop":
            assert place.adam.post(f"/v1/requests/{request_id}/revoke").status == 200
        client.cut()
        for number in (*going, upload):
            assert not client.streams[number].ended and client.streams[number].reset == CANCEL, number
        assert client.farewell == 0
    wait_until(lambda: {"/stream", "/events"} <= set(place.safe_application.ended), SOON, "the application to see it")
    place.safe_application.ended.clear()
    wait_until(lambda: place.alan.audit("contoso", request=request_id, activity="access.removed"), SOON, "the record")
    place.safe_application.taken()


def memory(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) << 10


def test_a_client_that_reads_nothing_costs_little_and_is_cut_too(place):
    request_id, token = place.access("read", service="safe")
    with connect(place, window=1000) as client:
        before = memory(place.lockbox.process.pid)
        numbers = [client.begin(head("GET", "/huge", token)) for _ in range(20)]
        client.until(lambda: all(len(client.streams[number].body) == 1000 for number in numbers))
        assert memory(place.lockbox.process.pid) - before < 20 * HUGE / 4
        assert place.adam.post(f"/v1/requests/{request_id}/revoke").status == 200
        client.cut()
        assert all(len(client.streams[number].body) == 1000 for number in numbers)
    place.safe_application.taken()
