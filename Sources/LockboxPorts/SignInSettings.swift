public import LockboxDomain

/// How organisations sign in, and who is who at their OpenID providers.
public protocol SignInSettingsRecords {
    /// Nil where nobody has said: passwords alone.
    func signInSettings(of side: Side) throws -> SignInSettings?
    /// Inserts or replaces.
    func save(_ settings: SignInSettings, of side: Side) throws
    /// Whether anybody has an OpenID provider.
    func hasOpenIDProvider() throws -> Bool
    /// By what name `issuer` knows `person`; nil where it does not.
    func subject(of person: PersonID, at issuer: String) throws -> String?
    /// From now on `identity` means `person`. Throws `Refusal.alreadyExists(.person)` if it means
    /// somebody else.
    func insert(_ identity: Identity, of person: PersonID) throws
}

extension SignInSettingsRecords {
    /// Whether passwords count that are kept here.
    package func allowsPasswords(at side: Side) throws -> Bool {
        try signInSettings(of: side)?.allowsPasswords ?? SignInSettings.passwords.allowsPasswords
    }

    /// Whether the people of `side` can use passkeys.
    package func allowsPasskeys(at side: Side) throws -> Bool {
        try signInSettings(of: side)?.allowsPasskeys ?? SignInSettings.passwords.allowsPasskeys
    }
}
