"""The server under test, with its configuration in a folder of its own."""

import os
import pathlib
import re
import subprocess

from . import secrets
from .api import API
from .directory import yaml
from .machine import LOOPBACK, REPOSITORY, Process, free_port, wait_until

LOCKBOXD = os.environ.get("LOCKBOXD") or REPOSITORY / ".build" / "debug" / "lockboxd"
LOCKBOX_CLI = os.environ.get("LOCKBOX_CLI") or REPOSITORY / ".build" / "debug" / "lockbox"


class Lockboxd:
    """One installation: `apply`, `password` and `token` as an operator would, then `start`."""

    running = []

    def __init__(self, folder, directory, mail=None, clock=None, port=None, **settings):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.directory, self.clock = folder, directory, clock
        self.port = port or free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        self.database = folder / "lockbox.sqlite"
        self.letters = folder / "letters"
        self.settings = {
            "listen": f"{LOOPBACK}:{self.port}", "publicURL": self.url, "database": f"sqlite:{self.database}",
            "dataDir": str(folder / "data"), "mail": mail or f"file:{self.letters}", **settings}
        self.config = folder / "lockbox.yaml"
        self.write_config()
        self.key = pathlib.Path(self.settings["dataDir"]) / "signing.key"
        if not self.key.exists():
            self.key.write_text(os.urandom(32).hex() + "\n")
            self.key.chmod(0o600)
        self.tokens, self.passwords, self.process, self._runs = {}, {}, None, 0

    def write_config(self):
        (self.folder / "data").mkdir(exist_ok=True)
        self.letters.mkdir(exist_ok=True)
        self.config.write_text(yaml(self.settings))
        self.config.chmod(0o600)

    @property
    def env(self):
        return self.clock.env if self.clock else dict(os.environ)

    def run(self, *arguments, input=None, check=True, timeout=60):
        """One command of `lockboxd` on this installation."""
        done = subprocess.run(
            [str(LOCKBOXD), arguments[0], "--config", str(self.config), *map(str, arguments[1:])],
            input=input, capture_output=True, text=True, timeout=timeout, env=self.env)
        secrets.said(f"lockboxd {arguments[0]}, standard error", done.stderr)
        if arguments[0] not in ("token", "scim-token"):
            secrets.said(f"lockboxd {arguments[0]}, standard output", done.stdout)
        if check and done.returncode != 0:
            raise RuntimeError(f"lockboxd {arguments[0]}: {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def apply(self, file=None, check=True):
        return self.run("apply", "-f", file or self.directory.write(self.folder / "directory.yaml"), check=check)

    def password(self, email, password=None):
        password = password or secrets.new("password")
        self.run("password", "--person", email, input=password + "\n")
        self.passwords[email] = password
        self.tokens.pop(email, None)  # A new password ends the tokens of before.
        return password

    def token(self, email):
        """An API token for `email`, issued once and then remembered."""
        if email not in self.tokens:
            printed = self.run("token", "--person", email).stdout
            found = re.findall(r"\blbx_\S+", printed)
            assert len(found) == 1, f"one token expected: {len(found)} in {len(printed)} characters"
            self.tokens[email] = secrets.register(found[0], "API token")
        return self.tokens[email]

    def wait_for_letters(self):
        """Until no letter that is due waits to be sent."""
        wait_until(
            lambda: b"\nlockbox_letters_waiting 0\n" in self.api().get("/metrics").body, 30, "all letters to go out", 0.1)

    def api(self, who=None):
        """Speaks as `who`: a first name or an address; a stranger without."""
        if who is None:
            return API(self.port)
        return API(self.port, self.token(who if "@" in who else self.directory.people[who]))

    def start(self, timeout=30, until="/readyz"):
        self._runs += 1
        self.process = Process([LOCKBOXD, "serve", "--config", self.config], env=self.env, cwd=self.folder)

        def ready():
            self.process.require_running()
            try:
                return API(self.port, timeout=2).get(until).status == 200
            except OSError:
                return False

        Lockboxd.running.append(self)
        wait_until(ready, timeout, "lockboxd to be ready")
        return self

    @property
    def output(self):
        return self.process.out.text + self.process.err.text if self.process else ""

    @property
    def memory(self):
        """What the process has of the machine's memory, in bytes."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024

    def stop(self):
        """As an operator does; the exit code."""
        return self._ended(Process.stop)

    def kill(self):
        """SIGKILL."""
        return self._ended(Process.kill)

    def _ended(self, how):
        if not self.process:
            return None
        Lockboxd.running.remove(self)
        code = how(self.process)
        secrets.said(f"lockboxd serve, run {self._runs}, standard output", self.process.out.bytes)
        secrets.said(f"lockboxd serve, run {self._runs}, standard error", self.process.err.bytes)
        self.process = None
        return code

    def check_log(self):
        """Replays every log against the tables; the output, if all is well."""
        done = self.run("check-log", check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def remember_files(self):
        """Notes what this installation has written, for the search for secrets at the end."""
        for path in self.folder.rglob("*"):
            if path.is_file() and (path.name.startswith(self.database.name) or self.letters in path.parents):
                secrets.said(str(path.relative_to(self.folder)), path.read_bytes())


class GatewayProcess:
    """`lockboxd gateway` on the installation of `lockbox`."""

    def __init__(self, lockbox):
        self.lockbox, self.process, self._runs = lockbox, None, 0

    def start(self):
        self._runs += 1
        self.process = Process(
            [LOCKBOXD, "gateway", "--config", self.lockbox.config], env=self.lockbox.env, cwd=self.lockbox.folder)
        return self

    @property
    def output(self):
        return self.process.out.text + self.process.err.text

    def stop(self):
        """As an operator does; the exit code."""
        return self._ended(Process.stop)

    def kill(self):
        """SIGKILL."""
        return self._ended(Process.kill)

    def _ended(self, how):
        code = how(self.process)
        secrets.said(f"lockboxd gateway, run {self._runs}", self.process.out.bytes + self.process.err.bytes)
        self.process = None
        return code


def cli(url, token, *arguments, check=True, timeout=30, env=os.environ):
    """One command of `lockbox` as the holder of `token`."""
    env = {**env, "LOCKBOX_URL": url, "LOCKBOX_TOKEN": token}
    done = subprocess.run(
        [str(LOCKBOX_CLI), *arguments], capture_output=True, text=True, timeout=timeout, env=env,
        stdin=subprocess.DEVNULL)
    secrets.said("lockbox " + " ".join(arguments), done.stdout + done.stderr)
    if check and done.returncode != 0:
        raise RuntimeError(f"lockbox {' '.join(arguments)}: {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done
