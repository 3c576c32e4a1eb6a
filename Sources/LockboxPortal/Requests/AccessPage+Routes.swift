import HTTPTypes
import Hummingbird
import LockboxDomain
import LockboxIdentity
import LockboxPorts
import LockboxService

/// The provider's list and pages of access requests, and the forms on them.
extension PortalSite {
    var accessRoutes: [Route] {
        [
            page("/requests", for: .provider) { request, _, visit in
                try await accessList(request, visit)
            },
            page("/requests/{id}", for: .provider) { _, context, visit in
                AccessPage(
                    try await accessReading(of: try Self.accessNumber(context), visit),
                    visit,
                    asksPassword: needsPassword(visit)
                )
            },
            form("/requests/{id}/approve", for: .provider, back: Self.accessPath) {
                form,
                context,
                visit in
                try await take(form, context, visit, as: .approve) { id in
                    try await decide(
                        DecisionDraft(
                            approves: true,
                            comment: form["comment"],
                            duration: nil,
                            resources: nil
                        ),
                        form,
                        id,
                        visit,
                        then: "/requests/\(id)",
                        .approvedByManager
                    )
                }
            },
            form("/requests/{id}/reject", for: .provider, back: Self.accessPath) {
                form,
                context,
                visit in
                try await take(form, context, visit, as: .reject) { id in
                    try await decide(
                        DecisionDraft(
                            approves: false,
                            comment: form["comment"],
                            duration: nil,
                            resources: nil
                        ),
                        form,
                        id,
                        visit,
                        then: "/requests/\(id)",
                        .rejected
                    )
                }
            },
        ] + accessEndings
    }

    /// Forms that need no password: they give nothing, they take away, or they open what was
    /// decided already.
    private var accessEndings: [Route] {
        [
            form("/requests/{id}/credential", for: .provider, back: Self.accessPath) {
                form,
                context,
                visit in
                try await take(form, context, visit, as: .credential) { id in
                    let issued = try await lockbox.issueCredential(
                        for: id,
                        service: form["service"],
                        resource: form["resource"],
                        by: visit.person,
                        key: form.commandKey
                    )
                    // No redirect: the secret is in this answer, in no address, and cannot be shown
                    // again.
                    return html(
                        CredentialPage(issued, try await accessReading(of: id, visit), visit),
                        visit
                    )
                }
            },
            form("/requests/{id}/write", for: .provider, back: Self.accessPath) {
                form,
                context,
                visit in
                try await take(form, context, visit, as: .write) { id in
                    guard let text = form["text"] else {
                        throw Refusal.invalid(field: "text", problem: .missing)
                    }
                    _ = try await lockbox.postMessage(
                        text,
                        on: id,
                        by: visit.person,
                        key: form.commandKey
                    )
                    return seeOther("/requests/\(id)", .posted)
                }
            },
            form("/requests/{id}/withdraw", for: .provider, back: Self.accessPath) {
                form,
                context,
                visit in
                try await take(form, context, visit, as: .withdraw) { id in
                    _ = try await lockbox.withdraw(
                        id,
                        comment: form["comment"],
                        by: visit.person,
                        key: form.commandKey
                    )
                    return seeOther("/requests/\(id)", .withdrawn)
                }
            },
            form("/requests/{id}/finish", for: .provider, back: Self.accessPath) {
                form,
                context,
                visit in
                try await take(form, context, visit, as: .finish) { id in
                    _ = try await lockbox.finish(
                        id,
                        comment: form["comment"],
                        by: visit.person,
                        key: form.commandKey
                    )
                    return seeOther("/requests/\(id)", .finished)
                }
            },
            form("/requests/{id}/revoke", for: .provider, back: Self.accessPath) {
                form,
                context,
                visit in
                try await take(form, context, visit, as: .revoke) { id in
                    _ = try await lockbox.revoke(
                        id,
                        comment: form["comment"],
                        by: visit.person,
                        key: form.commandKey
                    )
                    return seeOther("/requests/\(id)", .stopped)
                }
            },
        ]
    }

    private static func accessNumber(_ context: PortalContext) throws -> String {
        guard let id = context.parameters.get("id").flatMap({ AccessRequestID($0) }) else {
            throw Refusal.notFound(.page)
        }
        return id.text
    }

    private static func accessPath(_ context: PortalContext) -> String {
        context.parameters.get("id").map { "/requests/\($0.asQueryValue)" } ?? "/requests"
    }

    /// Takes one of the forms of the page.
    private func take(
        _ form: Form,
        _ context: PortalContext,
        _ visit: Visit,
        as kind: AccessPage.FormKind,
        _ command: (String) async throws -> Response
    ) async throws -> Response {
        let id = try Self.accessNumber(context)
        return try await take(visit) {
            try await command(id)
        } again: { visit, refusal in
            if case .notPermitted = refusal { throw refusal }
            let page = AccessPage(
                try await accessReading(of: id, visit),
                visit,
                asksPassword: needsPassword(visit),
                refused: .init(kind: kind, refusal: refusal, form: form)
            )
            return (page, page.isConflict)
        }
    }

    /// Everything that a request's page tells the provider's people, as of now.
    func accessReading(of id: String, _ visit: Visit) async throws -> AccessReading {
        let view = try await lockbox.request(id, by: visit.person)
        let terms = view.request.terms
        let tenant = try await lockbox.tenant(terms.tenant.text, by: visit.person)
        return AccessReading(
            view: view,
            tenant: tenant,
            support: try await lockbox.supportRequest(
                terms.supportRequest.text,
                tenant: tenant.id.text,
                by: visit.person
            ),
            messages: try await lockbox.messages(on: id, by: visit.person),
            letters: try await lockbox.notices(about: id, by: visit.person),
            services: try await lockbox.services(by: visit.person),
            companies: Companies(provider: visit.providerName, tenant: tenant.name)
        )
    }
}

/// What a request's page is made from.
struct AccessReading: Sendable {
    let view: RequestView
    let tenant: Tenant
    let support: SupportView
    let messages: [MessageView]
    let letters: [(notice: Notice, recipient: Person)]
    let services: [Service]
    let companies: Companies

    /// Changes with everything the page tells that time alone does not change.
    var tag: String {
        let removed = view.removals.map { "\($0.progress.rawValue)\($0.attempts)" }.joined(
            separator: ","
        )
        // Not each delivery: they come within the moment after a decision, when people press what
        // the page offers.
        let refused = letters.count { $0.notice.delivery == .refused }
        return "\(view.rowTag)-\(removed)-\(messages.count)-\(refused)-\(tenant.version)"
    }
}
