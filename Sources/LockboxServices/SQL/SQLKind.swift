package import LockboxDomain
package import LockboxPorts

extension ProtectedService.Kind {
    package static let sql = ProtectedService.Kind(known: "sql")
}

/// A database that asks about the credential when somebody connects.
package struct SQLKind: ServiceKind {
    package let name = ProtectedService.Kind.sql
    package let keys = ["address"]
    package let needsOpening = false

    package init() {}

    private struct Settings: Codable {
        /// Where engineers reach it; nil where Lockbox does not know.
        var address: PostgresSettings.URLText?
    }

    private static func own(_ settings: ServiceSettings) -> Settings? {
        StoredSettings.read(settings.own, as: Settings.self)
    }

    package func settings<Value: SettingsValue>(
        from members: [String: Value],
        of service: Value
    ) throws(ConfigurationError) -> String {
        var settings = Settings()
        if let address = members["address"] {
            settings.address = try PostgresSettings.URLText(ofEngineers: address)
        }
        return try StoredSettings.text(settings)
    }

    package func resources(of address: EmailAddress, at service: ProtectedService) -> [Resource] {
        []
    }

    package func claims(of credential: Credential) -> ServiceClaims {
        ServiceClaims(scope: credential.resource.type)
    }

    package func connecting(with credential: Credential, at settings: ServiceSettings)
        -> Connecting
    {
        let database = credential.resource.localName
        let address = Self.own(settings)?.address?.text(
            user: credential.username,
            database: database
        )
        return Connecting(
            how: "Connect to the database \(database) as \(credential.username) "
                + "with the token as the password.",
            to: credential,
            at: address,
            otherwise: "postgres://\(credential.username)@SERVER/\(database)"
        ) { address in
            """
            read -rsp 'Token: ' PGPASSWORD && export PGPASSWORD
            psql '\(address)'
            """
        }
    }

    package func openConnections(of settings: ServiceSettings) -> OpenConnections {
        // What is not understood wholly may be of a service that would have to be told.
        guard let own = Self.own(settings),
            (try? StoredSettings.text(own)) == settings.own  // best effort: unequal then
        else { return .cannotBeCut }
        return .stay
    }

    package func enforcer(of settings: ServiceSettings) throws(EnforcerError) -> (any Enforcer)? {
        nil
    }
}
