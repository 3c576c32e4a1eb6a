package import LockboxDomain
package import LockboxPorts

extension ProtectedService.Kind {
    package static let http = ProtectedService.Kind(known: "http")
}

/// A service on the web that asks about the credential of each request.
package struct HTTPKind: ServiceKind {
    package let name = ProtectedService.Kind.http
    package let keys: [String] = []
    package let needsOpening = false

    package init() {}

    package func settings<Value: SettingsValue>(
        from members: [String: Value],
        of service: Value
    ) throws(ConfigurationError) -> String { StoredSettings.none }

    package func resources(of address: EmailAddress, at service: ProtectedService) -> [Resource] {
        []
    }

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
    private static let safeMethods: Set<String> = ["GET", "HEAD", "OPTIONS"]

    package func actions(forMethods methods: Set<String>) -> Actions? {
        methods.isSubset(of: Self.safeMethods) ? .read : .write
    }

    package func openConnections(of settings: ServiceSettings) -> OpenConnections {
        settings.own == StoredSettings.none ? .stay : .cannotBeCut
    }

    package func enforcer(of settings: ServiceSettings) throws(EnforcerError) -> (any Enforcer)? {
        nil
    }
}
