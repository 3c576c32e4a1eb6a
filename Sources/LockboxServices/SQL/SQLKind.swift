package import LockboxDomain
package import LockboxPorts

extension ProtectedService.Kind {
    package static let sql = ProtectedService.Kind(known: "sql")
}

/// A database that asks about the credential when somebody connects.
package struct SQLKind: ServiceKind {
    package let name = ProtectedService.Kind.sql
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
            how: "Connect to the database as \(credential.username) "
                + "with the token as the password.",
            note: "Lockbox does not know the server’s address: "
                + "put that of “\(credential.resource.service)” for SERVER.",
            command: """
                read -rsp 'Token: ' PGPASSWORD && export PGPASSWORD
                psql -h SERVER -U \(credential.username)
                """
        )
    }

    package func openConnections(of settings: ServiceSettings) -> OpenConnections {
        settings.own == StoredSettings.none ? .stay : .cannotBeCut
    }

    package func enforcer(of settings: ServiceSettings) throws(EnforcerError) -> (any Enforcer)? {
        nil
    }
}
