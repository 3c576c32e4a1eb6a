package import LockboxDomain
package import LockboxPorts

extension ProtectedService.Kind {
    package static let imap = ProtectedService.Kind(known: "imap")
}

/// Mailboxes behind Dovecot, which asks about the credential at each sign-in and is told through
/// doveadm to cut sessions.
package struct IMAPKind: ServiceKind {
    package let name = ProtectedService.Kind.imap
    package let keys = ["removal", "address"]
    package let needsOpening = false

    private let tools: ServiceTools

    package init(_ tools: ServiceTools) { self.tools = tools }

    // MARK: Settings

    package func settings<Value: SettingsValue>(
        from members: [String: Value],
        of service: Value
    ) throws(ConfigurationError) -> String {
        var settings = DovecotSettings()
        if let address = members["address"] {
            settings.address = try ServiceAddress.text(address, schemes: ["imaps", "imap"])
        }
        if let removal = members["removal"] {
            let target = try removal.members(["doveadm"]).required("doveadm", of: removal)
            settings.doveadm = try DovecotSettings.Doveadm(target)
        }
        return try StoredSettings.text(settings)
    }

    // MARK: Resources

    /// A mailbox belongs to the tenant whose people has its address.
    package func resources(of address: EmailAddress, at service: ProtectedService) -> [Resource] {
        guard service.resourceType == "mailbox" else { return [] }
        return Resource(service: service.id, name: "mailbox:\(address.text)").map { [$0] } ?? []
    }

    // MARK: Credentials

    package func claims(of credential: Credential) -> ServiceClaims {
        ServiceClaims(scope: "imap", own: ["mailbox": credential.resource.localName])
    }

    package func connecting(with credential: Credential, at settings: ServiceSettings)
        -> Connecting
    {
        Connecting(
            how: "Sign in to the IMAP server as \(credential.username) with the token, "
                + "by XOAUTH2 or OAUTHBEARER.",
            to: credential,
            at: StoredSettings.read(settings.own, as: DovecotSettings.self)?.address,
            otherwise: "imap://SERVER"
        ) { address in
            """
            read -rsp 'Token: ' TOKEN
            printf 'user = "%s:"\\noauth2-bearer = "%s"\\n' \(credential.username) "$TOKEN" |
              curl -K - --ssl-reqd '\(address)/' -X 'LIST "" "*"'
            """
        }
    }

    // MARK: The end of access

    /// Mail sessions last. Where nobody can cut them, that must show.
    package func openConnections(of settings: ServiceSettings) -> OpenConnections {
        doveadm(of: settings) == nil ? .cannotBeCut : .areCut
    }

    package func enforcer(of settings: ServiceSettings) throws(EnforcerError) -> (any Enforcer)? {
        guard let doveadm = doveadm(of: settings) else { return nil }
        let key: String
        do {
            key = try tools.secret(doveadm.apiKeyFile)
        } catch {
            throw EnforcerError("the key for the mail server cannot be read")
        }
        return DovecotEnforcer(client: tools.http, url: doveadm.url, apiKey: key)
    }

    private func doveadm(of settings: ServiceSettings) -> DovecotSettings.Doveadm? {
        StoredSettings.read(settings.own, as: DovecotSettings.self)?.doveadm
    }
}
