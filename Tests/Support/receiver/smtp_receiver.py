#!/usr/bin/python3
"""A real SMTP receiver for tests and end-to-end runs (Debian package python3-aiosmtpd).

    smtp_receiver.py --dir DIR [--mode MODE] [--at POINT] [--port 0] [--host 127.0.0.1]
                     [--user U --password P | --user U --token T] [--without-auth] [--cert PEM --key PEM]
                     [--implicit-tls]
    smtp_receiver.py --parse FILE.eml

Prints one line when ready, {"port": N, "ca": PATH or null}, and runs until its standard input ends or it gets SIGTERM.
Without --cert it makes a CA and a certificate for localhost and 127.0.0.1 with openssl; "ca" is the CA to trust.

Every accepted letter becomes DIR/NNNN.eml (its bytes) and DIR/NNNN.json (envelope, and what Python's
email.policy.default reads in it, with every defect it finds). The .json appears last and whole.
--parse prints the same "message" object for a file.

Modes:
  normal  STARTTLS required, and AUTH when --user is given
  refuse  as normal, but: recipients `nobody…` get 550, `later…` 451; senders `stranger…` 550, `slow…` 451;
          letters to `spam…` 554 and to `busy…` 452 after their last dot; and to an account that names an answer,
          that answer: `rcpt-550-5.4.5@…` to its command, `data-554@…` after the last dot
  hang    as normal, but answers nothing more from POINT on: connect, data (after 354), dot, quit
  die     as normal, but closes the connection at POINT: connect, data (after 354), dot (the letter is kept, no reply)
  plain   no TLS at all; AUTH when --user is given
With --token the sign-in is XOAUTH2 and nothing else; with --without-auth none is offered and none is needed.
"""
import argparse
import asyncio
import contextlib
import email
import email.policy
import itertools
import json
import logging
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import warnings

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

FOREVER = 3600


def described(content):
    message = email.message_from_bytes(content, policy=email.policy.default)

    def addresses(name):
        field = message[name]
        return [{"name": a.display_name, "address": a.addr_spec} for a in field.addresses] if field else []

    def defects(part):
        found = [repr(d) for d in part.defects]
        for name, value in part.items():
            found += [f"{name}: {d!r}" for d in value.defects]
        return found

    parts = []
    for part in message.walk():
        if part.is_multipart():
            continue
        text = part.get_content()
        parts.append({
            "contentType": part.get_content_type(),
            "charset": part.get_content_charset(),
            "encoding": part.get("Content-Transfer-Encoding"),
            "text": text.replace("\r\n", "\n") if isinstance(text, str) else text.hex(),
            "defects": defects(part),
        })
    return {
        "headers": [[name, str(value)] for name, value in message.items()],
        "from": addresses("From"),
        "to": addresses("To"),
        "subject": message["Subject"],
        "date": message["Date"].datetime.isoformat() if message["Date"] else None,
        "contentType": message.get_content_type(),
        "parts": parts,
        "defects": defects(message),
        "longestLine": max(len(line) for line in content.split(b"\r\n")),
        "bareLineEnds": content.replace(b"\r\n", b"").count(b"\n") + content.replace(b"\r\n", b"").count(b"\r"),
        "headersAreASCII": content.split(b"\r\n\r\n", 1)[0].isascii(),
    }


class Handler:
    def __init__(self, options):
        self.options = options
        self.numbers = itertools.count(1)

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        return [line for line in responses if not (self.options.without_auth and line.startswith("250-AUTH"))]

    async def handle_MAIL(self, server, session, envelope, address, mail_options):
        if self.options.mode == "refuse" and address.startswith("stranger"):
            return "550 5.7.1 sender not welcome"
        if self.options.mode == "refuse" and address.startswith("slow"):
            return "451 4.7.1 sender throttled"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if self.options.mode == "refuse" and address.startswith("nobody"):
            return "550-5.1.1 no such\r\n550 5.1.1 user here"
        if self.options.mode == "refuse" and address.startswith("later"):
            return "451 4.7.1 greylisted, come back"
        if named := self.named(address, "rcpt"):
            return named
        envelope.rcpt_tos.append(address)
        return "250 OK"

    def named(self, address, point):
        """The answer that the account itself names."""
        found = re.match(r"(rcpt|data)-(\d{3})(?:-(\d\.\d+\.\d+))?@", address)
        if self.options.mode != "refuse" or not found or found[1] != point:
            return None
        return " ".join(part for part in (found[2], found[3], "as the account says") if part)

    async def handle_DATA(self, server, session, envelope):
        first = envelope.rcpt_tos[0]
        if self.options.mode == "refuse" and first.startswith("spam"):
            return "554 5.6.0 not wanted"
        if self.options.mode == "refuse" and first.startswith("busy"):
            return "452 4.3.1 disk full"
        if named := self.named(first, "data"):
            return named
        if self.stops("hang", "dot"):
            await asyncio.sleep(FOREVER)
        self.keep(session, envelope)
        if self.stops("die", "dot"):
            server.transport.abort()
            await asyncio.sleep(FOREVER)
        return "250 2.0.0 OK queued"

    async def handle_QUIT(self, server, session, envelope):
        if self.stops("hang", "quit"):
            await asyncio.sleep(FOREVER)
        return "221 Bye"

    def stops(self, mode, point):
        return self.options.mode == mode and self.options.at == point

    def keep(self, session, envelope):
        path = os.path.join(self.options.dir, f"{next(self.numbers):04}")
        with open(path + ".eml", "wb") as file:
            file.write(envelope.content)
        record = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "tls": session.ssl is not None or self.options.implicit_tls,
            "user": session.auth_data,
            "helo": session.host_name,
            "message": described(envelope.content),
        }
        with open(path + ".part", "w") as file:
            json.dump(record, file)
        os.rename(path + ".part", path + ".json")

    async def auth_XOAUTH2(self, server, args):
        # https://developers.google.com/workspace/gmail/imap/xoauth2-protocol
        said = await server.challenge_auth("")
        expected = f"user={self.options.user}\x01auth=Bearer {self.options.token}\x01\x01"
        right = self.options.token is not None and said == expected.encode()
        return AuthResult(success=right, handled=False, auth_data=self.options.user if right else None)

    def authenticate(self, server, session, envelope, mechanism, data):
        right = (
            isinstance(data, LoginPassword)
            and data.login == self.options.user.encode()
            and self.options.password is not None
            and data.password == self.options.password.encode()
        )
        # handled=False lets aiosmtpd answer 535 itself.
        return AuthResult(success=right, handled=False, auth_data=self.options.user if right else None)


class Session(SMTP):
    async def smtp_DATA(self, arg):
        options = self.event_handler.options
        if options.at == "data" and options.mode in ("hang", "die"):
            await self.push("354 go on")
            if options.mode == "die":
                self.transport.abort()
            await asyncio.sleep(FOREVER)
        await super().smtp_DATA(arg)


class Silent(asyncio.Protocol):
    """Accepts a connection and says nothing, or hangs up at once."""

    def __init__(self, dies):
        self.dies = dies

    def connection_made(self, transport):
        if self.dies:
            transport.abort()


def make_certificate(folder):
    """A CA of our own and a server certificate it signed; gives the three paths."""
    ca, ca_key, cert, key = (os.path.join(folder, name) for name in ("ca.pem", "ca.key", "server.pem", "server.key"))
    request, extensions = os.path.join(folder, "server.csr"), os.path.join(folder, "server.ext")
    with open(extensions, "w") as file:
        file.write("subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)

    openssl("req", "-x509", *new_key, "-keyout", ca_key, "-out", ca, "-days", "2", "-subj", "/CN=Test CA")
    openssl("req", *new_key, "-keyout", key, "-out", request, "-subj", "/CN=localhost")
    openssl("x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-days", "2",
            "-extfile", extensions, "-out", cert)
    return ca, cert, key


async def serve(options, ca):
    loop = asyncio.get_running_loop()
    tls = None
    if options.cert:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(options.cert, options.key)
    handler = Handler(options)
    excluded = ["LOGIN", "PLAIN"] if options.token or options.without_auth else []
    if not options.token:
        excluded.append("XOAUTH2")
    starttls = tls is not None and not options.implicit_tls

    def connection():
        if options.at == "connect" and options.mode in ("hang", "die"):
            return Silent(dies=options.mode == "die")
        return Session(
            handler, hostname="receiver.test", ident="receiver", loop=loop,
            tls_context=tls if starttls else None, require_starttls=starttls,
            auth_required=options.user is not None and not options.without_auth, auth_require_tls=starttls,
            auth_exclude_mechanism=excluded,
            authenticator=handler.authenticate if options.user is not None else None)

    server = await loop.create_server(
        connection, options.host, options.port, ssl=tls if options.implicit_tls else None)
    if options.at == "data":
        # Else the kernel takes whole megabytes of a letter that nobody reads.
        server.sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)

    def watch_input():
        with contextlib.suppress(OSError):
            while os.read(0, 4096):
                pass
        loop.call_soon_threadsafe(stopped.set)

    threading.Thread(target=watch_input, daemon=True).start()
    print(json.dumps({"port": server.sockets[0].getsockname()[1], "ca": ca}), flush=True)
    await stopped.wait()
    server.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mode", choices=["normal", "refuse", "hang", "die", "plain"], default="normal")
    parser.add_argument("--at", choices=["connect", "data", "dot", "quit"])
    parser.add_argument("--dir")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--user")
    parser.add_argument("--password")
    parser.add_argument("--token")
    parser.add_argument("--without-auth", action="store_true")
    parser.add_argument("--cert")
    parser.add_argument("--key")
    parser.add_argument("--implicit-tls", action="store_true")
    parser.add_argument("--parse", metavar="FILE")
    options = parser.parse_args()
    if options.parse:
        with open(options.parse, "rb") as file:
            print(json.dumps(described(file.read())))
        return
    if not options.dir:
        parser.error("--dir is needed")
    if (options.mode in ("hang", "die")) != (options.at is not None):
        parser.error("--at goes with --mode hang or die")
    if (options.user is None) != (options.password is None and options.token is None) or (options.cert is None) != (options.key is None):
        parser.error("--user goes with --password, --cert with --key")
    # aiosmtpd warns of AUTH without TLS and logs every refused login and dropped connection: what the tests ask for.
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    os.makedirs(options.dir, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        ca = None
        if options.mode == "plain":
            options.cert = None
        elif options.cert is None:
            ca, options.cert, options.key = make_certificate(folder)
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(serve(options, ca))


if __name__ == "__main__":
    main()
    # Open sessions may still wait; nothing of theirs is worth a slow exit.
    sys.stdout.flush()
    os._exit(0)
