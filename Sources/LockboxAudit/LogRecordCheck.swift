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
                case .success(let members) = Result(catching: {
                    () throws(CanonicalJSONReader.Problem) in
                    try CanonicalJSONReader.members(bytes)
                })
            else { return nil }
            var version: JSONValue?
            var index: Int64?
            var log, time, activity, actor, request: String?
            var data, commitments: [String: JSONValue]?
            for (name, value) in members {
                switch name {
                case "v": version = value
                case "index": index = value.whole
                case "log": log = value.text
                case "time": time = value.text
                case "activity": activity = value.text
                case "actor": actor = value.text
                case "request": request = value.text
                case "data": data = value.members
                case "commitments": commitments = value.members
                case _: break
                }
            }
            guard version == .integer(1), let index, let log, let time, let activity, let actor,
                let data, let commitments
            else { return nil }
            self.index = UInt64(clamping: index)
            (self.log, self.time, self.activity, self.actor) = (log, time, activity, actor)
            (self.request, self.data, self.commitments) = (request, data, commitments)
        }
    }

    let index: UInt64
    let time: Timestamp
    /// Of the bytes as they are.
    let hash: Hash
    /// What was stored as their hash.
    let storedHash: Hash
    let leaf: Leaf?
    let texts: [CommittedText]
    private(set) var differences: [String]
    /// The number of the support request that it tells of, where that is in the tables too.
    private(set) var foundSupportRequest: String?

    /// `log` is the name of the log that has it; `known` the hash of its bytes, where that is known.
    init(_ entry: LogEntry, log: String, hash known: Hash? = nil) {
        var found: [String] = []
        let read = Leaf(entry.bytes)
        if read == nil { found.append("record \(entry.index) cannot be read") }
        hash = known ?? .leaf(entry.bytes)
        (index, time, texts, storedHash) = (entry.index, entry.time, entry.texts, entry.hash)
        if hash != entry.hash {
            found.append("record \(entry.index) was changed: its bytes do not have its hash")
        }
        if let leaf = read {
            func check(_ isSame: Bool, _ column: String) {
                guard !isSame else { return }
                found.append(
                    "record \(entry.index): the column \(column) differs from the record"
                )
            }
            check(leaf.log == log, "log")
            check(leaf.index == entry.index, "index")
            check(leaf.time == entry.time.description, "time")
            check(leaf.activity == entry.activity, "activity")
            check(leaf.actor == entry.actor, "actor")
            check(leaf.request == entry.request?.text, "request")
            found += Self.textDifferences(entry, leaf)
        }
        leaf = read
        differences = found
    }

    /// The number of the support request that it says was opened.
    var supportRequest: String? {
        guard let leaf, leaf.activity == "support.opened" else { return nil }
        return leaf.data["supportRequest"]?.text
    }

    /// Compares it with the row that it speaks of; nil where there is none.
    mutating func compare(with support: SupportRequest?) {
        guard let leaf, let number = supportRequest else { return }
        guard let support else {
            differences.append("support request \(number) is in the log, but not in the tables")
            return
        }
        foundSupportRequest = number
        differences += support.differences(from: Told(leaf: leaf, texts: texts))
    }

    private static func textDifferences(_ entry: LogEntry, _ leaf: Leaf) -> [String] {
        var found: [String] = []
        let fields = Set(entry.texts.map(\.field))
        let isCommitted = fields.allSatisfy { leaf.commitments[$0] != nil }
        if fields.count != leaf.commitments.count || !isCommitted {
            found.append("record \(entry.index): its texts are not those that it commits to")
        }
        for text in entry.texts {
            // An erased text leaves its commitment; that its erasure was recorded is `ErasureReplay`'s.
            guard let content = text.text else {
                if text.salt != nil {
                    found.append(
                        "record \(entry.index): the text \(text.field) is gone, but its salt was kept"
                    )
                }
                continue
            }
            guard
                let committed = leaf.commitments[text.field]?.text.flatMap({
                    SaltedCommitment(base64: $0)
                })
            else { continue }
            if !committed.isOpened(salt: text.salt ?? [], field: text.field, text: content) {
                found.append("record \(entry.index): the text \(text.field) was changed")
            }
        }
        return found
    }
}

extension SupportRequest {
    fileprivate func differences(from told: LogRecordCheck.Told) -> [String] {
        var differences = Differences("support request \(number)")
        differences.check(told.isTextOrMark("subject", subject), "subject")
        differences.check(told.isTextOrMark("description", description), "description")
        differences.check(told.isTextOrMark("url", url), "address")
        differences.check("service", log: told.data["service"]?.text, table: service?.text)
        differences.check("who opened it", log: told.leaf.actor, table: openedBy.text)
        differences.check("opening", log: told.leaf.time, table: openedAt.description)
        return differences.found
    }
}

extension LogRecordCheck {
    /// What one record says of the state.
    struct Told {
        let leaf: Leaf
        let texts: [CommittedText]

        var data: [String: JSONValue] { leaf.data }

        /// Nil if there is none, or it was erased.
        func text(_ field: String) -> String? { texts.first { $0.field == field }?.text }

        /// Whether `value` is the text that was committed to. An erased one can be compared with
        /// nothing.
        func isText(_ field: String, _ value: String?) -> Bool {
            guard leaf.commitments[field] != nil else { return value == nil }
            guard let text = text(field) else { return true }
            return value.map { $0.hasBytes(of: text) } ?? false
        }

        /// The same in a row that an erasure takes the text from: there its mark stands.
        func isTextOrMark(_ field: String, _ value: String?) -> Bool {
            guard leaf.commitments[field] != nil, text(field) == nil else {
                return isText(field, value)
            }
            return value.map(ErasedText.isMark) ?? false
        }
    }
}

extension String {
    /// Two spellings of one character are one text to Swift, and two commitments.
    fileprivate func hasBytes(of other: String) -> Bool {
        var (one, other) = (self, other)
        return one.withUTF8 { one in other.withUTF8 { one.elementsEqual($0) } }
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
