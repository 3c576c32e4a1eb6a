"""Tables as they are printed, and as they stand in docs/performance.md."""

import datetime
import os
import platform
import re
import subprocess
import textwrap

from lockbox_rig.lockboxd import LOCKBOXD
from lockbox_rig.machine import REPOSITORY

DOCUMENT = REPOSITORY / "docs" / "performance.md"
WIDTH = 120


class Sheet:
    """One bench's section of the document."""

    def __init__(self, title):
        self.title, self.parts, self.load = title, [], os.getloadavg()[0]

    def say(self, text):
        print(text, flush=True)
        self.parts.append(text)

    def table(self, head, rows):
        lines = ["| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows)]
        self.say("\n".join(lines))

    def write(self):
        """In place of what the section had; its words before the first figures stay."""
        version = subprocess.run([LOCKBOXD, "--version"], capture_output=True, text=True, check=True).stdout.strip()
        made = (f"Made on {datetime.date.today().isoformat()} of lockboxd {version}, a release build, on a machine "
                f"with {os.cpu_count()} cores ({platform.system()} {platform.machine()}), on which {self.load:.1f} "
                "processes ran or waited in the minute before.")
        text = DOCUMENT.read_text()
        section = re.search(rf"^## {re.escape(self.title)}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
        words = re.split(r"^(?:Made on|Not measured yet)", section[1], flags=re.M)[0].strip()
        said = [part if part.startswith("|") else textwrap.fill(part, WIDTH, break_long_words=False)
                for part in (made, *self.parts)]
        new = "\n\n".join([f"## {self.title}", words, *said])
        DOCUMENT.write_text((text[:section.start()] + new + "\n\n" + text[section.end():]).rstrip("\n") + "\n")
        print(f"written: {DOCUMENT}")
