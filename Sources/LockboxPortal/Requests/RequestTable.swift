import HTTPTypes
import Hummingbird
import LockboxAudit
import LockboxDomain
import LockboxHTTP
import LockboxIdentity
import LockboxPorts
import LockboxService
import NIOCore

/// What a list shows, as a file for spreadsheets: all of it, and not only a page.
extension PortalSite {
    func requestTable(_ path: String, for audience: Audience) -> Route {
        Route(method: .get, path: RouterPath(path)) { request, context in
            let viewer = try await viewer(of: request, context)
            guard audience.includes(viewer.person) else { throw Refusal.notFound(.page) }
            let choice = RequestChoice(request, viewer)
            guard choice.problems.isEmpty else { throw Refusal.notFound(.page) }
            let tenants = viewer.isCustomer ? [:] : try await tenantsByID(viewer)
            // Before the answer begins, which could not say any more that there is none.
            let tenant = viewer.tenant?.id.text ?? choice.tenant
            let place = try await lockbox.requestExportPlace(tenant: tenant, for: viewer.person)
            return Response(
                status: .ok,
                headers: [
                    .contentType: "text/csv; charset=utf-8",
                    .contentDisposition: "attachment; filename=\"requests.csv\"",
                ],
                body: .init { writer in
                    var lines = CSVLine.byteOrderMark + CSVLine.bytes(RequestTable.columns)
                    let isCut = try await lockbox.exportRequests(
                        choice.filter,
                        tenant: tenant,
                        by: viewer.person,
                        holding: place
                    ) { view in
                        lines += RequestTable.line(view, viewer, tenants)
                        guard lines.count > RequestTable.piece else { return }
                        try context.checkPresence()
                        // A session that was taken away meanwhile ends it in the middle.
                        guard try await sessions.look(viewer.secret) != nil else {
                            throw Refusal.notSignedIn
                        }
                        try await writer.write(ByteBuffer(bytes: lines))
                        lines = []
                    }
                    if isCut { lines += CSVLine.bytes([RequestTable.cutWords]) }
                    try await writer.write(ByteBuffer(bytes: lines))
                    try await writer.finish(nil)
                }
            )
        }
    }
}

/// Access requests as rows.
enum RequestTable {
    /// Bytes that are sent at once.
    static let piece = 32 * 1024

    static let columns = [
        "number", "state", "asked", "customer", "engineer", "askedBy", "supportRequest", "access",
        "changes", "duration", "deadline", "approvedOrDeniedBy", "from", "until", "ended", "uses",
        "reason",
    ]

    /// In the file's last row, where there are more.
    static let cutWords =
        "Only the first \(Limits.exportedRequests) requests are in this file. Narrow the list to "
        + "get the others."

    static func line(_ view: RequestView, _ viewer: Viewer, _ tenants: [TenantID: Tenant])
        -> [UInt8]
    {
        let (request, terms) = (view.request, view.request.terms)
        let grant = request.state.grant
        let scope = grant?.scope ?? terms.scope
        // Who of the customer decided is not for the provider's people.
        let deciders =
            viewer.isCustomer
            ? request.decisions.filter { $0.stage == .customer }.map { view.name(of: $0.person) }
            : []
        return CSVLine.bytes([
            request.id.text, request.state.name.rawValue, request.createdAt.description,
            viewer.tenant?.name ?? tenants[terms.tenant]?.name ?? terms.tenant.text,
            view.engineerName, terms.askedBy.map { view.name(of: $0) } ?? "",
            terms.supportRequest.text, scope.words.joined(separator: "; "),
            scope.allowsChanges ? "yes" : "no", terms.duration.description,
            request.state.nextDeadline?.description ?? "", deciders.joined(separator: "; "),
            grant?.start.description ?? "",
            (request.state.ending?.at ?? grant?.end)?.description ?? "",
            request.state.ending?.reason.rawValue ?? "", String(view.useCount), terms.reason,
        ])
    }
}
