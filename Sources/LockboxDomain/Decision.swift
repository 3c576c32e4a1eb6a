/// One append-only yes or no by one person.
public struct Decision: Hashable, Sendable {
    /// Yes, perhaps to less than was asked for, or no.
    public enum Verdict: Hashable, Sendable {
        case approve(Narrowing)
        case deny
    }

    /// What an approval gives less of than was asked for; nil leaves it as it is.
    public struct Narrowing: Hashable, Sendable {
        public var duration: TimeSpan?
        public var scope: Scope?

        public init(duration: TimeSpan? = nil, scope: Scope? = nil) {
            self.duration = duration
            self.scope = scope
        }

        public static let none = Narrowing()
    }

    /// Which of the two reviews it belongs to.
    public enum Stage: String, Hashable, Sendable, CaseIterable {
        case manager, customer
    }

    public let stage: Stage
    public let person: PersonID
    public let verdict: Verdict
    public let comment: String?
    public let at: Timestamp
    /// Whether its record has a signature of the person's own.
    public let isSigned: Bool

    public init(
        stage: Stage,
        person: PersonID,
        verdict: Verdict,
        comment: String?,
        at: Timestamp,
        isSigned: Bool = false
    ) {
        self.stage = stage
        self.person = person
        self.verdict = verdict
        self.comment = comment
        self.at = at
        self.isSigned = isSigned
    }

    /// Whether it is a yes.
    public var isApproval: Bool {
        switch verdict {
        case .approve: true
        case .deny: false
        }
    }
}
