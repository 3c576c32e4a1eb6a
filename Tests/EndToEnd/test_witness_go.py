"""Logs, notes and cosigned heads, with Go's own packages (golang.org/x/mod/sumdb note and tlog) on the other side."""

import hashlib
import json
import os
import pathlib
import shutil
import subprocess

import pytest

from lockbox_rig.lockboxd import LOCKBOX_CLI
from test_witness import ask, cosigned, witness  # noqa: F401 (a fixture)

GO_PATH = pathlib.Path("/usr/share/gocode")
ROOT = pathlib.Path(__file__).resolve().parent
pytestmark = pytest.mark.skipif(
    not (shutil.which("go") and (GO_PATH / "src/golang.org/x/mod/sumdb/tlog").is_dir()),
    reason="make e2e-witnesses installs golang-golang-x-mod-dev")
ORIGIN = "lockbox.example/v1/tenants/contoso/log"


@pytest.fixture(scope="module")
def peer(tmp_path_factory):
    program = tmp_path_factory.mktemp("go") / "peer"
    subprocess.run(
        ["go", "build", "-o", program, "peer.go"], cwd=ROOT / "go", check=True, timeout=300,
        env={**os.environ, "GO111MODULE": "off", "GOPATH": str(GO_PATH), "GOCACHE": str(program.parent / "cache")})

    def run(*arguments, text="", check=True):
        done = subprocess.run([program, *arguments], input=text, capture_output=True, text=True, timeout=60)
        assert not check or done.returncode == 0, done
        return done if not check else done.stdout
    return run


def fetch(reader, folder):
    """A log's checkpoint and tiles, as a server hands them out."""
    base = "/v1/tenants/contoso/log"
    key = reader.get(f"{base}/key").body.decode().strip()
    note = reader.get(f"{base}/checkpoint").body
    (folder / "checkpoint").write_bytes(note)
    size = int(note.split(b"\n")[1])
    assert 0 < size < 256 ** 2
    for level, rows in (("entries", size), ("0", size), ("1", size // 256)):
        whole, rest = divmod(rows, 256)
        for index in range(whole):
            fetch_tile(reader, folder, f"{base}/tile/{level}/{index:03}")
        if rest:
            fetch_tile(reader, folder, f"{base}/tile/{level}/{whole:03}.p/{rest}")
    return key, size


def fetch_tile(reader, folder, path):
    place = folder / path.removeprefix("/v1/tenants/contoso/log/")
    place.parent.mkdir(parents=True, exist_ok=True)
    answer = reader.get(path)
    assert answer.status == 200, answer
    place.write_bytes(answer.body)


def test_go_reads_what_a_server_signs_and_finds_what_was_changed(world, peer, tmp_path):
    key, size = fetch(world.alan, tmp_path)
    note = (tmp_path / "checkpoint").read_text()
    opened = peer("open", key, text=note).splitlines()
    assert opened[1] == str(size) and opened[-1] == key.split("+")[0]
    assert peer("verify", key, tmp_path) == f"{size}\n"
    entries, = tmp_path.glob("tile/entries/000*/*") if size < 256 else [tmp_path / "tile/entries/000"]
    entries.write_bytes(entries.read_bytes().replace(b'"index":1,', b'"index":7,'))
    done = peer("verify", key, tmp_path, check=False)
    assert done.returncode == 1 and "entry 1 is not the tree's" in done.stderr, done
    assert peer("open", key, text=note.replace(f"\n{size}\n", f"\n{size + 1}\n"), check=False).returncode == 1


def test_what_go_signs_is_verified_and_cosigned(peer, witness, tmp_path):  # noqa: F811
    vectors = ROOT.parent / "Vectors/audit"
    genuine = next(one for one in json.loads((vectors / "vectors.json").read_text())["vectors"] if one["name"] == "genuine")
    leaves = [json.loads(line)["leaf"] for line in (vectors / genuine["records"]).read_text().splitlines()]
    secret, key = peer("generate", ORIGIN).split()
    peer("sign", secret, ORIGIN, tmp_path / "tiles", text="\n".join(leaves) + "\n")

    def verify():
        return subprocess.run(
            [LOCKBOX_CLI, "audit", "verify", "--tiles", tmp_path / "tiles", "--key", key],
            capture_output=True, text=True, timeout=60)
    done = verify()
    assert done.returncode == 0 and "in order: 10 records" in done.stdout, done
    note = (tmp_path / "tiles/checkpoint").read_text()
    witness.run("add-log", key)
    witness.start()
    status, _, line = witness.add(f"old 0\n\n{note}".encode())
    assert status == 200, line
    cosigned(witness.vkey, note.split("\n\n")[0] + "\n", line)
    shown = ask(f"{witness.url}/{hashlib.sha256(ORIGIN.encode()).hexdigest()}/checkpoint")[2]
    assert peer("open", key, text=shown).splitlines()[1] == "10"
    (tmp_path / "tiles/checkpoint").write_text(note.replace("\n10\n", "\n9\n"))
    assert verify().returncode == 1
