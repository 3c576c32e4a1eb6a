import LockboxApprovals
import LockboxAudit
package import LockboxDomain
import LockboxPorts

/// The keys with which people of a tenant sign approvals: passkeys, which they add for signing in, and
/// SSH keys. What counts is what the tenant's log says of them.
extension Lockbox {
    /// A key, and whose it is.
    package struct SigningKeyReading: Sendable {
        package let id: String
        package let isPasskey: Bool
        package let owner: Person
        /// COSE in base64url, or a line of OpenSSH's.
        package let publicKey: String
        /// What its owner calls it; nil where that was erased.
        package let name: String?
        package let addedAt: Timestamp
        /// The person who confirmed it.
        package let confirmedBy: String?
        /// From when on it counts; nil if it does now.
        package let countsFrom: Timestamp?
    }

    /// Those of everybody, for the tenant's people who read its rules.
    package func signingKeys(of tenant: String, by caller: Person) async throws
        -> [SigningKeyReading]
    {
        try await query(by: caller) { [logs = store.logs] person, tx, now in
            let tenant = try tx.tenant(tenant, visibleTo: person)
            guard person.holds(oneOf: [.approver, .admin, .auditor], at: .tenant(tenant.id)) else {
                throw Refusal.notPermitted(.readPeople)
            }
            var records = GrantRecords(viewing: tx, logs)
            return try records.keys(of: tenant.id).compactMap { key in
                guard let id = PersonID(key.person), let owner = try tx.person(id) else {
                    return nil
                }
                return SigningKeyReading(
                    id: key.id,
                    isPasskey: key.kind == .passkey,
                    owner: owner,
                    publicKey: key.publicKey,
                    name: key.label,
                    addedAt: Timestamp(milliseconds: key.addedAt),
                    confirmedBy: key.confirmedBy,
                    countsFrom: key.counts(at: now.milliseconds)
                        ? nil : Timestamp(milliseconds: key.countsFrom)
                )
            }
        }
    }

    /// Adds an SSH key of the caller's own. It counts once somebody else has confirmed it, or after the
    /// cooling-off.
    package func addSigningKey(
        _ line: String,
        name: String,
        to tenant: String,
        by caller: Person
    ) async throws -> SigningKey {
        let name = try Text.check(name, field: "name", length: Limits.nameLength)
        let publicKey = try Self.publicKey(line)
        return try await changeSettings(by: caller) { change, count in
            let person = try change.tx.current(caller)
            let tenant = try change.tx.tenant(tenant, visibleTo: person)
            guard person.mayDecide(for: tenant.id) else {
                throw Refusal.notPermitted(.decideAsApprover)
            }
            var records = change.records
            let known = try records.keys(of: tenant.id)
            guard !known.contains(where: { $0.publicKey == publicKey }) else {
                throw Refusal.invalid(
                    field: "publicKey",
                    problem: .notAllowedHere("is in use here already.")
                )
            }
            let own = known.filter { $0.person == person.id.text && $0.kind == .ssh }
            guard own.count < Limits.signingKeysPerPerson else {
                throw Refusal.invalid(
                    field: "publicKey",
                    problem: .notAllowedHere(
                        "is one too many: you have \(own.count). Remove one first."
                    )
                )
            }
            try count.addSettings(of: person, takesAway: false, at: change.now)
            let key = SigningKey(
                identity: .ssh(change.entropy.id()),
                person: person.id,
                publicKey: publicKey,
                name: name
            )
            change.emit(.signIn(.signingKey(.added, key, person)))
            return key
        }
    }

    /// An administrator says of somebody else's key that it is theirs: it counts from now on. `token`
    /// is for what an API token is that says so; nil at the portal.
    package func confirmSigningKey(
        _ id: String,
        of tenant: String,
        with token: TokenScopes? = nil,
        by caller: Person
    ) async throws {
        try await changeSettings(by: caller) { change, count in
            let (tenant, administrator, key, owner) = try Self.signingKey(
                id,
                tenant,
                caller,
                in: change
            )
            guard administrator.holds(oneOf: .admin, at: .tenant(tenant.id)),
                tenant.takesYes(with: token)
            else { throw Refusal.notPermitted(.changePeople) }
            guard !administrator.isSame(as: owner) else {
                throw Refusal.invalid(
                    field: "key",
                    problem: .notAllowedHere(
                        "is your own. Another administrator confirms it, or it counts after the cooling-off."
                    )
                )
            }
            try count.addSettings(of: administrator, takesAway: false, at: change.now)
            change.emit(.signIn(.signingKey(.confirmed, key, owner)))
        }
    }

    /// Removes an SSH key: its owner or an administrator does. Passkeys are removed where they are kept.
    package func removeSigningKey(_ id: String, of tenant: String, by caller: Person) async throws {
        try await changeSettings(by: caller, for: .ending) { change, count in
            let (tenant, person, key, owner) = try Self.signingKey(
                id,
                tenant,
                caller,
                in: change
            )
            guard person.id == owner.id || person.holds(oneOf: .admin, at: .tenant(tenant.id))
            else {
                throw Refusal.notPermitted(.changePeople)
            }
            guard case .ssh = key.identity else {
                throw Refusal.invalid(
                    field: "key",
                    problem: .notAllowedHere(
                        "is a passkey, which is removed under People or Account."
                    )
                )
            }
            try count.addSettings(of: person, takesAway: true, at: change.now)
            change.emit(.signIn(.signingKey(.removed, key, owner)))
        }
    }

    /// A key of somebody of the tenant, for whoever is to do something with it.
    private static func signingKey(
        _ id: String,
        _ tenant: String,
        _ caller: Person,
        in change: Change
    ) throws -> (tenant: Tenant, person: Person, key: SigningKey, owner: Person) {
        let tx = change.tx
        let person = try tx.current(caller)
        let tenant = try tx.tenant(tenant, visibleTo: person)
        var records = change.records
        guard person.side == .tenant(tenant.id),
            let told = try records.keys(of: tenant.id).first(where: { $0.id == id }),
            let ownerID = PersonID(told.person), let owner = try tx.person(ownerID),
            let identity = SigningKey.Identity(told)
        else { throw Refusal.notFound(.page) }
        let key = SigningKey(
            identity: identity,
            person: ownerID,
            publicKey: told.publicKey,
            name: told.label ?? told.id
        )
        return (tenant, person, key, owner)
    }

    /// The line of OpenSSH's without its comment.
    private static func publicKey(_ line: String) throws(Refusal) -> String {
        let parts = line.split(whereSeparator: \.isWhitespace)
        do throws(ApprovalFault) {
            guard parts.count > 1, line.utf8.count <= Limits.signingKeyBytes else {
                throw .keyUnreadable
            }
            return try SSHPublicKey("\(parts[0]) \(parts[1])").line
        } catch {
            throw .invalid(
                field: "publicKey",
                problem: .malformed(
                    expected: "a line as in a .pub file: ssh-ed25519 or ecdsa-sha2-nistp256"
                )
            )
        }
    }
}

extension SigningKey.Identity {
    fileprivate init?(_ key: ApprovalCheck.Key) {
        switch key.kind {
        case .passkey:
            guard let id = PasskeyID(key.id) else { return nil }
            self = .passkey(id)
        case .ssh:
            guard let id = SigningKeyID(key.id) else { return nil }
            self = .ssh(id)
        }
    }
}
