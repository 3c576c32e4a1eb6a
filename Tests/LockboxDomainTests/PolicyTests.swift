import LockboxDomain
import Testing

@Suite struct PolicyTests {
    private static func policy(
        _ requireApproval: Bool,
        _ decisionWindow: TimeSpan,
        _ maxAccess: TimeSpan,
        _ approvalsNeeded: Int
    ) throws -> Policy {
        try Policy(
            requireApproval: requireApproval,
            decisionWindow: decisionWindow,
            maxAccess: maxAccess,
            approvalsNeeded: approvalsNeeded
        )
    }

    @Test func ruleThatAllowsMoreInAnyRespectDoesNotOnlyRestrict() throws {
        let before = try Self.policy(true, .hours(12), .hours(4), 2)
        for stricter in [
            before,
            try Self.policy(true, .hours(11), .hours(4), 2),
            try Self.policy(true, .hours(12), .hours(3), 2),
            try Self.policy(true, .hours(12), .hours(4), 3),
        ] {
            #expect(stricter.onlyRestricts(before))
        }
        for looser in [
            try Self.policy(false, .hours(1), .hours(1), 3),
            try Self.policy(true, .hours(13), .hours(1), 3),
            try Self.policy(true, .hours(1), .hours(5), 3),
            try Self.policy(true, .hours(1), .hours(1), 1),
        ] {
            #expect(!looser.onlyRestricts(before))
        }
        let without = try Self.policy(false, .hours(12), .hours(4), 2)
        #expect(without.onlyRestricts(without) && before.onlyRestricts(without))
    }
}
