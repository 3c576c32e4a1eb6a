import LockboxDomain
import LockboxWire

/// What is sent of a resource, brought to the names and types of its schema.
struct ResourceBody {
    let schema: ResourceSchema

    /// The members that are kept, by their names as the schema writes them. Those that only Lockbox says
    /// and those of the standard that it does not keep are passed over (RFC 7644 §3.3, §3.5.1).
    func members(of body: JSONValue) throws -> [String: JSONValue] {
        guard case .object(let sent) = body else {
            throw SCIMFault.bad(.invalidSyntax, "The body is not a JSON object.")
        }
        guard let schemas = sent.first(where: { $0.key.lowercased() == "schemas" })?.value,
            case .array(let names) = schemas,
            names.contains(where: {
                if case .string(let name) = $0 {
                    name.lowercased() == schema.id.lowercased()
                } else {
                    false
                }
            })
        else { throw SCIMFault.bad(.invalidSyntax, "schemas: does not name \(schema.id).") }
        var members: [String: JSONValue] = [:]
        var seen: Set<String> = []
        for (name, value) in sent.sorted(by: { $0.key < $1.key }) {
            guard seen.insert(name.lowercased()).inserted else {
                throw SCIMFault.bad(.invalidSyntax, "\(SCIMFault.shown(name)): is there twice.")
            }
            switch schema.find(name) {
            case nil:
                throw SCIMFault.bad(
                    .invalidSyntax,
                    "\(SCIMFault.shown(name)): there is no such attribute."
                )
            case .notKept: continue
            case .kept(let attribute, nil):
                if attribute.mutability == .readOnly { continue }
                if let value = try self.value(value, of: attribute) {
                    members[attribute.name] = value
                }
            case .kept:
                throw SCIMFault.bad(
                    .invalidSyntax,
                    "\(SCIMFault.shown(name)): is a path, and no member."
                )
            }
        }
        return members
    }

    /// `value` as the attribute holds it; nil where there is none (RFC 7643 §2.5).
    func value(_ value: JSONValue, of attribute: Attribute) throws -> JSONValue? {
        if value == .null { return nil }
        guard attribute.isMultiValued else { return try single(value, of: attribute) }
        let items = if case .array(let items) = value { items } else { [value] }
        let values = try items.compactMap { try single($0, of: attribute) }
        return values.isEmpty ? nil : .array(values)
    }

    private func single(_ value: JSONValue, of attribute: Attribute) throws -> JSONValue? {
        switch (attribute.kind, value) {
        case (_, .null): return nil
        case (.complex, .object(let sent)): return try complex(sent, of: attribute)
        case (.boolean, .bool): return value
        // Entra ID writes "True" and "False".
        case (.boolean, .string(let text)) where ["true", "false"].contains(text.lowercased()):
            return .bool(text.lowercased() == "true")
        case (.string, .string(let text)), (.reference, .string(let text)),
            (.dateTime, .string(let text)):
            return text.isEmpty ? nil : value
        // Older directories wrap the value of an attribute that has one alone.
        case (.boolean, .array(let items)), (.string, .array(let items)):
            guard !attribute.isMultiValued, items.count == 1, case .object(let only) = items[0],
                let inner = only["value"]
            else { throw wrongType(attribute) }
            if case .array = inner { throw wrongType(attribute) }
            return try single(inner, of: attribute)
        case (.boolean, _), (.string, _), (.complex, _), (.reference, _), (.dateTime, _),
            (.integer, _):
            throw wrongType(attribute)
        }
    }

    private func complex(_ sent: [String: JSONValue], of attribute: Attribute) throws
        -> JSONValue?
    {
        var parts: [String: JSONValue] = [:]
        for (name, value) in sent {
            guard let part = attribute.part(name) else {
                let path = "\(attribute.name).\(name)"
                guard ResourceSchema.partsNotKept.contains(path.lowercased()) else {
                    throw SCIMFault.bad(
                        .invalidSyntax,
                        "\(SCIMFault.shown(path)): there is no such attribute."
                    )
                }
                continue
            }
            guard parts[part.name] == nil else {
                throw SCIMFault.bad(.invalidSyntax, "\(SCIMFault.shown(name)): is there twice.")
            }
            parts[part.name] = try self.value(value, of: part)
        }
        return parts.isEmpty ? nil : .object(parts)
    }

    private func wrongType(_ attribute: Attribute) -> SCIMFault {
        .bad(.invalidValue, "\(attribute.name): has the wrong type; \(attribute.kind) is expected.")
    }
}
