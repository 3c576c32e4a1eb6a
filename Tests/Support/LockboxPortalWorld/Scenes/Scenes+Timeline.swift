import LockboxDomain
import LockboxFixtures
import LockboxService

/// Who could see what, when.
extension Scene {
    static let timeline: [Scene] = [
        Scene("Timeline", "nobody had access", as: "adam", .page("/timeline")),
        Scene(
            "Timeline",
            "of resources",
            as: "uma",
            .page("/timeline"),
            isKey: true,
            after: severalAccesses
        ),
        Scene(
            "Timeline",
            "of one day",
            as: "adam",
            .page("/timeline?span=24h"),
            after: severalAccesses
        ),
        Scene(
            "Timeline",
            "of ninety days, one resource",
            as: "adam",
            .page("/timeline?span=90d&only=mail/mailbox:sue@contoso.test"),
            after: severalAccesses
        ),
        Scene(
            "Timeline",
            "of engineers",
            as: "mark",
            .page("/timeline"),
            isKey: true,
            after: severalAccesses
        ),
        Scene("Timeline", "of one’s own", as: "eve", .page("/timeline"), after: severalAccesses),
        Scene("Timeline", "not for plain members", as: "tom", .page("/timeline"), status: 404),
        Scene(
            "Timeline",
            "not for the provider’s auditor",
            as: "vera",
            .page("/timeline"),
            status: 404
        ),
    ]

    /// Access that is over, of which a service does not confirm the end, that is open and used, and
    /// that is scheduled.
    private static func severalAccesses(_ world: PortalWorld) async throws {
        for hours in [50, 1, 30] as [Int64] {
            let used = try await world.approved(try await world.reviewed(world.submitted()))
            try await world.opened(used)
            world.clock.advance(by: .minutes(10))
            try await world.finished(used)
            try await world.removing()
            world.clock.advance(by: .hours(hours))
        }
        let other = try await world.submitted(
            actions: ["read", "write"],
            mailboxes: ["sue@contoso.test", "adam@contoso.test"]
        )
        let failing = try await world.approved(try await world.reviewed(other))
        try await world.opened(failing)
        try await world.revoked(failing)
        try await world.removing(problem: "doveadm does not answer")
        world.clock.advance(by: .hours(3))
        let open = try await world.approved(try await world.reviewed(world.submitted()))
        try await world.opened(open)
        let later = try await world.submitted(notBefore: world.clock.now() + .hours(30))
        _ = try await world.approved(try await world.reviewed(later))
    }
}
