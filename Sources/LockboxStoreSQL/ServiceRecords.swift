import LockboxDomain
import LockboxPorts

extension SQLTransaction: ServiceRecords {
    func service(_ id: ServiceID) throws -> ServiceSettings? {
        try connection.selectOne(from: "service", "WHERE id = $1", [.id(id)], row: Self.service)
    }

    func services() throws -> [ServiceSettings] {
        try connection.select(from: "service", "ORDER BY id", row: Self.service)
    }

    func save(_ settings: ServiceSettings) throws {
        let service = settings.service
        try ifNotUnique(.alreadyExists(.service)) {
            try connection.save(
                [
                    "id": .id(service.id),
                    "kind": .text(service.kind.rawValue),
                    "resource_type": .text(service.resourceType),
                    "introspection_client": .optional(settings.introspection?.clientID),
                    "introspection_secret_file": .optional(
                        settings.introspection?.clientSecretFile
                    ),
                    "settings": .text(settings.own),
                ],
                in: "service"
            )
        }
    }

    private static func service(_ row: SQLRow) throws -> ServiceSettings {
        ServiceSettings(
            service: ProtectedService(
                id: try row.slug("id"),
                kind: try row.choice("kind"),
                resourceType: try row.text("resource_type")
            ),
            introspection: try row.optionalText("introspection_client").map { clientID in
                .init(
                    clientID: clientID,
                    clientSecretFile: try row.text("introspection_secret_file")
                )
            },
            own: try row.text("settings")
        )
    }
}
