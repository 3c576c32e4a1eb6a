import LockboxTestAuthenticator
import LockboxWire
import MerkleLog
import Testing

@testable import LockboxApprovals

/// Rules that change by signatures alone, and ends of access that are signed.
struct RuleChangeTests {
    /// A log of a tenant whose rules need two people, with an SSH key of each.
    private struct RuleLog {
        static let before: [String: JSONValue] = [
            "requireApproval": true, "approvalsNeeded": 2, "coolingOff": "PT1H",
            "maxAccess": "PT4H", "signedApprovals": "required", "signedChanges": "required",
        ]
        static let looser = before.merging(["maxAccess": "PT8H"]) { $1 }
        static let stricter = before.merging(["maxAccess": "PT2H"]) { $1 }

        var check = ApprovalCheck(tenant: "contoso")
        let signers: [String: SSHSigner]
        private var size: UInt64 = 0

        init() throws {
            signers = [SignedLog.adam: SSHSigner(), SignedLog.gita: SSHSigner()]
            try add("tenant.added", by: "console", ["policy": .object(Self.before), "version": 1])
            for (person, other) in [
                (SignedLog.adam, SignedLog.gita), (SignedLog.gita, SignedLog.adam),
            ] {
                let line = try #require(signers[person]).publicKey.dropLast(" test".count)
                let key: [String: JSONValue] = [
                    "key": .string(Self.key(of: person)), "person": .string(person),
                    "publicKey": .string(String(line)),
                ]
                try add("signingKey.added", by: person, key)
                try add("signingKey.confirmed", by: other, key)
            }
        }

        private static func key(of person: String) -> String { "KEY-\(person.dropFirst(4))" }

        mutating func add(
            _ activity: String,
            by actor: String,
            at time: String = "2026-11-28T10:00:00.000Z",
            _ data: [String: JSONValue],
            finds faults: [ApprovalFault] = [],
            location: SourceLocation = #_sourceLocation
        ) throws {
            let found = check.read(
                .init(
                    index: size,
                    time: time,
                    activity: activity,
                    actor: actor,
                    request: activity.hasPrefix("tenant.") || activity.hasPrefix("signingKey.")
                        ? nil : SignedLog.request,
                    data: data,
                    texts: [:]
                )
            )
            size += 1
            #expect(found.map(\.fault) == faults, sourceLocation: location)
        }

        /// Statement and signature of `person`.
        func signed(
            _ members: [String: JSONValue],
            by person: String,
            type: String = "lockbox-policy",
            namespace: String? = nil
        ) throws -> [String: JSONValue] {
            let common: [String: JSONValue] = [
                "issued": "2026-11-28T09:59:00.000Z",
                "log": [
                    "origin": "lockbox.contoso.example/v1/tenants/contoso/log",
                    "size": .integer(Int64(size)),
                ],
                "nonce": .string(
                    (Array(repeating: 7, count: 14) + [UInt8(size), UInt8(person.count)]).base64URL
                ),
                "person": .string(person), "tenant": "contoso", "type": .string(type), "v": 1,
            ]
            let text = String(
                decoding: SignedLog.canonical(.object(common.merging(members) { $1 })),
                as: UTF8.self
            )
            var signer = try #require(signers[person])
            signer.namespace = namespace ?? type
            return [
                "statement": .string(text),
                "signature": [
                    "kind": "sshsig", "key": .string(Self.key(of: person)),
                    "signature": .string(Base64.encode(try signer.sign(text))),
                ],
            ]
        }

        func change(
            to rules: [String: JSONValue],
            signedBy person: String?,
            version: Int64 = 2
        ) throws -> [String: JSONValue] {
            let data: [String: JSONValue] = [
                "policy": .object(rules), "version": .integer(version), "licensed": true,
            ]
            guard let person else { return data }
            return data.merging(
                try signed(["policy": 1, "rules": .object(rules)], by: person)
            ) { $1 }
        }

        /// Adam asks for `rules`, which wait.
        mutating func ask(for rules: [String: JSONValue] = looser) throws {
            let proof = try signed(["policy": 1, "rules": .object(rules)], by: SignedLog.adam)
            try add(
                "tenant.policyChangeAsked",
                by: SignedLog.adam,
                [
                    "change": "PLC-1", "wanted": .object(rules), "version": 1,
                    "agreed": [.string(SignedLog.adam)],
                ].merging(proof) { $1 }
            )
        }

        mutating func agree(
            signing rules: [String: JSONValue]?,
            finds faults: [ApprovalFault] = []
        ) throws {
            var data: [String: JSONValue] = ["change": "PLC-1"]
            if let rules {
                data.merge(
                    try signed(["policy": 1, "rules": .object(rules)], by: SignedLog.gita)
                ) { $1 }
            }
            try add("tenant.policyChangeAgreed", by: SignedLog.gita, data, finds: faults)
        }

        /// Whether the log says that `rules` hold.
        func holds(_ rules: [String: JSONValue]) -> Bool {
            JSONValue.object(check.rules.told).isSame(as: .object(rules))
        }
    }

    @Test func stricterRulesHoldByOneSignature() throws {
        var log = try RuleLog()
        try log.add(
            "tenant.policyChanged",
            by: SignedLog.adam,
            log.change(to: RuleLog.stricter, signedBy: SignedLog.adam)
        )
        #expect(log.holds(RuleLog.stricter))
    }

    @Test func whatIsNotSignedChangesNothing() throws {
        let off = RuleLog.before.merging(["signedApprovals": "off", "signedChanges": "off"]) { $1 }
        for activity in ["tenant.policyChanged", "tenant.licenceChanged", "tenant.added"] {
            var log = try RuleLog()
            try log.add(
                activity,
                by: SignedLog.adam,
                log.change(to: off, signedBy: nil),
                finds: [.rulesUnsigned]
            )
            #expect(log.holds(RuleLog.before) && log.check.needsSignatures)
        }
    }

    @Test func findingSaysThatItIsOfRules() throws {
        var log = try RuleLog()
        let found = log.check.read(
            .init(
                index: 9,
                time: "2026-11-28T10:00:00.000Z",
                activity: "tenant.policyChanged",
                actor: SignedLog.adam,
                request: nil,
                data: try log.change(to: RuleLog.looser, signedBy: nil),
                texts: [:]
            )
        )
        #expect(found.map(\.isOfRules) == [true])
    }

    @Test func licenceChangesAndTheRulesStay() throws {
        var log = try RuleLog()
        var data = try log.change(to: RuleLog.before, signedBy: nil)
        data["licensed"] = false
        try log.add("tenant.licenceChanged", by: "console", data)
        #expect(log.holds(RuleLog.before) && !log.check.rules.needsApproval)
        #expect(log.check.rules.version == 2)
    }

    @Test func looserRulesNeedMorePeopleThanOne() throws {
        var log = try RuleLog()
        try log.add(
            "tenant.policyChanged",
            by: SignedLog.adam,
            log.change(to: RuleLog.looser, signedBy: SignedLog.adam),
            finds: [.rulesUnsigned]
        )
        #expect(log.holds(RuleLog.before))
    }

    @Test func looserRulesHoldOnceTheyHaveWaited() throws {
        for (time, faults) in [
            ("2026-11-28T10:57:59.999Z", [ApprovalFault.rulesUnsigned]),
            ("2026-11-28T11:00:00.000Z", []),
        ] {
            var log = try RuleLog()
            try log.ask()
            try log.add(
                "tenant.policyChanged",
                by: "system",
                at: time,
                log.change(to: RuleLog.looser, signedBy: nil),
                finds: faults
            )
            #expect(log.holds(RuleLog.looser) == faults.isEmpty)
        }
    }

    @Test func looserRulesHoldOnceEnoughHaveSignedThatTheyAgree() throws {
        var log = try RuleLog()
        try log.ask()
        try log.agree(signing: RuleLog.looser)
        try log.add(
            "tenant.policyChanged",
            by: SignedLog.gita,
            log.change(to: RuleLog.looser, signedBy: nil)
        )
        #expect(log.holds(RuleLog.looser))
    }

    @Test(arguments: [nil, RuleLog.stricter] as [[String: JSONValue]?])
    func agreementThatIsNotSignedOverTheseRulesIsNone(_ rules: [String: JSONValue]?) throws {
        var log = try RuleLog()
        try log.ask()
        try log.agree(
            signing: rules,
            finds: [rules == nil ? .rulesUnsigned : .statementElsewhere]
        )
        try log.add(
            "tenant.policyChanged",
            by: SignedLog.gita,
            log.change(to: RuleLog.looser, signedBy: nil),
            finds: [.rulesUnsigned]
        )
    }

    @Test(arguments: ["tenant.policyChangeStopped", "tenant.policyChangeWithdrawn"])
    func nothingComesOfWhatWasTakenBack(_ activity: String) throws {
        var log = try RuleLog()
        try log.ask()
        try log.add(activity, by: SignedLog.gita, ["change": "PLC-1"])
        try log.add(
            "tenant.policyChanged",
            by: "system",
            at: "2026-11-28T12:00:00.000Z",
            log.change(to: RuleLog.looser, signedBy: nil),
            finds: [.rulesUnsigned]
        )
    }

    @Test func signatureForAnotherPurposeIsNone() throws {
        var log = try RuleLog()
        let data = try log.change(to: RuleLog.stricter, signedBy: nil).merging(
            log.signed(
                ["policy": 1, "rules": .object(RuleLog.stricter)],
                by: SignedLog.adam,
                namespace: "lockbox-approval"
            )
        ) { $1 }
        try log.add("tenant.policyChanged", by: SignedLog.adam, data, finds: [.sshSignature])
    }

    @Test(
        arguments: [
            ("requireApproval", false, true), ("maxAccess", "PT5H", true),
            ("maxAccess", "PT3H", false), ("decisionWindow", "PT1H", true),
            ("approvalsNeeded", 1, true), ("approvalsNeeded", 3, false),
            ("coolingOff", "PT30M", true), ("coolingOff", "PT60M", false),
            ("allowPrograms", true, false), ("allowPrograms", false, false),
            ("retention", "P90D", true), ("withheldFromTokens", ["decide"], false),
            ("signedApprovals", "off", true), ("signedChanges", "off", true),
            ("signedChanges", "always", false), ("closeUnknownAccess", true, false),
            ("more", true, true),
        ] as [(String, JSONValue, Bool)]
    )
    func whatIsLooserIsKnownByName(_ name: String, _ value: JSONValue, _ isLooser: Bool) {
        let after = RuleLog.before.merging([name: value]) { $1 }
        #expect(ApprovalCheck.isLooser(after, than: RuleLog.before) == isLooser)
    }

    // MARK: - Ends of access

    private static func opened() throws -> RuleLog {
        var log = try RuleLog()
        try log.add(
            "request.submitted",
            by: SignedLog.eve,
            ["engineer": .string(SignedLog.eve), "version": 1]
        )
        return log
    }

    private static func end(
        _ log: inout RuleLog,
        signing members: [String: JSONValue]?,
        by actor: String = SignedLog.adam,
        namespace: String = "lockbox-revoke",
        finds faults: [ApprovalFault]
    ) throws {
        var data: [String: JSONValue] = ["endedReason": "revoked", "version": 4]
        if let members {
            let said: [String: JSONValue] = [
                "engineer": .string(SignedLog.eve), "request": .string(SignedLog.request),
                "requestVersion": 3,
            ]
            data.merge(
                try log.signed(
                    said.merging(members) { $1 },
                    by: SignedLog.adam,
                    type: "lockbox-revoke",
                    namespace: namespace
                )
            ) { $1 }
        } else {
            data["unsigned"] = true
        }
        try log.add("access.ended", by: actor, data, finds: faults)
        #expect(log.check.isOver(SignedLog.request), "whatever is said of a signature")
    }

    @Test func accessEndsWithASignatureAndWithoutOne() throws {
        var (signed, unsigned) = (try Self.opened(), try Self.opened())
        try Self.end(&signed, signing: [:], finds: [])
        try Self.end(&unsigned, signing: nil, finds: [])
        #expect((signed.check.unsignedRevokes, unsigned.check.unsignedRevokes) == (0, 1))
    }

    @Test(
        arguments: [
            (["requestVersion": 2], .statementElsewhere),
            (["request": "LBX-1111111111"], .statementElsewhere),
            (["engineer": .string(SignedLog.gita)], .statementElsewhere),
            (["person": .string(SignedLog.gita)], .statementElsewhere),
            (["more": 1], .statementMembers), (["type": "lockbox-policy"], .statementMembers),
        ] as [([String: JSONValue], ApprovalFault)]
    )
    func endThatIsNotSignedAsItSaysIsAFindingAndAnEnd(
        _ members: [String: JSONValue],
        _ fault: ApprovalFault
    ) throws {
        var log = try Self.opened()
        try Self.end(&log, signing: members, finds: [fault])
    }

    @Test func approvalsSignatureEndsNothing() throws {
        var log = try Self.opened()
        try Self.end(
            &log,
            signing: [:],
            namespace: "lockbox-approval",
            finds: [.sshSignature]
        )
    }
}
