/// A rule said no. Each case is one reason; its name on the wire (`code`) and its sentence are
/// total functions of it.
public enum Refusal: Error, Hashable, Sendable {
    // Input
    /// The value of `field` breaks a rule; `problem` says which.
    case invalid(field: String, problem: InputProblem)
    /// `field` names something that does not exist for this caller. Another tenant's things do not
    /// exist for it.
    case unknownReference(field: String, noun: Noun)
    /// The thing addressed does not exist for this caller.
    case notFound(Noun)
    /// More was asked for than the request (or what is left of it after earlier approvals) offers.
    case exceedsRequest(field: String)
    /// Longer than the tenant's policy allows.
    case exceedsCap(TimeSpan)
    /// The same number is used in several tenants; say which.
    case ambiguous(field: String)

    // Permission
    case notSignedIn
    case badCredentials
    case tooManyAttempts(retryAfter: TimeSpan)
    case notPermitted(Permission)
    /// Nobody decides on a request of their own.
    case ownRequest
    /// The API token is not for this; one with these scopes would be.
    case scopeMissing(TokenScopes)
    /// The API token is for this, and the caller's organisation keeps it to the portal.
    case scopeWithheld(TokenScopes)

    // State
    case versionRequired
    case stale(current: Int)
    case alreadyDecided(AccessRequest.StateName)
    case alreadyDecidedByYou
    case wrongState(AccessRequest.StateName)
    case notAwaitingYou(AccessRequest.StateName)
    /// The caller decides since just now; her yes counts from this instant on.
    case decidesLater(Timestamp)
    /// The tenant counts an approval, or a change of its rules, only where it is signed.
    case signatureRequired
    case nobodyCanApprove(needed: Int, eligible: Int)
    case accessNotActive(AccessRequest.StateName)
    case notLicensed
    case limitReached(Quota)
    /// The bound of a day is reached; there is room again after `wait`.
    case dailyLimitReached(DailyQuota, wait: TimeSpan)
    case alreadyExists(Noun)
    case keyReused
    case lastAdministrator
    /// The tenant lets no program ask for access.
    case programsRefused
    case supportRequestClosed, supportRequestNotClosed

    /// What is wrong with a value.
    public enum InputProblem: Hashable, Sendable {
        case missing
        case malformed(expected: String)
        case tooShort(minimum: Int)
        case tooLong(maximum: Int)
        case outOfRange(String)
        case controlCharacters
        case notAllowedHere(String)
        case duplicate
    }

    /// A kind of thing that can be unknown.
    public enum Noun: String, Hashable, Sendable, CaseIterable {
        case tenant, person, service, resource, supportRequest, accessRequest, token, credential,
            notice, page,
            auditRecord, group
    }

    /// What a caller would have needed.
    public enum Permission: String, Hashable, Sendable, CaseIterable {
        case openSupportRequests, requestAccess, decideAsManager, decideAsApprover, withdraw,
            finish, revoke,
            obtainCredential, postMessage, writeOnSupportRequest
        case changePolicy, changePeople, eraseTexts, readAudit, readPeople
        /// To looser rules that wait, or that somebody decides from now on.
        case agree
        /// From the server itself.
        case signInForTenant
    }

    /// A count that is bounded.
    public enum Quota: String, Hashable, Sendable, CaseIterable {
        case openRequests, waitingRequestsAtTenant, waitingRequestsOnSupportRequest
        case deniedJustNow
        case credentials, tokens, messages, supportEntries
        case provisioningTokens, groups, groupRoles
    }
}

extension Refusal {
    /// A program was to get a password, or a letter by which one is chosen.
    public static let signInOfProgram = Refusal.invalid(
        field: "person",
        problem: .notAllowedHere(
            "is a program, which comes in with API tokens alone: it has no password and no invitation."
        )
    )

    /// The reason's name on the wire. It never changes once published.
    public var code: String {
        switch self {
        case .invalid(_, .missing): "missingField"
        case .invalid: "invalidField"
        case .unknownReference(_, let noun):
            "unknown" + noun.rawValue.prefix(1).uppercased() + noun.rawValue.dropFirst()
        case .notFound: "notFound"
        case .exceedsRequest: "exceedsRequest"
        case .exceedsCap: "exceedsCap"
        case .ambiguous: "ambiguous"
        case .notSignedIn: "notSignedIn"
        case .badCredentials: "badCredentials"
        case .tooManyAttempts: "tooManyAttempts"
        case .notPermitted: "notPermitted"
        case .ownRequest: "ownRequest"
        case .scopeMissing: "scopeMissing"
        case .scopeWithheld: "scopeWithheld"
        case .versionRequired: "versionRequired"
        case .stale: "stale"
        case .alreadyDecided: "alreadyDecided"
        case .alreadyDecidedByYou: "alreadyDecidedByYou"
        case .wrongState: "wrongState"
        case .notAwaitingYou: "notAwaitingYou"
        case .decidesLater: "decidesLater"
        case .signatureRequired: "signatureRequired"
        case .nobodyCanApprove: "nobodyCanApprove"
        case .accessNotActive: "accessNotActive"
        case .notLicensed: "notLicensed"
        case .limitReached: "limitReached"
        case .dailyLimitReached: "dailyLimitReached"
        case .alreadyExists: "alreadyExists"
        case .keyReused: "idempotencyKeyReused"
        case .lastAdministrator: "lastAdministrator"
        case .programsRefused: "programsRefused"
        case .supportRequestClosed: "supportRequestClosed"
        case .supportRequestNotClosed: "supportRequestNotClosed"
        }
    }

    /// The input field at fault, in the wire's spelling (`resources[0].id`), where there is one.
    public var field: String? {
        switch self {
        case .invalid(let field, _), .unknownReference(let field, _), .exceedsRequest(let field),
            .ambiguous(let field):
            field
        case .exceedsCap: "duration"
        case .versionRequired, .stale: "If-Match"
        case .keyReused: "Idempotency-Key"
        case .notFound, .notSignedIn, .badCredentials, .tooManyAttempts, .notPermitted, .ownRequest,
            .scopeMissing, .scopeWithheld,
            .alreadyDecided,
            .alreadyDecidedByYou, .wrongState, .notAwaitingYou, .decidesLater,
            .signatureRequired, .nobodyCanApprove,
            .accessNotActive, .notLicensed,
            .limitReached, .dailyLimitReached,
            .alreadyExists, .lastAdministrator, .programsRefused, .supportRequestClosed,
            .supportRequestNotClosed:
            nil
        }
    }

    /// What is wrong and what to do, in words for the person who asked. It never tells of anything
    /// the caller may not see.
    public var sentence: String {
        switch self {
        case .invalid(let field, let problem): "\(field): \(problem.sentence)"
        case .unknownReference(let field, let noun): "\(field): there is no such \(noun.words)."
        case .notFound(let noun): "There is no such \(noun.words)."
        case .exceedsRequest(let field):
            "\(field): an approval can give less than what is asked for, never more."
        case .exceedsCap(let cap): "duration: this tenant allows access for at most \(cap)."
        case .ambiguous(let field):
            "\(field): this number is used by more than one tenant; say which tenant you mean."
        case .notSignedIn: "Sign in first: a valid API token is needed."
        case .badCredentials:
            "The e-mail address or the password is wrong. After too many wrong ones, no password is right for a while."
        case .tooManyAttempts(let wait): "Too many requests. Try again in \(wait)."
        case .notPermitted(let permission): permission.sentence
        case .ownRequest:
            "Nobody can decide on a request of their own. Another manager must review it."
        case .scopeMissing(let scopes):
            "This API token is not for that: it has no scope \(scopes.names.joined(separator: " or ")). "
                + "Use one that has, or the portal."
        case .scopeWithheld(let scopes):
            "Your organisation lets no API token do that, whatever its scope "
                + "(\(scopes.names.joined(separator: " or "))). Use the portal."
        case .versionRequired:
            "Say which version you read: send If-Match with its ETag, or the member version."
        case .stale(let current):
            "The request has changed since you read it (it is now version \(current)). Read it again, then decide."
        case .alreadyDecided(let state): "It is too late to decide: the request is \(state.words)."
        case .alreadyDecidedByYou:
            "You have decided on this request already; a decision cannot be changed."
        case .wrongState(let state): "This cannot be done while the request is \(state.words)."
        case .notAwaitingYou(let state):
            "The request is not waiting for your decision: it is \(state.words)."
        case .decidesLater(let instant):
            "You decide since a short while ago, or your address was changed: your approvals count from "
                + "\(instant.words()) on, or once enough of your approvers and administrators have confirmed you "
                + "under People. A denial counts at once."
        case .signatureRequired:
            "Your organisation counts this only when it is signed. Sign with a passkey at the portal, or "
                + "on the command line with “--sign-with KEY”."
        case .nobodyCanApprove(let needed, let eligible):
            "The tenant requires \(needed) approval\(needed == 1 ? "" : "s") but has \(eligible) "
                + "approver\(eligible == 1 ? "" : "s") whose yes counts in time. "
                + "Its administrator must name approvers first."
        case .accessNotActive(let state):
            "There is no access to use: the request is \(state.words)."
        case .notLicensed:
            "The tenant's plan does not include Lockbox, so approval cannot be required."
        case .limitReached(let quota): quota.sentence
        case .dailyLimitReached(let quota, let wait):
            "\(quota.sentence), which is the limit. It goes on in \(wait.words)."
        case .alreadyExists(let noun): "There is already such a \(noun.words)."
        case .keyReused:
            "This Idempotency-Key was used before for a different request. Use a new key."
        case .lastAdministrator:
            "This would leave the tenant without an administrator. Name another one first."
        case .programsRefused:
            "This tenant lets no program ask for access, neither for itself nor for an engineer. "
                + "An engineer must ask herself."
        case .supportRequestClosed:
            "The support request is closed: nobody can write on it or ask for access for it. Reopen it first; an "
                + "engineer, whoever opened it, or an administrator of the tenant can."
        case .supportRequestNotClosed: "The support request is not closed."
        }
    }
}

extension Refusal.InputProblem {
    /// What is wrong, to follow the field's name.
    public var sentence: String {
        switch self {
        case .missing: "is missing."
        case .malformed(let expected): "is not \(expected)."
        case .tooShort(let minimum): "is too short; at least \(minimum) characters are needed."
        case .tooLong(let maximum): "is too long; at most \(maximum) characters are allowed."
        case .outOfRange(let range): "is out of range; allowed is \(range)."
        case .controlCharacters: "contains control or invisible formatting characters."
        case .notAllowedHere(let why): why
        case .duplicate: "is given twice."
        }
    }
}

extension Refusal.Noun {
    /// As in "there is no such …".
    public var words: String {
        switch self {
        case .tenant, .person, .service, .resource, .token, .credential, .notice, .page, .group:
            rawValue
        case .supportRequest: "support request"
        case .accessRequest: "access request"
        case .auditRecord: "audit record"
        }
    }
}

extension Refusal.Permission {
    /// Who would have been allowed to.
    public var sentence: String {
        switch self {
        case .openSupportRequests: "Only people of the tenant can open its support requests."
        case .requestAccess: "Only an engineer of the provider can request access."
        case .decideAsManager: "Only a manager of the provider can review this request."
        case .decideAsApprover:
            "Only an approver or administrator of the tenant can decide on this request."
        case .withdraw:
            "Only the engineer who made the request, or the program that asked for her, can withdraw it."
        case .finish: "Only the engineer who has the access can finish it."
        case .revoke:
            "Only an approver or administrator of the tenant, or a manager of the provider, can revoke access."
        case .obtainCredential:
            "Only the engineer whom the access was given to can obtain a credential."
        case .postMessage:
            "Only an approver or administrator of the tenant, the engineer who made the request, or a manager of the "
                + "provider can write here."
        case .writeOnSupportRequest:
            "Only whoever opened the support request, an administrator of the tenant, or an engineer of the provider "
                + "can write on it, close or reopen it."
        case .eraseTexts: "Only an administrator of the tenant can erase texts of its log."
        case .changePolicy: "Only an administrator of the tenant can change its policy."
        case .changePeople: "Only an administrator of the tenant can change who may do what."
        case .agree:
            "Only approvers and administrators of the tenant whose own approvals count can agree to this, and nobody "
                + "to what is about herself."
        case .readAudit:
            "Only approvers, administrators and auditors of the tenant can read its audit log."
        case .signInForTenant:
            "This person's tenant has an administrator who has signed in: from then on its people set "
                + "their own passwords and make their own tokens. Send an invitation with lockboxd invite."
        case .readPeople: "Only people of the tenant can see who its people are."
        }
    }
}

extension Refusal.Quota {
    /// Whether waiting is enough.
    public var endsWithTime: Bool {
        switch self {
        case .deniedJustNow: true
        case .openRequests, .waitingRequestsAtTenant, .waitingRequestsOnSupportRequest,
            .credentials, .tokens, .messages, .supportEntries, .provisioningTokens, .groups,
            .groupRoles:
            false
        }
    }

    /// Which bound was reached, and what to do.
    public var sentence: String {
        switch self {
        case .openRequests:
            "You have \(Limits.openRequestsPerEngineer) open requests. Withdraw or finish some first."
        case .waitingRequestsAtTenant:
            "You have \(Limits.waitingRequestsAtTenant) requests about this tenant that wait for a "
                + "decision. Withdraw some, or wait until some are decided."
        case .waitingRequestsOnSupportRequest:
            "There are \(Limits.waitingRequestsOnSupportRequest) requests on this support "
                + "request that wait for a decision, which is the limit. Wait until some are decided."
        case .deniedJustNow:
            "The customer has just denied a request of yours on this support request. Talk to the customer, and "
                + "ask again \(Limits.waitAfterDenial.words) after the denial at the earliest."
        case .credentials:
            "\(Limits.credentialsPerGrant) credentials were issued for this access, which is the limit."
        case .messages:
            "\(Limits.messagesPerRequest) messages were written about this request, which is the limit. "
                + "Talk to each other directly."
        case .supportEntries:
            "\(Limits.messagesPerRequest) messages were written on this support request, which is the limit. "
                + "Close it, and open another."
        case .provisioningTokens:
            "There are \(Limits.provisioningTokensPerDirectory) tokens of this kind, which is the limit. End one first."
        case .groups: "There are \(Limits.groupsPerDirectory) groups, which is the limit."
        case .groupRoles:
            "\(Limits.groupRolesPerDirectory) groups give roles, which is the limit. Take one away first."
        case .tokens: "You have the largest allowed number of API tokens. Revoke one first."
        }
    }
}
