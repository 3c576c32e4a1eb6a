import Hummingbird
import LockboxDomain
import LockboxPorts
import LockboxService

/// What is done with a support request: writing, closing, reopening.
extension PortalSite {
    var supportForms: [Route] {
        [
            supportForm("write") { form, number, viewer in
                guard let text = form["text"] else {
                    throw Refusal.invalid(field: "text", problem: .missing)
                }
                _ = try await lockbox.writeOnSupportRequest(
                    text,
                    on: number,
                    tenant: form["tenant"],
                    by: viewer.person,
                    key: form.commandKey
                )
                return .posted
            },
            supportForm("reopen") { form, number, viewer in
                _ = try await lockbox.reopenSupportRequest(
                    number,
                    tenant: form["tenant"],
                    comment: form["comment"],
                    by: viewer.person,
                    key: form.commandKey
                )
                return .supportReopened
            },
            page("/support/{number}/close", for: .both) { request, context, viewer in
                let reading = try await supportReading(
                    context.parameters.get("number") ?? "",
                    tenant: request.query("tenant"),
                    viewer
                )
                guard reading.support.mayTakePart(viewer.person) else {
                    throw Refusal.notPermitted(.writeOnSupportRequest)
                }
                // Somebody may have closed it meanwhile.
                guard reading.support.state != .closed else { return SupportPage(reading, viewer) }
                return SupportClosePage(reading, viewer)
            },
            supportForm("close") { form, number, viewer in
                try await close(number, form, viewer)
                return .supportClosed
            },
        ]
    }

    func supportReading(_ number: String, tenant: String?, _ viewer: Viewer) async throws
        -> SupportReading
    {
        let view = try await lockbox.supportRequest(number, tenant: tenant, by: viewer.person)
        let (number, tenant) = (view.support.number.text, view.support.tenant.text)
        let requests = try await lockbox.requests(
            RequestFilter(supportRequest: view.support.number),
            tenant: tenant,
            page: ListPage(limit: PortalLimits.listed),
            by: viewer.person
        )
        // All that waits or is open, however much was asked for after it: closing is about that.
        let unfinished = try await lockbox.unfinishedRequests(tenant: tenant, by: viewer.person)
            .filter { $0.request.terms.supportRequest == view.support.number }
        let known = Set(unfinished.map(\.request.id))
        return SupportReading(
            view: view,
            thread: try await lockbox.supportThread(number, tenant: tenant, by: viewer.person),
            requests: unfinished + requests.items.filter { !known.contains($0.request.id) },
            tenant: try await lockbox.tenant(tenant, by: viewer.person)
        )
    }

    /// Ends the access that is ticked, each by the reader's own right, and then closes. In this order,
    /// because what opens data must not outlast a fault in between: a crash leaves the support request
    /// open, and the access over.
    private func close(_ number: String, _ form: Form, _ viewer: Viewer) async throws {
        let tenant = form["tenant"]
        let reading = try await supportReading(number, tenant: tenant, viewer)
        guard reading.support.mayTakePart(viewer.person) else {
            throw Refusal.notPermitted(.writeOnSupportRequest)
        }
        let ticked = Set(form.all("end"))
        // None but what is open for this very support request: a form names nothing else.
        for request in reading.requests where ticked.contains(request.request.id.text) {
            guard request.grantState == .active || request.grantState == .scheduled else {
                continue
            }
            let id = request.request.id.text
            do {
                if viewer.person.id == request.request.terms.engineer {
                    _ = try await lockbox.finish(id, comment: nil, by: viewer.person, key: nil)
                } else {
                    _ = try await lockbox.revoke(id, comment: nil, by: viewer.person, key: nil)
                }
            } catch Refusal.wrongState {
                // It is over meanwhile, which is what was wanted.
                continue
            }
        }
        _ = try await lockbox.closeSupportRequest(
            number,
            tenant: tenant,
            comment: form["comment"],
            by: viewer.person,
            key: form.commandKey
        )
    }

    /// One of the forms about a support request, sent to `name` below its page. What is refused is
    /// answered by the page that has the form, with what was typed.
    private func supportForm(
        _ name: String,
        _ command: @escaping @Sendable (Form, String, Viewer) async throws -> Flash
    ) -> Route {
        form(
            RouterPath("/support/{number}/\(name)"),
            for: .both,
            back: { context in
                context.parameters.get("number").map { "/support/\($0.asQueryValue)" } ?? "/support"
            },
            { form, context, viewer in
                let number = context.parameters.get("number") ?? ""
                let done: Flash
                do {
                    done = try await command(form, number, viewer)
                } catch let refusal as Refusal {
                    if case .notSignedIn = refusal { throw refusal }
                    if case .notFound = refusal { throw refusal }
                    if case .notPermitted = refusal { throw refusal }
                    let reading = try await supportReading(number, tenant: form["tenant"], viewer)
                    let refused = (form: form, refusal: refusal)
                    let page: any Page =
                        name == "close" && reading.support.state != .closed
                        ? SupportClosePage(reading, viewer, refused: refused)
                        : SupportPage(reading, viewer, refused: refused)
                    return html(page, viewer, status: .unprocessableContent)
                }
                let view = try await lockbox.supportRequest(
                    number,
                    tenant: form["tenant"],
                    by: viewer.person
                )
                return seeOther(view.support.link(for: viewer), done)
            }
        )
    }
}
