/// Hashes a log again from its leaves and compares with every head that somebody remembers of it.
public struct LogReplay: Sendable {
    /// What is wrong with the log, or with what is remembered of it.
    public enum Fault: Error, Hashable, Sendable {
        /// The leaves lead to another root than was known at this size: an entry up to there is not
        /// what it was.
        case rootMismatch(known: TreeHead, computed: Hash)
        /// Two different roots are known at one size: the log was shown to different people
        /// differently.
        case conflictingHeads(size: UInt64)
        /// A known head is of a larger log than was replayed: entries are missing at the end.
        case logTooShort(size: UInt64, known: TreeHead)
        /// A known head is of a smaller log than where the replay started: nothing was learnt about
        /// it.
        case headBeforeStart(TreeHead)
    }

    private var range: CompactRange

    /// The heads still to come, the smallest last.
    private var heads: [TreeHead]

    /// The first thing found wrong; it stays.
    public private(set) var fault: Fault?

    /// Starts from the empty log, or goes on from a tree that was checked before.
    public init(from start: CompactRange = CompactRange(), heads: some Sequence<TreeHead>) {
        range = start
        self.heads = Set(heads).sorted { $0.size > $1.size }
        if let first = self.heads.last, first.size < start.size { fault = .headBeforeStart(first) }
        let pairs = zip(self.heads, self.heads.dropFirst()).reversed()
        if fault == nil, let conflict = pairs.first(where: { $0.size == $1.size }) {
            fault = .conflictingHeads(size: conflict.0.size)
        }
        compare()
    }

    /// How many leaves the log has so far.
    public var size: UInt64 { range.size }

    /// The root of the log so far.
    public var root: Hash { range.root }

    /// What to keep in order to go on later.
    public var compactRange: CompactRange { range }

    /// Feeds the next leaf's data. Goes on after a fault, so that size and root stay those of the
    /// leaves.
    public mutating func append(leaf data: some Collection<UInt8>) {
        append(hash: .leaf(data))
    }

    /// The same, for who has hashed the next leaf's data already.
    public mutating func append(hash: Hash) {
        range.append(hash)
        compare()
    }

    /// Ends the replay: throws the first fault, or that a known head was not reached.
    public func finish() throws(Fault) {
        if let fault { throw fault }
        if let missing = heads.last { throw .logTooShort(size: size, known: missing) }
    }

    private mutating func compare() {
        guard fault == nil else { return }
        while let known = heads.last, known.size == size {
            heads.removeLast()
            let computed = root
            guard computed == known.root else {
                fault = .rootMismatch(known: known, computed: computed)
                return
            }
        }
    }
}

extension LogReplay.Fault: CustomStringConvertible {
    public var description: String {
        switch self {
        case .rootMismatch(let known, let computed):
            "the first \(known.size) entries have the root \(computed), but \(known.root) was signed"
        case .conflictingHeads(let size):
            "two different roots are known for the log at \(size) entries"
        case .logTooShort(let size, let known):
            "the log ends after \(size) entries, but \(known.size) were signed"
        case .headBeforeStart(let known):
            "the check began after entry \(known.size) and cannot tell about it"
        }
    }
}
