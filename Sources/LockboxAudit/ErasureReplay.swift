package import LockboxDomain
package import LockboxPorts
import LockboxWire

/// Texts of one log that are not there, against the records that say that they went.
struct ErasureReplay: Sendable {
    private struct Place: Hashable, Comparable {
        let index: UInt64
        let field: String

        static func < (left: Place, right: Place) -> Bool {
            (left.index, left.field) < (right.index, right.field)
        }
    }

    private var missing: Set<Place> = []
    private var told: Set<Place> = []

    mutating func read(_ record: LogRecordCheck) {
        for text in record.texts where text.text == nil {
            missing.insert(Place(index: record.index, field: text.field))
        }
        guard let leaf = record.leaf else { return }
        for (index, fields) in Self.erased(leaf) where index < record.index {
            for field in fields { told.insert(Place(index: index, field: field)) }
        }
    }

    /// What a record of an erasure says went: fields by the place of their record.
    static func erased(_ leaf: LogRecordCheck.Leaf) -> [(index: UInt64, fields: [String])] {
        guard leaf.activity == AuditFacts.textsErased else { return [] }
        return leaf.data["erased"]?.items?.compactMap { item in
            guard let index = item.members?["index"]?.whole, index >= 0,
                let fields = item.members?["fields"]?.texts
            else { return nil }
            return (UInt64(index), fields)
        } ?? []
    }

    /// Where a text is gone and no record says so, or one says so and it is there.
    func differences(_ log: LogID, in tx: any StoreTransaction) throws -> [String] {
        var found = missing.subtracting(told).sorted().map {
            "record \($0.index): the text \($0.field) was erased without a record of it"
        }
        // What was read before its erasure was written is looked at again.
        for place in told.subtracting(missing).sorted() {
            let entry = try tx.entries(of: log, in: place.index..<place.index + 1).first
            let text = entry?.texts.first { $0.field == place.field }
            if text == nil || text?.text != nil {
                found.append(
                    "record \(place.index): the text \(place.field) is there, or never was, though a "
                        + "record says that it was erased"
                )
            }
        }
        return found
    }
}

extension AuditFacts {
    init(_ erasure: TextErasure) {
        self.init(Self.textsErased)
        data["erased"] = .list(
            erasure.texts.map { texts in
                .object([
                    "index": .integer(Int64(clamping: texts.index)),
                    "fields": .list(texts.fields.map { .string($0) }),
                ])
            }
        )
        data["person"] = erasure.person.map { .string($0.text) }
        switch erasure.cause {
        case .asked(let reason): texts["reason"] = reason
        case .retention(let span): data["retention"] = .string(span.description)
        }
    }
}

/// Which record says that a text went, for whoever reads the record that had it.
package struct RecordedErasure: Hashable, Sendable {
    /// The record of the erasure.
    package let record: LogEntry

    /// Why; nil where time did it.
    package var reason: String? { record.texts.first { $0.field == "reason" }?.text }
    /// The name of who wanted it; nil where time did it, or her name was erased.
    package var by: String? { record.texts.first { $0.field == "actorName" }?.text }
}

extension LogReader {
    /// Of `entries`, each erased field with the record that says so, by the place of the record that
    /// had it. What is missing without one is not among them.
    package func erasures(in entries: [LogEntry], of log: LogID) async throws
        -> [UInt64: [String: RecordedErasure]]
    {
        let places = entries.filter { $0.texts.contains { $0.text == nil } }.map(\.index)
        guard let tenant = log.tenant, !places.isEmpty else { return [:] }
        return try await store.read { tx in
            let found = try tx.erasures(of: tenant, at: places)
            var records: [UInt64: LogEntry] = [:]
            for index in Set(found.values.flatMap(\.values)) {
                records[index] = try tx.entries(of: log, in: index..<index + 1).first
            }
            return found.mapValues { fields in
                fields.compactMapValues { records[$0].map(RecordedErasure.init) }
            }
        }
    }

    /// The erasures that took texts of `request`, the oldest first.
    package func erasures(about request: AccessRequestID, of tenant: TenantID) async throws
        -> [RecordedErasure]
    {
        try await store.read { tx in
            try tx.erasures(of: request, of: tenant).compactMap { index in
                try tx.entries(of: .tenant(tenant), in: index..<index + 1).first
            }.map(RecordedErasure.init)
        }
    }
}
