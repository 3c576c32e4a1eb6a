import LockboxDomain
import LockboxPorts
import LockboxService

/// Access as one lane of a timeline shows it.
struct TimelineEntry: Sendable {
    enum Phase: String, Sendable {
        case open, ended
        case unconfirmed = "not confirmed closed"
        case scheduled
    }

    /// What the lane is for: a resource where a customer reads, an engineer where the provider does.
    struct Lane: Hashable, Sendable {
        /// Names it in an address.
        let key: String
        let name: String
        /// What finds its requests in their list.
        let search: String
    }

    let lane: Lane
    /// Who had access, or to whose data.
    let subject: String
    /// The same with all that is to be said of it.
    let detail: String
    let request: String
    let createdAt: Timestamp
    let start: Timestamp
    /// When it ended or will at the latest.
    let end: Timestamp
    let phase: Phase
    let uses: [CredentialUse]

    var useCount: Int { uses.reduce(0) { $0 + $1.count } }
    var lastUse: Timestamp? { uses.map(\.last).max() }
}

extension AccessPeriod {
    /// When it ended or will at the latest.
    var end: Timestamp { min(endedAt ?? grant.end, grant.end) }

    /// Names the lane for readers of `side` in an address.
    func laneKey(_ resource: Resource, for side: Side) -> String {
        switch side {
        case .tenant: "\(resource.service)/\(resource.name)"
        case .provider: engineer.text
        }
    }

    func phase(at now: Timestamp) -> TimelineEntry.Phase {
        if now < grant.start, endedAt == nil { return .scheduled }
        if now < end { return .open }
        return isUnconfirmed || endedAt == nil ? .unconfirmed : .ended
    }
}

extension AccessHistory {
    /// An engineer's name; a program's with its mark.
    func name(of id: PersonID) -> String { people[id]?.markedName ?? "somebody" }

    /// What the engineer did not ask for herself is marked.
    private func note(on period: AccessPeriod) -> String {
        period.askedBy.flatMap { $0 == period.engineer ? nil : ", asked for by \(name(of: $0))" }
            ?? ""
    }

    /// For readers of `side`: one for each resource of each access for a customer, one for each access
    /// for the provider.
    func entries(for side: Side) -> [TimelineEntry] {
        periods.flatMap { period -> [TimelineEntry] in
            let engineer = name(of: period.engineer)
            func entry(
                _ lane: TimelineEntry.Lane,
                _ subject: String,
                _ detail: String,
                _ uses: [CredentialUse]
            ) -> TimelineEntry {
                TimelineEntry(
                    lane: lane,
                    subject: subject,
                    detail: detail + note(on: period),
                    request: period.request.text,
                    createdAt: period.createdAt,
                    start: period.grant.start,
                    end: period.end,
                    phase: period.phase(at: at),
                    uses: uses
                )
            }
            switch side {
            case .provider:
                let tenant = tenants[period.tenant]?.name ?? period.tenant.text
                let lane = TimelineEntry.Lane(
                    key: period.engineer.text,
                    name: engineer,
                    search: people[period.engineer]?.email.text ?? engineer
                )
                let detail = "\(tenant): \(period.grant.scope.shortWords)"
                return [entry(lane, tenant, detail, period.uses)]
            case .tenant:
                return period.grant.scope.accesses.map { access in
                    let resource = access.resource
                    let lane = TimelineEntry.Lane(
                        key: period.laneKey(resource, for: side),
                        name: "\(resource.type) \(resource.localName)",
                        search: resource.localName
                    )
                    let may = access.actions.contains(.write) ? ", may change" : ""
                    return entry(
                        lane,
                        engineer,
                        engineer + may,
                        period.uses.filter { $0.resource == resource }
                    )
                }
            }
        }
    }
}
