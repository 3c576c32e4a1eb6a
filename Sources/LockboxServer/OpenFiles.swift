import Foundation
import LockboxGateway
import LockboxHTTP
package import LockboxPorts
import LockboxServices

/// The files that a process may have open: enough for every place of its listeners and gateways,
/// and as many again for its own work. So strangers who only connect cannot keep it from its
/// database, from mail servers and hooks, and so from ending access.
package struct OpenFiles: Sendable {
    /// The system's bounds for this process.
    struct Bounds: Sendable {
        /// The one that holds, and how far it may be raised; nil where they cannot be read.
        var read: @Sendable () -> (soft: Int, hard: Int)?
        /// Lets the process open that many; whether it may.
        var raise: @Sendable (_ files: Int) -> Bool

        static let ofProcess = Bounds(
            read: {
                var limit = rlimit()
                guard getrlimit(resource, &limit) == 0 else { return nil }
                return (Int(clamping: limit.rlim_cur), Int(clamping: limit.rlim_max))
            },
            raise: { files in
                var limit = rlimit()
                guard getrlimit(resource, &limit) == 0 else { return false }
                limit.rlim_cur = rlim_t(files)
                return setrlimit(resource, &limit) == 0
            }
        )
        private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    }

    /// The database, its log and secrets, orders to services, mail, event loops, and what was just
    /// accepted or is about to close.
    static let forItself = 1024

    private let listeners: [ListenerUse]
    private let bounds: Bounds

    init(of listeners: [ListenerUse], bounds: Bounds = .ofProcess) {
        (self.listeners, self.bounds) = (listeners, bounds)
    }

    /// How many may be needed at once.
    func needed(gateways: Int) -> Int {
        Self.forItself + listeners.map(\.files).reduce(0, +) + gateways * GatewayLimits.files
    }

    /// Lets the process open as many as it needs with that many gateways. Throws where the system
    /// does not allow it.
    func secure(gateways: Int) throws {
        let needed = needed(gateways: gateways)
        guard let (soft, hard) = bounds.read() else {
            throw ConfigurationError("how many files the process may open cannot be found out")
        }
        guard soft < needed else { return }
        guard hard >= needed, bounds.raise(needed) else {
            let more = gateways == 0 ? "" : " with \(gateways) gateway(s)"
            throw ConfigurationError(
                "the process may open only \(hard) files; \(needed) are needed\(more), so that "
                    + "connections cannot keep it from ending access: set LimitNOFILE=\(needed) in its "
                    + "systemd unit, or `ulimit -Hn \(needed)` before it starts"
            )
        }
    }

    /// How many of `services` have a gateway.
    package static func gateways(of services: [ServiceSettings]) -> Int {
        services.count { HTTPKind.gateway(of: $0) != nil }
    }

    /// How many `lockboxd serve`, or where gateways are apart `lockboxd gateway`, needs with that
    /// many gateways; a line for operators.
    package static func words(_ configuration: Configuration, gateways: Int) -> String {
        let server = OpenFiles(of: Array(configuration.addresses.keys))
        switch configuration.gateways {
        case .apart:
            let apart = OpenFiles(of: configuration.gatewayListeners)
            return "open files: lockboxd serve needs \(server.needed(gateways: 0)), "
                + "lockboxd gateway \(apart.needed(gateways: gateways)) (LimitNOFILE)"
        case .server:
            return "open files: lockboxd serve needs \(server.needed(gateways: gateways)) "
                + "(LimitNOFILE)"
        }
    }
}

extension ListenerUse {
    /// A connection each, and those that are about to be closed.
    fileprivate var files: Int { places.places + ServerLimits.acceptedBesides }
}

extension Configuration {
    /// Where the gateway apart listens itself.
    var gatewayListeners: [ListenerUse] { gatewayOperatorListen == nil ? [] : [.gatewayOperators] }
}
