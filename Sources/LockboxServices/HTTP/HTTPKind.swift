package import LockboxDomain
package import LockboxPorts

extension ProtectedService.Kind {
    package static let http = ProtectedService.Kind(known: "http")
}

/// A service on the web: behind a proxy that asks about the credential of each request, or behind a
/// gateway of this program.
package struct HTTPKind: ServiceKind {
    package let name = ProtectedService.Kind.http
    package let keys = ["gateway", "address"]
    package let needsOpening = false

    private let gateways: (any GatewayConnections)?

    /// `gateways` are those of this process, if it has any.
    package init(gateways: (any GatewayConnections)? = nil) { self.gateways = gateways }

    // MARK: Settings

    private struct Settings: Codable {
        var gateway: GatewaySettings?
        /// Where engineers reach it.
        var address: String?
    }

    package func settings<Value: SettingsValue>(
        from members: [String: Value],
        of service: Value
    ) throws(ConfigurationError) -> String {
        var settings = Settings()
        if let gateway = members["gateway"] { settings.gateway = try GatewaySettings(gateway) }
        if let address = members["address"] {
            settings.address = try ServiceAddress.text(address, schemes: ["https", "http"])
        }
        return try StoredSettings.text(settings)
    }

    /// How a service of this kind is reached through a gateway; nil where it is not.
    package static func gateway(of settings: ServiceSettings) -> GatewaySettings? {
        guard settings.service.kind == .http else { return nil }
        return StoredSettings.read(settings.own, as: Settings.self)?.gateway
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
            to: credential,
            at: StoredSettings.read(settings.own, as: Settings.self)?.address,
            otherwise: "https://SERVER"
        ) { address in
            """
            read -rsp 'Token: ' TOKEN
            printf 'header = "Authorization: Bearer %s"\\n' "$TOKEN" |
              curl -K - '\(address)/'
            """
        }
    }

    /// Where engineers reach a service of this kind; nil where Lockbox does not know.
    package static func address(of settings: ServiceSettings) -> String? {
        StoredSettings.read(settings.own, as: Settings.self)?.address
    }

    /// Only a gateway of this program knows what a browser shows.
    package func browserAddress(of settings: ServiceSettings) -> String? {
        guard gateways != nil, Self.gateway(of: settings) != nil else { return nil }
        return Self.address(of: settings)
    }

    /// RFC 9110 §9.2.1. TRACE is safe too, but gives back what the proxy added.
    package static let safeMethods: Set<String> = ["GET", "HEAD", "OPTIONS"]

    package func actions(forMethods methods: Set<String>) -> Actions? {
        methods.isSubset(of: Self.safeMethods) ? .read : .write
    }

    // MARK: The end of access

    package func openConnections(of settings: ServiceSettings) -> OpenConnections {
        guard let own = StoredSettings.read(settings.own, as: Settings.self) else {
            return .cannotBeCut
        }
        if own.gateway != nil { return .areCut }
        // Settings of which nothing is understood may be those of a gateway.
        return own.address != nil || settings.own == StoredSettings.none ? .stay : .cannotBeCut
    }

    package func enforcer(of settings: ServiceSettings) throws(EnforcerError) -> (any Enforcer)? {
        guard Self.gateway(of: settings) != nil, let gateways else { return nil }
        return GatewayEnforcer(of: settings.service.id, gateways: gateways)
    }
}
