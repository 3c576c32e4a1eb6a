"""Services and operators on listeners of their own, away from strangers."""

import base64
import json
import resource
import socket
import subprocess

from lockbox_rig.api import API
from lockbox_rig.lockboxd import LOCKBOXD
from lockbox_rig.machine import free_port, listening, wait_until

QUESTION = {
    "subject": {"type": "user", "id": "PER-7K3M9QPXAB"}, "action": {"name": "read"},
    "resource": {"type": "mailbox", "id": "sue@contoso.test", "properties": {"service": "mail"}}}


def test_each_listener_answers_what_it_is_for_whoever_crowds_the_others(install):
    ports = free_port(), free_port()
    lockbox = install(serviceListen=f"127.0.0.1:{ports[0]}", operatorListen=f"127.0.0.1:{ports[1]}")
    lockbox.apply()
    lockbox.start()
    everybody, services, operators = lockbox.api(), API(ports[0]), API(ports[1])
    eve = lockbox.api("eve")
    secret = (lockbox.folder.parent / "client").read_text().strip()
    for path, *statuses in [
        ("/healthz", 200, 200, 200), ("/readyz", 200, 200, 200), ("/metrics", 404, 404, 200),
        ("/sign-in", 200, 404, 404), ("/openapi.json", 200, 404, 404), ("/v1/me", 401, 404, 404),
        ("/.well-known/oauth-authorization-server", 200, 200, 404), ("/.well-known/jwks.json", 200, 200, 404),
        ("/.well-known/authzen-configuration", 200, 200, 404),
        ("/access/v1/access-request/LBX-7K3M9QPXAB", 401, 404, 404),
    ]:
        for api, status in zip((everybody, services, operators), statuses):
            answer = api.get(path)
            assert answer.status == status, (path, answer)
    assert services.introspect("dovecot", secret, "nothing").json == {"active": False}
    for api in (everybody, operators):
        assert api.introspect("dovecot", secret, "nothing").status == 404
    # Evaluations are asked by services on theirs, and by engineers about themselves on everybody's.
    basic = base64.b64encode(f"dovecot:{secret}".encode()).decode()
    for authorization, *statuses in [(f"Basic {basic}", 401, 200, 404), (f"Bearer {eve.token}", 200, 401, 404)]:
        for api, status in zip((everybody, services, operators), statuses):
            answer = api.send("POST", "/access/v1/evaluation", json.dumps(QUESTION), {
                "Content-Type": "application/json", "Authorization": authorization})
            assert answer.status == status, (authorization[:6], answer)
    strangers = []
    try:
        for _ in range(400):
            connection = socket.create_connection(("127.0.0.1", lockbox.port))
            connection.sendall(b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n")
            strangers.append(connection)
        assert services.introspect("dovecot", secret, "nothing").json == {"active": False}
        assert operators.get("/readyz").status == 200
    finally:
        for connection in strangers:
            connection.close()


def test_an_address_that_is_taken_is_named(install):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        lockbox = install(serviceListen=address)
        lockbox.apply()
        done = lockbox.run("serve", check=False)
    assert done.returncode == 1 and f"serviceListen: {address} is in use" in done.stderr, done


def test_one_address_twice_is_refused(install):
    address = f"127.0.0.1:{free_port()}"
    done = install(serviceListen=address, operatorListen=address).run("check-config", check=False)
    assert done.returncode == 1 and "operatorListen" in done.stderr and "taken by another listener" in done.stderr, done


def test_a_server_that_may_open_too_few_files_does_not_start(install):
    lockbox = install()
    lockbox.apply()
    for hard, is_enough in ((1663, False), (1664, True)):
        said = f"the process may open only {hard} files; 1664 are needed"
        command = ["prlimit", f"--nofile=1024:{hard}", LOCKBOXD, "serve", "--config", lockbox.config]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=lockbox.env, text=True)
        try:
            if is_enough:
                wait_until(lambda: listening(lockbox.port), 30, "the server to listen")
                assert resource.prlimit(server.pid, resource.RLIMIT_NOFILE) == (1664, 1664)
        finally:
            if is_enough:
                server.terminate()
            errors = server.communicate(timeout=60)[1]
        assert server.returncode == (0 if is_enough else 1) and (said in errors and "LimitNOFILE=1664" in errors) != is_enough


def test_a_gateway_whose_connections_could_take_all_files_is_not_opened(install):
    lockbox = install()
    lockbox.apply()
    lockbox.start()
    ports = free_port(), free_port()
    resource.prlimit(lockbox.process.pid, resource.RLIMIT_NOFILE, (1664, 1664 + 1408))
    for number, port in enumerate(ports):
        lockbox.directory.content["services"].append({
            "id": f"app{number}", "kind": "http", "resources": "app",
            "gateway": {"listen": f"127.0.0.1:{port}", "upstream": "http://127.0.0.1:9"}})
    needed = 1664 + 2 * 1408
    said = lockbox.apply()
    assert f"lockboxd serve needs {needed}" in said.stderr, said
    assert f"lockboxd serve needs {needed}" in lockbox.run(
        "check-config", "-f", lockbox.folder / "directory.yaml").stdout
    wait_until(lambda: f"{needed} are needed" in lockbox.output, 30, "the log to say so")
    wait_until(lambda: sum(map(listening, ports)) == 1, 30, "the one that fits")
    assert resource.prlimit(lockbox.process.pid, resource.RLIMIT_NOFILE)[0] == 1664 + 1408
    assert lockbox.api().get("/readyz").status == 200
