"""What `make test-packages` tries: the packages in dist/, which it has just made. It needs to be root, for a system of
Debian's in a folder and for containers."""

import os
import pathlib
import shutil
import subprocess

import pytest

from lockbox_rig.machine import REPOSITORY

DIST = REPOSITORY / "dist"
SUITE = "bookworm"


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def make_deb(version=None):
    environment = {**os.environ, **({"DEB_VERSION": version} if version else {})}
    run(REPOSITORY / "scripts" / "make-deb", env=environment)


@pytest.fixture(scope="session")
def version():
    return run(REPOSITORY / ".build-release" / "release" / "lockboxd", "--version").strip()


@pytest.fixture(scope="session")
def debian(tmp_path_factory):
    """A Debian system with nothing on it."""
    root = tmp_path_factory.mktemp("debian") / "root"
    run("debootstrap", "--variant=minbase", SUITE, root, timeout=600)
    # Nothing starts by being installed.
    (root / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")
    (root / "usr/sbin/policy-rc.d").chmod(0o755)
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    run("mount", "-t", "proc", "proc", root / "proc")
    yield System(root)
    run("umount", root / "proc")
    shutil.rmtree(root)


class System:
    def __init__(self, root: pathlib.Path):
        self.root = root

    def command(self, *command, user="root"):
        return ["chroot", f"--userspec={user}", str(self.root), *[str(part) for part in command]]

    def run(self, *command, user="root", **options):
        return run(*self.command(*command, user=user), env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                   "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}, **options)

    def install(self, *packages):
        names = []
        for package in packages:
            shutil.copy(package, self.root / "root")
            names.append(f"/root/{package.name}")
        self.run("apt-get", "-q", "install", "-y", "--no-install-recommends", *names, timeout=600)

    def start(self, *command, user, folder):
        return subprocess.Popen(self.command("env", "-C", folder, *command, user=user),
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
