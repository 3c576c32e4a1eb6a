import Crypto
import LockboxTestAuthenticator
import LockboxWire
import MerkleLog
import Testing

@testable import LockboxApprovals

/// Which access has the signatures that it needs, and each way in which it has not.
struct ApprovalCheckTests {
    @Test func accessThatIsSignedByAConfirmedKeyIsInOrder() throws {
        #expect(try SignedLog().faults() == [:])
    }

    /// A change that makes a record wrong, and what is said of the approval.
    struct Wrong: CustomTestStringConvertible, Sendable {
        let what: String
        let fault: ApprovalFault
        let change: @Sendable (inout SignedLog) throws -> Void

        init(
            _ what: String,
            _ fault: ApprovalFault,
            _ change: @escaping @Sendable (inout SignedLog) throws -> Void
        ) {
            (self.what, self.fault, self.change) = (what, fault, change)
        }

        var testDescription: String { what }

        static func member(_ name: String, _ value: JSONValue, _ fault: ApprovalFault) -> Wrong {
            Wrong("another \(name)", fault) { $0.statement[name] = value }
        }
    }

    static let approvals: [Wrong] = [
        .member("approver", .string(SignedLog.gita), .statementElsewhere),
        .member("request", "LBX-1111111111", .statementElsewhere),
        .member("tenant", "fabrikam", .statementElsewhere),
        .member("engineer", "PER-MALLORY000", .statementElsewhere),
        .member("policy", 2, .statementElsewhere),
        .member("requestVersion", 1, .statementElsewhere),
        .member("issued", "2026-11-28T10:04:00.000Z", .statementTime),
        .member("issued", "2026-11-28T10:00:00Z", .statementMembers),
        .member("decision", "deny", .statementMembers),
        .member("end", "never", .statementMembers),
        .member("v", 2, .statementMembers),
        .member("type", "lockbox-revoke", .statementMembers),
        .member("nonce", "AAEC", .statementMembers),
        .member("resources", [], .statementMembers),
        .member("аpprover", "homoglyph", .statementUnreadable),
        .member("more", "of it", .statementMembers),
        .member("duration", "1h", .statementMembers),
        .member("start", "soon", .statementMembers),
        .member(
            "log",
            ["origin": "lockbox.contoso.example/v1/tenants/fabrikam/log", "size": 5],
            .statementElsewhere
        ),
        .member(
            "log",
            ["origin": "lockbox.contoso.example/v1/tenants/contoso/log", "size": 500],
            .statementTime
        ),
        Wrong("a member is missing", .statementMembers) { $0.statement["quorum"] = nil },
        Wrong("members in another order", .statementUnreadable) {
            $0.text = $0.message.replacing(#"{"approver""#, with: #"{"v":1,"approver""#)
                .replacing(#","v":1}"#, with: "}")
        },
        Wrong("a member twice", .statementUnreadable) {
            $0.text = $0.message.replacing(#","v":1}"#, with: #","v":1,"v":1}"#)
        },
        Wrong("white space", .statementUnreadable) { $0.text = $0.message + "\n" },
        Wrong("signed another statement", .challenge) {
            $0.signature = try $0.signed(over: $0.message)
            $0.statement["duration"] = "PT2H"
        },
        Wrong("signed by another key", .signature) {
            let other = try SoftAuthenticator(at: SignedLog.origin, party: $0.device.party)
            let (registered, text) = ($0.device, $0.message)
            $0.device = other
            $0.signature = try $0.signed(over: text)
            $0.device = registered
        },
        Wrong("by another site's passkey", .origin) {
            $0.device.party = "evil.example"
        },
        Wrong("at another site", .origin) { $0.device.origin = "https://evil.example" },
        Wrong("at a site without TLS", .origin) {
            $0.device.origin = "http://lockbox.contoso.example"
        },
        Wrong("in a frame of another site", .origin) {
            $0.device.members = #","crossOrigin":true"#
        },
        Wrong("below another site", .origin) {
            $0.device.members = #","topOrigin":"https://evil.example""#
        },
        Wrong("a new passkey in place of an answer", .clientData) {
            $0.device.type = "webauthn.create"
        },
        Wrong("client data with a member twice", .clientData) {
            $0.device.members = #","origin":"https://evil.example""#
        },
        Wrong("nobody was asked who she is", .userVerification) { $0.device.flags = 1 },
        Wrong("nobody was there", .userVerification) { $0.device.flags = 4 },
        Wrong("the key was removed", .keyUnknown) { $0.isRemoved = true },
        Wrong("the key is too new", .keyTooNew) { $0.isConfirmed = false },
        Wrong("no signature of a kind", .incomplete) { $0.signature = ["kind": "none"] },
        Wrong("an SSH signature in the name of a passkey", .keyUnknown) {
            $0.signature = [
                "kind": "sshsig", "key": .string(SignedLog.passkey), "signature": "AAAA",
            ]
        },
        Wrong("approved by somebody else", .statementElsewhere) { $0.approvedBy = SignedLog.gita },
    ]

    @Test(arguments: approvals) func approvalThatIsNotSignedByTheRulesIsNone(_ wrong: Wrong) throws
    {
        let faults = try SignedLog(wrong.change).faults()
        #expect(faults["request.approved"] == wrong.fault)
        #expect(faults["access.granted"] == .approvals)
    }

    @Test func keyCountsAfterTheCoolingOffWithoutAConfirmation() throws {
        let log = try SignedLog {
            $0.isConfirmed = false
            $0.approvedAt = "2026-11-29T09:00:00.000Z"
            $0.granted["start"] = "2026-11-29T09:00:00.000Z"
            $0.granted["end"] = "2026-11-29T10:00:00.000Z"
        }
        #expect(try log.faults() == [:])
    }

    @Test(arguments: [SignedLog.adam, "console", "system"])
    func confirmationIsByAnotherPerson(_ actor: String) throws {
        let faults = try SignedLog { $0.confirmedBy = actor }.faults()
        #expect(faults["signingKey.confirmed"] == .confirmation)
        #expect(faults["request.approved"] == .keyTooNew)
    }

    static let grants: [Wrong] = [
        Wrong("longer", .quorum) { $0.granted["end"] = "2026-11-28T11:01:00.001Z" },
        Wrong("more actions", .quorum) {
            $0.granted["resources"] = [["service": "mail", "actions": ["read", "write"]]]
        },
        Wrong("another service", .quorum) {
            $0.granted["resources"] = [["service": "files", "actions": ["read"]]]
        },
        Wrong("another mailbox", .quorum) { $0.opened = "mailbox:ceo@contoso.test" },
        Wrong("before its start", .quorum) {
            $0.statement["start"] = "2026-11-28T10:02:00.000Z"
        },
        Wrong("before it was approved", .quorum) {
            $0.granted["start"] = "2026-11-28T09:58:59.999Z"
            $0.granted["end"] = "2026-11-28T10:58:59.999Z"
        },
        Wrong("put off", .quorum) {
            $0.granted["start"] = "2026-11-28T10:16:00.001Z"
            $0.granted["end"] = "2026-11-28T11:16:00.001Z"
        },
        Wrong("two are needed", .approvals) { $0.policy["approvalsNeeded"] = 2 },
        Wrong("without approval", .basis) { $0.granted["basis"] = "policy" },
        Wrong("without a reason", .record) { $0.granted["basis"] = "favour" },
        Wrong("without resources", .record) { $0.granted["resources"] = [] },
    ]

    @Test(arguments: grants) func grantThatNoSignedApprovalCoversIsAFinding(_ wrong: Wrong) throws {
        #expect(try SignedLog(wrong.change).faults() == ["access.granted": wrong.fault])
    }

    @Test func signatureOfOneRequestIsNoneOfAnother() throws {
        let log = try SignedLog()
        var check = ApprovalCheck(tenant: "contoso")
        let records = try log.records()
        for record in records { #expect(check.read(record).isEmpty) }
        let approved = try #require(records.first { $0.activity == "request.approved" })
        for (request, fault) in [
            ("LBX-1111111111", ApprovalFault.statementElsewhere),
            (SignedLog.request, .statementAgain),
        ] {
            let again = ApprovalCheck.Record(
                index: 20,
                time: approved.time,
                activity: approved.activity,
                actor: approved.actor,
                request: request,
                data: approved.data,
                texts: approved.texts
            )
            #expect(check.read(again).map(\.fault) == [fault])
        }
    }

    @Test(arguments: [nil, "off"] as [String?])
    func signaturesAreNotNeededWhereTheRulesDoNotAskForThem(_ mode: String?) throws {
        let log = try SignedLog {
            $0.policy["signedApprovals"] = mode.map { .string($0) }
            $0.isSigned = false
        }
        #expect(try log.faults() == [:])
    }

    /// What is left out or put in before access is granted, in a tenant whose rules ask for no
    /// signatures.
    @Test(
        arguments: [
            ("request.submitted", nil, .requestOver), ("request.approved", nil, .approvals),
            (nil, "request.denied", .requestOver), (nil, "request.rejected", .requestOver),
            (nil, "request.withdrawn", .requestOver), (nil, "request.expired", .requestOver),
            (nil, "access.ended", .requestOver), (nil, "access.granted", .requestOver),
            ("request.approved", "request.approvedByManager", .approvals),
        ] as [(String?, String?, ApprovalFault)]
    )
    func accessNeedsItsApprovalsWithoutSignaturesToo(
        _ left: String?,
        _ put: String?,
        _ fault: ApprovalFault
    ) throws {
        let log = try SignedLog {
            $0.policy["signedApprovals"] = "off"
            $0.isSigned = false
        }
        var records = try log.records().filter { $0.activity != left }
        let grant = records.removeLast()
        if let put { records.append(Self.record(like: grant, saying: put)) }
        var check = ApprovalCheck(tenant: "contoso")
        for record in records { #expect(check.read(record).isEmpty) }
        #expect(check.read(grant).map(\.fault) == [fault])
    }

    @Test func requestThatIsOverIsNotSubmittedAgain() throws {
        let records = try SignedLog().records()
        let submitted = try #require(records.first { $0.activity == "request.submitted" })
        let grant = try #require(records.last)
        var check = ApprovalCheck(tenant: "contoso")
        for record in records { #expect(check.read(record).isEmpty) }
        #expect(check.read(Self.record(like: grant, saying: "access.ended")).isEmpty)
        #expect(check.read(submitted).map(\.fault) == [ApprovalFault.requestOver])
    }

    @Test(arguments: ["console", "system", SignedLog.eve])
    func approvalIsByAPersonAndNotByWhoGetsAccess(_ actor: String) throws {
        let log = try SignedLog {
            $0.policy["signedApprovals"] = "off"
            ($0.isSigned, $0.approvedBy) = (false, actor)
        }
        #expect(try log.faults() == ["access.granted": .approvals])
    }

    private static func record(
        like other: ApprovalCheck.Record,
        saying activity: String
    ) -> ApprovalCheck.Record {
        ApprovalCheck.Record(
            index: other.index,
            time: other.time,
            activity: activity,
            actor: other.actor,
            request: other.request,
            data: other.data,
            texts: other.texts
        )
    }

    /// With the fields of `erased` gone from the records that had them.
    private static func faults(
        of log: SignedLog,
        erasing erased: Set<String>
    ) throws -> [String: ApprovalFault] {
        var check = ApprovalCheck(tenant: "contoso")
        return try log.records().reduce(into: [:]) { faults, record in
            let left = ApprovalCheck.Record(
                index: record.index,
                time: record.time,
                activity: record.activity,
                actor: record.actor,
                request: record.request,
                data: record.data,
                texts: record.texts.filter { !erased.contains($0.key) },
                erased: erased.intersection(record.texts.keys)
            )
            faults[record.activity] = check.read(left).first?.fault
        }
    }

    @Test(arguments: [["statement"], ["resource0"], ["resource0", "statement"]] as [Set<String>])
    func accessOfWhichTextsWereErasedIsNeitherInOrderNorWrong(_ erased: Set<String>) throws {
        let faults = try Self.faults(of: SignedLog(), erasing: erased)
        #expect(faults == ["access.granted": .erased])
    }

    @Test func erasureHidesNeitherAMissingApprovalNorLongerAccess() throws {
        let two = try SignedLog { $0.policy["approvalsNeeded"] = 2 }
        #expect(try Self.faults(of: two, erasing: ["statement"]) == ["access.granted": .approvals])
        let longer = try SignedLog { $0.granted["end"] = "2026-11-28T12:01:00.000Z" }
        #expect(try Self.faults(of: longer, erasing: ["resource0"]) == ["access.granted": .quorum])
    }

    @Test func recordOfAnotherKindMakesNoRules() throws {
        var check = ApprovalCheck(tenant: "contoso")
        for record in try SignedLog().records() where record.activity == "tenant.added" {
            #expect(check.read(record).isEmpty)
            var data = record.data
            data["policy"] = ["requireApproval": false, "approvalsNeeded": 1]
            let renamed = ApprovalCheck.Record(
                index: 1,
                time: record.time,
                activity: "tenant.renamed",
                actor: record.actor,
                request: nil,
                data: data,
                texts: [:]
            )
            #expect(check.read(renamed).isEmpty)
        }
        #expect(check.needsSignatures)
    }

    @Test func rulesThatAreNotKnownAskForSignatures() throws {
        let log = try SignedLog {
            $0.policy["signedApprovals"] = "sometimes"
            $0.isSigned = false
        }
        #expect(try log.faults() == ["access.granted": .quorum])
    }
}
