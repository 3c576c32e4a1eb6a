import LockboxDomain
import LockboxPorts
package import LockboxServices
import LockboxWork
import MerkleLog

extension Server {
    /// Tries at the service of that name whether it does as it is told, and reports each thing that it
    /// should do. False if something does not hold.
    package func checkService(
        _ name: String,
        report: @escaping (ServiceCheck.Finding) -> Void
    ) async throws -> Bool {
        let services = try await store.read { tx in try tx.services() }
        guard let settings = services.first(where: { $0.service.id.text == name }) else {
            let known = services.map(\.service.id.text).sorted().joined(separator: ", ")
            throw ConfigurationError(
                "there is no service \(name); there are: \(known.isEmpty ? "none" : known)"
            )
        }
        guard parts.gateway != nil || !kinds.haveGateway(settings) else {
            throw ConfigurationError(
                "what goes to the service \(name) goes through `lockboxd gateway`, which cuts it by itself: "
                    + "there is nothing to check here"
            )
        }
        guard let kind = kinds[settings.service.kind],
            let enforcer = try kind.enforcer(of: settings)
        else {
            throw ConfigurationError(
                "Lockbox tells the service \(name) nothing, so there is nothing to check"
            )
        }
        let check = try ServiceCheck(
            enforcer,
            signIn: try kind.signIn(at: settings),
            of: settings.service,
            needsOpening: kind.needsOpening,
            remembersOrders: kind.remembersOrders,
            strangers: try strangers(at: settings, of: kind),
            clock: parts.tools.clock,
            entropy: parts.tools.entropy,
            pause: SystemPause(),
            report: report
        )
        guard let log = kind.log(of: settings) else { return await check.run() }
        let recorder = ReadOnly(store: store, service: settings.service.id)
        return await withTaskGroup { group in
            // What the server itself reads while it runs.
            group.addTask {
                let pause = SystemPause()
                while await pause(milliseconds: StatementReading.Limits.interval) {
                    _ = try? await log.read(into: recorder)  // best effort: what is found says so
                }
            }
            defer { group.cancelAll() }
            return await check.run()
        }
    }

    /// Reads on from where the server is, and records nothing: that is the server's.
    private struct ReadOnly: LogRecorder {
        let store: any Store
        let service: ServiceID

        func position(in file: String) async throws -> Int {
            try await store.read { tx in try tx.statementPosition(in: file, of: service) ?? 0 }
        }

        func record(_ piece: LogPiece) async throws -> Int { piece.range.upperBound }
    }

    /// Lockbox as it would be with a secret that the service does not know; and, where orders say
    /// when they were sent, as it was some time ago.
    private func strangers(
        at settings: ServiceSettings,
        of kind: any ServiceKind
    ) throws -> [ServiceCheck.Stranger] {
        // In the form that the strictest kind asks for.
        let other = "whsec_" + Base64.encode(parts.tools.entropy.bytes(32))
        var strangers: [ServiceCheck.Stranger] = []
        func add(_ promise: String, _ tools: ServiceTools) throws {
            let kind = ServiceKinds(makeKinds(tools))[settings.service.kind]
            guard let enforcer = try kind?.enforcer(of: settings) else { return }
            strangers.append(ServiceCheck.Stranger(promise, enforcer))
        }
        try add(
            "it refuses whoever does not know its secret",
            ServiceTools(
                http: parts.tools.http,
                clock: parts.tools.clock,
                entropy: parts.tools.entropy
            ) { _ in other }
        )
        if kind.datesItsOrders {
            try add(
                "it refuses what was sent ten minutes ago",
                ServiceTools(
                    http: parts.tools.http,
                    clock: PastClock(clock: parts.tools.clock),
                    entropy: parts.tools.entropy,
                    secret: parts.tools.secret
                )
            )
        }
        return strangers
    }
}

/// The time of ten minutes ago.
private struct PastClock: WallClock {
    let clock: any WallClock

    private static let age = TimeSpan.minutes(10)

    func now() -> Timestamp { clock.now() - Self.age }

    var step: TimeSpan? { clock.step }
    var ahead: TimeSpan {
        TimeSpan(milliseconds: clock.ahead.milliseconds - Self.age.milliseconds)
    }
}
