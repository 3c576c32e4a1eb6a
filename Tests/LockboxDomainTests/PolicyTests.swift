import LockboxDomain
import Testing

@Suite struct PolicyTests {
    private static func policy(
        _ requireApproval: Bool,
        _ decisionWindow: TimeSpan,
        _ maxAccess: TimeSpan,
        _ approvalsNeeded: Int,
        _ withheld: TokenScopes = .decide
    ) throws -> Policy {
        try Policy(
            requireApproval: requireApproval,
            decisionWindow: decisionWindow,
            maxAccess: maxAccess,
            approvalsNeeded: approvalsNeeded,
            withheldFromTokens: withheld
        )
    }

    @Test func ruleThatAllowsMoreInAnyRespectDoesNotOnlyRestrict() throws {
        let before = try Self.policy(true, .hours(12), .hours(4), 2)
        for stricter in [
            before,
            try Self.policy(true, .hours(11), .hours(4), 2),
            try Self.policy(true, .hours(12), .hours(3), 2),
            try Self.policy(true, .hours(12), .hours(4), 3),
            try Self.policy(true, .hours(12), .hours(4), 2, .weighty),
        ] {
            #expect(stricter.onlyRestricts(before))
        }
        for looser in [
            try Self.policy(false, .hours(1), .hours(1), 3),
            try Self.policy(true, .hours(13), .hours(1), 3),
            try Self.policy(true, .hours(1), .hours(5), 3),
            try Self.policy(true, .hours(1), .hours(1), 1),
            try Self.policy(true, .hours(1), .hours(1), 3, []),
            try Self.policy(true, .hours(1), .hours(1), 3, .administer),
        ] {
            #expect(!looser.onlyRestricts(before))
        }
        var refusing = before
        refusing.allowsPrograms = false
        #expect(refusing.onlyRestricts(before) && !before.onlyRestricts(refusing))
        let without = try Self.policy(false, .hours(12), .hours(4), 2)
        #expect(without.onlyRestricts(without) && before.onlyRestricts(without))
    }

    @Test func onlyWhatIsWeightyCanBeKeptFromTokens() throws {
        for scopes in [TokenScopes.read, .ask, .every] {
            #expect(throws: Refusal.self) { try Self.policy(true, .hours(1), .hours(1), 1, scopes) }
        }
    }
}
