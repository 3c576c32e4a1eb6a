import Foundation
package import LockboxDomain

/// What an OpenID provider says is over, verified (OpenID Connect Back-Channel Logout 1.0 §2.4).
package struct LogoutToken: Hashable, Sendable {
    package let issuer: String
    /// Who signed out there; nil where `session` alone says it.
    package let subject: String?
    /// Of which session there; nil where every one of `subject` is meant.
    package let session: String?
    /// By our clock, and late enough for two clocks that differ. What began later is not meant.
    package let before: Timestamp

    package init(issuer: String, subject: String?, session: String?, before: Timestamp) {
        self.issuer = issuer
        self.subject = subject
        self.session = session
        self.before = before
    }
}

/// A logout token as somebody sent it: whom to ask for the keys, and nothing to believe.
package struct SentLogoutToken: Sendable {
    let token: SignedToken
    package let issuer: String
    package let audience: [String]

    package init(_ text: String) throws(ProviderFault) {
        token = try SignedToken(text)
        let named = try token.unverified(Named.self)
        (issuer, audience) = (named.iss, named.aud.all)
    }

    private struct Named: Decodable {
        let iss: String
        let aud: IDTokenClaims.Audience
    }
}

/// The claims of a logout token.
struct LogoutTokenClaims: Decodable {
    private let iss: String
    private let aud: IDTokenClaims.Audience
    private let iat: Double
    private let exp: Double?
    private let sub: String?
    private let sid: String?
    private let hasNonce: Bool
    private let isLogout: Bool

    private enum CodingKeys: String, CodingKey { case iss, aud, iat, exp, sub, sid, nonce, events }

    private enum Events: String, CodingKey {
        case logout = "http://schemas.openid.net/event/backchannel-logout"
    }

    private enum NoKeys: CodingKey {}

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        iss = try container.decode(String.self, forKey: .iss)
        aud = try container.decode(IDTokenClaims.Audience.self, forKey: .aud)
        iat = try container.decode(Double.self, forKey: .iat)
        exp = try container.decodeIfPresent(Double.self, forKey: .exp)
        sub = try container.decodeIfPresent(String.self, forKey: .sub)
        sid = try container.decodeIfPresent(String.self, forKey: .sid)
        hasNonce = container.contains(.nonce)
        let events = try container.nestedContainer(keyedBy: Events.self, forKey: .events)
        isLogout = events.contains(.logout)
        if isLogout { _ = try events.nestedContainer(keyedBy: NoKeys.self, forKey: .logout) }
    }

    /// Holds the claims to what such a token must say (§2.6). `wall` is what the machine's clock
    /// shows, and ours is `ahead` of it.
    func verified(for provider: OpenIDProvider, wall: Timestamp, ahead: TimeSpan)
        throws(ProviderFault) -> LogoutToken
    {
        guard iss == provider.issuer, aud.isOnly(provider.clientID, azp: nil) else {
            throw ProviderFault(.refused, "sent a token that is meant for somebody else")
        }
        // An ID token has a nonce and no events: nobody's sign-in can be shown as her sign-out.
        guard isLogout, !hasNonce else {
            throw ProviderFault(.refused, "sent a token that ends nothing")
        }
        for name in [sub, sid].compactMap({ $0 })
        where !OIDCLimits.subjectLength.contains(name.utf8.count) {
            throw ProviderFault(.refused, "names nobody in its token")
        }
        guard sub != nil || sid != nil else {
            throw ProviderFault(.refused, "names nobody in its token")
        }
        guard let issued = Timestamp(seconds: iat), issued <= wall + OIDCLimits.leeway,
            wall < issued + OIDCLimits.logoutAge
        else {
            throw ProviderFault(
                .refused,
                "sent a token that was not made just now: its clock or ours is wrong"
            )
        }
        if let exp {
            guard let end = Timestamp(seconds: exp), wall < end + OIDCLimits.leeway else {
                throw ProviderFault(.refused, "sent a token that is over")
            }
        }
        return LogoutToken(
            issuer: iss,
            subject: sub,
            session: sid,
            before: issued + ahead + OIDCLimits.leeway
        )
    }
}
