import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxTestWorld
import Testing

/// Domains are one tenant's alone: nobody's mailbox can be claimed for a tenant made up for it.
struct ApplyDomainsTests {
    private static func customer(
        _ id: String,
        domains: [String]? = nil,
        people: [String] = [],
        resources: [String] = []
    ) -> DirectoryFile.Tenant {
        .init(
            place: "file: \(id)",
            id: TenantID(id)!,
            name: "The \(id)",
            isLicensed: true,
            policy: nil,
            domains: domains?.map { DomainName($0)! },
            people: people.map {
                .init(
                    place: "file: \($0)",
                    email: EmailAddress($0)!,
                    name: "Pat Doe",
                    roles: .approver,
                    aliases: [],
                    isDisabled: false
                )
            },
            resources: resources.map { ("file: \($0)", Fixture.resource($0)) }
        )
    }

    private static func file(_ tenants: [DirectoryFile.Tenant]) -> DirectoryFile {
        DirectoryFile(
            providerName: nil,
            providerPeople: [],
            tenants: tenants,
            services: [("file: mail", Fixture.mail)]
        )
    }

    private static func apply(_ tenants: DirectoryFile.Tenant..., in world: TestWorld) async throws
        -> [String]
    {
        try await world.lockbox.apply(file(tenants)).changes
    }

    private static func problem(_ tenant: DirectoryFile.Tenant, in world: TestWorld) async throws
        -> String?
    {
        await #expect(throws: DirectoryProblem.self) {
            _ = try await world.lockbox.apply(file([tenant]))
        }?.description
    }

    private static func domains(_ id: String, in world: TestWorld) async throws -> [String]? {
        try await world.store.read { try $0.tenant(TenantID(id)!)?.domains.map(\.text) }
    }

    @Test func whatIsBelowADomainIsOfItsTenantAlone() async throws {
        try await TestWorld.with { world async throws in
            let report = try await Self.apply(
                Self.customer("acme", domains: ["acme.test"], people: ["ann@acme.test"]),
                in: world
            )
            #expect(report.contains("tenant acme: domains are now acme.test"))
            for resource in ["mailbox:ceo@acme.test", "mailbox:ceo@eu.acme.test"] {
                #expect(
                    try await Self.problem(
                        Self.customer("lab", people: ["eli@lab.test"], resources: [resource]),
                        in: world
                    )
                        == "file: \(resource): \(resource) is in a domain that belongs to another tenant."
                )
            }
            #expect(
                try await Self.problem(Self.customer("lab", people: ["ceo@acme.test"]), in: world)
                    == "file: ceo@acme.test: ceo@acme.test is in a domain that belongs to another tenant."
            )
            var alias = Self.customer("lab", people: ["eli@lab.test"])
            alias.people[0].aliases = [EmailAddress("ceo@eu.acme.test")!]
            #expect(
                try await Self.problem(alias, in: world)
                    == "file: eli@lab.test: ceo@eu.acme.test is in a domain that belongs to another tenant."
            )
            #expect(try await Self.domains("lab", in: world) == nil, "nothing was changed")
            let others = ["mailbox:ceo@notacme.test", "mailbox:acme.test@lab.test"]
            _ = try await Self.apply(Self.customer("lab", resources: others), in: world)
            _ = try await Self.apply(
                Self.customer("acme", resources: ["mailbox:info@eu.acme.test"]),
                in: world
            )
            #expect(
                try await Self.domains("acme", in: world) == ["acme.test"],
                "not mentioned, kept"
            )
            try await world.expectConsistentLogs()
        }
    }

    @Test func domainThatOthersAreInAlreadyIsNotTakenFromThem() async throws {
        try await TestWorld.with { world async throws in
            _ = try await Self.apply(
                Self.customer("bolt", domains: ["eu.bolt.test"], people: ["ben@shared.test"]),
                Self.customer("core", resources: ["mailbox:info@core.test"]),
                in: world
            )
            for (domain, other) in [
                ("eu.bolt.test", "bolt"), ("shared.test", "bolt"), ("core.test", "core"),
            ] {
                #expect(
                    try await Self.problem(Self.customer("acme", domains: [domain]), in: world)
                        == "file: acme: domains: \(domain) cannot belong to acme alone, because \(other) "
                        + "has it, a part of it, or people or resources in it."
                )
            }
        }
    }

    @Test func noPartOfADomainIsAnothersEither() async throws {
        try await TestWorld.with { world async throws in
            _ = try await Self.apply(Self.customer("acme", domains: ["acme.test"]), in: world)
            for domain in ["eu.acme.test", "acme.test"] {
                let made = Self.customer("lab", domains: [domain], people: ["ceo@eu.acme.test"])
                #expect(try await Self.problem(made, in: world) != nil, "\(domain)")
            }
            _ = try await Self.apply(Self.customer("lab", domains: ["x.test"]), in: world)
            #expect(
                try await Self.problem(Self.customer("bolt", domains: ["b.x.test"]), in: world)
                    != nil
            )
        }
    }

    @Test func domainMovesWithinOneFile() async throws {
        try await TestWorld.with { world async throws in
            _ = try await Self.apply(
                Self.customer("acme", domains: []),
                Self.customer("bolt", domains: ["shop.test"]),
                in: world
            )
            _ = try await Self.apply(
                Self.customer(
                    "acme",
                    domains: ["shop.test"],
                    people: ["ann@shop.test"],
                    resources: ["mailbox:info@shop.test"]
                ),
                Self.customer("bolt", domains: []),
                in: world
            )
            #expect(try await Self.domains("acme", in: world) == ["shop.test"])
            #expect(try await Self.domains("bolt", in: world) == [])
        }
    }

    @Test func domainThatTheProvidersPeopleAreInIsNoTenants() async throws {
        try await TestWorld.with { world async throws in
            let theirs = Fixture.eve.email.domain
            #expect(
                try await Self.problem(Self.customer("acme", domains: [theirs]), in: world)?
                    .contains("because the provider has it") == true
            )
        }
    }

    @Test func everyChangeOfDomainsIsInTheTenantsLog() async throws {
        try await TestWorld.with { world async throws in
            for domains in [["acme.test", "acme.example"], [], nil] {
                _ = try await Self.apply(Self.customer("acme", domains: domains), in: world)
            }
            let told = try await world.entries(of: .tenant(TenantID("acme")!)).map(\.activity)
            #expect(told.filter { $0 == "tenant.domainsChanged" }.count == 2)
            #expect(try await Self.domains("acme", in: world) == [])
            try await world.expectConsistentLogs()
        }
    }
}
