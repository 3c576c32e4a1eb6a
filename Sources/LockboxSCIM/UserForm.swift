import LockboxDomain
import LockboxService
import LockboxWire

/// A person as a resource, and back.
enum UserForm {
    static func terms(of members: [String: JSONValue]) throws -> ProvisionedTerms {
        guard let userName = try text(members, "userName", Limits.userNameLength) else {
            throw SCIMFault.bad(.invalidValue, "userName: is missing.")
        }
        let name =
            if case .object(let parts)? = members["name"] { parts } else {
                [:] as [String: JSONValue]
            }
        let length = Limits.nameLength
        return ProvisionedTerms(
            userName: userName,
            externalID: try text(members, "externalId", Limits.externalIDLength),
            displayName: try text(members, "displayName", length),
            formattedName: try text(name, "formatted", length),
            givenName: try text(name, "givenName", length),
            familyName: try text(name, "familyName", length),
            emails: try emails(members["emails"]?.elements ?? []),
            isActive: members["active"].map { $0 == true }
        )
    }

    private static func emails(_ items: [[String: JSONValue]]) throws
        -> [ProvisionedTerms.Email]
    {
        guard Limits.emailsPerPerson.contains(items.count) else {
            throw SCIMFault.bad(
                .invalidValue,
                "emails: at most \(Limits.emailsPerPerson.upperBound) are kept."
            )
        }
        let emails = try items.map { item in
            guard let value = try text(item, "value", Limits.emailLength, of: "emails"),
                EmailAddress(value) != nil
            else {
                throw SCIMFault.bad(.invalidValue, "emails.value: is not an e-mail address.")
            }
            return ProvisionedTerms.Email(
                value: value,
                type: try text(item, "type", Limits.emailTypeLength, of: "emails"),
                isPrimary: item["primary"].map { $0 == true }
            )
        }
        guard emails.count(where: { $0.isPrimary == true }) <= 1 else {
            throw SCIMFault.bad(.invalidValue, "emails: only one can be primary.")
        }
        return emails
    }

    static func text(
        _ members: [String: JSONValue],
        _ name: String,
        _ length: ClosedRange<Int>,
        of whole: String? = nil
    ) throws -> String? {
        guard case .string(let text)? = members[name],
            text.contains(where: { !$0.isWhitespace })
        else { return nil }
        let field = whole.map { "\($0).\(name)" } ?? name
        return try Text.check(text, field: field, length: length)
    }

    /// The members that a directory says.
    static func members(of terms: ProvisionedTerms) -> [String: JSONValue] {
        var members: [String: JSONValue] = ["userName": .string(terms.userName)]
        members["externalId"] = terms.externalID.map { .string($0) }
        members["displayName"] = terms.displayName.map { .string($0) }
        members["active"] = terms.isActive.map { .bool($0) }
        var name: [String: JSONValue] = [:]
        name["formatted"] = terms.formattedName.map { .string($0) }
        name["givenName"] = terms.givenName.map { .string($0) }
        name["familyName"] = terms.familyName.map { .string($0) }
        if !name.isEmpty { members["name"] = .object(name) }
        if !terms.emails.isEmpty {
            members["emails"] = .array(
                terms.emails.map { email in
                    var parts: [String: JSONValue] = ["value": .string(email.value)]
                    parts["type"] = email.type.map { .string($0) }
                    parts["primary"] = email.isPrimary.map { .bool($0) }
                    return .object(parts)
                }
            )
        }
        return members
    }

    /// The whole resource below `base`, with its version.
    static func resource(_ person: ProvisionedPerson, under base: String) throws
        -> SCIMResource
    {
        var members = members(of: person.terms)
        if !person.groups.isEmpty {
            members["groups"] = .array(
                person.groups.map { group in
                    [
                        "value": .string(group.id.text),
                        "$ref": .string("\(base)/Groups/\(group.id)"),
                        "display": .string(group.displayName),
                    ]
                }
            )
        }
        return try SCIMResource(
            .user,
            id: person.person.id.text,
            members: members,
            created: person.createdAt,
            changed: person.changedAt,
            under: base
        )
    }
}

/// A group as a resource, and back.
enum GroupForm {
    static func terms(of members: [String: JSONValue]) throws -> ProvisionedGroupTerms {
        guard let name = try UserForm.text(members, "displayName", Limits.groupNameLength) else {
            throw SCIMFault.bad(.invalidValue, "displayName: is missing.")
        }
        return ProvisionedGroupTerms(
            displayName: name,
            externalID: try UserForm.text(members, "externalId", Limits.externalIDLength),
            members: Set(try (members["members"]?.elements ?? []).map(member))
        )
    }

    private static func member(_ item: [String: JSONValue]) throws -> PersonID {
        if case .string(let type)? = item["type"], type.lowercased() != "user" {
            throw SCIMFault.bad(
                .invalidValue,
                "members.type: only users are kept as members; groups within groups are not."
            )
        }
        guard case .string(let text)? = item["value"] else {
            throw SCIMFault.bad(.invalidValue, "members.value: is missing.")
        }
        guard let id = PersonID(text) else {
            throw SCIMFault.bad(.invalidValue, "members: there is no such user.")
        }
        return id
    }

    static func members(of group: ProvisionedGroup, under base: String) -> [String: JSONValue] {
        var members: [String: JSONValue] = ["displayName": .string(group.displayName)]
        members["externalId"] = group.externalID.map { .string($0) }
        if !group.members.isEmpty {
            members["members"] = .array(
                group.members.sorted().map { person in
                    [
                        "value": .string(person.text),
                        "$ref": .string("\(base)/Users/\(person)"), "type": "User",
                    ]
                }
            )
        }
        return members
    }

    static func resource(_ group: ProvisionedGroup, under base: String) throws -> SCIMResource {
        try SCIMResource(
            .group,
            id: group.id.text,
            members: members(of: group, under: base),
            created: group.createdAt,
            changed: group.changedAt,
            under: base
        )
    }
}
