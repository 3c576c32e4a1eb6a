import Foundation
import JWTKit

/// The public keys of an OpenID provider (RFC 7517 §5).
struct ProviderKeys: Sendable {
    /// Which signatures count: none with a key that both sides have, and never `none`
    /// (RFC 8725 §3.1).
    static let algorithms: Set<String> = [
        "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
    ]

    private let keys: [JWK]

    /// Of `document` only keys for signatures that count are kept; whatever else is in it is another
    /// one's business.
    init(_ document: Data) throws(ProviderFault) {
        let entries: [Entry]
        do {
            entries = try JSONDecoder().decode(Document.self, from: document).keys
        } catch {
            throw ProviderFault(.unreachable, "publishes no set of keys")
        }
        guard entries.count <= OIDCLimits.keys else {
            throw ProviderFault(.unreachable, "publishes more than \(OIDCLimits.keys) keys")
        }
        keys = entries.compactMap(\.key)
    }

    /// The key named `id`; without a name the only one there is for `algorithm`. Nil where none is.
    func key(named id: String?, for algorithm: String) async -> (any JWTAlgorithm)? {
        let suited = keys.filter {
            $0.keyType.rawValue == Self.keyType(of: algorithm)
                && ($0.algorithm.map { $0.rawValue == algorithm } ?? true)
        }
        let named = id.map { id in suited.filter { $0.keyIdentifier?.string == id } } ?? suited
        guard named.count == 1, var key = named.first else { return nil }
        key.keyIdentifier = "it"
        do {
            let collection = JWTKeyCollection()
            try await collection.add(jwk: key)
            let found = try await collection.getKey(for: "it", alg: algorithm)
            return found.name == algorithm ? found : nil
        } catch {
            // A key that is none, or too short.
            return nil
        }
    }

    private static func keyType(of algorithm: String) -> String {
        switch algorithm.prefix(2) {
        case "RS", "PS": "RSA"
        case "ES": "EC"
        case _: "OKP"
        }
    }

    private struct Document: Decodable { let keys: [Entry] }

    private struct Entry: Decodable {
        /// Nil for one of a type, or for a use, that is not ours.
        let key: JWK?

        private enum CodingKeys: String, CodingKey { case use }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            guard (try container.decodeIfPresent(String.self, forKey: .use) ?? "sig") == "sig"
            else {
                key = nil
                return
            }
            do { key = try JWK(from: decoder) } catch { key = nil }
        }
    }
}
