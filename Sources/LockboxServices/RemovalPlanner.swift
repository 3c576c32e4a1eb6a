package import LockboxDomain
package import LockboxPorts

/// The reading of events for the services: when access ends, its credentials die and its services
/// get orders, in the same write.
package struct RemovalPlanner: EventReader {
    private let kinds: ServiceKinds

    package init(kinds: ServiceKinds) { self.kinds = kinds }

    package func read(
        _ event: Event,
        by actor: Actor,
        at now: Timestamp,
        entropy: any Entropy,
        in tx: any StoreTransaction
    ) throws {
        switch event {
        case .access(let event): try read(event, at: now, in: tx)
        case .request, .directory, .signIn, .provisioning, .log: break
        }
    }

    private func read(_ event: AccessEvent, at now: Timestamp, in tx: any StoreTransaction) throws {
        switch event {
        case .grantEnded(let request, let grant, _, _):
            let credentials = try tx.credentials(of: grant.id)
            for credential in credentials where credential.revokedAt == nil {
                try tx.revokeCredential(credential.id, at: now)
            }
            for service in grant.scope.services {
                // Where no credential was issued nobody can be connected. Where connections would
                // have to be cut, an order that cannot be carried out must show as failed.
                let usernames = credentials.filter { $0.resource.service == service }.map(
                    \.username
                )
                guard !usernames.isEmpty, let settings = try tx.service(service),
                    kinds.openConnections(of: settings) != .stay
                else { continue }
                var distinct: [String] = []
                for name in usernames where !distinct.contains(name) { distinct.append(name) }
                try tx.save(
                    Removal(
                        tenant: request.terms.tenant,
                        request: request.id,
                        grant: grant.id,
                        service: service,
                        usernames: distinct,
                        nextAttempt: now
                    )
                )
            }
        case .grantOpened, .grantStarted, .credentialIssued, .resourceOpened, .operationsRecorded,
            .removalConfirmed, .removalFailed, .unknownFound:
            break
        }
    }
}
