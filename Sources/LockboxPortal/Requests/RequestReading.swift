import LockboxAudit
import LockboxDomain
import LockboxPorts
import LockboxService

/// What the page of a request is made from, as its reader may see it.
struct RequestReading: Sendable {
    /// The reader's.
    let side: Side
    let view: RequestView
    let tenant: Tenant
    let support: SupportView
    /// Nil where the reader may not see them.
    let messages: [MessageView]?
    /// Read for the provider's people alone, as are the services.
    let letters: [NoticeView]
    let services: [ProtectedService]
    /// Where a browser opens which of them; read for the engineer of an access that is open.
    let browserAddresses: [ServiceID: String]
    /// What stands in the way of a decision; read for the provider's people alone, while one is
    /// waited for.
    let unreached: String?
    /// Read for who may decide, while a decision is waited for.
    let history: EngineerHistory?
    let companies: Companies

    /// What a decision form says its sender had before her eyes: `decisions.messages`.
    var seen: String { "\(view.request.decisions.count).\(messages?.count ?? 0)" }

    /// Changes with everything that a request's page tells and that time alone does not change.
    var liveTag: String {
        let written = "\(messages?.count ?? 0)"
        switch side {
        case .tenant:
            let removed = view.removals.count { $0.progress == .confirmed }
            return LiveTag.of([view], "\(removed)", written)
        case .provider:
            let removals = view.removals.map { "\($0.progress.rawValue)\($0.attempts)" }
            // Not each delivery: they come within the moment after a decision, when people press
            // what the page offers.
            let refused = letters.count { $0.notice.isUndelivered }
            return LiveTag.of(
                [view],
                removals.joined(separator: ","),
                written,
                "\(refused)",
                "\(tenant.version)"
            )
        }
    }

    /// Whether somebody wrote since the form was made: an answer could change her mind, and changes
    /// no version.
    func hasUnreadMessages(_ seen: SeenCounts?) -> Bool {
        seen.map { $0.messages < messages?.count ?? 0 } ?? false
    }

    /// What an approval gives at the most.
    var longestOffered: TimeSpan {
        min(view.request.offered.duration, tenant.policy.maxAccess)
    }

    /// Approvals still missing, by the stricter of the rule when the customer was asked and the
    /// rule now.
    func missingApprovals(asked: Int) -> Int {
        max(1, max(asked, tenant.policy.approvalsNeeded) - Person.countHumans(approvers))
    }

    /// Those whose approvals count: who approved, and may still.
    var approvers: [Person] {
        let terms = view.request.terms
        let engineer = view.people[terms.engineer]
        return view.request.decisions.filter { $0.stage == .customer && $0.isApproval }
            .compactMap { view.people[$0.person] }
            .filter { approver in
                approver.mayDecide(for: terms.tenant)
                    && !(engineer.map { approver.isSame(as: $0) } ?? false)
            }
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

/// The forms on a request's page.
enum RequestForm: Sendable {
    case approve, deny, message, stop, credential, withdraw, finish

    var endsAccess: Bool {
        switch self {
        case .stop, .finish: true
        case .approve, .deny, .message, .credential, .withdraw: false
        }
    }
}

/// A form that was not taken.
struct RefusedForm: Sendable {
    /// The sender's.
    let side: Side
    let kind: RequestForm
    let refusal: Refusal
    let form: Form
    let seen: SeenCounts?

    var words: String { refusal.words(on: .request(side)) }
    /// What was typed at length.
    var typed: String? { form["comment"] ?? form["text"] }

    /// What had been typed into the form of `kind`.
    func text(_ name: String, of kind: RequestForm) -> String? {
        self.kind == kind ? form[name] : nil
    }
    func words(of kind: RequestForm) -> String? { self.kind == kind ? words : nil }
}

// MARK: - What changed meanwhile

extension RequestReading {
    /// What happened between the making of a refused form and its arrival; empty where the form
    /// itself was wrong.
    func changes(since refused: RefusedForm) -> [String] {
        switch refused.refusal.cause(on: side) {
        case .form: return []
        case .sentBefore: return [refused.words]
        case .state: break
        }
        let request = view.request
        var changes = decisions(since: refused)
        switch side {
        case .tenant:
            if hasUnreadMessages(refused.seen) {
                changes.append(
                    "There is a new message that you have not seen. Read it, then decide."
                )
            }
        case .provider:
            if request.state.name == .awaitingCustomer {
                changes.append("It waits for \(companies.tenant) now.")
            }
        }
        switch request.state {
        case .expired(let at, _):
            changes.append("The request expired on \(at.shown()). It gives no access.")
        case .withdrawn(let at, let comment):
            let why = comment.map { ": \($0)" } ?? "."
            changes.append("The request was withdrawn on \(at.shown())\(why)")
        case .ended(_, let ending):
            changes.append(
                "Access is over since \(ending.at.shown()): \(view.words(for: ending))."
            )
        case .scheduled, .active, .awaitingCustomer, .awaitingManager, .denied, .rejected: break
        }
        return changes.isEmpty ? [refused.words] : changes
    }

    /// The decisions that the sender of `refused` did not know of, in words.
    private func decisions(since refused: RefusedForm) -> [String] {
        let made = view.request.decisions
        switch side {
        case .tenant:
            let seen = refused.seen?.decisions ?? made.count
            return made.dropFirst(seen).map { decision in
                let line = DecisionLine(decision, in: view, companies: companies)
                let less = line.narrowed.isEmpty ? "" : ", " + line.narrowed.joined(separator: ", ")
                return "\(line.decider) \(line.verdict) on \(line.decidedAt.words)\(less)."
            }
        case .provider:
            // Who sent another form than a review knew the decisions already.
            guard refused.kind == .approve || refused.kind == .deny else { return [] }
            return made.map { decision in
                let line = DecisionLine(decision, in: view, companies: companies)
                let who = [line.decider, line.deciderRole].compactMap(\.self)
                    .joined(separator: ", ")
                return "\(who), \(line.verdict) on \(line.decidedAt.words)."
            }
        }
    }
}

/// Why a form on a request's page was not taken.
private enum RefusalCause {
    /// Something in the form itself, or its sender.
    case form
    /// The same form was taken before.
    case sentBefore
    /// The request is not what its sender took it for.
    case state
}

extension Refusal {
    fileprivate func cause(on side: Side) -> RefusalCause {
        switch self {
        case .stale, .alreadyDecided, .alreadyDecidedByYou, .wrongState, .notAwaitingYou,
            .accessNotActive:
            .state
        case .nobodyCanApprove:
            switch side {
            case .tenant: .state
            case .provider: .form
            }
        case .alreadyExists, .keyReused:
            switch side {
            case .tenant: .form
            case .provider: .sentBefore
            }
        case .invalid, .unknownReference, .notFound, .exceedsRequest, .exceedsCap, .ambiguous,
            .notSignedIn, .badCredentials, .tooManyAttempts, .notPermitted, .ownRequest,
            .scopeMissing, .scopeWithheld,
            .versionRequired, .decidesLater, .signatureRequired, .notLicensed, .limitReached,
            .dailyLimitReached,
            .lastAdministrator, .programsRefused, .supportRequestClosed, .supportRequestNotClosed:
            .form
        }
    }
}

// MARK: - Reading

extension PortalSite {
    /// Everything that a request's page tells its reader, as of now.
    func reading(of id: String, _ viewer: Viewer) async throws -> RequestReading {
        let view = try await lockbox.request(id, by: viewer.person)
        let terms = view.request.terms
        let tenant = try await lockbox.tenant(terms.tenant.text, by: viewer.person)
        let support = try await lockbox.supportRequest(
            terms.supportRequest.text,
            tenant: tenant.id.text,
            by: viewer.person
        )
        var messages: [MessageView]?
        var letters: [NoticeView] = []
        var services: [ProtectedService] = []
        var browserAddresses: [ServiceID: String] = [:]
        var unreached: String?
        let mayDecide = viewer.oversees || viewer.isManager
        let history =
            mayDecide && view.request.state.decideBy != nil
            ? try await lockbox.history(before: view, by: viewer.person) : nil
        switch viewer.side {
        case .tenant:
            // Who only opened the support request sees what became of it, and not what others said.
            if viewer.oversees {
                messages = try await lockbox.messages(on: id, by: viewer.person)
            }
        case .provider:
            messages = try await lockbox.messages(on: id, by: viewer.person)
            letters = try await lockbox.notices(about: id, by: viewer.person)
            services = try await lockbox.services(by: viewer.person)
            if terms.engineer == viewer.person.id, case .active = view.request.state {
                browserAddresses = try await lockbox.browserAddresses(by: viewer.person)
            }
            if view.request.state.decideBy != nil {
                unreached = try await self.unreached(tenant, viewer)
            }
        }
        return RequestReading(
            side: viewer.side,
            view: view,
            tenant: tenant,
            support: support,
            messages: messages,
            letters: letters,
            services: services,
            browserAddresses: browserAddresses,
            unreached: unreached,
            history: history,
            companies: Companies(provider: viewer.providerName, tenant: tenant.name)
        )
    }

    /// That nobody there could decide, for those who would wait for it.
    func unreached(_ tenant: Tenant, _ viewer: Viewer) async throws -> String? {
        guard try await lockbox.isOutOfReach(tenant.id.text, by: viewer.person) else { return nil }
        return "Nobody at \(tenant.name) who may approve can sign in yet: none of them has a "
            + "password or a token. Until one has, nobody can decide about a request."
    }

    /// Where the log holds what the visitor did to the request last.
    func ownRecord(of reading: RequestReading, _ viewer: Viewer) async throws -> UInt64? {
        guard viewer.oversees else { return nil }
        let search = LogSearch(person: viewer.person.id.text, request: reading.view.request.id)
        return try await log.search(
            search,
            in: .tenant(reading.tenant.id),
            page: .init(limit: 1),
            for: viewer.person.id
        ).items.first?.index
    }
}
