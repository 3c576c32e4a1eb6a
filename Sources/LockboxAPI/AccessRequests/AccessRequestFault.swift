import HTTPTypes
import LockboxDomain

/// What goes wrong with a requester's program, in the profile's own terms.
enum AccessRequestFault: String, Error {
    case notRequestable = "not_requestable"
    case expiredDenial = "expired_denial"
    case invalidDenialBinding = "invalid_denial_binding"
    case duplicateRequest = "duplicate_request"
    case unknownTask = "unknown_task"
    case taskExpired = "task_expired"
    case invalidTaskState = "invalid_task_state"

    fileprivate var status: HTTPResponse.Status {
        switch self {
        case .notRequestable, .invalidDenialBinding: .badRequest
        case .unknownTask: .notFound
        case .duplicateRequest, .invalidTaskState: .conflict
        case .expiredDenial, .taskExpired: .gone
        }
    }

    fileprivate var detail: String {
        switch self {
        case .notRequestable: "There is nothing of this kind that you can ask for."
        case .expiredDenial: "The denial is too old. Evaluate again, and ask with the new one."
        case .invalidDenialBinding:
            "The denial is not about this subject, resource and action, or is none of ours. Send "
                + "binding_token and expires_at as they came, for each item."
        case .duplicateRequest: Refusal.keyReused.sentence
        case .unknownTask: "There is no such task."
        case .taskExpired: "The task is over for long, and is kept no more."
        case .invalidTaskState: "The task is decided or over; it cannot be cancelled any more."
        }
    }
}

extension ProblemAnswer {
    init(_ fault: AccessRequestFault) {
        self.init(status: fault.status, code: fault.rawValue, detail: fault.detail)
        type = "urn:openid:authzen:access-request:error:\(fault.rawValue)"
    }
}

extension Refusal {
    /// The error that this is to a requester's program: in the profile's terms where it has some, else
    /// the same, about the member that she sent.
    func told(_ names: ExtensionNames) -> any Error {
        switch self {
        case .keyReused: return AccessRequestFault.duplicateRequest
        case .unknownReference(_, .tenant), .unknownReference(_, .service),
            .unknownReference(_, .resource):
            return AccessRequestFault.notRequestable
        case .unknownReference("supportRequest", let noun):
            return Refusal.unknownReference(field: "context.\(names.supportRequest)", noun: noun)
        case .invalid("reason", let problem):
            return Refusal.invalid(field: "context.business_justification", problem: problem)
        case .invalid("duration", let problem):
            return Refusal.invalid(field: "requested_access", problem: problem)
        case .invalid, .unknownReference, .notFound, .exceedsRequest, .exceedsCap, .ambiguous,
            .notSignedIn, .badCredentials, .tooManyAttempts, .notPermitted, .ownRequest,
            .scopeMissing, .scopeWithheld,
            .versionRequired, .stale, .alreadyDecided, .alreadyDecidedByYou, .wrongState,
            .notAwaitingYou, .decidesLater, .signatureRequired, .nobodyCanApprove, .accessNotActive,
            .notLicensed,
            .limitReached, .dailyLimitReached, .alreadyExists, .lastAdministrator, .programsRefused,
            .supportRequestClosed, .supportRequestNotClosed:
            return self
        }
    }
}
