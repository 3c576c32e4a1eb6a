package import AsyncHTTPClient
package import LockboxDomain
package import LockboxPorts
package import NIOCore

/// Cuts IMAP sessions through doveadm's HTTP API (Dovecot 2.3): `kick` by login name, then `who`
/// until nobody is left.
///
/// A login name belongs to one grant, so a kick touches neither other engineers nor the owner of
/// the mailbox.
package struct DovecotEnforcer: Enforcer {
    /// Kicks until `who` shows nobody. A session may be on its way in when the first kick comes.
    private static let rounds = 5
    /// The moment that a kicked process needs to go.
    private static let betweenRounds = TimeAmount.milliseconds(20)
    /// Waits between further looks. Together they are longer than a mail server may take from our
    /// answer to an open session (its `timeout_msecs` is 3 s); only then is the removal confirmed.
    package static let settling: [TimeAmount] = [
        .milliseconds(100), .milliseconds(150), .milliseconds(250), .milliseconds(500), .seconds(1),
        .seconds(2),
    ]
    /// doveadm's exit code for "there was nobody" (EX_NOHOST).
    private static let nobody = 68

    private let client: HTTPClient
    private let doveadm: DoveadmClient
    private let settling: [TimeAmount]

    /// `timeout` is for one request to doveadm.
    package init(
        client: HTTPClient,
        url: String,
        apiKey: String,
        settling: [TimeAmount] = Self.settling,
        timeout: TimeAmount = .milliseconds(800)
    ) {
        self.client = client
        self.settling = settling
        doveadm = DoveadmClient(client: client, url: url, apiKey: apiKey, timeout: timeout)
    }

    /// Nothing to do: Dovecot asks about the credential at each sign-in.
    package func open(_ credential: Credential, secret: String) async throws(EnforcerError) {}

    package func cut(_ orders: [Removal]) async throws(EnforcerError) {
        try await kick(orders.flatMap(\.usernames))
    }

    package func close(_ order: Removal) async throws(EnforcerError) {
        try await empty(order.usernames)
        // A sign-in that Lockbox answered just before the end may become a session only now.
        for time in settling {
            await client.eventLoopGroup.pause(time)
            try await empty(order.usernames)
        }
    }

    package func list() async throws(EnforcerError) -> [OpenAccess] {
        try await connected([Grant.loginNamePrefix + "*"])
            .filter { $0.hasPrefix(Grant.loginNamePrefix) }.sorted()
            .map(OpenAccess.init(username:))
    }

    /// Whoever has a way in of the server's own comes again, and is kicked at the next look.
    package func shutOut(_ username: String) async throws(EnforcerError) {
        try await kick([username])
    }

    /// Kicks, until nobody is left at this moment.
    private func empty(_ usernames: [String]) async throws(EnforcerError) {
        for _ in 0..<Self.rounds {
            try await kick(usernames)
            if try await connected(usernames).isDisjoint(with: usernames) { return }
            await client.eventLoopGroup.pause(Self.betweenRounds)
        }
        throw EnforcerError("the mail server still shows open sessions")
    }

    private func kick(_ usernames: [String]) async throws(EnforcerError) {
        for answer in try await doveadm.run("kick", usernames) {
            switch answer {
            case .rows, .failed(Self.nobody): continue
            case .failed(let code):
                throw EnforcerError("the mail server refused to close sessions (code \(code))")
            }
        }
    }

    /// What may be a login name in the rows of `who` for `masks`: a server may write one otherwise
    /// than it was given out, with a domain, as a master user or in capitals.
    private func connected(_ masks: [String]) async throws(EnforcerError) -> Set<String> {
        var names: Set<String> = []
        for answer in try await doveadm.run("who", masks) {
            switch answer {
            case .failed(Self.nobody): continue
            case .failed(let code):
                throw EnforcerError(
                    "the mail server did not say who is connected (code \(code))"
                )
            case .rows(let rows):
                for row in rows {
                    guard let name = row["username"] as? String, !name.isEmpty else {
                        throw EnforcerError("the mail server's answer has an unknown form")
                    }
                    names.formUnion(
                        name.lowercased()
                            .split { !($0.isLetter || $0.isNumber || "-_.".contains($0)) }
                            .map(String.init)
                    )
                }
            }
        }
        return names
    }
}
