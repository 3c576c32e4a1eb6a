import Foundation
import LockboxClient
import LockboxWire
import MerkleLog

/// A log made for a test, with the key that signs it, and an export of it that a test can tamper
/// with.
struct ExportedLog {
    static let origin = "lockbox.example/v1/tenants/contoso/log"

    let signer: NoteSigner
    private(set) var leaves: [String] = []
    private var texts: [[String: AuditRecord.Text]] = []

    init(records: Int, seed: UInt8 = 7, name: String = "Adam Cole") throws {
        signer = try NoteSigner(name: Self.origin, seed: Array(repeating: seed, count: 32))
        for index in 0..<records { try append(index: UInt64(index), name: name) }
    }

    /// Adds a record by the rules, whatever its content.
    mutating func append(
        index: UInt64,
        activity: String = "request.approved",
        name: String = "Adam Cole",
        log: String = "tenant:contoso",
        data: [String: JSONValue] = [
            "state": .string("active"), "version": .integer(3), "resources": .array([.bool(true)]),
        ]
    ) throws {
        let salt = Array(
            repeating: UInt8(truncatingIfNeeded: index + 1),
            count: SaltedCommitment.saltBytes
        )
        let plain = ["actorName": name, "comment": "All right, \"go\" ahead № \(index)"]
        var commitments: [String: JSONValue] = [:]
        var kept: [String: AuditRecord.Text] = [:]
        for (field, text) in plain {
            commitments[field] = .string(
                try SaltedCommitment(salt: salt, field: field, text: text).base64
            )
            kept[field] = .init(text: text, salt: Base64.encode(salt))
        }
        let leaf: JSONValue = .object([
            "v": .integer(1), "log": .string(log), "index": .integer(Int64(index)),
            "time": .string("2026-11-23T20:15:\(index < 50 ? index + 10 : 59).000Z"),
            "activity": .string(activity),
            "actor": .string("PER-7K3M9QPXAB"), "request": .string("LBX-7K3M9QPXAB"),
            "data": .object(data),
            "commitments": .object(commitments),
        ])
        leaves.append(try Self.canonical(leaf))
        texts.append(kept)
    }

    static func canonical(_ value: JSONValue) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    private func tree(_ size: Int) -> CompactRange {
        var range = CompactRange()
        for leaf in leaves.prefix(size) { range.append(.leaf(Array(leaf.utf8))) }
        return range
    }

    func head(_ size: Int) -> TreeHead { tree(size).head }

    func note(_ size: Int) throws -> LogVerifier.Note {
        let checkpoint = try Checkpoint(origin: Self.origin, head: head(size))
        let note = try SignedNote(text: checkpoint.text, signers: [signer])
        return .init(name: "checkpoint \(size)", bytes: Array(note.encoded.utf8))
    }

    /// The records as a server would export them, with proofs that lead to the whole log.
    func records() throws -> [AuditRecord] {
        let hashes = leaves.map { Hash.leaf(Array($0.utf8)) }
        return try leaves.indices.map { index in
            let leaf = try Leaf(bytes: leaves[index].utf8)
            let plan = try ProofPlan.inclusion(index: UInt64(index), size: UInt64(leaves.count))
            let proof = plan.hashes { subtree in
                var range = CompactRange()
                for hash in hashes[Int(subtree.index << UInt64(subtree.level))..<Int(subtree.end)] {
                    range.append(hash)
                }
                return range.root
            }
            return AuditRecord(
                index: UInt64(index),
                time: leaf.time,
                activity: leaf.activity,
                actor: .init(id: leaf.actor, name: texts[index]["actorName"]?.text),
                request: leaf.request,
                data: leaf.data,
                texts: texts[index],
                leaf: leaves[index],
                hash: hashes[index].base64,
                size: UInt64(leaves.count),
                proof: proof.map(\.base64)
            )
        }
    }

    /// What the verifier says of `records` held against the checkpoints of `sizes`.
    func findings(_ records: [AuditRecord], sizes: [Int]? = nil, isComplete: Bool = true) throws
        -> [String]
    {
        let notes = try (sizes ?? [leaves.count]).map(note)
        var verifier = LogVerifier(
            notes: notes,
            keys: [signer.verifierKey],
            source: .records,
            isComplete: isComplete
        )
        for record in records { verifier.read(record) }
        return verifier.finish().findings.map(\.description)
    }
}

extension AuditRecord {
    /// The record with another leaf, and with everything shown and the hash made to fit: a careful
    /// forger's work.
    func forged(_ change: (inout [String: JSONValue]) -> Void) throws -> AuditRecord {
        guard case .object(var members) = try CanonicalJSONReader.read(leaf.utf8) else {
            return self
        }
        change(&members)
        var record = self
        record.leaf = try ExportedLog.canonical(.object(members))
        let leaf = try Leaf(bytes: record.leaf.utf8)
        record.index = leaf.index
        record.time = leaf.time
        record.activity = leaf.activity
        record.actor.id = leaf.actor
        record.request = leaf.request
        record.data = leaf.data
        record.hash = Hash.leaf(Array(record.leaf.utf8)).base64
        return record
    }
}
