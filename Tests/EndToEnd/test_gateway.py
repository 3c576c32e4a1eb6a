"""The gateway in front of an application: who gets through, as what, and until when."""

import base64
import contextlib
import hashlib
import http.client
import os
import re
import socket
import ssl
import time

import pytest

from lockbox_rig import secrets
from lockbox_rig.application import BROKEN, HOSTILE, HUGE, Application
from lockbox_rig.machine import LOOPBACK, Scratch, free_port, listening, wait_until
from lockbox_rig.place import Place
from lockbox_rig.slow import NOTHING, SlowClients
from lockbox_rig.smtp import Certificates

PLANS = "app:plans"
# A generous bound for what takes milliseconds: machines are busy.
SOON = 30


class Gated(Place):
    """A server with gateways in front of an application: `app`, `safe` with TLS on both sides, and `ruled`, which says
    line by line what reads and what writes."""

    def __init__(self, base):
        self.certificates = Certificates(base / "tls")
        self.application, self.safe_application = Application(), Application(self.certificates)
        self.gate, self.safe_gate, self.ruled_gate = free_port(), free_port(), free_port()
        self.secret_of_service = secrets.new("the application's own credential")
        (base / "app").write_text(self.secret_of_service + "\n")
        for file in (base / "app", self.certificates.key):
            file.chmod(0o600)

        def adjust(directory):
            def service(name, port, application, **more):
                return {"id": name, "kind": "http", "resources": "app", "gateway": {
                    "listen": f"{LOOPBACK}:{port}", "upstream": application.origin,
                    "upstreamSecretFile": str(base / "app"), **more}}

            directory.content["services"] += [
                service("app", self.gate, self.application),
                service("ruled", self.ruled_gate, self.application) | {"actions": {
                    "read": ["GET /**", "POST /search"], "write": ["* /items/**", "GET /admin/**"]}},
                service("safe", self.safe_gate, self.safe_application, upstreamCAFile=str(self.certificates.ca), tls={
                    "certificateFile": str(self.certificates.cert), "keyFile": str(self.certificates.key)})]
            directory.tenant("contoso")["resources"] = [
                {"service": name, "id": PLANS} for name in ("app", "safe", "ruled")]

        try:
            super().__init__(base, adjust=adjust)
            gates = (self.gate, self.safe_gate, self.ruled_gate)
            wait_until(lambda: all(map(listening, gates)), SOON, "gateways to listen")
        except BaseException:
            self.application.stop()
            self.safe_application.stop()
            raise

    def stop(self):
        super().stop()
        self.application.stop()
        self.safe_application.stop()

    def access(self, *actions, service="app", duration="PT1H"):
        asked = self.eve.submit(
            "contoso", self.support, [{"service": service, "id": PLANS, "actions": list(actions)}], duration=duration)
        assert asked.status == 201, asked
        request = self.decided(asked.json["id"])
        return request, self.credential(request)["token"]

    def ask(self, method="GET", path="/plans", token=None, body=None, gate=None, **headers):
        connection = http.client.HTTPConnection(LOOPBACK, gate or self.gate, timeout=30)
        try:
            fields = {name.replace("_", "-"): value for name, value in headers.items()}
            if token:
                fields["Authorization"] = f"Bearer {token}"
            connection.request(method, path, body, fields)
            answer = connection.getresponse()
            answer.content = answer.read()
            return answer
        finally:
            connection.close()

    def raw(self, data, timeout=30):
        """Sends bytes, and gives all that comes back until the gateway closes, or nothing comes for long."""
        with socket.create_connection((LOOPBACK, self.gate), timeout=timeout) as connection:
            connection.sendall(data)
            received = b""
            with contextlib.suppress(ConnectionResetError, TimeoutError):
                while part := connection.recv(65536):
                    received += part
            return received


@pytest.fixture(scope="module")
def place():
    with Gated.running("gateway") as there:
        yield there


@pytest.fixture(scope="module")
def reader(place):
    return place.access("read")


@pytest.fixture(scope="module")
def writer(place):
    return place.access("read", "write")


def request(method, target, token, *lines, body=b""):
    fields = ["Host: app.example", f"Authorization: Bearer {token}", *lines]
    return "\r\n".join([f"{method} {target} HTTP/1.1", *fields, "", ""]).encode() + body


class Connection:
    """A connection that stays, of which a test reads what comes."""

    def __init__(self, port, data, context=None):
        self.socket = socket.create_connection((LOOPBACK, port), timeout=SOON)
        if context:
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
        self.received = b""
        self.socket.sendall(data)

    def until(self, text):
        while text not in self.received:
            part = self.socket.recv(65536)
            assert part, self.received[-200:]
            self.received += part
        return self

    def cut(self):
        """Reads on until it is closed; gives what came."""
        rest = b""
        try:
            while part := self.socket.recv(65536):
                rest += part
        except ConnectionError:
            pass
        self.socket.close()
        return rest


def websocket(port, token, context=None, target="/socket"):
    key = base64.b64encode(os.urandom(16)).decode()
    return Connection(port, request(
        "GET", target, token, "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key}"), context)


def frame(text):
    mask = os.urandom(4)
    return bytes([0x81, 0x80 | len(text)]) + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(text))


def test_an_engineer_gets_through_while_she_may_and_not_after(place):
    request_id, token = place.access("read")
    assert place.ask().status == 401
    assert place.ask(token="lbc_" + "0" * 64).status == 401
    assert not place.application.taken()
    answer = place.ask(path="/plans/1?page=2", token=token)
    assert answer.status == 200 and answer.content == hashlib.sha256(b"").hexdigest().encode()
    [(method, target, fields, _)] = place.application.taken()
    fields = {name.lower(): value for name, value in fields}
    assert (method, target) == ("GET", "/plans/1?page=2")
    assert fields["authorization"] == f"Bearer {place.secret_of_service}"
    assert fields["x-lockbox-tenant"] == "contoso" and fields["x-lockbox-resource"] == PLANS
    assert fields["x-lockbox-actions"] == "read" and fields["x-lockbox-request"] == request_id
    assert fields["x-forwarded-for"] == LOOPBACK and token not in str(fields)
    for method in ("POST", "PUT", "DELETE", "PATCH", "PROPFIND"):
        assert place.ask(method, token=token, body="x").status == 403, method
    assert b" 403 " in websocket(place.gate, token).until(b"\r\n\r\n").received
    assert not place.application.taken()
    assert place.adam.post(f"/v1/requests/{request_id}/revoke").status == 200
    assert place.ask(token=token).status == 401
    assert not place.application.taken()
    [record] = place.alan.audit("contoso", request=request_id, activity="access.operations")
    [done] = place.alan.operations("contoso", record["index"])
    assert (done["method"], done["path"], done["action"]) == ("GET", "/plans/1?page=2", "read")


def test_lines_of_the_service_say_what_reads_and_what_writes(place):
    reading, writing = place.access("read", service="ruled"), place.access("read", "write", service="ruled")

    def ask(method, path, token=None):
        return place.ask(method, path, token, gate=place.ruled_gate).status

    for method, path, read, write in [
            ("GET", "/plans", 200, 200), ("POST", "/search", 200, 200), ("GET", "/items/1", 403, 200),
            ("GET", "/a/../ADMIN/", 403, 200), ("POST", "/items", 403, 200), ("POST", "/plans", 403, 403),
            ("DELETE", "/search", 403, 403), ("GET", "//admin", 400, 400)]:
        assert (ask(method, path), ask(method, path, reading[1]), ask(method, path, writing[1])) == \
            (400 if read == 400 else 401, read, write), (method, path)
    assert {(method, target) for method, target, *_ in place.application.taken()} == {
        ("GET", "/plans"), ("POST", "/search"), ("GET", "/items/1"), ("GET", "/ADMIN/"), ("POST", "/items")}
    assert place.adam.post(f"/v1/requests/{reading[0]}/revoke").status == 200
    [record] = place.alan.audit("contoso", request=reading[0], activity="access.operations")
    done = place.alan.operations("contoso", record["index"])
    assert [(one["method"], one["path"], one["action"]) for one in done] == [
        ("GET", "/plans", "read"), ("POST", "/search", "read")]


def test_what_a_client_claims_about_itself_does_not_reach_the_application(place, reader):
    claims = [f"X-Lockbox-{name}: forged" for name in ("Actor", "Tenant", "Assertion", "New")]
    claims += ["X_Lockbox_Tenant: forged", "X-Lockbox_Actor: forged", "Forwarded: for=forged", "X-Forwarded-For: forged",
               "X-Real-IP: forged", "X-HTTP-Method-Override: DELETE", "X_Http_Method: DELETE", "X-Original-URL: /forged",
               "X.Lockbox.Tenant: forged", "X~Lockbox~Actor: forged", "Remote.User: forged", "X.HTTP.Method.Override: DELETE",
               "X-Rewrite-URL: /forged", "Lockbox-Client-Authorization: forged", "Proxy: http://forged",
               "Connection: close, X-Lockbox-Tenant, X-Mine", "X-Mine: forged", "X-Yours: kept"]
    assert b" 200 " in place.raw(request("GET", "/plans", reader[1], *claims))
    [(_, _, fields, _)] = place.application.taken()
    assert "forged" not in str(fields) and "DELETE" not in str(fields), fields
    assert ("X-Yours", "kept") in fields and ("X-Lockbox-Tenant", "contoso") in fields


def test_bodies_go_through_whole_both_ways(place, writer):
    body = os.urandom(3 << 20)
    answer = place.ask("PUT", token=writer[1], body=body)
    assert answer.content == hashlib.sha256(body).hexdigest().encode()
    answer = place.ask("POST", token=writer[1], body=iter([body[:100], body[100:]]))
    assert answer.content == hashlib.sha256(body).hexdigest().encode()
    assert [method for method, *_ in place.application.taken()] == ["PUT", "POST"]
    assert len(place.ask(path="/huge", token=writer[1]).content) == HUGE
    early = place.raw(request(
        "POST", "/plans", writer[1], "Content-Length: 4", "Expect: 100-continue", "Connection: close", body=b"late"))
    assert early.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 ")
    place.application.taken()


def test_connections_are_kept_and_requests_may_follow_each_other(place, reader):
    three = request("GET", "/1", reader[1]) + request("HEAD", "/2", reader[1]) \
        + request("GET", "/3", reader[1], "Connection: close")
    answers = place.raw(three)
    assert answers.count(b"HTTP/1.1 200 ") == 3
    assert [target for _, target, *_ in place.application.taken()] == ["/1", "/2", "/3"]
    assert len(set(re.findall(rb"X-Connection: (\d+)", answers))) == 1


HOSTILE_REQUESTS = {
    "two lengths": ("POST", "/plans", ["Content-Length: 5", "Content-Length: 5"], b"plans"),
    "two values of a length": ("POST", "/plans", ["Content-Length: 5, 5"], b"plans"),
    "a signed length": ("POST", "/plans", ["Content-Length: +5"], b"plans"),
    "length and chunks": ("POST", "/plans", ["Content-Length: 5", "Transfer-Encoding: chunked"], b"0\r\n\r\n"),
    "two codings": ("POST", "/plans", ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"], b"0\r\n\r\n"),
    "an odd coding": ("POST", "/plans", ["Transfer-Encoding: xchunked"], b"0\r\n\r\n"),
    "a space before a colon": ("POST", "/plans", ["Content-Length : 5"], b"plans"),
    "a folded line": ("GET", "/plans", ["X-A: b", " c"], b""),
    "a second host": ("GET", "/plans", ["Host: other"], b""),
    "a NUL": ("GET", "/plans", ["X-A: \0"], b""),
    "a bare line feed": ("GET", "/plans", ["X-A: b\nContent-Length: 5"], b""),
    "a bare carriage return": ("GET", "/plans", ["X-A: b\rX-B: c"], b""),
    "many fields": ("GET", "/plans", [f"X-{n}: 1" for n in range(200)], b""),
    "a huge field": ("GET", "/plans", ["X-A: " + "x" * 100_000], b""),
    "another protocol": ("GET", "/plans", ["Connection: Upgrade", "Upgrade: h2c"], b""),
    "TRACE": ("TRACE", "/plans", [], b""),
    "CONNECT": ("CONNECT", "app:443", [], b""),
    "a whole address": ("GET", "http://app/plans", [], b""),
    "empty parts": ("GET", "//plans", [], b""),
    "encoded dots": ("GET", "/a/%2e%2e/plans", [], b""),
    "an encoded slash": ("GET", "/a%2fplans", [], b""),
    "a parameter": ("GET", "/a;b/plans", [], b""),
    "overlong UTF-8": ("GET", "/%c0%ae%c0%ae/plans", [], b""),
    "above the root": ("GET", "/../plans", [], b""),
    "a body that is not for reading": ("GET", "/plans", ["Content-Length: 5"], b"plans"),
    "encoded twice": ("GET", "/%252e%252e/plans", [], b""),
}
HOSTILE_BODIES = {
    "an extension": b"5;a=b\r\nplans\r\n0\r\n\r\n", "a bare line feed": b"5\nplans\r\n0\r\n\r\n",
    "a longer chunk": b"5\r\nplansplans\r\n0\r\n\r\n", "a size with a sign": b"+5\r\nplans\r\n0\r\n\r\n",
    "a huge size": b"fffffffffffffffff\r\nplans\r\n0\r\n\r\n", "a trailer": b"5\r\nplans\r\n0\r\nX-A: b\r\n\r\n",
}


def test_a_client_that_takes_no_answers_is_not_listened_to(place):
    with socket.create_connection((LOOPBACK, place.gate), timeout=3) as connection, pytest.raises(TimeoutError):
        for _ in range(64):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 40_000)


def recorded(place, request_id):
    """What the customer's log has of what went through, once it is over."""
    assert place.adam.post(f"/v1/requests/{request_id}/revoke").status == 200
    records = place.alan.audit("contoso", request=request_id, activity="access.operations")
    return [one["path"] for record in records for one in place.alan.operations("contoso", record["index"])]


def test_what_goes_to_the_application_once_more_is_on_record_once_more(place):
    request_id, token = place.access("read")
    digest = hashlib.sha256(b"").hexdigest().encode()
    # The application gives up the connection that was kept, without an answer; on a fresh one it does the same.
    connection = Connection(place.gate, request("GET", "/1", token)).until(digest)
    connection.socket.sendall(request("GET", "/closes", token))
    connection.until(b"HTTP/1.1 502 ").socket.close()
    asked = [target for _, target, *_ in place.application.taken()]
    assert asked == ["/1", "/closes", "/closes"]
    assert sorted(recorded(place, request_id)) == asked


def test_what_has_no_place_is_not_on_record(place):
    request_id, token = place.access("read")
    with contextlib.ExitStack() as stack:
        for number in range(64):
            connection = Connection(place.gate, request("GET", f"/{number}", token))
            stack.enter_context(connection.until(hashlib.sha256(b"").hexdigest().encode()).socket)
        for _ in range(3):
            assert place.ask(path="/too-many", token=token).status == 429
    asked = sorted(target for _, target, *_ in place.application.taken())
    assert len(asked) == 64 and sorted(recorded(place, request_id)) == asked


def test_a_connection_is_of_one_access(place, reader):
    other_id, other = place.access("read")
    connection = Connection(place.gate, request("GET", "/1", reader[1])).until(hashlib.sha256(b"").hexdigest().encode())
    connection.socket.sendall(request("GET", "/2", other))
    connection.until(b"HTTP/1.1 421 ").cut()
    assert [target for _, target, *_ in place.application.taken()] == ["/1"]
    assert not recorded(place, other_id)


@pytest.mark.parametrize("name", HOSTILE_REQUESTS)
def test_a_hostile_request_reaches_nobody(place, writer, name):
    method, target, lines, body = HOSTILE_REQUESTS[name]
    # What a second reader could take for another request.
    data = request(method, target, writer[1], *lines, body=body) + request("GET", "/smuggled", writer[1])
    answer = place.raw(data)
    assert re.match(rb"HTTP/1.1 (4\d\d|501) ", answer) and answer.count(b"HTTP/1.1 ") == 1, answer
    assert not place.application.taken()


@pytest.mark.parametrize("name", HOSTILE_BODIES)
def test_a_hostile_body_is_cut(place, writer, name):
    data = request("POST", "/plans", writer[1], "Transfer-Encoding: chunked", body=HOSTILE_BODIES[name])
    answer = place.raw(data + request("GET", "/smuggled", writer[1]))
    assert b" 200 " not in answer
    assert "/smuggled" not in [target for _, target, *_ in place.application.taken()]


def test_a_credential_in_the_wrong_place_lets_nobody_in(place, reader):
    _, other = place.access("read", service="safe")
    token = reader[1]
    assert place.ask(token=other).status == 401
    assert place.ask(path=f"/plans?access_token={token}").status == 400
    assert place.ask(path=f"/plans?access_token={token}", token=token).status == 400
    for line in (f"Authorization: Basic {token}", f"X-Authorization: Bearer {token}", f"Cookie: token={token}"):
        answer = place.raw(f"GET /plans HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{line}\r\n\r\n".encode())
        assert answer.startswith(b"HTTP/1.1 401 "), answer
    assert b" 401 " in place.raw(request("GET", "/plans", token, f"Authorization: Bearer {token}", "Connection: close"))
    assert not place.application.taken()


@pytest.mark.parametrize("path", HOSTILE)
def test_an_application_that_answers_no_http_is_an_error_of_its_own(place, reader, path):
    answer = place.raw(request("GET", path, reader[1], "Connection: close"))
    assert re.match(rb"HTTP/1.1 502 ", answer) and b"secret" not in answer, answer
    place.application.taken()


@pytest.mark.parametrize("path", BROKEN)
def test_an_answer_that_is_not_whole_does_not_look_whole(place, reader, path):
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        place.ask(path=path, token=reader[1])
    place.application.taken()


def test_of_two_answers_to_one_request_the_second_is_nobodys(place, reader):
    for _ in range(3):
        answers = place.raw(request("GET", "/too-long", reader[1]) + request("GET", "/plans", reader[1], "Connection: close"))
        assert answers.count(b"HTTP/1.1 200 ") == 2 and b"forged" not in answers
    place.application.taken()


def opened(place, token, how):
    """Something that goes on, and how it is known that it does."""
    if how == "websocket":
        connection = websocket(place.gate, token).until(b"\r\n\r\n")
        connection.socket.sendall(frame(b"hello"))
        return connection.until(b"hello")
    if how == "upload":
        return Connection(place.gate, request("POST", "/plans", token, "Content-Length: 1000000", body=b"x" * 1000))
    return Connection(place.gate, request("GET", f"/{how}", token)).until(b"data: 1")


@pytest.mark.parametrize("end", ["time", "stop", "finish"])
def test_what_goes_on_is_cut_when_the_access_ends(place, end):
    kinds = ("stream", "events", "websocket", "upload")
    request_id, token = place.access("read", "write", duration="PT6S" if end == "time" else "PT1H")
    going = {how: opened(place, token, how) for how in kinds}
    other_id, other = place.access("read", "write")
    others = opened(place, other, "websocket")
    if end == "time":
        wait_until(lambda: place.eve.request(request_id)["state"] == "ended", 20, "the window to end")
    else:
        who, what = (place.adam, "revoke") if end == "stop" else (place.eve, "finish")
        assert who.post(f"/v1/requests/{request_id}/{what}").status == 200
    for how, connection in going.items():
        rest = connection.cut()
        assert (b"\x88\x0e\x03\xf0access ended" in rest) == (how == "websocket"), (how, rest[-50:])
        assert b"\r\n0\r\n\r\n" not in rest, how
    others.socket.sendall(frame(b"still here"))
    others.until(b"still here").socket.close()
    # The application's side is closed too.
    wait_until(lambda: {"/stream", "/events", "/socket"} <= set(place.application.ended), SOON, "the application to see it")
    place.application.ended.clear()
    wait_until(lambda: place.alan.audit("contoso", request=request_id, activity="access.removed"), SOON, "the record")
    assert place.adam.post(f"/v1/requests/{other_id}/revoke").status == 200
    place.application.taken()


def test_a_client_that_reads_nothing_is_cut_too_and_nothing_comes_after(place):
    request_id, token = place.access("read")
    connection = Connection(place.gate, request("GET", "/huge", token)).until(b"\r\n\r\n")
    time.sleep(0.3)
    assert place.adam.post(f"/v1/requests/{request_id}/revoke").status == 200
    wait_until(lambda: place.alan.audit("contoso", request=request_id, activity="access.removed"), SOON, "the record")
    assert len(connection.cut()) < HUGE
    place.application.taken()


def test_what_cannot_be_recorded_is_not_let_through(place):
    _, token = place.access("read")
    with place.locked():
        assert place.ask(token=token).status == 503
    assert not place.application.taken()
    assert place.ask(token=token).status == 200
    place.application.taken()


def test_strangers_who_only_connect_leave_files_for_ending_access(place):
    request_id, _ = place.access("read")
    sources = [f"127.0.0.{last}" for last in range(2, 10)]
    with contextlib.ExitStack() as stack:
        for port in (place.lockbox.port, place.gate, place.safe_gate):
            stack.enter_context(SlowClients(port, NOTHING, 800, sources))
        # Each has its places, and those that are about to be closed.
        files = len(os.listdir(f"/proc/{place.lockbox.process.pid}/fd"))
        assert 3 * 480 < files < 3 * 640 + 300, files
        assert place.adam.post(f"/v1/requests/{request_id}/revoke").status == 200
        wait_until(lambda: place.grant(request_id)["state"] == "ended", SOON, "the removal to be confirmed")


def test_both_sides_are_secured(place):
    context = ssl.create_default_context(cafile=place.certificates.ca)
    request_id, token = place.access("read", "write", service="safe")
    connection = http.client.HTTPSConnection("localhost", place.safe_gate, timeout=30, context=context)
    connection.request("GET", "/plans", headers={"Authorization": f"Bearer {token}"})
    assert connection.getresponse().read() == hashlib.sha256(b"").hexdigest().encode()
    connection.close()
    socket = websocket(place.safe_gate, token, context).until(b"\r\n\r\n")
    socket.socket.sendall(frame(b"hello"))
    socket.until(b"hello")
    stream = Connection(place.safe_gate, request("GET", "/stream", token), context).until(b"data: 1")
    assert place.adam.post(f"/v1/requests/{request_id}/revoke").status == 200
    assert b"access ended" in socket.cut()
    with contextlib.suppress(ssl.SSLError):
        stream.cut()
    assert place.raw(request("GET", "/plans", token))[:12] == b"HTTP/1.1 401"
    place.safe_application.taken()


def test_a_new_certificate_is_used_without_a_restart(place):
    def shown():
        return ssl.get_server_certificate((LOOPBACK, place.safe_gate))

    before = shown()
    again = Certificates(place.certificates.cert.parent / "again")
    again.key.chmod(0o600)
    again.key.replace(place.certificates.key)
    again.cert.replace(place.certificates.cert)
    wait_until(lambda: shown() != before, SOON, "the new certificate", every=0.2)
