package import AsyncHTTPClient
import Foundation
package import LockboxDomain
package import LockboxPorts
import NIOCore
import NIOHTTP1

/// Cuts IMAP sessions through doveadm's HTTP API (Dovecot 2.3): `kick` by login name, then `who`
/// until nobody is left.
///
/// A login name belongs to one grant, so a kick touches neither other engineers nor the owner of
/// the mailbox.
package struct DovecotEnforcer: Enforcer {
    private static let timeout = TimeAmount.milliseconds(800)
    private static let answerBytes = 1 << 20
    /// Kicks until `who` shows nobody. A session may be on its way in when the first kick comes.
    private static let rounds = 5
    /// The moment that a kicked process needs to go.
    private static let betweenRounds = TimeAmount.milliseconds(20)
    /// Waits between further looks. Together they are longer than a mail server may take from our
    /// answer to an open session (its `timeout_msecs` is 3 s); only then is the removal confirmed.
    private static let afterwards: [TimeAmount] = [
        .milliseconds(100), .milliseconds(150), .milliseconds(250), .milliseconds(500), .seconds(1),
        .seconds(2),
    ]

    private let client: HTTPClient
    private let url: String
    private let apiKey: String

    package init(client: HTTPClient, url: String, apiKey: String) {
        self.client = client
        self.url = url
        self.apiKey = apiKey
    }

    package func remove(_ removal: Removal) async throws(EnforcerError) {
        try await cut(removal)
        // A sign-in that Lockbox answered just before the end may become a session only now.
        for pause in Self.afterwards {
            await wait(pause)
            try await cut(removal)
        }
    }

    /// Kicks, until nobody is left at this moment.
    private func cut(_ removal: Removal) async throws(EnforcerError) {
        for _ in 0..<Self.rounds {
            for username in removal.usernames { try await kick(username) }
            var left = 0
            for username in removal.usernames { left += try await sessions(of: username) }
            if left == 0 { return }
            await wait(Self.betweenRounds)
        }
        throw EnforcerError("the mail server still shows open sessions")
    }

    private func wait(_ time: TimeAmount) async {
        let pause = client.eventLoopGroup.any().scheduleTask(in: time) {}
        _ = try? await pause.futureResult.get()  // best effort: a pause
    }

    private func kick(_ username: String) async throws(EnforcerError) {
        switch try await command("kick", username) {
        // 68 (EX_NOHOST) says that there was nobody to kick.
        case .done, .failed(68): return
        case .failed(let code):
            throw EnforcerError("the mail server refused to close sessions (code \(code))")
        }
    }

    private func sessions(of username: String) async throws(EnforcerError) -> Int {
        switch try await command("who", username) {
        case .done(let rows): return rows.count { ($0["username"] ?? $0["user"]) == username }
        case .failed(68): return 0
        case .failed(let code):
            throw EnforcerError("the mail server did not say who is connected (code \(code))")
        }
    }

    private enum Answer {
        case done([[String: String]])
        case failed(Int)
    }

    private func command(_ name: String, _ username: String) async throws(EnforcerError) -> Answer {
        let data: Data
        do {
            var request = HTTPClientRequest(url: url)
            request.method = .POST
            request.headers.add(
                name: "Authorization",
                value: "X-Dovecot-API \(Data(apiKey.utf8).base64EncodedString())"
            )
            request.headers.add(name: "Content-Type", value: "application/json")
            let body: [Any] = [[name, ["mask": [username]], "lockbox"]]
            request.body = .bytes(
                ByteBuffer(bytes: try JSONSerialization.data(withJSONObject: body))
            )
            let response = try await client.execute(request, timeout: Self.timeout)
            guard response.status == .ok else {
                throw EnforcerError(
                    "the mail server answered with HTTP status \(response.status.code)"
                )
            }
            data = Data(try await response.body.collect(upTo: Self.answerBytes).readableBytesView)
        } catch let error as EnforcerError {
            throw error
        } catch {
            // The library's words would name the address; the tenant has no use for it.
            throw EnforcerError("the mail server could not be reached")
        }
        return try Self.read(data)
    }

    private static func read(_ data: Data) throws(EnforcerError) -> Answer {
        let json: Any
        do {
            json = try JSONSerialization.jsonObject(with: data)
        } catch {
            throw EnforcerError("the mail server's answer is not JSON")
        }
        guard let answer = (json as? [[Any]])?.first, answer.count >= 3,
            let kind = answer[0] as? String
        else {
            throw EnforcerError("the mail server's answer has an unknown form")
        }
        if kind == "doveadmResponse", let first = answer[1] as? [[String: Any]] {
            // Dovecot 2.3.19 puts the rows after the first beside the list instead of in it.
            let rows = first + answer[2..<answer.count - 1].compactMap { $0 as? [String: Any] }
            return .done(rows.map { $0.compactMapValues { $0 as? String } })
        }
        if kind == "error", let error = answer[1] as? [String: Any] {
            return .failed(error["exitCode"] as? Int ?? -1)
        }
        throw EnforcerError("the mail server's answer has an unknown form")
    }
}
