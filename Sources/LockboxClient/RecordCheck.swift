package import LockboxWire
package import MerkleLog

/// What one record shows that its leaf does not bear out. No key or checkpoint is needed to see it.
package enum RecordFlaw: Hashable, Sendable {
    /// The leaf is not one.
    case leaf(Leaf.Problem)
    /// The shown hash is not that of the leaf.
    case hash
    /// The shown member differs from the leaf.
    case member(String)
    /// The shown text, or its salt, is not what the leaf committed to.
    case text(field: String)
    /// The leaf commits to a text that is not there, not even as erased.
    case textMissing(field: String)
    /// A text that the leaf knows nothing of.
    case textAdded(field: String)
    /// A member that this program cannot hold against the leaf, or one that is there twice.
    case unknownMember(String)
    /// The leaf is of another log.
    case log(String)
    /// The proof is missing or malformed.
    case noProof
    /// The proof does not lead from the leaf to the signed root.
    case proof
    /// It is another one than was seen in this place before.
    case remembered
}

extension RecordFlaw: CustomStringConvertible {
    package var description: String {
        switch self {
        case .leaf(let problem): "its leaf cannot be read: \(problem)"
        case .hash: "its leaf does not have the hash shown"
        case .member(let name): "the \(name) shown is not the one in the leaf"
        case .text(let field): "the text \(field) is not the one that was committed to"
        case .textMissing(let field): "the text \(field) is missing"
        case .textAdded(let field): "the text \(field) was never in the log"
        case .unknownMember(let name): "it shows \(name), which the leaf does not bear out"
        case .log(let name): "its leaf is of the log \(name)"
        case .noProof: "it carries no proof that leads to a signed checkpoint"
        case .remembered: "it is not what this place held when the log was verified before"
        case .proof: "it is not what the signed log has in this place"
        }
    }
}

/// A record held against its own leaf.
package struct RecordCheck: Sendable {
    package let record: AuditRecord
    /// The hash of the leaf's bytes, whatever hash is shown.
    package let hash: Hash
    package private(set) var flaws: [RecordFlaw] = []
    /// How many texts were erased; that is allowed.
    package private(set) var erased = 0

    /// `log` is the log that the record must be of; nil if that is not known.
    package init(_ record: AuditRecord, log: String?) {
        self.record = record
        hash = .leaf(Array(record.leaf.utf8))
        if hash.base64 != record.hash { flaws.append(.hash) }
        do throws(Leaf.Problem) {
            let leaf = try Leaf(bytes: record.leaf.utf8)
            if let log, leaf.log != log { flaws.append(.log(leaf.log)) }
            compare(with: leaf)
            compareTexts(with: leaf)
        } catch {
            flaws.append(.leaf(error))
        }
    }

    private mutating func compare(with leaf: Leaf) {
        let same: [(String, Bool)] = [
            ("index", record.index == leaf.index), ("time", Self.equal(record.time, leaf.time)),
            ("activity", Self.equal(record.activity, leaf.activity)),
            ("actor", Self.equal(record.actor.id, leaf.actor)),
            ("request", Self.equal(record.request, leaf.request)),
            ("data", JSONValue.object(record.data).isSpelt(like: .object(leaf.data))),
        ]
        flaws += same.filter { !$0.1 }.map { .member($0.0) }
    }

    private mutating func compareTexts(with leaf: Leaf) {
        for (field, commitment) in leaf.commitments.sorted(by: { $0.key < $1.key }) {
            guard let shown = record.texts[field] else {
                flaws.append(.textMissing(field: field))
                continue
            }
            guard let text = shown.text else {
                erased += 1
                continue
            }
            guard let salt = shown.salt.flatMap({ Base64.decode($0.utf8) }),
                commitment.isOpened(salt: salt, field: field, text: text)
            else {
                flaws.append(.text(field: field))
                continue
            }
        }
        let added = record.texts.keys.filter { leaf.commitments[$0] == nil }
        flaws += added.sorted().map { .textAdded(field: $0) }
        // The name beside the actor's identifier is a copy of a committed text, so it has to be the
        // same one.
        if let name = record.actor.name, !Self.equal(name, record.texts["actorName"]?.text) {
            flaws.append(.member("actor's name"))
        }
    }

    /// Bytes, not characters: Swift's strings are equal when they merely look alike.
    private static func equal(_ left: String?, _ right: String?) -> Bool {
        switch (left, right) {
        case (nil, nil): true
        case (let left?, let right?): left.utf8.elementsEqual(right.utf8)
        case (nil, _?), (_?, nil): false
        }
    }
}

extension RecordCheck {
    /// Holds the record's proof against the signed heads. Returns whether it is proven to be in the
    /// log.
    package mutating func prove(with heads: [UInt64: Hash]) -> Bool {
        guard let size = record.size, let root = heads[size],
            let proof = record.proof?.map({ Hash(base64: $0) }), !proof.contains(nil)
        else {
            flaws.append(.noProof)
            return false
        }
        do throws(ProofError) {
            try MerkleProof.verifyInclusion(
                leaf: hash,
                index: record.index,
                size: size,
                proof: proof.compactMap { $0 },
                root: root
            )
            return true
        } catch {
            flaws.append(.proof)
            return false
        }
    }
}

extension JSONValue {
    /// Equal to the byte, which `==` of strings is not.
    fileprivate func isSpelt(like other: JSONValue) -> Bool {
        switch (self, other) {
        case (.string(let left), .string(let right)): left.utf8.elementsEqual(right.utf8)
        case (.array(let left), .array(let right)):
            left.count == right.count && zip(left, right).allSatisfy { $0.isSpelt(like: $1) }
        case (.object(let left), .object(let right)):
            left.count == right.count
                && left.allSatisfy { key, value in
                    right[key].map { value.isSpelt(like: $0) } ?? false
                }
        case (.null, _), (.bool, _), (.integer, _), (.string, _), (.array, _), (.object, _):
            self == other
        }
    }
}
