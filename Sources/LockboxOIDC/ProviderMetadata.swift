import Foundation

/// What an OpenID provider says of itself (OpenID Connect Discovery 1.0 §3, RFC 8414 §2).
struct ProviderMetadata: Decodable, Sendable {
    let issuer: String
    let authorizationEndpoint: String
    let tokenEndpoint: String
    let keys: String
    /// Whether it says who it is when it sends somebody back (RFC 9207 §3).
    let namesItself: Bool

    private enum CodingKeys: String, CodingKey {
        case issuer
        case authorizationEndpoint = "authorization_endpoint"
        case tokenEndpoint = "token_endpoint"
        case keys = "jwks_uri"
        case namesItself = "authorization_response_iss_parameter_supported"
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        issuer = try container.decode(String.self, forKey: .issuer)
        authorizationEndpoint = try container.decode(String.self, forKey: .authorizationEndpoint)
        tokenEndpoint = try container.decode(String.self, forKey: .tokenEndpoint)
        keys = try container.decode(String.self, forKey: .keys)
        namesItself = try container.decodeIfPresent(Bool.self, forKey: .namesItself) ?? false
    }

    /// Reads `document`, which must be that of `issuer` and no other one's (Discovery §4.3).
    init(_ document: Data, of issuer: String) throws(ProviderFault) {
        do {
            self = try JSONDecoder().decode(Self.self, from: document)
        } catch {
            throw ProviderFault(.unreachable, "does not say where its endpoints are")
        }
        guard self.issuer == issuer else {
            throw ProviderFault(.unreachable, "calls itself by another name than its issuer's")
        }
        for address in [authorizationEndpoint, tokenEndpoint, keys]
        where !ProviderAddress.isAllowed(address) {
            throw ProviderFault(.unreachable, "names an endpoint that is not https")
        }
    }
}

/// Which addresses an OpenID provider may have.
package enum ProviderAddress {
    /// https; or http on this machine, where nobody else can listen.
    package static func isAllowed(_ address: String) -> Bool {
        guard address.utf8.count <= 2048, let parts = URLComponents(string: address),
            let host = parts.host, !host.isEmpty, parts.user == nil, parts.password == nil,
            parts.fragment == nil
        else { return false }
        let isHere = ["127.0.0.1", "localhost", "[::1]", "::1"].contains(host)
        return parts.scheme == "https" || parts.scheme == "http" && isHere
    }

    /// An issuer has no query (Discovery §2).
    package static func isIssuer(_ address: String) -> Bool {
        OIDCLimits.issuerLength.contains(address.utf8.count) && isAllowed(address)
            && !address.contains("?")
    }
}
