import LockboxDomain
import LockboxPorts

/// What a letter says, by name. The raw value is stored, and so is each value in the very words of
/// the letter: what happens after it was written cannot alter it, and nothing stored can fail to be
/// read.
enum Fact: String, CaseIterable {
    /// Names of people and companies.
    case provider, tenant, engineer, manager, endedBy, endedBySide
    /// The program that asked for the engineer; and whether the engineer is one itself.
    case askedBy, isProgram
    case supportRequest, service
    /// One line each.
    case resources
    case duration, notBefore, decideBy, approvalsNeeded
    case start, end, basis, isNarrowed, endOfConnections
    /// Who said yes for the customer, and what was asked for where less was given. For the customer's
    /// own people alone.
    case approvedBy, insteadOf
    case endReason, endedAt, plannedEnd, began, useCount, firstUse, lastUse
    case operations, subjects
    /// Services that have not confirmed yet that nothing is left open, and those that never will.
    case unconfirmed, leftOpen
    /// Which of several letters of one kind this is.
    case audience, outcome, stage, isAnswer
    /// Whether a request ended because its support request was closed.
    case isClosed
    /// How often the customer denied this engineer on the same support request before.
    case deniedBefore
    /// Who wrote on a support request, closed or reopened it.
    case by
    /// Who settled what was asked.
    case decidedBy
    /// What was changed, a line each, and by whom.
    case change, changedBy
    /// Whether the letter tells its recipient of her own account.
    case isAffected
    /// Whom a letter did not reach: name and address.
    case unreached
    /// What needs an operator, and what was said about it.
    case cause, detail
    case portal, portalAddress
    /// An invitation by the name in its link, what it is for, and when it is over. Its code is in no
    /// fact.
    case invitation, purpose, endsAt
}

/// Whom a letter speaks to.
enum Audience: String {
    case engineer, manager, approver
}

/// How a request came to nothing without anyone's no.
enum UndecidedOutcome: String {
    case managerSilent, customerSilent, withdrawn
}

/// What became of what somebody was asked.
enum SettledOutcome: String {
    case reviewed, rejected, approved, denied, withdrawn, expired
}

struct Facts {
    private var values: [String: String] = [:]
    /// What is an instant: each recipient reads it in her own time zone.
    private var instants: [Fact: (at: Timestamp, withSeconds: Bool)] = [:]

    init() {}

    init(_ stored: [String: String]) { values = stored }

    subscript(fact: Fact) -> String? {
        get { values[fact.rawValue] }
        set { values[fact.rawValue] = newValue }
    }

    mutating func set(_ fact: Fact, to instant: Timestamp?, withSeconds: Bool = false) {
        instants[fact] = instant.map { ($0, withSeconds) }
    }

    /// What is stored of a letter to somebody who reads times in `zone`.
    func stored(for zone: TimeZoneName?) -> [String: String] {
        instants.reduce(into: values) { stored, one in
            stored[one.key.rawValue] = one.value.at.words(
                in: zone,
                withSeconds: one.value.withSeconds
            )
        }
    }

    /// A name as letters show it.
    func name(_ fact: Fact) -> String { shownName(self[fact] ?? "somebody") }

    /// A value that letters of this kind always have.
    func text(_ fact: Fact) -> String { self[fact] ?? "not known" }

    func lines(_ fact: Fact) -> [String] {
        (self[fact] ?? "").split(separator: "\n").map(String.init)
    }

    func with(_ fact: Fact, _ value: String) -> Facts {
        var copy = self
        copy[fact] = value
        return copy
    }
}
