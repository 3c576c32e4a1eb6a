import LockboxDomain
import LockboxPorts

extension SQLTransaction: ServiceRecords {
    private static let serviceColumns = """
        id, kind, resource_type, introspection_client, introspection_secret_file, doveadm_url, doveadm_key_file
        """

    func service(_ id: ServiceID) throws -> ServiceSettings? {
        try connection.queryOne(
            "SELECT \(Self.serviceColumns) FROM service WHERE id = $1",
            [.id(id)],
            row: Self.service
        )
    }

    func services() throws -> [ServiceSettings] {
        try connection.query(
            "SELECT \(Self.serviceColumns) FROM service ORDER BY id",
            row: Self.service
        )
    }

    func save(_ settings: ServiceSettings) throws {
        let service = settings.service
        try ifNotUnique(.alreadyExists(.service)) {
            try connection.execute(
                """
                INSERT INTO service (\(Self.serviceColumns)) VALUES ($1, $2, $3, $4, $5, $6, $7)
                ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, resource_type = excluded.resource_type,
                    introspection_client = excluded.introspection_client,
                    introspection_secret_file = excluded.introspection_secret_file,
                    doveadm_url = excluded.doveadm_url, doveadm_key_file = excluded.doveadm_key_file
                """,
                [
                    .id(service.id), .choice(service.kind), .text(service.resourceType),
                    .optional(settings.introspection?.clientID),
                    .optional(settings.introspection?.clientSecretFile),
                    .optional(settings.doveadm?.url), .optional(settings.doveadm?.apiKeyFile),
                ]
            )
        }
    }

    private static func service(_ row: SQLRow) throws -> ServiceSettings {
        let record = Record(row, of: "service")
        return ServiceSettings(
            service: Service(
                id: try record.slug(0),
                kind: try record.choice(1),
                resourceType: try record.text(2)
            ),
            introspection: try record.optionalText(3).map { clientID in
                .init(clientID: clientID, clientSecretFile: try record.text(4))
            },
            doveadm: try record.optionalText(5).map { url in
                .init(url: url, apiKeyFile: try record.text(6))
            }
        )
    }
}
