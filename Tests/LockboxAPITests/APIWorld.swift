import Crypto
import Foundation
import HTTPTypes
import LockboxAPI
import LockboxAudit
import LockboxDecisions
import LockboxDomain
import LockboxFixtures
import LockboxHTTP
import LockboxIdentity
import LockboxNotifier
import LockboxPorts
import LockboxService
import LockboxTestWorld
public import LockboxWire
import Synchronization
import Testing

/// The API over real rooms, asked in this process.
struct APIWorld: Sendable {
    static let publicURL = "https://lockbox.example-cloud.test"
    static let clientSecret = "dovecot's own secret"

    let world: TestWorld
    let signIn: SignIn
    let log: LogReader
    let api: API
    let condition = ScriptedCondition()
    let keys = ScriptedKeys()
    let clients = KnownClients()
    private let tokens = TokenPurse()

    /// Runs `body` with an API of its own, and checks the logs afterwards.
    static func with(
        contoso: Tenant = Fixture.contoso,
        people: [Person] = [],
        proxies: TrustedProxies = .none,
        metrics: MetricsAccess = .loopback,
        beforeRead: @escaping @Sendable () async throws -> Void = {},
        _ body: (APIWorld) async throws -> Void
    ) async throws {
        let planner = NoticePlanner(
            portal: Portal(name: "Lockbox", publicURL: publicURL, showAddress: true),
            kinds: TestWorld.kinds
        )
        try await TestWorld.with(contoso: contoso, people: people, readers: [planner]) {
            world async throws in
            let hasher = PasswordHasher(entropy: SeededEntropy(seed: 5), logRounds: 10)
            do {
                let api = try APIWorld(world, hasher, proxies, metrics, beforeRead)
                try await body(api)
                try await world.expectConsistentLogs()
            } catch {
                try await hasher.shutDown()
                throw error
            }
            try await hasher.shutDown()
        }
    }

    /// A web service besides, access to its `folder`, and the secret of a credential for it.
    static func withWiki(
        _ folder: String = "folder:plans",
        _ actions: [String] = ["read"],
        _ body: (APIWorld, AccessRequest, String) async throws -> Void
    ) async throws {
        try await with { api async throws in
            let settings = Fixture.service(
                "wiki",
                kind: "http",
                resourceType: "folder",
                clientID: "wiki",
                doveadm: nil
            )
            let resource = Fixture.resource(folder, of: settings.service.id)
            try await api.world.audited.write(by: .console) { change in
                try change.tx.save(settings)
                change.emit(.directory(.serviceAdded(settings.service)))
                try change.tx.save(resource, of: Fixture.contoso.id)
                change.emit(.directory(.resourceAdded(resource, Fixture.contoso.id)))
            }
            let request = try await api.world.approved { draft in
                draft.resources = [.init(service: "wiki", id: folder, actions: actions)]
            }
            try await body(api, request, try await api.world.credential(for: request).secret)
        }
    }

    /// What a service shows of itself.
    static func client(
        _ id: String = "wiki",
        _ secret: String = clientSecret
    ) -> [HTTPField.Name: String] {
        let pair = InProcess.percentEncoded(id) + ":" + InProcess.percentEncoded(secret)
        return [.authorization: "Basic " + Data(pair.utf8).base64EncodedString()]
    }

    private init(
        _ world: TestWorld,
        _ hasher: PasswordHasher,
        _ proxies: TrustedProxies,
        _ metrics: MetricsAccess,
        _ beforeRead: @escaping @Sendable () async throws -> Void
    ) throws {
        self.world = world
        signIn = SignIn(store: world.audited, hasher: hasher)
        log = LogReader(
            store: world.store,
            signer: try Ed25519CheckpointSigner(seed: [UInt8](repeating: 7, count: 32)),
            heads: RememberedHeads(),
            origin: "lockbox.example-cloud.test"
        )
        api = API(
            lockbox: world.lockbox,
            signIn: signIn,
            log: log,
            index: world.index,
            clients: clients,
            store: MeddledStore(world.store, beforeRead: beforeRead),
            clock: world.clock,
            metrics: Metrics(),
            publicURL: Self.publicURL,
            proxies: proxies,
            metricsAccess: metrics,
            condition: condition,
            tokens: AccessTokens(keys, entropy: SeededEntropy(seed: 6)),
            receiptPage: { Array("<pre>".utf8) + $0 }
        )
    }

    // MARK: - Asking

    /// The body of a request.
    enum Body {
        case none
        case json(JSONValue)
        case form([(String, String)])
        /// Sent as it is, with whatever media type the headers say.
        case raw(String)
    }

    /// Asks for `operation`, which is a method and a path as the OpenAPI document writes them, with
    /// `parts` in the places of the path's parameters, as `person`; nil is nobody.
    func ask(
        _ operation: String,
        _ parts: [String: String] = [:],
        query: [(String, String)] = [],
        as person: Person? = nil,
        _ body: Body = .none,
        headers: [HTTPField.Name: String] = [:],
        from address: String = "192.0.2.1",
        repeated repetition: Repetition? = nil
    ) async throws -> Answer {
        let words = operation.split(separator: " ").map(String.init)
        let method = try #require(HTTPRequest.Method(rawValue: words[0]))
        var path = words[1]
        for (name, value) in parts {
            path = path.replacing("{\(name)}", with: InProcess.percentEncoded(value))
        }
        try #require(!path.contains("{"), "\(operation) lacks a part of its path")
        if !query.isEmpty { path += "?" + InProcess.form(query) }
        var fields = HTTPFields()
        if let person {
            fields[.authorization] = "Bearer \(try await token(of: person))"
        }
        let bytes: [UInt8]
        switch body {
        case .none: bytes = []
        case .json(let value):
            fields[.contentType] = "application/json"
            // In one order, so that two requests with one body are the same to the last byte.
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            bytes = Array(try encoder.encode(value))
        case .form(let pairs):
            fields[.contentType] = "application/x-www-form-urlencoded"
            bytes = Array(InProcess.form(pairs).utf8)
        case .raw(let text): bytes = Array(text.utf8)
        }
        for (name, value) in headers { fields[name] = value }
        return try await send(method, path, fields, bytes, from: address, repeated: repetition)
    }

    /// Sends a request as it is.
    func send(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ fields: HTTPFields,
        _ body: [UInt8],
        from address: String,
        repeated repetition: Repetition? = nil
    ) async throws -> Answer {
        let head = HTTPRequest(
            method: method,
            scheme: "https",
            authority: "lockbox.example-cloud.test",
            path: path,
            headerFields: fields
        )
        return try await InProcess.ask(api.responder(), head, body, from: address) {
            var context = DoorContext(source: $0)
            context.repetition = repetition
            return context
        }
    }

    /// The API token of `person`.
    func token(of person: Person) async throws -> String {
        try await tokens.token(of: person, signIn)
    }
}

/// A server that is as a test says.
final class ScriptedCondition: ServerCondition {
    let said = Mutex<[String]>([])
    let remarked = Mutex<[String]>([])

    func problems() async -> [String] { said.withLock { $0 } }
    var remarks: [String] { remarked.withLock { $0 } }
    var gauges: [Gauge] { [Gauge("lockbox_test", "A gauge.", milliseconds: -1500)] }
}

/// The keys of access tokens that a test says; at first one that signs already.
final class ScriptedKeys: TokenKeys {
    let said = Mutex<[TokenKey]>([TokenKey(P256.Signing.PrivateKey(), signsFrom: Fixture.now)])

    var keys: [TokenKey] { said.withLock { $0 } }
}

/// Each person's API token, issued when she first asks.
private final class TokenPurse: Sendable {
    private let secrets = Mutex<[PersonID: String]>([:])

    func token(of person: Person, _ signIn: SignIn) async throws -> String {
        if let secret = secrets.withLock({ $0[person.id] }) { return secret }
        let secret = try await signIn.issueToken(
            for: person,
            TokenTerms(
                label: "test",
                scopes: (person.isProgram ? TokenScopes.ofProgram : .every).names
            )
        ).secret
        secrets.withLock { $0[person.id] = secret }
        return secret
    }
}

/// The mail service, and another that has no access to give.
final class KnownClients: ServiceClients {
    /// Which a test changes.
    let said = Mutex(0)

    var version: Int { said.withLock { $0 } }

    func service(clientID: String, secret: String) async -> ServiceSettings? {
        guard secret == APIWorld.clientSecret else { return nil }
        switch clientID {
        case "dovecot": return Fixture.mail
        case "wiki": return Fixture.service("wiki", kind: "http")
        default: return nil
        }
    }
}

// MARK: - Reading answers

extension Answer {
    /// The body as JSON; a failure of the test where it is none, or is not called so.
    func json(sourceLocation: SourceLocation = #_sourceLocation) throws -> JSONValue {
        let type = headers[.contentType] ?? ""
        #expect(
            type == "application/json" || type == "application/problem+json",
            "\(type): \(text)",
            sourceLocation: sourceLocation
        )
        return try JSONDecoder().decode(JSONValue.self, from: Data(bytes))
    }

    /// The body as JSON, of an answer that must have `status`.
    func json(
        _ status: Int,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> JSONValue {
        #expect(self.status == status, "\(text)", sourceLocation: sourceLocation)
        return try json(sourceLocation: sourceLocation)
    }

    /// That this is a problem document (RFC 9457) with this status and code, about this field.
    func expectProblem(
        _ status: Int,
        _ code: String,
        field: String? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let document = try json(status, sourceLocation: sourceLocation)
        let wrong: Comment = "\(text)"
        #expect(
            headers[.contentType] == "application/problem+json",
            wrong,
            sourceLocation: sourceLocation
        )
        #expect(headers[.cacheControl] == "no-store", wrong, sourceLocation: sourceLocation)
        #expect(document["code"] == .string(code), wrong, sourceLocation: sourceLocation)
        #expect(
            document["type"] == .string("urn:lockbox:problem:\(code)"),
            wrong,
            sourceLocation: sourceLocation
        )
        #expect(document["status"] == .integer(Int64(status)), sourceLocation: sourceLocation)
        let detail = try #require(document["detail"].text, wrong, sourceLocation: sourceLocation)
        #expect(!detail.isEmpty && detail.count < 300, sourceLocation: sourceLocation)
        let errors: JSONValue =
            field.map { [["field": .string($0), "detail": .string(detail)]] } ?? .missing
        #expect(document["errors"] == errors, wrong, sourceLocation: sourceLocation)
        let members: Set = ["type", "title", "status", "detail", "code", "errors", "scope"]
        #expect(Set(document.members).isSubset(of: members), sourceLocation: sourceLocation)
    }
}

extension Answer {
    /// That this is an error of OAuth (RFC 6749 §5.2).
    func expectOAuthError(
        _ status: Int,
        _ error: JSONValue,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let body = try json(status, sourceLocation: sourceLocation)
        #expect(body["error"] == error, "\(text)", sourceLocation: sourceLocation)
        #expect(
            body.members == ["error", "error_description"],
            sourceLocation: sourceLocation
        )
        #expect(headers[.cacheControl] == "no-store", sourceLocation: sourceLocation)
        let challenge = headers[.wwwAuthenticate]
        #expect(
            challenge == (status == 401 ? #"Basic realm="lockbox", charset="UTF-8""# : nil),
            sourceLocation: sourceLocation
        )
    }
}

extension JSONValue {
    /// Stands for a member that is not there; no JSON holds it.
    static let missing = JSONValue.string("\u{0}missing")

    subscript(_ member: String) -> JSONValue {
        guard case .object(let members) = self else { return .missing }
        return members[member] ?? .missing
    }

    subscript(_ position: Int) -> JSONValue {
        items.indices.contains(position) ? items[position] : .missing
    }

    var items: [JSONValue] {
        guard case .array(let items) = self else { return [] }
        return items
    }

    var members: [String] {
        guard case .object(let members) = self else { return [] }
        return members.keys.sorted()
    }

    var text: String? {
        guard case .string(let text) = self, self != .missing else { return nil }
        return text
    }
}

extension JSONValue: ExpressibleByNilLiteral {
    public init(nilLiteral: ()) { self = .null }
}

extension HTTPField.Name {
    static let idempotencyKey = HTTPField.Name("Idempotency-Key")!
    static let forwardedFor = HTTPField.Name("X-Forwarded-For")!
    static let contentTypeOptions = HTTPField.Name("X-Content-Type-Options")!
}

/// How the API writes a person.
func ref(_ person: Person) -> JSONValue {
    let reference: JSONValue = [
        "id": .string(person.id.text), "name": .string(person.name),
        "email": .string(person.email.text),
    ]
    return person.isProgram ? reference.with("program", true) : reference
}

/// The same of somebody whom the caller is not told the name of.
func hiddenApprover() -> JSONValue {
    ["id": nil, "name": "Contoso Ltd’s approver", "email": nil]
}

/// How the API writes the instant of the tests, or a time after it.
func instant(_ later: TimeSpan = .minutes(0)) -> JSONValue {
    .string((Fixture.now + later).description)
}
