"""The logs' own identity: their name, their key, and a database that is not the one that was signed."""

import base64
import email
import email.policy
import os
import re
import shutil
import sys

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from lockbox_rig.api import API
from lockbox_rig.lockboxd import cli
from lockbox_rig.place import Place

LOG = "/v1/tenants/contoso/log"


@pytest.fixture
def place():
    with Place.running("signing", people=("eve", "mark", "sue", "adam", "gita")) as there:
        yield there


def copy_of(lockbox, to):
    """The database as it is, with the server stopped."""
    to.mkdir()
    for path in lockbox.folder.glob("lockbox.sqlite*"):
        shutil.copy2(path, to)


def put_back(lockbox, copy):
    for path in lockbox.folder.glob("lockbox.sqlite*"):
        path.unlink()
    for path in copy.iterdir():
        shutil.copy2(path, lockbox.folder)


def verify(lockbox, token, state, check=True):
    return cli(lockbox.url, token, "audit", "verify", "--tenant", "contoso", "--state", str(state), check=check)


def test_an_older_copy_opens_nothing_until_it_is_recovered_and_then_nothing_is_open(place, tmp_path):
    lockbox = place.lockbox
    request = place.approved()
    credential = place.credential(request)
    assert place.introspect(credential).json["active"] is True
    lockbox.stop()
    copy_of(lockbox, tmp_path / "copy")
    lockbox.start()
    assert place.adam.post(f"/v1/requests/{request}/revoke").status == 200
    assert place.introspect(credential).json["active"] is False
    lockbox.stop()

    put_back(lockbox, tmp_path / "copy")
    for command in (("serve",), ("token", "--person", place.lockbox.directory.people["eve"]), ("gateway",)):
        refused = lockbox.run(*command, check=False)
        assert refused.returncode == 1, refused
    refused = lockbox.run("serve", check=False)
    assert "older copy, or another one" in refused.stderr and "lockboxd recover" in refused.stderr, refused

    done = lockbox.run("recover", "--reason", "The disk was lost.", "--as", "ops@provider.example")
    assert "were signed" in done.stdout, done.stdout
    again = lockbox.run("recover", "--reason", "Once more.", check=False)
    assert again.returncode == 1 and "nothing to recover" in again.stderr, again

    # Tokens from before are worth nothing any more; new ones are.
    lockbox.tokens.clear()
    lockbox.start()
    assert place.introspect(credential).json["active"] is False
    assert place.eve.get(f"/v1/requests/{request}").status == 401
    seen = lockbox.api("eve").request(request)
    assert seen["state"] == "ended", seen
    records = lockbox.api("gita").audit("contoso", activity="log.recovered")
    assert len(records) == 1, records
    [record] = records
    assert record["texts"]["reason"]["text"] == "The disk was lost."
    assert record["data"]["expectedSize"] > record["data"]["size"], record
    assert "ops@provider.example" in record["actor"]["name"]
    assert lockbox.api("gita").get(f"{LOG}/checkpoint").status == 200
    lockbox.wait_for_letters()
    letters = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in lockbox.letters.iterdir()]
    told = [letter["To"] for letter in letters if "older copy" in letter.get_body(("plain",)).get_content()]
    assert any(lockbox.directory.people["gita"] in to for to in told), told
    lockbox.check_log()


def test_another_database_and_lost_heads_are_refused(place):
    lockbox = place.lockbox
    assert place.gita.get(f"{LOG}/checkpoint").status == 200
    lockbox.stop()
    heads = lockbox.key.with_name("signing.key.heads")
    kept = heads.read_text()
    assert kept.startswith("lockbox-signed-heads/v1\n") and heads.stat().st_mode & 0o777 == 0o600
    assert "tenant:contoso " in kept and "provider " in kept

    heads.unlink()
    refused = lockbox.run("serve", check=False)
    assert refused.returncode == 1 and "not kept beside the key" in refused.stderr, refused
    # Without the line of one log that was signed.
    heads.write_text("".join(line for line in kept.splitlines(True) if not line.startswith("tenant:contoso ")))
    heads.chmod(0o600)
    refused = lockbox.run("serve", check=False)
    assert refused.returncode == 1 and "tenant:contoso is not kept beside the key" in refused.stderr, refused
    assert "lockboxd recover" in refused.stderr
    heads.write_text(kept.replace("provider ", "else "))
    refused = lockbox.run("serve", check=False)
    assert refused.returncode == 1 and "signing.key.heads" in refused.stderr, refused
    # Cut in the middle, of a size that was never, and open to others.
    for forged in (kept[:-20], kept.replace("provider ", "provider +"), kept + kept.split("\n", 1)[1]):
        heads.write_text(forged)
        refused = lockbox.run("serve", check=False)
        assert refused.returncode == 1 and "does not say what was signed" in refused.stderr, refused
        assert heads.read_text() == forged
    heads.write_text(kept)
    heads.chmod(0o660)
    refused = lockbox.run("serve", check=False)
    assert refused.returncode == 1 and f"chmod 600 {heads}" in refused.stderr, refused
    heads.chmod(0o600)

    moved = lockbox.folder / "moved"
    moved.mkdir()
    for path in lockbox.folder.glob("lockbox.sqlite*"):
        path.rename(moved / path.name)
    refused = lockbox.run("serve", check=False)
    assert refused.returncode == 1 and "ends at 0 records" in refused.stderr, refused
    put_back(lockbox, moved)
    lockbox.start()
    assert place.gita.get(f"{LOG}/checkpoint").status == 200


def test_what_is_stopped_is_known_beside_the_key_though_nobody_had_it_signed(place):
    lockbox = place.lockbox
    request = place.approved()
    lockbox.stop()
    before = lockbox.key.with_name("signing.key.heads").read_text()
    lockbox.start()
    assert place.adam.post(f"/v1/requests/{request}/revoke").status == 200
    lockbox.stop()
    after = lockbox.key.with_name("signing.key.heads").read_text()
    size = lambda text: int(re.search(r"^tenant:contoso (\d+) ", text, re.M)[1])
    assert size(after) > size(before)


def test_a_key_that_others_can_read_or_that_is_another_one_is_refused(place):
    lockbox = place.lockbox
    assert place.gita.get(f"{LOG}/checkpoint").status == 200
    lockbox.stop()
    for mode in (0o640, 0o604):
        lockbox.key.chmod(mode)
        refused = lockbox.run("serve", check=False)
        assert refused.returncode == 1 and f"chmod 600 {lockbox.key}" in refused.stderr, refused
    lockbox.key.chmod(0o600)
    kept = lockbox.key.read_text()
    lockbox.key.write_text(os.urandom(32).hex() + "\n")
    refused = lockbox.run("serve", check=False)
    assert refused.returncode == 1 and "not the key that signed" in refused.stderr, refused
    assert "lockboxd recover" in refused.stderr
    lockbox.key.write_text(kept)
    lockbox.start()


def test_a_log_keeps_its_name_when_the_address_changes(install, tmp_path):
    lockbox = install(log={"level": "info", "origin": "contoso-lockbox.example/2026"})
    lockbox.apply()
    gita = lockbox.token(lockbox.directory.people["gita"])
    lockbox.start()
    key = API(lockbox.port, gita).get(f"{LOG}/key").body.decode()
    assert key.startswith("contoso-lockbox.example/2026/v1/tenants/contoso/log+"), key
    verify(lockbox, gita, tmp_path)
    lockbox.stop()

    lockbox.settings["publicURL"] = f"http://localhost:{lockbox.port}"
    lockbox.write_config()
    lockbox.start()
    assert API(lockbox.port, gita).get(f"{LOG}/key").body.decode() == key
    note = API(lockbox.port, gita).get(f"{LOG}/checkpoint").body.decode()
    assert note.startswith("contoso-lockbox.example/2026/v1/tenants/contoso/log\n")
    verify(lockbox, gita, tmp_path)
    lockbox.stop()

    lockbox.settings["log"] = {"origin": "other.example"}
    lockbox.write_config()
    refused = lockbox.run("serve", check=False)
    assert refused.returncode == 1 and "origin: contoso-lockbox.example/2026" in refused.stderr, refused
    lockbox.settings["log"] = "info"
    lockbox.write_config()
    lockbox.start()
    assert API(lockbox.port, gita).get(f"{LOG}/key").body.decode() == key


def test_a_changed_key_is_signed_by_the_one_before(place):
    lockbox = place.lockbox
    before = place.gita.get(f"{LOG}/key").body.decode().strip()
    assert place.gita.get(f"{LOG}/checkpoint").status == 200
    busy = lockbox.run("rotate-key", check=False)
    assert busy.returncode == 1 and "stop `lockboxd serve`" in busy.stderr, busy
    lockbox.stop()
    old = lockbox.key.read_text()
    lockbox.run("rotate-key", "--as", "ops@provider.example")
    assert lockbox.key.read_text() != old and lockbox.key.stat().st_mode & 0o777 == 0o600
    assert not lockbox.key.with_name("signing.key.next").exists()
    lockbox.start()

    told = place.gita.get(f"{LOG}/key", Accept="application/json").json
    assert told["key"] != before and told["key"] == place.gita.get(f"{LOG}/key").body.decode().strip()
    [change] = told["changes"]
    assert (change["previous"], change["key"]) == (before, told["key"])
    [record] = place.gita.audit("contoso", activity="key.changed")
    assert record["data"] == {name: change[name] for name in ("key", "previous", "signature")}
    assert record["index"] == change["index"]
    origin = told["key"].split("+")[0]
    statement = f"lockbox-key-change/v1\n{origin}\n{before}\n{told['key']}\n{record['index']}\n"
    assert is_signed(before, statement.encode(), base64.b64decode(change["signature"]))
    # The head with the record is signed by both.
    note = place.gita.get(f"{LOG}/checkpoint").body.decode()
    assert [name for name in (before, told["key"]) if note_is_signed(note, name)] == [before, told["key"]], note
    assert place.adam.get("/v1/requests").status == 200, "what was sealed before is readable"
    lockbox.check_log()


def test_an_interrupted_change_of_the_key_goes_on_where_it_was(place):
    lockbox = place.lockbox
    assert place.gita.get(f"{LOG}/checkpoint").status == 200
    lockbox.stop()
    old = lockbox.key.read_text()
    lockbox.run("rotate-key")
    new = lockbox.key.read_text()
    # As if it had ended right before the last step.
    lockbox.key.with_name("signing.key.next").write_text(new)
    lockbox.key.with_name("signing.key.next").chmod(0o600)
    lockbox.key.write_text(old)
    refused = lockbox.run("serve", check=False)
    assert refused.returncode == 1 and "rotate-key` again" in refused.stderr, refused
    lockbox.run("rotate-key")
    assert lockbox.key.read_text() == new
    lockbox.start()
    assert len(place.gita.audit("contoso", activity="key.changed")) == 1
    assert len(place.gita.get(f"{LOG}/key", Accept="application/json").json["changes"]) == 1


SIGN = """
import base64, sys
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(open(sys.argv[1]).read()))
print(base64.b64encode(key.sign(sys.stdin.buffer.read())).decode())
"""


def test_a_program_has_the_key_and_is_not_believed(place, tmp_path):
    lockbox = place.lockbox
    before = place.gita.get(f"{LOG}/key").body.decode().strip()
    assert place.gita.get(f"{LOG}/checkpoint").status == 200
    lockbox.stop()
    (tmp_path / "sign.py").write_text(SIGN)
    seed = os.urandom(32)
    (tmp_path / "the key").write_text(seed.hex())
    lockbox.settings["signing"] = {
        "command": [sys.executable, str(tmp_path / "sign.py"), str(tmp_path / "the key")],
        "publicKey": base64.b64encode(
            Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()).decode()}
    lockbox.write_config()
    refused = lockbox.run("serve", check=False)
    assert refused.returncode == 1 and "not the key that signed" in refused.stderr, refused
    done = lockbox.run("rotate-key")
    assert "signs no more: remove it" in done.stdout, done.stdout
    lockbox.key.unlink()
    lockbox.start()
    told = place.gita.get(f"{LOG}/key", Accept="application/json").json
    assert [change["previous"] for change in told["changes"]] == [before] and told["key"] != before
    place.sue.open_support_request("contoso")
    note = place.gita.get(f"{LOG}/checkpoint").body.decode()
    assert note_is_signed(note, told["key"]) and not note_is_signed(note, before)

    # Another key signs: nothing leaves.
    (tmp_path / "the key").write_text(os.urandom(32).hex())
    place.sue.open_support_request("contoso")
    assert place.gita.get(f"{LOG}/checkpoint").status in (500, 503)
    (tmp_path / "the key").write_text("nothing")
    assert place.gita.get(f"{LOG}/checkpoint").status == 503
    (tmp_path / "the key").write_text(seed.hex())
    note = place.gita.get(f"{LOG}/checkpoint").body.decode()
    assert note_is_signed(note, told["key"])


def test_init_makes_the_keys_of_a_configuration_and_never_others(install):
    lockbox = install()
    lockbox.key.unlink()
    refused = lockbox.apply(check=False)
    assert refused.returncode == 1 and "lockboxd init --config" in refused.stderr, refused
    assert not lockbox.database.exists()
    lockbox.run("init")
    key = lockbox.folder / "keys" / "signing.key"
    secret = lockbox.folder / "keys" / "server.secret"
    assert key.stat().st_mode & 0o777 == 0o600 and secret.stat().st_mode & 0o777 == 0o600
    lockbox.apply()
    kept = key.read_text()
    again = lockbox.run("init", check=False)
    assert again.returncode == 1 and "are there already" in again.stderr and key.read_text() == kept
    key.unlink()
    again = lockbox.run("init", check=False)
    assert again.returncode == 1 and "signed already" in again.stderr, again
    assert not key.exists()


def verifier_key(text):
    name, key_id, rest = text.split("+", 2)
    return name, bytes.fromhex(key_id), base64.b64decode(rest)[1:]


def is_signed(key, message, signature):
    try:
        Ed25519PublicKey.from_public_bytes(verifier_key(key)[2]).verify(signature, message)
        return True
    except InvalidSignature:
        return False


def note_is_signed(note, key):
    """Whether `key` signed the note (C2SP signed-note)."""
    name, key_id, _ = verifier_key(key)
    text, _, lines = note.partition("\n\n")
    for line in lines.splitlines():
        signer, signed = line.removeprefix("— ").rsplit(" ", 1)
        raw = base64.b64decode(signed)
        if signer == name and raw[:4] == key_id:
            return is_signed(key, (text + "\n").encode(), raw[4:])
    return False
