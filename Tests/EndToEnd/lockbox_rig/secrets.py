"""Every secret that the tests used, and everything that was said: at the end one must not be found in the other."""

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
    return [
        f"{kind} in {what}" for secret, kind in known.items() for what, content in outputs if secret.encode() in content]
