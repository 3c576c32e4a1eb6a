import HTTPTypes
import Hummingbird
import LockboxAudit
import LockboxDomain
import LockboxIdentity
import LockboxPorts
import LockboxService

/// The customer's lists and pages of access requests, and the forms on them.
extension PortalSite {
    var decisionRoutes: [Route] {
        [
            page("/lockbox", for: .customer) { request, _, visit in
                try await requestList(request, visit)
            },
            page("/lockbox/live", for: .customer) { _, _, visit in try await liveAccess(visit) },
            page("/lockbox/{id}", for: .customer) { request, context, visit in
                let reading = try await reading(of: try Self.id(context), visit)
                let done = request.uri.queryParameters.get("done").flatMap(Done.init(rawValue:))
                let record = done == nil ? nil : try await ownRecord(of: reading, visit)
                return RequestPage(reading, visit, asksPassword: needsPassword(visit), newRecord: record)
            },
            form("/lockbox/{id}/approve", for: .customer, back: Self.requestPath) { form, context, visit in
                try await take(form, context, visit, as: .approve) { reading, id in
                    let draft = try DecisionForm.approval(form, of: reading.view.request)
                    return try await decide(draft, form, id, visit)
                }
            },
            form("/lockbox/{id}/deny", for: .customer, back: Self.requestPath) { form, context, visit in
                try await take(form, context, visit, as: .deny) { _, id in
                    let draft = DecisionDraft(approves: false, comment: form["comment"], duration: nil, resources: nil)
                    return try await decide(draft, form, id, visit)
                }
            },
            form("/lockbox/{id}/ask", for: .customer, back: Self.requestPath) { form, context, visit in
                try await take(form, context, visit, as: .ask) { _, id in
                    guard let text = form["text"] else { throw Refusal.invalid(field: "text", problem: .missing) }
                    _ = try await lockbox.postMessage(text, on: id, by: visit.person, key: form.commandKey)
                    return seeOther("/lockbox/\(id)", .posted)
                }
            },
            form("/lockbox/{id}/stop", for: .customer, back: Self.requestPath) { form, context, visit in
                // No password here: stopping takes away, and must be quick.
                try await take(form, context, visit, as: .stop) { _, id in
                    _ = try await lockbox.revoke(id, comment: form["comment"], by: visit.person, key: form.commandKey)
                    return seeOther("/lockbox/\(id)", .stopped)
                }
            },
        ]
    }

    static func id(_ context: PortalContext) throws -> String {
        guard let id = context.parameters.get("id") else { throw Refusal.notFound(.page) }
        return id
    }

    private static func requestPath(_ context: PortalContext) -> String {
        context.parameters.get("id").map { "/lockbox/\($0.asQueryValue)" } ?? "/lockbox"
    }

    private func decide(_ draft: DecisionDraft, _ form: Form, _ id: String, _ visit: Visit) async throws -> Response {
        let secret = try await confirm(form, visit)
        let response: Response
        do {
            _ = try await lockbox.decide(
                draft, on: id, version: form["version"].flatMap { Int($0) }, by: visit.person, key: form.commandKey)
            response = seeOther("/lockbox/\(id)", draft.approves ? .approved : .denied)
        } catch let refusal as Refusal {
            guard let secret else { throw refusal }
            throw RefusedAfterConfirmation(refusal: refusal, secret: secret)
        }
        return secret.map { setSession($0, on: response) } ?? response
    }

    /// Takes one of the forms of a request's page; what is refused is answered by that page with what was typed.
    private func take(
        _ form: Form, _ context: PortalContext, _ visit: Visit, as kind: RequestPage.FormKind,
        _ command: (RequestReading, String) async throws -> Response
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
        let after = try await reading(of: id, visit)
        let page = RequestPage(
            after, visit, asksPassword: needsPassword(visit),
            refused: .init(kind: kind, refusal: refusal, form: form))
        let response = html(page, visit, status: page.isConflict ? .conflict : .unprocessableContent)
        return secret.map { setSession($0, on: response) } ?? response
    }

    /// Everything a request's page tells, as of now.
    func reading(of id: String, _ visit: Visit) async throws -> RequestReading {
        guard let tenant = visit.tenant else { throw Refusal.notFound(.accessRequest) }
        let view = try await lockbox.request(id, by: visit.person)
        // Who only opened the support request sees what became of it, and not what others said.
        let oversees = visit.holds([.approver, .admin, .auditor])
        return RequestReading(
            view: view,
            support: try await lockbox.supportRequest(
                view.request.terms.supportRequest.text, tenant: tenant.id.text, by: visit.person),
            messages: oversees ? try await lockbox.messages(on: id, by: visit.person) : nil,
            tenant: tenant, companies: Companies(provider: visit.providerName, tenant: tenant.name))
    }

    /// Where the log holds what the visitor did to the request last.
    private func ownRecord(of reading: RequestReading, _ visit: Visit) async throws -> UInt64? {
        guard visit.holds([.approver, .admin, .auditor]) else { return nil }
        let search = LogSearch(person: visit.person.id.text, request: reading.view.request.id)
        return try await log.search(search, in: .tenant(reading.tenant.id), page: .init(limit: 1)).items.first?.index
    }
}

/// A decision was refused after the password had been confirmed: the session goes on under a new secret.
private struct RefusedAfterConfirmation: Error {
    let refusal: Refusal
    let secret: String
}

/// What a request's page is made from.
struct RequestReading: Sendable {
    let view: RequestView
    let support: SupportView
    /// Nil where the reader may not see them.
    let messages: [MessageView]?
    let tenant: Tenant
    let companies: Companies

    /// What the decision form says its sender had before her eyes: `decisions.messages`.
    var seen: String { "\(view.request.decisions.count).\(messages?.count ?? 0)" }

    func decisionsSeen(_ form: Form) -> Int { Self.counts(form).first ?? view.request.decisions.count }

    /// Whether somebody wrote since the form was made: an answer could change her mind, and changes no version.
    func hasUnreadMessages(_ form: Form) -> Bool {
        let counts = Self.counts(form)
        return counts.count == 2 && counts[1] < messages?.count ?? 0
    }

    private static func counts(_ form: Form) -> [Int] {
        (form["seen"] ?? "").split(separator: ".").compactMap { Int($0) }
    }
}
