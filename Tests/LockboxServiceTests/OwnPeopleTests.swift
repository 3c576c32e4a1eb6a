import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxTestWorld
import Testing

/// What an operator's file can still do to a tenant's people once an administrator of the tenant has
/// signed in; and whom it does not name.
struct OwnPeopleTests {
    static func human(
        _ person: Person,
        email: String? = nil,
        aliases: [String] = [],
        roles: Roles? = nil,
        disabled: Bool = false,
        program: Bool = false
    ) -> DirectoryFile.Person {
        .init(
            place: "file: \(person.email)",
            email: email.map { EmailAddress($0)! } ?? person.email,
            name: person.name,
            roles: roles ?? person.roles,
            aliases: aliases.map { EmailAddress($0)! },
            isDisabled: disabled,
            isProgram: program
        )
    }

    static func file(
        _ people: [DirectoryFile.Person],
        provider: [DirectoryFile.Person] = []
    ) -> DirectoryFile {
        DirectoryFile(
            providerName: nil,
            providerPeople: provider,
            tenants: [
                .init(
                    place: "file: contoso",
                    id: Fixture.contoso.id,
                    name: Fixture.contoso.name,
                    isLicensed: true,
                    policy: nil,
                    people: people,
                    resources: []
                )
            ],
            services: []
        )
    }

    /// Gita has signed in.
    static func administered(_ world: TestWorld) async throws {
        try await world.audited.write(by: .person(Fixture.gita)) { change in
            var tenant = Fixture.contoso
            let isFirst = tenant.noteSignIn(of: Fixture.gita, at: change.now)
            #expect(isFirst)
            try change.tx.save(tenant)
            change.emit(.directory(.tenantAdministered(tenant)))
        }
    }

    @Test func administratorSwitchesOffAndTheLastOneStays() async throws {
        try await TestWorld.with { world async throws in
            let tenant = Fixture.contoso.id.text
            for stranger in [Fixture.adam, Fixture.frida, Fixture.eve] {
                await #expect(throws: Refusal.self) {
                    try await world.lockbox.switchOff(
                        Fixture.sue.id.text,
                        of: tenant,
                        by: stranger
                    )
                }
            }
            await #expect(throws: Refusal.lastAdministrator) {
                try await world.lockbox.switchOff(
                    Fixture.gita.id.text,
                    of: tenant,
                    by: Fixture.gita
                )
            }
            try await world.lockbox.switchOff(Fixture.sue.id.text, of: tenant, by: Fixture.gita)
            let people = try await world.store.read { tx in
                [try tx.person(Fixture.sue.id), try tx.person(Fixture.gita.id)]
            }
            #expect(people.map { $0?.isDisabled } == [true, false])
            try await world.expectConsistentLogs()
        }
    }

    private static func sue(_ world: TestWorld) async throws -> Person? {
        try await world.store.read { try $0.person(Fixture.sue.id) }
    }

    @Test func addressesAndAliasesAreTheTenantsOwn() async throws {
        try await TestWorld.with { world async throws in
            let with = Self.file([Self.human(Fixture.sue, aliases: ["susan@contoso.test"])])
            #expect(try await world.lockbox.apply(with).changes.count == 1)
            let before = try await Self.sue(world)
            try await Self.administered(world)
            // By an alias she is known: the file would make it her address.
            let other = Self.file([
                Self.human(Fixture.sue, email: "susan@contoso.test", aliases: ["s@contoso.test"])
            ])
            // What is said of resources is not about her.
            let lines = try await world.lockbox.apply(other).changes.filter {
                $0.hasPrefix("person ")
            }
            #expect(
                lines == [
                    "person susan@contoso.test: kept the address sue@contoso.test where the file "
                        + "says susan@contoso.test: the tenant's own choice",
                    "person susan@contoso.test: kept aliases susan@contoso.test where the file "
                        + "says s@contoso.test: the tenant's own choice",
                    "person sue@contoso.test: proposed to the administrators of contoso",
                ]
            )
            #expect(try await Self.sue(world) == before)
            let none = Self.file([Self.human(Fixture.sue)])
            #expect(
                try await world.lockbox.apply(none).changes == [
                    "person sue@contoso.test: kept aliases susan@contoso.test where the file "
                        + "says none: the tenant's own choice",
                    "person sue@contoso.test: proposed to the administrators of contoso",
                ]
            )
            #expect(try await Self.sue(world) == before)
        }
    }

    @Test func nobodyIsSwitchedOnAgain() async throws {
        try await TestWorld.with { world async throws in
            let (on, off) = (
                Self.file([Self.human(Fixture.sue)]),
                Self.file([Self.human(Fixture.sue, disabled: true)])
            )
            _ = try await world.lockbox.apply(off)
            _ = try await world.lockbox.apply(on)
            #expect(try await Self.sue(world)?.isDisabled == false)
            try await Self.administered(world)
            _ = try await world.lockbox.apply(off)
            #expect(try await Self.sue(world)?.isDisabled == true)
            #expect(
                try await world.lockbox.apply(on).changes == [
                    "person sue@contoso.test: kept disabled where the file says disabled: false: "
                        + "the tenant's own choice",
                    "person sue@contoso.test: proposed to the administrators of contoso",
                ]
            )
            #expect(try await Self.sue(world)?.isDisabled == true)
        }
    }

    @Test func beforeAnAdministratorHasSignedInTheFileCorrectsAddresses() async throws {
        try await TestWorld.with { world async throws in
            let (new, old) = ("susan@contoso.test", "sue@contoso.test")
            _ = try await world.lockbox.apply(
                Self.file([Self.human(Fixture.sue, aliases: [new])])
            )
            _ = try await world.lockbox.apply(
                Self.file([Self.human(Fixture.sue, email: new, aliases: [old])])
            )
            #expect(try await Self.sue(world)?.email.text == new)
        }
    }

    // MARK: - Whom the file does not name

    @Test func whoIsInLockboxAndNotInTheFileIsNamed() async throws {
        try await TestWorld.with { world async throws in
            let people = [Fixture.adam, Fixture.gita, Fixture.uma].map { Self.human($0) }
            let report = try await world.lockbox.apply(
                Self.file(people, provider: [Self.human(Fixture.eve)])
            )
            #expect(
                report.warnings.contains(
                    "contoso: in Lockbox and not in the file: sue@contoso.test, tom@contoso.test; "
                        + "who shall not come in any more is switched off with disabled: true"
                )
            )
            #expect(
                report.warnings.contains { line in
                    line.hasPrefix("provider: in Lockbox and not in the file: ")
                        && line.contains(Fixture.mark.email.text)
                        && !line.contains(Fixture.eve.email.text)
                }
            )
            // Who is switched off comes in no more, and a file without people is about other things.
            let off = people + [Fixture.sue, Fixture.tom].map { Self.human($0, disabled: true) }
            _ = try await world.lockbox.apply(Self.file(off))
            for quiet in [Self.file(people), Self.file([])] {
                let warnings = try await world.lockbox.apply(quiet).warnings
                #expect(!warnings.contains { $0.contains("not in the file") })
            }
        }
    }

    @Test func ofManyTheFirstTwentyAreNamed() async throws {
        let many = (1...30).map { number in
            Fixture.person(
                UInt8(100 + number),
                "Pat Doe",
                "pat\(100 + number)@contoso.test",
                .member
            )
        }
        try await TestWorld.with(people: many) { world async throws in
            let named = [Fixture.adam, Fixture.gita, Fixture.uma, Fixture.sue, Fixture.tom]
            let report = try await world.lockbox.apply(Self.file(named.map { Self.human($0) }))
            let line = try #require(report.warnings.first { $0.contains("not in the file") })
            #expect(line.contains("pat101@") && line.contains("pat120@"))
            #expect(line.contains(" and 10 more;") && !line.contains("pat121@"))
        }
    }
}
