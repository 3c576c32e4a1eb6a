import Hummingbird
import LockboxAudit
import LockboxDomain
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
                let done = request.query("done").flatMap(Done.init(rawValue:))
                let record = done == nil ? nil : try await ownRecord(of: reading, visit)
                return RequestPage(
                    reading,
                    visit,
                    asksPassword: needsPassword(visit),
                    newRecord: record
                )
            },
            form("/lockbox/{id}/approve", for: .customer, back: Self.requestPath) {
                form,
                context,
                visit in
                try await take(form, context, visit, as: .approve) { reading, id in
                    let draft = try DecisionForm.approval(form, of: reading.view.request)
                    return try await decide(
                        draft,
                        form,
                        id,
                        visit,
                        then: "/lockbox/\(id)",
                        .approved
                    )
                }
            },
            form("/lockbox/{id}/deny", for: .customer, back: Self.requestPath) {
                form,
                context,
                visit in
                try await take(form, context, visit, as: .deny) { _, id in
                    let draft = DecisionDraft(
                        approves: false,
                        comment: form["comment"],
                        duration: nil,
                        resources: nil
                    )
                    return try await decide(draft, form, id, visit, then: "/lockbox/\(id)", .denied)
                }
            },
            form("/lockbox/{id}/ask", for: .customer, back: Self.requestPath) {
                form,
                context,
                visit in
                try await take(form, context, visit, as: .ask) { _, id in
                    guard let text = form["text"] else {
                        throw Refusal.invalid(field: "text", problem: .missing)
                    }
                    _ = try await lockbox.postMessage(
                        text,
                        on: id,
                        by: visit.person,
                        key: form.commandKey
                    )
                    return seeOther("/lockbox/\(id)", .posted)
                }
            },
            form("/lockbox/{id}/stop", for: .customer, back: Self.requestPath) {
                form,
                context,
                visit in
                // No password here: stopping takes away, and must be quick.
                try await take(form, context, visit, as: .stop) { _, id in
                    _ = try await lockbox.revoke(
                        id,
                        comment: form["comment"],
                        by: visit.person,
                        key: form.commandKey
                    )
                    return seeOther("/lockbox/\(id)", .stopped)
                }
            },
        ]
    }

    /// Takes one of the forms of the page.
    private func take(
        _ form: Form,
        _ context: PortalContext,
        _ visit: Visit,
        as kind: RequestForm,
        _ command: (RequestReading, String) async throws -> Response
    ) async throws -> Response {
        let id = try Self.id(context)
        var seen: SeenCounts?
        return try await take(visit) {
            seen = try SeenCounts(form)
            let before = try await reading(of: id, visit)
            if kind == .approve, before.hasUnreadMessages(seen) {
                throw Refusal.stale(current: before.view.request.version)
            }
            return try await command(before, id)
        } again: { visit, refusal in
            let refused = RefusedForm(kind: kind, refusal: refusal, form: form, seen: seen)
            let after = try await reading(of: id, visit)
            let page = RequestPage(
                after,
                visit,
                asksPassword: needsPassword(visit),
                refused: refused
            )
            return (page, page.isConflict)
        }
    }

    static func id(_ context: PortalContext) throws -> String {
        guard let id = context.parameters.get("id") else { throw Refusal.notFound(.page) }
        return id
    }

    private static func requestPath(_ context: PortalContext) -> String {
        context.parameters.get("id").map { "/lockbox/\($0.asQueryValue)" } ?? "/lockbox"
    }
}
