import LockboxDomain
import LockboxFixtures
import LockboxIdentity
import Synchronization

extension Scene {
    private static let device = "/device"
    private static let code: [(String, String?)] = [("code", "{usercode}")]

    /// Command lines that ask to act for somebody.
    static let logins = [
        Scene(
            "Command line",
            "asks",
            as: "adam",
            .page(PortalWorld.authorization()),
            isKey: true
        ),
        Scene(
            "Command line",
            "asks to decide, long after the password",
            as: "adam",
            .page(PortalWorld.authorization(scope: "read decide")),
            isKey: true,
            after: { world in
                _ = try await world.visit("/account", as: "adam")
                world.clock.advance(by: .minutes(15))
            }
        ),
        Scene(
            "Command line",
            "of nobody that is known",
            as: "adam",
            .page(PortalWorld.authorization(redirect: "https://evil.test/callback")),
            status: 400,
            isKey: true
        ),
        Scene(
            "Command line",
            "asks whoever is not signed in",
            as: nil,
            .page(PortalWorld.authorization())
        ),
        Scene("Command line", "code to type", as: "eve", .page(device), isKey: true),
        Scene(
            "Command line",
            "code typed",
            as: "eve",
            .fill(device, on: device, typing: code),
            isKey: true,
            after: { try await $0.deviceAsks() }
        ),
        Scene(
            "Command line",
            "code typed, for what is withheld",
            as: "adam",
            .fill(device, on: device, typing: code),
            isKey: true,
            after: { world in
                try await world.policy { $0.withheldFromTokens = .decide }
                try await world.deviceAsks(for: "read decide")
            }
        ),
        Scene(
            "Command line",
            "code that none shows",
            as: "eve",
            .fill(device, on: device, typing: [("code", "BCDF-GHJK")]),
            status: 422,
            isKey: true
        ),
        Scene(
            "Command line",
            "allowed",
            as: "eve",
            .send("/device/answer", [("answer", "allow"), ("code", "{usercode}")]),
            isKey: true,
            after: { try await $0.deviceAsks() }
        ),
        Scene(
            "Command line",
            "denied",
            as: "eve",
            .send("/device/answer", [("answer", "deny"), ("code", "{usercode}")]),
            after: { try await $0.deviceAsks() }
        ),
        Scene(
            "Account",
            "with a command line",
            as: "eve",
            .page("/account"),
            after: { try await $0.commandLineSignedIn() }
        ),
    ]
}

extension PortalWorld {
    /// The address to which a command line on this machine sends the browser.
    package static func authorization(
        scope: String = "read ask",
        redirect: String = "http://127.0.0.1:49152/callback"
    ) -> String {
        let fields = [
            ("client_id", "lockbox-cli"), ("response_type", "code"), ("redirect_uri", redirect),
            ("scope", scope), ("state", "s0"), ("device_name", "lockbox on laptop"),
            ("code_challenge", String(repeating: "c", count: 43)),
            ("code_challenge_method", "S256"),
        ]
        let query = fields.map { "\($0.0)=\($0.1.replacing(" ", with: "+"))" }
        return "/oauth2/authorize?" + query.joined(separator: "&")
    }

    /// A command line without a browser asks.
    package func deviceAsks(for scope: String = "read ask") async throws {
        let login = try await Logins(signIn).ask(
            LoginWish(device: "lockbox on server", scope: scope),
            from: ClientKey(address: "198.51.100.7")
        )
        memory.withLock { $0.userCode = login.userCode }
    }

    /// Eve has allowed one, which has fetched its tokens.
    func commandLineSignedIn() async throws {
        let logins = Logins(signIn)
        let login = try await logins.ask(
            LoginWish(device: "lockbox on server", scope: nil),
            from: ClientKey(address: "198.51.100.7")
        )
        try await logins.answer(
            userCode: login.userCode,
            isAllowed: true,
            by: person("eve"),
            from: ClientKey(address: "192.0.2.1")
        )
        _ = try await logins.tokens(deviceCode: login.deviceCode)
    }
}
