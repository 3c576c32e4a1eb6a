import LockboxWire
package import MerkleLog

/// Which keys a log has had: each change is a record that the key before has signed.
package struct KeyRule: RecordRule {
    private struct Change: Sendable {
        let record: UInt64
        let previous: VerifierKey
        let key: VerifierKey
    }

    /// The last is the one that is believed without more.
    private let trusted: [VerifierKey]
    private var changes: [Change] = []

    /// `trusted` are keys of one name that are known to be the log's, oldest first; at least one.
    init(trusted: [VerifierKey]) { self.trusted = trusted }

    /// What the key that was there before signs.
    package static func statement(
        origin: String,
        from previous: VerifierKey,
        to key: VerifierKey,
        record: UInt64
    ) -> String {
        "lockbox-key-change/v1\n\(origin)\n\(previous.text)\n\(key.text)\n\(record)\n"
    }

    package mutating func read(_ record: OrderedRecord) -> [AuditFinding] {
        guard record.leaf.activity == "key.changed" else { return [] }
        func wrong(_ problem: String) -> [AuditFinding] {
            [.keyChange(record: record.index, problem: problem)]
        }
        let data = record.leaf.data
        guard let previous = Self.key(data["previous"]), let key = Self.key(data["key"]),
            case .string(let text)? = data["signature"], let signature = Base64.decode(text.utf8)
        else { return wrong("it does not hold two keys and a signature") }
        let names = [previous.name, key.name, trusted.last?.name ?? ""].map { Array($0.utf8) }
        guard Set(names).count == 1 else { return wrong("a key in it is of another log") }
        guard previous != key else { return wrong("it names one key twice") }
        let statement = Self.statement(
            origin: key.name,
            from: previous,
            to: key,
            record: record.index
        )
        guard previous.isValid(signature, for: statement.utf8) else {
            return wrong("the key before has not signed it for this place")
        }
        changes.append(Change(record: record.index, previous: previous, key: key))
        return []
    }

    private static func key(_ value: JSONValue?) -> VerifierKey? {
        guard case .string(let text)? = value else { return nil }
        switch Result(catching: { () throws(NoteError) in try VerifierKey(parsing: text) }) {
        case .success(let key): return key
        case .failure: return nil
        }
    }

    /// In a part of a log, changes may be missing between those that are there.
    package mutating func finish(isComplete: Bool) -> [AuditFinding] {
        let broken = zip(changes, changes.dropFirst()).first { $0.key != $1.previous }
        let again = changes.indices.first { chain[...$0].contains(changes[$0].key) }
        let problem: (Change, String)? =
            if let broken {
                (broken.1, "it does not begin at the key that the log had")
            } else if let again {
                (changes[again], "it brings back a key that the log had before")
            } else if let first = changes.first, !chain.contains(where: { $0 == trusted.last }) {
                (first, "no key in it is the one that is trusted")
            } else {
                nil
            }
        guard let problem else { return [] }
        changes = []
        guard isComplete else { return [] }
        return [.keyChange(record: problem.0.record, problem: problem.1)]
    }

    private var chain: [VerifierKey] {
        (changes.first.map { [$0.previous] } ?? []) + changes.map(\.key)
    }

    /// The keys whose heads are believed, oldest first: those trusted, and those that changes lead to
    /// from the last of them.
    var keys: [VerifierKey] {
        guard let present = chain.firstIndex(where: { $0 == trusted.last }) else { return trusted }
        return trusted + chain[(present + 1)...]
    }

    /// The keys that only the records name, as those before the trusted ones. Anybody can write a
    /// record in which a key of theirs hands over to a trusted one: no belief comes from it.
    var earlier: [VerifierKey] { chain.filter { !keys.contains($0) } }

    /// Whether it was known before any record was read.
    func isTrusted(_ key: VerifierKey) -> Bool { trusted.contains(key) }

    /// The first record after which `key` signs no more; nil for the present one.
    func end(of key: VerifierKey) -> UInt64? {
        changes.first { $0.previous == key }?.record
    }

    /// The record that brought `key`; nil for the first.
    func start(of key: VerifierKey) -> UInt64? {
        changes.first { $0.key == key }?.record
    }
}
