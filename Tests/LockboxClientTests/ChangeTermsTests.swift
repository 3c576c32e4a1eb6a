import LockboxWire
import Testing

@testable import lockbox

/// What the command line has signed of ends of access and of rules, held against what was shown.
@Suite struct ChangeTermsTests {
    private static let origin = "lockbox.test/v1/tenants/contoso/log"
    /// A minute after the statements.
    private static let now = TimeText.milliseconds("2026-11-28T03:21:11Z") ?? 0

    private static let common: [String: JSONValue] = [
        "issued": "2026-11-28T03:20:11.000Z",
        "log": .object(["origin": .string(origin), "size": 17]),
        "nonce": "AAECAwQFBgcICQoLDA0ODw", "person": "PER-GITA000000", "tenant": "contoso",
        "v": 1,
    ]
    private static let place = StatementPlace(
        tenant: "contoso",
        person: "PER-GITA000000",
        logName: origin
    )

    private static func text(_ members: [String: JSONValue]) throws -> String {
        try ExportedLog.canonical(.object(common.merging(members) { $1 }))
    }

    private static func refusal(_ read: () throws -> Void) -> String? {
        do {
            try read()
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// What both kinds must say of where they were made.
    private static let elsewhere: [([String: JSONValue], String)] = [
        (["person": "PER-ADAM000000"], "person is"), (["tenant": "fabrikam"], "tenant is"),
        (["log": .object(["origin": "other.test/v1/tenants/contoso/log", "size": 1])], "log is"),
        (["issued": "2026-11-28T03:10:11.000Z"], "made at"), (["more": 1], "members"),
        (["type": "lockbox-approval"], "members"),
    ]

    // MARK: - Ends of access

    private static let revoke: [String: JSONValue] = [
        "engineer": "PER-EVE0000000", "request": "LBX-7K3M9QPXAB", "requestVersion": 4,
        "type": "lockbox-revoke",
    ]
    private static let revokeTerms = RevokeTerms(
        request: AccessRequestBody(
            id: "LBX-7K3M9QPXAB",
            state: .active,
            version: 4,
            tenant: "contoso",
            supportRequest: "SR-1",
            engineer: PersonRef(id: "PER-EVE0000000", name: "Eve", email: "eve@lockbox.test"),
            reason: "Mail does not arrive.",
            resources: [],
            duration: "PT2H",
            notBefore: nil,
            createdAt: "2026-11-28T03:00:00.000Z",
            decideBy: nil,
            approvalsNeeded: 1,
            decisions: [],
            grant: nil
        ),
        place: place
    )

    @Test func endThatWasShownIsSigned() throws {
        let said = try Self.revokeTerms.statement(Self.text(Self.revoke), now: Self.now)
        let sheet = Self.revokeTerms.sheet(said, now: Self.now).joined(separator: "\n")
        #expect(sheet.contains("LBX-7K3M9QPXAB") && sheet.contains("PER-EVE0000000"))
    }

    @Test(
        arguments: elsewhere + [
            (["request": "LBX-0THERREQ00"], "request is"),
            (["requestVersion": 3], "version of the request is"),
            (["engineer": "PER-MA110RY000"], "engineer is"),
        ]
    )
    func endOfAnythingElseIsRefusedByName(_ changed: [String: JSONValue], _ named: String) throws {
        let text = try Self.text(Self.revoke.merging(changed) { $1 })
        let refusal = Self.refusal {
            _ = try Self.revokeTerms.statement(text, now: Self.now)
        }
        #expect(refusal?.contains(named) == true, "\(refusal ?? "signed")")
        #expect(refusal?.contains("Nothing was signed") == true)
    }

    // MARK: - Rules

    private static let rules: [String: JSONValue] = [
        "requireApproval": true, "decisionWindow": "PT1H30M", "maxAccess": "PT2H",
        "approvalsNeeded": 2, "withheldFromTokens": ["decide", "administer"], "coolingOff": "P1D",
        "allowPrograms": true, "signedApprovals": "off", "closeUnknownAccess": false,
        "signedChanges": "required",
    ]
    /// As a body of the API spells the same.
    private static let body: JSONValue = .object(
        rules.merging([
            "decisionWindow": "PT90M", "withheldFromTokens": ["administer", "decide"],
            "retention": "none", "version": 7, "id": "PLC-7K3M9QPXAB",
        ]) { $1 }
    )
    private static let policyTerms = PolicyTerms(
        rules: PolicyTerms.rules(of: body),
        version: 3,
        place: place
    )

    private static func policy(_ changed: [String: JSONValue] = [:]) throws -> String {
        let members: [String: JSONValue] = [
            "policy": 3, "rules": .object(rules), "type": "lockbox-policy",
        ]
        return try text(members.merging(changed) { $1 })
    }

    @Test func rulesThatWereAskedForAreSignedInWhicheverSpelling() throws {
        let said = try Self.policyTerms.statement(Self.policy(), now: Self.now)
        let sheet = Self.policyTerms.sheet(said, now: Self.now).joined(separator: "\n")
        for words in ["Approvals needed", "Signed changes", "required", "for ever"] {
            #expect(sheet.contains(words), "\(words) in \(sheet)")
        }
    }

    @Test(arguments: elsewhere + [(["policy": 2], "version of the rules is")])
    func statementOfAnythingElseIsRefusedByName(
        _ changed: [String: JSONValue],
        _ named: String
    ) throws {
        let text = try Self.policy(changed)
        let refusal = Self.refusal {
            _ = try Self.policyTerms.statement(text, now: Self.now)
        }
        #expect(refusal?.contains(named) == true, "\(refusal ?? "signed")")
    }

    @Test(
        arguments: [
            ("maxAccess", "PT3H"), ("approvalsNeeded", 1), ("requireApproval", false),
            ("withheldFromTokens", ["decide"]), ("signedChanges", "off"), ("retention", "P90D"),
            ("allowPrograms", nil), ("more", true),
        ] as [(String, JSONValue?)]
    )
    func ruleThatWasNotAskedForIsRefusedByName(_ name: String, _ value: JSONValue?) throws {
        var rules = Self.rules
        rules[name] = value
        let text = try Self.policy(["rules": .object(rules)])
        let refusal = Self.refusal {
            _ = try Self.policyTerms.statement(text, now: Self.now)
        }
        #expect(refusal?.contains("rule \(name) is") == true, "\(refusal ?? "signed")")
    }
}
