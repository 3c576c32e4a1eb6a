package import LockboxDomain
package import LockboxPorts

extension ProtectedService.Kind {
    package static let http = ProtectedService.Kind(known: "http")
}

/// A service on the web: behind a proxy that asks about the credential of each request, or behind a
/// gateway of this program.
package struct HTTPKind: ServiceKind {
    package let name = ProtectedService.Kind.http
    package let keys = ["gateway", "actions"]
    package let needsOpening = false

    private let gateways: (any GatewayConnections)?

    /// `gateways` are those of this process, if it has any.
    package init(gateways: (any GatewayConnections)? = nil) { self.gateways = gateways }

    // MARK: Settings

    private struct Settings: Codable {
        var gateway: GatewaySettings?
        var actions: ActionRules?
    }

    package func settings<Value: SettingsValue>(
        from members: [String: Value],
        of service: Value
    ) throws(ConfigurationError) -> String {
        guard let gateway = members["gateway"] else {
            if let actions = members["actions"] {
                throw actions.error(
                    "is for a service with gateway: a proxy asks about methods alone"
                )
            }
            return StoredSettings.none
        }
        var rules: ActionRules?
        if let actions = members["actions"] { rules = try ActionRules(actions) }
        return try StoredSettings.text(
            Settings(gateway: try GatewaySettings(gateway), actions: rules)
        )
    }

    /// How a service of this kind is reached through a gateway; nil where it is not.
    package static func gateway(of settings: ServiceSettings) -> GatewaySettings? {
        guard settings.service.kind == .http else { return nil }
        return StoredSettings.read(settings.own, as: Settings.self)?.gateway
    }

    /// What its requests need, where a service of this kind says so line by line.
    package static func rules(of settings: ServiceSettings) -> ActionRules? {
        StoredSettings.read(settings.own, as: Settings.self)?.actions
    }

    // MARK: Resources

    package func resources(of address: EmailAddress, at service: ProtectedService) -> [Resource] {
        []
    }

    // MARK: Credentials

    package func claims(of credential: Credential) -> ServiceClaims {
        ServiceClaims(scope: credential.resource.type)
    }

    package func connecting(with credential: Credential, at settings: ServiceSettings)
        -> Connecting
    {
        Connecting(
            how: "Send the token with each request: Authorization: Bearer <token>.",
            unknown: "Lockbox does not know the service’s address: "
                + "put that of “\(credential.resource.service)” for SERVER.",
            command: """
                read -rsp 'Token: ' TOKEN
                printf 'header = "Authorization: Bearer %s"\\n' "$TOKEN" |
                  curl -K - https://SERVER/
                """
        )
    }

    /// RFC 9110 §9.2.1. TRACE is safe too, but gives back what the proxy added.
    package static let safeMethods: Set<String> = ["GET", "HEAD", "OPTIONS"]

    package func actions(forMethods methods: Set<String>, at settings: ServiceSettings) -> Actions?
    {
        // Which path a proxy's service takes a request to have is not known here.
        guard Self.rules(of: settings) == nil else { return nil }
        return methods.isSubset(of: Self.safeMethods) ? .read : .write
    }

    // MARK: The end of access

    package func openConnections(of settings: ServiceSettings) -> OpenConnections {
        if Self.gateway(of: settings) != nil { return .areCut }
        return settings.own == StoredSettings.none ? .stay : .cannotBeCut
    }

    package func enforcer(of settings: ServiceSettings) throws(EnforcerError) -> (any Enforcer)? {
        guard Self.gateway(of: settings) != nil, let gateways else { return nil }
        return GatewayEnforcer(of: settings.service.id, gateways: gateways)
    }
}
