import Crypto
import Foundation
import LockboxClient
import LockboxWire
import MerkleLog
import NIOCore

/// How a command line comes to its tokens: somebody allows it in a browser.
struct Login: Sendable {
    static let clientID = "lockbox-cli"
    static let tokenPath = Path("oauth2", "token")
    /// How long somebody may take in the browser.
    private static let patience = TimeAmount.minutes(10)

    let client: LockboxClient
    let shell: Shell
    /// What the page calls this machine.
    let name: String
    let scopes: [String]

    /// What this machine is called by itself.
    static func machineName() -> String {
        var bytes = [UInt8](repeating: 0, count: 256)
        guard gethostname(&bytes, bytes.count - 1) == 0 else { return "lockbox" }
        let host = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        return "lockbox on \(host.prefix(80))"
    }

    private var wish: [(name: String, value: String)] {
        [
            ("client_id", Self.clientID), ("scope", scopes.joined(separator: " ")),
            ("device_name", name),
        ]
    }

    // MARK: - In the browser of this machine

    /// RFC 8252, with PKCE (RFC 7636).
    func inBrowser() async throws -> LoginTokens {
        let server: OAuthServer = try await client.get(
            Path(".well-known", "oauth-authorization-server")
        )
        // Else the answer could be one of a server that only sends on what it gets (RFC 8414 §3.3).
        guard server.issuer == client.address,
            // What is opened is a page of this server, and nothing else of this machine.
            server.authorizationEndpoint.hasPrefix(server.issuer + "/")
        else {
            throw Failure.usage(
                TerminalText.clean(
                    "The server at \(client.address) is known as \(server.issuer): sign in with "
                        + "--url \(server.issuer)"
                )
            )
        }
        let (state, verifier) = (Self.secret(), Self.secret())
        let answer = try await BrowserAnswer.expected(state: state)
        let challenge = Array(SHA256.hash(data: Array(verifier.utf8))).base64URL
        let fields =
            wish + [
                ("response_type", "code"), ("redirect_uri", answer.address), ("state", state),
                ("code_challenge", challenge), ("code_challenge_method", "S256"),
            ]
        let query = fields.map { "\($0.name)=\(PercentEncoding.encode($0.value))" }
        let address = "\(server.authorizationEndpoint)?\(query.joined(separator: "&"))"
        shell.tell(
            TerminalText.clean(
                "Allow it in your browser. If it does not open, use this address on this machine:"
            )
        )
        shell.tell(TerminalText.clean(address))
        try shell.show(address)
        guard let said = await answer.fields(within: Self.patience) else {
            throw Failure.failed("Nobody allowed it within ten minutes. Nothing is kept.")
        }
        // Of another server it would be one that this one never gave (RFC 9207 §2.4).
        guard said["iss"] == server.issuer else {
            throw Failure.failed(
                "The browser brought the answer of another server. Nothing is kept."
            )
        }
        if let error = said["error"] {
            throw OAuthProblem(error: error, description: said["error_description"]).failure
        }
        return try await tokens([
            ("grant_type", "authorization_code"), ("code", said["code"] ?? ""),
            ("code_verifier", verifier), ("redirect_uri", answer.address),
        ])
    }

    private static func secret() -> String {
        SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }.base64URL
    }

    // MARK: - On a page elsewhere

    /// RFC 8628.
    func byCode() async throws -> LoginTokens {
        let codes: DeviceAuthorization
        do {
            codes = try await client.form(Path("oauth2", "device_authorization"), wish)
        } catch let problem as OAuthProblem {
            throw problem.failure
        }
        shell.tell(
            TerminalText.clean(
                "Open this address in a browser, on whatever machine, and type the code:"
            )
        )
        shell.tell(
            TerminalText.clean("  \(codes.verificationURI)\n  \(codes.userCode)", keepsLines: true)
        )
        let clock = ContinuousClock()
        let end = clock.now + .seconds(codes.expiresIn)
        var interval = Duration.seconds(max(1, codes.interval))
        while clock.now < end {
            try await clock.sleep(for: interval)
            do {
                return try await client.form(
                    Self.tokenPath,
                    [
                        ("client_id", Self.clientID), ("device_code", codes.deviceCode),
                        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
                    ]
                )
            } catch let problem as OAuthProblem {
                switch problem.error {
                case "authorization_pending": break
                case "slow_down": interval += .seconds(5)
                case _: throw problem.failure
                }
            } catch ClientError.unreachable {
                // It may be back before the code ends (RFC 8628 §3.5).
            }
        }
        throw Failure.failed("Nobody allowed it in time. Nothing is kept.")
    }

    private func tokens(_ fields: [(name: String, value: String)]) async throws -> LoginTokens {
        do {
            return try await client.form(Self.tokenPath, [("client_id", Self.clientID)] + fields)
        } catch let problem as OAuthProblem {
            throw problem.failure
        }
    }
}

extension OAuthProblem {
    /// In words, as the server has them.
    var failure: Failure {
        switch error {
        case "access_denied" where description == nil: .failed("It was not allowed.")
        case _: .failed(TerminalText.clean(description ?? "The server refused it: \(error)."))
        }
    }
}
