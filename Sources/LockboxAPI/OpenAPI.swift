import Foundation
import LockboxHTTP
import LockboxWire
import Synchronization

/// The API as an OpenAPI 3.1 document: paths and parameters from the routes, schemas from
/// `Resources/schemas.json`, which tests hold against the types of `LockboxWire` and the limits.
final class OpenAPIDocument: Sendable {
    private let paths: JSONValue
    private let parameters: JSONValue
    private let text = Mutex<String?>(nil)

    init(of routes: [Route]) {
        paths = routes.paths(standard: Caller.standard)
        parameters = routes.parameterComponents
    }

    /// The document; written once.
    func json() throws -> String {
        if let known = text.withLock({ $0 }) { return known }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let written = String(decoding: try encoder.encode(try document()), as: UTF8.self) + "\n"
        text.withLock { $0 = written }
        return written
    }

    private func document() throws -> JSONValue {
        [
            "openapi": "3.1.0",
            "info": [
                "title": "Lockbox", "version": "1.0.0",
                "summary": "Nobody reaches a customer's data without the customer's yes.",
                "description": .string(Self.description),
                "license": ["name": "Apache-2.0", "identifier": "Apache-2.0"],
            ],
            "servers": [["url": "/"]],
            "security": [.object([Caller.standard: []])],
            "tags": .array(Tag.allCases.map { ["name": .string($0.rawValue)] }),
            "paths": paths,
            "components": [
                "securitySchemes": [
                    "token": [
                        "type": "http", "scheme": "bearer",
                        "description": "An API token (`lbx_…`).",
                    ],
                    "client": [
                        "type": "http", "scheme": "basic", "description": "A registered service.",
                    ],
                ],
                "parameters": parameters,
                "responses": Self.responses,
                "schemas": .object(try Self.schemas()),
            ],
        ]
    }

    private static let description =
        "JSON in UTF-8. Times are RFC 3339 in UTC, durations ISO 8601. Whatever the caller may "
        + "not see looks exactly like what does not exist. A writing request with a member that "
        + "this document does not name is refused; answers may gain members."

    static func schemas() throws -> [String: JSONValue] {
        try JSONDecoder().decode(
            [String: JSONValue].self,
            from: Data(PackageResources.schemas_json)
        )
    }

    // MARK: - Refusals

    /// The problem documents by status, and OAuth's own form of an error.
    private static var responses: JSONValue {
        var responses: [String: JSONValue] = [:]
        for (status, description) in problems {
            responses[status] = problem(description, headers: headers[status])
        }
        responses["OAuthProblem"] = [
            "description": "An OAuth error.",
            "content": ["application/json": ["schema": .schema("OAuthError")]],
        ]
        responses["Message"] = [
            "description": "What is wrong, in words.",
            "content": ["text/plain": ["schema": ["type": "string"]]],
        ]
        return .object(responses)
    }

    private static func problem(_ description: String, headers: JSONValue?) -> JSONValue {
        var members: [String: JSONValue] = [
            "description": .string(description),
            "content": ["application/problem+json": ["schema": .schema("Problem")]],
        ]
        members["headers"] = headers
        return .object(members)
    }

    private static let problems = [
        "400": "Malformed: JSON, an unknown member, a wrong type, or a bad parameter.",
        "401": "No valid API token.",
        "403": "The caller may not do this.",
        "404": "There is no such thing, or it is none of the caller's business.",
        "406": "None of the types in Accept is available.",
        "409": "The present state does not allow it.",
        "410": "It is too late for this: what was sent, or what was asked for, is over.",
        "411": "The body has no length.",
        "412": "The thing has changed since it was read.",
        "413": "The body is larger than \(APILimits.bodyBytes / 1024) KiB.",
        "415": "The body is not of the type asked for.",
        "422": "A value breaks a rule or names something unknown, or the Idempotency-Key was used "
            + "for another request.",
        "428": "If-Match is missing.",
        "429": "Too many requests, at once or within a day.",
        "503": "Lockbox cannot answer now; nothing was changed.",
        "default": "Any other problem.",
    ]

    private static let headers: [String: JSONValue] = [
        "401": ["WWW-Authenticate": ["schema": ["type": "string"]]],
        "429": retryAfter,
        "503": retryAfter,
    ]

    private static let retryAfter: JSONValue = [
        "Retry-After": ["description": "Seconds to wait.", "schema": ["type": "string"]]
    ]
}
