import HTTPTypes
import Hummingbird
import LockboxAudit
import LockboxDomain
import LockboxHTTP
import LockboxPorts
import LockboxService
import LockboxWire
import Logging

/// What goes wrong at the HTTP boundary itself, before any rule is asked.
enum BoundaryError: Error {
    case malformedBody(String, field: String?)
    case unknownMember(path: String)
    case wrongMediaType(expected: String)
    case notAcceptable(String)
    case bodyTooLarge
    case badParameter(String, expected: String)
    case noSuchPage
    case methodNotAllowed([HTTPRequest.Method])
    /// An API token came, and opens nothing.
    case invalidToken
    case overloaded
    /// The server cannot do all of its work, for these reasons.
    case notReady([String])
}

/// The one place where errors become answers: problem documents (RFC 9457) with words that are safe
/// for whoever asked.
struct ProblemAnswer: ResponseGenerator {
    var status: HTTPResponse.Status
    var code: String
    var detail: String
    var field: String?
    var headers: HTTPFields = [:]
    /// What the API token would have to be for.
    var scope: String?
    /// The URI of a kind of problem that a standard names; nil where it is ours.
    var type: String?

    func response(from request: Request, context: some RequestContext) throws -> Response {
        let document = ProblemDocument(
            type: type ?? "urn:lockbox:problem:\(code)",
            title: status.reasonPhrase,
            status: status.code,
            detail: detail,
            code: code,
            errors: field.map { [.init(field: $0, detail: detail)] },
            scope: scope
        )
        var response = try JSONAnswer.response(document, status: status, headers: headers)
        response.headers[.contentType] = "application/problem+json"
        return response
    }
}

extension ProblemAnswer {
    /// The same of an error at a door with a form of its own, of which the log hears here. Throws
    /// what says that the client has left: that is no error, and gets no answer.
    static func heard(_ error: any Error, _ context: APIContext) throws -> ProblemAnswer {
        if Boundary.isDeparture(error) { throw error }
        let problem = ProblemAnswer(error)
        if problem.status.kind == .serverError {
            // Only the log sees what really happened.
            context.logger.error("request failed", metadata: ["error": "\(error)"])
        }
        return problem
    }

    init(_ error: any Error) {
        switch error {
        case let refusal as Refusal: self.init(refusal)
        case let boundary as BoundaryError: self.init(boundary)
        case let fault as AccessRequestFault: self.init(fault)
        case StoreError.busy: self.init(.overloaded)
        case let error as EndNotRecorded:
            self.init(
                status: .serviceUnavailable,
                code: "endNotRecorded",
                detail: error.sentence,
                headers: [.retryAfter: "5"]
            )
        case let error as WriteHeldBack:
            self.init(
                status: .serviceUnavailable,
                code: "unavailable",
                detail: error.sentence,
                headers: [.retryAfter: "60"]
            )
        case StoreError.corrupt:
            self.init(
                status: .serviceUnavailable,
                code: "storedDataDamaged",
                detail: "What Lockbox has stored about this is damaged. Nothing was changed. "
                    + "The server's log says what it is; an operator must look."
            )
        case is StoreError:
            self.init(
                status: .serviceUnavailable,
                code: "unavailable",
                detail: "Lockbox cannot reach its database now. Try again shortly.",
                headers: [.retryAfter: "1"]
            )
        case is EnforcerError:
            self.init(
                status: .serviceUnavailable,
                code: "unavailable",
                detail: "The service cannot open the access now. Try again shortly.",
                headers: [.retryAfter: "1"]
            )
        case let error as any HTTPResponseError where error.status == .contentTooLarge:
            self.init(.bodyTooLarge)
        case let error as any HTTPResponseError where error.status == .notFound:
            self.init(.noSuchPage)
        case let error as any HTTPResponseError where error.status.code < 500:
            self.init(
                status: error.status,
                code: "badRequest",
                detail: "The request could not be read."
            )
        case _:
            self.init(
                status: .internalServerError,
                code: "internal",
                detail: "Something went wrong. It was written to the server's log."
            )
        }
    }

    private init(_ error: BoundaryError) {
        switch error {
        case .malformedBody(let detail, let field):
            self.init(status: .badRequest, code: "malformedBody", detail: detail, field: field)
        case .unknownMember(let given):
            let path = Self.shown(given)
            self.init(
                status: .badRequest,
                code: "unknownMember",
                detail: "\(path): there is no such member.",
                field: path
            )
        case .wrongMediaType(let expected):
            self.init(
                status: .unsupportedMediaType,
                code: "wrongMediaType",
                detail: "Send the body as \(expected)."
            )
        case .notAcceptable(let offered):
            self.init(
                status: .notAcceptable,
                code: "notAcceptable",
                detail: "This can be had as \(offered)."
            )
        case .bodyTooLarge:
            self.init(
                status: .contentTooLarge,
                code: "bodyTooLarge",
                detail: "The body is larger than \(APILimits.bodyBytes) bytes."
            )
        case .badParameter(let name, let expected):
            self.init(
                status: .badRequest,
                code: "badParameter",
                detail: "\(name): is not \(expected).",
                field: name
            )
        case .noSuchPage:
            self.init(status: .notFound, code: "notFound", detail: "There is no such page.")
        case .methodNotAllowed(let allowed):
            self.init(
                status: .methodNotAllowed,
                code: "methodNotAllowed",
                detail: "This page knows \(allowed.allowed).",
                headers: [.allow: allowed.allowed]
            )
        case .notReady(let reasons):
            self.init(
                status: .serviceUnavailable,
                code: "unavailable",
                detail: reasons.joined(separator: " "),
                headers: [.retryAfter: "5"]
            )
        case .invalidToken:
            self.init(.notSignedIn)
            headers[.wwwAuthenticate] = Self.challenge + ", error=\"invalid_token\""
        case .overloaded:
            self.init(
                status: .serviceUnavailable,
                code: "overloaded",
                detail: "Too much is going on. Try again shortly.",
                headers: [.retryAfter: "1"]
            )
        }
    }

    /// The path of a member. Names are the sender's words: a secret put there by mistake is not said
    /// again.
    static func shown(_ path: String) -> String {
        path.count <= 40 ? path : "(a member with a long name)"
    }

    /// RFC 6750 §3: without a token, no error is named.
    private static let challenge = #"Bearer realm="lockbox""#

    private init(_ refusal: Refusal) {
        self.init(
            status: refusal.status,
            code: refusal.code,
            detail: refusal.sentence,
            field: refusal.field
        )
        switch refusal {
        case .notSignedIn: headers[.wwwAuthenticate] = Self.challenge
        case .scopeMissing(let scopes), .scopeWithheld(let scopes):
            // RFC 6750 §3.1.
            let names = scopes.names.joined(separator: " ")
            scope = names
            headers[.wwwAuthenticate] =
                Self.challenge + ", error=\"insufficient_scope\", scope=\"\(names)\""
        case .tooManyAttempts(let wait), .dailyLimitReached(_, let wait):
            headers[.retryAfter] = String(max(1, wait.milliseconds / 1000))
        case .limitReached(let quota):
            if quota.endsWithTime { headers[.retryAfter] = "60" }
        case .stale(let current): headers[.eTag] = VersionTag.text(current)
        case .invalid, .unknownReference, .notFound, .exceedsRequest, .exceedsCap, .ambiguous,
            .badCredentials,
            .notPermitted,
            .ownRequest, .versionRequired, .alreadyDecided, .alreadyDecidedByYou, .wrongState,
            .notAwaitingYou, .decidesLater, .signatureRequired, .nobodyCanApprove,
            .accessNotActive, .notLicensed, .alreadyExists, .keyReused, .lastAdministrator,
            .programsRefused, .supportRequestClosed, .supportRequestNotClosed:
            break
        }
    }
}

extension Refusal {
    /// The HTTP status of each reason.
    var status: HTTPResponse.Status {
        switch self {
        case .invalid(let field, _) where ["cursor", "limit"].contains(field): .badRequest
        case .invalid, .unknownReference, .exceedsRequest, .exceedsCap, .keyReused:
            .unprocessableContent
        case .notFound: .notFound
        case .notSignedIn, .badCredentials: .unauthorized
        case .tooManyAttempts, .dailyLimitReached: .tooManyRequests
        case .limitReached(let quota): quota.endsWithTime ? .tooManyRequests : .conflict
        case .notPermitted, .ownRequest, .scopeMissing, .scopeWithheld, .programsRefused:
            .forbidden
        case .versionRequired: .init(code: 428, reasonPhrase: "Precondition Required")
        case .stale: .preconditionFailed
        case .ambiguous, .alreadyDecided, .alreadyDecidedByYou, .wrongState, .notAwaitingYou,
            .decidesLater, .signatureRequired, .nobodyCanApprove, .accessNotActive, .notLicensed,
            .alreadyExists, .lastAdministrator, .supportRequestClosed, .supportRequestNotClosed:
            .conflict
        }
    }
}
