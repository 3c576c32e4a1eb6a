import LockboxDomain
import Testing

@Suite struct PolicyTests {
    private static func policy(
        _ requireApproval: Bool,
        _ decisionWindow: TimeSpan,
        _ maxAccess: TimeSpan,
        _ approvalsNeeded: Int,
        _ withheld: TokenScopes = .decide,
        _ coolingOff: TimeSpan = .hours(24)
    ) throws -> Policy {
        try Policy(
            requireApproval: requireApproval,
            decisionWindow: decisionWindow,
            maxAccess: maxAccess,
            approvalsNeeded: approvalsNeeded,
            withheldFromTokens: withheld,
            coolingOff: coolingOff,
            allowsPrograms: false,
            retention: .days(365),
            signedApprovals: .required,
            closesUnknownAccess: true,
            signedChanges: .required
        )
    }

    /// Of each rule a stricter and a looser one than `before`.
    private static let before = Result { try policy(true, .hours(12), .hours(4), 2) }
    private static func variants(_ rule: PolicyLoosening) throws -> (strict: Policy, loose: Policy)
    {
        var (strict, loose) = (try before.get(), try before.get())
        switch rule {
        case .requireApproval: loose.requireApproval = false
        case .allowsPrograms: loose.allowsPrograms = true
        case .signedApprovals: loose.signedApprovals = .off
        case .closesUnknownAccess: loose.closesUnknownAccess = false
        case .signedChanges: loose.signedChanges = .off
        case .decisionWindow:
            (strict.decisionWindow, loose.decisionWindow) = (.hours(11), .hours(13))
        case .maxAccess: (strict.maxAccess, loose.maxAccess) = (.hours(3), .hours(5))
        case .approvalsNeeded: (strict.approvalsNeeded, loose.approvalsNeeded) = (3, 1)
        case .withheldFromTokens:
            (strict.withheldFromTokens, loose.withheldFromTokens) = (.weighty, [])
        case .coolingOff: (strict.coolingOff, loose.coolingOff) = (.days(2), .hours(1))
        case .retention: (strict.retention, loose.retention) = (nil, .days(90))
        }
        return (strict, loose)
    }

    /// A rule that is added to a policy and has no case of its own fails here.
    @Test func everyRuleOfAPolicySaysWhatIsLooser() {
        let rules = Mirror(reflecting: Policy.standard).children.compactMap(\.label)
        #expect(Set(rules) == Set(PolicyLoosening.allCases.map(\.rawValue)))
    }

    @Test(arguments: PolicyLoosening.allCases)
    func looserRuleIsNamedAndAStricterOneIsNone(_ rule: PolicyLoosening) throws {
        let before = try Self.before.get()
        let (strict, loose) = try Self.variants(rule)
        #expect(before.loosenings(since: before) == [])
        #expect(strict.loosenings(since: before) == [])
        #expect(loose.loosenings(since: before) == [rule])
        #expect(before.loosenings(since: loose) == [])
        // Whatever else is stricter.
        for other in PolicyLoosening.allCases where other != rule {
            var mixed = try Self.variants(other).strict
            switch rule {
            case .requireApproval: mixed.requireApproval = loose.requireApproval
            case .decisionWindow: mixed.decisionWindow = loose.decisionWindow
            case .maxAccess: mixed.maxAccess = loose.maxAccess
            case .approvalsNeeded: mixed.approvalsNeeded = loose.approvalsNeeded
            case .withheldFromTokens: mixed.withheldFromTokens = loose.withheldFromTokens
            case .coolingOff: mixed.coolingOff = loose.coolingOff
            case .allowsPrograms: mixed.allowsPrograms = loose.allowsPrograms
            case .retention: mixed.retention = loose.retention
            case .signedApprovals: mixed.signedApprovals = loose.signedApprovals
            case .closesUnknownAccess:
                mixed.closesUnknownAccess = loose.closesUnknownAccess
            case .signedChanges: mixed.signedChanges = loose.signedChanges
            }
            #expect(mixed.loosenings(since: before) == [rule])
            let kept = before.stricter(with: mixed)
            #expect(kept.loosenings(since: before) == [])
            #expect(kept == (try Self.variants(other).strict))
        }
    }

    @Test func textsAreKeptForNinetyDaysAtLeastAndForWholeDays() throws {
        func policy(_ retention: TimeSpan?) throws -> Policy {
            try Policy(
                requireApproval: true,
                decisionWindow: .hours(1),
                maxAccess: .hours(1),
                approvalsNeeded: 1,
                withheldFromTokens: [],
                coolingOff: .hours(1),
                retention: retention
            )
        }
        for span in [nil, TimeSpan.days(90), .days(36_500)] {
            #expect(try policy(span).retention == span)
        }
        for span in [TimeSpan.zero, .days(89), .days(90) + .hours(1), .days(36_501)] {
            #expect(throws: Refusal.self) { try policy(span) }
        }
    }

    @Test func coolingOffHasBounds() throws {
        let millisecond = TimeSpan(milliseconds: 1)
        for span in [TimeSpan.hours(1), .days(30)] {
            _ = try Self.policy(true, .hours(1), .hours(1), 1, [], span)
        }
        for span in [TimeSpan.zero, .hours(1) - millisecond, .days(30) + millisecond] {
            #expect(throws: Refusal.self) {
                try Self.policy(true, .hours(1), .hours(1), 1, [], span)
            }
        }
    }

    @Test func onlyWhatIsWeightyCanBeKeptFromTokens() throws {
        for scopes in [TokenScopes.read, .ask, .every] {
            #expect(throws: Refusal.self) { try Self.policy(true, .hours(1), .hours(1), 1, scopes) }
        }
    }
}
