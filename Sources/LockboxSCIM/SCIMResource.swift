import Crypto
import Foundation
import LockboxDomain
import LockboxWire
import MerkleLog

/// A resource as it is shown, with the tag of its version.
struct SCIMResource: Sendable {
    let members: [String: JSONValue]
    /// An entity tag, strong: over all that is shown.
    let tag: String
    let location: String

    init(
        _ schema: ResourceSchema,
        id: String,
        members shown: [String: JSONValue],
        created: Timestamp?,
        changed: Timestamp?,
        under base: String
    ) throws {
        location = "\(base)\(schema.endpoint)/\(id)"
        var members = shown
        members["schemas"] = .array([.string(schema.id)])
        members["id"] = .string(id)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let digest = SHA256.hash(data: try encoder.encode(JSONValue.object(members)))
        tag = "\"\(Hex.encode(Array(digest.prefix(12))))\""
        var meta: [String: JSONValue] = [
            "resourceType": .string(schema.name), "location": .string(location),
            "version": .string(tag),
        ]
        meta["created"] = created.map { .string($0.description) }
        meta["lastModified"] = changed.map { .string($0.description) }
        members["meta"] = .object(meta)
        self.members = members
    }
}

/// Which attributes of resources are answered (RFC 7644 §3.4.2.5).
struct Projection: Sendable {
    private enum Chosen {
        case all
        case only([[String]])
        case allBut([[String]])
    }

    private let chosen: Chosen

    init(_ query: SCIMQuery, of schemas: [ResourceSchema]) throws {
        switch (query.attributes, query.excluded) {
        case (nil, nil): chosen = .all
        case (let names?, nil): chosen = .only(try Self.paths(names, schemas))
        case (nil, let names?): chosen = .allBut(try Self.paths(names, schemas))
        case (_?, _?):
            throw SCIMFault.bad(
                .invalidValue,
                "attributes: cannot be given together with excludedAttributes."
            )
        }
    }

    private static func paths(_ names: [String], _ schemas: [ResourceSchema]) throws
        -> [[String]]
    {
        guard names.count <= SCIMLimits.attributesPerList else {
            throw SCIMFault.bad(
                .tooMany,
                "attributes: at most \(SCIMLimits.attributesPerList) can be named."
            )
        }
        return try names.flatMap { name in
            let found = schemas.compactMap { $0.find(name) }
            guard !found.isEmpty else {
                throw SCIMFault.bad(
                    .invalidValue,
                    "\(SCIMFault.shown(name)): there is no such attribute."
                )
            }
            return found.compactMap { one -> [String]? in
                guard case .kept(let attribute, let part) = one else { return nil }
                return [attribute.name] + (part.map { [$0.name] } ?? [])
            }
        }
    }

    func shown(_ resource: SCIMResource) -> JSONValue {
        let always = ResourceSchema.common.filter(\.isAlwaysReturned).map(\.name)
        switch chosen {
        case .all: return .object(resource.members)
        case .only(let paths):
            var shown = resource.members.filter { always.contains($0.key) }
            for path in paths {
                guard let value = resource.members[path[0]] else { continue }
                if path.count == 1 {
                    shown[path[0]] = value
                } else if shown[path[0]] == nil {
                    let parts = Set(
                        paths.filter { $0.count == 2 && $0[0] == path[0] }.map { $0[1] }
                    )
                    shown[path[0]] = value.parts { parts.contains($0) }
                }
            }
            return .object(shown)
        case .allBut(let paths):
            var shown = resource.members
            for path in paths where !always.contains(path[0]) {
                shown[path[0]] =
                    path.count == 1 ? nil : shown[path[0]]?.parts { $0 != path[1] }
            }
            return .object(shown)
        }
    }
}

extension JSONValue {
    /// An object, or each of several, with some of its members.
    fileprivate func parts(_ isShown: (String) -> Bool) -> JSONValue {
        switch self {
        case .object(let members): .object(members.filter { isShown($0.key) })
        case .array(let items): .array(items.map { $0.parts(isShown) })
        case .null, .bool, .integer, .string: self
        }
    }
}
