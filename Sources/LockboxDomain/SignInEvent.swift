/// What happens to the ways in that a person has: password, passkeys, sessions, API tokens.
public enum SignInEvent: Hashable, Sendable {
    case tokenIssued(APIToken, Person)
    case tokenRevoked(APIToken, Person)
    /// A code or refresh token of this login was shown again that had been used: somebody may have a
    /// copy.
    case loginReused(APIToken, Person)
    case passwordSet(Person)
    /// A letter goes out by which she can choose a password.
    case invited(Person, Invitation)
    /// She came with its code.
    case invitationUsed(Person, Invitation)
    /// So many wrong codes were given that it is good for nothing.
    case invitationGuessed(Person, Invitation)
    /// Too many failures from everywhere together.
    case locked(Person, until: Timestamp)
    /// Too many failures from one place, which alone must wait.
    case throttled(Person, until: Timestamp)
    /// Somebody signed in at the portal, with a passkey if that is said.
    case signedIn(Person, with: PasskeyID? = nil)
    /// She signed in from a browser that is not one of those that she used not long ago.
    case newBrowser(Person)
    case passkey(PasskeyEvent, Passkey, Person)
    case signingKey(SigningKeyEvent, SigningKey, Person)
    /// From now on an account at an OpenID provider lets this person in.
    case identityLinked(Identity, Person)
    /// Another account at the same provider came with her address, and was turned away.
    case identityRefused(Person, issuer: String)
    /// All sessions of a person ended at once.
    case sessionsEnded(Person)
    /// Sessions ended because she signed out, or was signed out, at her OpenID provider.
    case signedOutByProvider(Person, issuer: String)
}

/// What happens to one passkey.
public enum PasskeyEvent: Hashable, Sendable {
    /// From now on it lets its person in.
    case registered
    case removed
    /// She showed with it again who she is.
    case confirmed
    /// Its counter is not greater than it was: there may be a copy of it.
    case counterFell(from: UInt32)
    /// It signed something that was not good here.
    case refused(problem: String)
}

extension SignInEvent {
    /// Whose way in it is.
    var person: Person {
        switch self {
        case .tokenIssued(_, let person), .tokenRevoked(_, let person),
            .loginReused(_, let person), .passwordSet(let person),
            .locked(let person, _), .throttled(let person, _), .signedIn(let person, _),
            .passkey(_, _, let person), .sessionsEnded(let person), .invited(let person, _),
            .invitationUsed(let person, _),
            .invitationGuessed(let person, _), .identityLinked(_, let person),
            .identityRefused(let person, _), .signedOutByProvider(let person, _),
            .newBrowser(let person), .signingKey(_, _, let person):
            person
        }
    }
}
