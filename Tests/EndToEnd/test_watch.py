"""What a customer's own `lockbox watch` tells of its log: once, by mail and webhook, also when started anew."""

import base64
import contextlib
import hashlib
import hmac
import http.server
import json
import os
import re
import shutil
import subprocess
import threading

import pytest

from lockbox_rig import secrets
from lockbox_rig.api import API, mailbox
from lockbox_rig.clock import ShiftedClock
from lockbox_rig.lockboxd import LOCKBOX_CLI, cli
from lockbox_rig.machine import LOOPBACK, Process, free_port, wait_until
from lockbox_rig.smtp import Certificates, SMTPReceiver

SECURITY = "security@contoso.test"
SUE = "sue@contoso.test"
POLICY = "/v1/tenants/contoso/policy"


class Hook:
    """A program of the customer's that is posted to, and checks who posts."""

    def __init__(self, folder):
        self.key = os.urandom(32)
        self.secret = secrets.register("whsec_" + base64.b64encode(self.key).decode(), "webhook secret")
        self.token = secrets.new("webhook token")
        self.status, self.bodies = 204, []
        (folder / "hook.secret").write_text(self.secret + "\n")
        (folder / "hook.token").write_text(self.token + "\n")
        self.files = folder / "hook.token", folder / "hook.secret"
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + body
                code = base64.b64encode(hmac.new(hook.key, signed, hashlib.sha256).digest()).decode()
                is_right = (self.headers["webhook-signature"] == f"v1,{code}"
                            and self.headers["Authorization"] == f"Bearer {hook.token}")
                if is_right and hook.status == 204:
                    hook.bodies.append(json.loads(body))
                self.send_response(hook.status if is_right else 401)
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self.url = f"http://{LOOPBACK}:{self._server.server_port}/lockbox"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    @property
    def events(self):
        return [event for body in self.bodies for event in body["events"]]

    @property
    def kinds(self):
        return [event["kind"] for event in self.events]


class Watch:
    """Contoso's watch over its log at `lockbox`."""

    def __init__(self, lockbox, folder, smtp, hook):
        self.lockbox, self.folder, self.smtp, self.hook = lockbox, folder, smtp, hook
        self.state, self.metrics = folder / "state", folder / "watch.prom"
        printed = lockbox.run("token", "--person", "alan@contoso.test", "--scope", "read").stdout
        token = secrets.register(re.search(r"\blbx_\S+", printed)[0], "API token")
        for name, content in [("token", token), ("relay", smtp.url)]:
            (folder / name).write_text(content + "\n")
        self.command = [
            str(LOCKBOX_CLI), "watch", "--url", lockbox.url, "--tenant", "contoso", "--state", str(self.state),
            "--token-file", str(folder / "token"), "--metrics", str(self.metrics),
            "--smtp-file", str(folder / "relay"), "--mail-from", "watch@contoso.test", "--mail-to", SECURITY,
            "--webhook", hook.url, "--webhook-token-file", str(hook.files[0]),
            "--webhook-secret-file", str(hook.files[1])]

    def once(self, *more, env=None, code=None):
        done = subprocess.run(
            [*self.command, "--once", *more], capture_output=True, text=True, timeout=60, env=env or self.env)
        secrets.said("lockbox watch", done.stdout + done.stderr)
        if code is not None:
            assert done.returncode == code, done
        return done

    @property
    def env(self):
        return {name: value for name, value in os.environ.items() if not name.startswith("LOCKBOX_")}

    @contextlib.contextmanager
    def running(self, *more):
        process = Process([*self.command, "--every", "1s", *more], env=self.env)
        try:
            yield process
        finally:
            process.stop()
            secrets.said("lockbox watch", process.out.bytes + process.err.bytes)

    def letters(self):
        return self.smtp.letters(SECURITY)

    def has_delivered(self):
        samples = self.measured()
        return samples["events_total", 'kind="approver.appeared"'] == 1 and not any(
            value for (name, _), value in samples.items() if name == "undelivered")

    def verify_copy(self):
        copy = str(self.state / "log.jsonl")
        return cli("http://127.0.0.1:9", "unused", "audit", "verify", "--export", copy, check=False)

    def measured(self):
        """Every sample of the metrics, by name and labels, held against the form that Prometheus reads."""
        samples, kinds = {}, {}
        text = self.metrics.read_text()
        assert text.endswith("\n")
        for line in text.splitlines():
            if line.startswith("# "):
                mark, name, rest = re.fullmatch(r"# (HELP|TYPE) ([a-z_]+) (.+)", line).groups()
                if mark == "TYPE":
                    assert name not in kinds and rest in ("gauge", "counter")
                    kinds[name] = rest
                continue
            name, labels, value = re.fullmatch(
                r'([a-z_]+)\{((?:[a-z]+="(?:[^"\\]|\\.)*",?)*)\} (-?\d+(?:\.\d+)?)', line).groups()
            assert name in kinds and (kinds[name] == "counter") == name.endswith("_total"), line
            assert (name, labels) not in samples, line
            samples[name.removeprefix("lockbox_watch_"), re.sub(r'log="[^"]*",?', "", labels)] = float(value)
        return samples


@pytest.fixture
def smtp(tmp_path):
    receiver = SMTPReceiver(tmp_path / "smtp", Certificates(tmp_path / "certificates")).start()
    yield receiver
    receiver.stop()


@pytest.fixture
def hook(tmp_path):
    hook = Hook(tmp_path)
    yield hook
    hook.stop()


@pytest.fixture
def watch(install, tmp_path, smtp, hook):
    lockbox = install()
    lockbox.apply()
    watch = Watch(lockbox, tmp_path, smtp, hook)
    for name in ("sue", "eve", "mark", "gita", "sam"):
        setattr(watch, name, lockbox.api(name))
    lockbox.start()
    return watch


def ask(watch):
    support = watch.sue.open_support_request("contoso").json["number"]
    answer = watch.eve.submit("contoso", support, [mailbox(SUE)])
    assert answer.status == 201, answer
    return answer.json["id"]


def change(watch, **rules):
    """Until an administrator has signed in at the portal, looser rules hold at once."""
    before = watch.gita.get(POLICY)
    names = ("requireApproval", "decisionWindow", "maxAccess", "approvalsNeeded")
    answer = watch.gita.put(POLICY, {**{name: before.json[name] for name in names}, **rules}, If_Match=before.headers["etag"])
    assert answer.status == 200, answer


def propose(watch):
    """The provider's file says that Sam approves; his own administrators are asked."""
    watch.lockbox.directory.person("sam@contoso.test")["roles"] = ["approver"]
    watch.lockbox.apply()


def make_approver(watch):
    answer = watch.gita.put(f"/v1/tenants/contoso/people/{watch.sam.get('/v1/me').json['id']}", {"roles": ["approver"]})
    assert answer.status == 200, answer


def test_each_event_is_told_once_whoever_starts_it_anew(watch):
    first = watch.once(code=5)
    assert "watch.began" in first.stdout and "compare the key" in first.stdout
    assert watch.hook.kinds == ["watch.began"] and len(watch.letters()) == 1
    assert watch.once(code=0).stdout == ""
    propose(watch)
    assert "approver.proposed" in watch.once(code=5).stdout
    make_approver(watch)
    told = watch.once(code=5)
    assert "approver.appeared" in told.stdout and "“Sam Ode”" in told.stdout
    letter = watch.letters()[-1]
    assert "approver.appeared" in letter.subject and "Sam Ode" in letter.text and letter.header("to") == SECURITY
    assert watch.once(code=0).stdout == ""
    assert watch.hook.kinds == ["watch.began", "approver.proposed", "approver.appeared"] and len(watch.letters()) == 3
    assert len({event["id"] for event in watch.hook.events}) == 3
    body = watch.hook.bodies[-1]
    assert body["form"] == "lockbox-watch/v1" and body["origin"].endswith("/v1/tenants/contoso/log")
    assert "Sam Ode" in body["text"] and body["events"][0]["record"] > 0
    # The copy grew by what was new, and is an export like any other.
    verified = watch.verify_copy()
    assert verified.returncode == 0, verified
    samples = watch.measured()
    assert samples["in_order", ""] == samples["up", ""] == 1 and samples["findings", ""] == 0
    assert samples["events_total", 'kind="approver.appeared"'] == 1
    assert samples["undelivered", 'channel="webhook"'] == 0
    assert watch.metrics.stat().st_mode & 0o777 == 0o644
    assert watch.state.stat().st_mode & 0o777 == 0o700
    assert not [path for path in watch.state.rglob("*") if path.is_file() and path.stat().st_mode & 0o077]


def test_one_that_runs_tells_at_once_and_is_killed_without_losing_anything(watch):
    port = free_port()
    listening = "--metrics-listen", f"{LOOPBACK}:{port}"
    with watch.running(*listening) as process:
        wait_until(lambda: watch.hook.kinds == ["watch.began"], 30, "the beginning to be told")
        wait_until(lambda: API(port).get("/metrics").status == 200, 30, "Prometheus to be answered")
        answer = API(port).get("/metrics")
        assert b"lockbox_watch_in_order{log=" in answer.body
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert [API(port).get("/").status, API(port).post("/metrics").status] == [404, 404]
        second = watch.once()
        assert second.returncode == 1 and "another “lockbox watch”" in second.stderr
        make_approver(watch)
        wait_until(lambda: "approver.appeared" in watch.hook.kinds, 30, "the approver to be told")
        watch.smtp.wait_for(SECURITY, about="approver.appeared", timeout=30)
        # Between a delivery and its note it would be delivered again.
        wait_until(watch.has_delivered, 30, "what was delivered to be noted")
        process.kill()
    # Nobody watches while this happens.
    change(watch, maxAccess="PT8H")
    with watch.running(*listening):
        wait_until(lambda: "policy.loosened" in watch.hook.kinds, 30, "what happened meanwhile to be told")
        watch.smtp.wait_for(SECURITY, about="maxAccess: PT4H → PT8H", timeout=30)
    ids = [event["id"] for event in watch.hook.events]
    assert watch.hook.kinds == ["watch.began", "approver.appeared", "policy.loosened"]
    assert len(ids) == len(set(ids))


def test_access_that_nobody_of_the_tenant_approved_is_told(watch):
    watch.once(code=5)
    number = ask(watch)
    assert watch.mark.decide(number, "approve").status == 200
    assert watch.once(code=0).stdout == "", "nobody was let in yet"
    change(watch, requireApproval=False)
    assert "requireApproval: yes → no" in watch.once(code=5).stdout
    number = ask(watch)
    assert watch.mark.decide(number, "approve").status == 200
    told = watch.once(code=5).stdout
    assert "access.unapproved" in told and number in told
    # Stricter is no news.
    change(watch, requireApproval=True)
    assert watch.once(code=0).stdout == ""


def test_what_cannot_be_delivered_is_tried_again_until_it_can(watch):
    watch.hook.status = 500
    failed = watch.once(code=6)
    assert "cannot tell webhook: it answered 500" in failed.stderr and len(watch.letters()) == 1
    assert watch.measured()["undelivered", 'channel="webhook"'] == 1
    assert watch.measured()["delivery_failures_total", 'channel="webhook"'] == 1
    watch.hook.status = 204
    watch.once(code=0)
    assert watch.hook.kinds == ["watch.began"] and len(watch.letters()) == 1, "the letter had arrived"
    watch.smtp.stop()
    make_approver(watch)
    failed = watch.once(code=6)
    assert watch.hook.kinds[-1] == "approver.appeared" and f"cannot tell mail to {SECURITY}" in failed.stderr
    assert watch.smtp.password not in failed.stderr
    watch.smtp.start()
    watch.once(code=0)
    assert len(watch.smtp.letters(SECURITY, about="approver.appeared")) == 1


def test_two_histories_are_told_with_evidence(watch):
    watch.once(code=5)
    lockbox = watch.lockbox
    lockbox.stop()
    files = [*lockbox.database.parent.glob(lockbox.database.name + "*"), *lockbox.folder.rglob("*.heads")]
    before = {path: path.read_bytes() for path in files}
    lockbox.start()
    assert watch.sue.open_support_request("contoso").status == 201
    watch.once(code=0)
    kept = (watch.state / "log.jsonl").read_bytes()
    lockbox.stop()
    for path in [*lockbox.database.parent.glob(lockbox.database.name + "*"), *lockbox.folder.rglob("*.heads")]:
        path.unlink()
    for path, content in before.items():
        path.write_bytes(content)
        path.chmod(0o600)
    lockbox.start()
    shrunk = watch.once(code=1)
    assert "log.finding" in shrunk.stdout and "the log was truncated" in shrunk.stdout
    assert [event["code"] for event in watch.hook.events if "code" in event] == ["log-shrunk"]
    assert watch.once(code=1).stdout == "", "it is told once, and stays an error"
    # The log goes on from there, as another history; what happens in it is told too.
    make_approver(watch)
    for _ in range(2):
        assert watch.sue.open_support_request("contoso").status == 201
    told = watch.once(code=1)
    assert "approver.appeared" in told.stdout and "log.forked" in told.stdout
    evidence, = (watch.state / "evidence").iterdir()
    shown = cli("http://127.0.0.1:9", "unused", "audit", "evidence", str(evidence), "--key", str(watch.state / "log.key"))
    assert shown.stdout.startswith("two histories were signed: “")
    watch.smtp.wait_for(SECURITY, about="two histories of this log were signed")
    assert watch.once(code=1).stdout == ""
    # What was in order stays.
    assert (watch.state / "log.jsonl").read_bytes() == kept and watch.verify_copy().returncode == 0
    assert watch.measured()["in_order", ""] == 0


def test_a_log_that_shows_no_sign_of_life_is_told(watch, tmp_path):
    watch.once(code=5)
    watch.lockbox.stop()
    assert "cannot look at the log" in watch.once(code=4).stderr, "that is too early to tell"
    assert watch.hook.kinds == ["watch.began"]
    later = tmp_path / "clock"
    later.mkdir()
    clock = ShiftedClock(later, offset=2 * 3600)
    env = {**watch.env, **{name: value for name, value in clock.env.items() if name in ("LD_PRELOAD", "CLOCK_SHIM_FILE")}}
    assert "log.still" in watch.once(env=env, code=1).stdout
    assert watch.once(env=env, code=1).stdout == ""
    watch.lockbox.start()
    assert "log.moves" in watch.once(code=5).stdout
    assert watch.hook.kinds == ["watch.began", "log.still", "log.moves"]


def test_a_key_that_the_log_hands_over_to_is_told_and_followed(watch):
    watch.once(code=5)
    watch.lockbox.stop()
    watch.lockbox.run("rotate-key")
    watch.lockbox.start()
    assert "log.keyChanged" in watch.once(code=5).stdout
    keys = (watch.state / "key").read_text().splitlines()
    assert len(keys) == 2 and keys[1] == (watch.state / "log.key").read_text().strip()
    make_approver(watch)
    assert "approver.appeared" in watch.once("--key", keys[1], code=5).stdout
    assert "not the one that was remembered" in watch.once("--key", keys[0], code=1).stderr
    assert watch.verify_copy().returncode == 0


def test_erased_texts_go_from_the_copy_too(watch):
    number = ask(watch)
    assert watch.mark.decide(number, "deny", comment="Wrong mailbox, says Nobody Special.").status == 200
    watch.once(code=5)
    copy = watch.state / "log.jsonl"
    assert "Nobody Special" in copy.read_text()
    erased = watch.gita.post("/v1/tenants/contoso/audit/erasures", {"request": number, "reason": "Asked for by law."})
    assert erased.status in (200, 201), erased
    told = watch.once(code=5).stdout
    assert "texts.erased" in told and "Asked for by law." in told
    assert "Nobody Special" not in copy.read_text()
    assert watch.verify_copy().returncode == 0
    assert watch.once(code=0).stdout == ""


def test_a_folder_that_others_see_or_changed_is_refused(watch):
    watch.once(code=5)
    watch.state.chmod(0o755)
    assert "chmod 700" in watch.once(code=1).stderr
    watch.state.chmod(0o700)
    copy = watch.state / "log.jsonl"
    lines = copy.read_bytes().splitlines(keepends=True)
    kept = watch.folder / "kept"
    shutil.copytree(watch.state, kept)
    copy.write_bytes(b"".join(lines[:-1]))
    assert "somebody has changed it" in watch.once(code=1).stderr
    shutil.rmtree(watch.state)
    kept.rename(watch.state)
    # Without them it would believe whatever key the server names.
    for name in ("key", "log.checkpoint"):
        (watch.state / name).rename(watch.folder / "hidden")
        assert "it is gone" in watch.once(code=1).stderr
        (watch.folder / "hidden").rename(watch.state / name)
    # A line that was being written when it ended is read again.
    with copy.open("ab") as file:
        file.write(lines[-1][:40])
    make_approver(watch)
    assert "approver.appeared" in watch.once(code=5).stdout
    assert watch.verify_copy().returncode == 0


@pytest.mark.parametrize("arguments, said", [
    (["--webhook", "http://hook.example/x"], "https"),
    (["--webhook", "https://user:secret@hook.example/x"], "without a password"),
    (["--smtp", "smtp://me:secret@relay.example", "--mail-from", "a@b.test", "--mail-to", "c@d.test"], "--smtp-file"),
    (["--smtp", "smtp://relay.example"], "--mail-from"),
    (["--every", "0s"], "--every"),
    (["--metrics-listen", "0.0.0.0:9100"], "127.0.0.1:PORT"),
    (["--metrics-listen", "127.0.0.1:9100"], "--once"),
])
def test_wrong_usage_is_refused_before_anything_is_looked_at(arguments, said, tmp_path):
    done = cli("http://127.0.0.1:9", "unused", "watch", "--tenant", "contoso", "--state", str(tmp_path / "state"),
               "--once", *arguments, check=False)
    assert done.returncode == 2 and said in done.stderr and "secret" not in done.stderr, done
