"""Organisations' own directories say who their people are, by SCIM: a tenant's and the provider's."""

import html
import re
import uuid

import pytest
from scim2_tester import Status, check_server, filling

from lockbox_rig.directory_client import ConformanceClient, Directory
from lockbox_rig.place import Place
from lockbox_rig.portal import Visitor

GITA, ADAM, EVE = "gita@contoso.test", "adam@contoso.test", "eve@example-cloud.test"


@pytest.fixture(scope="module")
def place():
    with Place.running("provisioning", adjust=lambda directory: directory.tenant("contoso").update(
            domains=["contoso.test"])) as place:
        # Before Contoso's administrator signs in for the first time.
        for person in (GITA, ADAM):
            place.lockbox.password(person)
        place.adam = place.lockbox.api(ADAM)
        place.gita = Visitor(place.lockbox.port).sign_in(GITA, place.lockbox.passwords[GITA])
        yield place


@pytest.fixture
def contoso(place):
    """A token as Contoso's administrator makes it."""
    page = place.gita.post("/settings/provisioning/tokens", {
        "csrf": place.gita.csrf, "label": "Entra ID", "days": "1", "addresses": "127.0.0.0/8"})
    assert page.status == 200, page
    secret = html.unescape(re.search(r'id="secret" value="([^"]+)"', page.text)[1])
    directory = Directory(place.lockbox.port, "contoso", secret)
    yield directory
    listed = place.gita.get("/settings/provisioning").text
    for token in re.findall(r'action="(/settings/provisioning/tokens/[^"]+/end)"', listed):
        assert place.gita.post(token, {"csrf": place.gita.csrf}).status == 303
    assert directory.send("GET", "/Users").status == 401


def test_the_conformance_tests_of_others_pass_without_a_skip(contoso, monkeypatch):
    """An address must be in a domain of the organisation's own, which no schema can say."""
    given = filling.get_random_example_value

    def value(path):
        binding = path.resolve()
        if binding and (binding.target_field_name == "user_name" or (
                binding.target_field_name == "value" and "email" in binding.target_model.__name__.lower())):
            return f"{uuid.uuid4()}@contoso.test"
        return given(path)

    monkeypatch.setattr(filling, "get_random_example_value", value)
    results = check_server(ConformanceClient(contoso))
    wrong = [result for result in results if result.status != Status.SUCCESS]
    assert not wrong, "\n".join(f"{r.status.name} {r.resource_type} {r.title}: {r.reason}" for r in wrong)
    assert len(results) > 40 and {"User", "Group"} <= {result.resource_type for result in results}


def test_an_engineers_live_access_ends_with_her_place_in_the_providers_directory(place):
    lockbox = place.lockbox
    lockbox.run("scim-roles", "--group", "Mail Support", "--role", "engineer")
    token = lockbox.run("scim-token", "--label", "Okta", "--days", "1").stdout.strip()
    provider = Directory(lockbox.port, "_provider", token)
    credential = place.credential(place.approved())
    assert place.introspect(credential).json["active"] is True
    assert provider.send("GET", "/Users").json["totalResults"] >= 5
    eve = provider.find(EVE)[0]["id"]
    off = provider.patch(f"/Users/{eve}", {"op": "replace", "value": {"active": False}})
    assert off.status == 200, off
    assert place.introspect(credential).json["active"] is False
    assert place.eve.get("/v1/me").status == 401
    # Nor does the file bring her back.
    assert "its directory speaks of this person" in lockbox.apply().stdout
    assert provider.find(EVE)[0]["active"] is False
    # Who comes by a group is an engineer as long as she is in it.
    group = provider.send("POST", "/Groups", {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "mail support"}).json["id"]
    new = provider.add("ella@example-cloud.test", displayName="Ella").json["id"]
    assert provider.patch(f"/Groups/{group}", {"op": "Add", "path": "members", "value": [{"value": new}]}).status == 200
    tokens = lockbox.run("scim-tokens").stdout
    name = re.search(r"PRV-\w+", tokens)[0]
    assert lockbox.api("ella@example-cloud.test").get("/v1/me").json["roles"] == ["engineer"]
    assert provider.patch(
        f"/Groups/{group}", {"op": "Remove", "path": "members", "value": [{"value": new}]}).status == 200
    assert lockbox.api("ella@example-cloud.test").get("/v1/me").json["roles"] == []
    lockbox.run("scim-end-token", name)
    assert provider.send("GET", "/Users").status == 401
    lockbox.check_log()


def test_whom_the_directory_switches_off_is_out_at_once(place, contoso):
    adam = Visitor(place.lockbox.port).sign_in(ADAM, place.lockbox.passwords[ADAM])
    assert adam.is_signed_in and place.adam.get("/v1/me").status == 200
    found = contoso.find(ADAM)
    assert [user["userName"] for user in found] == [ADAM]
    off = contoso.patch(f"/Users/{found[0]['id']}", {"op": "Replace", "path": "active", "value": "False"})
    assert off.status == 200 and off.json["active"] is False
    assert not adam.is_signed_in and place.adam.get("/v1/me").status == 401
    audit = place.gita.get("/audit").words
    assert "The organisation’s directory" in audit and "Person or roles changed" in audit
    on = contoso.patch(f"/Users/{found[0]['id']}", {"op": "Replace", "path": "active", "value": "True"})
    assert on.status == 200 and not adam.is_signed_in
    place.lockbox.check_log()


def test_what_is_not_supported_or_not_meant_for_it_is_said(contoso):
    assert contoso.send("POST", "/Bulk", {}).status == 501
    assert contoso.send("GET", "/Me").status == 501
    assert contoso.send("GET", "/Users/nobody").status == 404
    other = Directory(contoso.api.port, "fabrikam", contoso.api.token)
    assert other.send("GET", "/Users").status == 404
    assert contoso.api.get("/v1/me").status == 401
    deep = contoso.api.send("POST", contoso.base + "/Users", "[" * 5000, {"Content-Type": "application/scim+json"})
    assert deep.status == 400 and deep.json["scimType"] == "invalidSyntax"
