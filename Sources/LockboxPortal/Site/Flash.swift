import LockboxDomain
import LockboxService

/// What was just done, told on the page that follows (`?done=approved`). The address holds a name
/// of this list and never text, and only the browser that did it on that page, which a cookie says,
/// is told: nobody can make the portal say something with a link.
enum Flash: String, Sendable {
    case signedOut
    case approved, approvedByManager, denied, rejected, posted, finished, withdrawn, submitted
    case stopped, stoppedNotCut
    case switchedOff, signInChangeAsked, signInChanged, signInChangeStopped
    case supportOpened, supportClosed, supportReopened, policyChanged, rolesChanged, lettersChanged,
        timeZoneChanged
    case tokenRevoked, sessionEnded, passwordChanged, passwordChosen, invited,
        switchedOn, passkeyAdded, passkeyRemoved, signingKeyConfirmed, signingKeyRemoved
    case proposalAccepted, proposalDeclined, deciderConfirmed
    case policyChangeAsked, policyChangeAgreed, policyChangeStopped
    case loginAllowed, loginDenied
    case textsErased

    var sentence: String {
        switch self {
        case .signedOut: "You are signed out."
        case .approved: "Your approval is recorded."
        case .approvedByManager: "Your approval is recorded."
        case .denied: "Denied. No access will come of this request."
        case .rejected: "Rejected. The customer is not asked."
        case .posted: "Your message is sent."
        case .stopped: "Stopped. The access is over, and open connections are being cut."
        case .stoppedNotCut:
            "Stopped. The access is over. Connections that are open already cannot be cut everywhere."
        case .finished: "Finished. Your access is over."
        case .withdrawn: "Withdrawn. Nobody needs to decide any more."
        case .submitted: "Sent. A manager reviews it first, then the customer is asked."
        case .supportOpened: "Your support request is open."
        case .supportClosed: "Closed. Nobody can ask for access for it until it is reopened."
        case .supportReopened: "Reopened."
        case .policyChanged: "Settings saved."
        case .policyChangeAsked:
            "Asked for. What waits is shown below, and every approver and administrator is told."
        case .policyChangeAgreed: "You have agreed. More people must, or time must pass."
        case .policyChangeStopped: "Stopped. The rules stay as they are."
        case .deciderConfirmed: "Confirmed, and recorded."
        case .switchedOff:
            "Switched off. Sessions and API tokens have ended, and nobody can sign in so."
        case .signInChangeAsked:
            "Asked for. It becomes so after a day; every administrator is told."
        case .signInChanged: "It is so from now on. Whoever came in another way signs in anew."
        case .signInChangeStopped: "Stopped. People go on signing in as they do now."
        case .rolesChanged: "The roles are changed."
        case .tokenRevoked: "The token is revoked. What holds it can do nothing any more."
        case .sessionEnded: "The session is over. Whoever had it is signed out."
        case .passwordChanged:
            "Your password is changed. Your other sessions, API tokens and passkeys have ended."
        case .passkeyAdded: "The passkey is added. You can sign in with it from now on."
        case .passkeyRemoved:
            "The passkey is removed. It opens nothing any more, and what it opened elsewhere is shut."
        case .signingKeyConfirmed: "Confirmed. Approvals that it signs count from now on."
        case .signingKeyRemoved: "The key is removed. It signs nothing any more."
        case .passwordChosen: "Your password is set, and you are signed in."
        case .invited: "The invitation is on its way. It is good for three days."
        case .switchedOn: "Switched on. The password of before counts again."
        case .proposalAccepted: "Accepted. It is so from now on."
        case .proposalDeclined: "Declined. Nothing changes."
        case .loginAllowed: "Allowed. The command line goes on by itself within a few seconds."
        case .loginDenied: "Denied. The command line gets nothing."
        case .lettersChanged: "Your mail preferences are changed."
        case .textsErased: "Erased. The record below says what, by whom and why."
        case .timeZoneChanged: "Your time zone is changed."
        }
    }
}

extension RequestView {
    /// What is told when access was stopped.
    var stopped: Flash { endOfConnections.areAllCut ? .stopped : .stoppedNotCut }
}
