package import LockboxWire
package import MerkleLog

/// What a verification came to.
package struct AuditReport: Sendable {
    /// Empty if all is well.
    package var findings: [AuditFinding]
    /// How many records were read.
    package let records: Int
    /// How many texts were held against their commitments.
    package let texts: Int
    /// How many texts were erased from the records.
    package let erasedTexts: Int
    /// How many texts the records commit to that were not there to be checked.
    package let uncheckedTexts: Int
    /// How many accesses needed signatures whose statements were erased since.
    package var uncheckedAccess: Int
    /// How often access was ended without the signature that was asked for, which is allowed.
    package let unsignedRevokes: Int
    /// Each time that the database was put back to an older copy.
    package let recoveries: [Recovery]
    /// The believed heads that were held against the records, smallest first.
    package let heads: [TreeHead]
    /// The keys that may sign, in the order in which the log had them; the last is the present one.
    package let keys: [VerifierKey]
    /// The newest record's time.
    package let newestRecord: String?
    /// When the log itself says that its head was the newest, in milliseconds since 1970.
    package let signedTime: Int64?
    /// Nil where no witness was asked for.
    package let witnessed: WitnessReport?
    /// To be remembered: the leaf of each record, and which of its texts were there.
    package let leaves: [Hash]
    package let texted: [Hash]
    /// What convinces others that the key's holder signed two histories.
    package let evidence: [Evidence]
}

/// A finding as other programs read it. Codes never change once published; the words may.
package struct FindingEntry: Encodable, Hashable, Sendable {
    package let code: String
    /// The index of the record concerned, where it is one.
    @Nullable package private(set) var record: UInt64?
    /// The text's field or the member concerned.
    @Nullable package private(set) var field: String?
    package let detail: String

    private init(_ code: String, record: UInt64?, field: String?, detail: String) {
        self.code = code
        self.record = record
        self.field = field
        self.detail = detail
    }

    /// All that a finding says: one for each flaw of a changed record.
    package static func all(of finding: AuditFinding) -> [FindingEntry] {
        if case .changed(let record, let flaws) = finding {
            return flaws.map {
                .init($0.code, record: record, field: $0.field, detail: $0.description)
            }
        }
        let place = finding.place
        return [
            .init(
                finding.code,
                record: place.record,
                field: place.field,
                detail: finding.description
            )
        ]
    }
}

extension AuditFinding {
    fileprivate var code: String {
        switch self {
        case .checkpoint(_, let error): error.code
        case .splitView: "two-heads"
        case .noCheckpoint: "no-checkpoint"
        case .wrongLog: "origin-wrong"
        case .keyChanged: "key-changed"
        case .keyChange: "key-change-invalid"
        case .retiredKey: "key-retired"
        case .stale: "stale"
        case .future: "time-future"
        case .witnessesMissing: "witness-missing"
        case .witnessesBehind: "witness-behind"
        case .unreadable: "line-unreadable"
        case .changed: "record-changed"
        case .wrongProof: "proof-wrong"
        case .unproven: "record-unproven"
        case .missing: "record-missing"
        case .inserted: "record-inserted"
        case .uncovered: "record-uncovered"
        case .repeated: "record-repeated"
        case .outOfOrder: "records-out-of-order"
        case .truncated: "log-truncated"
        case .rewritten: "log-rewritten"
        case .shrunk: "log-shrunk"
        case .tile: "tile-unreadable"
        case .erasedSilently: "erased-without-record"
        case .saltLeft: "salt-left"
        case .notErased: "not-erased"
        case .erasure: "erasure-malformed"
        case .vanished: "text-vanished"
        case .operations: "operations-count"
        case .time: "time-malformed"
        case .timeBack: "time-back"
        case .approval: "approval-invalid"
        case .policy: "policy-unsigned"
        case .recovery: "recovery-invalid"
        case .receiptForm: "receipt-malformed"
        case .foreign: "receipt-foreign"
        case .incomplete: "receipt-incomplete"
        }
    }

    fileprivate var place: (record: UInt64?, field: String?) {
        switch self {
        case .wrongProof(let record), .unproven(let record), .inserted(let record, _),
            .repeated(let record, _), .keyChange(let record, _), .erasure(let record),
            .vanished(let record), .operations(let record), .time(let record),
            .timeBack(let record, _, _), .changed(let record, _), .approval(let record, _),
            .policy(let record, _),
            .recovery(let record, _), .foreign(let record):
            (record, nil)
        case .missing(let records): (records.lowerBound, nil)
        case .truncated(let end, _): (end, nil)
        case .uncovered(let records, _), .outOfOrder(let records): (records.first, nil)
        case .erasedSilently(let record, let field), .saltLeft(let record, let field),
            .notErased(let record, let field):
            (record, field)
        case .checkpoint(let name, _), .tile(let name): (nil, name)
        case .splitView, .noCheckpoint, .wrongLog, .keyChanged, .retiredKey, .stale, .future,
            .witnessesMissing, .witnessesBehind, .unreadable, .rewritten, .shrunk, .receiptForm,
            .incomplete:
            (nil, nil)
        }
    }
}

extension CheckpointError {
    fileprivate var code: String {
        switch self {
        case .malformed, .wrongEmptyRoot: "checkpoint-malformed"
        case .wrongOrigin: "checkpoint-wrong-origin"
        case .note(.badSignature), .note(.ambiguousKey): "note-bad-signature"
        case .note(.unsigned): "note-unsigned"
        case .note(.tooLarge), .note(.malformedNote), .note(.malformedText),
            .note(.malformedSignature), .note(.malformedKey), .note(.unknownKeyType),
            .note(.wrongKeyID), .note(.signingFailed):
            "note-malformed"
        }
    }
}

extension RecordFlaw {
    fileprivate var code: String {
        switch self {
        case .leaf: "leaf-malformed"
        case .hash: "hash-wrong"
        case .member: "member-changed"
        case .text: "text-changed"
        case .textMissing: "text-missing"
        case .textAdded: "text-added"
        case .unknownMember: "member-unknown"
        case .log: "log-wrong"
        case .noProof: "record-unproven"
        case .proof: "not-in-log"
        case .remembered: "remembered-changed"
        }
    }

    fileprivate var field: String? {
        switch self {
        case .member(let name), .unknownMember(let name), .text(let name), .textMissing(let name),
            .textAdded(let name), .log(let name):
            name
        case .leaf, .hash, .noProof, .proof, .remembered: nil
        }
    }
}
