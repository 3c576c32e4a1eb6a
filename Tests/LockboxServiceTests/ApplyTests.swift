import LockboxDecisions
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxTestWorld
import Testing

/// What an operator's directory file does, and what it cannot.
struct ApplyTests {
    // MARK: - The file

    private static func human(
        _ email: String,
        _ roles: Roles,
        name: String = "Pat Doe",
        aliases: [String] = [],
        disabled: Bool = false
    ) -> DirectoryFile.Person {
        .init(
            place: "file: \(email)",
            email: EmailAddress(email)!,
            name: name,
            roles: roles,
            aliases: aliases.map { EmailAddress($0)! },
            isDisabled: disabled
        )
    }

    private static func customer(
        _ id: String = "acme",
        policy: Policy? = nil,
        licensed: Bool = true,
        domains: [String]? = nil,
        people: [DirectoryFile.Person]? = nil,
        resources: [Resource] = []
    ) -> DirectoryFile.Tenant {
        .init(
            place: "file: \(id)",
            id: TenantID(id)!,
            name: "The \(id)",
            isLicensed: licensed,
            policy: policy,
            domains: domains?.map { DomainName($0)! },
            people: people ?? [
                human("ann@\(id).test", .admin), human("ben@\(id).test", .approver),
            ],
            resources: resources.map { ("file: \($0)", $0) }
        )
    }

    private static func file(
        people: [DirectoryFile.Person] = [
            human("eli@cloud.test", .engineer), human("mia@cloud.test", .manager),
        ],
        tenants: [DirectoryFile.Tenant] = [customer()],
        services: [ServiceSettings] = [Fixture.mail]
    ) -> DirectoryFile {
        DirectoryFile(
            providerName: "Cloud",
            providerPeople: people,
            tenants: tenants,
            services: services.map { ("file: \($0.service.id)", $0) }
        )
    }

    // MARK: - What it brings

    @Test func secondRunReportsAndRecordsNothing() async throws {
        try await TestWorld.with { world async throws in
            let messy = Self.human(
                "Ann@Acme.test",
                .admin,
                aliases: ["zoe@acme.test", "ann.b@acme.test", "ANN+home@acme.test"]
            )
            let file = Self.file(tenants: [
                Self.customer(
                    people: [messy, Self.human("ben+x@acme.test", .approver)],
                    resources: [Fixture.resource("mailbox:info@acme.test")]
                )
            ])
            let first = try await world.lockbox.apply(file).changes
            #expect(first.contains("tenant acme: added"))
            #expect(first.contains("person Ann@Acme.test added: admin"))
            #expect(first.contains("resource mailbox:info@acme.test of mail: belongs to acme"))
            let sizes = try await world.store.read { tx in
                try tx.logs().map { try tx.head(of: $0).size }
            }
            let second = try await world.lockbox.apply(file)
            #expect(second.changes == [])
            #expect(
                second.warnings.first
                    == "acme: nobody who may approve can sign in yet; invite one of them "
                    + "(lockboxd invite --person EMAIL)"
            )
            let later = try await world.store.read { tx in
                try tx.logs().map { try tx.head(of: $0).size }
            }
            #expect(sizes == later)
            try await world.expectConsistentLogs()
        }
    }

    @Test func policyOfATenantBecomesStricterAndNeverLooser() async throws {
        try await TestWorld.with { world async throws in
            func apply(_ policy: Policy?) async throws -> Policy? {
                _ = try await world.lockbox.apply(
                    Self.file(tenants: [Self.customer(policy: policy)])
                )
                return try await world.store.read { tx in try tx.tenant(TenantID("acme")!)?.policy }
            }
            #expect(try await apply(nil) == .standard)
            let loose = Fixture.policy(
                requireApproval: false,
                decisionWindow: .days(2),
                maxAccess: .hours(24),
                approvalsNeeded: 1
            )
            #expect(try await apply(loose) == .standard)
            let strict = Fixture.policy(
                decisionWindow: .hours(1),
                maxAccess: .hours(1),
                approvalsNeeded: 2
            )
            #expect(try await apply(strict) == strict)
            #expect(try await apply(loose) == strict)
            #expect(try await apply(nil) == strict)
            try await world.expectConsistentLogs()
        }
    }

    @Test func licenceWithdrawnByTheFileEndsAccess() async throws {
        try await TestWorld.with { world async throws in
            let request = try await world.approved()
            var contoso = Self.customer("contoso", licensed: false, people: [])
            contoso.name = Fixture.contoso.name
            let report = try await world.lockbox.apply(Self.file(people: [], tenants: [contoso]))
            #expect(
                report.changes == ["provider: named Cloud", "tenant contoso: licence withdrawn"]
            )
            #expect(try await world.stored(request.id).state.ending?.reason == .policyChanged)
            try await world.expectConsistentLogs()
        }
    }

    @Test func engineerSwitchedOffLosesWhatSheHas() async throws {
        try await TestWorld.with { world async throws in
            let (waiting, asked, open) = (
                try await world.submitted(), try await world.reviewed(), try await world.approved()
            )
            let planned = try await world.approved { $0.notBefore = Fixture.now + .hours(1) }
            let issued = try await world.credential(for: open)
            let off = Self.human(
                "eve@example-cloud.test",
                .engineer,
                name: "Eve Park",
                disabled: true
            )
            _ = try await world.lockbox.apply(Self.file(people: [off], tenants: []))
            for request in [waiting, asked] {
                #expect(try await world.stored(request.id).state.name == .withdrawn)
            }
            for request in [open, planned] {
                #expect(try await world.stored(request.id).state.ending?.reason == .revoked)
            }
            #expect(try await world.index.active(issued.secret, now: world.clock.now()) == nil)
            let refusal = try await world.refusal { _ = try await world.submitted() }
            #expect(refusal == .notSignedIn)
            try await world.expectConsistentLogs()
        }
    }

    @Test func personWhoseAddressChangesKeepsHerHistory() async throws {
        try await TestWorld.with { world async throws in
            let moved = Self.human("eve.park@example-cloud.test", .engineer, name: "Eve Park")
            _ = try await world.lockbox.apply(
                Self.file(
                    people: [
                        Self.human(
                            "eve@example-cloud.test",
                            .engineer,
                            name: "Eve Park",
                            aliases: ["eve.park@example-cloud.test"]
                        )
                    ],
                    tenants: []
                )
            )
            _ = try await world.lockbox.apply(Self.file(people: [moved], tenants: []))
            let found = try await world.store.read { tx in try tx.person(Fixture.eve.id) }
            #expect(found?.email.text == "eve.park@example-cloud.test")
        }
    }

    @Test func whatAPersonMutedStaysMuted() async throws {
        try await TestWorld.with { world async throws in
            _ = try await world.lockbox.changeMutedLetters(to: .reminders, by: Fixture.eve)
            let same = Self.human("eve@example-cloud.test", .engineer, name: "Eve Park")
            let renamed = Self.human("eve@example-cloud.test", .engineer, name: "Eve Stone")
            #expect(
                try await world.lockbox.apply(Self.file(people: [same], tenants: [])).changes == [
                    "provider: named Cloud"
                ]
            )
            _ = try await world.lockbox.apply(Self.file(people: [renamed], tenants: []))
            let found = try await world.store.read { tx in try tx.person(Fixture.eve.id) }
            #expect(found?.name == "Eve Stone" && found?.mutedLetters == .reminders)
            try await world.expectConsistentLogs()
        }
    }

    @Test func tooFewApproversAreWarnedOf() async throws {
        try await TestWorld.with { world async throws in
            let lonely = Self.customer(people: [Self.human("ann@acme.test", .member)])
            let report = try await world.lockbox.apply(Self.file(tenants: [lonely]))
            #expect(
                report.warnings.contains {
                    $0.hasPrefix("acme requires 1 approval(s) but has 0 approver(s)")
                }
            )
        }
    }

    // MARK: - Roles, which are the tenant's own once it has an administrator

    /// The first file: an administrator, an approver and a member.
    private static let first = [
        human("ann@acme.test", .admin), human("ben@acme.test", .approver),
        human("cat@acme.test", .member),
    ]

    /// Applies a file with these people of acme; gives the lines about people.
    @discardableResult
    private static func apply(_ people: [DirectoryFile.Person], in world: TestWorld) async throws
        -> [String]
    {
        try await world.lockbox.apply(file(tenants: [customer(people: people)])).changes
            .filter { $0.hasPrefix("person") && $0.contains("@acme.test") }
    }

    private static func person(_ name: String, in world: TestWorld) async throws -> Person {
        try await world.store.read { tx in
            try #require(
                try tx.person(identifiedBy: Identity(local: EmailAddress("\(name)@acme.test")!))
            )
        }
    }

    private static func change(_ name: String, to roles: [String], in world: TestWorld) async throws
    {
        _ = try await world.lockbox.changeRoles(
            of: try await person(name, in: world).id.text,
            in: "acme",
            to: roles,
            by: try await person("ann", in: world)
        )
    }

    @Test func roleThatTheTenantTookIsNotGivenBackByTheFile() async throws {
        try await TestWorld.with { world async throws in
            try await Self.apply(Self.first, in: world)
            try await Self.change("ben", to: ["member"], in: world)
            let report = try await Self.apply(Self.first, in: world)
            #expect(
                report == [
                    "person ben@acme.test: kept roles member where the file says approver: "
                        + "the tenant's own choice",
                    "person ben@acme.test: proposed to the administrators of acme",
                ]
            )
            #expect(try await Self.person("ben", in: world).roles == .member)
            try await world.expectConsistentLogs()
        }
    }

    @Test func roleThatTheTenantGaveIsNotTakenByTheFile() async throws {
        try await TestWorld.with { world async throws in
            try await Self.apply(Self.first, in: world)
            try await Self.change("cat", to: ["member", "approver"], in: world)
            let report = try await Self.apply(Self.first, in: world)
            #expect(
                report == [
                    "person cat@acme.test: kept roles member, approver where the file says member: "
                        + "the tenant's own choice",
                    "person cat@acme.test: proposed to the administrators of acme",
                ]
            )
            #expect(try await Self.person("cat", in: world).roles == [.member, .approver])
        }
    }

    @Test func fileNeitherPromotesNorDemotesWhereThereIsAnAdministrator() async throws {
        try await TestWorld.with { world async throws in
            try await Self.apply(Self.first, in: world)
            let other = [
                Self.human("ann@acme.test", .member),
                Self.human("ben@acme.test", .member, name: "Ben Stone"),
                Self.human("cat@acme.test", [.member, .admin]),
            ]
            let report = try await Self.apply(other, in: world)
            #expect(report.filter { $0.contains("kept roles") }.count == 3)
            // What else the file says of them counts.
            #expect(report.contains("person ben@acme.test changed: approver"))
            #expect(try await Self.person("ann", in: world).roles == .admin)
            #expect(try await Self.person("ben", in: world).roles == .approver)
            #expect(try await Self.person("cat", in: world).roles == .member)
            try await world.expectConsistentLogs()
        }
    }

    @Test func newPersonOfTheFileDecidesNothingUntilAnAdministratorSaysSo() async throws {
        try await TestWorld.with { world async throws in
            try await Self.apply(Self.first, in: world)
            let more =
                Self.first + [
                    Self.human("dan@acme.test", [.approver, .admin]),
                    Self.human("eve@acme.test", [.member, .approver]),
                    Self.human("fay@acme.test", [.member, .auditor]),
                ]
            #expect(
                try await Self.apply(more, in: world) == [
                    "person dan@acme.test added: none",
                    "person dan@acme.test: not made approver, admin: "
                        + "that is for an administrator of acme",
                    "person dan@acme.test: proposed to the administrators of acme",
                    "person eve@acme.test added: member",
                    "person eve@acme.test: not made approver: that is for an administrator of acme",
                    "person eve@acme.test: proposed to the administrators of acme",
                    "person fay@acme.test added: member, auditor",
                ]
            )
            try await Self.change("eve", to: ["member", "approver"], in: world)
            let again = try await Self.apply(more, in: world)
            #expect(again.count == 2, "only dan is still asked for")
            #expect(again.last == "person dan@acme.test: waits for an administrator of acme")
            #expect(try await Self.person("eve", in: world).roles == [.member, .approver])
        }
    }

    @Test func untilThereIsAnAdministratorTheFileDecides() async throws {
        try await TestWorld.with { world async throws in
            try await Self.apply([Self.human("ben@acme.test", .member)], in: world)
            try await Self.apply([Self.human("ben@acme.test", .approver)], in: world)
            #expect(try await Self.person("ben", in: world).roles == .approver)
            // The file that brings the first administrator brings others with her.
            let report = try await Self.apply(
                [Self.human("ann@acme.test", .admin), Self.human("dan@acme.test", .admin)],
                in: world
            )
            #expect(
                report == [
                    "person ann@acme.test added: admin", "person dan@acme.test added: admin",
                ]
            )
        }
    }

    @Test func lastAdministratorIsNotSwitchedOffByTheFile() async throws {
        try await TestWorld.with { world async throws in
            try await Self.apply(
                Self.first + [Self.human("dan@acme.test", .admin, disabled: false)],
                in: world
            )
            let off = ["ann", "dan", "ben"].map {
                Self.human("\($0)@acme.test", $0 == "ben" ? .approver : .admin, disabled: true)
            }
            #expect(
                try await Self.apply(off, in: world) == [
                    "person ann@acme.test changed: admin (disabled)",
                    "person dan@acme.test: not switched off: acme has no other administrator",
                    "person ben@acme.test changed: approver (disabled)",
                ]
            )
            #expect(try await Self.person("dan", in: world).isDisabled == false)
            // So the next file does not decide again either.
            try await Self.apply(off + [Self.human("mal@acme.test", .admin)], in: world)
            #expect(try await Self.person("mal", in: world).roles == [])
            try await world.expectConsistentLogs()
        }
    }

    // MARK: - What it cannot

    /// One human being under two names, each time spelled otherwise.
    private static let twice: [(provider: DirectoryFile.Person, tenant: DirectoryFile.Person)] = [
        (human("pat@cloud.test", .engineer), human("pat@cloud.test", .approver)),
        (human("pat@cloud.test", .engineer), human("PAT@Cloud.Test", .approver)),
        (human("pat@cloud.test", .engineer), human("pat+lockbox@cloud.test", .approver)),
        (
            human("pat@cloud.test", .engineer),
            human("p@acme.test", .approver, aliases: ["Pat+1@cloud.test"])
        ),
        (
            human("pat@cloud.test", .engineer, aliases: ["p@acme.test"]),
            human("P+x@acme.test", .approver)
        ),
        (
            human("pat@cloud.test", .engineer, aliases: ["both@mail.test"]),
            human("p@acme.test", .approver, aliases: ["BOTH+y@mail.test"])
        ),
    ]

    @Test(arguments: twice.indices) func onePersonOnTwoSidesIsRefused(_ index: Int) async throws {
        let (provider, tenant) = Self.twice[index]
        try await TestWorld.with { world async throws in
            let both = Self.file(
                people: [provider],
                tenants: [Self.customer(people: [Self.human("ann@acme.test", .admin), tenant])]
            )
            await #expect(throws: DirectoryProblem.self) { _ = try await world.lockbox.apply(both) }
            // The whole file was one write: nothing of it is there.
            let left = try await world.store.read { tx in
                (
                    try tx.tenant(TenantID("acme")!),
                    try tx.person(identifiedBy: Identity(local: provider.email))
                )
            }
            #expect(left.0 == nil && left.1 == nil)
            // Nor in two files.
            _ = try await world.lockbox.apply(Self.file(people: [provider], tenants: []))
            let later = Self.file(people: [], tenants: [Self.customer(people: [tenant])])
            await #expect(throws: DirectoryProblem.self) {
                _ = try await world.lockbox.apply(later)
            }
            try await world.expectConsistentLogs()
        }
    }

    @Test func onePersonTwiceOnOneSideIsRefused() async throws {
        try await TestWorld.with { world async throws in
            let pairs = [
                (
                    Self.human("a@acme.test", .admin, aliases: ["b@acme.test"]),
                    Self.human("b@acme.test", .member)
                ),
                (
                    Self.human("b@acme.test", .member),
                    Self.human("a@acme.test", .admin, aliases: ["B+x@acme.test"])
                ),
                (
                    Self.human("a@acme.test", .admin, aliases: ["c@acme.test"]),
                    Self.human("b@acme.test", .approver, aliases: ["c@acme.test"])
                ),
            ]
            for (first, second) in pairs {
                let file = Self.file(tenants: [Self.customer(people: [first, second])])
                await #expect(throws: DirectoryProblem.self) {
                    _ = try await world.lockbox.apply(file)
                }
            }
            try await world.expectConsistentLogs()
        }
    }

    @Test func resourceOfTwoTenantsIsRefused() async throws {
        try await TestWorld.with { world async throws in
            let shared = Fixture.resource("mailbox:info@shared.test")
            let file = Self.file(tenants: [
                Self.customer("acme", resources: [shared]),
                Self.customer("bolt", resources: [shared]),
            ])
            let problem = await #expect(throws: DirectoryProblem.self) {
                _ = try await world.lockbox.apply(file)
            }
            #expect(
                problem?.description
                    == "file: \(shared): \(shared) belongs to another tenant already."
            )
            let stolen = Self.file(tenants: [Self.customer(resources: [Fixture.mailbox])])
            await #expect(throws: DirectoryProblem.self) {
                _ = try await world.lockbox.apply(stolen)
            }
            #expect(
                try await world.store.read { tx in try tx.owner(of: Fixture.mailbox) }
                    == Fixture.contoso.id
            )
            #expect(try await world.store.read { tx in try tx.tenant(TenantID("acme")!) } == nil)
        }
    }

    @Test func otherContradictionsAreRefusedAndNameTheirPlace() async throws {
        let unknown = Resource(service: ServiceID("files")!, name: "mailbox:x@acme.test")!
        let wrongType = Fixture.resource("database:x")
        let clash = Fixture.service("post")
        let files: [(DirectoryFile, String)] = [
            (
                Self.file(tenants: [Self.customer(resources: [unknown])]),
                "file: \(unknown): There is no service files."
            ),
            (
                Self.file(tenants: [Self.customer(resources: [wrongType])]),
                "file: \(wrongType): The resources of mail begin with mailbox:"
            ),
            (
                Self.file(services: [Fixture.mail, clash]),
                "file: post: There is already such a service."
            ),
            (
                Self.file(tenants: [Self.customer(), Self.customer()]),
                "file: acme: acme is given twice."
            ),
            (
                Self.file(services: [Fixture.mail, Fixture.mail]),
                "file: mail: mail is given twice."
            ),
        ]
        try await TestWorld.with { world async throws in
            for (file, sentence) in files {
                let problem = await #expect(throws: DirectoryProblem.self) {
                    _ = try await world.lockbox.apply(file)
                }
                #expect(problem?.description == sentence)
            }
            #expect(try await world.store.read { tx in try tx.tenant(TenantID("acme")!) } == nil)
            #expect(try await world.store.read { tx in try tx.providerName() } == "Example Cloud")
        }
    }
}
