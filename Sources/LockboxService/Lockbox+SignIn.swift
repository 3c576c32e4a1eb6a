import LockboxAudit
package import LockboxDomain
import LockboxPorts

/// How the people of a tenant sign in, for its administrators.
package struct SignInReading: Sendable {
    package let tenant: Tenant
    package let settings: SignInSettings
    /// What is to become so, who asked for it, and whether the reader can make it so at once.
    package let waiting: (change: SignInChange, by: Person, isConfirmable: Bool)?
}

extension Lockbox {
    package func signIn(by caller: Person) async throws -> SignInReading {
        try await query(by: caller) { person, tx, now in
            let tenant = try tx.administered(by: person)
            let waiting = try tx.signInChange(of: tenant.id).map { change in
                (
                    change, try tx.known(change.by),
                    try change.by != person.id
                        && tx.areEnough(change.by, person, at: tenant, now)
                )
            }
            return SignInReading(
                tenant: tenant,
                settings: try tx.signInSettings(of: .tenant(tenant.id)) ?? .passwords,
                waiting: waiting
            )
        }
    }

    /// Asks for another way to sign in, which becomes so after a day, or after the tenant's cooling-off
    /// where that is longer. Every administrator hears of it
    /// and can stop it.
    package func changeSignIn(to settings: SignInSettings, by caller: Person) async throws
        -> SignInChange
    {
        try await changeSettings(by: caller) { change, count in
            let person = try change.tx.current(caller)
            let tenant = try change.tx.administered(by: person)
            guard try change.tx.signInChange(of: tenant.id) == nil else {
                throw Refusal.invalid(
                    field: "settings",
                    problem: .notAllowedHere(
                        "wait to be changed already. Stop that change, or let it become so."
                    )
                )
            }
            var present = try change.tx.signInSettings(of: .tenant(tenant.id)) ?? .passwords
            present.recoveryUntil = nil
            guard settings != present else {
                throw Refusal.invalid(
                    field: "settings",
                    problem: .notAllowedHere("are these already. There is nothing to change.")
                )
            }
            let asked = try SignInChange(
                id: change.entropy.id(),
                of: tenant,
                to: settings,
                by: person,
                at: change.now
            )
            try count.addSettings(of: person, takesAway: false, at: change.now)
            try change.tx.insert(asked)
            change.emit(.directory(.signInChangeAsked(asked)))
            return asked
        }
    }

    /// The change that waits becomes so at once, because another administrator than its maker says so.
    package func confirmSignInChange(_ id: String, by caller: Person) async throws {
        try await changeSettings(by: caller) { change, count in
            let person = try change.tx.current(caller)
            let waiting = try change.tx.signInChange(id, administeredBy: person)
            guard waiting.by != person.id else { throw Refusal.ownRequest }
            let tenant = try change.tx.administered(by: person)
            guard try change.tx.areEnough(waiting.by, person, at: tenant, change.now) else {
                throw Refusal.notPermitted(.agree)
            }
            try count.addSettings(of: person, takesAway: false, at: change.now)
            try change.carryOut(waiting)
        }
    }

    /// Nothing comes of it.
    package func stopSignInChange(_ id: String, by caller: Person) async throws {
        try await changeSettings(by: caller, for: .ending) { change, count in
            let person = try change.tx.current(caller)
            let waiting = try change.tx.signInChange(id, administeredBy: person)
            try count.addSettings(of: person, takesAway: true, at: change.now)
            try change.tx.removeSignInChange(of: waiting.tenant)
            change.emit(.directory(.signInChangeStopped(waiting)))
        }
    }
}

extension PersonRecords {
    /// Whether `maker` and `person` together make another way to sign in so at once: her own yes must
    /// count, else the maker could make somebody an administrator who says so; and two let in nobody
    /// whom three must (decision 0061).
    fileprivate func areEnough(
        _ maker: PersonID,
        _ person: Person,
        at tenant: Tenant,
        _ now: Timestamp
    ) throws -> Bool {
        try person.mayApprove(for: tenant.id, at: now)
            && tenant.isQuorum([maker, person.id], of: approvers(of: tenant.id), at: now)
    }
}

extension Change {
    /// From now on people sign in so. Who came in by a way that is none any more comes in anew.
    mutating func carryOut(_ waiting: SignInChange) throws {
        let side = Side.tenant(waiting.tenant)
        let settings = waiting.settings
        try tx.removeSignInChange(of: waiting.tenant)
        try tx.save(settings, of: side)
        emit(.directory(.signInChanged(side, settings)))
        try endForbiddenSessions(of: waiting.tenant, settings)
    }

    /// Ends sessions that began in another way than `settings` know.
    func endForbiddenSessions(of tenant: TenantID, _ settings: SignInSettings) throws {
        try tx.endSessions(
            of: tenant,
            notAt: settings.provider?.issuer,
            passwords: settings.takesPasswords(at: now),
            passkeys: settings.allowsPasskeys,
            at: now
        )
    }
}

extension TenantRecords where Self: SignInSettingsRecords {
    /// The tenant that `person` administers.
    fileprivate func administered(by person: Person) throws -> Tenant {
        guard let id = person.side.tenant, let tenant = try tenant(id) else {
            throw Refusal.notFound(.page)
        }
        guard person.holds(oneOf: .admin, at: person.side) else {
            throw Refusal.notPermitted(.changePolicy)
        }
        return tenant
    }

    /// The change that waits at the tenant that `person` administers, if it is the one with that
    /// identifier: another one may wait by now.
    fileprivate func signInChange(_ id: String, administeredBy person: Person) throws
        -> SignInChange
    {
        let tenant = try administered(by: person)
        guard let waiting = try signInChange(of: tenant.id), waiting.id.text == id else {
            throw Refusal.notFound(.page)
        }
        return waiting
    }
}
