import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxTestWorld
import Testing

/// What an operator's file says of a tenant's people, and only an administrator of it makes so.
@Suite struct ProposalTests {
    private static let tenant = Fixture.contoso.id
    private static let decides: Roles = [.member, .approver]

    private static func proposed(_ person: Person, in world: TestWorld) async throws
        -> PersonProposal?
    {
        try await world.store.read { try $0.proposal(about: person.id) }
    }

    private static func sue(_ world: TestWorld) async throws -> Person {
        try #require(try await world.store.read { try $0.person(Fixture.sue.id) })
    }

    /// The file makes Sue an approver at another address.
    private static let wish = OwnPeopleTests.file([
        OwnPeopleTests.human(
            Fixture.sue,
            email: "susan@contoso.test",
            aliases: ["sue@contoso.test"],
            roles: decides
        )
    ])

    /// Sue's other address is known before her people are the tenant's own.
    private static func begin(_ world: TestWorld) async throws {
        _ = try await world.lockbox.apply(
            OwnPeopleTests.file([
                OwnPeopleTests.human(Fixture.sue, aliases: ["susan@contoso.test"])
            ])
        )
        try await OwnPeopleTests.administered(world)
    }

    private static func proposeSue(_ world: TestWorld) async throws -> PersonProposal {
        try await begin(world)
        _ = try await world.lockbox.apply(wish)
        return try #require(try await proposed(Fixture.sue, in: world))
    }

    @discardableResult
    private static func accept(
        _ id: String,
        about person: Person,
        by caller: Person,
        _ world: TestWorld
    ) async throws -> Person {
        try await world.lockbox.acceptProposal(
            id,
            about: person.id.text,
            of: tenant.text,
            by: caller
        )
    }

    private static func decline(
        _ id: String,
        about person: Person,
        by caller: Person,
        _ world: TestWorld
    ) async throws {
        try await world.lockbox.declineProposal(
            id,
            about: person.id.text,
            of: tenant.text,
            by: caller
        )
    }

    @Test func nothingIsSoUntilAnAdministratorAcceptsAndThenAllOfIt() async throws {
        try await TestWorld.with { world in
            let proposal = try await Self.proposeSue(world)
            #expect(try await Self.sue(world).email == Fixture.sue.email)
            #expect(try await Self.sue(world).roles == Fixture.sue.roles)
            #expect(
                try await world.lockbox.proposals(to: Self.tenant.text, by: Fixture.gita)
                    == [proposal]
            )
            let after = try await Self.accept(
                proposal.id.text,
                about: Fixture.sue,
                by: Fixture.gita,
                world
            )
            #expect(after.roles == Self.decides)
            #expect(after.email.text == "susan@contoso.test")
            #expect(try await Self.sue(world) == after)
            #expect(try await Self.proposed(Fixture.sue, in: world) == nil)
            let lines = try await world.lockbox.apply(Self.wish).changes
            #expect(lines.allSatisfy { !$0.hasPrefix("person ") })
            try await world.expectConsistentLogs()
        }
    }

    @Test func nobodyElseAcceptsOrDeclinesOrReads() async throws {
        try await TestWorld.with { world in
            let id = try await Self.proposeSue(world).id.text
            for stranger in [Fixture.sue, Fixture.adam, Fixture.frida, Fixture.eve, Fixture.mark] {
                await #expect(throws: Refusal.self) {
                    try await world.lockbox.proposals(to: Self.tenant.text, by: stranger)
                }
                await #expect(throws: Refusal.self) {
                    try await Self.accept(id, about: Fixture.sue, by: stranger, world)
                }
                await #expect(throws: Refusal.self) {
                    try await Self.decline(id, about: Fixture.sue, by: stranger, world)
                }
            }
            #expect(try await Self.sue(world).roles == Fixture.sue.roles)
        }
    }

    @Test func whatWasDeclinedIsNotProposedAgainUntilTheFileSaysSomethingElse() async throws {
        try await TestWorld.with { world in
            let proposal = try await Self.proposeSue(world)
            try await Self.decline(proposal.id.text, about: Fixture.sue, by: Fixture.gita, world)
            let declined = try #require(try await Self.proposed(Fixture.sue, in: world))
            let again = try await world.lockbox.apply(Self.wish).changes
            #expect(again.contains { $0.contains("declined by contoso at ") })
            #expect(try await Self.proposed(Fixture.sue, in: world) == declined)
            await #expect(throws: Refusal.notFound(.page), "it is over") {
                try await Self.accept(proposal.id.text, about: Fixture.sue, by: Fixture.gita, world)
            }
            let other = OwnPeopleTests.file([
                OwnPeopleTests.human(Fixture.sue, roles: [.member, .admin])
            ])
            _ = try await world.lockbox.apply(other)
            let new = try #require(try await Self.proposed(Fixture.sue, in: world))
            #expect(new.declinedAt == nil && new.wish.roles == [.member, .admin])
            _ = try await world.lockbox.apply(
                OwnPeopleTests.file([
                    OwnPeopleTests.human(Fixture.sue, aliases: ["susan@contoso.test"])
                ])
            )
            #expect(try await Self.proposed(Fixture.sue, in: world) == nil, "withdrawn")
            try await world.expectConsistentLogs()
        }
    }

    @Test func whoIsAddedDecidesOnlyOnceAnAdministratorHasSaidSo() async throws {
        try await TestWorld.with { world in
            try await OwnPeopleTests.administered(world)
            let nora = DirectoryFile.Person(
                place: "file: nora",
                email: EmailAddress("nora@contoso.test")!,
                name: "Nora New",
                roles: Self.decides,
                aliases: [],
                isDisabled: false
            )
            let lines = try await world.lockbox.apply(OwnPeopleTests.file([nora])).changes
            #expect(
                lines.contains(
                    "person nora@contoso.test: proposed to the administrators of contoso"
                )
            )
            let added = try #require(
                try await world.store.read {
                    try $0.person(identifiedBy: Identity(local: nora.email))
                }
            )
            #expect(added.roles == [.member])
            let proposal = try #require(try await Self.proposed(added, in: world))
            let after = try await Self.accept(
                proposal.id.text,
                about: added,
                by: Fixture.gita,
                world
            )
            #expect(after.mayDecide(for: Self.tenant))
            try await world.expectConsistentLogs()
        }
    }

    @Test func anotherProposalThanTheOneThatWasReadIsNotAccepted() async throws {
        try await TestWorld.with { world in
            let proposal = try await Self.proposeSue(world)
            _ = try await world.lockbox.apply(
                OwnPeopleTests.file([
                    OwnPeopleTests.human(Fixture.sue, roles: [.member, .admin])
                ])
            )
            await #expect(throws: Refusal.notFound(.page)) {
                try await Self.accept(proposal.id.text, about: Fixture.sue, by: Fixture.gita, world)
            }
            #expect(try await Self.sue(world).roles == Fixture.sue.roles)
        }
    }

    @Test func aDryRunProposesNothing() async throws {
        try await TestWorld.with { world in
            try await Self.begin(world)
            let lines = try await world.lockbox.apply(Self.wish, isDryRun: true).changes
            #expect(lines.contains { $0.contains("proposed to the administrators") })
            #expect(try await Self.proposed(Fixture.sue, in: world) == nil)
        }
    }
}
