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
            provider: try parts["oidc"].map { (value) throws(ConfigurationError) in
                try provider(value, of: side)
            },
            allowsPasswords: try parts["passwords"]?.flag() ?? true,
            allowsPasskeys: try parts["passkeys"]?.flag(),
            domains: try parts["domains"].map(domains)
        )
        guard settings.provider != nil || settings.allowsPasswords else {
            throw value.error("leaves nobody a way in: it has no oidc and forbids passwords")
        }
        return settings
    }

    private static func provider(_ value: YAMLValue, of side: Side) throws(ConfigurationError)
        -> OpenIDProvider
    {
        let parts = try value.members([
            "issuer", "clientID", "clientSecretFile", "clientAuthentication", "acrValues",
            "trustUnverifiedAddresses", "roles",
        ])
        let issuer = try parts.required("issuer", of: value)
        guard ProviderAddress.isIssuer(try issuer.text()) else {
            throw issuer.error(
                "must be an https address without a query, as the provider writes it"
            )
        }
        let client = try parts.required("clientID", of: value)
        guard Limits.openIDWordBytes.contains(try client.text().utf8.count) else {
            throw client.error("must be 1 to 255 bytes")
        }
        let secret = parts["clientSecretFile"]
        let authentication = try authentication(parts["clientAuthentication"], secret)
        var values: [String] = []
        for item in try parts["acrValues"]?.items() ?? [] {
            guard Limits.openIDWordBytes.contains(try item.text().utf8.count),
                !(try item.text()).contains(" ")
            else { throw item.error("must be a word") }
            values.append(try item.text())
        }
        guard Limits.acrValues.contains(values.count) else {
            throw value.error("has more than 10 acrValues")
        }
        return OpenIDProvider(
            issuer: try issuer.text(),
            clientID: try client.text(),
            authentication: authentication,
            clientSecret: try secret.map { (value) throws(ConfigurationError) in
                .file(try value.secretFile())
            },
            acrValues: values,
            trustsAddresses: try parts["trustUnverifiedAddresses"]?.flag() ?? false,
            roles: try parts["roles"].map { (value) throws(ConfigurationError) in
                try claimedRoles(value, of: side)
            }
        )
    }

    /// `{ claim: groups, values: { lockbox-approvers: [member, approver] } }`
    private static func claimedRoles(_ value: YAMLValue, of side: Side)
        throws(ConfigurationError) -> ClaimedRoles
    {
        let parts = try value.members(["claim", "values"])
        let claim = try parts.required("claim", of: value)
        guard Limits.openIDWordBytes.contains(try claim.text().utf8.count) else {
            throw claim.error("must be 1 to 255 bytes")
        }
        let values = try parts.required("values", of: value)
        var roles: [String: Roles] = [:]
        for (name, given) in try values.named() {
            guard Limits.openIDWordBytes.contains(name.utf8.count) else {
                throw values.error("has a value that is not 1 to 255 bytes")
            }
            var names: [String] = []
            for item in try given.items() { names.append(try item.text()) }
            guard let some = Roles(names: names, side: side) else {
                throw given.error("must be a list of roles that your people can have")
            }
            roles[name] = some
        }
        guard Limits.claimedRoleValues.contains(roles.count) else {
            throw values.error("must name 1 to 100 values")
        }
        return ClaimedRoles(claim: try claim.text(), roles: roles)
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
