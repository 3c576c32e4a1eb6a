"""The gateway beside nginx, which asks Lockbox or asks nobody, before one application."""

import contextlib

from lockbox_rig.api import API
from lockbox_rig.machine import LOOPBACK, free_port, wait_until

from .asked import FOLDER, PLANS, Asked
from .load import FULL, LASTING, SPARING, Nginx, Target, interleaved, require_wrk
from .measure import Probe, core, spread
from .sheet import Sheet

PLAIN, ASKS, OURS = "nginx, no check", "nginx `auth_request` → `/authz`", "gateway"
NGINX = """
upstream application {{ server {host}:{origin}; keepalive 64; {lasting} }}
upstream lockbox {{ server {host}:{lockbox}; keepalive 64; {lasting} }}
proxy_http_version 1.1;
proxy_set_header Connection "";
server {{ listen {host}:{plain}; location / {{ proxy_pass http://application; }} }}
server {{
    listen {host}:{asks};
    location = /.lockbox {{
        internal;
        proxy_pass http://lockbox/authz/files;
        proxy_pass_request_body off;
        proxy_set_header Connection "";
        proxy_set_header Content-Length "";
        proxy_set_header X-Original-Method $request_method;
        proxy_set_header X-Original-URI $request_uri;
        proxy_set_header Lockbox-Client-Authorization "{basic}";
    }}
    location / {{
        auth_request /.lockbox;
        proxy_pass http://application;
        proxy_set_header Connection "";
        proxy_set_header Authorization "";
    }}
}}
"""


def run(quick):
    require_wrk()
    rounds, seconds = (1, 1) if quick else (5, 2)
    with Asked.running("gateway") as place:
        plain, asks = free_port(), free_port()
        folder = place.lockbox.folder
        with core(0):
            nginx = Nginx(folder / "nginx", NGINX.format(
                host=LOOPBACK, origin=place.origin, lockbox=place.lockbox.port, plain=plain, asks=asks,
                basic=place.basic, lasting=LASTING), [plain, asks])
        try:
            (_, file), (request, app) = place.access("files", FOLDER), place.access("app", PLANS)
            targets = [
                Target(folder, name, port, "/plans", "ok", headers={"Authorization": f"Bearer {token}"})
                for name, port, token in ((PLAIN, plain, app), (ASKS, asks, file), (OURS, place.gate, app))]
            for port in (asks, place.gate):
                assert API(port).get("/plans").status == 401, "a stranger gets through"
            with contextlib.closing(Probe(folder)) as probe:
                kept, rate = interleaved(targets, rounds, seconds, probe)
            recorded(place, request, targets[-1].requests)
        finally:
            nginx.stop()
    return sheet_of(kept, rounds, rate, targets[-1].requests)


def recorded(place, request, asked):
    """Each operation is in the log a moment after it was let through, those too whose answer nobody waited for."""
    def counted():
        return sum(one["reads"] for one in place.grant(request)["operations"]) >= asked

    wait_until(counted, 20, f"{asked} operations in the log", 0.2)


def sheet_of(kept, rounds, rate, asked):
    sheet = Sheet("The gateway")
    sheet.say(f"{len(kept)} of {rounds} interleaved rounds count; median (least..most) of them. Full speed is {FULL} "
              f"connections; the constant rate is about {rate:,.0f} requests a second over {SPARING}. All {asked:,} "
              "operations through the gateway are in the log.")
    if not kept:
        return sheet
    rows = []
    for name in (PLAIN, ASKS, OURS):
        full, sparing = ([one[name][which] for one in kept] for which in (0, 1))
        rows.append([name, spread([one.rate for one in full], ",.0f"), spread([one.p50 for one in sparing], ".0f"),
                     spread([one.p99 for one in sparing], ".0f")])
    sheet.table(["what", "requests a second", "p50 µs at the rate", "p99 µs"], rows)

    def ratio(yardstick, which, figure):
        pairs = [[getattr(one[name][which], figure) for name in (OURS, yardstick)] for one in kept]
        return spread([ours / other for ours, other in pairs], ".2f") + " ×"

    sheet.table(["the gateway, of", "requests a second", "p50 at the rate", "p99"], [
        [name, ratio(name, 0, "rate"), ratio(name, 1, "p50"), ratio(name, 1, "p99")] for name in (ASKS, PLAIN)])
    return sheet
