"""Tokens that a service verifies alone, with another implementation of JOSE than the server's; and AuthZEN."""

import base64
import hashlib
import json
import os
import time
import urllib.parse

import pytest
from joserfc import jwt
from joserfc.errors import InvalidClaimError, InvalidKeyIdError, JoseError
from joserfc.jwk import ECKey, JWKRegistry, KeySet, OKPKey

from lockbox_rig import secrets
from lockbox_rig.place import Place

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
FOLDER = "folder:plans"


class Folders(Place):
    """A server with a folder that a service of its own holds."""

    def __init__(self, base):
        self.client_secret = secrets.new("client secret of the folders")
        (base / "files").write_text(self.client_secret + "\n")
        (base / "files").chmod(0o600)

        def adjust(directory):
            directory.content["services"].append(
                {"id": "files", "kind": "http", "resources": "folder",
                 "introspection": {"clientID": "files", "clientSecretFile": str(base / "files")}})
            directory.tenant("contoso")["resources"] = [{"service": "files", "id": FOLDER}]

        super().__init__(base, adjust=adjust)

    def access(self, *actions, duration="PT1H"):
        asked = self.eve.submit(
            "contoso", self.support, [{"service": "files", "id": FOLDER, "actions": list(actions)}], duration=duration)
        assert asked.status == 201, asked
        request = self.decided(asked.json["id"])
        return request, self.credential(request)["token"]

    def evaluate(self, question, path="evaluation", client="files", **headers):
        basic = base64.b64encode(f"{client}:{self.client_secret}".encode()).decode()
        return self.lockbox.api().send(
            "POST", f"/access/v1/{path}", json.dumps(question),
            {"Content-Type": "application/json", "Authorization": f"Basic {basic}", **headers})

    def exchange(self, credential, dpop=None, **more):
        answer = self.lockbox.api().send(
            "POST", "/oauth2/token",
            urllib.parse.urlencode(
                {"grant_type": EXCHANGE, "subject_token": credential, "subject_token_type": ACCESS_TOKEN, **more}),
            {"Content-Type": "application/x-www-form-urlencoded", **({} if dpop is None else {"DPoP": dpop})})
        if answer.status == 200:
            secrets.register(answer.json["access_token"], "signed token")
        return answer

    def verified(self, token, audience="files"):
        """Its header and claims, as a service sees them that knows the metadata and nothing else."""
        api = self.lockbox.api()
        metadata = api.get("/.well-known/oauth-authorization-server").json
        assert metadata["jwks_uri"].startswith(self.lockbox.url)
        keys = KeySet.import_key_set(api.get(metadata["jwks_uri"].removeprefix(self.lockbox.url)).json)
        read = jwt.decode(token, keys, algorithms=["ES256"])
        jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": metadata["issuer"]}, aud={"essential": True, "value": audience},
            exp={"essential": True}, iat={"essential": True}, nbf={"essential": True}, jti={"essential": True},
            sub={"essential": True}, client_id={"essential": True}).validate(read.claims)
        assert read.header["typ"] == "at+jwt"
        return read.header, read.claims


@pytest.fixture(scope="module")
def place():
    with Folders.running("tokens") as there:
        yield there


def test_a_service_that_asks_nobody_verifies_the_token(place):
    request, credential = place.access("read")
    answer = place.exchange(credential, audience="files")
    assert answer.status == 200 and answer.headers["cache-control"] == "no-store", answer
    header, claims = place.verified(answer.json["access_token"])
    assert claims["exp"] - claims["iat"] == 60 and claims["exp"] <= time.time() + 60
    assert (claims["request"], claims["tenant"], claims["resource"]) == (request, "contoso", FOLDER)
    assert claims["grant"] == place.grant(request)["id"] and claims["scope"] == "folder read"
    with pytest.raises(InvalidClaimError):
        place.verified(answer.json["access_token"], audience="mail")
    assert place.adam.post(f"/v1/requests/{request}/revoke", {"comment": "Enough."}).status == 200
    refused = place.exchange(credential)
    assert refused.status == 400 and refused.json["error"] == "invalid_request", refused
    assert [e["activity"] for e in place.adam.audit("contoso", request=request)].count("access.used") == 1


def test_no_token_is_given_for_a_service_whose_connections_are_cut(place):
    credential = place.credential(place.approved())["token"]
    refused = place.exchange(credential)
    assert refused.status == 400 and refused.json["error"] == "invalid_target", refused


def test_keys_stay_over_a_restart_and_taking_them_away_makes_new_ones(place):
    request, credential = place.access("read")
    token = place.exchange(credential).json["access_token"]
    header, _ = place.verified(token)
    place.lockbox.stop()
    place.lockbox.start()
    assert place.verified(token)[0] == header
    keys = sorted((place.lockbox.folder / "data" / "token-keys").iterdir())
    assert [key.stat().st_mode & 0o777 for key in keys] == [0o600]
    place.lockbox.stop()
    for key in keys:
        key.unlink()
    place.lockbox.start()
    with pytest.raises(InvalidKeyIdError):
        place.verified(token)
    assert place.verified(place.exchange(credential).json["access_token"])[0]["kid"] != header["kid"]
    assert place.adam.post(f"/v1/requests/{request}/revoke", {"comment": "Enough."}).status == 200


def test_a_service_asks_in_authzens_terms(place):
    request, credential = place.access("read")
    eve = {"type": "user", "id": place.eve.request(request)["engineer"]["id"]}
    plans = {"type": "folder", "id": "plans"}
    question = {"subject": eve, "action": {"name": "read"}, "resource": plans}
    shown = {**question, "context": {"credential": credential}}
    metadata = place.lockbox.api().get("/.well-known/authzen-configuration").json
    assert metadata["policy_decision_point"] == place.lockbox.url
    assert metadata["access_evaluation_endpoint"] == place.lockbox.url + "/access/v1/evaluation"
    answer = place.evaluate(question, **{"X-Request-ID": "r-1"})
    assert answer.status == 200 and answer.json == {"decision": True}, answer
    assert answer.headers["x-request-id"] == "r-1"
    assert place.evaluate(shown).json == {"decision": True}
    assert place.evaluate({**question, "action": {"name": "write"}}).json == {"decision": False}
    several = {**question, "evaluations": [{}, {"action": {"name": "write"}}, {"resource": "nonsense"}]}
    decisions = place.evaluate(several, "evaluations").json["evaluations"]
    assert [each["decision"] for each in decisions] == [True, False, False]
    for what, found in (("subject", eve), ("resource", plans), ("action", {"name": "read"})):
        assert place.evaluate(question, f"search/{what}").json == {
            "page": {"next_token": "", "count": 1}, "results": [found]}
    assert place.evaluate({"subject": eve}).status == 400
    assert place.evaluate(question, client="dovecot").status == 401
    assert place.adam.post(f"/v1/requests/{request}/revoke", {"comment": "Enough."}).status == 200
    for asked in (question, shown):
        assert place.evaluate(asked).json == {"decision": False}
    assert place.evaluate(question, "search/subject").json["results"] == []


def proof(key, htu, method="POST", token=None, **other):
    """What a client sends in the field DPoP (RFC 9449)."""
    public = key.as_dict(private=False)
    public.pop("kid", None)
    header = {"typ": "dpop+jwt", "alg": "Ed25519" if key.key_type == "OKP" else "ES256", "jwk": public}
    claims = {"htm": method, "htu": htu, "iat": int(time.time()), "jti": os.urandom(12).hex(), **other}
    if token:
        claims["ath"] = hash_of(token)
    return jwt.encode(header, claims, key, algorithms=["ES256", "Ed25519"])


def hash_of(token):
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).decode().rstrip("=")


def is_held(place, token, shown, method, htu, seen):
    """What docs/operating/protect-with-jwt.md has a service check, beside the token itself."""
    _, claims = place.verified(token)
    header = json.loads(base64.urlsafe_b64decode(shown.split(".")[0] + "=="))
    if header["typ"] != "dpop+jwt" or header["alg"] not in ("ES256", "Ed25519") or "d" in header["jwk"]:
        return False
    key = JWKRegistry.import_key(header["jwk"])
    try:
        read = jwt.decode(shown, key, algorithms=["ES256", "Ed25519"]).claims
    except JoseError:
        return False
    is_new = read["jti"] not in seen
    seen.add(read["jti"])
    return (is_new and key.thumbprint() == claims["cnf"]["jkt"] and read["ath"] == hash_of(token) and read["htm"] == method
            and read["htu"] == htu and abs(read["iat"] - time.time()) < 60)


@pytest.mark.parametrize("make", [lambda: ECKey.generate_key("P-256"), lambda: OKPKey.generate_key("Ed25519")])
def test_a_token_that_is_bound_to_a_key_is_of_use_to_its_holder_alone(place, make):
    request, credential = place.access("read")
    mine, thiefs, url = make(), make(), place.lockbox.url + "/oauth2/token"
    algorithms = place.lockbox.api().get("/.well-known/oauth-authorization-server").json
    assert algorithms["dpop_signing_alg_values_supported"] == ["ES256", "Ed25519", "EdDSA"]
    first = proof(mine, url)
    answer = place.exchange(credential, dpop=first, audience="files")
    assert answer.status == 200 and answer.json["token_type"] == "DPoP", answer
    token = answer.json["access_token"]
    _, claims = place.verified(token)
    assert claims["cnf"] == {"jkt": mine.thumbprint()}
    # At the service.
    there, seen = "https://files.example/plans", set()
    shown = proof(mine, there, "GET", token)
    assert is_held(place, token, shown, "GET", there, seen)
    assert not is_held(place, token, shown, "GET", there, seen), "shown again"
    for other in (proof(thiefs, there, "GET", token), proof(mine, there, "GET", token + "x"), proof(mine, there, "PUT", token)):
        assert not is_held(place, token, other, "GET", there, seen)
    # At Lockbox: once, for this address, made now, by whoever has the key.
    for bad in (first, proof(mine, place.lockbox.url + "/oauth2/revoke"), proof(mine, url, "GET"),
                proof(mine, url, iat=int(time.time()) - 90), proof(mine, url, token=token), "nonsense", ""):
        refused = place.exchange(credential, dpop=bad)
        assert refused.status == 400 and refused.json["error"] == "invalid_dpop_proof", (bad, refused)
    assert place.exchange(credential).json["token_type"] == "Bearer", "whoever proves nothing gets what she got before"
    assert place.adam.post(f"/v1/requests/{request}/revoke", {"comment": "Enough."}).status == 200
