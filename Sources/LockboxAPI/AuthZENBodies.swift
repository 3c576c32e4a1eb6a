import HTTPTypes
import LockboxDomain

/// What AuthZEN's endpoints are asked (Authorization API 1.0). Members that we do not know are passed
/// over, `properties` among them; those that we do must have the right type.
struct AuthZENQuestion: Decodable {
    struct Entity: Decodable {
        var type: String?
        var id: String?
    }

    struct Action: Decodable {
        var name: String?
    }

    struct Context: Decodable {
        private enum CodingKeys: CodingKey { case credential, approval, requestable }

        /// One that is no text is none that is known.
        let credential: String?
        let approval: Approval?
        /// Whether a service wants to know how access that is denied can be asked for.
        let asksForRequest: Bool

        init(from decoder: any Decoder) throws {
            let members = try decoder.container(keyedBy: CodingKeys.self)
            credential =
                members.contains(.credential)
                ? try Self.read { try members.decode(String.self, forKey: .credential) } ?? "" : nil
            approval =
                members.contains(.approval)
                ? try members.decode(Approval.self, forKey: .approval) : nil
            asksForRequest =
                try members.contains(.requestable)
                && Self.read { try members.decode(Bool.self, forKey: .requestable) } == true
        }

        /// What is said for one question, with what is said for all where it says nothing.
        init(_ own: Context?, or whole: Context?) {
            credential = own?.credential ?? whole?.credential
            approval = own?.approval ?? whole?.approval
            asksForRequest = own?.asksForRequest == true || whole?.asksForRequest == true
        }

        private static func read<Value>(_ decode: () throws -> Value) throws -> Value? {
            do { return try decode() } catch is DecodingError { return nil }
        }
    }

    /// What was approved before, as the task of the request said it. One that says anything else is
    /// none that is known.
    struct Approval: Decodable {
        private enum CodingKeys: CodingKey { case id, state }

        let request: AccessRequestID?

        init(from decoder: any Decoder) throws {
            do {
                let members = try decoder.container(keyedBy: CodingKeys.self)
                let id = try members.decode(String.self, forKey: .id)
                // None is given out, so whatever is there is not ours.
                let hasState = members.contains(.state)
                request = AccessRequestID(id).flatMap { $0.text == id && !hasState ? $0 : nil }
            } catch is DecodingError {
                request = nil
            }
        }
    }

    /// What is asked in one evaluation, as far as it was said.
    struct Evaluation: Decodable {
        var subject: Entity?
        var action: Action?
        var resource: Entity?
        var context: Context?
    }

    /// One of several. Something that is wrong with it is no error of the whole.
    struct Item: Decodable {
        let evaluation: Evaluation?

        init(from decoder: any Decoder) throws {
            do {
                evaluation = try Evaluation(from: decoder)
            } catch is DecodingError {
                evaluation = nil
            }
        }
    }

    enum Semantic: String, CaseIterable {
        case executeAll = "execute_all"
        case denyOnFirstDeny = "deny_on_first_deny"
        case permitOnFirstPermit = "permit_on_first_permit"
    }

    struct Options: Decodable {
        let evaluations_semantic: String?
    }

    struct Page: Decodable {
        let token: String?
        let limit: Int?
    }

    private enum CodingKeys: CodingKey { case evaluations, options, page }

    /// What is said for all.
    let whole: Evaluation
    let evaluations: [Item]
    let semantic: Semantic
    let page: Page?

    init(from decoder: any Decoder) throws {
        whole = try Evaluation(from: decoder)
        let members = try decoder.container(keyedBy: CodingKeys.self)
        evaluations = try members.decodeIfPresent([Item].self, forKey: .evaluations) ?? []
        let options = try members.decodeIfPresent(Options.self, forKey: .options)
        let name = options?.evaluations_semantic ?? Semantic.executeAll.rawValue
        guard let semantic = Semantic(rawValue: name) else {
            let known = Semantic.allCases.map(\.rawValue).joined(separator: ", ")
            throw AuthZENFault("options.evaluations_semantic: must be one of \(known).")
        }
        self.semantic = semantic
        page = try members.decodeIfPresent(Page.self, forKey: .page)
    }

    /// `item` with what is said for all where it says nothing; nil where it is broken.
    func completed(_ item: Item) -> Evaluation? {
        guard let own = item.evaluation else { return nil }
        return Evaluation(
            // Each is one value: nothing within it is taken from what is said for all.
            subject: own.subject ?? whole.subject,
            action: own.action ?? whole.action,
            resource: own.resource ?? whole.resource,
            // A credential that is said for all is not forgotten where an item has more to say.
            context: Context(own.context, or: whole.context)
        )
    }
}

/// A question that cannot be answered, with the message that AuthZEN wants for it.
struct AuthZENFault: Error {
    let status: HTTPResponse.Status
    let message: String

    init(_ message: String, status: HTTPResponse.Status = .badRequest) {
        self.status = status
        self.message = message
    }

    static func missing(_ member: String) -> AuthZENFault { AuthZENFault("\(member): is missing.") }

    static let unknownService = AuthZENFault(
        "The service is unknown, or its secret is wrong.",
        status: .unauthorized
    )
}

extension AuthZENQuestion.Entity? {
    /// Its type and its identifier, which must be there.
    func whole(_ name: String) throws(AuthZENFault) -> (type: String, id: String) {
        guard let id = self?.id else { throw .missing("\(name).id") }
        return (try type(name), id)
    }

    func type(_ name: String) throws(AuthZENFault) -> String {
        guard let type = self?.type else { throw .missing("\(name).type") }
        return type
    }
}

extension AuthZENQuestion.Evaluation {
    func actionName() throws(AuthZENFault) -> String {
        guard let name = action?.name else { throw .missing("action.name") }
        return name
    }
}

/// An answer of AuthZEN's: what may be, and no more but to who asked for more.
struct AuthZENDecision: Encodable {
    struct Context: Encodable {
        var evaluation_id: String?
        var evaluated_at: String?
        var reason: String?
        var next_action: String?
        /// In seconds.
        var retry_after: Int64?
        var access_request: RequestOffer?
        var approval: Approval?
    }

    /// The approval that a yes rests on.
    struct Approval: Encodable {
        let id: String
        let approved_until: String
    }

    let decision: Bool
    var context: Context?

    static let no = AuthZENDecision(decision: false)
}

struct AuthZENDecisions: Encodable {
    let evaluations: [AuthZENDecision]
}

/// A page of what a search finds.
struct AuthZENResults<Found: Encodable>: Encodable {
    struct Page: Encodable {
        let next_token: String
        let count: Int
    }

    let page: Page
    let results: [Found]
}

struct AuthZENEntity: Encodable {
    let type: String
    let id: String
}

struct AuthZENAction: Encodable {
    let name: String
}

/// Where the endpoints are (Authorization API 1.0 §9).
struct AuthZENMetadata: Encodable {
    let policy_decision_point: String
    let access_evaluation_endpoint: String
    let access_evaluations_endpoint: String
    let access_request_endpoint: String
    let search_subject_endpoint: String
    let search_resource_endpoint: String
    let search_action_endpoint: String
    /// The keys that denials are signed with.
    let jwks_uri: String
    let capabilities = ["urn:openid:authzen:capability:access-request"]

    init(at publicURL: String) {
        let base = "\(publicURL)/access/v1"
        policy_decision_point = publicURL
        access_evaluation_endpoint = "\(base)/evaluation"
        access_evaluations_endpoint = "\(base)/evaluations"
        access_request_endpoint = publicURL + API.accessRequestPath
        jwks_uri = publicURL + TokenExchange.keysPath
        search_subject_endpoint = "\(base)/search/subject"
        search_resource_endpoint = "\(base)/search/resource"
        search_action_endpoint = "\(base)/search/action"
    }
}
