package import LockboxDomain
package import LockboxPorts

extension ProtectedService.Kind {
    package static let http = ProtectedService.Kind(known: "http")
}

/// A service on the web: behind a proxy that asks about the credential of each request, or behind a
/// gateway of this program.
package struct HTTPKind: ServiceKind {
    package let name = ProtectedService.Kind.http
    package let keys = ["gateway", "actions", "address"]
    package let needsOpening = false

    private let gateways: (any GatewayConnections)?
    private let apart: (any GatewaysApart)?

    /// `gateways` are those of this process, if it has any; `apart` is the way to another one's.
    package init(
        gateways: (any GatewayConnections)? = nil,
        apart: (any GatewaysApart)? = nil
    ) {
        self.gateways = gateways
        self.apart = apart
    }

    // MARK: Settings

    private struct Settings: Codable {
        var gateway: GatewaySettings?
        var actions: ActionRules?
        /// Where engineers reach it.
        var address: String?
    }

    private static func own(_ settings: ServiceSettings) -> Settings? {
        StoredSettings.read(settings.own, as: Settings.self)
    }

    package func settings<Value: SettingsValue>(
        from members: [String: Value],
        of service: Value
    ) throws(ConfigurationError) -> String {
        var settings = Settings()
        if let gateway = members["gateway"] { settings.gateway = try GatewaySettings(gateway) }
        if let actions = members["actions"] {
            guard settings.gateway != nil else {
                throw actions.error(
                    "is for a service with gateway: a proxy asks about methods alone"
                )
            }
            settings.actions = try ActionRules(actions)
        }
        if let address = members["address"] {
            settings.address = try ServiceAddress.text(address, schemes: ["https", "http"])
        }
        return try StoredSettings.text(settings)
    }

    /// How a service of this kind is reached through a gateway; nil where it is not.
    package static func gateway(of settings: ServiceSettings) -> GatewaySettings? {
        guard settings.service.kind == .http else { return nil }
        return own(settings)?.gateway
    }

    /// What its requests need, where a service of this kind says so line by line.
    package static func rules(of settings: ServiceSettings) -> ActionRules? {
        own(settings)?.actions
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
            at: Self.own(settings)?.address,
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
        own(settings)?.address
    }

    /// Only a gateway of this program knows what a browser shows.
    package func browserAddress(of settings: ServiceSettings) -> String? {
        guard gateways != nil || apart != nil, hasGateway(settings) else { return nil }
        return Self.address(of: settings)
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
        // What is not understood wholly may be of a service that would have to be told.
        guard let own = Self.own(settings),
            (try? StoredSettings.text(own)) == settings.own  // best effort: unequal then
        else { return .cannotBeCut }
        return own.gateway == nil ? .stay : .areCut
    }

    package func hasGateway(_ settings: ServiceSettings) -> Bool {
        Self.gateway(of: settings) != nil
    }

    package func enforcer(of settings: ServiceSettings) throws(EnforcerError) -> (any Enforcer)? {
        guard hasGateway(settings) else { return nil }
        if let gateways { return GatewayEnforcer(of: settings.service.id, gateways: gateways) }
        return apart.map(EnforcerApart.init)
    }
}
