import Foundation

/// What an OpenID provider says of itself (OpenID Connect Discovery 1.0 §3, RFC 8414 §2).
struct ProviderMetadata: Decodable, Sendable {
    let issuer: String
    let authorizationEndpoint: String
    let tokenEndpoint: String
    let keys: String
    /// Where somebody signs out there (OpenID Connect RP-Initiated Logout 1.0 §2.1).
    let endSessionEndpoint: String?
    /// Whether it says who it is when it sends somebody back (RFC 9207 §3).
    let namesItself: Bool

    private enum CodingKeys: String, CodingKey {
        case issuer
        case authorizationEndpoint = "authorization_endpoint"
        case tokenEndpoint = "token_endpoint"
        case keys = "jwks_uri"
        case endSessionEndpoint = "end_session_endpoint"
        case namesItself = "authorization_response_iss_parameter_supported"
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        issuer = try container.decode(String.self, forKey: .issuer)
        authorizationEndpoint = try container.decode(String.self, forKey: .authorizationEndpoint)
        tokenEndpoint = try container.decode(String.self, forKey: .tokenEndpoint)
        keys = try container.decode(String.self, forKey: .keys)
        endSessionEndpoint = try container.decodeIfPresent(
            String.self,
            forKey: .endSessionEndpoint
        )
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
        where !ProviderAddress.isAllowed(address, beside: issuer) {
            throw ProviderFault(
                .unreachable,
                "names an endpoint that is not https, or in a network of its own"
            )
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

    /// Whether a provider may name `address` as one of its own: on its own machine, or on one that has
    /// a name among all. It must not lead this server to what only this server can reach.
    static func isAllowed(_ address: String, beside issuer: String) -> Bool {
        guard isAllowed(address), let parts = URLComponents(string: address),
            let own = URLComponents(string: issuer), parts.scheme == own.scheme
        else { return false }
        return parts.host == own.host || parts.scheme == "https" && hasPublicName(parts.host)
    }

    /// Whether a customer may name `address` as its issuer, whom the operator does not know. With
    /// `isTrial`, where this server itself is on this machine alone, any that an operator may.
    package static func isIssuerOfCustomer(_ address: String, isTrial: Bool) -> Bool {
        guard isIssuer(address) else { return false }
        if isTrial { return true }
        let parts = URLComponents(string: address)
        return parts?.scheme == "https" && hasPublicName(parts?.host)
    }

    /// Whether `host` is a name of several parts, and none that only means something here (RFC 6761,
    /// RFC 6762, RFC 9476). Where it leads is for the name servers that this machine asks.
    private static func hasPublicName(_ host: String?) -> Bool {
        let labels = (host ?? "").lowercased().split(
            separator: ".",
            omittingEmptySubsequences: false
        )
        guard labels.count > 1, let last = labels.last, last.contains(where: \.isLetter),
            !labels.contains(where: { $0.isEmpty || $0.contains(":") })
        else { return false }
        return ![
            "localhost", "local", "internal", "intranet", "lan", "home", "corp", "arpa", "alt",
        ]
        .contains(String(last))
    }

    /// An issuer has no query (Discovery §2).
    package static func isIssuer(_ address: String) -> Bool {
        OIDCLimits.issuerLength.contains(address.utf8.count) && isAllowed(address)
            && !address.contains("?")
    }
}
