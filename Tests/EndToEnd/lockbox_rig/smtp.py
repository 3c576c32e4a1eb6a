"""The real SMTP receiver of Tests/Support/receiver, and certificates for it."""

import json
import re
import subprocess
import time

from . import secrets
from .clock import ShiftedClock
from .machine import LOOPBACK, REPOSITORY, Process, wait_until

RECEIVER = REPOSITORY / "Tests" / "Support" / "receiver" / "smtp_receiver.py"
# Debian's Python, which has Debian's aiosmtpd.
PYTHON = "/usr/bin/python3"


class Certificates:
    """A CA, and a certificate of it for 127.0.0.1. Valid since the day before yesterday, so that a clock may step back."""

    def __init__(self, folder):
        folder.mkdir(exist_ok=True)
        self.ca, self.cert, self.key = folder / "ca.pem", folder / "server.pem", folder / "server.key"
        clock = ShiftedClock(folder, offset=-2 * 86_400)
        (folder / "server.ext").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
        new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]

        def openssl(*arguments):
            subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=folder, env=clock.env)

        openssl("req", "-x509", *new_key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "30", "-subj", "/CN=Rig CA")
        openssl("req", *new_key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
        openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                "-days", "30", "-extfile", "server.ext", "-out", "server.pem")


class Letter:
    """A letter as the receiver described it."""

    def __init__(self, path):
        record = json.loads(path.read_text())
        self.path = path
        self.number = int(path.stem)
        self.envelope_from, self.envelope_to = record["from"], record["to"]
        self.tls, self.user = record["tls"], record["user"]
        message = record["message"]
        self.subject, self.defects = message["subject"], message["defects"]
        self.headers = [(name.lower(), value) for name, value in message["headers"]]
        self.content_type, self.parts = message["contentType"], message["parts"]
        self.message = message

    def header(self, name):
        values = [value for key, value in self.headers if key == name.lower()]
        assert len(values) <= 1, f"{name} is there {len(values)} times"
        return values[0] if values else None

    def part(self, content_type):
        return next(part["text"] for part in self.parts if part["contentType"] == content_type)

    @property
    def text(self):
        return self.part("text/plain")

    @property
    def html(self):
        return self.part("text/html")

    @property
    def links(self):
        """Every URL of the letter, in the text and in the HTML."""
        found = re.findall(r"https?://[^\s\"'<>)]+", self.text + " " + self.html)
        return sorted({link.rstrip(".,;:") for link in found})

    @property
    def raw(self):
        return self.path.with_suffix(".eml").read_bytes()

    def __repr__(self):
        return f"<letter {self.number} to {','.join(self.envelope_to)}: {self.subject}>"


class SMTPReceiver:
    """A mail server. `stop` and `start` keep its port and its letters."""

    def __init__(self, folder, certificates, mode="normal", at=None):
        self.folder, self.certificates = folder, certificates
        self.mode, self.at = mode, at
        self.user, self.password = "lockbox", secrets.new("SMTP password")
        self.port, self._process, self._runs, self._earlier = 0, None, 0, []
        folder.mkdir(exist_ok=True)

    def start(self, mode=None, at=None):
        if mode:
            self.mode, self.at = mode, at
        self._runs += 1
        letters = self.folder / f"run-{self._runs}"
        command = [PYTHON, "-B", RECEIVER, "--mode", self.mode, "--dir", letters, "--port", self.port]
        if self.at:
            command += ["--at", self.at]
        command += ["--user", self.user, "--password", self.password]
        if self.mode != "plain":
            command += ["--cert", self.certificates.cert, "--key", self.certificates.key]
        self._process = Process(command, keep_input=True)

        def ready():
            self._process.require_running()
            return b"\n" in self._process.out.bytes

        wait_until(ready, 15, "the SMTP receiver")
        self.port = json.loads(self._process.out.text.splitlines()[0])["port"]
        return self

    @property
    def url(self):
        """For `mail` in lockbox.yaml."""
        options = "starttls=never" if self.mode == "plain" else f"starttls=required&ca={self.certificates.ca}"
        return f"smtp://{self.user}:{self.password}@{LOOPBACK}:{self.port}?{options}"

    def stop(self):
        if self._process:
            self._process.end_input()
            self._process.stop()
            self._process = None

    def letters(self, to=None, about=None, since=0):
        """In order of arrival; `about` is text that the subject or the body must hold."""
        found = []
        for run in range(1, self._runs + 1):
            found += [Letter(path) for path in sorted((self.folder / f"run-{run}").glob("*.json"))]
        return [
            letter for letter in found[since:]
            if (to is None or to in letter.envelope_to) and (about is None or about in letter.subject + letter.text)]

    def wait_for(self, to, about=None, count=1, timeout=15, since=0):
        """The letters to `to`, once there are `count`."""
        def enough():
            letters = self.letters(to, about, since)
            return letters if len(letters) >= count else None

        try:
            return wait_until(enough, timeout, f"{count} letter(s) to {to} about {about}", 0.1)
        except TimeoutError as error:
            raise TimeoutError(f"{error}; the newest are {self.letters()[-12:]}") from None

    def settle(self, quiet=0.7):
        """Waits until no letter has come for a while."""
        count, since = len(self.letters()), time.monotonic()
        while time.monotonic() - since < quiet:
            time.sleep(0.05)
            if len(self.letters()) != count:
                count, since = len(self.letters()), time.monotonic()
