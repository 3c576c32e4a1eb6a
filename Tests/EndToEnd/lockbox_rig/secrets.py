"""Every secret that the tests used, and everything that was said: at the end one must not be found in the other."""

import collections
import re
import secrets as entropy

known = {}
outputs = []


def register(secret, what):
    """Remembers `secret`, and gives it back."""
    assert len(secret) >= 12, "too short to be searched for"
    known[secret] = what
    return secret


def new(what):
    return register(entropy.token_hex(16), what)


def said(what, content):
    """Keeps something that a program wrote: output, a log, a letter, a database file."""
    outputs.append((what, content if isinstance(content, bytes) else content.encode()))


def leaks():
    """Each secret that is in an output. There are thousands of them and megabytes of output, so it is not looked for
    each in each, but for the few ways in which they begin."""
    beginnings = collections.defaultdict(lambda: collections.defaultdict(set))
    for secret in map(str.encode, known):
        beginnings[_beginning(secret)][len(secret)].add(secret)
    return sorted({
        f"{known[secret.decode()]} in {what}"
        for what, content in outputs for beginning, by_length in beginnings.items()
        for secret in _found(content, beginning, by_length)})


_HEX = re.compile(rb"[0-9a-f]{32,}")


def _beginning(secret):
    """Those of `new` begin in any way, with digits; others say at their beginning what they are."""
    return _HEX if _HEX.fullmatch(secret) else re.compile(re.escape(secret[:4]))


def _found(content, beginning, by_length):
    for match in beginning.finditer(content):
        # What begins with digits may begin at each of a row of them.
        last = match.end() - 32 if beginning is _HEX else match.start()
        for start in range(match.start(), last + 1):
            for length, secrets in by_length.items():
                if content[start:start + length] in secrets:
                    yield content[start:start + length]
