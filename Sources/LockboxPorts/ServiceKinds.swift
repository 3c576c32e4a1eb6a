public import LockboxDomain

/// The kinds of service that this program knows, in the order in which messages list them.
public struct ServiceKinds: Sendable {
    public let all: [any ServiceKind]

    /// Each kind once.
    public init(_ all: [any ServiceKind]) { self.all = all }

    /// Nil for a kind that the program does not know (any more).
    public subscript(_ name: ProtectedService.Kind) -> (any ServiceKind)? {
        all.first { $0.name == name }
    }

    /// What becomes of connections that are open when access to the service ends. One of an unknown
    /// kind, or one that is not registered, must be taken to keep them.
    public func openConnections(of settings: ServiceSettings?) -> OpenConnections {
        settings.flatMap { self[$0.service.kind]?.openConnections(of: $0) } ?? .cannotBeCut
    }

    /// Whether connections to the service go through a gateway of this program.
    public func haveGateway(_ settings: ServiceSettings) -> Bool {
        self[settings.service.kind]?.hasGateway(settings) ?? false
    }

    /// The service's own log, if what is done there is recorded from it.
    public func log(of settings: ServiceSettings?) -> (any ServiceLog)? {
        settings.flatMap { self[$0.service.kind]?.log(of: $0) }
    }

    /// What becomes of connections at all services that `scope` touches, in words.
    public func endOfConnections(
        of scope: Scope,
        in services: some ServiceRecords
    ) throws -> EndOfConnections {
        try endOfConnections(of: scope.services.map { ($0, try services.service($0)) })
    }

    private func endOfConnections(of services: [(ServiceID, ServiceSettings?)]) -> EndOfConnections
    {
        EndOfConnections(
            cut: services.filter { openConnections(of: $0.1) == .areCut }.map(\.0),
            left: services.filter { openConnections(of: $0.1) != .areCut }.map(\.0)
        )
    }
}
