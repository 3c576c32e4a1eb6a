import LockboxDomain
import LockboxFixtures
import LockboxWire
import Testing

/// One operation of the API with what a call of it takes, for the rules that hold for all of them.
/// What each of them does is in the other files, one test or more for each.
struct Operation: Sendable, CustomTestStringConvertible {
    /// Method and path, as the OpenAPI document writes them.
    let name: String
    var parts: [String: String] = [:]
    var query: [(String, String)] = []
    /// Who can call it; nil for operations that ask nobody who they are.
    var caller: Person? = Fixture.gita
    /// A body that is taken.
    var body: JSONValue?
    var bodyIsOptional = false
    /// Whether it is a list that takes `limit` and `cursor`.
    var isList = false

    var testDescription: String { name }
    var method: String { name.split(separator: " ").first.map(String.init) ?? "" }
    var path: String { name.split(separator: " ").last.map(String.init) ?? "" }

    /// The members of the body that can be left out.
    static let optionalMembers: Set = [
        "label", "comment", "duration", "resources", "notBefore", "service", "number", "url",
        "resource", "scopes", "days", "addresses", "withheldFromTokens", "coolingOff", "engineer",
        "allowPrograms", "retention", "records", "statement", "signature", "signedApprovals",
        "closeUnknownAccess", "signedChanges",
    ]
}

/// Bodies that are taken.
enum Sample {
    static let resources: JSONValue = [
        ["service": "mail", "id": "mailbox:sue@contoso.test", "actions": ["read"]]
    ]
    static let accessRequest: JSONValue = [
        "tenant": "contoso", "supportRequest": "SR-1001",
        "reason": "Look why mail does not arrive.", "duration": "PT2H", "resources": resources,
    ]
    static let supportRequest: JSONValue = [
        "tenant": "contoso", "subject": "Mails vanish", "description": "Since this morning.",
    ]
    static let decision: JSONValue = ["decision": "approve"]
    static let policy: JSONValue = [
        "requireApproval": true, "decisionWindow": "PT6H", "maxAccess": "PT1H",
        "approvalsNeeded": 1, "withheldFromTokens": ["decide"], "coolingOff": "P1D",
    ]
    static let evaluation: JSONValue = [
        "subject": ["type": "user", "id": .string(Fixture.eve.id.text)],
        "action": ["name": "read"],
        "resource": [
            "type": "mailbox", "id": "sue@contoso.test", "properties": ["service": "mail"],
        ],
        "context": ["credential": "lbc_", "approval": ["id": "LBX-"], "requestable": true],
        "evaluations": [["action": ["name": "write"], "context": [:]]],
        "options": ["evaluations_semantic": "execute_all"], "page": ["token": "", "limit": 1],
    ]
    static let cancellation: JSONValue = ["reason": "obsolete", "comment": "It works again."]

    /// What an engineer's program sends with a denial.
    static func submission(_ question: JSONValue, _ denial: JSONValue) -> JSONValue {
        question.with("denial", denial)
            .with(
                "context",
                [
                    "business_justification": "Look why mail does not arrive.",
                    RequesterProgram.own("support_request"): "SR-1001",
                ]
            )
            .with("requested_access", [RequesterProgram.own("requested_duration_s"): 7200])
    }

    static let token: JSONValue = [
        "email": "gita@contoso.test", "password": "correct horse battery", "label": "laptop",
        "scopes": ["read"], "days": 30, "addresses": ["192.0.2.0/24"],
    ]
}

extension JSONValue {
    /// The same object with `member` set to `value`.
    func with(_ member: String, _ value: JSONValue) -> JSONValue {
        guard case .object(var members) = self else { return self }
        members[member] = value
        return .object(members)
    }

    /// The same object without `member`.
    func without(_ member: String) -> JSONValue {
        guard case .object(var members) = self else { return self }
        members[member] = nil
        return .object(members)
    }
}

extension Operation {
    private static let request = ["id": "LBX-0000000000"]
    private static let tenant = ["tenant": "contoso"]
    private static let proposal = [
        "tenant": "contoso", "person": Fixture.sue.id.text,
        "proposal": Fixture.proposal.id.text,
    ]

    private static let signingKey = ["tenant": "contoso", "key": "KEY-0000000000"]
    private static let change = [
        "tenant": "contoso", "change": Fixture.policyChange.id.text,
    ]

    static let all: [Operation] =
        [
            Operation(
                name: "POST /v1/support-requests",
                caller: Fixture.sue,
                body: Sample.supportRequest
            ),
            Operation(name: "GET /v1/support-requests", isList: true),
            Operation(name: "GET /v1/support-requests/{number}", parts: ["number": "SR-1001"]),
            Operation(
                name: "GET /v1/support-requests/{number}/messages",
                parts: ["number": "SR-1001"]
            ),
            Operation(
                name: "POST /v1/support-requests/{number}/messages",
                parts: ["number": "SR-0"],
                body: ["text": "It works again."]
            ),
            Operation(
                name: "POST /v1/support-requests/{number}/close",
                parts: ["number": "SR-0"],
                body: ["comment": "Enough."],
                bodyIsOptional: true
            ),
            Operation(
                name: "POST /v1/support-requests/{number}/reopen",
                parts: ["number": "SR-0"],
                body: ["comment": "Not enough."],
                bodyIsOptional: true
            ),
            Operation(
                name: "POST /v1/requests",
                caller: Fixture.eve,
                body: Sample.accessRequest
            ),
            Operation(name: "GET /v1/requests", isList: true),
            Operation(name: "GET /v1/requests/{id}", parts: request),
            Operation(
                name: "POST /v1/requests/{id}/decisions",
                parts: request,
                body: Sample.decision
            ),
            ending("withdraw"), ending("finish"), ending("revoke"),
            Operation(
                name: "POST /v1/requests/{id}/credentials",
                parts: request,
                caller: Fixture.eve,
                body: ["resource": "mailbox:sue@contoso.test"],
                bodyIsOptional: true
            ),
            Operation(name: "GET /v1/requests/{id}/notices", parts: request, isList: true),
            Operation(name: "GET /v1/requests/{id}/messages", parts: request, isList: true),
            Operation(
                name: "POST /v1/requests/{id}/messages",
                parts: request,
                body: ["text": "Which mails?"]
            ),
            Operation(
                name: "GET /v1/tenants/{tenant}/log/operations/{index}",
                parts: tenant.merging(["index": "0"]) { $1 },
                caller: Fixture.adam
            ),
            Operation(name: "POST /v1/tokens", caller: nil, body: Sample.token),
            Operation(name: "GET /v1/tokens", isList: true),
            Operation(name: "DELETE /v1/tokens/{id}", parts: ["id": "TOK-0000000000"]),
            Operation(name: "GET /v1/tenants/{tenant}/tokens", parts: tenant, isList: true),
            Operation(
                name: "DELETE /v1/tenants/{tenant}/tokens/{id}",
                parts: tenant.merging(["id": "TOK-0000000000"]) { $1 }
            ),
            Operation(name: "GET /v1/me"),
            Operation(name: "GET /v1/me/letters"),
            Operation(name: "PUT /v1/me/letters", body: ["muted": ["reminders"]]),
            Operation(name: "GET /v1/tenants", isList: true),
            Operation(name: "GET /v1/tenants/{tenant}", parts: tenant),
            Operation(name: "GET /v1/tenants/{tenant}/people", parts: tenant, isList: true),
            Operation(
                name: "PUT /v1/tenants/{tenant}/people/{person}",
                parts: ["tenant": "contoso", "person": Fixture.sue.id.text],
                body: ["roles": ["member"]]
            ),
            Operation(
                name: "POST /v1/tenants/{tenant}/people/{person}/invitation",
                parts: ["tenant": "contoso", "person": Fixture.sue.id.text]
            ),
            Operation(name: "GET /v1/tenants/{tenant}/proposals", parts: tenant, isList: true),
            Operation(
                name: "POST /v1/tenants/{tenant}/people/{person}/proposals/{proposal}/accept",
                parts: proposal
            ),
            Operation(
                name: "POST /v1/tenants/{tenant}/people/{person}/proposals/{proposal}/decline",
                parts: proposal
            ),
            Operation(name: "GET /v1/requests/{id}/receipt", parts: request),
            Operation(
                name: "GET /v1/tenants/{tenant}/reports/{month}",
                parts: tenant.merging(["month": "2026-11"]) { $1 }
            ),
            Operation(
                name: "POST /v1/requests/{id}/statement",
                parts: request,
                body: Sample.decision
            ),
            Operation(name: "POST /v1/requests/{id}/revoke/statement", parts: request),
            Operation(
                name: "POST /v1/tenants/{tenant}/policy/statement",
                parts: tenant,
                body: Sample.policy
            ),
            Operation(
                name: "POST /v1/tenants/{tenant}/policy/changes/{change}/statement",
                parts: change
            ),
            Operation(
                name: "GET /v1/tenants/{tenant}/signing-keys",
                parts: tenant,
                isList: true
            ),
            Operation(
                name: "POST /v1/tenants/{tenant}/signing-keys",
                parts: tenant,
                body: ["publicKey": "ssh-ed25519 AAAA", "name": "laptop"]
            ),
            Operation(
                name: "POST /v1/tenants/{tenant}/signing-keys/{key}/confirm",
                parts: signingKey
            ),
            Operation(
                name: "DELETE /v1/tenants/{tenant}/signing-keys/{key}",
                parts: signingKey
            ),
            Operation(name: "GET /v1/tenants/{tenant}/resources", parts: tenant, isList: true),
            Operation(name: "GET /v1/services", isList: true),
            Operation(name: "GET /v1/tenants/{tenant}/policy", parts: tenant),
            Operation(
                name: "PUT /v1/tenants/{tenant}/policy",
                parts: tenant,
                body: Sample.policy
            ),
            Operation(name: "GET /v1/tenants/{tenant}/policy/changes", parts: tenant, isList: true),
            Operation(
                name: "POST /v1/tenants/{tenant}/policy/changes/{change}/agree",
                parts: change,
                body: [:],
                bodyIsOptional: true
            ),
            Operation(
                name: "DELETE /v1/tenants/{tenant}/policy/changes/{change}",
                parts: change
            ),
            Operation(
                name: "POST /v1/tenants/{tenant}/audit/erasures",
                parts: tenant,
                body: ["records": [0], "reason": "Asked for by her."]
            ),
            Operation(
                name: "POST /v1/tenants/{tenant}/audit/erasures/preview",
                parts: tenant,
                body: ["records": [0], "reason": "Asked for by her."]
            ),
            Operation(
                name: "POST /v1/tenants/{tenant}/people/{person}/confirm",
                parts: ["tenant": "contoso", "person": Fixture.sue.id.text]
            ),
            Operation(name: "POST /oauth2/introspect", caller: nil),
            Operation(name: "POST /oauth2/revoke", caller: nil),
            Operation(name: "POST /oauth2/token", caller: nil),
            Operation(name: "POST /oauth2/device_authorization", caller: nil),
            Operation(name: "GET /.well-known/jwks.json", caller: nil),
            Operation(name: "POST /access/v1/evaluation", caller: nil),
            Operation(name: "POST /access/v1/evaluations", caller: nil),
            Operation(name: "POST /access/v1/search/subject", caller: nil),
            Operation(name: "POST /access/v1/search/resource", caller: nil),
            Operation(name: "POST /access/v1/search/action", caller: nil),
            Operation(name: "GET /.well-known/authzen-configuration", caller: nil),
            // What they are sent is read as the profile says: unknown members are passed over.
            Operation(name: "POST /access/v1/access-request", caller: Fixture.eve),
            Operation(
                name: "GET /access/v1/access-request/{id}",
                parts: request,
                caller: Fixture.eve
            ),
            Operation(
                name: "POST /access/v1/access-request/{id}/cancel",
                parts: request,
                caller: Fixture.eve
            ),
            Operation(name: "GET /.well-known/oauth-authorization-server", caller: nil),
            Operation(name: "GET /openapi.json", caller: nil),
            Operation(name: "GET /healthz", caller: nil),
            Operation(name: "GET /readyz", caller: nil),
            Operation(name: "GET /metrics", caller: nil),
        ] + logs("/v1/tenants/{tenant}", tenant, Fixture.gita)
        + logs("/v1/provider", [:], Fixture.vera)

    private static func ending(_ verb: String) -> Operation {
        Operation(
            name: "POST /v1/requests/{id}/\(verb)",
            parts: request,
            body: ["comment": "Enough."],
            bodyIsOptional: true
        )
    }

    private static func logs(
        _ prefix: String,
        _ parts: [String: String],
        _ caller: Person
    ) -> [Operation] {
        func reading(
            _ path: String,
            _ more: [String: String] = [:],
            query: [(String, String)] = []
        ) -> Operation {
            Operation(
                name: "GET \(prefix)\(path)",
                parts: parts.merging(more) { $1 },
                query: query,
                caller: caller,
                isList: path == "/audit"
            )
        }
        let tile = ["level": "0", "index": "000", "width": "1"]
        return [
            reading("/audit"), reading("/log/checkpoint"), reading("/log/key"),
            reading("/log/tile/{level}/{index}", tile),
            reading("/log/tile/{level}/{index}.p/{width}", tile),
            reading("/log/tile/entries/{index}", tile),
            reading("/log/tile/entries/{index}.p/{width}", tile),
            reading("/log/proof", query: [("index", "0"), ("size", "1")]),
            reading("/log/consistency", query: [("from", "0"), ("to", "1")]),
        ]
    }
}
