import LockboxApprovals
package import LockboxDomain
import LockboxPorts
import MerkleLog

extension AuditFacts {
    /// The statement names resources, which are people's addresses: it is a text. What signs it tells
    /// nothing of it, since it has a nonce.
    mutating func add(_ signature: ApprovalSignature) {
        texts["statement"] = signature.statement
        data["signature"] = Self.members(of: signature.proof)
    }

    /// Beside a statement that names nobody and nothing that the record does not: it is a fact, and is
    /// never erased.
    mutating func addFact(_ signature: ApprovalSignature) {
        data["statement"] = .string(signature.statement)
        data["signature"] = Self.members(of: signature.proof)
    }

    /// As records have it (docs/spec/approval-statement.md §2).
    package static func members(of proof: ApprovalSignature.Proof) -> CanonicalJSON {
        switch proof {
        case .webAuthn(let passkey, let authenticatorData, let clientData, let signature):
            .object([
                "kind": .string("webauthn"), "passkey": .string(passkey.text),
                "authenticatorData": .string(authenticatorData.base64URL),
                "clientData": .string(clientData.base64URL),
                "signature": .string(signature.base64URL),
            ])
        case .ssh(let key, let signature):
            .object([
                "kind": .string("sshsig"), "key": .string(key.text),
                "signature": .string(Base64.encode(signature)),
            ])
        }
    }

    init(_ event: SigningKeyEvent, of key: SigningKey, _ person: Person) {
        self.init(
            event.activity,
            data: ["key": .string(key.id), "person": .string(person.id.text)]
        )
        switch event {
        case .added:
            data["publicKey"] = .string(key.publicKey)
            texts["label"] = key.name
        case .confirmed: data["publicKey"] = .string(key.publicKey)
        case .removed: break
        }
    }
}

extension LogRecordCheck.Told {
    /// What the check of approvals reads.
    var approvalRecord: ApprovalCheck.Record {
        ApprovalCheck.Record(
            index: leaf.index,
            time: leaf.time,
            activity: leaf.activity,
            actor: leaf.actor,
            request: leaf.request,
            data: data,
            texts: texts.reduce(into: [:]) { $0[$1.field] = $1.text },
            erased: Set(texts.filter { $0.text == nil }.map(\.field))
        )
    }
}
