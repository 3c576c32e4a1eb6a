import LockboxDomain
import LockboxPorts

extension SQLTransaction: SignInSettingsRecords {
    func signInSettings(of side: Side) throws -> SignInSettings? {
        try connection.selectOne(
            from: "sign_in_settings",
            key: ["organisation"],
            "WHERE organisation = $1",
            [.log(side)],
            row: { row in
                var settings = try Self.settings(row)
                settings.recoveryUntil = try row.optionalTimestamp("recovery_until")
                return settings
            }
        )
    }

    func save(_ settings: SignInSettings, of side: Side) throws {
        var row: Columns = ["organisation": .log(side)]
        try Self.add(settings, to: &row)
        row["recovery_until"] = .time(settings.recoveryUntil)
        try connection.save(row, in: "sign_in_settings", key: ["organisation"])
    }

    private static func add(_ settings: SignInSettings, to row: inout Columns) throws {
        let provider = settings.provider
        let secret = provider?.clientSecret
        row["issuer"] = .optional(provider?.issuer)
        row["client_id"] = .optional(provider?.clientID)
        row["authentication"] = .optional(provider?.authentication.rawValue)
        row["client_secret_file"] = .optional(secret?.file)
        row["client_secret_sealed"] = .optional(secret?.sealed)
        row["acr_values"] = try JSONColumn.value(provider?.acrValues ?? [])
        row["trusts_addresses"] = .flag(provider?.trustsAddresses ?? false)
        row["roles_claim"] = .optional(provider?.roles?.claim)
        row["claimed_roles"] =
            try provider?.roles.map { try JSONColumn.value($0.roles.mapValues(\.names)) } ?? .null
        row["allows_passwords"] = .flag(settings.allowsPasswords)
        row["allows_passkeys"] = .flag(settings.allowsPasskeys)
        row["domains"] =
            try settings.domains.map { try JSONColumn.value($0.map(\.text)) } ?? .null
    }

    // MARK: - What is not so yet

    func signInChange(of tenant: TenantID) throws -> SignInChange? {
        try connection.selectOne(
            from: "sign_in_change",
            "WHERE organisation = $1",
            [.log(.tenant(tenant))],
            row: Self.change
        )
    }

    func insert(_ change: SignInChange) throws {
        var row: Columns = [
            "id": .id(change.id), "organisation": .log(.tenant(change.tenant)),
            "made_by": .id(change.by), "made_at": .time(change.madeAt),
            "takes_effect_at": .time(change.takesEffectAt),
        ]
        try Self.add(change.settings, to: &row)
        try connection.insert(row, into: "sign_in_change")
    }

    func removeSignInChange(of tenant: TenantID) throws {
        try connection.execute(
            "DELETE FROM sign_in_change WHERE organisation = $1",
            [.log(.tenant(tenant))]
        )
    }

    func signInChangesDue(at now: Timestamp, limit: Int) throws -> [SignInChange] {
        try connection.select(
            from: "sign_in_change",
            "WHERE takes_effect_at <= $1 ORDER BY takes_effect_at, id LIMIT $2",
            [.time(now), .count(limit)],
            row: Self.change
        )
    }

    func nextSignInChange() throws -> Timestamp? {
        try connection.queryOne("SELECT min(takes_effect_at) FROM sign_in_change") {
            try $0.optionalTimestamp(0)
        } ?? nil
    }

    func endSessions(
        of tenant: TenantID,
        notAt issuer: String?,
        passwords: Bool,
        passkeys: Bool,
        at now: Timestamp
    ) throws {
        try connection.execute(
            """
            UPDATE portal_session SET ended_at = $1
            WHERE ended_at IS NULL
                AND person IN (SELECT id FROM person WHERE tenant = $2)
                AND CASE WHEN passkey IS NOT NULL THEN $3 = 0 WHEN issuer IS NULL THEN $4 = 0
                    ELSE coalesce(issuer <> $5, TRUE) END
            """,
            [.time(now), .id(tenant), .flag(passkeys), .flag(passwords), .optional(issuer)]
        )
    }

    private static func change(_ row: SQLRow) throws -> SignInChange {
        SignInChange(
            stored: try row.id("id"),
            tenant: try row.required(row.log("organisation").tenant),
            settings: try settings(row),
            by: try row.id("made_by"),
            madeAt: try row.timestamp("made_at"),
            takesEffectAt: try row.timestamp("takes_effect_at")
        )
    }

    func hasOpenIDProvider() throws -> Bool {
        try connection.queryOne(
            "SELECT 1 FROM sign_in_settings WHERE issuer IS NOT NULL LIMIT 1"
        ) { _ in true } ?? false
    }

    func organisations(at issuer: String, client: String) throws -> [Side] {
        try connection.select(
            from: "sign_in_settings",
            key: ["organisation"],
            "WHERE issuer = $1 AND client_id = $2 ORDER BY organisation",
            [.text(issuer), .text(client)]
        ) { try $0.log("organisation") }
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
            clientSecret: try clientSecret(row),
            acrValues: try row.json("acr_values", [String].self),
            trustsAddresses: try row.flag("trusts_addresses"),
            roles: try claimedRoles(row)
        )
    }

    private static func clientSecret(_ row: SQLRow) throws -> OpenIDProvider.ClientSecret? {
        let file = try row.optionalText("client_secret_file").map {
            OpenIDProvider.ClientSecret.file($0)
        }
        return try file ?? row.optionalBlob("client_secret_sealed").map { .sealed($0) }
    }

    private static func claimedRoles(_ row: SQLRow) throws -> ClaimedRoles? {
        guard let claim = try row.optionalText("roles_claim") else { return nil }
        let side = try row.log("organisation")
        return ClaimedRoles(
            claim: claim,
            roles: try row.json("claimed_roles", [String: [String]].self).mapValues {
                try row.required(Roles(names: $0, side: side))
            }
        )
    }
}

extension OpenIDProvider.ClientSecret {
    fileprivate var file: String? { if case .file(let path) = self { path } else { nil } }
    fileprivate var sealed: [UInt8]? { if case .sealed(let bytes) = self { bytes } else { nil } }
}
