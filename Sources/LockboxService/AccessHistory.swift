package import LockboxDomain
package import LockboxPorts

/// Access that was given, with who had it and whose data it was.
package struct AccessHistory: Sendable {
    /// The latest asked for first.
    package let periods: [AccessPeriod]
    /// Everyone that the periods name.
    package let people: [PersonID: Person]
    package let tenants: [TenantID: Tenant]
    /// Nothing that was asked for before this instant is among the periods; nil where all is that
    /// could be.
    package let since: Timestamp?
    package let at: Timestamp
}

extension Lockbox {
    /// Access that was open after `instant`, is open or is to be: all of their tenant for those who
    /// oversee it, of all engineers for managers and operators of the provider, and her own for an
    /// engineer. For anybody else there is none.
    package func accessHistory(after instant: Timestamp, by caller: Person) async throws
        -> AccessHistory
    {
        try await query(by: caller) { [ends] person, tx, now in
            let (tenant, openedBy) = try person.reach(nil, in: tx)
            guard openedBy == nil, !person.isProgram else { throw Refusal.notFound(.page) }
            let seesAll =
                person.side != .provider
                || person.holds(oneOf: [.manager, .operator], at: .provider)
            let most = Limits.drawnAccesses
            let found = try tx.accessPeriods(
                of: tenant,
                engineer: seesAll ? nil : person.id,
                after: instant,
                most: most
            )
            let periods = found.map { period in
                var period = period
                if period.endedAt == nil, let end = ends.ended(period.grant.id) {
                    // The services were told already, though it is not written down yet.
                    (period.endedAt, period.isUnconfirmed) = (end, true)
                }
                return period
            }
            let ids = Set(periods.flatMap { [$0.engineer, $0.askedBy].compactMap(\.self) })
            let tenants = try Set(periods.map(\.tenant)).compactMap { try tx.tenant($0) }
            return AccessHistory(
                periods: periods,
                people: try ids.reduce(into: [:]) { $0[$1] = try tx.known($1) },
                tenants: tenants.reduce(into: [:]) { $0[$1.id] = $1 },
                since: periods.count < most ? nil : periods.last?.createdAt,
                at: now
            )
        }
    }
}
