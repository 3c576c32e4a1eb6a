"""wrk, and the nginx that it is aimed at for comparison. An answer that is not the right one ends the bench."""

import collections
import json
import shutil
import time

from lockbox_rig.machine import LOOPBACK, Process, listening, wait_until
from lockbox_rig.proxies import NGINX

from .measure import core

# Connections at full speed, and at the constant rate.
FULL, SPARING, RATE = 64, 16, 3_000
# nginx ends a connection after a thousand requests unless it is told otherwise.
LASTING = "keepalive_requests 1000000000;"
SCRIPT = """
wrong = 0
threads = {{}}
wrk.method, wrk.body = {method}, {body}
for name, value in pairs({{ {headers} }}) do wrk.headers[name] = value end
function setup(thread) table.insert(threads, thread) end
{more}
function done(summary, latency)
    local count = 0
    for _, thread in ipairs(threads) do count = count + thread:get("wrong") end
    local e = summary.errors
    io.write(string.format(
        '\\n{{"requests":%d,"seconds":%f,"p50":%f,"p99":%f,"wrong":%d,"status":%d,"broken":%d}}\\n', summary.requests,
        summary.duration / 1e6, latency:percentile(50), latency:percentile(99), count, e.status,
        e.connect + e.read + e.write + e.timeout))
end
"""
# wrk pauses for whole milliseconds after an answer, and rather longer than asked.
AT_RATE = """
function delay() return math.max(0, math.floor({pause} - 1 + math.random())) end
function response(status, headers, body)
    if status ~= 200 or body ~= {expected} then wrong = wrong + 1 end
end
"""

Load = collections.namedtuple("Load", "rate p50 p99")


class Nginx:
    """One worker, with `servers` in its http block."""

    def __init__(self, folder, servers, ports):
        folder.mkdir()
        # It may hold a credential.
        (folder / "lockbox.conf").touch(0o600)
        (folder / "lockbox.conf").write_text(f"default_type text/plain; {LASTING}\n{servers}")
        (folder / "main.conf").write_text(NGINX)
        self.process = Process(["nginx", "-p", folder, "-c", "main.conf"], cwd=str(folder))

        def up():
            self.process.require_running()
            return all(map(listening, ports))

        wait_until(up, 15, "nginx to listen")

    def stop(self):
        self.process.stop()


class Target:
    """What is asked for, again and again; its right answer is `body`, with 200. The credential is in a file, where the
    list of processes does not show it."""

    def __init__(self, folder, name, port, path, body, method="GET", headers=(), asks=None):
        self.name, self.body = name, body
        self._url, self._folder = f"http://{LOOPBACK}:{port}{path}", folder
        self._values = {
            "method": json.dumps(method), "body": json.dumps(asks) if asks else "nil",
            "headers": ", ".join(f"[{json.dumps(key)}] = {json.dumps(value)}" for key, value in dict(headers).items())}
        self.requests = 0

    def full(self, seconds):
        return self._wrk(FULL, seconds, "")

    def at_rate(self, rate, seconds):
        """Each answer is looked at too."""
        return self._wrk(SPARING, seconds, AT_RATE.format(
            pause=SPARING * 1000 / rate, expected=json.dumps(self.body)))

    def _wrk(self, connections, seconds, more):
        script = self._folder / "asks.lua"
        script.touch(0o600)
        script.write_text(SCRIPT.format(**self._values, more=more))
        with core(1):
            process = Process(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script, self._url])
        try:
            code = process.wait(seconds + 60)
        finally:
            process.kill()
        assert code == 0, process.err.text
        said = json.loads(process.out.text.splitlines()[-1])
        assert said["requests"] and not said["wrong"] + said["status"] + said["broken"], f"{self.name}: {said}"
        self.requests += said["requests"]
        # Its connections are given back.
        time.sleep(0.3)
        return Load(said["requests"] / said["seconds"], said["p50"], said["p99"])


def require_wrk():
    assert shutil.which("wrk"), "wrk is missing: `make setup-bench` installs it"


def interleaved(targets, rounds, seconds, probe):
    """`rounds` of all targets in turn: at full speed, and at a constant rate. Rounds count while the disk is quiet."""
    slowest = min(target.full(1).rate for target in targets)
    rate = min(RATE, slowest / 2)
    kept = []
    for number in range(rounds):
        quiet = probe.is_quiet()
        one = {target.name: (target.full(seconds), target.at_rate(rate, seconds)) for target in targets}
        if quiet and probe.is_quiet():
            kept.append(one)
        print(f"  round {number + 1}" + ("" if kept and kept[-1] is one else ", dropped: the disk was busy") + ": "
              + ", ".join(f"{name} {full.rate:,.0f}/s" for name, (full, _) in one.items()), flush=True)
    return kept, rate
