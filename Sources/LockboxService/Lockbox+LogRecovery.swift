import LockboxAudit
package import LockboxDomain
package import LockboxPorts

extension Lockbox {
    /// How many people one write is about: each letter about them stays one that can be read.
    private static let recoveredAtOnce = 50

    /// Ends all that the database, which is an older copy, may have open although it was ended since:
    /// access, sessions, API tokens, open invitations and tokens for provisioning. Then each log gets
    /// its record of `recoveries`, and whoever decides for a tenant a letter. Passwords, passkeys,
    /// roles and rules stay as the copy has them; the letter says so.
    ///
    /// A crash before the records leaves some of it ended and nothing recorded; the same again ends
    /// the rest.
    package func recoverLogs(_ recoveries: [LogID: LogRecovery]) async throws {
        let tenants = try await store.read { tx, _ in try tx.tenants().map(\.id) }
        for tenant in tenants {
            try await store.write(by: .console, for: .ending) { change in
                try change.endAccess(of: tenant)
            }
        }
        for side in [.provider] + tenants.map(Side.tenant) { try await endSignIns(at: side) }
        try await store.write(by: .console) { change in
            for (log, recovery) in recoveries { change.emit(.log(.recovered(log, recovery))) }
        }
    }

    /// Records that another key signs the logs from now on; each change is of the record at its
    /// index. All are recorded or none is: throws where a log has grown meanwhile.
    package func recordKeyChanges(
        _ changes: [LogID: (index: UInt64, change: LogKeyChange)]
    ) async throws {
        try await store.write(by: .console) { change in
            for (log, (index, keyChange)) in changes {
                guard try change.tx.head(of: log).size == index else {
                    throw StoreError.unavailable("a log has grown meanwhile; run it again")
                }
                change.emit(.log(.keyChanged(log, keyChange)))
            }
        }
    }

    private func endSignIns(at side: Side) async throws {
        try await store.write(by: .console, for: .ending) { change in
            for token in try change.tx.provisioningTokens(of: side) {
                try change.tx.revokeProvisioningToken(token.id, at: change.now)
                change.emit(.provisioning(.tokenRevoked(token)))
            }
        }
        let people = try await store.read { tx, _ in try tx.people(at: side) }
        for first in stride(from: 0, to: people.count, by: Self.recoveredAtOnce) {
            let some = people[first..<min(first + Self.recoveredAtOnce, people.count)]
            try await store.write(by: .console, for: .ending) { change in
                for person in some { try change.endOpenSignIns(of: person) }
            }
        }
    }
}

extension Change {
    fileprivate mutating func endAccess(of tenant: TenantID) throws {
        for open in try tx.openRequests(of: tenant, engineer: nil) {
            var request = open
            try advance(&request)
            let happened = try request.databaseRecovered(now: now)
            try save(request, happened)
        }
    }
}
