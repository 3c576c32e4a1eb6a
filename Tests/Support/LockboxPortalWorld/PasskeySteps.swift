import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxIdentity
import LockboxPorts
package import LockboxTestAuthenticator
import Synchronization
import WebAuthn

extension Passkeys {
    init(inTheWorldOf store: AuditedStore, _ sessions: Sessions, _ clock: any WallClock) {
        self.init(
            store: store,
            sessions: sessions,
            key: PasskeyKey(seed: Array(repeating: 9, count: 32)),
            party: RelyingParty(
                scheme: "https",
                host: PortalWorld.host,
                origin: PortalWorld.publicURL
            ),
            clock: clock,
            entropy: SeededEntropy(seed: 4)
        )
    }
}

extension PortalWorld {
    package static let host = "lockbox.example-cloud.test"

    /// Somebody has two passkeys, of which one was used.
    package func hasPasskeys(_ name: String) async throws {
        let phone = try await addPasskey("Phone", of: name)
        _ = try await addPasskey("Key on the key ring", of: name)
        clock.advance(by: .minutes(1))
        let browser = passkeys.newBrowser()
        _ = try await passkeys.begin(
            try phone.use(try passkeys.optionsToSignIn(browser)),
            browser: browser,
            from: ClientKey(address: "192.0.2.9")
        )
    }

    /// A device of somebody's, whose passkey she has added.
    package func addPasskey(_ label: String, of name: String) async throws -> SoftAuthenticator {
        let person = person(name)
        let (secret, signedIn) = try await sessions.begin(
            email: person.email.text,
            password: Self.password,
            from: ClientKey(address: "192.0.2.9")
        )
        let options = try await passkeys.optionsToRegister(signedIn)
        var device = try SoftAuthenticator(at: Self.publicURL, party: Self.host)
        device.userHandle = try SoftAuthenticator.userHandle(in: options)
        let passkey = try await passkeys.register(
            try device.register(options),
            name: label,
            secret
        )
        memory.withLock { $0.passkey = $0.passkey ?? passkey.id }
        return device
    }
}
