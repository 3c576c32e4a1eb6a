package import LockboxAudit
package import LockboxDomain

package struct SignedIn: Sendable {
    package let person: Person
    package let csrfToken: String
}

package struct Sessions: Sendable {
    package init(store: AuditedStore, signIn: SignIn) {}
    package func begin(email: String, password: String) async throws -> (secret: String, signedIn: SignedIn) { throw Refusal.notSignedIn }
    package func resume(_ secret: String) async throws -> SignedIn? { nil }
    package func confirm(_ secret: String, password: String) async throws -> (secret: String, signedIn: SignedIn) { throw Refusal.notSignedIn }
    package func isFresh(_ signedIn: SignedIn, now: Timestamp) -> Bool { false }
    package func end(_ secret: String) async throws {}
    package func csrfMatches(_ token: String, _ signedIn: SignedIn) -> Bool { false }
}
