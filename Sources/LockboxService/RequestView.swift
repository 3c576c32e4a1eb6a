package import LockboxAudit
package import LockboxDomain
package import LockboxPorts

/// An access request as it is at one instant, with what a reader needs beside it.
package struct RequestView: Sendable {
    /// What became of a grant, its removal from the services included.
    package enum GrantState: String, Sendable {
        case scheduled, active
        /// Over, and a service has not confirmed yet that nothing is left.
        case removing
        /// Over, and a service could not be made to confirm; it is being retried.
        case removalFailed
        case ended
    }

    package let request: AccessRequest
    package let at: Timestamp
    /// Everyone the request speaks of, for rules. What a reader is told of them is `shown`.
    package let people: [PersonID: Person]
    /// Whose people read it.
    private let reader: Side
    /// The customer's name.
    private let organisation: String
    package let removals: [Removal]
    package let uses: [CredentialUse]
    /// What was done at services that tell, but for the last second.
    package let operations: [OperationTotal]
    /// What becomes of open connections when the access ends.
    package let endOfConnections: EndOfConnections
    /// At which services a connection may go on though access has ended: nobody cuts anything there,
    /// or confirms that it is closed.
    package let leftOpen: [ServiceID]
    /// When access ended, while that is not written down: in the moment after the window's end,
    /// and for as long as the store takes no writes. The services are told all the same.
    package let unrecordedEnd: Timestamp?

    package var grantState: GrantState? {
        switch request.state {
        case .scheduled: unrecordedEnd == nil ? .scheduled : .removing
        case .active: unrecordedEnd == nil ? .active : .removing
        case .ended:
            if unrecordedEnd != nil {
                .removing
            } else if removals.contains(where: { $0.progress == .failed }) {
                .removalFailed
            } else if removals.contains(where: { $0.progress == .pending }) {
                .removing
            } else {
                .ended
            }
        case .awaitingManager, .awaitingCustomer, .rejected, .denied, .withdrawn, .expired: nil
        }
    }
}

extension RequestView {
    /// Whether access ended so short a time ago that a connection which nobody cut is to be reckoned
    /// with.
    package var mayBeConnected: Bool {
        guard !leftOpen.isEmpty, let ending = request.state.ending else { return false }
        return ending.at + Limits.leftOpenListed > at
    }

    /// Somebody the request speaks of, as its reader is told who it is; nil where it does not.
    package func shown(_ id: PersonID) -> ShownPerson? {
        people[id]?.shown(to: reader, of: organisation)
    }

    init(
        _ stored: AccessRequest,
        at now: Timestamp,
        for reader: Side,
        kinds: ServiceKinds,
        ends: any ImmediateEnds,
        in tx: any StoreTransaction
    ) throws {
        guard let tenant = try tx.tenant(stored.terms.tenant) else {
            throw StoreError.corrupt("no tenant \(stored.terms.tenant)")
        }
        (self.reader, organisation) = (reader, tenant.name)
        request = stored.seen(at: now)
        at = now
        unrecordedEnd =
            stored.state.ending == nil
            ? request.state.ending?.at ?? request.state.grant.flatMap { ends.ended($0.id) } : nil
        var ids = [request.terms.engineer] + request.decisions.map(\.person)
        if let program = request.terms.askedBy { ids.append(program) }
        if let by = request.state.ending?.by { ids.append(by) }
        people = try ids.reduce(into: [:]) { people, id in people[id] = try tx.known(id) }
        let ended = stored.state.ending == nil ? nil : stored.state.grant
        let removals = request.state.ending == nil ? [] : try tx.removals(of: request.id)
        leftOpen = try ended?.leftOpen(removals, in: tx) ?? []
        self.removals = removals
        uses = try request.state.grant.map { try tx.uses(of: $0.id) } ?? []
        operations = try request.state.grant.map { try tx.operationTotals(of: $0.id) } ?? []
        endOfConnections = try kinds.endOfConnections(
            of: request.state.grant?.scope ?? request.offered.scope,
            in: tx
        )
    }
}

/// A letter and how it fared, as its reader is told to whom it went.
package struct NoticeView: Sendable {
    package let notice: Notice
    package let recipient: ShownPerson
    /// The name and address that it was written to.
    package let name: String
    package let address: String?
    /// The receiving server's last words. They may say the address.
    package let lastReply: String?

    init(_ notice: Notice, to recipient: ShownPerson) {
        self.notice = notice
        self.recipient = recipient
        let isNamed = recipient.email != nil
        name = isNamed ? notice.recipientName : recipient.name
        address = isNamed ? notice.recipientAddress.text : nil
        lastReply = isNamed ? notice.lastReply : nil
    }
}

extension Lockbox {
    func view(
        of stored: AccessRequest,
        at now: Timestamp,
        for reader: Side,
        in tx: any StoreTransaction
    ) throws -> RequestView {
        try RequestView(stored, at: now, for: reader, kinds: kinds, ends: ends, in: tx)
    }

    package func request(_ id: String, by caller: Person) async throws -> RequestView {
        try await query(by: caller) { person, tx, now in
            try view(of: try tx.request(id, visibleTo: person), at: now, for: person.side, in: tx)
        }
    }

    package func requests(
        _ filter: RequestFilter,
        tenant: String?,
        page: ListPage,
        by caller: Person
    )
        async throws
        -> Paged<RequestView>
    {
        try await search(filter, tenant: tenant, by: caller) { filter, tx, now in
            let found = try tx.requests(filter, page: page)
            return Paged(
                items: try found.items.map {
                    try view(of: $0, at: now, for: caller.side, in: tx)
                },
                next: found.next,
                previous: found.previous
            )
        }
    }

    /// How many requests the caller may see of each state that has some, whatever `filter` says of the
    /// state; nil where there are more than are counted. Throws `StoreError.busy` as searches do.
    package func requestCounts(_ filter: RequestFilter, tenant: String?, by caller: Person)
        async throws -> [AccessRequest.StateName: Int]?
    {
        let place = try counts.place(for: caller.id)
        defer { withExtendedLifetime(place) {} }
        return try await search(filter, on: .bulk, tenant: tenant, by: caller) { filter, tx, _ in
            try tx.requestCounts(filter, most: Limits.countedRequests)
        }
    }

    /// A place for a table of the requests of `tenant`, or of all that the caller sees. Throws
    /// `StoreError.busy` while as many are made as may be, and where there is no such tenant for her.
    package func requestExportPlace(tenant: String?, for caller: Person) async throws
        -> LongReadPlace
    {
        try await query(by: caller) { person, tx, _ in _ = try person.reach(tenant, in: tx) }
        return try requestExports.place(for: caller.id)
    }

    /// The requests that `filter` wants, a slice at a time, up to `Limits.exportedRequests` of them;
    /// says whether there are more. `place` is held meanwhile.
    package func exportRequests(
        _ filter: RequestFilter,
        tenant: String?,
        by caller: Person,
        holding place: LongReadPlace,
        to take: (RequestView) async throws -> Void
    ) async throws -> Bool {
        try await exportRequests(
            filter,
            tenant: tenant,
            by: caller,
            holding: place,
            reading: { view, _ in view },
            to: take
        )
    }

    /// The same, with what `read` makes of each in the view of the store that it comes from.
    func exportRequests<Row: Sendable>(
        _ filter: RequestFilter,
        tenant: String?,
        by caller: Person,
        holding place: LongReadPlace,
        reading read: @escaping @Sendable (RequestView, any StoreTransaction) throws -> Row,
        to take: (Row) async throws -> Void
    ) async throws -> Bool {
        defer { withExtendedLifetime(place) {} }
        var (left, cursor): (Int, String?) = (Limits.exportedRequests, nil)
        repeat {
            let page = ListPage(limit: min(left, Self.exportedAtOnce), cursor: cursor)
            let found = try await query(.bulk, by: caller) { person, tx, now in
                let found = try tx.requests(
                    try filter.within(person.reach(tenant, in: tx), of: person),
                    page: page
                )
                return Paged(
                    items: try found.items.map {
                        try read(view(of: $0, at: now, for: person.side, in: tx), tx)
                    },
                    next: found.next
                )
            }
            for row in found.items { try await take(row) }
            (left, cursor) = (left - found.items.count, found.next)
        } while cursor != nil && left > 0
        return cursor != nil
    }

    /// No view is held longer than this many requests take.
    private static let exportedAtOnce = 200

    /// What no index answers is read beside what people and services wait for. Throws
    /// `StoreError.busy` while as many such searches go on as may.
    private func search<Found: Sendable>(
        _ filter: RequestFilter,
        on lane: ReadLane = .ordinary,
        tenant: String?,
        by caller: Person,
        _ body: @escaping @Sendable (RequestFilter, any StoreTransaction, Timestamp) throws -> Found
    ) async throws -> Found {
        let place = filter.isByContent ? try searches.place(for: caller.id) : nil
        defer { withExtendedLifetime(place) {} }
        return try await query(place == nil ? lane : .bulk, by: caller) { person, tx, now in
            let reach = try person.reach(tenant, in: tx)
            return try body(filter.within(reach, of: person), tx, now)
        }
    }

    /// Requests that time or people can still change, and those whose end a service has not
    /// confirmed: all of them, newest first. Of one tenant, of one engineer, or both; of one tenant
    /// those too that ended lately and may have left a connection.
    package func unfinishedRequests(
        tenant: String?,
        engineer: PersonID? = nil,
        by caller: Person
    ) async throws -> [RequestView] {
        try await query(by: caller) { person, tx, now in
            try person.unfinished(of: tenant, engineer: engineer, in: tx, at: now)
                .map { try view(of: $0, at: now, for: person.side, in: tx) }
        }
    }

    /// What is not over at `tenant`: all access that is open, will be or may have left something
    /// open; and of what waits as many as `most`, the nearest deadline first.
    package func waiting(at tenant: String, most: Int, by caller: Person) async throws
        -> WaitingAtTenant
    {
        try await query(by: caller) { person, tx, now in
            let all = try person.unfinished(of: tenant, engineer: nil, in: tx, at: now)
            func waiting(in state: AccessRequest.StateName) -> [AccessRequest] {
                // The stored state may be older than the clock: what ran out a moment ago waits for
                // nobody.
                all.filter { $0.seen(at: now).state.name == state }.sorted {
                    ($0.state.decideBy ?? now, $0.id) < ($1.state.decideBy ?? now, $1.id)
                }
            }
            func views(_ requests: [AccessRequest].SubSequence) throws -> [RequestView] {
                try requests.map { try view(of: $0, at: now, for: person.side, in: tx) }
            }
            let engineers = try Set(all.map(\.terms.engineer)).filter {
                try tx.known($0).isSame(as: person)
            }
            let (deciding, reviewing) = (
                waiting(in: .awaitingCustomer), waiting(in: .awaitingManager)
            )
            let own = deciding.filter { request in
                person.mayDecide(for: request.terms.tenant)
                    && !engineers.contains(request.terms.engineer)
                    && !request.decisions.contains { $0.person == person.id }
            }
            let known = Set(own.map(\.id))
            let shown = own + deciding.filter { !known.contains($0.id) }
            let held = all.filter { request in
                let state = request.seen(at: now).state.name
                return state != .awaitingCustomer && state != .awaitingManager
            }
            return WaitingAtTenant(
                deciding: try views(shown.prefix(most)),
                decidingCount: deciding.count,
                ownCount: own.count,
                reviewing: try views(reviewing.prefix(most)),
                reviewingCount: reviewing.count,
                others: try views(held[...])
            )
        }
    }

    /// The letters about a request and how each fared, for the provider and for those who oversee
    /// the tenant.
    package func notices(about id: String, by caller: Person) async throws -> [NoticeView] {
        try await query(by: caller) { person, tx, _ in
            let request = try tx.request(id, visibleTo: person)
            guard person.oversees(request.terms.tenant) else {
                throw Refusal.notFound(.accessRequest)
            }
            guard let tenant = try tx.tenant(request.terms.tenant) else {
                throw StoreError.corrupt("no tenant \(request.terms.tenant)")
            }
            // Letters about a request all go to people.
            return try tx.notices(about: request.id).compactMap { notice in
                try notice.recipient.map { recipient in
                    NoticeView(
                        notice,
                        to: try tx.known(recipient).shown(to: person.side, of: tenant.name)
                    )
                }
            }
        }
    }
}

/// What is not over at one tenant, for its first page.
package struct WaitingAtTenant: Sendable {
    /// Those first that need a decision of the reader.
    package let deciding: [RequestView]
    package let decidingCount: Int
    /// How many of them need the reader's.
    package let ownCount: Int
    package let reviewing: [RequestView]
    package let reviewingCount: Int
    /// What waits for nobody's decision.
    package let others: [RequestView]
}

extension Person {
    /// Of what this person may see, requests that time or people can still change, those whose end is
    /// not confirmed, and of one tenant those that ended lately and may have left a connection;
    /// newest first.
    fileprivate func unfinished(
        of tenant: String?,
        engineer: PersonID?,
        in tx: any StoreTransaction,
        at now: Timestamp
    ) throws -> [AccessRequest] {
        let (tenant, openedBy) = try reach(tenant, in: tx)
        let unconfirmed = try tx.unconfirmedRequests(of: tenant)
        let known = Set(unconfirmed.map(\.id))
        let since = now - Limits.leftOpenListed
        let left = try tenant.map { try tx.leftOpenRequests(of: $0, endedAfter: since) } ?? []
        let over = unconfirmed + left.filter { !known.contains($0.id) }
        let found =
            try tx.openRequests(of: tenant, engineer: engineer)
            + over.filter { request in engineer.map { $0 == request.terms.engineer } ?? true }
        return try found.filter { request in
            let terms = request.terms
            guard !isProgram || terms.askedBy == id else { return false }
            return try openedBy == nil
                || tx.supportRequest(terms.supportRequest, of: terms.tenant)?.openedBy == openedBy
        }
        .sorted { ($1.createdAt, $1.id) < ($0.createdAt, $0.id) }
    }
}

extension RequestFilter {
    /// The same of what `person` may see.
    fileprivate func within(
        _ reach: (tenant: TenantID?, openedBy: PersonID?),
        of person: Person
    ) -> RequestFilter {
        var filter = self
        (filter.tenant, filter.supportOpenedBy) = reach
        if person.isProgram { filter.askedBy = person.id }
        return filter
    }
}

extension AccessRequestRecords where Self: SupportRequestRecords {
    /// The request, if it exists for `person`; else the same refusal as for one that does not exist
    /// at all.
    func request(_ text: String, visibleTo person: Person) throws -> AccessRequest {
        guard let id = AccessRequestID(text), let request = try request(id) else {
            throw Refusal.notFound(.accessRequest)
        }
        let tenant = request.terms.tenant
        // A program's token is kept where programs run: it shows nobody else's requests.
        guard !person.isProgram || request.terms.askedBy == person.id else {
            throw Refusal.notFound(.accessRequest)
        }
        if person.oversees(tenant) { return request }
        guard person.side == .tenant(tenant),
            try supportRequest(request.terms.supportRequest, of: tenant)?.openedBy == person.id
        else { throw Refusal.notFound(.accessRequest) }
        return request
    }
}
