import contextlib
import hashlib
import json
import re
import signal
import subprocess
import tarfile
import urllib.request

import pytest
import yaml

from conftest import DIST, REPOSITORY, make_deb, run
from lockbox_rig.machine import free_port, wait_until

HOME = "var/lib/lockbox"
MONITORING = REPOSITORY / "packaging" / "monitoring"
UNITS = sorted((REPOSITORY / "packaging" / "systemd").glob("*.service"))


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def deb(name, version):
    return next(DIST.glob(f"{name}_{version}_*.deb"))


def text_at(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
        return answer.read().decode()


@contextlib.contextmanager
def serving(process, port):
    try:
        def is_ready():
            assert process.poll() is None, process.stdout.read()
            with contextlib.suppress(OSError):
                return text_at(port, "/readyz")
        assert wait_until(is_ready, timeout=30, what="ready").startswith("ready")
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
    assert process.returncode == 0, process.stdout.read()


def test_lintian_has_nothing_to_say(version):
    out = run("lintian", "--allow-root", "--fail-on", "error,warning", deb("lockboxd", version), deb("lockbox", version))
    assert not re.findall(r"(?m)^[EW]: .*", out)


def test_the_same_release_packs_to_the_same_bytes(version, tmp_path):
    made = [deb("lockboxd", version), deb("lockbox", version), DIST / f"lockboxd-{version}.oci.tar"]
    before = [digest(path) for path in made]
    make_deb()
    run(REPOSITORY / "scripts" / "make-image")
    assert [digest(path) for path in made] == before


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_is_exposed_little(unit):
    out = run("systemd-analyze", "security", "--offline=true", "--no-pager", unit)
    exposure = float(re.search(r"Overall exposure level for \S+: ([\d.]+)", out)[1])
    assert exposure < 2, out


def test_prometheus_takes_the_rules_and_every_expression_of_the_dashboard(tmp_path):
    run("promtool", "check", "rules", MONITORING / "alerts.yaml")
    panels = json.loads((MONITORING / "grafana.json").read_text())["panels"]
    asked = [target["expr"] for panel in panels for target in panel.get("targets", [])]
    rules = [{"record": f"panel:{number}", "expr": expression.replace("$__rate_interval", "1m").replace("$job", "lockbox")}
             for number, expression in enumerate(asked)]
    file = tmp_path / "panels.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    assert f"{len(asked)} rules found" in run("promtool", "check", "rules", file)


def test_the_list_of_what_is_inside_is_spdx():
    from spdx_tools.spdx.parser.parse_anything import parse_file
    from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

    document = parse_file(str(DIST / "sbom.spdx.json"))
    assert validate_full_spdx_document(document) == []
    names = {package.name for package in document.packages}
    assert {"lockboxd", "hummingbird", "swift-nio", "swift", "libpq5", "libsqlite3-0"} <= names


def test_a_bare_debian_installs_serves_upgrades_and_purges(debian, version):
    newer = version + "+1"
    make_deb(newer)
    debian.install(deb("lockboxd", version), deb("lockbox", version))
    home = debian.root / HOME
    assert home.stat().st_mode & 0o777 == 0o700
    assert debian.run("lockboxd", "--version").strip() == version
    assert debian.run("lockbox", "--version").strip() == version
    debian.run("lockboxd", "init", "--data", "/" + HOME, user="lockbox:lockbox")
    port = free_port()
    settings = home / "lockbox.yaml"
    settings.write_text(settings.read_text().replace("127.0.0.1:8443", f"127.0.0.1:{port}"))
    in_home = ["env", "-C", "/" + HOME]
    debian.run(*in_home, "lockboxd", "apply", "--config", "lockbox.yaml", "-f", "directory.yaml", user="lockbox:lockbox")

    def server():
        return debian.start("lockboxd", "serve", "--config", "lockbox.yaml", user="lockbox:lockbox", folder="/" + HOME)

    with serving(server(), port):
        assert "Lockbox" in text_at(port, "/sign-in")
    debian.install(deb("lockboxd", newer), deb("lockbox", newer))
    assert newer in debian.run("dpkg-query", "-W", "-f", "${Version}", "lockboxd")
    with serving(server(), port):
        assert debian.run(
            *in_home, "lockboxd", "check-log", "--config", "lockbox.yaml", user="lockbox:lockbox")
    debian.run("apt-get", "-q", "purge", "-y", "lockboxd", "lockbox")
    left = debian.run("find", "/usr", "/etc", "/lib", "-xdev", "-name", "*lockbox*").split()
    assert left == []
    # The key and the logs are nobody's to throw away but their owner's.
    assert (home / "keys" / "signing.key").exists()


def test_the_image_runs_without_a_daemon_and_without_a_root_that_can_be_written(version, tmp_path):
    bundle, data = tmp_path / "bundle", tmp_path / "data"
    (bundle / "rootfs").mkdir(parents=True)
    data.mkdir()
    with tarfile.open(DIST / f"lockboxd-{version}.oci.tar") as image:
        def blob(entry):
            return image.extractfile("blobs/" + entry["digest"].replace(":", "/"))
        manifest = json.load(blob(json.load(image.extractfile("index.json"))["manifests"][0]))
        settings = json.load(blob(manifest["config"]))["config"]
        for layer in manifest["layers"]:
            with tarfile.open(fileobj=blob(layer), mode="r:gz") as files:
                files.extractall(bundle / "rootfs")
    user, group = [int(part) for part in settings["User"].split(":")]
    subprocess.run(["chown", f"{user}:{group}", data], check=True)
    port = free_port()
    run("runc", "spec", cwd=bundle)

    def container(name, *arguments):
        spec = json.loads((bundle / "config.json").read_text())
        spec["process"] |= {"terminal": False, "user": {"uid": user, "gid": group}, "cwd": settings["WorkingDir"],
                            "args": [*settings["Entrypoint"], *arguments],
                            "env": [f"LOCKBOX_LISTEN=127.0.0.1:{port}", f"LOCKBOX_PUBLICURL=http://127.0.0.1:{port}"]}
        spec["root"] = {"path": "rootfs", "readonly": True}
        spec["mounts"] = [mount for mount in spec["mounts"] if mount["destination"] != settings["WorkingDir"]] + [
            {"destination": settings["WorkingDir"], "type": "bind", "source": str(data), "options": ["rbind", "rw"]}]
        # On the machine's own loopback.
        spec["linux"]["namespaces"] = [one for one in spec["linux"]["namespaces"] if one["type"] != "network"]
        (bundle / "config.json").write_text(json.dumps(spec))
        return ["runc", "run", f"{name}-{port}"]

    run(*container("init", "init"), cwd=bundle)
    run(*container("apply", "apply", "--config", "lockbox.yaml", "-f", "directory.yaml"), cwd=bundle)
    process = subprocess.Popen(container("serve", *settings["Cmd"]), cwd=bundle, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    with serving(process, port):
        assert "Lockbox" in text_at(port, "/sign-in")
