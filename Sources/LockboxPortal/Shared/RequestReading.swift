import Hummingbird
import LockboxAudit
import LockboxDomain
import LockboxIdentity
import LockboxPorts
import LockboxService

/// What a request's page is made from.
struct RequestReading: Sendable {
    let view: RequestView
    let support: SupportView
    /// Nil where the reader may not see them.
    let messages: [MessageView]?
    let tenant: Tenant
    let companies: Companies

    /// What a decision form says its sender had before her eyes: `decisions.messages`.
    var seen: String { "\(view.request.decisions.count).\(messages?.count ?? 0)" }

    /// Changes with everything that a request's page tells and that time alone does not change.
    var liveTag: String {
        let removed = view.removals.count { $0.progress == .confirmed }
        let state = view.grantState?.rawValue ?? view.request.state.name.rawValue
        return "\(view.request.id.text)-\(view.request.version)-\(state)-\(removed)-\(view.useCount)-"
            + "\(messages?.count ?? 0)"
    }

    /// Whether somebody wrote since the form was made: an answer could change her mind, and changes no version.
    func hasUnreadMessages(_ form: Form) -> Bool {
        let counts = Self.counts(form)
        return counts.count == 2 && counts[1] < messages?.count ?? 0
    }

    /// Approvals still missing, by the stricter of the rule when the customer was asked and the rule now.
    func missingApprovals(asked: Int) -> Int {
        let given = view.request.decisions.count { $0.stage == .customer && $0.isApproval }
        return max(1, max(asked, tenant.policy.approvalsNeeded) - given)
    }

    /// What happened between the making of a refused form and its arrival; empty where the form itself was wrong.
    func changes(since refused: RefusedForm) -> [String] {
        switch refused.refusal {
        case .stale, .alreadyDecided, .alreadyDecidedByYou, .wrongState, .notAwaitingYou, .nobodyCanApprove,
            .accessNotActive:
            break
        case _: return []
        }
        let request = view.request
        let seen = Self.counts(refused.form).first ?? request.decisions.count
        var changes = request.decisions.dropFirst(seen).map { decision in
            let line = DecisionLine(decision, in: view, companies: companies)
            let less = line.narrowed.isEmpty ? "" : ", " + line.narrowed.joined(separator: ", ")
            return "\(line.decider) \(line.verdict) on \(line.decidedAt.words)\(less)."
        }
        if hasUnreadMessages(refused.form) {
            changes.append("There is a new message that you have not seen. Read it, then decide.")
        }
        switch request.state {
        case .expired(let at, _): changes.append("The request expired on \(Moment(at).words). It gives no access.")
        case .withdrawn(let at, _):
            changes.append("\(view.engineerName) withdrew the request on \(Moment(at).words).")
        case .ended(_, let ending):
            changes.append("Access is over since \(Moment(ending.at).words): \(view.words(for: ending)).")
        case .scheduled, .active, .awaitingCustomer, .awaitingManager, .denied, .rejected: break
        }
        return changes.isEmpty ? [refused.refusal.words] : changes
    }

    private static func counts(_ form: Form) -> [Int] {
        (form["seen"] ?? "").split(separator: ".").compactMap { Int($0) }
    }
}

/// The forms of a request's page.
enum RequestForm: Sendable {
    case approve, deny, ask, stop, finish, withdraw, credential
}

/// A form that was not taken.
struct RefusedForm: Sendable {
    let kind: RequestForm
    let refusal: Refusal
    let form: Form

    /// What was typed at length.
    var typed: String? { form["comment"] ?? form["text"] }
}

extension Refusal {
    /// The sentence in the words of a request's forms.
    var words: String {
        switch self {
        case .invalid("comment", .missing): "Write why. The other side reads it."
        case .invalid("text", .missing): "Write your message first."
        case .invalid("password", .missing): "Give your password, so that we know it is you."
        case .invalid("keep", _): "Keep at least one resource. To give nothing, deny."
        case .badCredentials: "The password is wrong. After too many wrong ones, no password is right for a while."
        case .invalid("comment", let problem), .invalid("text", let problem): "Your text \(problem.sentence)"
        case .exceedsRequest: "You can give less than what is asked for, and never more."
        case _: sentence
        }
    }
}

/// A decision was refused after the password had been confirmed: the session goes on under a new secret.
private struct RefusedAfterConfirmation: Error {
    let refusal: Refusal
    let secret: String
}

extension PortalSite {
    /// Everything a request's page tells, as of now.
    func reading(of id: String, _ visit: Visit) async throws -> RequestReading {
        let view = try await lockbox.request(id, by: visit.person)
        let tenant = try await lockbox.tenant(view.request.terms.tenant.text, by: visit.person)
        // Who only opened the support request sees what became of it, and not what others said.
        let oversees = !visit.isCustomer || visit.holds([.approver, .admin, .auditor])
        return RequestReading(
            view: view,
            support: try await lockbox.supportRequest(
                view.request.terms.supportRequest.text, tenant: tenant.id.text, by: visit.person),
            messages: oversees ? try await lockbox.messages(on: id, by: visit.person) : nil,
            tenant: tenant, companies: Companies(provider: visit.providerName, tenant: tenant.name))
    }

    /// Where the log holds what the visitor did to the request last.
    func ownRecord(of reading: RequestReading, _ visit: Visit) async throws -> UInt64? {
        guard visit.holds([.approver, .admin, .auditor]) else { return nil }
        let search = LogSearch(person: visit.person.id.text, request: reading.view.request.id)
        return try await log.search(search, in: .tenant(reading.tenant.id), page: .init(limit: 1)).items.first?.index
    }

    /// Sends a yes or no, with the password where it is needed. `path` leads to the request's page.
    func decide(
        _ draft: DecisionDraft, _ form: Form, _ id: String, _ visit: Visit, then path: String, _ done: Done
    ) async throws -> Response {
        let secret = try await confirm(form, visit)
        do {
            _ = try await lockbox.decide(
                draft, on: id, version: form["version"].flatMap { Int($0) }, by: visit.person, key: form.commandKey)
        } catch let refusal as Refusal {
            guard let secret else { throw refusal }
            throw RefusedAfterConfirmation(refusal: refusal, secret: secret)
        }
        let response = seeOther(path, done)
        return secret.map { setSession($0, on: response) } ?? response
    }

    /// Takes one of the forms of a request's page. What is refused is answered by that page, made by `page`, with what
    /// was typed.
    func take(
        _ form: Form, _ context: PortalContext, _ visit: Visit, as kind: RequestForm,
        _ command: (RequestReading, String) async throws -> Response,
        page: (RequestReading, Visit, RefusedForm) async throws -> any Page
    ) async throws -> Response {
        let id = try Self.id(context)
        let before = try await reading(of: id, visit)
        let refusal: Refusal
        var secret: String?
        do {
            if kind == .approve, before.hasUnreadMessages(form) {
                throw Refusal.stale(current: before.view.request.version)
            }
            return try await command(before, id)
        } catch let refused as RefusedAfterConfirmation {
            (refusal, secret) = (refused.refusal, refused.secret)
        } catch let refused as Refusal {
            refusal = refused
        }
        if case .notSignedIn = refusal { throw refusal }
        var visit = visit
        if let secret, let signedIn = try await sessions.resume(secret) {
            visit = visit.going(on: signedIn, secret)
        }
        let refused = RefusedForm(kind: kind, refusal: refusal, form: form)
        let after = try await reading(of: id, visit)
        let isConflict = !after.changes(since: refused).isEmpty
        let response = html(
            try await page(after, visit, refused), visit, status: isConflict ? .conflict : .unprocessableContent)
        return secret.map { setSession($0, on: response) } ?? response
    }
}
