import LockboxDomain
import LockboxFixtures
import LockboxNotifier
import LockboxPorts
import LockboxService
import LockboxTestWorld
import LockboxWork
import Logging
import Synchronization
import Testing

/// What is open at a service is compared with what should be.
struct DriftWatchTests {
    @Test func whatShouldBeOpenIsNoDifference() async throws {
        try await DriftBench.with { bench in
            let access = try await bench.access()
            bench.service.open = [OpenAccess(username: access.username)]
            try await bench.look()
            #expect(bench.differences == 0)
            try await bench.end(access)
            try await bench.look()
            #expect(bench.differences == 0)
            #expect(bench.service.closed == [])
            #expect(try await bench.letters() == [])
        }
    }

    @Test(arguments: ["lbx-0123456789-1", "lbx-whatever", "Lbx\n<b>"])
    func loginThatLockboxNeverGaveOutIsShownAndLeft(_ name: String) async throws {
        try await DriftBench.with { bench in
            bench.service.open = [OpenAccess(username: name)]
            for _ in 1...3 { try await bench.look() }
            #expect(bench.differences == 1)
            #expect(bench.service.closed == [])
            // Once, not with each look.
            let letters = try await bench.letters()
            #expect(letters.count == 1)
            #expect(letters[0].contains("Lockbox gave out no such login name"))
            #expect(!letters[0].contains("\n"))
            bench.service.open = []
            try await bench.look()
            #expect(bench.differences == 0)
        }
    }

    @Test func anotherDifferenceWithinTheHourIsToldWhenTheHourIsOver() async throws {
        try await DriftBench.with { bench in
            bench.service.open = [OpenAccess(username: "lbx-first")]
            try await bench.look()
            bench.service.open.append(OpenAccess(username: "lbx-second"))
            try await bench.look()
            #expect(bench.differences == 2)
            #expect(try await bench.letters().count == 1)
            try await bench.send()
            bench.world.clock.advance(by: .hours(2))
            for _ in 1...2 { try await bench.look() }
            let letters = try await bench.letters()
            #expect(letters.count == 2)
            #expect(letters.contains { $0.contains("second") && !$0.contains("first") })
        }
    }

    @Test func accessThatIsNotAsItWasMadeIsShown() async throws {
        try await DriftBench.with { bench in
            let access = try await bench.access()
            let oddity = #"the role "evil" carries its comment"#
            bench.service.open = [
                OpenAccess(username: access.username),
                OpenAccess(username: access.username, oddity: oddity),
            ]
            try await bench.look()
            #expect(bench.differences == 1)
            #expect(try await bench.letters().first?.contains("evil") == true)
            // Its end is under way, which shows elsewhere.
            try await bench.end(access)
            try await bench.look()
            #expect(bench.differences == 0)
        }
    }

    @Test func accessThatIsOpenAgainAfterItsEndIsClosedWhereItIsAsItWasMade() async throws {
        try await DriftBench.with { bench in
            let access = try await bench.access()
            try await bench.end(access)
            try await bench.confirm(access)
            let odd = OpenAccess(username: access.username, oddity: "its role has no comment")
            bench.service.open = [odd]
            try await bench.look()
            #expect(bench.differences == 1)
            #expect(bench.service.closed == [])
            bench.service.open = [OpenAccess(username: access.username), odd]
            try await bench.look()
            #expect(bench.service.closed == [])
            bench.service.open = [OpenAccess(username: access.username)]
            bench.service.closes = false
            try await bench.look()
            #expect(bench.differences == 1)
            bench.service.closes = true
            try await bench.look()
            #expect(bench.service.closed == [access.grant])
            #expect(bench.differences == 0)
            #expect(bench.watch.sessionsFound == 2)
            #expect(try await bench.letters().first?.contains("no comment") == true)
        }
    }

    @Test func whatIsNotOpenAnyMoreIsShownWhereItHadToBeOpened() async throws {
        try await DriftBench.with { bench in
            let access = try await bench.access()
            // It was asked for, and the service did not open it: nobody changed anything there.
            try await bench.look()
            #expect(bench.differences == 0)
            bench.service.open = [OpenAccess(username: access.username)]
            try await bench.look()
            bench.service.open = []
            for _ in 1...2 { try await bench.look() }
            #expect(bench.differences == 1)
            #expect(try await bench.letters().first?.contains("removed there") == true)
            try await bench.end(access)
            try await bench.look()
            #expect(bench.differences == 0)
        }
    }

    @Test func tenantIsToldOnceOfWhatIsOpenInItsData() async throws {
        try await DriftBench.with { bench in
            let name = "lbx-\n\u{202E}" + String(repeating: "x", count: 300)
            bench.service.open = [bench.intruder(name)]
            for _ in 1...3 { try await bench.look() }
            let records = try await bench.records()
            #expect(records.count == 1)
            #expect(records[0].data.contains(#""closed":false"#))
            #expect(records[0].texts["loginName"]?.hasPrefix(#"lbx-\u{a}\u{202e}xxx"#) == true)
            #expect(records[0].texts["loginName"]?.count == 203)
            #expect(bench.service.shutOut == [])
            #expect(try await bench.letters().count == 1)
        }
    }

    @Test func whatTheTenantWantsClosedIsShutOutAndToldSo() async throws {
        try await DriftBench.with { bench in
            try await bench.closeUnknown()
            bench.service.open = [bench.intruder("lbx-intruder")]
            try await bench.look()
            #expect(bench.service.shutOut == ["lbx-intruder"])
            #expect(bench.service.open == [])
            #expect(bench.differences == 0)
            #expect(try await bench.records().map { $0.data.contains(#""closed":true"#) } == [true])
            // Whoever comes again at once is shut out again, and not told again.
            bench.service.open = [bench.intruder("lbx-intruder")]
            try await bench.look()
            #expect(bench.service.shutOut.count == 2)
            #expect(try await bench.records().count == 1)
        }
    }

    @Test func whatCannotBeShutOutIsToldAsOpen() async throws {
        try await DriftBench.with { bench in
            try await bench.closeUnknown()
            bench.service.closes = false
            bench.service.open = [bench.intruder("lbx-intruder")]
            try await bench.look()
            #expect(bench.differences == 1)
            #expect(
                try await bench.records().map { $0.data.contains(#""closed":true"#) } == [false]
            )
            bench.service.closes = true
            try await bench.look()
            #expect(
                try await bench.records().map { $0.data.contains(#""closed":true"#) } == [
                    false, true,
                ]
            )
        }
    }

    @Test func accessThatGoesOnIsNotCutBecauseAnotherRoleLooksLikeIt() async throws {
        try await DriftBench.with { bench in
            try await bench.closeUnknown()
            let access = try await bench.access()
            bench.service.open = [
                OpenAccess(username: access.username),
                OpenAccess(username: access.username, oddity: "a twin carries its comment"),
            ]
            try await bench.look()
            #expect(bench.service.shutOut == [])
            let records = try await bench.records()
            #expect(records.map { $0.data.contains(#""kind":"altered""#) } == [true])
            #expect(records[0].texts["oddity"] == "a twin carries its comment")
        }
    }

    @Test func whatWasGoneAndComesBackIsToldAgainAndAnotherProcessRepeatsNothing() async throws {
        try await DriftBench.with { bench in
            bench.service.open = [bench.intruder("lbx-intruder")]
            try await bench.look()
            let other = DriftBench(bench.world, bench.service)
            try await other.look()
            #expect(try await bench.records().count == 1)
            bench.service.open = []
            for part in [bench, other] { try await part.pass(DriftWatch.Limits.absence) }
            bench.service.open = [bench.intruder("lbx-intruder")]
            for part in [bench, other] { try await part.look() }
            #expect(try await bench.records().count == 2)
        }
    }

    @Test func ofWhatNobodyKnowsWhoseItIsOnlyOperatorsHear() async throws {
        try await DriftBench.with { bench in
            // Both tenants have mailboxes there.
            bench.service.open = [OpenAccess(username: "lbx-intruder")]
            try await bench.look()
            #expect(try await bench.records() == [])
            #expect(try await bench.letters().count == 1)
            // What the service says of where it reaches tells.
            bench.service.open = [bench.intruder("lbx-intruder")]
            try await bench.look()
            #expect(try await bench.records().count == 1)
        }
    }

    @Test func whatIsThereOnceOnlyIsNoDifference() async throws {
        try await DriftBench.with { bench in
            bench.service.open = [OpenAccess(username: "lbx-0123456789-1")]
            bench.service.showsOnce = true
            try await bench.look()
            #expect(bench.differences == 0)
        }
    }

    @Test func whatACheckOpensIsNoDifferenceWhileACheckCanGoOn() async throws {
        try await DriftBench.with { bench in
            let probe = Probe.loginName(of: GrantID("GRT-0123456789")!)
            bench.service.open = [OpenAccess(username: probe)]
            try await bench.look()
            #expect(bench.differences == 0)
            bench.time.advance(by: DriftWatch.Limits.check)
            try await bench.look()
            #expect(bench.differences == 1)
            #expect(bench.service.closed == [])
        }
    }

    @Test func loginOfAnotherServiceOfTheKindIsNoDifference() async throws {
        try await DriftBench.with { bench in
            let access = try await bench.access()
            bench.service.open = [OpenAccess(username: access.username)]
            let (post, web) = (Fixture.service("post", clientID: "post"), ServiceID("web")!)
            try await bench.world.store.write { tx in try tx.save(post) }
            try await bench.look(at: post.service)
            var other = post.service
            other = ProtectedService(
                id: web,
                kind: ProtectedService.Kind(known: "hook"),
                resourceType: other.resourceType
            )
            try await bench.look(at: other)
            #expect(
                bench.watch.reports.map { [$0.service.text: $0.differences] }
                    == [["post": 0], ["web": 1]]
            )
            // Over where it was given, it is over everywhere.
            try await bench.end(access)
            try await bench.confirm(access)
            try await bench.look(at: post.service)
            #expect(bench.watch.reports.first { $0.service == post.service.id }?.differences == 1)
        }
    }

    @Test func serviceThatCannotBeAskedIsSeenByTheAgeOfTheLastLook() async throws {
        try await DriftBench.with { bench in
            try await bench.look()
            bench.service.answers = false
            bench.time.advance(by: .seconds(100))
            try await bench.look()
            #expect(bench.watch.reports.map(\.age) == [.seconds(100)])
            bench.service.answers = true
            try await bench.look()
            #expect(bench.watch.reports.map(\.age) == [.zero])
        }
    }

    @Test func everyServiceIsLookedAtAtTheStartAndAgain() async throws {
        try await DriftBench.with { bench in
            bench.service.open = [OpenAccess(username: "lbx-whatever")]
            async let running: Void = bench.watch.run()
            while bench.differences != 1 { await Task.yield() }
            await bench.pause.untilIdle()
            #expect(bench.pause.lastWait == DriftWatch.Limits.interval)
            bench.service.open = []
            while bench.differences != 0 {
                bench.pause.wake()
                await bench.pause.untilIdle()
            }
            bench.pause.stop()
            await running
        }
    }
}

/// A watch over one service, in a world.
private struct DriftBench {
    let world: TestWorld
    let service: DriftService
    let time = FixedMonotonicClock()
    let pause = ManualPause()
    let watch: DriftWatch

    static func with(_ body: (DriftBench) async throws -> Void) async throws {
        try await TestWorld.with { world in try await body(DriftBench(world)) }
    }

    init(_ world: TestWorld, _ service: DriftService = DriftService()) {
        self.world = world
        self.service = service
        watch = DriftWatch(
            store: world.audited,
            needsOpening: { _ in true },
            enforcers: service,
            operators: Operators([EmailAddress("ops@adatum.test")!]),
            entropy: SeededEntropy(seed: 7),
            time: time,
            pause: pause,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    func access() async throws -> Credential {
        try await world.credential(for: try await world.approved()).credential
    }

    func end(_ access: Credential) async throws {
        _ = try await world.lockbox.finish(
            access.request.text,
            comment: nil,
            by: Fixture.eve,
            key: nil
        )
    }

    /// As the service did.
    func confirm(_ access: Credential) async throws {
        try await world.store.write { tx in
            for var removal in try tx.removals(of: access.request) {
                removal.progress = .confirmed
                try tx.save(removal)
            }
        }
    }

    func look() async throws { try await look(at: Fixture.mail.service) }

    func look(at service: ProtectedService) async throws { await watch.look(at: service) }

    var differences: Int { watch.reports.reduce(0) { $0 + $1.differences } }

    /// What differs, by the letters to the operators.
    func letters() async throws -> [String] {
        try await world.store.read { tx in
            try tx.operatorNotices(since: Timestamp(milliseconds: 0)).map {
                $0.facts["detail"] ?? ""
            }
        }
    }

    struct Record: Equatable {
        let data: String
        let texts: [String: String]
    }

    /// What the tenant's log says of unknown access.
    func records() async throws -> [Record] {
        try await world.store.read { tx in
            try tx.entries(
                of: .tenant(Fixture.contoso.id),
                saying: ["access.unknown"],
                about: nil
            ).map { entry in
                Record(
                    data: String(decoding: entry.bytes, as: UTF8.self),
                    texts: Dictionary(
                        uniqueKeysWithValues: entry.texts.map { ($0.field, $0.text ?? "") }
                    )
                )
            }
        }
    }

    func closeUnknown() async throws {
        var tenant = Fixture.contoso
        tenant.policy.closesUnknownAccess = true
        try await world.store.write { [tenant] tx in try tx.save(tenant) }
    }

    /// That reaches a mailbox of the tenant.
    func intruder(_ name: String) -> OpenAccess {
        OpenAccess(username: name, oddity: nil, reaches: [Fixture.mailbox.localName])
    }

    func pass(_ time: Duration) async throws {
        self.time.advance(by: time)
        world.clock.advance(by: TimeSpan(milliseconds: time.components.seconds * 1000))
        try await look()
    }

    func send() async throws {
        try await world.store.write { tx in
            for var notice in try tx.operatorNotices(since: Timestamp(milliseconds: 0)) {
                notice.delivery = .sent
                try tx.update(notice)
            }
        }
    }
}

private final class DriftService: EnforcerDirectory, Enforcer {
    private struct State {
        var open: [OpenAccess] = []
        var closed: [GrantID] = []
        var shutOut: [String] = []
        var closes = true
        var answers = true
        var showsOnce = false
    }

    private let state = Mutex(State())

    var open: [OpenAccess] {
        get { state.withLock(\.open) }
        set { state.withLock { $0.open = newValue } }
    }
    var closed: [GrantID] { state.withLock(\.closed) }
    var shutOut: [String] { state.withLock(\.shutOut) }
    var closes: Bool {
        get { state.withLock(\.closes) }
        set { state.withLock { $0.closes = newValue } }
    }
    var answers: Bool {
        get { state.withLock(\.answers) }
        set { state.withLock { $0.answers = newValue } }
    }
    var showsOnce: Bool {
        get { state.withLock(\.showsOnce) }
        set { state.withLock { $0.showsOnce = newValue } }
    }

    func enforcer(of service: ServiceID) async throws -> (any Enforcer)? { self }
    func rememberedEnforcer(of service: ServiceID) throws -> (any Enforcer)? { self }
    func open(_ credential: Credential, secret: String) async throws(EnforcerError) {}
    func cut(_ orders: [Removal]) async throws(EnforcerError) {}

    func close(_ order: Removal) async throws(EnforcerError) {
        guard closes else { throw EnforcerError("the database server does not answer") }
        state.withLock { state in
            state.closed.append(order.grant)
            state.open.removeAll { order.usernames.contains($0.username) }
        }
    }

    func shutOut(_ username: String) async throws(EnforcerError) {
        guard closes else { throw EnforcerError("the database server does not answer") }
        state.withLock { state in
            state.shutOut.append(username)
            state.open.removeAll { $0.username == username }
        }
    }

    func list() async throws(EnforcerError) -> [OpenAccess] {
        guard answers else { throw EnforcerError("the database server does not answer") }
        return state.withLock { state in
            defer { if state.showsOnce { state.open = [] } }
            return state.open
        }
    }
}
