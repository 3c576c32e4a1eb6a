import Crypto
package import Foundation
package import LockboxOIDC
package import LockboxWire
import MerkleLog
import Synchronization

/// An OpenID provider in memory, which says what a test has it say.
package final class TestProvider: ProviderHTTP {
    package static let issuer = "https://login.contoso.test"

    private struct State {
        var key = P256.Signing.PrivateKey()
        var keyID = "first"
        var documents: [String: Data] = [:]
        /// What the next token says.
        var claims: [String: JSONValue] = [:]
        var header: [String: JSONValue] = [:]
        /// In place of the whole token.
        var token: String?
        var fault: ProviderFault?
        var asked: [String] = []
        var forms: [[(String, String)]] = []
        var authorizations: [String?] = []
    }

    private let state = Mutex(State())

    package init() {
        set("/.well-known/openid-configuration", to: Self.metadata())
        publish()
    }

    package static func metadata(_ changes: [String: JSONValue] = [:]) -> JSONValue {
        let members: [String: JSONValue] = [
            "issuer": .string(issuer), "authorization_endpoint": .string(issuer + "/authorize"),
            "token_endpoint": .string(issuer + "/token"), "jwks_uri": .string(issuer + "/keys"),
        ]
        return .object(members.merging(changes) { $1 })
    }

    /// What it answers at `path` from now on.
    package func set(_ path: String, to document: JSONValue) {
        set(path, to: Self.bytes(of: document))
    }

    package func set(_ path: String, to bytes: Data) {
        state.withLock { $0.documents[Self.issuer + path] = bytes }
    }

    package func saysWhereToSignOut() {
        set(
            "/.well-known/openid-configuration",
            to: Self.metadata(["end_session_endpoint": .string(Self.issuer + "/end")])
        )
    }

    /// A new key signs, and is the only one that is published.
    package func changeKey(to id: String) {
        state.withLock { ($0.key, $0.keyID) = (P256.Signing.PrivateKey(), id) }
        publish()
    }

    /// The same key under another name, for which nobody was told.
    package func rename(_ id: String) { state.withLock { $0.keyID = id } }

    package func fail(with fault: ProviderFault?) { state.withLock { $0.fault = fault } }

    /// The next token has these claims and these members of its header.
    package func say(_ claims: [String: JSONValue], header: [String: JSONValue] = [:]) {
        state.withLock { ($0.claims, $0.header) = (claims, header) }
    }

    /// The next answer has this text for a token.
    package func send(_ token: String?) { state.withLock { $0.token = token } }

    package var asked: [String] { state.withLock { $0.asked } }
    package var forms: [[(String, String)]] { state.withLock { $0.forms } }
    package var authorizations: [String?] { state.withLock { $0.authorizations } }

    private func publish() {
        let (key, id) = state.withLock { ($0.key, $0.keyID) }
        let point = key.publicKey.rawRepresentation
        set(
            "/keys",
            to: .object([
                "keys": .array([
                    .object([
                        "kty": "EC", "crv": "P-256", "use": "sig", "kid": .string(id),
                        "x": .string(point.prefix(32).base64URL),
                        "y": .string(point.suffix(32).base64URL),
                    ])
                ])
            ])
        )
    }

    package func get(_ address: String) async throws -> Data {
        try state.withLock { state in
            state.asked.append(address)
            if let fault = state.fault { throw fault }
            guard let document = state.documents[address] else {
                throw ProviderFault(.unreachable, "answered 404")
            }
            return document
        }
    }

    package func post(
        _ form: [(String, String)],
        authorization: String?,
        to address: String
    ) async throws -> Data {
        try state.withLock { state in
            state.asked.append(address)
            state.forms.append(form)
            state.authorizations.append(authorization)
            if let fault = state.fault { throw fault }
            let token = try state.token ?? Self.signed(state)
            return Self.bytes(of: .object(["id_token": .string(token), "token_type": "Bearer"]))
        }
    }

    /// What it would sign now.
    package func signed() throws -> String { try state.withLock { try Self.signed($0) } }

    private static func signed(_ state: State) throws -> String {
        let header: [String: JSONValue] = ["alg": "ES256", "kid": .string(state.keyID)]
        let parts = [header.merging(state.header) { $1 }, state.claims].map {
            bytes(of: .object($0.filter { $0.value != .null })).base64URL
        }
        let signed = parts.joined(separator: ".")
        let signature = try state.key.signature(for: Data(signed.utf8))
        return "\(signed).\(signature.rawRepresentation.base64URL)"
    }

    private static func bytes(of value: JSONValue) -> Data {
        do { return try JSONEncoder().encode(value) } catch { preconditionFailure("\(error)") }
    }
}
