"""Cases, their figures, and the document that holds them."""

import collections
import datetime
import os
import platform
import re
import traceback

HEAD = """# Figures: what holds under hostile load and when things break

`make faults` starts a release build on loopback ports, does to it what the tables say, and writes this file from what
it measured; no figure is written by hand. `scripts/faults --list` names the cases, `scripts/faults NAME…` runs some of
them. Made on {date} of {server}, on a machine with {cores} cores ({machine}). The server, the hostile connections and
what measures share these cores; the hostile connections come from a process of their own that yields to the others
(`nice` 10).

Each case has a server of its own. Introspection is asked as Dovecot asks, some forty times a second, each time on a new
connection. *The cut* is the time from the end of an access, as the API tells it, to the order to close its sessions
that the mail server gets. A *known browser* has the cookie of an earlier sign-in. Memory is `VmRSS`, its most `VmHWM`.
"""
REASONS = "## What does not hold"

Figure = collections.namedtuple("Figure", "section what measured bound held")
Case = collections.namedtuple("Case", "section run")
cases = {}


def case(section):
    """Makes a function a case, whose name is the function's with dashes."""
    def register(function):
        cases[function.__name__.replace("_", "-")] = Case(section, function)
        return function

    return register


class CannotRun(Exception):
    """This machine does not allow a case; says why."""


class Sheet:
    """The figures of a run, printed as they are made."""

    def __init__(self):
        self.figures, self.broken_off, self._section = [], [], None

    def run(self, name):
        self._section = cases[name].section
        print(name, flush=True)
        try:
            cases[name].run(self)
        except CannotRun as reason:
            self.add(name, f"could not be run: {reason}")
        except Exception as problem:
            traceback.print_exc()
            self.broken_off.append(name)
            self.add(name, f"broke off: {problem!r}")

    def add(self, what, measured, bound="–", held=None):
        figure = Figure(self._section, what, measured, bound, held)
        self.figures.append(figure)
        print(f"  {what}: {measured}" + ("" if held is None else f" [{bound}: {verdict(figure)}]"), flush=True)

    @property
    def not_held(self):
        return [figure for figure in self.figures if figure.held is False]

    def document(self, server, before):
        """The whole text, about `server`. What people wrote in the one `before` of figures that do not hold stays."""
        parts = [HEAD.format(
            server=server, date=datetime.date.today().isoformat(), cores=os.cpu_count(),
            machine=f"{platform.system()} {platform.machine()}")]
        for section in dict.fromkeys(figure.section for figure in self.figures):
            rows = [one for one in self.figures if one.section == section]
            parts.append(
                f"## {section}\n\n| what was done | measured | bound | held? |\n| --- | --- | --- | --- |\n"
                + "".join(f"| {one.what} | {one.measured} | {one.bound} | {verdict(one)} |\n" for one in rows))
        if self.not_held:
            known = reasons(before)
            parts.append(REASONS + "\n")
            parts += [f"### {one.what}\n\n{known.get(one.what, 'Not looked into yet.')}\n" for one in self.not_held]
        return "\n".join(parts)


def reasons(text):
    """What a document says of each figure that does not hold."""
    parts = re.split(r"^### (.*)\n", text.partition(REASONS)[2], flags=re.M)[1:]
    return {name.strip(): words.strip() for name, words in zip(parts[::2], parts[1::2])}


def verdict(figure):
    return {True: "yes", False: "**no**", None: "–"}[figure.held]


def span(value):
    return f"{value * 1000:.0f} ms" if abs(value) < 0.9995 else f"{value:.2f} s"


def counted(number, what):
    return f"{number:,} {what}{'' if number == 1 else 's'}"
