import HTTPTypes
import Hummingbird
import LockboxAudit
import LockboxDomain
import LockboxHTTP
import LockboxPorts
import LockboxWire
import Logging

/// What a directory is told that cannot have what it asked for (RFC 7644 §3.12).
struct SCIMFault: Error {
    /// The error codes of RFC 7644 §3.12 that occur here.
    enum Kind: String {
        case invalidFilter, uniqueness, mutability, invalidSyntax, invalidPath, noTarget
        case invalidValue, tooMany
    }

    var status: HTTPResponse.Status
    var kind: Kind?
    var detail: String
    var headers: HTTPFields = [:]

    /// 400, with its reason.
    static func bad(_ kind: Kind, _ detail: String) -> SCIMFault {
        SCIMFault(status: .badRequest, kind: kind, detail: detail)
    }

    /// A name or a word of the sender's, which may be long, or a secret put there by mistake.
    static func shown(_ text: some StringProtocol) -> String {
        text.count <= 60 ? Text.visible(text.unicodeScalars) : "(a long text)"
    }

    static let notFound = SCIMFault(status: .notFound, detail: "There is no such thing.")

    static func notSupported(_ what: String) -> SCIMFault {
        SCIMFault(status: .notImplemented, detail: "\(what) is not supported.")
    }

    func response() throws -> Response {
        var document: [String: JSONValue] = [
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": .string(String(status.code)), "detail": .string(detail),
        ]
        if let kind { document["scimType"] = .string(kind.rawValue) }
        return try SCIMAnswer.response(.object(document), status: status, headers: headers)
    }
}

/// Answers in the media type of SCIM (RFC 7644 §3.1).
enum SCIMAnswer {
    static func response(
        _ body: JSONValue,
        status: HTTPResponse.Status = .ok,
        headers: HTTPFields = [:]
    ) throws -> Response {
        var response = try JSONAnswer.response(body, status: status, headers: headers)
        response.headers[.contentType] = "application/scim+json"
        return response
    }
}

extension SCIMFault {
    /// RFC 6750 §3.
    private static let challenge = #"Bearer realm="lockbox-scim""#

    /// What an error is called here. What went wrong inside is said to the log alone.
    init(_ error: any Error) {
        switch error {
        case let fault as SCIMFault: self = fault
        case let refusal as Refusal: self.init(refusal)
        case is WriteHeldBack, is StoreError:
            self.init(
                status: .serviceUnavailable,
                detail: "Lockbox cannot do that now. Nothing was changed. Try again shortly.",
                headers: [.retryAfter: "5"]
            )
        case let error as any HTTPResponseError where error.status == .notFound: self = .notFound
        case let error as any HTTPResponseError where error.status == .contentTooLarge:
            self = .bodyTooLarge
        case let error as any HTTPResponseError where error.status.code < 500:
            self.init(status: error.status, detail: "The request could not be read.")
        case _:
            self.init(
                status: .internalServerError,
                detail: "Something went wrong. It was written to the server's log."
            )
        }
    }

    static let bodyTooLarge = SCIMFault(
        status: .contentTooLarge,
        detail: "The body is larger than \(SCIMLimits.bodyBytes) bytes."
    )

    static func methodNotAllowed(_ methods: [HTTPRequest.Method]) -> SCIMFault {
        SCIMFault(
            status: .methodNotAllowed,
            detail: "This place knows \(methods.allowed).",
            headers: [.allow: methods.allowed]
        )
    }

    private init(_ refusal: Refusal) {
        detail = refusal.sentence
        switch refusal {
        case .invalid, .unknownReference: (status, kind) = (.badRequest, .invalidValue)
        case .notFound: status = .notFound
        case .notSignedIn:
            status = .unauthorized
            detail = "A valid provisioning token of this organisation is needed."
            headers[.wwwAuthenticate] = Self.challenge
        case .alreadyExists: (status, kind) = (.conflict, .uniqueness)
        case .lastAdministrator: status = .conflict
        case .stale: status = .preconditionFailed
        case .tooManyAttempts(let wait), .dailyLimitReached(_, let wait):
            status = .tooManyRequests
            headers[.retryAfter] = String(max(1, wait.milliseconds / 1000))
        case .limitReached: (status, kind) = (.badRequest, .tooMany)
        case .exceedsRequest, .exceedsCap, .ambiguous, .badCredentials, .notPermitted,
            .ownRequest, .scopeMissing, .scopeWithheld, .versionRequired, .alreadyDecided,
            .alreadyDecidedByYou, .wrongState, .notAwaitingYou, .decidesLater, .signatureRequired,
            .nobodyCanApprove,
            .accessNotActive, .notLicensed, .keyReused, .programsRefused, .supportRequestClosed,
            .supportRequestNotClosed:
            status = .forbidden
        }
    }
}
