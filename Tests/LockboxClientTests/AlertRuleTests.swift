import LockboxClient
import LockboxWire
import Testing

/// What of a log is told, and what is not.
@Suite struct AlertRuleTests {
    private typealias Record = (activity: String, data: [String: JSONValue])

    private static let rules: [String: JSONValue] = [
        "requireApproval": .bool(true), "approvalsNeeded": .integer(2),
        "decisionWindow": .string("PT12H"), "maxAccess": .string("PT4H"),
        "coolingOff": .string("P1D"), "withheldFromTokens": .array([.string("decide")]),
        "allowPrograms": .bool(false), "signedApprovals": .string("required"),
    ]
    private static let grant: Record = (
        "access.granted", ["basis": .string("approval"), "end": .string("later")]
    )

    /// What is told of the last of these records, all of one request and by one actor.
    private func told(_ records: Record...) throws -> [LogAlert.Kind] {
        var log = try ExportedLog(records: 0)
        for (index, record) in records.enumerated() {
            try log.append(index: UInt64(index), activity: record.activity, data: record.data)
        }
        var rule = AlertRule()
        var last: [LogAlert] = []
        for record in try log.records() { last = rule.read(record) }
        return last.map(\.kind)
    }

    private func person(_ roles: [String], _ more: [String: JSONValue] = [:]) -> Record {
        let data: [String: JSONValue] = [
            "person": .string("PER-1"), "roles": .array(roles.map { .string($0) }),
            "disabled": .bool(false),
        ]
        return ("person.changed", data.merging(more) { $1 })
    }

    private var tenant: Record { ("tenant.added", ["policy": .object(Self.rules)]) }

    private func changed(_ more: [String: JSONValue]) -> Record {
        ("tenant.policyChanged", ["policy": .object(Self.rules.merging(more) { $1 })])
    }

    @Test func whoDecidesIsTold() throws {
        #expect(try told(person(["approver"])) == [.approverAppeared])
        #expect(try told(person(["member"])) == [])
        #expect(try told(person(["approver"]), person(["approver"])) == [])
        #expect(
            try told(person(["approver"]), person(["approver", "admin"])) == [.approverChanged]
        )
        #expect(try told(person(["admin"]), person(["member"])) == [.approverLeft])
        let off = person(["approver"], ["disabled": .bool(true)])
        #expect(try told(person(["approver"]), off) == [.approverLeft])
        #expect(try told(off, person(["approver"])) == [.approverAppeared])
        let confirmed = person(["approver"], ["confirmedBy": .array([.string("PER-2")])])
        #expect(try told(person(["approver"]), confirmed) == [.approverChanged])
        #expect(
            try told(
                (
                    "person.proposed",
                    ["person": .string("PER-1"), "proposedRoles": .array([.string("admin")])]
                )
            ) == [.approverProposed]
        )
    }

    @Test func keysAreTold() throws {
        let key: [String: JSONValue] = ["key": .string("KEY-1"), "person": .string("PER-1")]
        #expect(try told(("signingKey.added", key)) == [.keyAdded])
        #expect(try told(("signingKey.confirmed", key)) == [.keyConfirmed])
        let passkey: [String: JSONValue] = [
            "passkey": .string("PKY-1"), "person": .string("PER-1"),
        ]
        #expect(try told(person(["approver"]), ("passkey.registered", passkey)) == [.keyAdded])
        #expect(try told(person(["member"]), ("passkey.registered", passkey)) == [])
        #expect(try told(("key.changed", ["key": .string("vkey")])) == [.logKeyChanged])
    }

    @Test(arguments: [
        ("requireApproval", JSONValue.bool(false)), ("approvalsNeeded", .integer(1)),
        ("decisionWindow", .string("P1D")), ("maxAccess", .string("PT4H1S")),
        ("coolingOff", .string("PT23H")), ("withheldFromTokens", .array([])),
        ("allowPrograms", .bool(true)), ("signedApprovals", .string("off")),
        ("retention", .string("P90D")), ("maxAccess", .string("long")), ("unheardOf", .integer(1)),
    ])
    func looserRulesAreTold(_ name: String, _ value: JSONValue) throws {
        #expect(try told(tenant, changed([name: value])) == [.policyLoosened])
        let wanted: Record = (
            "tenant.policyChangeAsked",
            ["wanted": .object(Self.rules.merging([name: value]) { $1 })]
        )
        #expect(try told(tenant, wanted) == [.policyAsked])
    }

    @Test(arguments: [
        ("approvalsNeeded", JSONValue.integer(3)), ("decisionWindow", .string("PT1H")),
        ("maxAccess", .string("PT240M")), ("coolingOff", .string("PT25H")),
        ("withheldFromTokens", .array([.string("decide"), .string("administer")])),
    ])
    func stricterRulesAreNoNews(_ name: String, _ value: JSONValue) throws {
        #expect(try told(tenant, changed([name: value])) == [])
    }

    @Test func aLicenceThatEndsIsTold() throws {
        let ended: Record = (
            "tenant.licenceChanged", ["policy": .object(Self.rules), "licensed": .bool(false)]
        )
        #expect(try told(tenant, ended) == [.policyLoosened])
    }

    @Test func accessWithoutWhatWasDueIsTold() throws {
        let policy: Record = ("access.granted", ["basis": .string("policy")])
        let signed: Record = ("request.approved", ["signature": .object([:])])
        let one = changed(["approvalsNeeded": .integer(1)])
        let unsigned = changed([
            "approvalsNeeded": .integer(1), "signedApprovals": .string("off"),
        ])
        #expect(try told(tenant, policy) == [.accessUnapproved])
        #expect(try told(one, Self.grant) == [.accessUnapproved])
        #expect(try told(one, signed, Self.grant) == [])
        #expect(try told(one, ("request.approved", [:]), Self.grant) == [.accessUnsigned])
        #expect(try told(unsigned, ("request.approved", [:]), Self.grant) == [])
        // The same person twice is one.
        #expect(try told(tenant, signed, signed, Self.grant) == [.accessUnapproved])
        let asked: Record = ("request.customerAsked", ["approvalsNeeded": .integer(2)])
        #expect(try told(one, asked, signed, Self.grant) == [.accessUnapproved])
        #expect(try told(("access.unknown", [:])) == [.accessUnknown])
    }

    @Test func whatHappensToTheLogIsTold() throws {
        #expect(try told(("texts.erased", ["erased": .array([])])) == [.textsErased])
        #expect(try told(("log.recovered", [:])) == [.logRecovered])
        #expect(try told(("request.submitted", [:])) == [])
    }
}
