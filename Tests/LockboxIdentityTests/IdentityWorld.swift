import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxIdentity
import LockboxTestWorld

/// Sign-in and sessions over a world in which Adam and Gita have a password.
enum IdentityWorld {
    static let password = "correct horse battery"

    /// Runs `body` with a world of its own, and checks the logs afterwards.
    static func with(
        people: [Person] = [],
        _ body: (TestWorld, SignIn, Sessions) async throws -> Void
    ) async throws {
        try await TestWorld.with(people: people) { world async throws in
            let hasher = PasswordHasher(entropy: SeededEntropy(seed: 5), logRounds: 10)
            let signIn = SignIn(store: world.audited, hasher: hasher)
            do {
                for person in [Fixture.adam, Fixture.gita] {
                    _ = try await signIn.setPassword(password, of: person.email)
                }
                try await body(world, signIn, Sessions(store: world.audited, signIn: signIn))
                try await world.expectConsistentLogs()
            } catch {
                try await hasher.shutDown()
                throw error
            }
            try await hasher.shutDown()
        }
    }
}

extension SignIn {
    /// Who has a token, from an address that nobody names and for whatever it is for.
    func caller(token secret: String) async throws -> Person {
        let client = ClientKey(address: "192.0.2.77")
        return try await caller(token: secret, from: client, needing: .any).person
    }
}
