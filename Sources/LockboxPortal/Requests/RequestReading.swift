import Hummingbird
import LockboxAudit
import LockboxDomain
import LockboxPorts
import LockboxService

/// What the customer's page of a request is made from.
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
        return
            "\(view.request.id.text)-\(view.request.version)-\(state)-\(removed)-\(view.useCount)-"
            + "\(messages?.count ?? 0)"
    }

    /// Whether somebody wrote since the form was made: an answer could change her mind, and changes
    /// no version.
    func hasUnreadMessages(_ seen: SeenCounts?) -> Bool {
        seen.map { $0.messages < messages?.count ?? 0 } ?? false
    }

    /// Approvals still missing, by the stricter of the rule when the customer was asked and the
    /// rule now.
    func missingApprovals(asked: Int) -> Int {
        let given = view.request.decisions.count { $0.stage == .customer && $0.isApproval }
        return max(1, max(asked, tenant.policy.approvalsNeeded) - given)
    }

    /// What happened between the making of a refused form and its arrival; empty where the form
    /// itself was wrong.
    func changes(since refused: RefusedForm) -> [String] {
        switch refused.refusal {
        case .stale, .alreadyDecided, .alreadyDecidedByYou, .wrongState, .notAwaitingYou,
            .nobodyCanApprove,
            .accessNotActive:
            break
        case _: return []
        }
        let request = view.request
        let seen = refused.seen?.decisions ?? request.decisions.count
        var changes = request.decisions.dropFirst(seen).map { decision in
            let line = DecisionLine(decision, in: view, companies: companies)
            let less = line.narrowed.isEmpty ? "" : ", " + line.narrowed.joined(separator: ", ")
            return "\(line.decider) \(line.verdict) on \(line.decidedAt.words)\(less)."
        }
        if hasUnreadMessages(refused.seen) {
            changes.append("There is a new message that you have not seen. Read it, then decide.")
        }
        switch request.state {
        case .expired(let at, _):
            changes.append("The request expired on \(Moment(at).words). It gives no access.")
        case .withdrawn(let at, _):
            changes.append("\(view.engineerName) withdrew the request on \(Moment(at).words).")
        case .ended(_, let ending):
            changes.append(
                "Access is over since \(Moment(ending.at).words): \(view.words(for: ending))."
            )
        case .scheduled, .active, .awaitingCustomer, .awaitingManager, .denied, .rejected: break
        }
        return changes.isEmpty ? [refused.refusal.words] : changes
    }
}

/// How many decisions and messages the page of a request showed when its forms were made; each form
/// carries it as `decisions.messages`.
struct SeenCounts: Sendable {
    let decisions: Int
    let messages: Int

    /// Nil for a form that carries none. Throws where the field holds what no page writes: the
    /// counts are used as positions, and a negative one would end the process.
    init?(_ form: Form) throws(Refusal) {
        guard let text = form["seen"] else { return nil }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let decisions = Self.count(parts[0]),
            let messages = Self.count(parts[1])
        else {
            throw .invalid(field: "seen", problem: .malformed(expected: "what the page showed"))
        }
        (self.decisions, self.messages) = (decisions, messages)
    }

    /// One to six digits and nothing else.
    private static func count(_ text: Substring) -> Int? {
        guard (1...6).contains(text.utf8.count),
            text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        return Int(text)
    }
}

/// The forms of the customer's page of a request.
enum RequestForm: Sendable {
    case approve, deny, ask, stop
}

/// A form that was not taken.
struct RefusedForm: Sendable {
    let kind: RequestForm
    let refusal: Refusal
    let form: Form
    let seen: SeenCounts?

    /// What was typed at length.
    var typed: String? { form["comment"] ?? form["text"] }
}

extension PortalSite {
    /// Everything a request's page tells, as of now.
    func reading(of id: String, _ visit: Visit) async throws -> RequestReading {
        let view = try await lockbox.request(id, by: visit.person)
        let tenant = try await lockbox.tenant(view.request.terms.tenant.text, by: visit.person)
        // Who only opened the support request sees what became of it, and not what others said.
        let oversees = visit.holds([.approver, .admin, .auditor])
        return RequestReading(
            view: view,
            support: try await lockbox.supportRequest(
                view.request.terms.supportRequest.text,
                tenant: tenant.id.text,
                by: visit.person
            ),
            messages: oversees ? try await lockbox.messages(on: id, by: visit.person) : nil,
            tenant: tenant,
            companies: Companies(provider: visit.providerName, tenant: tenant.name)
        )
    }

    /// Where the log holds what the visitor did to the request last.
    func ownRecord(of reading: RequestReading, _ visit: Visit) async throws -> UInt64? {
        guard visit.holds([.approver, .admin, .auditor]) else { return nil }
        let search = LogSearch(person: visit.person.id.text, request: reading.view.request.id)
        return try await log.search(
            search,
            in: .tenant(reading.tenant.id),
            page: .init(limit: 1),
            for: visit.person.id
        ).items.first?.index
    }
}
