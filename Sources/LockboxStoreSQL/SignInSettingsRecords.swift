import LockboxDomain
import LockboxPorts

extension SQLTransaction: SignInSettingsRecords {
    func signInSettings(of side: Side) throws -> SignInSettings? {
        try connection.selectOne(
            from: "sign_in_settings",
            key: ["organisation"],
            "WHERE organisation = $1",
            [.log(side)],
            row: Self.settings
        )
    }

    func save(_ settings: SignInSettings, of side: Side) throws {
        let provider = settings.provider
        try connection.save(
            [
                "organisation": .log(side),
                "issuer": .optional(provider?.issuer),
                "client_id": .optional(provider?.clientID),
                "authentication": .optional(provider?.authentication.rawValue),
                "client_secret_file": .optional(provider?.clientSecretFile),
                "acr_values": try JSONColumn.value(provider?.acrValues ?? []),
                "trusts_addresses": .flag(provider?.trustsAddresses ?? false),
                "allows_passwords": .flag(settings.allowsPasswords),
                "allows_passkeys": .flag(settings.allowsPasskeys),
                "domains": try settings.domains.map { try JSONColumn.value($0.map(\.text)) }
                    ?? .null,
            ],
            in: "sign_in_settings",
            key: ["organisation"]
        )
    }

    func hasOpenIDProvider() throws -> Bool {
        try connection.queryOne(
            "SELECT 1 FROM sign_in_settings WHERE issuer IS NOT NULL LIMIT 1"
        ) { _ in true } ?? false
    }

    func subject(of person: PersonID, at issuer: String) throws -> String? {
        try connection.selectOne(
            from: "identity",
            key: ["person"],
            "WHERE person = $1 AND issuer = $2",
            [.id(person), .text(issuer)]
        ) { try $0.text("subject") }
    }

    func insert(_ identity: Identity, of person: PersonID) throws {
        guard try self.person(identifiedBy: identity) == nil else {
            throw Refusal.alreadyExists(.person)
        }
        try connection.insert(
            [
                "issuer": .text(identity.issuer), "subject": .text(identity.subject),
                "person": .id(person),
            ],
            into: "identity"
        )
    }

    private static func settings(_ row: SQLRow) throws -> SignInSettings {
        SignInSettings(
            provider: try provider(row),
            allowsPasswords: try row.flag("allows_passwords"),
            allowsPasskeys: try row.flag("allows_passkeys"),
            domains: try row.optionalText("domains").map { _ in
                try row.json("domains", [String].self).map { try row.required(DomainName($0)) }
            }
        )
    }

    private static func provider(_ row: SQLRow) throws -> OpenIDProvider? {
        guard let issuer = try row.optionalText("issuer") else { return nil }
        return OpenIDProvider(
            issuer: issuer,
            clientID: try row.text("client_id"),
            authentication: try row.required(
                OpenIDProvider.ClientAuthentication(rawValue: try row.text("authentication"))
            ),
            clientSecretFile: try row.optionalText("client_secret_file"),
            acrValues: try row.json("acr_values", [String].self),
            trustsAddresses: try row.flag("trusts_addresses")
        )
    }
}
