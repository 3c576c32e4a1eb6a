import LockboxWire

/// One attribute of a resource (RFC 7643 §7).
struct Attribute: Hashable, Sendable {
    enum Kind: String {
        case string, boolean, complex, reference, dateTime, integer
    }

    enum Mutability: String {
        case readOnly, readWrite, immutable
    }

    let name: String
    var kind = Kind.string
    let description: String
    var isMultiValued = false
    var isRequired = false
    var isCaseExact = false
    var mutability = Mutability.readWrite
    var isAlwaysReturned = false
    var isUnique = false
    var canonicalValues: [String] = []
    var referenceTypes: [String] = []
    var parts: [Attribute] = []

    func part(_ name: some StringProtocol) -> Attribute? {
        parts.first { $0.name.lowercased() == name.lowercased() }
    }
}

/// What a kind of resource is made of, and what of the standard's attributes is not kept.
struct ResourceSchema: Sendable {
    /// What a name of an attribute means.
    enum Found: Sendable {
        case kept(Attribute, part: Attribute?)
        /// One of the standard's that Lockbox does not keep.
        case notKept
    }

    let id: String
    let name: String
    let endpoint: String
    let description: String
    let attributes: [Attribute]
    /// In lower case.
    let notKept: Set<String>

    static let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:user"

    /// What `text` names, as `name.familyName` or with the schema's identifier before it (RFC 7644
    /// §3.10), in whatever letter case; nil where nothing is called so.
    func find(_ text: some StringProtocol) -> Found? {
        var name = Substring(text.lowercased())
        if name.hasPrefix(Self.enterprise) { return self.name == "User" ? .notKept : nil }
        if name.hasPrefix(id.lowercased() + ":") { name = name.dropFirst(id.utf8.count + 1) }
        let steps = name.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(steps.count), steps.allSatisfy({ !$0.isEmpty }) else { return nil }
        if notKept.contains(String(steps[0])) { return .notKept }
        guard
            let attribute = (attributes + Self.common).first(where: {
                $0.name.lowercased() == steps[0]
            })
        else { return nil }
        guard steps.count == 2 else { return .kept(attribute, part: nil) }
        if let part = attribute.part(steps[1]) { return .kept(attribute, part: part) }
        return Self.partsNotKept.contains("\(steps[0]).\(steps[1])") ? .notKept : nil
    }

    /// Of attributes that are kept, the standard's parts that are not.
    static let partsNotKept: Set<String> = [
        "name.middlename", "name.honorificprefix", "name.honorificsuffix", "emails.display",
        "members.display", "groups.type",
    ]

    /// What all resources have (RFC 7643 §3.1).
    static let common: [Attribute] = [
        Attribute(
            name: "id",
            description: "Lockbox's identifier.",
            isCaseExact: true,
            mutability: .readOnly,
            isAlwaysReturned: true
        ),
        Attribute(
            name: "externalId",
            description: "The directory's identifier.",
            isCaseExact: true
        ),
        Attribute(
            name: "schemas",
            kind: .reference,
            description: "What the resource is made of.",
            isMultiValued: true,
            mutability: .readOnly,
            isAlwaysReturned: true
        ),
        Attribute(
            name: "meta",
            kind: .complex,
            description: "About the resource itself.",
            mutability: .readOnly,
            parts: [
                Attribute(name: "resourceType", description: "", isCaseExact: true),
                Attribute(name: "created", kind: .dateTime, description: ""),
                Attribute(name: "lastModified", kind: .dateTime, description: ""),
                Attribute(name: "location", kind: .reference, description: "", isCaseExact: true),
                Attribute(name: "version", description: "", isCaseExact: true),
            ]
        ),
    ]

    static let user = ResourceSchema(
        id: "urn:ietf:params:scim:schemas:core:2.0:User",
        name: "User",
        endpoint: "/Users",
        description: "A person of the organisation",
        attributes: [
            Attribute(
                name: "userName",
                description: "The name of the account. Where there is no address it must be one.",
                isRequired: true,
                isUnique: true
            ),
            Attribute(
                name: "name",
                kind: .complex,
                description: "The parts of the person's name.",
                parts: [
                    Attribute(name: "formatted", description: "The whole name."),
                    Attribute(name: "familyName", description: "The family name."),
                    Attribute(name: "givenName", description: "The given name."),
                ]
            ),
            Attribute(name: "displayName", description: "The name that people read."),
            Attribute(
                name: "active",
                kind: .boolean,
                description: "Whether the person can sign in and keeps access. Not said is no."
            ),
            Attribute(
                name: "emails",
                kind: .complex,
                description: "Addresses. Letters go to the primary one, else to that of work.",
                isMultiValued: true,
                parts: [
                    Attribute(name: "value", description: "The address."),
                    Attribute(
                        name: "type",
                        description: "What it is for.",
                        canonicalValues: ["work", "home", "other"]
                    ),
                    Attribute(
                        name: "primary",
                        kind: .boolean,
                        description: "Whether letters go there."
                    ),
                ]
            ),
            Attribute(
                name: "groups",
                kind: .complex,
                description: "The groups that the person is in.",
                isMultiValued: true,
                mutability: .readOnly,
                parts: [
                    Attribute(
                        name: "value",
                        description: "The group's identifier.",
                        isCaseExact: true,
                        mutability: .readOnly
                    ),
                    Attribute(
                        name: "$ref",
                        kind: .reference,
                        description: "Where it is.",
                        isCaseExact: true,
                        mutability: .readOnly,
                        referenceTypes: ["Group"]
                    ),
                    Attribute(
                        name: "display",
                        description: "Its name.",
                        mutability: .readOnly
                    ),
                ]
            ),
        ],
        notKept: [
            "nickname", "profileurl", "title", "usertype", "preferredlanguage", "locale",
            "timezone",
            "password", "phonenumbers", "ims", "photos", "addresses", "entitlements", "roles",
            "x509certificates",
        ]
    )

    static let group = ResourceSchema(
        id: "urn:ietf:params:scim:schemas:core:2.0:Group",
        name: "Group",
        endpoint: "/Groups",
        description: "A group of people of the organisation",
        attributes: [
            Attribute(
                name: "displayName",
                description: "The group's name, by which it gives roles.",
                isRequired: true,
                isUnique: true
            ),
            Attribute(
                name: "members",
                kind: .complex,
                description: "Who is in it. Groups within groups are not kept.",
                isMultiValued: true,
                parts: [
                    Attribute(
                        name: "value",
                        description: "The person's identifier.",
                        isCaseExact: true,
                        mutability: .immutable
                    ),
                    Attribute(
                        name: "$ref",
                        kind: .reference,
                        description: "Where the person is.",
                        isCaseExact: true,
                        mutability: .immutable,
                        referenceTypes: ["User"]
                    ),
                    Attribute(
                        name: "type",
                        description: "What the member is.",
                        mutability: .immutable,
                        canonicalValues: ["User"]
                    ),
                ]
            ),
        ],
        notKept: []
    )
}
