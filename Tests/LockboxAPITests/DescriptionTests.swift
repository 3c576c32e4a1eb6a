import Hummingbird
import LockboxDomain
import LockboxHTTP
import LockboxWire
import Testing

@testable import LockboxAPI

/// What the API says of itself is derived from its routes, its limits and the types of its bodies.
struct DescriptionTests {
    /// The routes of an API, and the document that it serves of them.
    private static func described(
        _ body: @Sendable ([Route], [String: JSONValue]) throws -> Void
    ) async throws {
        try await APIWorld.with { world async throws in
            let document = try await world.ask("GET /openapi.json").json(200)
            guard case .object(let members) = document else { return }
            try body(world.api.routes, members)
        }
    }

    // MARK: - Routes

    @Test func everyRouteSaysWhatItTakesAnswersAndRefuses() async throws {
        try await Self.described { routes, _ in
            #expect(routes.count > 40)
            for route in routes { #expect(!route.operations.isEmpty, "\(route.path)") }
            let operations = routes.flatMap(\.operations)
            #expect(Set(operations.map(\.id)).count == operations.count, "an id comes twice")
            for operation in operations {
                #expect(!operation.summary.isEmpty && !operation.answers.isEmpty, "\(operation.id)")
                let refused = Set(operation.refusals.map(\.status))
                #expect(refused.contains("default"), "\(operation.id)")
                if operation.body != nil { #expect(refused.isSuperset(of: ["413", "415"])) }
                if !operation.security.isEmpty { #expect(refused.isSuperset(of: ["401", "429"])) }
            }
        }
    }

    @Test func namesInAPathAreItsParametersAndEachHasALimit() async throws {
        try await Self.described { routes, _ in
            for route in routes {
                for operation in route.operations {
                    let path = operation.path ?? route.path.description
                    let names = path.matches(of: #/\{(\w+)\}/#).map { String($0.output.1) }
                    let taken = operation.parameters.filter { $0.place == .path }.map(\.name)
                    #expect(Set(names) == Set(taken), "\(path)")
                    for parameter in operation.parameters {
                        #expect(Self.isBounded(parameter.schema), "\(path): \(parameter.name)")
                    }
                }
            }
        }
    }

    private static func isBounded(_ schema: JSONValue) -> Bool {
        guard case .object(let members) = schema else { return false }
        return ["maxLength", "maximum", "enum", "pattern", "$ref"].contains {
            members[$0] != nil
        }
    }

    // MARK: - Document

    @Test func everyReferenceLeadsSomewhereAndNoSchemaIsLeftOver() async throws {
        try await Self.described { _, document in
            guard case .object(let components) = document["components"] else { return }
            let references = Self.references(in: .object(document))
            for reference in references {
                let parts = reference.split(separator: "/").map(String.init)
                try #require(parts.count == 4, "\(reference)")
                guard case .object(let kind) = components[parts[2]] else {
                    Issue.record("\(reference)")
                    continue
                }
                #expect(kind[parts[3]] != nil, "\(reference)")
            }
            for name in try OpenAPIDocument.schemas().keys {
                #expect(references.contains("#/components/schemas/\(name)"), "\(name)")
            }
        }
    }

    private static func references(in value: JSONValue) -> Set<String> {
        switch value {
        case .object(let members):
            if case .string(let reference) = members["$ref"] { return [reference] }
            return members.values.reduce(into: []) { $0.formUnion(references(in: $1)) }
        case .array(let items):
            return items.reduce(into: []) { $0.formUnion(references(in: $1)) }
        case .null, .bool, .integer, .string: return []
        }
    }

    // MARK: - Schemas

    private static var bodies: [(schema: String, type: any KnownMembers.Type)] {
        [
            ("ResourceAccess", ResourceAccess.self), ("NewAccessRequest", NewAccessRequest.self),
            ("NewDecision", NewDecision.self), ("Comment", CommentBody.self),
            ("NewCredential", NewCredential.self), ("NewPolicy", NewPolicy.self),
            ("NewRoles", NewRoles.self), ("NewToken", NewToken.self),
            ("NewSupportRequest", NewSupportRequest.self), ("NewMessage", NewMessage.self),
            ("LetterSettings", LetterSettings.self), ("NewSigningKey", NewSigningKey.self),
            ("NewErasure", NewErasure.self), ("NewRevoke", NewRevoke.self),
            ("NewAgreement", NewAgreement.self),
        ]
    }

    @Test func bodiesThatAreSentHaveTheMembersOfTheirTypesAndNoOthers() throws {
        let schemas = try OpenAPIDocument.schemas()
        for (name, type) in Self.bodies {
            let schema = Node(schemas[name])
            #expect(Set(schema["properties"].members.keys) == type.members, "\(name)")
            #expect(schema["additionalProperties"].value == .bool(false), "\(name)")
        }
        let closed = schemas.filter { Node($0.value)["additionalProperties"].value == .bool(false) }
        #expect(Set(closed.keys) == Set(Self.bodies.map(\.schema)))
    }

    /// A bound of the domain, and where the schemas say it.
    private static let bounds: [(place: String, range: ClosedRange<Int>)] = [
        ("NewSupportRequest.subject", Limits.subjectLength),
        ("NewSupportRequest.description", Limits.descriptionLength),
        ("NewAccessRequest.reason", Limits.reasonLength),
        ("NewDecision.comment", Limits.commentLength),
        ("Comment.comment", Limits.commentLength),
        ("NewMessage.text", Limits.messageLength),
        ("ResourceAccess.id", Limits.resourceNameLength),
        ("NewCredential.resource", Limits.resourceNameLength),
        ("NewAccessRequest.resources", Limits.resourcesPerRequest),
        ("NewDecision.resources", Limits.resourcesPerRequest),
        ("NewPolicy.approvalsNeeded", Limits.approvalsNeeded),
        ("Policy.approvalsNeeded", Limits.approvalsNeeded),
    ]

    @Test func schemasSayTheLimitsOfTheDomain() throws {
        let schemas = try OpenAPIDocument.schemas()
        for (place, range) in Self.bounds {
            let parts = place.split(separator: ".").map(String.init)
            let schema = Node(schemas[parts[0]])["properties"][parts[1]]
            let least = ["minLength", "minItems", "minimum"].compactMap { schema[$0].number }
            let most = ["maxLength", "maxItems", "maximum"].compactMap { schema[$0].number }
            #expect(least == [Int64(range.lowerBound)], "\(place)")
            #expect(most == [Int64(range.upperBound)], "\(place)")
        }
        let email = Node(schemas["NewToken"])["properties"]["email"]["maxLength"].number
        #expect(email == Int64(Limits.emailLength.upperBound))
        let url = Node(schemas["NewSupportRequest"])["properties"]["url"]["maxLength"].number
        #expect(url == Int64(Limits.urlLength.upperBound))
        let policy = Node(schemas["NewPolicy"])["properties"]
        for (member, range) in [
            ("decisionWindow", Limits.decisionWindow), ("maxAccess", Limits.maxAccess),
        ] {
            let words = "\(range.lowerBound) to \(range.upperBound)"
            #expect(policy[member]["description"].text?.contains(words) == true, "\(member)")
        }
    }

    @Test func statesAreThoseOfTheDomain() throws {
        let states = Node(try OpenAPIDocument.schemas()["AccessRequest"])["properties"]["state"]
        let names = AccessRequest.StateName.allCases.map { JSONValue.string($0.rawValue) }
        #expect(states["enum"].value == .array(names))
    }
}

/// A place in a schema.
private struct Node {
    let value: JSONValue?

    init(_ value: JSONValue?) { self.value = value }

    var members: [String: JSONValue] {
        if case .object(let members) = value { members } else { [:] }
    }
    var number: Int64? { if case .integer(let number) = value { number } else { nil } }
    var text: String? { if case .string(let text) = value { text } else { nil } }

    subscript(name: String) -> Node { Node(members[name]) }
}
