import Foundation
package import LockboxDomain

/// What an OpenID provider said of somebody who signed in there, verified (OpenID Connect Core §2).
package struct IDToken: Hashable, Sendable {
    package let identity: Identity
    /// Nil where the provider names none, or one that it has not verified and that does not count.
    package let address: EmailAddress?
    /// Her session there; nil where the provider names none.
    package let session: String?

    package init(
        identity: Identity,
        address: EmailAddress?,
        session: String?
    ) {
        self.identity = identity
        self.address = address
        self.session = session
    }
}

/// The claims of an ID token that are looked at.
struct IDTokenClaims: Decodable {
    let iss: String
    let sub: String
    let aud: Audience
    let azp: String?
    let exp: Double
    let iat: Double
    let nbf: Double?
    let nonce: String
    let authTime: Double?
    let acr: String?
    let sid: String?
    let email: String?
    let emailVerified: Flag?

    private enum CodingKeys: String, CodingKey {
        case iss, sub, aud, azp, exp, iat, nbf, nonce, acr, sid, email
        case authTime = "auth_time"
        case emailVerified = "email_verified"
    }

    /// One audience, or several.
    struct Audience: Decodable {
        let all: [String]

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            do {
                all = [try container.decode(String.self)]
            } catch {
                all = try container.decode([String].self)
            }
        }

        /// Whether it is meant for `client` (OpenID Connect Core §3.1.3.7, 3 to 5). Others that it
        /// is meant for too could show it here as theirs.
        func isOnly(_ client: String, azp: String?) -> Bool {
            all.contains(client) && (azp.map { $0 == client } ?? (all.count == 1))
        }
    }

    /// Some providers write it as text.
    struct Flag: Decodable {
        let isSet: Bool

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            do {
                isSet = try container.decode(Bool.self)
            } catch {
                isSet = try container.decode(String.self) == "true"
            }
        }
    }

    /// Holds the claims to what was asked (OpenID Connect Core §3.1.3.7). `now` is what the machine's
    /// clock shows: the provider's goes by the same time of day, whatever ours goes by.
    func verified(
        for provider: OpenIDProvider,
        _ attempt: SignInAttempt,
        now: Timestamp
    ) throws(ProviderFault) -> IDToken {
        guard iss == provider.issuer else {
            throw ProviderFault(.refused, "sent a token of another issuer")
        }
        guard aud.isOnly(provider.clientID, azp: azp) else {
            throw ProviderFault(.refused, "sent a token that is meant for somebody else")
        }
        guard nonce == attempt.nonce else {
            throw ProviderFault(.refused, "sent a token of another sign-in")
        }
        guard OIDCLimits.subjectLength.contains(sub.utf8.count),
            sub.utf8.allSatisfy({ (32...126).contains($0) })
        else {
            throw ProviderFault(.refused, "names nobody in its token")
        }
        try checkTimes(since: attempt.startedAt, now: now)
        if attempt.isConfirmation { try checkConfirmation(provider, since: attempt.startedAt) }
        return IDToken(
            identity: Identity(issuer: iss, subject: sub),
            address: provider.trustsAddresses || emailVerified?.isSet == true
                ? email.flatMap { EmailAddress($0) } : nil,
            session: sid.flatMap { OIDCLimits.subjectLength.contains($0.utf8.count) ? $0 : nil }
        )
    }

    private func checkTimes(since started: Timestamp, now: Timestamp) throws(ProviderFault) {
        guard let end = Timestamp(seconds: exp), let issued = Timestamp(seconds: iat) else {
            throw ProviderFault(.refused, "sent a token whose times are none")
        }
        guard now < end + OIDCLimits.leeway else {
            throw ProviderFault(.refused, "sent a token that is over")
        }
        guard issued <= now + OIDCLimits.leeway, issued + OIDCLimits.leeway >= started else {
            throw ProviderFault(
                .refused,
                "sent a token that was not made just now: its clock or ours is wrong"
            )
        }
        if let nbf {
            guard let begin = Timestamp(seconds: nbf), begin <= now + OIDCLimits.leeway else {
                throw ProviderFault(.refused, "sent a token that is not good yet")
            }
        }
    }

    /// Somebody was asked to show anew who she is, and did.
    private func checkConfirmation(
        _ provider: OpenIDProvider,
        since started: Timestamp
    ) throws(ProviderFault) {
        guard let authenticatedAt = authTime.flatMap(Timestamp.init(seconds:)),
            authenticatedAt + OIDCLimits.leeway >= started
        else {
            throw ProviderFault(
                .refused,
                "did not ask anew who you are, or does not say when it did"
            )
        }
        guard provider.acrValues.isEmpty || acr.map(provider.acrValues.contains) == true else {
            throw ProviderFault(
                .refused,
                "did not ask in the way that your organisation demands for this"
            )
        }
    }
}

extension Timestamp {
    /// Nil for what no clock shows.
    init?(seconds: Double) {
        guard (0..<253_402_300_800).contains(seconds) else { return nil }
        self.init(milliseconds: Int64(seconds * 1000))
    }
}
