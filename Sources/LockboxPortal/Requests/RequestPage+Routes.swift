import Hummingbird
import LockboxAudit
import LockboxDomain
import LockboxHTTP
import LockboxIdentity
import LockboxPorts
import LockboxService

/// The list and pages of access requests, and the forms on them.
extension PortalSite {
    var requestRoutes: [Route] {
        requestPages(RequestPath.customer, for: .customer) + customerForms
            + requestPages(RequestPath.provider, for: .provider) + providerForms
    }

    private func requestPages(_ path: String, for audience: Audience) -> [Route] {
        [
            page(RouterPath(path), for: audience) { request, context, viewer in
                try await requestList(request, context, viewer)
            },
            requestTable("\(path)/export.csv", for: audience),
            page(RouterPath("\(path)/{id}"), for: audience) { request, context, viewer in
                let id = try Self.requestID(context)
                let reading = try await reading(of: id, viewer)
                let isDone = told(in: request) != nil
                return RequestPage(
                    reading,
                    viewer,
                    stepUp: stepUp(viewer, on: viewer.path(of: id)),
                    newRecord: isDone ? try await ownRecord(of: reading, viewer) : nil,
                    erasures: try await log.erasures(
                        about: reading.view.request.id,
                        of: reading.tenant.id
                    )
                )
            },
        ]
    }

    private var customerForms: [Route] {
        [
            requestForm(RequestPath.customer, "approve", .approve, for: .customer) {
                form,
                id,
                viewer in
                let before = try await reading(of: id, viewer)
                guard !before.hasUnreadMessages(try SeenCounts(form)) else {
                    throw Refusal.stale(current: before.view.request.version)
                }
                let draft = try DecisionForm.approval(form, of: before.view.request)
                if try await lockbox.needsSignature(before.view.request, by: viewer.person) {
                    return try await toSign(draft, form, before, viewer)
                }
                return try await decide(draft, form, id, viewer, .approved)
            },
            requestForm(RequestPath.customer, "sign", .approve, for: .customer) {
                form,
                id,
                viewer in
                try await sign(form, id, viewer)
            },
            requestForm(RequestPath.customer, "deny", .deny, for: .customer) { form, id, viewer in
                try await decide(.plain(false, form), form, id, viewer, .denied)
            },
            messageForm(RequestPath.customer, "ask", for: .customer),
            stopForm(RequestPath.customer, "stop", for: .customer),
        ]
    }

    private var providerForms: [Route] {
        [
            requestForm(RequestPath.provider, "approve", .approve, for: .provider) {
                form,
                id,
                viewer in
                try await decide(.plain(true, form), form, id, viewer, .approvedByManager)
            },
            requestForm(RequestPath.provider, "reject", .deny, for: .provider) { form, id, viewer in
                try await decide(.plain(false, form), form, id, viewer, .rejected)
            },
            messageForm(RequestPath.provider, "write", for: .provider),
            stopForm(RequestPath.provider, "revoke", for: .provider),
            // The rest needs no password: it takes away, or opens what was decided already.
            requestForm(RequestPath.provider, "credential", .credential, for: .provider) {
                form,
                id,
                viewer in
                let issued = try await lockbox.issueCredential(
                    for: id,
                    service: form["service"],
                    resource: form["resource"],
                    by: viewer.person,
                    key: form.commandKey
                )
                // No redirect: the secret is in this answer, in no address, and cannot be shown
                // again.
                return html(
                    CredentialPage(issued, try await reading(of: id, viewer), viewer),
                    viewer
                )
            },
            requestForm(RequestPath.provider, "open", .credential, for: .provider) {
                form,
                id,
                viewer in
                try await openInBrowser(form, id, viewer)
            },
            requestForm(RequestPath.provider, "withdraw", .withdraw, for: .provider) {
                form,
                id,
                viewer in
                _ = try await lockbox.withdraw(
                    id,
                    comment: form["comment"],
                    by: viewer.person,
                    key: form.commandKey
                )
                return seeOther(viewer.path(of: id), .withdrawn)
            },
            requestForm(RequestPath.provider, "finish", .finish, for: .provider) {
                form,
                id,
                viewer in
                _ = try await lockbox.finish(
                    id,
                    comment: form["comment"],
                    by: viewer.person,
                    key: form.commandKey
                )
                return seeOther(viewer.path(of: id), .finished)
            },
        ]
    }

    /// No password: stopping takes away, and must be quick.
    private func stopForm(_ path: String, _ name: String, for audience: Audience) -> Route {
        requestForm(path, name, .stop, for: audience) { form, id, viewer in
            if form["step"] == "sign" { return try await toSignStop(form, id, viewer) }
            let view = try await lockbox.revoke(
                id,
                comment: form["comment"],
                signature: try await signature(in: form, viewer),
                by: viewer.person,
                key: form.commandKey
            )
            return seeOther(viewer.path(of: id), view.stopped)
        }
    }

    private func messageForm(_ path: String, _ name: String, for audience: Audience) -> Route {
        requestForm(path, name, .message, for: audience) { form, id, viewer in
            guard let text = form["text"] else {
                throw Refusal.invalid(field: "text", problem: .missing)
            }
            _ = try await lockbox.postMessage(
                text,
                on: id,
                by: viewer.person,
                key: form.commandKey
            )
            return seeOther(viewer.path(of: id), .posted)
        }
    }

    /// One of the forms on a request's page, sent to `name` below it.
    private func requestForm(
        _ path: String,
        _ name: String,
        _ kind: RequestForm,
        for audience: Audience,
        _ command: @escaping @Sendable (Form, String, Viewer) async throws -> Response
    ) -> Route {
        form(
            RouterPath("\(path)/{id}/\(name)"),
            for: audience,
            isUrgent: kind.endsAccess,
            back: { context in
                context.parameters.get("id").map { "\(path)/\($0.asQueryValue)" } ?? path
            },
            { form, context, viewer in
                let id = try Self.requestID(context)
                return try await take(form, as: kind, on: id, viewer) {
                    try await command(form, id, viewer)
                }
            }
        )
    }

    static func requestID(_ context: PortalContext) throws -> String {
        guard let id = context.parameters.get("id").flatMap({ AccessRequestID($0) }) else {
            throw Refusal.notFound(.page)
        }
        return id.text
    }
}

/// Where requests are for people of each side.
enum RequestPath {
    static let customer = "/lockbox"
    static let provider = "/requests"
}

extension Viewer {
    fileprivate func path(of id: String) -> String { "\(side.requestsPath)/\(id)" }
}

extension DecisionDraft {
    /// A yes to all that is asked for, or a no.
    fileprivate static func plain(_ approves: Bool, _ form: Form) -> DecisionDraft {
        DecisionDraft(
            approves: approves,
            comment: form["comment"],
            duration: nil,
            resources: nil
        )
    }
}

// MARK: - Taking a form

/// A decision was refused after the password had been confirmed: the session goes on under a new
/// secret.
private struct RefusedAfterConfirmation: Error {
    let refusal: Refusal
    let secret: String
}

extension PortalSite {
    /// Sends a yes or no, with the password where it is needed.
    private func decide(
        _ draft: DecisionDraft,
        _ form: Form,
        _ id: String,
        _ viewer: Viewer,
        _ done: Flash
    ) async throws -> Response {
        let secret = try await confirm(form, viewer)
        do {
            _ = try await lockbox.decide(
                draft,
                on: id,
                version: form["version"]?.wholeNumber.map { Int(clamping: $0) },
                by: viewer.person,
                key: form.commandKey
            )
        } catch let refusal as Refusal {
            guard let secret else { throw refusal }
            throw RefusedAfterConfirmation(refusal: refusal, secret: secret)
        }
        let response = seeOther(viewer.path(of: id), done)
        return secret.map { setSession($0, on: response) } ?? response
    }

    /// Runs the command of a form on a request's page. What is refused is answered by that page
    /// as it is now, with what was typed.
    private func take(
        _ form: Form,
        as kind: RequestForm,
        on id: String,
        _ viewer: Viewer,
        _ command: () async throws -> Response
    ) async throws -> Response {
        let refusal: Refusal
        var (seen, secret): (SeenCounts?, String?) = (nil, nil)
        do {
            seen = try SeenCounts(form)
            return try await command()
        } catch let refused as RefusedAfterConfirmation {
            (refusal, secret) = (refused.refusal, refused.secret)
        } catch let refused as Refusal {
            refusal = refused
        }
        if refusal.hasPageOfItsOwn(for: viewer.side) { throw refusal }
        var viewer = viewer
        if let secret, let signedIn = try await sessions.resume(secret) {
            viewer = viewer.going(on: signedIn, secret)
        }
        let page = RequestPage(
            try await reading(of: id, viewer),
            viewer,
            stepUp: stepUp(viewer, on: viewer.path(of: id)),
            refused: RefusedForm(
                side: viewer.side,
                kind: kind,
                refusal: refusal,
                form: form,
                seen: seen
            )
        )
        let response = html(
            page,
            viewer,
            status: page.isConflict ? .conflict : .unprocessableContent
        )
        return secret.map { setSession($0, on: response) } ?? response
    }
}

extension Refusal {
    /// Whether the request's page has nothing to say about it.
    fileprivate func hasPageOfItsOwn(for side: Side) -> Bool {
        if case .notSignedIn = self { return true }
        if case .notFound = self { return true }
        if case .notPermitted = self, side == .provider { return true }
        return false
    }
}
