package import LockboxAudit
package import LockboxDomain
import LockboxPorts
import LockboxWire

/// Finds out who is calling: by API token, or by e-mail address and password.
package struct SignIn: Sendable {
    /// What every API token begins with, so that scanners find a leaked one.
    package static let tokenPrefix = "lbx_"

    let store: AuditedStore
    private let hasher: PasswordHasher
    private let addressFailures = RateLimit(
        burst: IdentityLimits.addressFailureBurst,
        perSecond: IdentityLimits.addressFailuresPerSecond
    )
    let tokenUses = RateLimit(burst: 1, perSecond: IdentityLimits.tokenUsesNotedPerSecond)

    package init(store: AuditedStore, hasher: PasswordHasher) {
        self.store = store
        self.hasher = hasher
    }

    /// The password in the first line of `bytes`; throws, in words, where there is none.
    package static func password(_ bytes: some Collection<UInt8>) throws -> String {
        try PasswordLine.read(bytes)
    }

    /// Checks a local password. Wrong address and wrong password are one answer; after too many
    /// failures `client` gets it to the right password too.
    package func person(email: String, password: String, from client: ClientKey) async throws
        -> Person
    {
        try await check(email: email, password: password, from: client) { _, person in person }
    }

    /// Checks a local password, and runs `body` for whose it is in the write that finds it right,
    /// so that no password that is changed meanwhile opens anything.
    func check<Value: Sendable>(
        email: String,
        password: String,
        from client: ClientKey,
        _ body: @escaping @Sendable (inout Change, Person) throws -> Value
    ) async throws -> Value {
        let address = EmailAddress(email)
        return try await check(
            password,
            from: .client(client),
            of: { tx in try address.flatMap { try tx.person(identifiedBy: Identity(local: $0)) } },
            body
        )
    }

    /// The same for whoever is signed in by `session`.
    func check<Value: Sendable>(
        _ session: Session,
        password: String,
        _ body: @escaping @Sendable (inout Change, Person) throws -> Value
    ) async throws -> Value {
        try await check(
            password,
            from: .session(session.id),
            of: { tx in try tx.person(session.person) },
            body
        )
    }

    /// Wrong passwords of strangers are counted for each address, whatever the account, and what is
    /// over the bound is refused before anything is hashed: else one address could try a password at
    /// every account, and keep the others waiting with it.
    private func check<Value: Sendable>(
        _ password: String,
        from origin: Origin,
        of find: @escaping @Sendable (any StoreTransaction) throws -> Person?,
        _ body: @escaping @Sendable (inout Change, Person) throws -> Value
    ) async throws -> Value {
        let (account, requester, now) = try await store.read { tx, now in
            let person = try find(tx).flatMap { $0.maySignIn ? $0 : nil }
            let known = try person.flatMap { person in
                try origin.knownPlace(of: person, at: now, in: tx).map { _ in person }
            }
            let account = try person.flatMap { person -> (Person, PasswordRecord)? in
                // Where passwords do not count, the right one is as wrong as any.
                guard try tx.allowsPasswords(at: person.side, now) else { return nil }
                return try tx.password(of: person.id).map { (person, $0) }
            }
            return (account, origin.requester(known), now)
        }
        guard case .stranger(let address) = requester else {
            return try await compare(password, of: account, from: origin, requester, body)
        }
        try addressFailures.peek(address, now: now)
        do {
            return try await compare(password, of: account, from: origin, requester, body)
        } catch Refusal.badCredentials {
            addressFailures.spend(address, now: now)
            throw Refusal.badCredentials
        }
    }

    private func compare<Value: Sendable>(
        _ password: String,
        of account: (Person, PasswordRecord)?,
        from origin: Origin,
        _ requester: HashingRequester,
        _ body: @escaping @Sendable (inout Change, Person) throws -> Value
    ) async throws -> Value {
        // Longer than any password can be: none is compared, rather than its first part, and it
        // costs the same.
        let isPossible = password.unicodeScalars.count <= IdentityLimits.passwordLength.upperBound
        let matches = try await hasher.verify(
            isPossible ? password : "",
            against: isPossible ? account?.1.encoded : nil,
            for: requester
        )
        guard let (person, compared) = account else { throw Refusal.badCredentials }
        return try await store.write(by: .person(person), for: .ending) {
            change -> Result<Value, Refusal> in
            // What is known is read again: other attempts may have failed meanwhile. Whoever is
            // held off is answered as if the password were wrong: another answer would tell a
            // stranger that there is such an account, and whoever guesses on meanwhile which guess
            // was right.
            guard var attempt = try Attempt(on: person, from: origin, change),
                !attempt.isThrottled(at: change.now)
            else {
                return .failure(.badCredentials)
            }
            // A password that was replaced while it was compared is no password any more.
            guard matches && attempt.account.encoded == compared.encoded else {
                try attempt.fail(&change)
                return .failure(.badCredentials)
            }
            try attempt.succeed(change)
            return .success(try body(&change, try change.tx.current(person)))
        }.get()
    }

    /// Sets the local password of whoever has `address`, from the server itself, and ends her sessions
    /// and API tokens: who holds one may have got it by the old password.
    package func setPassword(_ password: String, of address: EmailAddress) async throws -> Person {
        try ChosenPassword.check(
            password,
            length: IdentityLimits.passwordLength,
            field: "password"
        )
        let encoded = try await hasher.hash(password)
        return try await store.write(by: .console) { change in
            let person = try change.tx.person(consoleMayActFor: address)
            guard !person.isProgram else { throw Refusal.signInOfProgram }
            try change.setPassword(PasswordRecord(encoded: encoded), of: person)
            return person
        }
    }

    func record(
        of password: ChosenPassword,
        for requester: HashingRequester = .known("console")
    ) async throws -> PasswordRecord {
        PasswordRecord(encoded: try await hasher.hash(password.text, for: requester))
    }
}

extension Change {
    mutating func setPassword(_ password: PasswordRecord, of person: Person) throws {
        try tx.save(password, of: person.id)
        emit(.signIn(.passwordSet(person)))
        try tx.forgetSignInClients(of: person.id)
        try endSignIns(of: person)
    }
}

extension Change {
    /// From the first sign-in of an administrator on, the people of her tenant are its own.
    mutating func noteFirstAdministrator(_ person: Person) throws {
        guard let id = person.side.tenant, var tenant = try tx.tenant(id),
            tenant.noteSignIn(of: person, at: now)
        else { return }
        try tx.save(tenant)
        emit(.directory(.tenantAdministered(tenant)))
    }
}

extension TenantRecords where Self: PersonRecords {
    /// Whoever has `address`, where the console may still set her password or make a token for her:
    /// whoever runs the server must not be able to decide in a customer's name (decision 0052).
    func person(consoleMayActFor address: EmailAddress) throws -> Person {
        let person = try person(at: address)
        if let tenant = try person.side.tenant.flatMap({ try tenant($0) }),
            tenant.administeredSince != nil
        {
            throw Refusal.notPermitted(.signInForTenant)
        }
        return person
    }
}

extension TenantRecords {
    /// The name of what `person` belongs to.
    func organisation(of person: Person) throws -> String {
        guard let id = person.side.tenant else { return try providerName() }
        guard let tenant = try tenant(id) else { throw StoreError.corrupt("no tenant \(id)") }
        return tenant.name
    }
}

extension PersonRecords {
    func person(at address: EmailAddress) throws -> Person {
        guard let person = try person(identifiedBy: Identity(local: address)) else {
            throw Refusal.notFound(.person)
        }
        return person
    }

    func current(_ caller: Person) throws -> Person {
        guard let person = try person(caller.id), !person.isDisabled else {
            throw Refusal.notSignedIn
        }
        return person
    }
}
