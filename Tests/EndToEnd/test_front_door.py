"""What is told from whom: passwords and their guessers, proxies, and who may read the counters."""

import pytest

EVE = "eve@example-cloud.test"


def sign_in(api, password, **forwarded):
    return api.post("/v1/tokens", {"email": EVE, "password": password}, **forwarded)


def test_a_new_password_ends_the_tokens_of_before(install):
    lockbox = install()
    lockbox.apply()
    lockbox.start()
    eve = lockbox.api("eve")
    assert eve.get("/v1/me").status == 200
    password = lockbox.password(EVE)
    answer = eve.get("/v1/me")
    assert (answer.status, answer.code) == (401, "notSignedIn"), answer
    assert sign_in(lockbox.api(), password).status == 201


def test_behind_a_proxy_a_guesser_holds_off_nobody_else(install):
    lockbox = install(trustedProxies=["127.0.0.0/8"])
    lockbox.apply()
    password = lockbox.password(EVE)
    lockbox.start()
    api = lockbox.api()
    for number in range(10):
        # Whatever the guesser writes in front of it, the proxy's own word is the last.
        guess = sign_in(api, "wrong password", X_Forwarded_For=f"198.51.100.{number}, 203.0.113.1")
        assert (guess.status, guess.code) == (401, "badCredentials"), guess
    held = sign_in(api, password, X_Forwarded_For="203.0.113.1")
    assert (held.status, held.body) == (401, guess.body), held
    assert sign_in(api, password, X_Forwarded_For="203.0.113.2").status == 201


def test_without_a_trusted_proxy_nobody_can_say_he_is_another(install):
    lockbox = install(trustedProxies=["192.0.2.1"])
    lockbox.apply()
    password = lockbox.password(EVE)
    lockbox.start()
    api = lockbox.api()
    for number in range(10):
        assert sign_in(api, "wrong password", X_Forwarded_For=f"203.0.113.{number}").status == 401
    assert sign_in(api, password, X_Forwarded_For="203.0.113.77").status == 401


@pytest.mark.parametrize("settings, plain, through_a_proxy", [
    ({}, 200, 404), ({"metrics": "loopback"}, 200, 404), ({"metrics": "open"}, 200, 200), ({"metrics": "off"}, 404, 404),
])
def test_counters_are_for_this_machine_unless_said_otherwise(install, settings, plain, through_a_proxy):
    lockbox = install(**settings)
    lockbox.apply()
    lockbox.start()
    api = lockbox.api()
    assert api.get("/metrics").status == plain
    for header in ("X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"):
        answer = api.send("GET", "/metrics", headers={header: "192.0.2.9"})
        assert answer.status == through_a_proxy, (header, answer)
    if plain == 404:
        assert api.get("/metrics").body == api.get("/v1/nothing-here").body
