import LockboxDomain
import LockboxFixtures
import LockboxService
import LockboxTestWorld
import Testing

/// What `apply` says is wrong with a directory that no rule forbids.
struct DirectoryWarningsTests {
    private static func human(_ email: String, _ roles: Roles) -> DirectoryFile.Person {
        .init(
            place: "file: \(email)",
            email: EmailAddress(email)!,
            name: "Pat Doe",
            roles: roles,
            aliases: [],
            isDisabled: false
        )
    }

    private static func warnings(
        _ people: [DirectoryFile.Person],
        provider: [DirectoryFile.Person] = [],
        in world: TestWorld
    ) async throws -> [String] {
        let tenant = DirectoryFile.Tenant(
            place: "file: acme",
            id: TenantID("acme")!,
            name: "Acme",
            isLicensed: false,
            policy: nil,
            people: people,
            resources: []
        )
        return try await world.lockbox.apply(
            DirectoryFile(
                providerName: nil,
                providerPeople: provider,
                tenants: [tenant],
                services: [("file: mail", Fixture.mail)]
            )
        ).warnings
            // The world has people of the provider besides.
            .filter { !$0.contains("not in the file") }
    }

    @Test func mailboxThatCannotBeAResourceIsNamed() async throws {
        try await TestWorld.with { world async throws in
            let people = ["sean.o'brien@acme.test", "r&d@acme.test", "ann+x@acme.test"]
            #expect(
                try await Self.warnings(people.map { Self.human($0, .member) }, in: world)
                    == people.prefix(2).map {
                        "\($0): this mailbox cannot be a resource of mail, whose names cannot hold all "
                            + "of its signs; nobody can be given access to it"
                    }
            )
        }
    }

    @Test func twoSpellingsOfOneMailboxAtGoogleAreNamed() async throws {
        try await TestWorld.with { world async throws in
            let people = [
                Self.human("a.dam@gmail.com", .approver),
                Self.human("adam@googlemail.com", .approver),
                Self.human("ada.m@acme.test", .approver),
                Self.human("adam@acme.test", .approver), Self.human("beth@gmail.com", .approver),
            ]
            #expect(
                try await Self.warnings(
                    people,
                    provider: [Self.human("b.e.t.h@gmail.com", .engineer)],
                    in: world
                ) == [
                    "a.dam@gmail.com and adam@googlemail.com are one mailbox at Google, so perhaps one "
                        + "person with several accounts",
                    "b.e.t.h@gmail.com and beth@gmail.com are one mailbox at Google, so perhaps one "
                        + "person with several accounts",
                ]
            )
        }
    }
}
