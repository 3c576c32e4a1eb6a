import Crypto
import LockboxTestAuthenticator
import LockboxWire
import MerkleLog
import WebAuthn

@testable import LockboxApprovals

/// The records of a request that Adam approves with his passkey, as a tenant's log has them; tests
/// change what they like before they are read.
struct SignedLog {
    static let adam = "PER-ADAM000000"
    static let gita = "PER-GITA000000"
    static let eve = "PER-EVE0000000"
    static let request = "LBX-0000000000"
    static let passkey = "PKY-0000000000"
    static let origin = "https://lockbox.contoso.example"

    /// What is approved, by the names of the statement's members.
    var statement: [String: JSONValue] = [
        "approver": .string(adam), "decision": "approve", "duration": "PT1H",
        "end": "afterDuration", "engineer": .string(eve), "issued": "2026-11-28T10:00:00.000Z",
        "log": ["origin": "lockbox.contoso.example/v1/tenants/contoso/log", "size": 3],
        "nonce": "AAECAwQFBgcICQoLDA0ODw", "policy": 1, "quorum": 1, "request": .string(request),
        "requestVersion": 2,
        "resources": [
            [
                "actions": ["read"], "kind": "mailbox", "name": "mailbox:sue@contoso.test",
                "service": "mail",
            ]
        ],
        "start": "onApproval", "tenant": "contoso", "type": "lockbox-approval", "v": 1,
    ]
    var policy: [String: JSONValue] = [
        "requireApproval": true, "approvalsNeeded": 1, "coolingOff": "P1D",
        "signedApprovals": "required",
    ]
    var device: SoftAuthenticator
    /// The text beside the record, in place of what the members spell.
    var text: String?
    /// The whole signature, in place of what the passkey makes.
    var signature: JSONValue?
    var isSigned = true
    var isConfirmed = true
    var confirmedBy = gita
    var isRemoved = false
    var approvedBy = adam
    var approvedAt = "2026-11-28T10:01:00.000Z"
    var granted: [String: JSONValue] = [
        "grant": "GRT-0000000000", "basis": "approval", "start": "2026-11-28T10:01:00.000Z",
        "end": "2026-11-28T11:01:00.000Z",
        "resources": [["service": "mail", "actions": ["read"]]],
    ]
    var opened = "mailbox:sue@contoso.test"

    init(_ change: (inout SignedLog) throws -> Void = { _ in }) throws {
        device = try SoftAuthenticator(at: Self.origin, party: "lockbox.contoso.example")
        try change(&self)
    }

    var message: String {
        text ?? String(decoding: Self.canonical(.object(statement)), as: UTF8.self)
    }

    func signed(over message: String) throws -> JSONValue {
        let answer = try device.assertion(
            answering: Array(SHA256.hash(data: Array(message.utf8)))
        )
        return [
            "kind": "webauthn", "passkey": .string(Self.passkey),
            "authenticatorData": .string(answer.authenticatorData.base64URL),
            "clientData": .string(answer.clientData.base64URL),
            "signature": .string(answer.signature.base64URL),
        ]
    }

    func records() throws -> [ApprovalCheck.Record] {
        var found: [ApprovalCheck.Record] = []
        let proof: [String: JSONValue] =
            isSigned ? ["signature": try signature ?? signed(over: message)] : [:]
        func add(
            _ activity: String,
            by actor: String = "system",
            at time: String = "2026-11-28T09:00:00.000Z",
            _ data: [String: JSONValue],
            texts: [String: String] = [:]
        ) {
            found.append(
                .init(
                    index: UInt64(found.count),
                    time: time,
                    activity: activity,
                    actor: actor,
                    request: activity.hasPrefix("request.") || activity.hasPrefix("access.")
                        ? Self.request : nil,
                    data: data,
                    texts: texts
                )
            )
        }
        add("tenant.added", ["policy": .object(policy), "version": 1])
        let key = device.publicKey.base64URL
        add(
            "passkey.registered",
            by: Self.adam,
            [
                "passkey": .string(Self.passkey), "person": .string(Self.adam),
                "publicKey": .string(key),
            ]
        )
        if isConfirmed {
            add(
                "signingKey.confirmed",
                by: confirmedBy,
                [
                    "key": .string(Self.passkey), "person": .string(Self.adam),
                    "publicKey": .string(key),
                ]
            )
        }
        if isRemoved { add("passkey.removed", by: Self.adam, ["passkey": .string(Self.passkey)]) }
        add("request.submitted", by: Self.eve, ["engineer": .string(Self.eve), "version": 1])
        add("request.customerAsked", ["approvalsNeeded": 1, "version": 2])
        add(
            "request.approved",
            by: approvedBy,
            at: approvedAt,
            ["stage": "customer", "version": 3].merging(proof) { $1 },
            texts: isSigned ? ["statement": message] : [:]
        )
        add("access.granted", at: approvedAt, granted, texts: ["resource0": opened])
        return found
    }

    /// What a check finds, by activity of the record.
    func faults() throws -> [String: ApprovalFault] {
        var check = ApprovalCheck(tenant: "contoso")
        return try records().reduce(into: [:]) { faults, record in
            faults[record.activity] = check.read(record).first?.fault
        }
    }

    static func canonical(_ value: JSONValue) -> [UInt8] {
        switch value {
        case .null: return Array("null".utf8)
        case .bool(let flag): return Array("\(flag)".utf8)
        case .integer(let number): return Array("\(number)".utf8)
        case .string(let text): return Array("\"\(text)\"".utf8)
        case .array(let items):
            return [91] + items.map(canonical).joined(separator: [44]) + [93]
        case .object(let members):
            let parts = members.sorted { $0.key < $1.key }.map { name, value in
                Array("\"\(name)\":".utf8) + canonical(value)
            }
            return [123] + parts.joined(separator: [44]) + [125]
        }
    }
}
