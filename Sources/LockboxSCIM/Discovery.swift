import LockboxWire

/// What can be asked of this door, for programs (RFC 7644 §4, RFC 7643 §5–§7).
enum Discovery {
    private static let core = "urn:ietf:params:scim:schemas:core:2.0:"
    static let schemas = [ResourceSchema.user, .group]

    static func configuration(under base: String) -> JSONValue {
        [
            "schemas": [.string(core + "ServiceProviderConfig")],
            "patch": ["supported": true],
            "bulk": ["supported": false, "maxOperations": 0, "maxPayloadSize": 0],
            "filter": ["supported": true, "maxResults": .integer(Int64(SCIMLimits.largestPage))],
            "changePassword": ["supported": false],
            "sort": ["supported": false],
            "etag": ["supported": true],
            "authenticationSchemes": [
                [
                    "type": "oauthbearertoken", "name": "Provisioning token",
                    "description":
                        "A token that the organisation's administrator makes in Lockbox.",
                    "specUri": "https://www.rfc-editor.org/rfc/rfc6750", "primary": true,
                ]
            ],
            "meta": meta("ServiceProviderConfig", "\(base)/ServiceProviderConfig"),
        ]
    }

    static func resourceTypes(under base: String) -> [(id: String, document: JSONValue)] {
        schemas.map { schema in
            (
                schema.name,
                [
                    "schemas": [.string(core + "ResourceType")],
                    "id": .string(schema.name), "name": .string(schema.name),
                    "description": .string(schema.description),
                    "endpoint": .string(schema.endpoint), "schema": .string(schema.id),
                    "meta": meta("ResourceType", "\(base)/ResourceTypes/\(schema.name)"),
                ]
            )
        }
    }

    static func schemaDocuments(under base: String) -> [(id: String, document: JSONValue)] {
        let own = schemas.map { ($0.id, $0.name, $0.description, $0.attributes) }
        return (own + standard).map { id, name, description, attributes in
            (
                id,
                [
                    "schemas": [.string(core + "Schema")],
                    "id": .string(id), "name": .string(name),
                    "description": .string(description),
                    "attributes": .array(attributes.map(document)),
                    "meta": meta("Schema", "\(base)/Schemas/\(id)"),
                ]
            )
        }
    }

    private static func meta(_ type: String, _ location: String) -> JSONValue {
        ["resourceType": .string(type), "location": .string(location)]
    }

    private static func document(_ attribute: Attribute) -> JSONValue {
        var members: [String: JSONValue] = [
            "name": .string(attribute.name), "type": .string(attribute.kind.rawValue),
            "multiValued": .bool(attribute.isMultiValued),
            "description": .string(attribute.description),
            "required": .bool(attribute.isRequired),
            "caseExact": .bool(attribute.isCaseExact),
            "mutability": .string(attribute.mutability.rawValue),
            "returned": .string(attribute.isAlwaysReturned ? "always" : "default"),
            "uniqueness": .string(attribute.isUnique ? "server" : "none"),
        ]
        if !attribute.canonicalValues.isEmpty {
            members["canonicalValues"] = .array(attribute.canonicalValues.map { .string($0) })
        }
        if attribute.kind == .reference {
            let types = attribute.referenceTypes.isEmpty ? ["uri"] : attribute.referenceTypes
            members["referenceTypes"] = .array(types.map { .string($0) })
        }
        if !attribute.parts.isEmpty {
            members["subAttributes"] = .array(attribute.parts.map(document))
        }
        return .object(members)
    }

    // MARK: - The schemas of these documents themselves (RFC 7643 §8.7.2)

    private static let standard: [(String, String, String, [Attribute])] = [
        (
            core + "ServiceProviderConfig", "ServiceProviderConfig", "What can be asked",
            [
                support("patch", "Changes of parts."),
                support("bulk", "Several requests in one.", ["maxOperations", "maxPayloadSize"]),
                support("filter", "Filters.", ["maxResults"]),
                support("changePassword", "Passwords."),
                support("sort", "Sorting."), support("etag", "Versions."),
                read(
                    "authenticationSchemes",
                    "Ways to show who one is.",
                    .complex,
                    many: true,
                    parts: ["type", "name", "description", "specUri"].map { read($0, "") }
                        + [read("primary", "", .boolean)]
                ),
            ]
        ),
        (
            core + "ResourceType", "ResourceType", "A kind of resource",
            [
                read("id", "Its identifier."), read("name", "Its name."),
                read("description", "What it is."),
                read("endpoint", "Where they are.", .reference),
                read("schema", "What they are made of.", .reference),
            ]
        ),
        (
            core + "Schema", "Schema", "What a kind of resource is made of",
            [
                read("id", "Its identifier."), read("name", "Its name."),
                read("description", "What it is."),
                read(
                    "attributes",
                    "Its attributes.",
                    .complex,
                    many: true,
                    parts: description + [
                        read("subAttributes", "", .complex, many: true, parts: description)
                    ]
                ),
            ]
        ),
    ]

    private static let description: [Attribute] =
        ["name", "type", "description", "mutability", "returned", "uniqueness"].map { read($0, "") }
        + ["multiValued", "required", "caseExact"].map { read($0, "", .boolean) }
        + ["canonicalValues", "referenceTypes"].map { read($0, "", many: true) }

    private static func support(_ name: String, _ what: String, _ numbers: [String] = [])
        -> Attribute
    {
        read(
            name,
            what,
            .complex,
            parts: [read("supported", "", .boolean)] + numbers.map { read($0, "", .integer) }
        )
    }

    private static func read(
        _ name: String,
        _ description: String,
        _ kind: Attribute.Kind = .string,
        many: Bool = false,
        parts: [Attribute] = []
    ) -> Attribute {
        Attribute(
            name: name,
            kind: kind,
            description: description,
            isMultiValued: many,
            mutability: .readOnly,
            parts: parts
        )
    }
}
