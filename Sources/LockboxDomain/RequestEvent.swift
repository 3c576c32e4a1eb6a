/// What happens to support requests and to access requests until they are decided, and to what is
/// written about them.
public enum RequestEvent: Hashable, Sendable {
    case supportRequestOpened(SupportRequest)
    /// Somebody wrote on it, closed or reopened it; it is as it is after that.
    case supportRequestMoved(SupportRequest, SupportEntry)
    case submitted(AccessRequest)
    /// With the signature, if the approver signed.
    case decisionMade(AccessRequest, Decision, ApprovalSignature? = nil)
    case customerAsked(AccessRequest)
    case withdrawn(AccessRequest)
    case expired(AccessRequest)
    case messagePosted(AccessRequest, Message)
    case noticeUndeliverable(UndeliverableNotice)
}

extension RequestEvent {
    /// Whether the passing of time caused it.
    var isCausedByTime: Bool {
        switch self {
        case .expired: true
        case .supportRequestOpened, .supportRequestMoved, .submitted, .decisionMade, .customerAsked,
            .withdrawn,
            .messagePosted, .noticeUndeliverable:
            false
        }
    }

    /// Whose data it is about.
    var tenant: TenantID {
        switch self {
        case .supportRequestOpened(let support), .supportRequestMoved(let support, _):
            support.tenant
        case .submitted(let request), .decisionMade(let request, _, _), .customerAsked(let request),
            .withdrawn(let request), .expired(let request), .messagePosted(let request, _):
            request.terms.tenant
        case .noticeUndeliverable(let notice): notice.tenant
        }
    }
}
