import LockboxFixtures
import LockboxIdentity
import Testing

@Suite struct ClientSecretKeyTests {
    private let key = ClientSecretKey(seed: Array(repeating: 1, count: 32))

    @Test func onlyTheKeyThatSealedASecretOpensIt() throws {
        for secret in ["", "a", "from the provider’s page", String(repeating: "s", count: 1000)] {
            let sealed = try key.seal(secret, SeededEntropy())
            #expect(try key.open(sealed) == secret)
            #expect(!String(decoding: sealed, as: UTF8.self).contains("provider"))
            let other = ClientSecretKey(seed: Array(repeating: 2, count: 32))
            #expect(throws: (any Error).self) { try other.open(sealed) }
        }
    }

    @Test func whatWasChangedOpensNothing() throws {
        let sealed = try key.seal("secret", SeededEntropy())
        for place in sealed.indices {
            var changed = sealed
            changed[place] ^= 1
            #expect(throws: (any Error).self) { try key.open(changed) }
            #expect(throws: (any Error).self) { try key.open(Array(sealed[..<place])) }
        }
    }
}
