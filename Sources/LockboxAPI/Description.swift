import HTTPTypes
import LockboxDomain
import LockboxHTTP
import LockboxIdentity
import LockboxWire

/// The groups in which the description shows operations, in its order.
enum Tag: String, CaseIterable {
    case signIn = "Sign-in"
    case supportRequests = "Support requests"
    case accessRequests = "Access requests"
    case directory = "Directory"
    case audit = "Audit"
    case standards = "Standards"
    case service = "Service"
}

/// How an operation can refuse besides what follows from whom it asks for and what it takes.
enum Refuses: String, CaseIterable {
    case notFound = "404"
    case conflict = "409"
    case gone = "410"
    case unprocessable = "422"
    case unavailable = "503"
}

/// Who may ask.
enum Caller {
    /// Somebody with an API token that is for this.
    case person(ScopeNeed)
    /// Somebody with a password, who has no token yet.
    case password
    /// A registered service.
    case service
    /// A registered service that asks in AuthZEN's terms.
    case enforcementPoint
    /// The same, or an engineer's program with her API token.
    case decisionAsker
    /// Somebody who shows a credential in the body, or a registered service that does.
    case holder
    case anybody

    fileprivate var security: [OperationDescription.Security] {
        switch self {
        case .person(let need): Self.tokens(need)
        case .service, .enforcementPoint: [.init("client")]
        case .decisionAsker: [.init("client")] + Self.tokens(Self.decisionAskersNeed)
        case .password, .holder, .anybody: []
        }
    }

    /// What an engineer's program needs to ask about her.
    static let decisionAskersNeed = ScopeNeed.read

    private static func tokens(_ need: ScopeNeed) -> [OperationDescription.Security] {
        need.oneOf == .every
            ? [.init(standard)] : need.oneOf.names.map { .init(standard, scope: $0) }
    }

    /// The scheme that the document names for all operations.
    static let standard = "token"
}

extension OperationDescription {
    /// An operation of the API. What it refuses because of its caller, its body and its headers is
    /// added to `refuses`.
    init(
        _ id: String,
        _ tag: Tag,
        _ summary: String,
        details: String? = nil,
        path: String? = nil,
        by caller: Caller,
        takes parameters: [Parameter] = [],
        body: Body? = nil,
        answers: Answer,
        orElse others: [Answer] = [],
        refuses: Set<Refuses>
    ) {
        var statuses = Set(refuses.map(\.rawValue)).union(["default"])
        switch caller {
        case .person, .password: statuses.formUnion(["400", "401", "403", "429", "503"])
        case .service, .enforcementPoint, .decisionAsker, .holder:
            statuses.formUnion(["400", "401", "429", "503"])
        case .anybody: break
        }
        if body != nil { statuses.formUnion(["411", "413", "415"]) }
        switch caller {
        case .person, .password:
            if !answers.content.isEmpty { statuses.insert("406") }
            if body != nil { statuses.insert("422") }
            if parameters.contains(where: { $0.name == "If-Match" }) {
                statuses.formUnion(["412", "428"])
            }
        case .service, .enforcementPoint, .decisionAsker, .holder, .anybody: break
        }
        // Standards have forms of their own for errors.
        let form: (component: String, statuses: Set<String>)? =
            switch caller {
            case .service, .holder: ("OAuthProblem", ["400", "401"])
            case .enforcementPoint, .decisionAsker:
                ("Message", ["400", "401", "413", "429", "503"])
            case .person, .password, .anybody: nil
            }
        self.init(
            id: id,
            tag: tag.rawValue,
            summary: summary,
            description: details,
            path: path,
            security: caller.security,
            parameters: parameters,
            body: body,
            answers: [answers] + others,
            refusals: statuses.sorted().map { status in
                let isOfForm = form?.statuses.contains(status) == true
                return Refused(status, component: isOfForm ? form?.component : nil)
            }
        )
    }
}

extension OperationDescription.Body {
    /// A JSON body of the schema with this name.
    static func json(_ schema: String, isRequired: Bool = true) -> Self {
        Self("application/json", schema: .schema(schema), isRequired: isRequired)
    }

    /// The token that a service asks about (RFC 7662 §2.1, RFC 7009 §2.1).
    static let token = Self(
        FormFields.mediaType,
        schema: [
            "type": "object", "required": ["token"],
            "properties": [
                "token": ["type": "string", "minLength": 1, "maxLength": 4096],
                "token_type_hint": ["type": "string", "maxLength": 100],
            ],
        ]
    )

    private static let loginClient: JSONValue = ["const": .string(Logins.client)]

    /// How a command line asks to sign in without a browser (RFC 8628 §3.1).
    static let deviceAuthorization = Self(
        FormFields.mediaType,
        schema: [
            "type": "object", "required": ["client_id"],
            "properties": [
                "client_id": loginClient,
                "scope": [
                    "type": "string", "maxLength": 100,
                    "description": "Names of scopes, with spaces between; `read ask` if left out.",
                ],
                "device_name": [
                    "type": "string",
                    "maxLength": .integer(Int64(Limits.deviceNameLength.upperBound)),
                    "description": "What the person reads who allows it.",
                ],
            ],
        ]
    )

    /// What a token is given for.
    static let tokenRequest = Self(
        FormFields.mediaType,
        schema: [
            "anyOf": [
                tokenExchange,
                login(API.authorizationCodeGrant, ["code", "code_verifier", "redirect_uri"]),
                login(API.deviceCodeGrant, ["device_code"]),
                login(API.refreshTokenGrant, ["refresh_token"]),
            ]
        ]
    )

    /// What a command line sends for its tokens (RFC 6749 §4.1.3 and §6, RFC 8628 §3.4).
    private static func login(_ grant: String, _ fields: [String]) -> JSONValue {
        var properties: [String: JSONValue] = [
            "grant_type": ["const": .string(grant)], "client_id": loginClient,
        ]
        for field in fields {
            properties[field] = ["type": "string", "minLength": 1, "maxLength": 4096]
        }
        return [
            "type": "object",
            "required": .array((["grant_type", "client_id"] + fields).map { .string($0) }),
            "properties": .object(properties),
        ]
    }

    /// The credential for which somebody wants a signed token (RFC 8693 §2.1).
    private static let tokenExchange: JSONValue =
        [
            "type": "object",
            "required": ["grant_type", "subject_token", "subject_token_type"],
            "properties": [
                "grant_type": ["const": .string(TokenExchange.grantType)],
                "subject_token": ["type": "string", "minLength": 1, "maxLength": 4096],
                "subject_token_type": ["const": .string(TokenExchange.accessToken)],
                "requested_token_type": ["const": .string(TokenExchange.accessToken)],
                "audience": [
                    "type": "string", "maxLength": 63,
                    "description":
                        "The service. The credential's own is meant where it is left out.",
                ],
                "scope": [
                    "type": "string", "maxLength": 200,
                    "description": "Words of the credential's scope, for a token that allows less.",
                ],
            ],
        ]
}

extension OperationDescription.Answer {
    private static let entityTag: [String: JSONValue] = [
        "ETag": [
            "description": "`\"v<version>\"`.",
            "schema": ["type": "string", "pattern": "^\"v[0-9]+\"$"],
        ]
    ]
    private static let location: [String: JSONValue] = [
        "Location": [
            "description": "Where it can be read.", "schema": ["type": "string"],
        ]
    ]

    /// A JSON body of the schema with this name.
    static func json(
        _ schema: String,
        _ description: String = "A page.",
        status: HTTPResponse.Status = .ok
    ) -> Self {
        Self(status, description, content: ["application/json": .schema(schema)])
    }

    /// What `/oauth2/token` gives.
    static let tokenAnswer = Self(
        .ok,
        "The token.",
        content: [
            "application/json": [
                "anyOf": [.schema("ExchangedToken"), .schema("LoginTokens")]
            ]
        ]
    )

    /// Something that has versions, with its tag.
    static func versioned(
        _ schema: String,
        _ description: String,
        status: HTTPResponse.Status = .ok
    ) -> Self {
        Self(
            status,
            description,
            headers: entityTag,
            content: ["application/json": .schema(schema)]
        )
    }

    /// Something new that has a place of its own.
    static func created(_ schema: String, _ description: String, isVersioned: Bool = false)
        -> Self
    {
        let headers = isVersioned ? location.merging(entityTag) { $1 } : location
        return Self(
            .created,
            description,
            headers: headers,
            content: ["application/json": .schema(schema)]
        )
    }

    /// What an access request's task is, and how soon to look again.
    static func task(_ description: String, status: HTTPResponse.Status = .ok) -> Self {
        let retryAfter: JSONValue = [
            "description": "Seconds to wait before looking again, while people are waited for.",
            "schema": ["type": "string"],
        ]
        return Self(
            status,
            description,
            headers: (status == .ok ? [:] : location).merging(["Retry-After": retryAfter]) { $1 },
            content: ["application/json": .schema("AccessRequestTask")]
        )
    }

    static func text(_ description: String) -> Self {
        Self(.ok, description, content: ["text/plain": ["type": "string"]])
    }

    static func bytes(_ description: String) -> Self {
        let schema: JSONValue = ["type": "string", "format": "binary"]
        return Self(.ok, description, content: ["application/octet-stream": schema])
    }
}
