import Foundation
import HTTPTypes
import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxHTTP
import LockboxIdentity
import LockboxNotifier
import LockboxPorts
import LockboxSCIM
import LockboxService
import LockboxTestWorld
import LockboxWire
import Testing

/// The door for directories over real rooms, asked in this process with a token of Contoso's.
struct SCIMWorld: Sendable {
    static let publicURL = "https://lockbox.example-cloud.test"
    static let users = "urn:ietf:params:scim:schemas:core:2.0:User"
    static let groups = "urn:ietf:params:scim:schemas:core:2.0:Group"

    let world: TestWorld
    let signIn: SignIn
    let scim: SCIM
    /// Contoso's.
    let token: ProvisioningToken
    let secret: String

    /// Runs `body` with a world of its own, and checks the logs afterwards.
    static func with(_ body: (SCIMWorld) async throws -> Void) async throws {
        let planner = NoticePlanner(
            portal: Portal(name: "Lockbox", publicURL: publicURL, showAddress: true),
            kinds: TestWorld.kinds
        )
        try await TestWorld.with(readers: [planner]) { world async throws in
            let hasher = PasswordHasher(entropy: SeededEntropy(seed: 5), logRounds: 10)
            do {
                try await body(try await SCIMWorld(world, hasher))
                try await world.expectConsistentLogs()
            } catch {
                try await hasher.shutDown()
                throw error
            }
            try await hasher.shutDown()
        }
    }

    private init(_ world: TestWorld, _ hasher: PasswordHasher) async throws {
        self.world = world
        signIn = SignIn(store: world.audited, hasher: hasher)
        scim = SCIM(
            lockbox: world.lockbox,
            signIn: signIn,
            clock: world.clock,
            publicURL: Self.publicURL,
            proxies: .none
        )
        try await world.audited.write(by: .console) { change in
            for (tenant, domain) in [
                (Fixture.contoso, "contoso.test"), (Fixture.fabrikam, "fabrikam.test"),
            ] {
                var tenant = tenant
                tenant.domains = [DomainName(domain)!]
                try change.tx.save(tenant)
                change.emit(.directory(.domainsChanged(tenant)))
            }
        }
        let new = try await signIn.issueProvisioningToken(
            TokenTerms(label: "Entra ID", addresses: ["192.0.2.0/24"]),
            ofTenant: "contoso",
            by: Fixture.gita
        )
        (token, secret) = (new.token, new.secret)
    }

    // MARK: - Asking

    func ask(
        _ method: HTTPRequest.Method,
        _ path: String,
        query: [(String, String)] = [],
        _ body: String? = nil,
        in organisation: String = "contoso",
        secret: String? = nil,
        headers: [HTTPField.Name: String] = [:],
        from address: String = "192.0.2.1"
    ) async throws -> Answer {
        var fields: HTTPFields = [.authorization: "Bearer \(secret ?? self.secret)"]
        if body != nil { fields[.contentType] = "application/scim+json; charset=utf-8" }
        for (name, value) in headers { fields[name] = value }
        let query = query.isEmpty ? "" : "?" + InProcess.form(query)
        let head = HTTPRequest(
            method: method,
            scheme: "https",
            authority: "lockbox.example-cloud.test",
            path: "/scim/v2/\(organisation)\(path)\(query)",
            headerFields: fields
        )
        return try await InProcess.ask(
            scim.responder(),
            head,
            Array((body ?? "").utf8),
            from: address
        ) {
            DoorContext(source: $0)
        }
    }

    /// Adds a person as Entra ID does; her identifier.
    @discardableResult
    func add(_ name: String, _ more: String = "") async throws -> String {
        let answer = try await ask(
            .post,
            "/Users",
            """
            {"schemas":["\(Self.users)"],"userName":"\(name)@contoso.test","active":true,
             "displayName":"\(name.capitalized)","externalId":"ext-\(name)"\(more)}
            """
        )
        return try #require(try answer.json(201)["id"].text)
    }

    func patch(_ path: String, _ operations: String) async throws -> Answer {
        try await ask(
            .patch,
            path,
            """
            {"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
             "Operations":[\(operations)]}
            """
        )
    }

    /// Makes a group with these members; its identifier.
    func group(_ name: String, _ members: [String] = []) async throws -> String {
        let list = members.map { #"{"value":"\#($0)"}"# }.joined(separator: ",")
        let answer = try await ask(
            .post,
            "/Groups",
            #"{"schemas":["\#(Self.groups)"],"displayName":"\#(name)","members":[\#(list)]}"#
        )
        return try #require(try answer.json(201)["id"].text)
    }

    func person(_ id: String) async throws -> Person {
        let found = try await world.store.read { tx in
            try PersonID(id).flatMap { try tx.person($0) }
        }
        return try #require(found)
    }

    /// The activities of Contoso's log since its first `count` records.
    func activities(after count: Int = 0) async throws -> [String] {
        try await world.entries().dropFirst(count).map(\.activity)
    }

    /// What letters about Contoso's own side say, by address.
    func letters() async throws -> [(to: String, change: String)] {
        try await world.store.read { tx in
            try tx.sideNotices(of: .tenant(Fixture.contoso.id), since: .earliest).map {
                ($0.recipientAddress.text, $0.facts["change"] ?? "")
            }
        }
    }
}

extension Answer {
    /// The body of an answer that must have `status`, in SCIM's media type.
    func json(_ status: Int, sourceLocation: SourceLocation = #_sourceLocation) throws -> JSONValue
    {
        #expect(self.status == status, "\(text)", sourceLocation: sourceLocation)
        #expect(
            headers[.contentType] == "application/scim+json",
            "\(text)",
            sourceLocation: sourceLocation
        )
        return try JSONDecoder().decode(JSONValue.self, from: Data(bytes))
    }

    /// That this is an error of SCIM's (RFC 7644 §3.12).
    func expectFault(
        _ status: Int,
        _ kind: String? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let body = try json(status, sourceLocation: sourceLocation)
        let wrong: Comment = "\(text)"
        #expect(
            body["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"],
            wrong,
            sourceLocation: sourceLocation
        )
        #expect(body["status"].text == "\(status)", wrong, sourceLocation: sourceLocation)
        #expect(body["scimType"].text == kind, wrong, sourceLocation: sourceLocation)
        let detail = body["detail"].text ?? ""
        #expect(!detail.isEmpty && detail.count < 300, wrong, sourceLocation: sourceLocation)
    }
}

extension JSONValue {
    subscript(name: String) -> JSONValue {
        if case .object(let members) = self { members[name] ?? .null } else { .null }
    }

    subscript(place: Int) -> JSONValue {
        if case .array(let items) = self, items.indices.contains(place) {
            items[place]
        } else {
            .null
        }
    }

    var text: String? { if case .string(let text) = self { text } else { nil } }
    var count: Int { if case .array(let items) = self { items.count } else { 0 } }
}
