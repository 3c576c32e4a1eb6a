public import LockboxDomain

/// How organisations sign in, and who is who at their OpenID providers.
public protocol SignInSettingsRecords {
    /// Nil where nobody has said: passwords alone.
    func signInSettings(of side: Side) throws -> SignInSettings?
    /// Inserts or replaces.
    func save(_ settings: SignInSettings, of side: Side) throws
    /// What waits to become so for `tenant`; one thing at a time.
    func signInChange(of tenant: TenantID) throws -> SignInChange?
    func insert(_ change: SignInChange) throws
    func removeSignInChange(of tenant: TenantID) throws
    /// Those that are to become so by `now`, the earliest first.
    func signInChangesDue(at now: Timestamp, limit: Int) throws -> [SignInChange]
    func nextSignInChange() throws -> Timestamp?
    /// Ends sessions of the tenant's people that did not begin at the OpenID provider `issuer`, and
    /// those that began with a password or a passkey where such do not count.
    func endSessions(
        of tenant: TenantID,
        notAt issuer: String?,
        passwords: Bool,
        passkeys: Bool,
        at now: Timestamp
    ) throws
    /// Whether anybody has an OpenID provider.
    func hasOpenIDProvider() throws -> Bool
    /// Whose people sign in at `issuer`, where Lockbox is `client`.
    func organisations(at issuer: String, client: String) throws -> [Side]
    /// By what name `issuer` knows `person`; nil where it does not.
    func subject(of person: PersonID, at issuer: String) throws -> String?
    /// From now on `identity` means `person`. Throws `Refusal.alreadyExists(.person)` if it means
    /// somebody else.
    func insert(_ identity: Identity, of person: PersonID) throws
}

extension SignInSettingsRecords {
    /// Until when passwords count at `now` where they do so for a while alone.
    package func passwordsEnd(at side: Side, _ now: Timestamp) throws -> Timestamp? {
        try signInSettings(of: side)?.passwordsEnd(at: now)
    }

    /// Whether passwords count at `now` that are kept here.
    package func allowsPasswords(at side: Side, _ now: Timestamp) throws -> Bool {
        try (signInSettings(of: side) ?? .passwords).takesPasswords(at: now)
    }

    /// Whether the people of `side` can use passkeys.
    package func allowsPasskeys(at side: Side) throws -> Bool {
        try signInSettings(of: side)?.allowsPasskeys ?? SignInSettings.passwords.allowsPasskeys
    }
}
