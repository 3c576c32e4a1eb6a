import LockboxDomain
import LockboxOIDC
import LockboxPorts
import LockboxService

extension DirectoryFile {
    /// How the people of `side` sign in. A tenant's domains say whose addresses lead there; the
    /// provider, which has none of its own, names them here.
    static func signIn(_ value: YAMLValue, at side: Side) throws(ConfigurationError)
        -> SignInSettings
    {
        let keys = ["oidc", "passwords", "passkeys"] + (side == .provider ? ["domains"] : [])
        let parts = try value.members(keys)
        let settings = SignInSettings(
            provider: try parts["oidc"].map(provider),
            allowsPasswords: try parts["passwords"]?.flag() ?? true,
            allowsPasskeys: try parts["passkeys"]?.flag(),
            domains: try parts["domains"].map(domains)
        )
        guard settings.provider != nil || settings.allowsPasswords else {
            throw value.error("leaves nobody a way in: it has no oidc and forbids passwords")
        }
        return settings
    }

    private static func provider(_ value: YAMLValue) throws(ConfigurationError) -> OpenIDProvider {
        let parts = try value.members([
            "issuer", "clientID", "clientSecretFile", "clientAuthentication", "acrValues",
            "trustUnverifiedAddresses",
        ])
        let issuer = try parts.required("issuer", of: value)
        guard ProviderAddress.isIssuer(try issuer.text()) else {
            throw issuer.error(
                "must be an https address without a query, as the provider writes it"
            )
        }
        let client = try parts.required("clientID", of: value)
        guard (1...255).contains(try client.text().utf8.count) else {
            throw client.error("must be 1 to 255 bytes")
        }
        let secret = parts["clientSecretFile"]
        let authentication = try authentication(parts["clientAuthentication"], secret)
        var values: [String] = []
        for item in try parts["acrValues"]?.items() ?? [] {
            guard (1...255).contains(try item.text().utf8.count), !(try item.text()).contains(" ")
            else { throw item.error("must be a word") }
            values.append(try item.text())
        }
        guard values.count <= 10 else { throw value.error("has more than 10 acrValues") }
        return OpenIDProvider(
            issuer: try issuer.text(),
            clientID: try client.text(),
            authentication: authentication,
            clientSecretFile: try secret?.secretFile(),
            acrValues: values,
            trustsAddresses: try parts["trustUnverifiedAddresses"]?.flag() ?? false
        )
    }

    private static func authentication(_ value: YAMLValue?, _ secret: YAMLValue?)
        throws(ConfigurationError) -> OpenIDProvider.ClientAuthentication
    {
        guard let value else { return secret == nil ? .none : .secretBasic }
        guard let chosen = OpenIDProvider.ClientAuthentication(rawValue: try value.text()) else {
            let known = OpenIDProvider.ClientAuthentication.allCases.map(\.rawValue)
            throw value.error("must be one of \(known.joined(separator: ", "))")
        }
        let needsSecret = chosen == .secretBasic || chosen == .secretPost
        guard needsSecret == (secret != nil) else {
            throw value.error(
                needsSecret ? "needs a clientSecretFile" : "needs no clientSecretFile"
            )
        }
        return chosen
    }
}
