package import HTTPTypes
import Hummingbird
package import LockboxWire

/// What the description of a door says of one thing that can be asked of it (OpenAPI 3.1 §4.8.10).
///
/// The parts that several operations share are named: the document holds each of them once, under
/// `components`.
package struct OperationDescription: Sendable {
    /// Whose word is needed, of which one is enough; none for nobody's.
    package let security: [Security]
    package let id: String
    package let tag: String
    package let summary: String
    package let description: String?
    /// As the document writes it, where that is not the route's own path.
    package let path: String?
    package let parameters: [Parameter]
    package let body: Body?
    package let answers: [Answer]
    package let refusals: [Refused]

    package init(
        id: String,
        tag: String,
        summary: String,
        description: String? = nil,
        path: String? = nil,
        security: [Security],
        parameters: [Parameter],
        body: Body?,
        answers: [Answer],
        refusals: [Refused]
    ) {
        self.id = id
        self.tag = tag
        self.summary = summary
        self.description = description
        self.path = path
        self.security = security
        self.parameters = parameters
        self.body = body
        self.answers = answers
        self.refusals = refusals
    }

    /// A security scheme by its name, and which scope there what is shown must have; nil for any.
    package struct Security: Hashable, Sendable {
        package let scheme: String
        package let scope: String?

        package init(_ scheme: String, scope: String? = nil) {
            self.scheme = scheme
            self.scope = scope
        }
    }

    /// Something that is sent beside the body.
    package struct Parameter: Sendable {
        package enum Place: String, Sendable {
            case path, query, header
        }

        /// Its name among the document's components; nil where only one operation has it.
        package let component: String?
        package let name: String
        package let place: Place
        package let description: String?
        package let isRequired: Bool
        /// With every limit that the server holds it to.
        package let schema: JSONValue

        package init(
            _ name: String,
            in place: Place,
            component: String? = nil,
            description: String? = nil,
            isRequired: Bool = false,
            schema: JSONValue
        ) {
            self.name = name
            self.place = place
            self.component = component
            self.description = description
            self.isRequired = isRequired || place == .path
            self.schema = schema
        }
    }

    package struct Body: Sendable {
        package let mediaType: String
        package let schema: JSONValue
        package let isRequired: Bool

        package init(_ mediaType: String, schema: JSONValue, isRequired: Bool = true) {
            self.mediaType = mediaType
            self.schema = schema
            self.isRequired = isRequired
        }
    }

    /// What comes back where nothing is in the way.
    package struct Answer: Sendable {
        package let status: HTTPResponse.Status
        package let description: String
        /// Fields of the head by name, as OpenAPI describes them.
        package let headers: [String: JSONValue]
        /// Schemas by media type.
        package let content: [String: JSONValue]

        package init(
            _ status: HTTPResponse.Status,
            _ description: String,
            headers: [String: JSONValue] = [:],
            content: [String: JSONValue] = [:]
        ) {
            self.status = status
            self.description = description
            self.headers = headers
            self.content = content
        }
    }

    /// One way to be refused: a status, or `default`, and the component that describes it.
    package struct Refused: Hashable, Sendable {
        package let status: String
        package let component: String

        package init(_ status: String, component: String? = nil) {
            self.status = status
            self.component = component ?? status
        }
    }
}

// MARK: - As OpenAPI writes it

extension OperationDescription {
    /// The Operation Object. `standard` is the security scheme that the document names for all.
    package func document(standard: String) -> JSONValue {
        var members: [String: JSONValue] = [
            "operationId": .string(id), "tags": [.string(tag)], "summary": .string(summary),
            "responses": .object(responses),
        ]
        if let description { members["description"] = .string(description) }
        if security != [Security(standard)] {
            members["security"] = .array(
                security.map {
                    .object([$0.scheme: .array($0.scope.map { [.string($0)] } ?? [])])
                }
            )
        }
        if !parameters.isEmpty {
            members["parameters"] = .array(parameters.map(\.reference))
        }
        if let body {
            members["requestBody"] = [
                "required": .bool(body.isRequired),
                "content": [body.mediaType: ["schema": body.schema]],
            ]
        }
        return .object(members)
    }

    private var responses: [String: JSONValue] {
        var responses: [String: JSONValue] = [:]
        for answer in answers {
            var members: [String: JSONValue] = ["description": .string(answer.description)]
            if !answer.headers.isEmpty { members["headers"] = .object(answer.headers) }
            if !answer.content.isEmpty {
                members["content"] = .object(answer.content.mapValues { ["schema": $0] })
            }
            responses[String(answer.status.code)] = .object(members)
        }
        for refused in refusals {
            responses[refused.status] = .reference("responses", refused.component)
        }
        return responses
    }
}

extension OperationDescription.Parameter {
    /// The Parameter Object.
    package var document: JSONValue {
        var members: [String: JSONValue] = [
            "name": .string(name), "in": .string(place.rawValue), "schema": schema,
        ]
        if let description { members["description"] = .string(description) }
        if isRequired { members["required"] = true }
        return .object(members)
    }

    fileprivate var reference: JSONValue {
        component.map { .reference("parameters", $0) } ?? document
    }
}

extension JSONValue {
    /// A reference to one of the document's components.
    package static func reference(_ kind: String, _ name: String) -> JSONValue {
        ["$ref": .string("#/components/\(kind)/\(name)")]
    }
}

extension [Route] {
    /// The Paths Object of a door with these routes.
    package func paths(standard: String) -> JSONValue {
        var paths: [String: [String: JSONValue]] = [:]
        for route in self {
            for operation in route.operations {
                let path = operation.path ?? route.path.description
                paths[path, default: [:]][route.method.rawValue.lowercased()] =
                    operation.document(standard: standard)
            }
        }
        return .object(paths.mapValues { .object($0) })
    }

    /// The parameters that have a name of their own, by it.
    package var parameterComponents: JSONValue {
        let parameters = flatMap(\.operations).flatMap(\.parameters)
        return .object(
            parameters.reduce(into: [:]) { found, parameter in
                if let component = parameter.component { found[component] = parameter.document }
            }
        )
    }
}
