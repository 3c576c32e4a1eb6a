import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import LockboxDomain
import LockboxHTTP
import LockboxPorts
import LockboxService
import LockboxWire
import NIOCore

/// A body that was read whole, with what makes a retry recognisable.
struct ReadBody<Value> {
    let value: Value
    let key: CommandKey?
}

extension Request {
    /// Reads a JSON body strictly: the right media type, within the limit, no member that is not
    /// known.
    func json<Body: KnownMembers>(_ type: Body.Type, optional: Body? = nil) async throws
        -> ReadBody<Body>
    {
        try await read(Strict<Body>.self, optional: optional) { $0.body }
    }

    /// The same of a body of a standard that wants members to be passed over that are not known.
    func openJSON<Body: Decodable>(_ type: Body.Type, optional: Body? = nil) async throws
        -> ReadBody<Body>
    {
        try await read(type, optional: optional) { $0 }
    }

    private func read<Sent: Decodable, Body>(
        _ type: Sent.Type,
        optional: Body?,
        _ body: (Sent) -> Body
    ) async throws -> ReadBody<Body> {
        let data = try await bytes()
        let key = try commandKey(data)
        if data.isEmpty, let optional { return ReadBody(value: optional, key: key) }
        guard headers.mediaType == "application/json" else {
            throw BoundaryError.wrongMediaType(expected: "application/json")
        }
        if headers.foreignCharset != nil {
            throw BoundaryError.malformedBody(
                "Content-Type: names another charset than UTF-8, the only one that JSON has.",
                field: "Content-Type"
            )
        }
        return ReadBody(value: body(try Self.decoded(data, as: type)), key: key)
    }

    /// Reads JSON as all readers read it.
    static func decoded<Body: Decodable>(_ data: Data, as type: Body.Type) throws -> Body {
        do {
            try StrictJSON.check(data)
            return try JSONDecoder().decode(type, from: data)
        } catch let fault as JSONFault {
            let field = fault.field.map(ProblemAnswer.shown)
            throw BoundaryError.malformedBody(fault.sentence(naming: field), field: field)
        } catch let unknown as UnknownMember {
            throw BoundaryError.unknownMember(path: unknown.path)
        } catch let error as DecodingError {
            throw BoundaryError(error)
        }
    }

    func bytes() async throws -> Data {
        if let length = headers[.contentLength].flatMap(Int.init), length > APILimits.bodyBytes {
            throw BoundaryError.bodyTooLarge
        }
        do {
            return Data(try await body.collect(upTo: APILimits.bodyBytes).readableBytesView)
        } catch is NIOTooManyBytesError {
            throw BoundaryError.bodyTooLarge
        }
    }

    /// The caller's `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header; the bare form is
    /// taken too), bound to what is sent with it.
    private func commandKey(_ body: Data) throws -> CommandKey? {
        guard let field = HTTPField.Name("Idempotency-Key"), var text = headers[field] else {
            return nil
        }
        if text.count >= 2, text.hasPrefix("\""), text.hasSuffix("\"") {
            text = String(text.dropFirst().dropLast())
        }
        guard APILimits.idempotencyKeyLength.contains(text.utf8.count),
            text.utf8.allSatisfy({ (33...126).contains($0) })
        else {
            throw BoundaryError.badParameter(
                "Idempotency-Key",
                expected: "1 to 255 visible ASCII characters"
            )
        }
        var hasher = SHA256()
        hasher.update(data: Data("\(method.rawValue) \(uri.path)\n".utf8))
        hasher.update(data: body)
        return CommandKey(key: text, payloadHash: Array(hasher.finalize()))
    }

    /// What is said of the version that was read: in `If-Match` (RFC 9110 §13.1.1), as the member
    /// `version` of the body, or both; nil where neither is there.
    func matchedVersion(orBody version: Int?) throws -> VersionCondition? {
        // Of what is changed here there is always something already (RFC 9110 §13.1.2).
        let isNew = headers[.ifNoneMatch].flatMap(EntityTags.init) == .any
        let conditions = [
            isNew ? .oneOf([]) : nil, version.map(VersionCondition.exactly), try sentVersions(),
        ]
        return conditions.compactMap { $0 }.reduce(nil) { $0.map($1.and) ?? $1 }
    }

    /// Refuses to show another version than those that `If-Match` names, if it is there.
    func requireMatch(_ version: Int) throws {
        guard try sentVersions()?.holds(for: version) ?? true else {
            throw Refusal.stale(current: version)
        }
    }

    private func sentVersions() throws -> VersionCondition? {
        guard let text = headers[.ifMatch] else { return nil }
        guard let tags = EntityTags(text) else {
            throw BoundaryError.badParameter(
                "If-Match",
                expected: #"a list of entity tags such as "v3", or *"#
            )
        }
        return tags.versions
    }

    // MARK: - Query

    func parameter(_ name: String) throws -> String? {
        let all = uri.queryParameters[values: name[...]].map(String.init)
        guard all.count <= 1 else { throw BoundaryError.badParameter(name, expected: "given once") }
        if let text = all.first,
            text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        {
            throw BoundaryError.badParameter(name, expected: "free of control characters")
        }
        return all.first
    }

    func number(_ name: String) throws -> UInt64? {
        guard let text = try parameter(name) else { return nil }
        // Digits only: `+1` is no number of JSON either.
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let number = UInt64(text), number <= UInt64(Int64.max)
        else {
            throw BoundaryError.badParameter(name, expected: "a whole number")
        }
        return number
    }

    func flag(_ name: String) throws -> Bool? {
        switch try parameter(name) {
        case nil: nil
        case "true": true
        case "false": false
        case _: throw BoundaryError.badParameter(name, expected: "true or false")
        }
    }

    func instant(_ name: String) throws -> Timestamp? {
        guard let text = try parameter(name) else { return nil }
        guard let instant = Timestamp(text) else {
            throw BoundaryError.badParameter(name, expected: "a time such as 2026-11-23T20:15:00Z")
        }
        return instant
    }

    /// For lists that come whole: takes the same parameters as the others, but there is no later
    /// page to ask for.
    func wholeList() throws {
        guard try page().cursor == nil else {
            throw BoundaryError.badParameter("cursor", expected: "needed: this list has one page")
        }
    }

    func page() throws -> ListPage {
        let limit = try number("limit") ?? UInt64(APILimits.defaultPageSize)
        guard limit <= Int.max, APILimits.pageSizes.contains(Int(limit)) else {
            throw BoundaryError.badParameter(
                "limit",
                expected: "from 1 to \(APILimits.pageSizes.upperBound)"
            )
        }
        return ListPage(limit: Int(limit), cursor: try parameter("cursor"))
    }
}

extension EntityTags {
    /// What the version must be where these came in `If-Match`. Tags are compared strongly
    /// (RFC 9110 §13.1.1): a weak one names none, and nor does one that is not of ours.
    fileprivate var versions: VersionCondition {
        switch self {
        case .any: .any
        case .list(let tags):
            .oneOf(
                Set(
                    tags.filter { !$0.isWeak }.compactMap {
                        VersionTag.version(Substring($0.opaque))
                    }
                )
            )
        }
    }
}

extension BoundaryError {
    init(_ error: DecodingError) {
        switch error {
        case .keyNotFound(let key, let context):
            let path = memberPath(context.codingPath + [key])
            self = .malformedBody("\(path): is missing.", field: path)
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            let path = memberPath(context.codingPath)
            self = .malformedBody(
                path.isEmpty ? "The body is not a JSON object." : "\(path): has the wrong type.",
                field: path.isEmpty ? nil : path
            )
        case .dataCorrupted: self = .malformedBody("The body is not valid JSON.", field: nil)
        @unknown default: self = .malformedBody("The body is not valid JSON.", field: nil)
        }
    }
}

extension Parameters {
    /// A part of the path, decoded; Hummingbird leaves percent signs as they are.
    func text(_ name: String) throws -> String {
        guard let raw = get(name), let text = raw.removingPercentEncoding else {
            throw BoundaryError.noSuchPage
        }
        return text
    }
}
