package import LockboxDomain
package import LockboxPorts
package import MerkleLog

/// Makes a log's next entries and heads, as the audit does, from arguments that a test chooses.
package struct LogWriter: Sendable {
    package let log: LogID
    private var range: CompactRange

    /// Goes on from `head`.
    package init(_ log: LogID = .tenant(Fixture.contoso.id), after head: LogHead = .empty) {
        self.log = log
        range = CompactRange(size: head.size, hashes: head.range)!
    }

    /// The root of the log so far.
    package var root: Hash { range.root }

    package mutating func next(
        _ activity: String = "request.submitted",
        at time: Timestamp = Fixture.now,
        by actor: String = "system",
        about request: AccessRequestID? = nil,
        texts: [CommittedText] = [],
        saying content: String = ""
    ) -> (entry: LogEntry, head: LogHead) {
        let index = range.size
        let bytes = Array(
            #"{"activity":"\#(activity)","content":"\#(content)","index":\#(index)}"#.utf8
        )
        let hash = Hash.leaf(bytes)
        range.append(hash)
        let entry = LogEntry(
            log: log,
            index: index,
            time: time,
            activity: activity,
            actor: actor,
            request: request,
            bytes: bytes,
            hash: hash,
            texts: texts
        )
        return (entry, LogHead(size: range.size, range: range.hashes, lastTime: time))
    }

    /// Makes the next entry from where the log in `tx` ends, and appends it.
    @discardableResult
    package static func append(
        _ activity: String = "request.submitted",
        to log: LogID = .tenant(Fixture.contoso.id),
        at time: Timestamp = Fixture.now,
        by actor: String = "system",
        about request: AccessRequestID? = nil,
        texts: [CommittedText] = [],
        saying content: String = "",
        in tx: any StoreTransaction
    ) throws -> LogEntry {
        var writer = LogWriter(log, after: try tx.head(of: log))
        let (entry, head) = writer.next(
            activity,
            at: time,
            by: actor,
            about: request,
            texts: texts,
            saying: content
        )
        try tx.append(entry, head: head)
        return entry
    }
}

extension Fixture {
    /// A text with a salt made of `salt`.
    package static func text(_ field: String, _ text: String?, salt: UInt8 = 7) -> CommittedText {
        CommittedText(
            field: field,
            salt: Array(repeating: salt, count: SaltedCommitment.saltBytes),
            text: text
        )
    }
}
