import Hummingbird
import LockboxDomain
import LockboxPorts
import LockboxService

/// The way to a new request: choose the tenant, fill in, look at what the customer will read, send.
extension PortalSite {
    var newRequestRoutes: [Route] {
        [
            page("/requests/new", for: .provider) { request, _, viewer in
                guard viewer.isEngineer else { throw Refusal.notPermitted(.requestAccess) }
                if let earlier = request.query("extends") {
                    return try await extensionPage(of: earlier, viewer)
                }
                var entry = RequestEntry()
                entry.tenant = request.query("tenant") ?? ""
                entry.supportRequest = request.query("support") ?? ""
                entry.find = request.query("find").map(RequestEntry.bounded) ?? ""
                entry.picked = Array(
                    request.queries("pick").prefix(Limits.resourcesPerRequest.upperBound)
                )
                return try await newRequestPage(entry, viewer)
            },
            form("/requests/new", for: .provider, back: { _ in "/requests/new" }) {
                form,
                _,
                viewer in
                guard viewer.isEngineer else { throw Refusal.notPermitted(.requestAccess) }
                return try await take(RequestEntry(form), form, viewer)
            },
        ]
    }

    // MARK: - Pages

    /// `given` is what the address says. What was picked there is kept; else what the support request is
    /// most likely about is.
    private func newRequestPage(_ given: RequestEntry, _ viewer: Viewer) async throws -> any Page {
        let number = given.supportRequest
        var entry = given
        var support: SupportView?
        if !number.isEmpty {
            do {
                support = try await lockbox.supportRequest(
                    number,
                    tenant: entry.tenant.isEmpty ? nil : entry.tenant,
                    by: viewer.person
                )
            } catch Refusal.ambiguous {
                // Several tenants use one number: she says which.
                return try await tenantChoice(support: number, viewer)
            }
        }
        if let support { entry.tenant = support.support.tenant.text }
        guard !entry.tenant.isEmpty else { return try await tenantChoice(support: nil, viewer) }
        let reading = try await entryReading(of: entry.tenant, viewer)
        if let support, entry.picked.isEmpty {
            entry.picked = reading.obvious(for: support).map(RequestEntry.value(of:))
        }
        return NewRequestPage(entry, reading, viewer)
    }

    private func tenantChoice(support: String?, _ viewer: Viewer) async throws -> any Page {
        let tenants = try await tenantsByID(viewer)
        return TenantChoicePage(
            tenants: tenants,
            support: support,
            starts: try await starts(viewer)
        )
    }

    /// An extension is a request like any other, filled in with what the earlier one said.
    private func extensionPage(of id: String, _ viewer: Viewer) async throws -> any Page {
        let view = try await lockbox.request(id, by: viewer.person)
        let terms = view.request.terms
        let reading = try await entryReading(of: terms.tenant.text, viewer)
        var entry = RequestEntry()
        entry.tenant = terms.tenant.text
        entry.supportRequest = terms.supportRequest.text
        entry.extends = view.request.id.text
        let accesses = (view.request.state.grant?.scope ?? terms.scope).accesses
        entry.picked = accesses.map { RequestEntry.value(of: $0.resource) }
        entry.written = Set(
            accesses.filter { $0.actions.contains(.write) }.map {
                RequestEntry.value(of: $0.resource)
            }
        )
        let minutes = min(terms.duration, reading.tenant.policy.maxAccess).milliseconds / 60_000
        let isWhole = minutes % 60 == 0
        entry.amount = "\(max(1, isWhole ? minutes / 60 : minutes))"
        entry.unit = isWhole && minutes > 0 ? .hours : .minutes
        entry.reason = Self.reason(extending: view.request)
        return NewRequestPage(entry, reading, viewer)
    }

    /// Says to the customer, in the reason itself, what it extends.
    private static func reason(extending request: AccessRequest) -> String {
        let mark = "Extension of "
        var reason = request.terms.reason
        if reason.hasPrefix(mark), let end = reason.firstRange(of: ": ") {
            reason = String(reason[end.upperBound...])
        }
        // The limit counts scalars, as the rules do.
        let scalars = "\(mark)\(request.id): \(reason)".unicodeScalars
        return String(
            String.UnicodeScalarView(scalars.prefix(Limits.reasonLength.upperBound))
        )
    }

    // MARK: - Forms

    private func take(_ entry: RequestEntry, _ form: Form, _ viewer: Viewer) async throws
        -> Response
    {
        let reading: EntryReading
        do {
            reading = try await entryReading(of: entry.tenant, viewer)
        } catch Refusal.notFound {
            return html(
                try await tenantChoice(support: nil, viewer),
                viewer,
                status: .unprocessableContent
            )
        }
        func again(_ faults: [RequestEntry.Fault]) -> Response {
            html(
                NewRequestPage(entry, reading, viewer, faults: faults),
                viewer,
                status: .unprocessableContent
            )
        }
        if form["intent"] == "edit" || form["intent"] == "search" {
            return html(NewRequestPage(entry, reading, viewer), viewer)
        }
        let (read, faults) = entry.draft()
        guard let draft = read else { return again(faults) }
        do {
            if form["intent"] == "send" {
                let view = try await lockbox.submit(draft, by: viewer.person, key: form.commandKey)
                return seeOther("/requests/\(view.request.id)", .submitted)
            }
            let (request, support) = try await trial(draft, reading, viewer)
            return html(PreviewPage(request, entry, support: support, reading, viewer), viewer)
        } catch let refusal as Refusal {
            if case .notSignedIn = refusal { throw refusal }
            return again([
                .init(field: refusal.entryField, sentence: refusal.words(on: .newRequest))
            ])
        }
    }

    /// The request that would come of `draft`, by the very rules that will judge it. Who may
    /// approve for the tenant is not told to the provider, so that alone is left for the sending.
    private func trial(_ draft: RequestDraft, _ reading: EntryReading, _ viewer: Viewer)
        async throws
        -> (AccessRequest, SupportView)
    {
        let support: SupportView
        do {
            support = try await lockbox.supportRequest(
                draft.supportRequest,
                tenant: reading.tenant.id.text,
                by: viewer.person
            )
        } catch Refusal.notFound {
            throw Refusal.unknownReference(field: "supportRequest", noun: .supportRequest)
        }
        try support.support.requireNotClosed()
        var tenant = reading.tenant
        tenant.policy.requireApproval = false
        let scope = try Scope(
            try draft.resources.map { line in
                guard
                    let resource = reading.resources.first(where: {
                        $0.service.text == line.service && $0.name == line.id.lowercased()
                    }), let actions = Actions(names: line.actions)
                else { throw Refusal.unknownReference(field: "resources", noun: .resource) }
                return Access(resource, actions)
            }
        )
        let (request, _) = try AccessRequest.submit(
            id: entropy.id(),
            terms: AccessRequest.Terms(
                tenant: tenant.id,
                supportRequest: support.support.number,
                engineer: viewer.person.id,
                reason: draft.reason,
                duration: draft.duration,
                scope: scope,
                notBefore: draft.notBefore
            ),
            engineer: viewer.person,
            tenant: tenant,
            approvers: [],
            now: viewer.now
        )
        return (request, support)
    }

    private func entryReading(of id: String, _ viewer: Viewer) async throws -> EntryReading {
        let tenant = try await lockbox.tenant(id, by: viewer.person)
        let support = try await lockbox.supportRequests(
            tenant: id,
            page: .init(limit: PortalLimits.pageSize),
            by: viewer.person
        )
        return EntryReading(
            tenant: tenant,
            resources: try await lockbox.resources(of: id, by: viewer.person),
            support: support.items.filter { $0.support.state != .closed },
            unreached: try await unreached(tenant, viewer)
        )
    }
}

/// What the form for a new request is made from.
struct EntryReading: Sendable {
    let tenant: Tenant
    let resources: [Resource]
    /// The tenant's latest support requests.
    let support: [SupportView]
    let unreached: String?

    /// More than a person would look through, and more than one request may name.
    var isTooMany: Bool { resources.count > Limits.resourcesPerRequest.upperBound }

    /// What a support request is most likely about: what belongs to who opened it, at the service
    /// that it names.
    func obvious(for view: SupportView) -> [Resource] {
        let offered = resources.filter { resource in
            view.support.service.map { $0 == resource.service } ?? true
        }
        let address = view.openedBy.email.text.lowercased()
        let own = offered.filter { $0.localName == address }
        return own.isEmpty && offered.count == 1 ? offered : own
    }

    /// How many that a search found are shown.
    static let mostFound = 20

    /// Those to tick, and how many the search found: all, or where there are too many what is picked and
    /// what the search found besides.
    func shown(for entry: RequestEntry) -> (resources: [Resource], found: Int) {
        guard isTooMany else { return (resources, resources.count) }
        let picked = Set(entry.picked)
        let (ticked, others) = (
            resources.filter { picked.contains(RequestEntry.value(of: $0)) },
            resources.filter { !picked.contains(RequestEntry.value(of: $0)) }
        )
        guard !entry.find.isEmpty else { return (ticked, 0) }
        let part = entry.find.lowercased()
        let found = others.filter { $0.name.contains(part) || $0.service.text.contains(part) }
        return (ticked + found.prefix(Self.mostFound), found.count)
    }
}

extension Tenant {
    /// Why nobody here is asked about access; nil where its yes is needed.
    var unaskedBecause: String? {
        if !isLicensed { return "its plan does not include Lockbox" }
        if !policy.requireApproval { return "its administrator has switched approval off" }
        return nil
    }
}
