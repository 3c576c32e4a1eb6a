/// A tenant's own rules.
public struct Policy: Hashable, Sendable {
    /// "Require approval for all data access requests."
    public var requireApproval: Bool
    public var decisionWindow: TimeSpan
    public var maxAccess: TimeSpan
    public var approvalsNeeded: Int
    /// What its people can do at the portal alone, and by no API token.
    public var withheldFromTokens: TokenScopes
    /// How long a looser rule, or a yes of who decides since just now, waits where too few people have
    /// agreed.
    public var coolingOff: TimeSpan
    /// Whether programs of the provider may ask for access, for themselves or for an engineer.
    public var allowsPrograms: Bool
    /// How long the texts of the log are kept after what they are about was over; nil for ever.
    public var retention: TimeSpan?
    /// Whether approvals count only with a signature of the approver's own.
    public var signedApprovals: SignedApprovals
    /// Whether what is open at a service and was granted by nobody is closed, where it reaches the
    /// tenant's data.
    public var closesUnknownAccess: Bool
    /// Whether these rules change only by signatures of the tenant's own people.
    public var signedChanges: SignedChanges

    public static let standard = Policy(
        unchecked: true,
        decisionWindow: Limits.defaultDecisionWindow,
        maxAccess: Limits.defaultMaxAccess,
        approvalsNeeded: 1,
        withheldFromTokens: [],
        coolingOff: Limits.defaultCoolingOff,
        allowsPrograms: true,
        retention: nil,
        signedApprovals: .off,
        closesUnknownAccess: false,
        signedChanges: .off
    )

    public init(
        requireApproval: Bool,
        decisionWindow: TimeSpan,
        maxAccess: TimeSpan,
        approvalsNeeded: Int,
        withheldFromTokens: TokenScopes,
        coolingOff: TimeSpan,
        allowsPrograms: Bool = true,
        retention: TimeSpan? = nil,
        signedApprovals: SignedApprovals = .off,
        closesUnknownAccess: Bool = false,
        signedChanges: SignedChanges = .off
    )
        throws(Refusal)
    {
        guard Limits.decisionWindow.contains(decisionWindow) else {
            throw .invalid(field: "decisionWindow", problem: .outOfRange("PT15M to P14D"))
        }
        guard Limits.maxAccess.contains(maxAccess) else {
            throw .invalid(field: "maxAccess", problem: .outOfRange("PT1S to P1D (24 hours)"))
        }
        guard Limits.approvalsNeeded.contains(approvalsNeeded) else {
            throw .invalid(field: "approvalsNeeded", problem: .outOfRange("1 to 10"))
        }
        guard withheldFromTokens.isSubset(of: .weighty) else {
            throw .invalid(
                field: "withheldFromTokens",
                problem: .malformed(expected: "decide, administer, both or neither")
            )
        }
        guard Limits.coolingOff.contains(coolingOff) else {
            throw .invalid(field: "coolingOff", problem: .outOfRange("PT1H to P30D"))
        }
        if let retention {
            let isWhole = retention.milliseconds % TimeSpan.days(1).milliseconds == 0
            guard Limits.retention.contains(retention), isWhole else {
                throw .invalid(
                    field: "retention",
                    problem: .outOfRange("P90D to P36500D, whole days")
                )
            }
        }
        self.init(
            unchecked: requireApproval,
            decisionWindow: decisionWindow,
            maxAccess: maxAccess,
            approvalsNeeded: approvalsNeeded,
            withheldFromTokens: withheldFromTokens,
            coolingOff: coolingOff,
            allowsPrograms: allowsPrograms,
            retention: retention,
            signedApprovals: signedApprovals,
            closesUnknownAccess: closesUnknownAccess,
            signedChanges: signedChanges
        )
    }

    private init(
        unchecked requireApproval: Bool,
        decisionWindow: TimeSpan,
        maxAccess: TimeSpan,
        approvalsNeeded: Int,
        withheldFromTokens: TokenScopes,
        coolingOff: TimeSpan,
        allowsPrograms: Bool,
        retention: TimeSpan?,
        signedApprovals: SignedApprovals,
        closesUnknownAccess: Bool,
        signedChanges: SignedChanges
    ) {
        self.requireApproval = requireApproval
        self.decisionWindow = decisionWindow
        self.maxAccess = maxAccess
        self.approvalsNeeded = approvalsNeeded
        self.withheldFromTokens = withheldFromTokens
        self.coolingOff = coolingOff
        self.allowsPrograms = allowsPrograms
        self.retention = retention
        self.signedApprovals = signedApprovals
        self.closesUnknownAccess = closesUnknownAccess
        self.signedChanges = signedChanges
    }
}

extension Policy {
    /// Whether these rules ask for signatures anywhere.
    public var takesSignatures: Bool { signedApprovals == .required || signedChanges == .required }
}

/// Whether an approval must be signed by whoever gives it, so that no row of a database stands in for
/// her yes (docs/spec/approval-statement.md).
public enum SignedApprovals: String, Hashable, Sendable, CaseIterable {
    case off, required
}

/// Whether whoever changes the rules signs that, so that no row of a database changes them; and whether
/// whoever ends access for the customer is asked to (docs/spec/approval-statement.md §6 and §7).
public enum SignedChanges: String, Hashable, Sendable, CaseIterable {
    case off, required
}
