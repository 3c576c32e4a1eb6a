"""A mail relay and a mail server that answer wrongly, and then are well again."""

import contextlib
import json
import time

from lockbox_rig import clock, relay
from lockbox_rig.api import mailbox
from lockbox_rig.doveadm import GatedDoveadm
from lockbox_rig.machine import Scratch, wait_until
from lockbox_rig.world import SUE

from .scene import installation
from .sheet import case, counted, span

GARBAGE = "\0\x7f }{ 2 5 0"
# What the relay does, at which point of the conversation, and how; none is: it takes no connection.
LETTERS = [
    ("takes no connection", None, None),
    ("closes each connection at once", "greeting", relay.closes),
    ("greets with 421", "greeting", relay.answers("421 4.3.2 not now")),
    ("never greets", "greeting", relay.hangs),
    ("says nothing after its greeting", "EHLO", relay.hangs),
    ("says nothing after RCPT", "RCPT", relay.hangs),
    *((f"{'the letter' if at == 'dot' else at} is answered with 550 {status}", at, relay.answers(f"550 {status} no"))
      for at in ("EHLO", "MAIL", "RCPT", "DATA", "dot") for status in ("5.4.5", "5.7.1", "5.1.1")),
    ("greets with garbage", "greeting", relay.answers(GARBAGE)),
    ("answers RCPT with garbage", "RCPT", relay.answers(GARBAGE)),
    ("greets with a line that does not end", "greeting", relay.never_ends(b"2" * 4096)),
    ("answers RCPT with a line that does not end", "RCPT", relay.never_ends(b"2" * 4096)),
    ("answers EHLO with lines that do not end", "EHLO", relay.never_ends(b"250-SOMETHING\r\n" * 100)),
    ("closes in the middle of the letter", "letter", relay.closes),
    ("closes after the letter, without an answer", "dot", relay.closes),
    ("says nothing after the letter", "dot", relay.hangs),
]


def is_about_the_recipient(at, what):
    """Only such an answer is final: an address that there is not (RFC 3463 §3.2), said of the recipient's."""
    return "5.1.1" in what and at in ("RCPT", "DATA", "dot")


def letters_through(sheet, place, mail, what, at, how):
    def notices():
        return [one for one in place.mark.notices(number) if one["kind"] == "managerAsked"]

    def are_settled():
        return all(one["state"] != "queued" for one in notices())

    # Time passes only while no letter is on its way: that would look like a process that stood still.
    wait_until(lambda: place.metric("lockbox_letters_waiting") == 0, 20, "no letter to wait", 0.1)
    if at:
        mail.goes_wrong(at, how)
    else:
        mail.refuse()
    began = time.monotonic()
    asked = place.eve.submit("contoso", place.support, [mailbox(SUE)])
    assert asked.status == 201, asked
    number = asked.json["id"]
    # A transfer has 30 s, and its goodbye as long again.
    wait_until(lambda: notices() and all(one["attempts"] for one in notices()), 90, "an attempt", 0.1)
    took = time.monotonic() - began
    mail.is_well()
    for _ in range(20):
        if are_settled():
            break
        place.lockbox.clock.advance(minutes=2)
        with contextlib.suppress(TimeoutError):
            wait_until(are_settled, 2, "the letters", 0.1)
    letters = notices()
    states = sorted({one["state"] for one in letters})
    copies = [sum(times for name, times in mail.arrived.items() if one["id"] in name) for one in letters]
    place.eve.post(f"/v1/requests/{number}/withdraw")
    is_final = is_about_the_recipient(at, what)
    # What was taken without an answer may come once more: nobody can know.
    most = 2 if at == "dot" and not relay.is_answer(how) else 1
    sheet.add(
        what,
        f"the attempt took {span(took)}; once it is well {' or '.join(states)}; copies of the "
        f"{counted(len(letters), 'letter')}: {', '.join(map(str, copies))}",
        "refused for good, none" if is_final else f"sent, {'one or two' if most == 2 else 'one'} each",
        states == ["refused"] and not any(copies) if is_final
        else states == ["sent"] and all(1 <= one <= most for one in copies))


@case("A mail relay that goes wrong, and is well again")
def mail_relay(sheet):
    scratch, mail = Scratch("clock"), relay.Relay()
    try:
        with installation("mail", mail=mail.url, clock=clock.ShiftedClock(scratch.path)) as place:
            for what, at, how in LETTERS:
                letters_through(sheet, place, mail, what, at, how)
    finally:
        mail.stop()
        clock.discard_library()
        scratch.remove()


def each(make):
    """Well-formed, but for what `make` makes of each command."""
    return lambda handler, commands: handler.answer(json.dumps([make(*command) for command in commands]).encode())


def without_end(handler, _):
    handler.answer(b"[", length=1 << 40)
    while True:
        handler.wfile.write(b" " * 65_536)


def still_there(name, given, tag):
    return ["doveadmResponse", [{"username": one} for one in given["mask"]] if name == "who" else [], tag]


# What the mail server does with orders, and how: a text is what becomes of the wire to it.
ORDERS = [
    ("takes no connection", "shut"),
    ("takes connections and never answers", "hush"),
    ("HTTP 500", lambda handler, _: handler.answer(b"", status=500)),
    ("HTTP 401", lambda handler, _: handler.answer(b"", status=401)),
    ("no JSON", lambda handler, _: handler.answer(b"<html>it works</html>")),
    ("rows of an unknown form", each(lambda name, given, tag: ["doveadmResponse", [{"user": "x"}], tag])),
    ("the answer to another question", each(lambda name, given, tag: ["doveadmResponse", [], tag + "x"])),
    ("an empty body", lambda handler, _: handler.answer(b"")),
    ("a body that does not end", without_end),
    ("sessions that stay", each(still_there)),
]


@contextlib.contextmanager
def troubled(doveadm, how):
    if not isinstance(how, str):
        doveadm.trouble = how
        yield
        doveadm.trouble = None
        return
    getattr(doveadm.gate, how)()
    yield
    doveadm.gate.shut()
    doveadm.gate.open()


def removal_through(sheet, place, what, how):
    request = place.approved()
    credential = place.credential(request)
    assert place.introspect(credential).json["active"] is True
    with troubled(place.doveadm, how):
        stopped, began = place.adam.post(f"/v1/requests/{request}/revoke"), time.monotonic()
        is_dead = stopped.status == 200 and place.introspect(credential).json == {"active": False}
        wait_until(lambda: place.grant(request)["state"] == "removalFailed", 60, "removalFailed", 0.02)
        told = time.monotonic() - began
    well = time.monotonic()
    wait_until(lambda: place.grant(request)["state"] == "ended", 90, "the confirmation", 0.05)
    sheet.add(
        what,
        f"credential {'dead at once' if is_dead else 'alive after the stop'}; `removalFailed` told {span(told)} after "
        f"the stop; confirmed {span(time.monotonic() - well)} after it was well", "dead at once; told; confirmed",
        is_dead)


@case("A mail server that answers orders wrongly, and is well again")
def mail_server(sheet):
    with installation("orders", doveadm=GatedDoveadm()) as place:
        for what, how in ORDERS:
            removal_through(sheet, place, what, how)
