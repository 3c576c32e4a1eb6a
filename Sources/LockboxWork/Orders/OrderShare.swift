import LockboxDomain
package import LockboxPorts

/// Whose orders a process carries out. What goes through a gateway can be cut, and is known to be
/// gone, only in the process that has the gateway: another one would find nothing open in its own
/// memory and confirm what is not so.
package enum OrderShare: Sendable {
    /// There is one process for all of it, or several that each have all of it.
    case all
    /// Those of services whose gateway is in this process; all others are the server's.
    case ofGateways
    /// Those of all other services.
    case butOfGateways

    /// Whether orders of a service with `settings` are among them.
    package func includes(_ settings: ServiceSettings, of kinds: ServiceKinds) -> Bool {
        switch self {
        case .all: true
        case .ofGateways: kinds.haveGateway(settings)
        case .butOfGateways: !kinds.haveGateway(settings)
        }
    }
}

/// The orders that a process carries out, as the store is asked for them.
package struct OwnOrders: Sendable {
    let share: OrderShare
    private let kinds: ServiceKinds

    package init(_ share: OrderShare, of kinds: ServiceKinds) {
        self.share = share
        self.kinds = kinds
    }

    /// Every order there is.
    package static let all = OwnOrders(.all, of: ServiceKinds([]))

    /// Whether orders of a service with `settings` are among them.
    func includes(_ settings: ServiceSettings) -> Bool { share.includes(settings, of: kinds) }

    /// Of which services they are, by what is stored now.
    func services(in tx: any StoreTransaction) throws -> ServiceSelection {
        switch share {
        case .all: .all
        case .ofGateways: .only(try gated(in: tx))
        case .butOfGateways: .allBut(try gated(in: tx))
        }
    }

    private func gated(in tx: any StoreTransaction) throws -> Set<ServiceID> {
        Set(try tx.services().filter(kinds.haveGateway).map(\.service.id))
    }
}
