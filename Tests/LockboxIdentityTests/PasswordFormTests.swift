import LockboxFixtures
import Testing

@testable import LockboxIdentity

/// One password, however a keyboard composes its letters.
struct PasswordFormTests {
    private static let composed = "Sch\u{F6}n\u{E9} gr\u{FC}\u{DF}e"
    private static let decomposed = "Scho\u{308}ne\u{301} gru\u{308}\u{DF}e"

    private func with(_ body: (PasswordHasher) async throws -> Void) async throws {
        let hasher = PasswordHasher(entropy: SeededEntropy(seed: 3))
        do {
            try await body(hasher)
        } catch {
            try await hasher.shutDown()
            throw error
        }
        try await hasher.shutDown()
    }

    private static let requester = HashingRequester.known("here")

    @Test func bothFormsAreOnePassword() async throws {
        try await with { hasher async throws in
            for set in [Self.composed, Self.decomposed] {
                let hash = try await hasher.hash(set)
                #expect(try await hasher.verify(Self.composed, against: hash, for: Self.requester))
                #expect(
                    try await hasher.verify(Self.decomposed, against: hash, for: Self.requester)
                )
                #expect(
                    try await !hasher.verify("Schone grusse", against: hash, for: Self.requester)
                )
            }
        }
    }

    /// scrypt of the decomposed form, as it was made before there was a rule.
    @Test func hashFromBeforeTheRuleStillHolds() async throws {
        try await with { hasher async throws in
            let old = try await hasher.hash(exactly: Self.decomposed)
            #expect(try await hasher.verify(Self.decomposed, against: old, for: Self.requester))
            #expect(try await !hasher.verify(Self.composed, against: old, for: Self.requester))
        }
    }
}
