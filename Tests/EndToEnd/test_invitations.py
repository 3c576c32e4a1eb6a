"""How people come to their passwords: by a letter that only they can use, and by nobody else's doing."""

import re
import time
import urllib.parse

import pytest

from lockbox_rig import secrets
from lockbox_rig.api import API
from lockbox_rig.directory import DirectoryFile
from lockbox_rig.lockboxd import Lockboxd, cli
from lockbox_rig.machine import Scratch
from lockbox_rig.portal import Visitor
from lockbox_rig.smtp import Certificates, SMTPReceiver

SUE, ADAM, GITA, EVE, FAY = (
    "sue@contoso.test", "adam@contoso.test", "gita@contoso.test", "eve@example-cloud.test", "fay@fabrikam.test")
SUSAN = "susan@contoso.test"
CODE = re.compile(r"^Code: ([0-9A-Z]{4}(?:-[0-9A-Z]{4}){2})$", re.MULTILINE)


class Letterbox:
    """An installation whose letters arrive at a real receiver. Nobody has a password yet."""

    def __init__(self):
        self.scratch = Scratch("invitations")
        self.smtp = SMTPReceiver(self.scratch.path / "smtp", Certificates(self.scratch.path / "certificates")).start()
        directory = DirectoryFile()
        directory.person(SUE)["aliases"] = [SUSAN]
        self.lockbox = Lockboxd(self.scratch.path / "lockbox", directory, mail=self.smtp.url)
        self.lockbox.apply()
        self.tokens = {email: self.lockbox.token(email) for email in (GITA, SUE, EVE)}
        self.lockbox.start()

    def stop(self):
        self.lockbox.stop()
        self.lockbox.remember_files()
        self.smtp.stop()
        self.scratch.remove()

    def visitor(self):
        return Visitor(self.lockbox.port)

    def letter(self, to, count=1):
        """Path and code of the newest invitation to that address, of which there are `count`."""
        letter = self.smtp.wait_for(to, "Lockbox: choose", count=count)[-1]
        links = letter.links
        code = CODE.search(letter.text)[1]
        assert code in letter.html
        secrets.register(code, "code of an invitation")
        paths = {urllib.parse.urlsplit(link).path for link in links if "/invitation/" in link}
        assert len(paths) == 1 and all(link.startswith(self.lockbox.url) for link in links), links
        return paths.pop(), code

    def records(self, person=GITA):
        """Activities of the tenant's log, the newest last."""
        return [record["activity"] for record in self.api(person).audit("contoso")][::-1]

    def api(self, person):
        return API(self.lockbox.port, self.tokens[person])


@pytest.fixture(scope="module")
def box():
    box = Letterbox()
    try:
        yield box
    finally:
        box.stop()


def chosen(password, code, again=None):
    return {"code": code, "newPassword": password, "newPasswordAgain": again or password}


def phrase():
    chance = secrets.new("password")
    return secrets.register(f"otter {chance[:6]} lamp violin {chance[6:12]} tram", "password")


def test_from_the_console_to_a_session(box):
    said = box.lockbox.run("invite", "--person", SUE)
    assert f"an e-mail goes to {SUE}, good until " in said.stdout
    path, code = box.letter(SUE)
    assert code not in said.stdout + said.stderr and path not in said.stdout + said.stderr

    # A scanner follows the link, and sends the form that it finds.
    scanner = box.visitor()
    for _ in range(3):
        page = scanner.get(path)
        assert page.status == 200 and not page.cookies
        assert "Sue" not in page.text and SUE not in page.text and "contoso" not in page.text.lower(), "it names nobody"
        assert scanner.post(path, {"code": "", "newPassword": "", "newPasswordAgain": ""}).status == 422
        assert scanner.post(path, chosen(phrase(), "")).status == 422
        assert scanner.send("HEAD", path).status == 200
    assert not scanner.cookies
    before = box.records()

    sue, password = box.visitor(), phrase()
    for fields, words in [
            (chosen(password, "AAAA-AAAA-AAAA"), "is not that of this e-mail"),
            (chosen(password, code, again="x" * 20), "is not the same"),
            (chosen("otter lamp", code), "at least 12 characters"),
            (chosen("contoso-reyes", code), "others would soon guess")]:
        answer = sue.post(path, fields)
        assert answer.status == 422 and words in answer.words, answer
        assert code not in answer.text and fields["newPassword"] not in answer.text
    assert sue.post(path, chosen(password, code), origin="https://evil.test").status == 403
    assert box.records() == before, "nothing has happened yet"

    answer = sue.post(path, chosen(password, code.lower().replace("-", " ")))
    assert (answer.status, answer.location) == (303, "/account?done=passwordChosen"), answer
    assert "Your password is set, and you are signed in." in sue.get(answer.location).words
    assert box.records()[-4:] == ["invitation.used", "password.set", "token.revoked", "signIn.succeeded"]
    assert box.api(SUE).get("/v1/me").status == 401, "what stood for her before is over"

    for visitor in (box.visitor(), sue):
        again = visitor.post(path, chosen(phrase(), code))
        assert again.status == 410 and "was used already" in again.words, again
    assert box.visitor().get(path).status == 410
    box.visitor().sign_in(SUE, password)
    told = box.smtp.wait_for(GITA, "a password was set")[-1]
    assert path not in told.text and code not in told.text


def test_an_administrator_and_her_command_line_invite(box):
    sent = cli(box.lockbox.url, box.tokens[GITA], "people", "invite", ADAM)
    assert f"An e-mail goes to Adam Cole <{ADAM}>." in sent.stdout
    first, code = box.letter(ADAM)
    answer = box.api(GITA).post(f"/v1/tenants/contoso/people/{person_id(box, ADAM)}/invitation")
    assert answer.status == 201 and set(answer.json) == {"person", "endsAt"}, answer
    path, newer = box.letter(ADAM, count=2)
    assert path != first and newer != code
    old = box.visitor().post(first, chosen(phrase(), code))
    assert old.status == 410 and "good for nothing" in old.words, old
    # Somebody else's browser.
    box.lockbox.password(EVE)
    eve = box.visitor().sign_in(EVE, box.lockbox.passwords[EVE])
    for answer in (eve.get(path), eve.post(path, chosen(phrase(), newer))):
        assert answer.status == 409 and "somebody whom it was not sent to" in answer.words, answer
    # Ten guesses, and the right one is none.
    for number in range(10):
        assert box.visitor().post(path, chosen(phrase(), "AAAA-AAAA-AAAA")).status == 422
    dead = box.visitor().post(path, chosen(phrase(), newer))
    assert dead.status == 410 and "Too many wrong codes" in dead.words, dead
    assert box.records()[-1] == "signIn.invitationGuessed"


def person_id(box, email):
    people = box.api(GITA).get("/v1/tenants/contoso/people").json["items"]
    return next(person["id"] for person in people if person["email"] == email)


def test_a_forgotten_password_is_answered_alike_for_everybody(box):
    before = len(box.smtp.letters(FAY))
    pages, times = set(), {}
    for address in (FAY, "nobody@fabrikam.test", "not an address"):
        began = time.monotonic()
        answer = box.visitor().post("/forgotten-password", {"email": address})
        times[address] = time.monotonic() - began
        assert answer.status == 200 and address not in answer.text, answer
        pages.add(answer.substance)
    assert len(pages) == 1 and max(times.values()) < 1, times
    path, code = box.letter(FAY)
    fay, password = box.visitor(), phrase()
    assert fay.post(path, chosen(password, code)).status == 303
    assert fay.is_signed_in
    assert len(box.smtp.letters(FAY)) >= before + 1
    assert not box.smtp.letters("nobody@fabrikam.test")


def test_once_an_administrator_has_signed_in_the_console_acts_for_nobody_of_hers(box):
    box.lockbox.run("invite", "--person", GITA)
    path, code = box.letter(GITA)
    gita, password = box.visitor(), phrase()
    assert gita.post(path, chosen(password, code)).status == 303
    for command in ("password", "token"):
        for person in (GITA, SUE, ADAM):
            done = box.lockbox.run(command, "--person", person, input="a long enough password\n", check=False)
            assert done.returncode == 1 and "lockboxd invite" in done.stderr and not done.stdout, done
    box.lockbox.run("password", "--person", EVE, input="a long enough password\n")
    # Nor does the file.
    sue = box.lockbox.directory.person(SUE)
    sue["email"], sue["aliases"] = SUSAN, [SUE]
    said = box.lockbox.apply().stdout
    assert f"kept the address {SUE} where the file says {SUSAN}: the tenant's own choice" in said, said
    assert not box.smtp.letters(SUSAN)
    # It waits for her word, and she hears of it.
    assert f"person {SUE}: proposed to the administrators of contoso" in said, said
    assert f"has the address {SUSAN}" in box.smtp.wait_for(GITA, "Proposed for")[-1].text
    found = re.search(r"/people/(PER-\w{10})\"[^>]*>Sue", gita.get("/people").text)
    page = gita.get(f"/people/{found[1]}")
    assert SUSAN in page.text
    action = re.search(r"/people/PER-\w{10}/proposals/PRP-\w{10}/accept", page.text)[0]
    accepted = gita.post(action, [*page.form(action), ("password", password)])
    assert accepted.status == 303 and "done=proposalAccepted" in accepted.location, accepted
    assert SUSAN in gita.get(f"/people/{found[1]}").words
    assert "person " not in box.lockbox.apply().stdout
    assert box.lockbox.run("check-log").returncode == 0
