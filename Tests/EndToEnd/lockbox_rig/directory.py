"""directory.yaml and lockbox.yaml, built from plain values."""

import copy
import json

PROVIDER = {
    "name": "Example Cloud",
    "people": [
        {"email": "eve@example-cloud.test", "name": "Eve Park", "roles": ["engineer"]},
        {"email": "ed@example-cloud.test", "name": "Ed Stone", "roles": ["engineer"]},
        {"email": "mark@example-cloud.test", "name": "Mark Lee", "roles": ["manager"]},
        {"email": "mia@example-cloud.test", "name": "Mia Berg", "roles": ["engineer", "manager"]},
        {"email": "olga@example-cloud.test", "name": "Olga Horn", "roles": ["operator"]},
    ],
}


def tenant(name, title, people, licensed=True, **policy):
    return {
        "id": name, "name": title, "licence": {"lockbox": licensed},
        "policy": {"requireApproval": licensed, "decisionWindow": "PT12H", "maxAccess": "PT4H", "approvalsNeeded": 1,
                   **policy},
        "people": [
            {"email": f"{who.split()[0].lower()}@{name}.test", "name": who, "roles": list(roles)}
            for who, *roles in people],
    }


TENANTS = [
    tenant("contoso", "Contoso Ltd", [
        ("Sue Reyes", "member"), ("Sam Ode", "member"), ("Adam Cole", "approver"), ("Amy Tran", "approver"),
        ("Gita Rao", "admin"), ("Alan Voss", "auditor")]),
    tenant("fabrikam", "Fabrikam Inc", [
        ("Fred Moss", "member"), ("Fay Ito", "approver"), ("Fiona Wu", "admin")]),
    # Two of three must say yes.
    tenant("tailspin", "Tailspin Toys", [
        ("Tess Hall", "member"), ("Tom Fox", "approver"), ("Tia Kent", "approver"), ("Tim Yoon", "admin")],
        approvalsNeeded=2),
    # Switched off: a manager's approval is enough.
    tenant("northwind", "Northwind Traders", [("Nora Lind", "member"), ("Ned Gray", "admin")], requireApproval=False),
    # Not licensed.
    tenant("wingtip", "Wingtip Toys", [("Will Dorn", "member"), ("Wes Orr", "admin")], licensed=False),
]


class DirectoryFile:
    """The content of a directory.yaml. Change `content`, then `write` again."""

    def __init__(self, services=(), tenants=TENANTS):
        self.content = copy.deepcopy({"provider": PROVIDER, "tenants": list(tenants), "services": list(services)})

    @property
    def people(self):
        """Every address by first name: `people["eve"]`."""
        everyone = list(self.content["provider"]["people"])
        for one in self.content["tenants"]:
            everyone += one["people"]
        return {person["email"].split("@")[0]: person["email"] for person in everyone}

    def tenant(self, name):
        return next(one for one in self.content["tenants"] if one["id"] == name)

    def person(self, email):
        for group in [self.content["provider"], *self.content["tenants"]]:
            for person in group["people"]:
                if person["email"] == email:
                    return person
        raise KeyError(email)

    def write(self, path):
        path.write_text(yaml(self.content))
        return path


def imap_service(client_secret_file, doveadm_url, api_key_file, name="mail"):
    return {
        "id": name, "kind": "imap", "resources": "mailbox",
        "introspection": {"clientID": "dovecot", "clientSecretFile": str(client_secret_file)},
        "removal": {"doveadm": {"url": doveadm_url, "apiKeyFile": str(api_key_file)}},
    }


def yaml(value, indent=""):
    """Block style, with every string quoted: enough for settings."""
    if isinstance(value, dict) and value:
        return "".join(indent + f"{key}:" + _nested(item, indent) for key, item in value.items())
    if isinstance(value, list) and value:
        return "".join(indent + "- " + yaml(item, indent + "  ").removeprefix(indent + "  ") for item in value)
    return indent + json.dumps(value) + "\n"


def _nested(item, indent):
    if isinstance(item, (dict, list)) and item:
        return "\n" + yaml(item, indent + "  ")
    return " " + json.dumps(item) + "\n"
