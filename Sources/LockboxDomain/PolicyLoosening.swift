/// A rule that protects less than it did. There is one for each rule of a policy, by its name.
public enum PolicyLoosening: String, Hashable, Sendable, CaseIterable {
    /// Nobody of the tenant is asked any more.
    case requireApproval
    /// Requests wait longer for a yes.
    case decisionWindow
    /// Access lasts longer.
    case maxAccess
    /// Fewer people say yes.
    case approvalsNeeded
    /// API tokens can do what people could do at the portal alone.
    case withheldFromTokens
    /// What is looser waits less.
    case coolingOff
    /// Programs of the provider may ask.
    case allowsPrograms
    /// Texts of the log go sooner, and with them what somebody could be asked about.
    case retention
    /// An approval counts without a signature.
    case signedApprovals
    /// Access that nobody granted is left open.
    case closesUnknownAccess
    /// Rules change without a signature.
    case signedChanges

    /// Whether `after` protects less by this rule than `before`.
    func isBetween(_ before: Policy, _ after: Policy) -> Bool {
        switch self {
        case .requireApproval: before.requireApproval && !after.requireApproval
        case .decisionWindow: after.decisionWindow > before.decisionWindow
        case .maxAccess: after.maxAccess > before.maxAccess
        case .approvalsNeeded: after.approvalsNeeded < before.approvalsNeeded
        case .withheldFromTokens:
            !after.withheldFromTokens.isSuperset(of: before.withheldFromTokens)
        case .coolingOff: after.coolingOff < before.coolingOff
        case .allowsPrograms: after.allowsPrograms && !before.allowsPrograms
        case .retention: after.keptFor < before.keptFor
        case .signedApprovals:
            before.signedApprovals == .required && after.signedApprovals == .off
        case .closesUnknownAccess: before.closesUnknownAccess && !after.closesUnknownAccess
        case .signedChanges: before.signedChanges == .required && after.signedChanges == .off
        }
    }
}

extension Policy {
    /// What is looser in this policy than in `before`; empty where it only restricts.
    public func loosenings(since before: Policy) -> [PolicyLoosening] {
        PolicyLoosening.allCases.filter { $0.isBetween(before, self) }
    }

    /// Of each rule the one that protects more.
    public func stricter(with other: Policy) -> Policy {
        var strict = self
        strict.requireApproval = requireApproval || other.requireApproval
        strict.decisionWindow = min(decisionWindow, other.decisionWindow)
        strict.maxAccess = min(maxAccess, other.maxAccess)
        strict.approvalsNeeded = max(approvalsNeeded, other.approvalsNeeded)
        strict.withheldFromTokens = withheldFromTokens.union(other.withheldFromTokens)
        strict.coolingOff = max(coolingOff, other.coolingOff)
        strict.allowsPrograms = allowsPrograms && other.allowsPrograms
        if other.keptFor > keptFor { strict.retention = other.retention }
        if other.signedApprovals == .required { strict.signedApprovals = .required }
        strict.closesUnknownAccess = closesUnknownAccess || other.closesUnknownAccess
        if other.signedChanges == .required { strict.signedChanges = .required }
        return strict
    }

    /// For ever is longer than anything.
    fileprivate var keptFor: TimeSpan { retention ?? TimeSpan(milliseconds: .max) }
}
