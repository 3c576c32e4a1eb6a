import LockboxWire

/// Changes of one resource, which are made together or not at all (RFC 7644 §3.5.2).
struct SCIMPatch: Sendable {
    enum Verb: String, Sendable {
        case add, remove, replace
    }

    struct Operation: Sendable {
        let verb: Verb
        let path: String?
        let value: JSONValue?
    }

    private static let message = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

    let operations: [Operation]

    init(_ body: JSONValue) throws {
        guard case .object(let sent) = body else {
            throw SCIMFault.bad(.invalidSyntax, "The body is not a JSON object.")
        }
        let members = try Self.lowercased(sent, known: ["schemas", "operations"])
        guard case .array(let schemas) = members["schemas"], schemas.contains(.string(Self.message))
        else { throw SCIMFault.bad(.invalidSyntax, "schemas: does not name \(Self.message).") }
        guard case .array(let list) = members["operations"], !list.isEmpty else {
            throw SCIMFault.bad(.invalidSyntax, "Operations: is no list of operations.")
        }
        guard list.count <= SCIMLimits.operationsPerPatch else {
            throw SCIMFault.bad(
                .tooMany,
                "Operations: at most \(SCIMLimits.operationsPerPatch) are done at once."
            )
        }
        operations = try list.enumerated().map { try Self.operation($1, at: $0) }
    }

    private static func operation(_ sent: JSONValue, at place: Int) throws -> Operation {
        guard case .object(let sent) = sent else {
            throw SCIMFault.bad(.invalidSyntax, "Operations[\(place)]: is not a JSON object.")
        }
        let members = try lowercased(sent, known: ["op", "path", "value"])
        // Entra ID writes them with a capital.
        guard case .string(let op) = members["op"], let verb = Verb(rawValue: op.lowercased())
        else {
            throw SCIMFault.bad(
                .invalidSyntax,
                "Operations[\(place)].op: is not add, remove or replace."
            )
        }
        var path: String?
        switch members["path"] {
        case nil, .null: break
        case .string(let text): path = text
        case .bool, .integer, .array, .object:
            throw SCIMFault.bad(.invalidPath, "Operations[\(place)].path: is not a text.")
        }
        if verb != .remove, members["value"] == nil {
            throw SCIMFault.bad(.invalidValue, "Operations[\(place)].value: is missing.")
        }
        return Operation(verb: verb, path: path, value: members["value"])
    }

    private static func lowercased(_ sent: [String: JSONValue], known: Set<String>) throws
        -> [String: JSONValue]
    {
        var members: [String: JSONValue] = [:]
        for (name, value) in sent {
            guard known.contains(name.lowercased()) else {
                throw SCIMFault.bad(
                    .invalidSyntax,
                    "\(SCIMFault.shown(name)): there is no such member."
                )
            }
            guard members.updateValue(value, forKey: name.lowercased()) == nil else {
                throw SCIMFault.bad(.invalidSyntax, "\(SCIMFault.shown(name)): is there twice.")
            }
        }
        return members
    }

    /// `resource`, whose members stand under the schema's names, after all operations.
    func applied(to resource: [String: JSONValue], of schema: ResourceSchema) throws
        -> [String: JSONValue]
    {
        var change = PatchedResource(members: resource, schema: schema)
        for operation in operations { try change.apply(operation) }
        return change.members
    }
}

private struct PatchedResource {
    var members: [String: JSONValue]
    let schema: ResourceSchema

    private var body: ResourceBody { ResourceBody(schema: schema) }

    mutating func apply(_ operation: SCIMPatch.Operation) throws {
        if let path = operation.path {
            return try apply(operation.verb, path, operation.value)
        }
        guard operation.verb != .remove else {
            throw SCIMFault.bad(.noTarget, "remove: needs a path.")
        }
        guard case .object(let values) = operation.value else {
            throw SCIMFault.bad(.invalidValue, "Without a path the value is an object.")
        }
        // Okta repeats the identifier; Entra ID writes paths in place of names.
        for (name, value) in values.sorted(by: { $0.key < $1.key })
        where !["id", "schemas", "meta"].contains(name.lowercased()) {
            try apply(operation.verb, name, value)
        }
    }

    private mutating func apply(_ verb: SCIMPatch.Verb, _ text: String, _ value: JSONValue?) throws
    {
        let path = try FilterReader.path(text, of: schema)
        guard case .kept(let attribute, let part) = path.found else { return }
        guard attribute.mutability != .readOnly else {
            throw SCIMFault.bad(.mutability, "\(attribute.name): only Lockbox says it.")
        }
        if let filter = path.filter {
            return try applyChosen(verb, attribute, part, filter, value)
        }
        switch verb {
        case .remove: try remove(attribute, part, value)
        case .add, .replace: try set(verb, attribute, part, value ?? .null)
        }
    }

    // MARK: - Whole attributes, and parts

    private mutating func remove(
        _ attribute: Attribute,
        _ part: Attribute?,
        _ value: JSONValue?
    ) throws {
        guard !attribute.isRequired else {
            throw SCIMFault.bad(.mutability, "\(attribute.name): is needed, and cannot be removed.")
        }
        if let part {
            guard !attribute.isMultiValued else { throw unclear(attribute) }
            try change(attribute) { $0[part.name] = nil }
        } else if attribute.isMultiValued, let value, value != .null {
            // Entra ID names the values that are to go in place of a filter.
            guard case .array(let gone)? = try body.value(value, of: attribute) else { return }
            let names = Set(gone.map(Self.identity))
            keep(attribute) { !names.contains(Self.identity($0)) }
        } else {
            members[attribute.name] = nil
        }
    }

    private mutating func set(
        _ verb: SCIMPatch.Verb,
        _ attribute: Attribute,
        _ part: Attribute?,
        _ value: JSONValue
    ) throws {
        if let part {
            guard !attribute.isMultiValued else { throw unclear(attribute) }
            let new = try body.value(value, of: part)
            return try change(attribute) { $0[part.name] = new }
        }
        let new = try body.value(value, of: attribute)
        guard let new else {
            if verb == .replace { try remove(attribute, nil, nil) }
            return
        }
        switch (verb, new) {
        case (.add, .array(let more)): add(more, to: attribute)
        // What is not named of a value with parts stays as it is (§3.5.2.1, §3.5.2.3).
        case (.add, .object(let parts)), (.replace, .object(let parts)):
            try change(attribute) { $0.merge(parts) { _, new in new } }
        case (.add, _), (.replace, _), (.remove, _): members[attribute.name] = new
        }
    }

    private mutating func add(_ more: [JSONValue], to attribute: Attribute) {
        var values = items(of: attribute)
        if more.contains(where: Self.isPrimary) { values = values.map(Self.notPrimary) }
        let names = Set(more.map(Self.identity))
        values.removeAll { names.contains(Self.identity($0)) }
        members[attribute.name] = .array(values + more)
    }

    // MARK: - Some of the values

    private mutating func applyChosen(
        _ verb: SCIMPatch.Verb,
        _ attribute: Attribute,
        _ part: Attribute?,
        _ filter: SCIMFilter,
        _ value: JSONValue?
    ) throws {
        func isChosen(_ item: JSONValue) -> Bool {
            if case .object(let parts) = item { filter.holds(for: parts) } else { false }
        }
        let isThere = items(of: attribute).contains(where: isChosen)
        if verb == .remove {
            if let part {
                map(attribute) { isChosen($0) ? Self.with(part, nil, $0) : $0 }
            } else {
                keep(attribute) { !isChosen($0) }
            }
            return
        }
        let new =
            try part.map { try body.value(value ?? .null, of: $0) }
            ?? body.value(value ?? .null, of: attribute)
        if isThere {
            map(attribute) { item in
                guard isChosen(item) else { return item }
                if let part { return Self.with(part, new, item) }
                guard case .array(let given)? = new, given.count == 1 else { return item }
                return Self.merged(item, given[0])
            }
            return
        }
        // Entra ID adds an address of a kind by naming the kind in a filter.
        guard verb == .add, let part, let new, var made = filter.equalities else {
            throw SCIMFault.bad(.noTarget, "\(attribute.name): has no such value.")
        }
        made[part.name] = new
        guard case .array(let values)? = try body.value(.array([.object(made)]), of: attribute)
        else { return }
        add(values, to: attribute)
    }

    // MARK: - Values

    private func items(of attribute: Attribute) -> [JSONValue] {
        if case .array(let items)? = members[attribute.name] { items } else { [] }
    }

    private mutating func map(_ attribute: Attribute, _ body: (JSONValue) -> JSONValue) {
        members[attribute.name] = .array(items(of: attribute).map(body))
    }

    private mutating func keep(_ attribute: Attribute, _ isKept: (JSONValue) -> Bool) {
        let kept = items(of: attribute).filter(isKept)
        members[attribute.name] = kept.isEmpty ? nil : .array(kept)
    }

    /// Changes the parts of an attribute that has one value.
    private mutating func change(
        _ attribute: Attribute,
        _ body: (inout [String: JSONValue]) throws -> Void
    ) throws {
        var parts: [String: JSONValue] = [:]
        if case .object(let present)? = members[attribute.name] { parts = present }
        try body(&parts)
        members[attribute.name] = parts.isEmpty ? nil : .object(parts)
    }

    private func unclear(_ attribute: Attribute) -> SCIMFault {
        .bad(
            .invalidPath,
            "\(attribute.name): has several values; a filter must say which is meant."
        )
    }

    /// What a value is told from others by.
    private static func identity(_ item: JSONValue) -> JSONValue {
        if case .object(let parts) = item, let value = parts["value"] {
            if case .string(let text) = value { return .string(text.lowercased()) }
            return value
        }
        return item
    }

    private static func isPrimary(_ item: JSONValue) -> Bool {
        if case .object(let parts) = item { parts["primary"] == true } else { false }
    }

    private static func notPrimary(_ item: JSONValue) -> JSONValue {
        guard case .object(var parts) = item, parts["primary"] == true else { return item }
        parts["primary"] = false
        return .object(parts)
    }

    private static func with(_ part: Attribute, _ value: JSONValue?, _ item: JSONValue)
        -> JSONValue
    {
        guard case .object(var parts) = item else { return item }
        parts[part.name] = value
        return .object(parts)
    }

    private static func merged(_ item: JSONValue, _ new: JSONValue) -> JSONValue {
        guard case .object(let parts) = item, case .object(let more) = new else { return new }
        return .object(parts.merging(more) { _, new in new })
    }
}
