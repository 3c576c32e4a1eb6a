"""From the end of an access to the last thing that got through, and to the cut."""

import contextlib
import dataclasses
import os
import socket
import statistics
import time

from lockbox_rig.machine import LOOPBACK, Process, free_port, listening, wait_until

from .clients import Clients
from .dribble import every
from .measure import PROBE_LIMIT, Probe, allow_many_files, percentile, spread
from .scene import DATABASE, HOST, KEPT, MAILBOX, Scene, gateway
from .sheet import Sheet

# Seconds between an answer and the next question of one who asks.
ASKING = 0.05
# The gateway takes 64 connections under one grant and 256 of one address, Dovecot and PostgreSQL ten of one login.
UNDER_GRANT, OF_ADDRESS, OF_LOGIN = 50, 200, 10
# What is kept beside: connections, and seconds between two requests of one. An idle one is closed after 60.
HELD, STAYING = 5_000, 30
# For what must happen, however slowly.
PATIENCE = 120
# Streams beside HAProxy.
MANY = 1_000


@dataclasses.dataclass
class Kind:
    name: str
    resource: dict
    connections: int
    under_grant: int
    # From here on connections are opened, in seconds, before the end may come.
    window: int

    def plan(self, scene, access, number):
        source = f"127.0.0.{2 + number // OF_ADDRESS}"
        login = {"user": access.user, "token": access.token}
        if self.name == GATEWAY:
            return {"kind": "stream", "port": scene.gates[0], "source": source, "token": access.token}
        if self.name == DOVECOT:
            return {"kind": "imap", "port": scene.dovecot.port, **login}
        return {"kind": "postgres", "port": scene.postgres.port, "database": "contoso", **login}


GATEWAY, DOVECOT, POSTGRES, HOOK = "gateway, streams", "Dovecot, NOOP", "PostgreSQL, SELECT", "hook, told to close"


def kinds(quick):
    small = 10 if quick else 1
    return [Kind(GATEWAY, gateway(0), 200 // small, UNDER_GRANT, 12),
            Kind(DOVECOT, MAILBOX, 50 // small, OF_LOGIN, 15),
            Kind(POSTGRES, DATABASE, 50 // small, OF_LOGIN, 15),
            Kind(HOOK, HOST, 50 // small, 1, 15)]


def measured(scene, kind, reason):
    """For each connection the last thing that got through and the cut, in ms after the end."""
    count = -(-kind.connections // kind.under_grant)
    resources = [kind.resource] * count
    accesses = scene.accesses(resources, kind.window, together=True) if reason == "expiry" else scene.accesses(
        resources, 3600)
    under = [accesses[number // kind.under_grant] for number in range(kind.connections)]
    if kind.name == HOOK:
        assert {access.user for access in accesses} <= scene.hook.open, "the hook has not opened all"
        end_all(accesses, reason, None)
        wait_until(lambda: all(one.user in scene.hook.closed for one in accesses), PATIENCE, "the hook to be told")
        told = [scene.hook.closed[access.user] for access in under]
        return after([(None, at) for at in told], under)
    clients = Clients([kind.plan(scene, access, number) for number, access in enumerate(under)],
                      ASKING, PATIENCE)
    end_all(accesses, reason, clients)
    return after(clients.result(PATIENCE), under)


def end_all(accesses, reason, clients):
    """Where nothing gets through before the end, nothing is measured."""
    time.sleep(1)
    try:
        assert reason == "revoke" or time.time() < accesses[0].end, "opening took longer than the window"
        if reason == "revoke":
            for access in accesses:
                access.revoke()
        else:
            time.sleep(max(0, accesses[0].end - time.time()))
    except BaseException:
        if clients:
            clients.end()
        raise


def after(times, under):
    last, cut = [], []
    for (through, closed), access in zip(times, under):
        assert closed is not None, f"{access.request}: not cut within {PATIENCE} s"
        assert through is None or through > access.end - 2, f"{access.request}: nothing got through before the end"
        last.append(((through or closed) - access.end) * 1e3)
        cut.append((closed - access.end) * 1e3)
    return last, cut


@contextlib.contextmanager
def held(scene, count):
    """So many connections kept at the gateways beside, each with a request now and then."""
    each = -(-count // len(KEPT))
    grants = -(-each // UNDER_GRANT)
    accesses = scene.accesses([gateway(number) for number in KEPT for _ in range(grants)], 3600)
    plans = []
    for at, access in enumerate(accesses):
        for number in range(min(UNDER_GRANT, each - at % grants * UNDER_GRANT)):
            plans.append({"kind": "kept", "port": scene.gates[KEPT[at // grants]], "token": access.token,
                          "source": f"127.0.1.{1 + (at % grants * UNDER_GRANT + number) // OF_ADDRESS}"})
    clients = Clients(plans, STAYING, PATIENCE)
    try:
        yield len(plans)
    finally:
        results = clients.end()
        for access in accesses:
            access.revoke()
    lost = sum(cut is not None for _, cut in results)
    assert not lost, f"{lost} of {len(plans)} connections beside were closed"


def rows_of(scene, quick, rounds, probe):
    """A row of figures for each kind and reason. All rounds count, whatever the disk was at: the bound holds always."""
    rows = []
    for reason in ("expiry", "revoke"):
        for kind in kinds(quick):
            last, cut = [], []
            for _ in range(rounds):
                probe.note()
                one = measured(scene, kind, reason)
                last += one[0]
                cut += one[1]
            row = [kind.name, reason, f"{len(cut):,}", *summed(last), *summed(cut)]
            print("  " + " | ".join(row), flush=True)
            rows.append(row)
    return rows


def summed(values):
    return [f"{value:.1f}" for value in (statistics.median(values), percentile(values, 99), max(values))]


class HAProxy:
    """A proxy that knows nothing of access, and cuts on command."""

    def __init__(self, folder, origin):
        self.port, self.socket = free_port(), folder / "haproxy.sock"
        (folder / "haproxy.cfg").write_text(
            f"global\n  maxconn 4000\n  nbthread {os.cpu_count()}\n  stats socket {self.socket} mode 600 level admin\n"
            "defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 1h\n  timeout server 1h\n"
            f"listen all\n  bind {LOOPBACK}:{self.port}\n  server one {LOOPBACK}:{origin}\n")
        self.process = Process(["haproxy", "-db", "-f", folder / "haproxy.cfg"])
        wait_until(lambda: listening(self.port), 15, "HAProxy to listen")

    def cut(self):
        """The time at which it was told to."""
        with socket.socket(socket.AF_UNIX) as wire:
            wire.connect(str(self.socket))
            began = time.time()
            wire.sendall(b"shutdown sessions server all/one\n")
            said = wire.recv(4096)
        assert not said.strip(), said
        return began

    def stop(self):
        self.process.stop()


def beside_haproxy(scene, streams, rounds, probe):
    """The cut of many streams to the same application in ms after the end, in rounds: ours at the end of a window, with
    the record of it; and HAProxy's after it was told."""
    haproxy, ours, theirs = HAProxy(scene.lockbox.folder, scene.origin), [], []
    plans = [{"kind": "stream", "port": haproxy.port, "source": f"127.0.0.{2 + number // OF_ADDRESS}"}
             for number in range(streams)]
    try:
        for _ in range(rounds):
            quiet = probe.is_quiet()
            mine = cut_together(scene, streams)
            clients = Clients(plans, ASKING, PATIENCE)
            time.sleep(1)
            began = haproxy.cut()
            other = [(cut - began) * 1e3 for _, cut in clients.result(PATIENCE)]
            counts = quiet and probe.is_quiet()
            print(f"  last of {streams:,}: gateway {max(mine):.1f} ms, HAProxy {max(other):.1f} ms"
                  + ("" if counts else ", dropped: the disk was busy"), flush=True)
            if counts:
                ours.append(mine)
                theirs.append(other)
    finally:
        haproxy.stop()
    return ours, theirs


def cut_together(scene, streams):
    """Streams at two gateways, under grants that end together."""
    grants = -(-streams // UNDER_GRANT)
    accesses = scene.accesses([gateway(number % 2) for number in range(grants)], 8 + streams // 100, together=True)
    plans, under = [], []
    for number in range(streams):
        at = number // UNDER_GRANT
        under.append(accesses[at])
        plans.append({"kind": "stream", "port": scene.gates[at % 2], "token": accesses[at].token,
                      "source": f"127.0.0.{2 + number // OF_ADDRESS}"})
    clients = Clients(plans, ASKING, PATIENCE)
    assert time.time() < accesses[0].end, "opening took longer than the window"
    return [(cut - access.end) * 1e3 for (_, cut), access in zip(clients.result(PATIENCE), under)]


HEAD = ["what", "end", "connections", "last p50", "p99", "longest", "cut p50", "p99", "longest"]


class Notes:
    """What the disk was at before each round."""

    def __init__(self, probe):
        self.probe, self.medians = probe, []

    def note(self):
        self.medians.append(self.probe.median())

    def __str__(self):
        busy = sum(median > PROBE_LIMIT for median in self.medians)
        return (f"Before the {len(self.medians)} rounds a raw {Probe.NAME} took "
                f"{spread([median * 1e6 for median in self.medians], '.0f')} µs; before {busy} more than "
                f"{PROBE_LIMIT * 1e6:,.0f} µs, as when something else has the machine.")


def run(quick):
    files = allow_many_files()
    sheet, rounds = Sheet("The cut"), 1 if quick else 4
    with Scene.running("cutoff") as scene, contextlib.closing(Probe(scene.lockbox.folder)) as probe:
        notes = Notes(probe)
        rows = rows_of(scene, quick, rounds, notes)
        wanted = 50 if quick else HELD
        with held(scene, min(wanted, (files - 1000) // 2)) as count:
            print(f"{count:,} connections beside", flush=True)
            beside = rows_of(scene, quick, 1, notes)
        sheet.say("Milliseconds after the end of the window, or after a stop was answered; below zero is before. *Last* "
                  "is the last thing that got through, *cut* is what the client saw of the end.")
        sheet.table(HEAD, rows)
        few = f"; a process may open {files:,} files here" if count < wanted else ""
        sheet.say(f"With {count:,} connections beside, kept open at {len(KEPT)} gateways of the same server (one takes "
                  f"512){few}:")
        sheet.table(HEAD, beside)
        sheet.say(f"A stream gets a piece every {every(200) * 1e3:.0f} ms, who asks asks again {ASKING * 1e3:.0f} ms "
                  "after an answer: the last thing may be older than the cut by so much. The hook has no connections: "
                  f"what counts is when it was told. {notes}")
        say_beside_haproxy(sheet, scene, *((50, 1) if quick else (MANY, 5)), probe)
    return sheet


def say_beside_haproxy(sheet, scene, streams, rounds, probe):
    ours, theirs = beside_haproxy(scene, streams, rounds, probe)
    sheet.say(f"The cut of {streams:,} streams to one application beside HAProxy's: {len(ours)} of {rounds} "
              "interleaved rounds count, median (least..most) of them in ms. The end of access is recorded, HAProxy "
              "records nothing.")
    if not ours:
        return

    def row(name, cuts):
        return [name, *(spread([which(one) for one in cuts], ".1f") for which in (min, statistics.median, max))]

    sheet.table(["what", "first", "middle", "last"], [
        row("gateway, end of the window", ours), row("HAProxy, `shutdown sessions`", theirs)])
    ratios = [max(mine) / max(other) for mine, other in zip(ours, theirs)]
    sheet.say(f"Last cut of the gateway: {spread(ratios, '.2f')} × HAProxy's.")
