import Hummingbird
import LockboxDomain
import LockboxHTTP
import LockboxIdentity
import LockboxPorts
import LockboxService

/// Several requests that are denied with one reason, and access that is stopped all at once. What is
/// chosen stands in the address, so that the page can be read again; only the form on it does
/// anything.
extension PortalSite {
    private static let (denyPath, stopPath) = (
        "\(RequestPath.customer)/deny", "\(RequestPath.customer)/stop"
    )

    var severalRoutes: [Route] {
        [
            page(RouterPath(Self.denyPath), for: .customer) { request, context, viewer in
                try viewer.requireDecider()
                let (views, isCut) = try await chosen(request, context, viewer)
                let path = Self.path(naming: views)
                return DenySeveralPage(
                    views,
                    viewer,
                    isCut: isCut,
                    stepUp: stepUp(viewer, on: path)
                )
            },
            form(
                RouterPath(Self.denyPath),
                for: .customer,
                back: { _ in RequestPath.customer },
                { form, context, viewer in try await denySeveral(form, context, viewer) }
            ),
            page(RouterPath(Self.stopPath), for: .customer) { request, _, viewer in
                try viewer.requireDecider()
                let engineer = request.query("engineer")
                let open = try await stoppable(viewer).filter { view in
                    engineer.map { $0 == view.request.terms.engineer.text } ?? true
                }
                return StopSeveralPage(
                    open,
                    of: engineer == nil ? nil : open.first?.engineerName,
                    viewer
                )
            },
            form(
                RouterPath(Self.stopPath),
                for: .customer,
                isUrgent: true,
                back: { _ in "/lockbox/live" },
                { form, _, viewer in try await stopSeveral(form, viewer) }
            ),
        ]
    }

    /// The requests that the address names, or those of its filter that wait, as many as one form
    /// takes; and whether there are more.
    private func chosen(_ request: Request, _ context: PortalContext, _ viewer: Viewer)
        async throws -> (views: [RequestView], isCut: Bool)
    {
        let most = Limits.deniedAtOnce.upperBound
        if request.query("matching") != nil {
            let choice = RequestChoice(request, viewer)
            // A day that is none would widen what is chosen.
            guard choice.problems.isEmpty else { throw Refusal.notFound(.page) }
            var filter = choice.filter
            (filter.state, filter.order) = (.awaitingCustomer, .deadline)
            let wanted = filter
            let found = try await context.untilClientLeaves {
                try await lockbox.requests(
                    wanted,
                    tenant: viewer.tenant?.id.text,
                    page: ListPage(limit: most),
                    by: viewer.person
                )
            }
            return (found.items, found.next != nil)
        }
        let joined = (request.query("requests") ?? "").split(separator: "~").map(String.init)
        var (known, ids): (Set<String>, [String]) = ([], [])
        for text in request.queries("request") + joined {
            guard let id = AccessRequestID(text) else { throw Refusal.notFound(.page) }
            if known.insert(id.text).inserted { ids.append(id.text) }
        }
        let views = try await lockbox.requests(Array(ids.prefix(most)), by: viewer.person)
        return (views, ids.count > most)
    }

    private static func path(naming views: [RequestView]) -> String {
        let ids = views.map(\.request.id.text).joined(separator: "~")
        return ids.isEmpty ? denyPath : "\(denyPath)?requests=\(ids)"
    }

    private func denySeveral(_ form: Form, _ context: PortalContext, _ viewer: Viewer) async throws
        -> Response
    {
        try viewer.requireDecider()
        let marks = try SeveralMarks(form)
        let ids = marks.all.map(\.id)
        func page(_ viewer: Viewer, _ refusal: Refusal) async throws -> any Page {
            let views = try await lockbox.requests(ids, by: viewer.person)
            let path = Self.path(naming: views)
            return DenySeveralPage(
                views,
                viewer,
                marks: marks,
                stepUp: stepUp(viewer, on: path),
                typed: form,
                refusal: refusal
            )
        }
        return try await confirmed(form, context, viewer, again: page) { viewer in
            let done = try await lockbox.deny(
                each: marks.all,
                comment: form["comment"],
                by: viewer.person,
                key: form.commandKey
            )
            // They are denied by now: what cannot be read again must not say that nothing was changed.
            let views = try? await lockbox.requests(ids, by: viewer.person)  // best effort: above
            var viewer = viewer
            let places = try? await lockbox.organisations(of: viewer.person)  // best effort: above
            if let places { viewer.waiting = places.waiting }
            return html(SeveralDonePage(done, views, viewer, stopped: false), viewer)
        }
    }

    /// No password, as for one.
    private func stopSeveral(_ form: Form, _ viewer: Viewer) async throws -> Response {
        try viewer.requireDecider()
        let ids = try SeveralMarks(form).all.map(\.id)
        let done: [OneOfSeveral]
        do {
            done = try await lockbox.stop(
                each: ids,
                comment: form["comment"],
                by: viewer.person,
                key: form.commandKey
            )
        } catch let refusal as Refusal {
            guard case .invalid = refusal else { throw refusal }
            let known = Set(ids)
            let views = try await stoppable(viewer).filter { known.contains($0.request.id.text) }
            return html(
                StopSeveralPage(views, of: nil, viewer, typed: form, refusal: refusal),
                viewer,
                status: .unprocessableContent
            )
        }
        // All of it is shut by now, and what cannot be read again must not hide that.
        let views = try? await lockbox.requests(ids, by: viewer.person)  // best effort: above
        let known = Set(ids)
        let open = try? await stoppable(viewer)  // best effort: above
        let still = open.map { $0.count { !known.contains($0.request.id.text) } }
        return html(
            SeveralDonePage(done, views, viewer, stopped: true, stillOpen: still),
            viewer
        )
    }

    private func stoppable(_ viewer: Viewer) async throws -> [RequestView] {
        try await grants(viewer).filter(\.isStoppable)
    }
}

extension Viewer {
    /// Whether she may deny and stop for her tenant.
    var mayDecide: Bool { tenant.map { person.mayDecide(for: $0.id) } ?? false }

    fileprivate func requireDecider() throws(Refusal) {
        guard mayDecide else { throw .notPermitted(.decideAsApprover) }
    }
}
