import LockboxDomain
import LockboxPorts
import LockboxWire
import MerkleLog

/// One record read back from its bytes.
struct LogRecordCheck {
    /// What the bytes say. Members that only some records have are optional.
    struct Leaf {
        let index: UInt64
        let log: String
        let time: String
        let activity: String
        let actor: String
        let request: String?
        let data: [String: JSONValue]
        let commitments: [String: JSONValue]

        /// Nil for anything but a leaf of the one version that there is.
        init?(_ bytes: [UInt8]) {
            guard
                case .success(.object(let members)) = Result(catching: {
                    () throws(CanonicalJSONReader.Problem) in
                    try CanonicalJSONReader.read(bytes)
                }),
                members["v"] == .integer(1), let index = members["index"]?.whole,
                let log = members["log"]?.text, let time = members["time"]?.text,
                let activity = members["activity"]?.text, let actor = members["actor"]?.text,
                let data = members["data"]?.members,
                let commitments = members["commitments"]?.members
            else { return nil }
            self.index = UInt64(clamping: index)
            (self.log, self.time, self.activity, self.actor) = (log, time, activity, actor)
            (request, self.data, self.commitments) = (members["request"]?.text, data, commitments)
        }
    }

    let index: UInt64
    let time: Timestamp
    /// Of the bytes as they are.
    let hash: Hash
    let leaf: Leaf?
    /// The texts beside the record that are not erased, by field.
    let texts: [String: String]
    let differences: [String]

    init(_ entry: LogEntry, log: LogID) {
        var found: [String] = []
        let read = Leaf(entry.bytes)
        if read == nil { found.append("record \(entry.index) cannot be read") }
        hash = .leaf(entry.bytes)
        (index, time) = (entry.index, entry.time)
        if hash != entry.hash {
            found.append("record \(entry.index) was changed: its bytes do not have its hash")
        }
        if let leaf = read {
            let columns = [
                ("log", leaf.log == log.logName), ("index", leaf.index == entry.index),
                ("time", leaf.time == entry.time.description),
                ("activity", leaf.activity == entry.activity), ("actor", leaf.actor == entry.actor),
                ("request", leaf.request == entry.request?.text),
            ]
            for (name, same) in columns where !same {
                found.append("record \(entry.index): the column \(name) differs from the record")
            }
            found += Self.textDifferences(entry, leaf)
        }
        leaf = read
        texts = entry.texts.reduce(into: [:]) { texts, text in texts[text.field] = text.text }
        differences = found
    }

    private static func textDifferences(_ entry: LogEntry, _ leaf: Leaf) -> [String] {
        var found: [String] = []
        let fields = Set(entry.texts.map(\.field))
        let isCommitted = fields.allSatisfy { leaf.commitments[$0] != nil }
        if fields.count != leaf.commitments.count || !isCommitted {
            found.append("record \(entry.index): its texts are not those that it commits to")
        }
        for text in entry.texts {
            // An erased text leaves its commitment; nothing can be compared.
            guard let content = text.text,
                let committed = leaf.commitments[text.field]?.text.flatMap({
                    SaltedCommitment(base64: $0)
                })
            else { continue }
            if !committed.isOpened(salt: text.salt, field: text.field, text: content) {
                found.append("record \(entry.index): the text \(text.field) was changed")
            }
        }
        return found
    }
}

extension JSONValue {
    var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    var whole: Int64? {
        guard case .integer(let number) = self else { return nil }
        return number
    }

    var flag: Bool? {
        guard case .bool(let flag) = self else { return nil }
        return flag
    }

    var members: [String: JSONValue]? {
        guard case .object(let members) = self else { return nil }
        return members
    }

    var items: [JSONValue]? {
        guard case .array(let items) = self else { return nil }
        return items
    }

    /// A list of texts and of nothing else.
    var texts: [String]? {
        guard let items else { return nil }
        let texts = items.compactMap(\.text)
        return texts.count == items.count ? texts : nil
    }
}
