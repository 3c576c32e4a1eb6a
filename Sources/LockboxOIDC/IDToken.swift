import Foundation
package import LockboxDomain

/// What an OpenID provider said of somebody who signed in there, verified (OpenID Connect Core §2).
package struct IDToken: Hashable, Sendable {
    package let identity: Identity
    /// Nil where the provider names none, or one that it has not verified and that does not count.
    package let address: EmailAddress?
    /// Her session there; nil where the provider names none.
    package let session: String?
    /// The values of the claim that says which roles she has; none where it says nothing, or where
    /// nobody asks it.
    package let roleValues: [String]
    /// Whether she was asked just now who she is, in a way that is enough for a decision.
    package let isConfirmation: Bool

    package init(
        identity: Identity,
        address: EmailAddress?,
        session: String?,
        roleValues: [String] = [],
        isConfirmation: Bool = false
    ) {
        self.identity = identity
        self.address = address
        self.session = session
        self.roleValues = roleValues
        self.isConfirmation = isConfirmation
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
    /// Every claim that is a text or a list of texts.
    private(set) var texts: [String: [String]] = [:]
    /// Claims that are said to be had elsewhere (OpenID Connect Core §5.6.2).
    private(set) var elsewhere: Set<String> = []

    private enum CodingKeys: String, CodingKey {
        case iss, sub, aud, azp, exp, iat, nbf, nonce, acr, sid, email
        case authTime = "auth_time"
        case emailVerified = "email_verified"
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        iss = try container.decode(String.self, forKey: .iss)
        sub = try container.decode(String.self, forKey: .sub)
        aud = try container.decode(Audience.self, forKey: .aud)
        azp = try container.decodeIfPresent(String.self, forKey: .azp)
        exp = try container.decode(Double.self, forKey: .exp)
        iat = try container.decode(Double.self, forKey: .iat)
        nbf = try container.decodeIfPresent(Double.self, forKey: .nbf)
        nonce = try container.decode(String.self, forKey: .nonce)
        authTime = try container.decodeIfPresent(Double.self, forKey: .authTime)
        acr = try container.decodeIfPresent(String.self, forKey: .acr)
        sid = try container.decodeIfPresent(String.self, forKey: .sid)
        email = try container.decodeIfPresent(String.self, forKey: .email)
        emailVerified = try container.decodeIfPresent(Flag.self, forKey: .emailVerified)
        let all = try decoder.container(keyedBy: AnyKey.self)
        for key in all.allKeys {
            texts[key.stringValue] = try all.decode(TextClaim.self, forKey: key).values
            guard key.stringValue == "_claim_names" else { continue }
            let names = try all.nestedContainer(keyedBy: AnyKey.self, forKey: key).allKeys
            elsewhere = Set(names.map(\.stringValue))
        }
    }

    /// One text or several; nil for anything else, which no roles can be read from.
    private struct TextClaim: Decodable {
        let values: [String]?

        init(from decoder: any Decoder) {
            do { values = try Audience(from: decoder).all } catch { values = nil }
        }
    }

    private struct AnyKey: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
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
        let shortcoming = shortcoming(provider, since: attempt.startedAt)
        if attempt.isConfirmation, let shortcoming { throw shortcoming }
        var roleValues: [String] = []
        if let roles = provider.roles { roleValues = try values(of: roles.claim) }
        return IDToken(
            identity: Identity(issuer: iss, subject: sub),
            address: provider.trustsAddresses || emailVerified?.isSet == true
                ? email.flatMap { EmailAddress($0) } : nil,
            session: sid.flatMap { OIDCLimits.subjectLength.contains($0.utf8.count) ? $0 : nil },
            roleValues: roleValues,
            isConfirmation: shortcoming == nil
        )
    }

    /// Who is in too many groups is in none that the token tells of: to take her for one without
    /// roles would take them from her.
    private func values(of claim: String) throws(ProviderFault) -> [String] {
        guard !elsewhere.contains(claim) else {
            throw ProviderFault(
                .refused,
                "names too many groups for its token, so that your roles cannot be read: it can be "
                    + "set to name those of this application alone"
            )
        }
        return texts[claim] ?? []
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

    /// Why what the token says is no confirmation: that somebody was asked to show anew who she is,
    /// and did.
    private func shortcoming(_ provider: OpenIDProvider, since started: Timestamp)
        -> ProviderFault?
    {
        guard let authenticatedAt = authTime.flatMap(Timestamp.init(seconds:)),
            authenticatedAt + OIDCLimits.leeway >= started
        else {
            return ProviderFault(
                .refused,
                "did not ask anew who you are, or does not say when it did"
            )
        }
        guard provider.acrValues.isEmpty || acr.map(provider.acrValues.contains) == true else {
            return ProviderFault(
                .refused,
                "did not ask in the way that your organisation demands for this"
            )
        }
        return nil
    }
}

extension Timestamp {
    /// Nil for what no clock shows.
    init?(seconds: Double) {
        guard (0..<253_402_300_800).contains(seconds) else { return nil }
        self.init(milliseconds: Int64(seconds * 1000))
    }
}
