import HTTPTypes
import LockboxDomain
import LockboxFixtures
import LockboxTestWorld
import LockboxWire
import Testing

/// Tenants, their people, policies and resources, and the services.
struct DirectoryTests {
    private static let contoso: JSONValue = [
        "id": "contoso", "name": "Contoso Ltd", "licensed": true, "requireApproval": true,
    ]
    private static let policy = "GET /v1/tenants/{tenant}/policy"
    private static let setPolicy = "PUT /v1/tenants/{tenant}/policy"
    private static let people = "GET /v1/tenants/{tenant}/people"
    private static let setRoles = "PUT /v1/tenants/{tenant}/people/{person}"

    @Test func eachSeesTheTenantsThatExistForHer() async throws {
        try await APIWorld.with { api async throws in
            func tenants(_ person: Person) async throws -> [String] {
                let list = try await api.ask("GET /v1/tenants", as: person).json(200)
                #expect(list["next"] == .null)
                return list["items"].items.compactMap { $0["id"].text }
            }
            #expect(Set(try await tenants(Fixture.eve)) == ["contoso", "fabrikam"])
            #expect(try await tenants(Fixture.sue) == ["contoso"])
            #expect(try await tenants(Fixture.finn) == ["fabrikam"])
            #expect(try await tenants(Fixture.vera) == [])
            let list = try await api.ask("GET /v1/tenants", as: Fixture.sue).json(200)
            #expect(list["items"] == [Self.contoso])
        }
    }

    @Test func tenantIsReadByItsPeopleAndTheProvidersStaff() async throws {
        try await APIWorld.with { api async throws in
            for operation in [
                "GET /v1/tenants/{tenant}", Self.policy, "GET /v1/tenants/{tenant}/resources",
            ] {
                for person in [Fixture.sue, Fixture.gita, Fixture.eve, Fixture.olga] {
                    let answer = try await api.ask(operation, ["tenant": "contoso"], as: person)
                    #expect(answer.status == 200, "\(operation) \(person.name)")
                }
                for person in [Fixture.frida, Fixture.finn, Fixture.vera] {
                    let answer = try await api.ask(operation, ["tenant": "contoso"], as: person)
                    try answer.expectProblem(404, "notFound")
                    let unknown = try await api.ask(operation, ["tenant": "nobody"], as: person)
                    #expect(unknown.bytes == answer.bytes)
                }
            }
            let body = try await api.ask(
                "GET /v1/tenants/{tenant}",
                ["tenant": "contoso"],
                as: Fixture.sue
            ).json(200)
            #expect(body == Self.contoso)
        }
    }

    @Test func resourcesAndServicesAreWhatCanBeOpened() async throws {
        try await APIWorld.with { api async throws in
            let resources = try await api.ask(
                "GET /v1/tenants/{tenant}/resources",
                ["tenant": "contoso"],
                as: Fixture.eve
            ).json(200)
            #expect(
                Set(resources["items"].items) == [
                    ["service": "mail", "id": "mailbox:sue@contoso.test"],
                    ["service": "mail", "id": "mailbox:adam@contoso.test"],
                ]
            )
            #expect(resources["next"] == .null)
            let services = try await api.ask("GET /v1/services", as: Fixture.sue).json(200)
            // How a service is reached is nobody's business.
            #expect(
                services == [
                    "items": [["id": "mail", "kind": "imap", "resources": "mailbox"]], "next": nil,
                ]
            )
        }
    }

    // MARK: - Policy

    private static func change(
        _ api: APIWorld,
        _ body: JSONValue = Sample.policy,
        as person: Person = Fixture.gita,
        tag: String? = "\"v1\""
    ) async throws -> Answer {
        try await api.ask(
            setPolicy,
            ["tenant": "contoso"],
            as: person,
            .json(body),
            headers: tag.map { [.ifMatch: $0] } ?? [:]
        )
    }

    @Test func policyIsReadWithItsTag() async throws {
        try await APIWorld.with { api async throws in
            let answer = try await api.ask(Self.policy, ["tenant": "contoso"], as: Fixture.sue)
            #expect(
                try answer.json(200) == [
                    "tenant": "contoso", "licensed": true, "requireApproval": true,
                    "decisionWindow": "PT12H", "maxAccess": "PT4H", "approvalsNeeded": 1,
                    "withheldFromTokens": [], "coolingOff": "P1D", "allowPrograms": true,
                    "retention": "none", "signedApprovals": "off",
                    "closeUnknownAccess": false, "signedChanges": "off", "version": 1,
                ]
            )
            #expect(answer.headers[.eTag] == "\"v1\"")
            let known = try await api.ask(
                Self.policy,
                ["tenant": "contoso"],
                as: Fixture.sue,
                headers: [.ifNoneMatch: "\"v1\""]
            )
            #expect(known.status == 304)
            #expect(known.bytes == [])
            #expect(known.headers[.eTag] == "\"v1\"")
        }
    }

    @Test func administratorChangesThePolicy() async throws {
        try await APIWorld.with { api async throws in
            let answer = try await Self.change(api)
            #expect(
                try answer.json(200) == [
                    "tenant": "contoso", "licensed": true, "requireApproval": true,
                    "decisionWindow": "PT6H", "maxAccess": "PT1H", "approvalsNeeded": 1,
                    "withheldFromTokens": ["decide"], "coolingOff": "P1D", "allowPrograms": true,
                    "retention": "none", "signedApprovals": "off",
                    "closeUnknownAccess": false, "signedChanges": "off", "version": 2,
                ]
            )
            #expect(answer.headers[.eTag] == "\"v2\"")
            let old = try await Self.change(api, Sample.policy.with("maxAccess", "PT2H"))
            try old.expectProblem(412, "stale", field: "If-Match")
            #expect(old.headers[.eTag] == "\"v2\"")
            // What changes nothing makes no version.
            let same = try await Self.change(api, tag: "\"v2\"")
            #expect(same.headers[.eTag] == "\"v2\"")
        }
    }

    @Test func policyIsChangedOnlyByWhoSaysWhatSheRead() async throws {
        try await APIWorld.with { api async throws in
            let none = try await Self.change(api, tag: nil)
            try none.expectProblem(428, "versionRequired", field: "If-Match")
            let odd = try await Self.change(api, tag: "v1")
            try odd.expectProblem(400, "badParameter", field: "If-Match")
            let weak = try await Self.change(api, tag: "W/\"v1\"")
            try weak.expectProblem(412, "stale", field: "If-Match")
            let any = try await Self.change(api, tag: "*")
            #expect(any.status == 200)
        }
    }

    @Test func everybodyElseChangesNoPolicy() async throws {
        try await APIWorld.with { api async throws in
            for person in Fixture.everybody where person != Fixture.gita {
                let answer = try await Self.change(api, as: person)
                if [Fixture.frida, Fixture.finn, Fixture.vera].contains(person) {
                    try answer.expectProblem(404, "notFound")
                } else {
                    try answer.expectProblem(403, "notPermitted")
                }
            }
        }
    }

    @Test(
        arguments: [
            ("decisionWindow", "PT1M", 422, "invalidField", "decisionWindow"),
            ("decisionWindow", "soon", 422, "invalidField", "decisionWindow"),
            ("maxAccess", "P2D", 422, "invalidField", "maxAccess"),
            ("approvalsNeeded", 0, 422, "invalidField", "approvalsNeeded"),
            ("approvalsNeeded", 11, 422, "invalidField", "approvalsNeeded"),
            // Contoso has two people who can approve.
            ("approvalsNeeded", 3, 409, "nobodyCanApprove", nil),
        ] as [(String, JSONValue, Int, String, String?)]
    )
    func policyThatARuleRefusesIsNamed(
        _ member: String,
        _ value: JSONValue,
        _ status: Int,
        _ code: String,
        _ field: String?
    ) async throws {
        try await APIWorld.with { api async throws in
            let answer = try await Self.change(api, Sample.policy.with(member, value))
            try answer.expectProblem(status, code, field: field)
        }
    }

    @Test func tenantWithoutTheLicenceCannotRequireApproval() async throws {
        let unlicensed = Fixture.tenant(
            isLicensed: false,
            policy: Fixture.policy(requireApproval: false)
        )
        try await APIWorld.with(contoso: unlicensed) { api async throws in
            try await Self.change(api).expectProblem(409, "notLicensed")
        }
    }

    // MARK: - People

    private static func person(_ person: Person, roles: JSONValue) -> JSONValue {
        ref(person).with("roles", roles).with("disabled", false)
    }

    @Test func peopleAreListedForThoseWhoOverseeTheTenant() async throws {
        try await APIWorld.with { api async throws in
            for reader in [Fixture.adam, Fixture.gita, Fixture.uma] {
                let list = try await api.ask(Self.people, ["tenant": "contoso"], as: reader)
                    .json(200)
                #expect(list["next"] == .null)
                #expect(
                    Set(list["items"].items) == [
                        Self.person(Fixture.sue, roles: ["member"]),
                        Self.person(Fixture.adam, roles: ["approver"]),
                        Self.person(Fixture.gita, roles: ["admin"]),
                        Self.person(Fixture.tom, roles: ["member"]),
                        Self.person(Fixture.uma, roles: ["auditor"]),
                    ]
                )
            }
            for reader in [Fixture.sue, Fixture.tom, Fixture.eve, Fixture.mark, Fixture.olga] {
                let answer = try await api.ask(Self.people, ["tenant": "contoso"], as: reader)
                try answer.expectProblem(403, "notPermitted")
            }
            for reader in [Fixture.frida, Fixture.finn, Fixture.vera] {
                let answer = try await api.ask(Self.people, ["tenant": "contoso"], as: reader)
                try answer.expectProblem(404, "notFound")
            }
        }
    }

    @Test func administratorInvitesAPerson() async throws {
        let invite = "POST /v1/tenants/{tenant}/people/{person}/invitation"
        try await APIWorld.with { api async throws in
            let parts = ["tenant": "contoso", "person": Fixture.sue.id.text]
            let answer = try await api.ask(invite, parts, as: Fixture.gita)
            let sent = try answer.json(201)
            #expect(sent["person"]["email"] == "sue@contoso.test")
            let end = try #require(Timestamp(sent["endsAt"].text ?? ""))
            #expect(end == Fixture.now + .hours(72))
            // What opens the page is in the letter alone.
            #expect(sent.members == ["endsAt", "person"])
            for other in [Fixture.adam, Fixture.sue, Fixture.mark] {
                try await api.ask(invite, parts, as: other).expectProblem(403, "notPermitted")
            }
            for person in [Fixture.frida.id.text, "PER-0000000000", "x"] {
                try await api.ask(
                    invite,
                    ["tenant": "contoso", "person": person],
                    as: Fixture.gita
                ).expectProblem(404, "notFound")
            }
            let off = try await api.ask(
                invite,
                ["tenant": "fabrikam", "person": Fixture.frida.id.text],
                as: Fixture.gita
            )
            try off.expectProblem(404, "notFound")
            for _ in 1..<Limits.invitationsPerDay {
                _ = try await api.ask(invite, parts, as: Fixture.gita).json(201)
            }
            try await api.ask(invite, parts, as: Fixture.gita)
                .expectProblem(429, "dailyLimitReached")
        }
    }

    private static func give(
        _ api: APIWorld,
        _ roles: JSONValue,
        to person: String = Fixture.sue.id.text,
        as caller: Person = Fixture.gita
    ) async throws -> Answer {
        try await api.ask(
            setRoles,
            ["tenant": "contoso", "person": person],
            as: caller,
            .json(["roles": roles])
        )
    }

    @Test func administratorSaysWhatAPersonMayDo() async throws {
        try await APIWorld.with { api async throws in
            let answer = try await Self.give(api, ["auditor", "approver"])
            #expect(
                try answer.json(200)
                    == Self.person(Fixture.sue, roles: ["approver", "auditor"])
            )
            let me = try await api.ask("GET /v1/me", as: Fixture.sue).json(200)
            #expect(me["roles"] == ["approver", "auditor"])
        }
    }

    @Test func rolesThatAreNoneAreRefused() async throws {
        try await APIWorld.with { api async throws in
            for roles: JSONValue in [["owner"], ["engineer"], ["member", ""]] {
                let answer = try await Self.give(api, roles)
                try answer.expectProblem(422, "invalidField", field: "roles")
            }
        }
    }

    @Test func personOfAnotherTenantDoesNotExist() async throws {
        try await APIWorld.with { api async throws in
            for id in [Fixture.frida.id.text, Fixture.eve.id.text, "PER-0000000000", "x"] {
                try await Self.give(api, ["member"], to: id).expectProblem(404, "notFound")
            }
        }
    }

    @Test func lastAdministratorStays() async throws {
        try await APIWorld.with { api async throws in
            let answer = try await Self.give(api, ["member"], to: Fixture.gita.id.text)
            try answer.expectProblem(409, "lastAdministrator")
        }
    }

    @Test func everybodyElseChangesNobody() async throws {
        try await APIWorld.with { api async throws in
            for person in Fixture.everybody where person != Fixture.gita {
                let answer = try await Self.give(api, ["admin"], as: person)
                if [Fixture.frida, Fixture.finn, Fixture.vera].contains(person) {
                    try answer.expectProblem(404, "notFound")
                } else {
                    try answer.expectProblem(403, "notPermitted")
                }
            }
        }
    }
}
