/// What happens to the ways in that a person has: password, sessions, API tokens.
public enum SignInEvent: Hashable, Sendable {
    case tokenIssued(APIToken, Person)
    case tokenRevoked(APIToken, Person)
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
    /// Somebody signed in at the portal.
    case signedIn(Person)
    /// She signed in from a browser that is not one of those that she used not long ago.
    case newBrowser(Person)
    /// From now on an account at an OpenID provider lets this person in.
    case identityLinked(Identity, Person)
    /// Another account at the same provider came with her address, and was turned away.
    case identityRefused(Person, issuer: String)
    /// All sessions of a person ended at once.
    case sessionsEnded(Person)
    /// Sessions ended because she signed out, or was signed out, at her OpenID provider.
    case signedOutByProvider(Person, issuer: String)
}

extension SignInEvent {
    /// Whose way in it is.
    var person: Person {
        switch self {
        case .tokenIssued(_, let person), .tokenRevoked(_, let person), .passwordSet(let person),
            .locked(let person, _), .throttled(let person, _), .signedIn(let person),
            .sessionsEnded(let person), .invited(let person, _), .invitationUsed(let person, _),
            .invitationGuessed(let person, _), .identityLinked(_, let person),
            .identityRefused(let person, _), .signedOutByProvider(let person, _),
            .newBrowser(let person):
            person
        }
    }
}
