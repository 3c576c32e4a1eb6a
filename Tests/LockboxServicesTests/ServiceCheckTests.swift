import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxServices
import Synchronization
import Testing

/// What a service does that is not as it should be, and which lines of the check then fail.
struct ServiceCheckTests {
    /// One fault each, and the words of what fails.
    private static let faults: [(Fault, [String])] = [
        (.none, []),
        (
            .opensNothing,
            [
                "it opens, and lists", "opens the same once more", "of two grants that overlap",
                "ends several grants", "ends access by itself",
            ]
        ),
        (.opensTwiceNever, ["opens the same once more"]),
        (.opensWhatWasClosed, ["it opens nothing of a grant that was closed"]),
        (.opensWhatIsOver, ["it opens nothing whose end is over"]),
        (.closesAll, ["of two grants that overlap"]),
        (
            .closesOnlyWhatItKnows,
            [
                "of a grant that it never heard of", "takes several ends",
                "nothing of the check is left",
            ]
        ),
        (
            .closesOnce,
            ["it closes once more", "ends several grants", "nothing of the check is left"]
        ),
        (
            .leavesOneOpen,
            [
                "of two grants that overlap", "it opens nothing of a grant that was closed",
                "ends several grants", "nothing of the check is left",
            ]
        ),
        (.neverEnds, ["it ends access by itself"]),
        (
            .listsNothing,
            [
                "it opens, and lists", "opens the same once more", "of two grants that overlap",
                "ends several grants", "ends access by itself",
            ]
        ),
        (.believesEverybody, ["it refuses whoever"]),
    ]

    /// One fault each of those who let people in, and the words of what is found.
    private static let signInFaults: [(FaultySignIn.Fault?, String)] = [
        (nil, ""), (.letsNobodyIn, "no"), (.takesEveryToken, "who shows another token"),
        (.neverCuts, "a session goes on after the end"),
        (.takesTheTokenForEver, "the token lets in after the end"),
    ]

    @Test(arguments: signInFaults.indices)
    func whatLetsInWronglyIsFound(_ index: Int) async throws {
        let (fault, words) = Self.signInFaults[index]
        let service = FaultyService(.none)
        let signIn = FaultySignIn(fault, at: service)
        let (isGood, findings) = try await service.checked(signIn: signIn)
        #expect(isGood == (fault == nil))
        let problems = findings.compactMap(\.problem)
        #expect(problems.count == (fault == nil ? 0 : 1), "\(problems)")
        #expect(problems.allSatisfy { $0.contains(words) }, "\(problems)")
        #expect(findings.filter { !$0.isTried }.isEmpty)
        #expect(service.open == ["lbx-0123456789-1"])
    }

    @Test func whatCannotBeTriedIsSaid() async throws {
        let (isGood, findings) = try await FaultyService(.none).checked()
        #expect(isGood)
        #expect(
            findings.filter { !$0.isTried }.map(\.promise) == [
                "who signs in with the token is in, and is cut when it is closed"
            ]
        )
    }

    @Test(.timeLimit(.minutes(5)), arguments: faults.indices)
    func faultIsFoundAndNothingIsLeft(_ index: Int) async throws {
        let (fault, expected) = Self.faults[index]
        let service = FaultyService(fault)
        let (isGood, findings) = try await service.checked()
        let failed = findings.filter { $0.problem != nil }.map(\.promise)
        #expect(isGood == expected.isEmpty)
        #expect(failed.count == expected.count, "\(failed)")
        for words in expected { #expect(failed.contains { $0.contains(words) }, "\(words)") }
        if fault != .leavesOneOpen { #expect(service.open == ["lbx-0123456789-1"]) }
    }

    @Test func whatAnEarlierCheckLeftIsClosedAndWhatGrantsHaveIsNot() async throws {
        let service = FaultyService(.none)
        service.add("lbx-zzzzzzzzzz-0")
        #expect(try await service.checked().isGood)
        #expect(service.open == ["lbx-0123456789-1"])
    }

    @Test func serviceThatCannotSayWhatIsOpenIsAskedNoMore() async throws {
        let service = FaultyService(.saysNothing)
        let (isGood, findings) = try await service.checked()
        #expect(!isGood)
        #expect(findings.map(\.problem) == ["it is away"])
    }

    @Test(arguments: [Fault.neverEnds, .opensWhatWasClosed])
    fileprivate func serviceThatRemembersNothingIsNotAskedToRemember(_ fault: Fault) async throws {
        #expect(try await !FaultyService(fault).checked().isGood)
        #expect(try await FaultyService(fault).checked(remembersOrders: false).isGood)
    }

    @Test func serviceThatNeedsNoOpeningIsNotAskedToOpen() async throws {
        let service = FaultyService(.opensNothing)
        let (isGood, findings) = try await service.checked(needsOpening: false)
        #expect(isGood)
        #expect(!findings.contains { $0.promise.contains("opens") })
    }
}

private enum Fault {
    case none, opensNothing, opensTwiceNever, opensWhatWasClosed, opensWhatIsOver, closesAll
    case closesOnlyWhatItKnows, closesOnce, leavesOneOpen, neverEnds, listsNothing
    case believesEverybody, saysNothing
}

/// A service in memory that does as it is told, but for one fault. Somebody has access there.
private final class FaultyService: Enforcer {
    private struct State {
        var open: [String: Timestamp] = ["lbx-0123456789-1": .latest]
        var closed: Set<GrantID> = []
        /// By login name.
        var tokens: [String: String] = [:]
    }

    private let fault: Fault
    private let state = Mutex(State())
    private let clock = FixedClock()

    init(_ fault: Fault) { self.fault = fault }

    var open: [String] { state.withLock { $0.open.keys.sorted() } }

    func isOpen(_ name: String) -> Bool { state.withLock { $0.open[name] != nil } }
    func token(of name: String) -> String? { state.withLock { $0.tokens[name] } }

    func add(_ name: String) { state.withLock { $0.open[name] = .latest } }

    func checked(
        needsOpening: Bool = true,
        remembersOrders: Bool = true,
        signIn: (any ServiceSignIn)? = nil
    ) async throws -> (isGood: Bool, findings: [ServiceCheck.Finding]) {
        var findings: [ServiceCheck.Finding] = []
        let service = ProtectedService(
            id: try #require(ServiceID("unix")),
            kind: .hook,
            resourceType: "host"
        )
        let stranger: any Enforcer =
            fault == .believesEverybody ? self : FaultyService(.saysNothing)
        let isGood = try await ServiceCheck(
            self,
            signIn: signIn,
            of: service,
            needsOpening: needsOpening,
            remembersOrders: remembersOrders,
            strangers: [.init("it refuses whoever does not know its secret", stranger)],
            clock: clock,
            entropy: SeededEntropy(),
            pause: PassingTime(clock: clock),
            report: { findings.append($0) }
        ).run()
        return (isGood, findings)
    }

    func open(_ credential: Credential, secret: String) async throws(EnforcerError) {
        #expect(
            credential.tenant == Probe.tenant && credential.resource.name == "host:lockbox-check"
        )
        #expect(GrantID(loginName: credential.username) == nil)
        state.withLock { $0.tokens[credential.username] = secret }
        let isOpened = state.withLock { state in
            if fault == .opensTwiceNever, state.open[credential.username] != nil { return false }
            if fault != .opensWhatWasClosed, state.closed.contains(credential.grant) {
                return false
            }
            if fault != .opensWhatIsOver, credential.expiresAt <= clock.now() { return false }
            state.open[credential.username] = credential.expiresAt
            if fault == .opensNothing { state.open[credential.username] = nil }
            return true
        }
        if !isOpened { throw EnforcerError("no") }
    }

    func cut(_ orders: [Removal]) async throws(EnforcerError) {
        for order in orders { try await close(order) }
    }

    func close(_ order: Removal) async throws(EnforcerError) {
        let isClosed = state.withLock { state in
            let isKnown = order.usernames.contains { state.open[$0] != nil }
            if fault == .closesOnlyWhatItKnows, !isKnown, !state.closed.contains(order.grant) {
                return false
            }
            if fault == .closesOnce, state.closed.contains(order.grant) { return false }
            if isKnown || fault != .closesOnce { state.closed.insert(order.grant) }
            if fault == .leavesOneOpen { return true }
            for name in order.usernames { state.open[name] = nil }
            if fault == .closesAll { state.open = state.open.filter { !$0.key.hasSuffix("-0") } }
            return true
        }
        if !isClosed { throw EnforcerError("no") }
    }

    func list() async throws(EnforcerError) -> [OpenAccess] {
        if fault == .saysNothing { throw EnforcerError("it is away") }
        let now = clock.now()
        return state.withLock { state in
            if fault != .neverEnds { state.open = state.open.filter { now < $0.value } }
            return fault == .listsNothing ? [] : state.open.keys.map(OpenAccess.init(username:))
        }
    }
}

/// Waits take no time; the clock goes on.
private struct PassingTime: Pause {
    let clock: FixedClock

    func callAsFunction(milliseconds: Int64) async -> Bool {
        clock.advance(by: TimeSpan(milliseconds: milliseconds))
        return true
    }

    func wake() {}
}

/// How people get into a `FaultyService`, with a fault of its own.
private struct FaultySignIn: ServiceSignIn {
    enum Fault { case letsNobodyIn, takesEveryToken, neverCuts, takesTheTokenForEver }

    private let fault: Fault?
    private let service: FaultyService

    init(_ fault: Fault?, at service: FaultyService) {
        (self.fault, self.service) = (fault, service)
    }

    func session(of credential: Credential, secret: String) async throws(EnforcerError)
        -> any ServiceSession
    {
        let name = credential.username
        guard fault != .letsNobodyIn,
            fault == .takesEveryToken || service.token(of: name) == secret,
            fault == .takesTheTokenForEver || service.isOpen(name)
        else { throw EnforcerError("no") }
        return Open(name: name, signIn: self)
    }

    private struct Open: ServiceSession {
        let name: String
        let signIn: FaultySignIn

        func use() async throws(EnforcerError) {
            guard signIn.fault == .neverCuts || signIn.service.isOpen(name) else {
                throw EnforcerError("cut")
            }
        }
    }
}
