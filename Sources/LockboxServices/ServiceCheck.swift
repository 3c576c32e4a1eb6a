package import LockboxDomain
package import LockboxPorts
import MerkleLog

/// Tries at a real service whether it does as it is told. It opens probes only, which belong to no
/// customer, and closes them again; what grants have open there is not touched.
package struct ServiceCheck {
    /// What was tried, as a sentence about the service, and what became of it.
    package struct Finding: Sendable {
        package let promise: String
        /// Nil where it holds, or was not tried.
        package let problem: String?
        package var isTried = true
    }

    /// Somebody whom the service must not believe.
    package struct Stranger: Sendable {
        /// What the service does with it, if it is right.
        package let promise: String
        package let enforcer: any Enforcer

        package init(_ promise: String, _ enforcer: any Enforcer) {
            (self.promise, self.enforcer) = (promise, enforcer)
        }
    }

    package enum Limits {
        /// How long a probe may last, if the check is cut off before it closes it.
        static let window = TimeSpan.minutes(5)
        /// How long the probe lasts that nobody closes.
        package static let short = TimeSpan.seconds(4)
        /// Ends that are ordered at once; a service has to be ready for up to 64.
        static let ends = 16
        /// Looks whether it is over, and the milliseconds between them: half a minute.
        static let looks = 60
        static let betweenLooks: Int64 = 500
    }

    private let enforcer: any Enforcer
    private let signIn: (any ServiceSignIn)?
    private let needsOpening: Bool
    private let remembersOrders: Bool
    private let strangers: [Stranger]
    private let resource: Resource
    private let clock: any WallClock
    private let entropy: any Entropy
    private let pause: any Pause
    private let report: (Finding) -> Void

    package init(
        _ enforcer: any Enforcer,
        signIn: (any ServiceSignIn)?,
        of service: ProtectedService,
        needsOpening: Bool,
        remembersOrders: Bool,
        strangers: [Stranger],
        clock: any WallClock,
        entropy: any Entropy,
        pause: any Pause,
        report: @escaping (Finding) -> Void
    ) throws(ConfigurationError) {
        let name = "\(service.resourceType):\(Probe.resourceName)"
        guard let resource = Resource(service: service.id, name: name) else {
            throw ConfigurationError("\(service.id): there can be no resource \(name)")
        }
        self.enforcer = enforcer
        self.signIn = signIn
        self.needsOpening = needsOpening
        self.remembersOrders = remembersOrders
        self.strangers = strangers
        self.resource = resource
        self.clock = clock
        self.entropy = entropy
        self.pause = pause
        self.report = report
    }

    /// Whether everything holds. A service that does not even say what is open is asked no more.
    package func run() async -> Bool {
        var probes: [Credential] = []
        var isGood = await check("it says what is open, and what an earlier check left is closed") {
            () throws(EnforcerError) in
            for open in try await enforcer.list() {
                guard let grant = Probe.grant(of: open.username) else { continue }
                try await enforcer.close(order(grant))
            }
        }
        guard isGood else { return false }
        for stranger in strangers {
            isGood =
                await check(stranger.promise) { () throws(EnforcerError) in
                    do {
                        _ = try await stranger.enforcer.list()
                    } catch {
                        return
                    }
                    throw EnforcerError("it answered")
                } && isGood
        }
        isGood = await closings() && isGood
        if needsOpening {
            isGood = await openings(&probes) && isGood
            isGood = await uses(&probes) && isGood
            isGood = await refusal(&probes) && isGood
            if remembersOrders { isGood = await memory(&probes) && isGood }
        }
        return await check("nothing of the check is left") { () throws(EnforcerError) in
            for probe in probes { try await enforcer.close(order(probe.grant)) }
            for probe in probes { try await require(probe, isOpen: false) }
        } && isGood
    }

    // MARK: - What is tried

    private func closings() async -> Bool {
        let unknown = (1...Limits.ends).map { _ in order(entropy.id()) }
        let isClosed = await check("it confirms the end of a grant that it never heard of, twice") {
            () throws(EnforcerError) in
            for _ in 1...2 { try await enforcer.close(unknown[0]) }
        }
        let isCut = await check("it takes several ends at once") { () throws(EnforcerError) in
            try await enforcer.cut(unknown)
        }
        return isClosed && isCut
    }

    private func openings(_ probes: inout [Credential]) async -> Bool {
        let (first, second, third) = (probe(), probe(), probe())
        probes += [first, second, third]
        var isGood = await check("it opens, and lists what is open") { () throws(EnforcerError) in
            try await open(first)
            try await require(first, isOpen: true)
        }
        isGood =
            await check("it opens the same once more") { () throws(EnforcerError) in
                try await open(first)
                try await require(first, isOpen: true)
            } && isGood
        isGood =
            await check("of two grants that overlap it closes one, and leaves the other") {
                () throws(EnforcerError) in
                try await open(second)
                try await enforcer.close(order(first.grant))
                try await require(first, isOpen: false)
                try await require(second, isOpen: true)
            } && isGood
        isGood =
            await check("it closes once more what is closed") { () throws(EnforcerError) in
                try await enforcer.close(order(first.grant))
            } && isGood
        return await check("it ends several grants at once") { () throws(EnforcerError) in
            try await open(third)
            try await require(third, isOpen: true)
            // The first action promises nothing of what is left, such as a role without sessions.
            let orders = [order(second.grant), order(third.grant)]
            try await enforcer.cut(orders)
            for order in orders { try await enforcer.close(order) }
            try await require(second, isOpen: false)
            try await require(third, isOpen: false)
        } && isGood
    }

    private func uses(_ probes: inout [Credential]) async -> Bool {
        let promise = "who signs in with the token is in, and is cut when it is closed"
        guard let signIn else {
            report(Finding(promise: promise, problem: nil, isTried: false))
            return true
        }
        let used = probe()
        probes.append(used)
        return await check(promise) { () throws(EnforcerError) in
            let secret = try await open(used)
            let session = try await signIn.session(of: used, secret: secret)
            try await session.use()
            guard
                await !isIn({ () throws(EnforcerError) in
                    _ = try await signIn.session(of: used, secret: Hex.encode(entropy.bytes(32)))
                })
            else { throw EnforcerError("it lets in who shows another token") }
            try await enforcer.close(order(used.grant))
            guard await !isIn(session.use) else {
                throw EnforcerError("a session goes on after the end")
            }
            guard
                await !isIn({ () throws(EnforcerError) in
                    _ = try await signIn.session(of: used, secret: secret)
                })
            else { throw EnforcerError("the token lets in after the end") }
        }
    }

    private func isIn(_ body: () async throws(EnforcerError) -> Void) async -> Bool {
        do throws(EnforcerError) {
            try await body()
            return true
        } catch {
            return false
        }
    }

    private func refusal(_ probes: inout [Credential]) async -> Bool {
        let late = probe(lasting: .zero)
        probes.append(late)
        return await check("it opens nothing whose end is over") { () throws(EnforcerError) in
            try await requireRefusal(of: late)
        }
    }

    private func memory(_ probes: inout [Credential]) async -> Bool {
        let (closed, short) = (probe(), probe(lasting: Limits.short))
        probes += [closed, short]
        let isRefused = await check("it opens nothing of a grant that was closed") {
            () throws(EnforcerError) in
            try await open(closed)
            try await enforcer.close(order(closed.grant))
            try await requireRefusal(of: closed)
        }
        return await check("it ends access by itself when the time is over") {
            () throws(EnforcerError) in
            try await open(short)
            try await require(short, isOpen: true)
            for _ in 1...Limits.looks {
                guard await pause(milliseconds: Limits.betweenLooks) else { break }
                if clock.now() > short.expiresAt, try await !isOpen(short) { return }
            }
            throw EnforcerError("it is open long after its end")
        } && isRefused
    }

    // MARK: - How

    private func check(_ promise: String, _ body: () async throws(EnforcerError) -> Void) async
        -> Bool
    {
        do throws(EnforcerError) {
            try await body()
            report(Finding(promise: promise, problem: nil))
            return true
        } catch {
            report(Finding(promise: promise, problem: error.operatorText))
            return false
        }
    }

    /// The token of a probe is told to nobody else, and forgotten.
    @discardableResult
    private func open(_ probe: Credential) async throws(EnforcerError) -> String {
        let secret = Hex.encode(entropy.bytes(32))
        try await enforcer.open(probe, secret: secret)
        return secret
    }

    private func isOpen(_ probe: Credential) async throws(EnforcerError) -> Bool {
        try await enforcer.list().contains { $0.username == probe.username }
    }

    private func require(_ probe: Credential, isOpen: Bool) async throws(EnforcerError) {
        guard try await self.isOpen(probe) == isOpen else {
            throw EnforcerError(
                isOpen ? "\(probe.username) is not listed" : "\(probe.username) is still listed"
            )
        }
    }

    private func requireRefusal(of probe: Credential) async throws(EnforcerError) {
        do {
            try await open(probe)
        } catch {
            return try await require(probe, isOpen: false)
        }
        throw EnforcerError("it says that \(probe.username) is open")
    }

    private func probe(lasting span: TimeSpan = Limits.window) -> Credential {
        let (now, grant) = (clock.now(), entropy.id(Grant.self))
        return Credential(
            id: entropy.id(),
            request: entropy.id(),
            grant: grant,
            tenant: Probe.tenant,
            engineer: entropy.id(),
            resource: resource,
            actions: .read,
            username: Probe.loginName(of: grant),
            issuedAt: now,
            expiresAt: now + span
        )
    }

    private func order(_ grant: GrantID) -> Removal {
        Removal(
            tenant: Probe.tenant,
            request: entropy.id(),
            grant: grant,
            service: resource.service,
            usernames: [Probe.loginName(of: grant)],
            nextAttempt: clock.now()
        )
    }
}
