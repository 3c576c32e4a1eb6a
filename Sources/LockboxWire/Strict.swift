/// A body that somebody sends to the server. The server refuses members it does not know: a
/// misspelt `notBefore` must not silently become "at once".
public protocol KnownMembers: Decodable {
    /// The names of all members.
    static var members: Set<String> { get }

    /// The members that are arrays of objects with known members themselves.
    static var nestedArrays: [String: any KnownMembers.Type] { get }
}

extension KnownMembers {
    /// None, unless a body says otherwise.
    public static var nestedArrays: [String: any KnownMembers.Type] { [:] }
}

/// A member that the body's type does not have.
public struct UnknownMember: Error, Hashable, Sendable, CustomStringConvertible {
    /// Where it stands, such as `resources[0].foo`.
    public let path: String

    public init(path: String) { self.path = path }

    public var description: String { "\(path): there is no such member" }
}

/// Decodes a `Body`, refusing unknown members with `UnknownMember`; otherwise as `Body` itself is
/// decoded.
public struct Strict<Body: KnownMembers>: Decodable {
    public let body: Body

    public init(from decoder: any Decoder) throws {
        try Strict.check(Body.self, in: decoder)
        body = try Body(from: decoder)
    }

    private static func check(_ type: any KnownMembers.Type, in decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: AnyKey.self)
        // Sorted, so that one body always gets the same answer.
        let keys = container.allKeys.sorted { $0.stringValue < $1.stringValue }
        if let unknown = keys.first(where: { !type.members.contains($0.stringValue) }) {
            throw UnknownMember(path: memberPath(decoder.codingPath + [unknown]))
        }
        for (name, elementType) in type.nestedArrays {
            let key = AnyKey(stringValue: name)
            guard container.contains(key), try !container.decodeNil(forKey: key) else { continue }
            var elements = try container.nestedUnkeyedContainer(forKey: key)
            while !elements.isAtEnd { try check(elementType, in: elements.superDecoder()) }
        }
    }
}

/// A place in a body as problem documents write it: `resources[0].id`. Takes the coding path of a
/// `DecodingError` too.
public func memberPath(_ codingPath: [any CodingKey]) -> String {
    codingPath.reduce(into: "") { path, key in
        if let index = key.intValue {
            path += "[\(index)]"
        } else {
            path += path.isEmpty ? key.stringValue : ".\(key.stringValue)"
        }
    }
}

/// Any member name.
struct AnyKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}
