"""Connections from a process of their own: the last thing that got through on each, and when it was cut."""

import concurrent.futures
import ctypes
import heapq
import json
import os
import random
import select
import socket
import struct
import sys
import time

from lockbox_rig.dovecot import imap_login
from lockbox_rig.machine import LOOPBACK, REPOSITORY, Process, wait_until

OPENING = 16  # threads


class Clients:
    """Opens what `plans` say: each has a `kind` (of `OPENERS`) and what that needs. Who asks asks again `every` seconds
    after each answer. The plans come on standard input: they have tokens in them."""

    def __init__(self, plans, every, patience=120):
        self._process = Process(
            [sys.executable, "-B", "-m", __name__], keep_input=True, cwd=REPOSITORY / "Tests" / "EndToEnd")
        try:
            self._process.tell(json.dumps({"plans": plans, "every": every}))

            def opened():
                self._process.require_running()
                return b"open\n" in self._process.out.chunks

            wait_until(opened, patience, "the connections to be open")
        except BaseException:
            self._process.kill()
            raise

    def result(self, patience):
        """For each the time of the last thing that got through and of the cut; waits as long as the cuts take."""
        try:
            self._process.wait(patience)
        finally:
            self._process.kill()
        return json.loads(self._process.out.chunks[-1])

    def end(self):
        """The same, at once: what is not cut has nothing there."""
        self._process.end_input()
        return self.result(30)


class Client:
    def __init__(self, plan):
        self.wire, self.ask, self.answer = OPENERS[plan["kind"]](plan)
        self.wire.setblocking(False)
        self.last = time.time()
        self.cut = None


def connected(plan, path):
    """After a request that was answered with 200."""
    wire = socket.create_connection((LOOPBACK, plan["port"]), 30, source_address=(plan.get("source", LOOPBACK), 0))
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {plan.get('token', 'none')}\r\n\r\n".encode()
    wire.sendall(request)
    answer = b""
    while b"\r\n\r\n" not in answer:
        part = wire.recv(65_536)
        assert part, answer
        answer += part
    assert answer.startswith(b"HTTP/1.1 200 "), answer
    return wire, request


def stream(plan):
    wire, _ = connected(plan, "/stream")
    return wire, None, b"."


def kept(plan):
    wire, request = connected(plan, "/")
    return wire, request, b"200 OK"


def imap(plan):
    session = imap_login(plan["port"], plan["user"], plan["token"])
    assert session.select("INBOX", readonly=True)[0] == "OK"
    return session.sock, b"n NOOP\r\n", b"n OK "


def postgres(plan):
    """libpq signs in; what follows needs no more than its socket."""
    libpq = ctypes.CDLL("libpq.so.5")
    libpq.PQconnectdb.restype = ctypes.c_void_p
    libpq.PQstatus.argtypes = libpq.PQsocket.argtypes = [ctypes.c_void_p]
    connection = libpq.PQconnectdb(
        f"host={LOOPBACK} port={plan['port']} dbname={plan['database']} user={plan['user']} password={plan['token']} "
        "sslmode=disable gssencmode=disable connect_timeout=30".encode())
    assert libpq.PQstatus(connection) == 0, "PostgreSQL lets nobody in"
    statement = b"SELECT clock_timestamp()\0"
    ask = b"Q" + struct.pack("!i", len(statement) + 4) + statement
    return socket.socket(fileno=os.dup(libpq.PQsocket(connection))), ask, b"Z\0\0\0\5I"


OPENERS = {"stream": stream, "kept": kept, "imap": imap, "postgres": postgres}


def watch(clients, every):
    """Until all are cut, or standard input ends."""
    poll, by_number, due = select.epoll(), {}, []
    poll.register(sys.stdin, select.EPOLLIN)
    for client in clients:
        by_number[client.wire.fileno()] = client
        poll.register(client.wire, select.EPOLLIN)
        if client.ask:
            heapq.heappush(due, (time.time() + random.random() * every, client.wire.fileno()))
    while by_number:
        for number, _ in poll.poll(max(0, due[0][0] - time.time()) if due else None):
            if number == sys.stdin.fileno():
                return
            client = by_number[number]
            try:
                data = client.wire.recv(65_536)
            except OSError:
                data = b""
            now = time.time()
            if not data:
                client.cut = now
                poll.unregister(number)
                del by_number[number]
            elif client.answer in data:
                client.last = now
                if client.ask:
                    heapq.heappush(due, (now + every, number))
        while due and due[0][0] <= time.time():
            _, number = heapq.heappop(due)
            try:
                if number in by_number:
                    by_number[number].wire.send(by_number[number].ask)
            except OSError:
                pass  # Cut: that comes next.


def main():
    sys.setswitchinterval(0.0005)
    asked = json.loads(sys.stdin.readline())
    with concurrent.futures.ThreadPoolExecutor(OPENING) as threads:
        clients = list(threads.map(Client, asked["plans"]))
    print("open", flush=True)
    watch(clients, asked["every"])
    print(json.dumps([(client.last, client.cut) for client in clients]), flush=True)


if __name__ == "__main__":
    main()
