import Hummingbird
import LockboxDomain
import LockboxHTTP
import LockboxWire

/// What a list is asked for by (RFC 7644 §3.4.2, §3.4.3).
struct SCIMQuery: Sendable {
    let filter: String?
    /// From 1.
    let start: Int
    let count: Int
    let attributes: [String]?
    let excluded: [String]?

    private static let message = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"

    /// As the query of a request says.
    init(_ request: Request) throws {
        let sent = try Self.parameters(of: request)
        func one(_ name: String) throws -> String? {
            let all = sent.filter { $0.name == name }.map(\.value)
            guard all.count <= 1 else {
                throw SCIMFault.bad(.invalidValue, "\(name): is given twice.")
            }
            return all.first
        }
        func number(_ name: String) throws -> Int? {
            guard let text = try one(name) else { return nil }
            guard text.utf8.count <= 10, let number = Int(text) else {
                throw SCIMFault.bad(.invalidValue, "\(name): is not a whole number.")
            }
            return number
        }
        func names(_ name: String) throws -> [String]? {
            try one(name)?.split(separator: ",").map { String($0.filter { $0 != " " }) }
        }
        try Self.refuseSorting(try one("sortBy") ?? one("sortOrder"))
        try self.init(
            filter: try one("filter"),
            start: try number("startIndex"),
            count: try number("count"),
            attributes: try names("attributes"),
            excluded: try names("excludedAttributes")
        )
    }

    /// Written as forms are: `userName+eq+"a"` and `userName%20eq%20"a"` are one filter, as directories differ.
    private static func parameters(of request: Request) throws -> [(name: String, value: String)] {
        try (request.uri.query ?? "").split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                .map { PercentEncoding.decode($0.utf8, plusIsSpace: true) }
            guard let name = parts[0], let value = parts.count == 2 ? parts[1] : "" else {
                throw SCIMFault.bad(.invalidValue, "The query is not percent-encoded UTF-8.")
            }
            return (name, value)
        }
    }

    /// As a message says.
    init(_ body: JSONValue) throws {
        guard case .object(let members) = body else {
            throw SCIMFault.bad(.invalidSyntax, "The body is not a JSON object.")
        }
        guard case .array(let schemas)? = members["schemas"],
            schemas.contains(.string(Self.message))
        else { throw SCIMFault.bad(.invalidSyntax, "schemas: does not name \(Self.message).") }
        let known = [
            "schemas", "filter", "startIndex", "count", "attributes", "excludedAttributes",
            "sortBy",
            "sortOrder",
        ]
        if let name = members.keys.sorted().first(where: { !known.contains($0) }) {
            throw SCIMFault.bad(
                .invalidSyntax,
                "\(SCIMFault.shown(name)): there is no such member."
            )
        }
        func wrong(_ name: String) -> SCIMFault {
            .bad(.invalidValue, "\(name): has the wrong type.")
        }
        func number(_ name: String) throws -> Int? {
            switch members[name] {
            case nil, .null: nil
            case .integer(let number): Int(clamping: number)
            case .bool, .string, .array, .object: throw wrong(name)
            }
        }
        func text(_ value: JSONValue, _ name: String) throws -> String {
            guard case .string(let text) = value else { throw wrong(name) }
            return text
        }
        func names(_ name: String) throws -> [String]? {
            switch members[name] {
            case nil, .null: nil
            case .array(let items): try items.map { try text($0, name) }
            case .bool, .integer, .string, .object: throw wrong(name)
            }
        }
        func only(_ name: String) throws -> String? {
            guard let value = members[name], value != .null else { return nil }
            return try text(value, name)
        }
        try Self.refuseSorting(try only("sortBy") ?? only("sortOrder"))
        try self.init(
            filter: try only("filter"),
            start: try number("startIndex"),
            count: try number("count"),
            attributes: try names("attributes"),
            excluded: try names("excludedAttributes")
        )
    }

    private init(
        filter: String?,
        start: Int?,
        count: Int?,
        attributes: [String]?,
        excluded: [String]?
    ) throws {
        self.filter = filter
        // What is too small is the least (RFC 7644 §3.4.2.4).
        self.start = max(1, start ?? 1)
        self.count = min(max(0, count ?? SCIMLimits.standardPage), SCIMLimits.largestPage)
        self.attributes = attributes
        self.excluded = excluded
    }

    private static func refuseSorting(_ sent: String?) throws {
        guard sent == nil else {
            throw SCIMFault.bad(.invalidValue, "sortBy: sorting is not supported.")
        }
    }

    /// A page of `found`, of which `show` makes what is answered.
    func page<Item>(of found: [Item], _ show: (Item) throws -> JSONValue) throws -> JSONValue {
        let items = try found.dropFirst(start - 1).prefix(count).map(show)
        return [
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": .integer(Int64(found.count)),
            "startIndex": .integer(Int64(start)),
            "itemsPerPage": .integer(Int64(items.count)),
            "Resources": .array(items),
        ]
    }
}
