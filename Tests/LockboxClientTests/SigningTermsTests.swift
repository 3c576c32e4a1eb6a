import LockboxWire
import Testing

@testable import lockbox

/// What the command line has signed, held against what was shown.
@Suite struct SigningTermsTests {
    private static let origin = "lockbox.test/v1/tenants/contoso/log"
    /// A minute after the statement.
    private static let now = TimeText.milliseconds("2026-11-28T03:21:11Z") ?? 0

    private static let members: [String: JSONValue] = [
        "approver": "PER-ADAM000000", "decision": "approve", "duration": "PT1H",
        "end": "afterDuration", "engineer": "PER-EVE0000000",
        "issued": "2026-11-28T03:20:11.000Z",
        "log": .object(["origin": .string(origin), "size": 17]),
        "nonce": "AAECAwQFBgcICQoLDA0ODw", "policy": 2, "quorum": 2,
        "request": "LBX-7K3M9QPXAB", "requestVersion": 3,
        "resources": .array([resource("mailbox:sue@contoso.test", ["read"])]),
        "start": "onApproval", "tenant": "contoso", "type": "lockbox-approval",
        "v": 1,
    ]

    private static func resource(
        _ name: String,
        _ actions: [String],
        service: String = "mail",
        kind: String = "mailbox"
    ) -> JSONValue {
        .object([
            "actions": .array(actions.map { .string($0) }), "kind": .string(kind),
            "name": .string(name), "service": .string(service),
        ])
    }

    private static func text(_ changed: [String: JSONValue] = [:]) throws -> String {
        try ExportedLog.canonical(.object(members.merging(changed) { $1 }))
    }

    private static func terms(
        duration: String? = nil,
        resources: [ResourceAccess]? = nil,
        notBefore: String? = nil,
        logName: String? = origin
    ) -> SigningTerms {
        SigningTerms(
            request: AccessRequestBody(
                id: "LBX-7K3M9QPXAB",
                state: .awaitingCustomer,
                version: 3,
                tenant: "contoso",
                supportRequest: "SR-1",
                engineer: PersonRef(id: "PER-EVE0000000", name: "Eve", email: "eve@lockbox.test"),
                reason: "Mail does not arrive.",
                resources: [
                    ResourceAccess(
                        service: "mail",
                        id: "mailbox:sue@contoso.test",
                        actions: ["read"]
                    ),
                    ResourceAccess(
                        service: "mail",
                        id: "mailbox:sam@contoso.test",
                        actions: ["read", "write"]
                    ),
                ],
                duration: "PT2H",
                notBefore: notBefore,
                createdAt: "2026-11-28T03:00:00.000Z",
                decideBy: nil,
                approvalsNeeded: 2,
                decisions: [],
                grant: nil
            ),
            version: 3,
            duration: duration,
            resources: resources,
            approver: "PER-ADAM000000",
            logName: logName
        )
    }

    private static func refusal(_ text: String, _ terms: SigningTerms = terms()) -> String? {
        do throws(Failure) {
            _ = try terms.statement(text, now: now)
            return nil
        } catch {
            return error.message
        }
    }

    @Test func whatWasShownOrLessIsSignedAndSaidInWords() throws {
        let both: JSONValue = .array([
            Self.resource("mailbox:sue@contoso.test", ["read"]),
            Self.resource("mailbox:sam@contoso.test", ["read", "write"]),
        ])
        for changed in [
            [:], ["duration": "PT2H", "resources": both], ["duration": "PT0.500S"],
            ["quorum": 3], ["issued": "2026-11-28T03:22:00.000Z"],
        ] as [[String: JSONValue]] {
            #expect(try Self.refusal(Self.text(changed)) == nil)
        }
        let start = "2026-12-01T00:00:00.000Z"
        let later = Self.terms(notBefore: start)
        #expect(try Self.refusal(Self.text(["start": .string(start)]), later) == nil)
        let terms = Self.terms(logName: nil)
        let said = try terms.statement(Self.text(["resources": both]), now: Self.now)
        let words = terms.sheet(said, now: Self.now).joined(separator: "\n")
        for word in [
            "LBX-7K3M9QPXAB, version 3", "PER-EVE0000000", "eve@lockbox.test", "1 h",
            "mailbox:sue@contoso.test (mail): read",
            "mailbox:sam@contoso.test (mail): read and write",
            Self.origin, "audit verify", "1 min ago",
        ] {
            #expect(words.contains(word), "\(word)")
        }
    }

    @Test(
        arguments: [
            ("request", "LBX-0THERREQ00", "request is"), ("tenant", "fabrikam", "tenant is"),
            ("engineer", "PER-MALL0RY000", "engineer is"),
            ("approver", "PER-A1AN000000", "approver is"),
            ("requestVersion", 4, "version of the request is"),
            ("duration", "PT2H0.001S", "duration is"), ("duration", "PT4H", "at most PT2H"),
            ("start", "2026-11-29T00:00:00.000Z", "start is"), ("quorum", 1, "needed is 1"),
            ("issued", "2026-11-28T03:16:10.999Z", "made at"),
            ("issued", "2026-11-28T03:26:11.001Z", "made at"),
            ("issued", "2027-11-28T03:20:11.000Z", "made at"), ("policy", -1, "This is not"),
            ("decision", "deny", "This is not"), ("type", "lockbox-approval/2", "This is not"),
            (
                "log", .object(["origin": "lockbox.test/v1/tenants/fabrikam/log", "size": 1]),
                "log is"
            ),
            (
                "log", .object(["origin": "other.test/v1/tenants/contoso/log", "size": 1]),
                "log is"
            ),
            (
                "resources", .array([resource("mailbox:ceo@contoso.test", ["read"])]),
                "ceo@contoso.test"
            ),
            (
                "resources", .array([resource("mailbox:sue@contoso.test", ["read", "write"])]),
                "opened for"
            ),
            (
                "resources",
                .array([resource("mailbox:sue@contoso.test", ["read"], service: "files")]),
                "none of those"
            ),
            (
                "resources",
                .array([resource("mailbox:sue@contoso.test", ["read"], kind: "folder")]),
                "none of those"
            ),
            (
                "resources",
                .array([
                    resource("mailbox:sue@contoso.test", ["read"]),
                    resource("mailbox:ceo@contoso.test", ["read"]),
                ]), "ceo@contoso.test"
            ),
        ] as [(String, JSONValue, String)]
    )
    func whatDiffersIsRefusedByName(
        _ member: String,
        _ value: JSONValue,
        _ name: String
    ) throws {
        let refusal = try Self.refusal(Self.text([member: value]))
        #expect(refusal?.contains(name) == true, "\(refusal ?? "signed")")
        #expect(refusal?.contains("Nothing was signed") == true)
    }

    @Test func optionsNarrowWhatIsSigned() throws {
        #expect(try Self.refusal(Self.text(), Self.terms(duration: "PT60M")) == nil)
        #expect(
            try Self.refusal(Self.text(), Self.terms(duration: "PT30M"))?.contains("PT30M") == true
        )
        #expect(try Self.refusal(Self.text(), Self.terms(duration: "P1W"))?.contains("P1W") == true)
        let sam = ResourceAccess(service: "mail", id: "mailbox:sam@contoso.test", actions: ["read"])
        #expect(
            try Self.refusal(Self.text(), Self.terms(resources: [sam]))?.contains("sue@") == true
        )
        let writing = try Self.text([
            "resources": .array([Self.resource("mailbox:sam@contoso.test", ["read", "write"])])
        ])
        #expect(Self.refusal(writing) == nil)
        #expect(Self.refusal(writing, Self.terms(resources: [sam]))?.contains("alone") == true)
    }

    @Test func ofALogThatIsNotRememberedTheTenantCounts() throws {
        let terms = Self.terms(logName: nil)
        for (origin, isTaken) in [
            (Self.origin, true), ("other.test/v1/tenants/contoso/log", true),
            ("lockbox.test/v1/tenants/fabrikam/log", false),
            ("lockbox.test/v1/provider/log", false),
        ] {
            let log = JSONValue.object(["origin": .string(origin), "size": 1])
            #expect(
                try (Self.refusal(Self.text(["log": log]), terms) == nil) == isTaken,
                "\(origin)"
            )
        }
    }

    @Test(arguments: ["", "{}", "[]", " ", "{\"v\":1}"])
    func whatIsNoStatementIsRefused(_ text: String) throws {
        #expect(Self.refusal(text)?.contains("Nothing was signed") == true)
        #expect(try Self.refusal(Self.text() + " ") != nil)
    }
}
