import HTTPTypes
import Hummingbird
import LockboxAudit
import LockboxDomain
import LockboxHTTP
import LockboxIdentity
import LockboxPorts
import LockboxService
import LockboxWire
import MerkleLog
import NIOCore

/// The audit log of the reader's own side: search, one record, files, and a check of the whole.
extension PortalSite {
    var auditRoutes: [Route] {
        [
            page("/audit", for: .both) { request, context, viewer in
                let log = try await readableLog(viewer)
                let search = AuditSearch(request, viewer)
                guard search.problems.isEmpty else {
                    return AuditPage(search, .init(items: [], next: nil), viewer)
                }
                let page = ListPage(
                    limit: PortalLimits.pageSize,
                    cursor: request.query("cursor")
                )
                let found = try await context.untilClientLeaves {
                    try await self.log.search(
                        search.query,
                        in: log,
                        page: page,
                        for: viewer.person.id
                    )
                }
                let records = try await self.log.records(found.items, size: nil, of: log)
                return AuditPage(
                    search,
                    .init(items: records, next: found.next),
                    names: try await names(in: records, viewer),
                    viewer
                )
            },
            page("/audit/record/{index}", for: .both) { _, context, viewer in
                let log = try await readableLog(viewer)
                guard let index = context.parameters.get("index")?.wholeNumber,
                    let found = try await self.log.inclusion(
                        of: index,
                        size: try await self.log.size(of: log),
                        in: log
                    ),
                    let record = try await record(index, of: log)
                else { throw Refusal.notFound(.auditRecord) }
                return AuditRecordPage(
                    record,
                    proofLength: found.proof.count,
                    names: try await names(in: [record], viewer),
                    erasures: try await erasures(index, of: log),
                    viewer
                )
            },
            page("/audit/requests/{id}", for: .customer) { _, context, viewer in
                try await story(context, viewer)
            },
            file("/audit/requests/{id}/records") { request, context, log, viewer in
                try await storyRecords(request, context, log, viewer)
            },
            file("/audit/requests/{id}/receipt.json") { _, context, log, viewer in
                try await receiptFile(context, log, viewer)
            },
            file("/audit/requests/{id}/receipt.html") { _, context, log, viewer in
                try await receiptDocument(context, log, viewer)
            },
            file("/audit/record/{index}/operations") { _, context, log, _ in
                guard let index = context.parameters.get("index")?.wholeNumber,
                    let lines = try await self.log.operations(index, of: log)
                else { throw Refusal.notFound(.auditRecord) }
                return Response(
                    status: .ok,
                    headers: Self.download("application/jsonl", "operations-\(index).jsonl"),
                    body: .init(byteBuffer: ByteBuffer(string: lines))
                )
            },
            // It is opened by double click.
            file("/audit/export.csv") { request, context, log, viewer in
                try export(request, context, log, .csv(byteOrderMark: true), viewer)
            },
            file("/audit/export.jsonl") { request, context, log, viewer in
                try export(request, context, log, .jsonLines, viewer)
            },
            file("/audit/checkpoint") { _, _, log, _ in
                Response(
                    status: .ok,
                    headers: Self.download("text/plain; charset=utf-8", "checkpoint.txt"),
                    body: .init(
                        byteBuffer: ByteBuffer(
                            string: try await self.log.cosignedCheckpoint(of: log, at: clock.now())
                        )
                    )
                )
            },
            form("/audit/verify", for: .both, back: { _ in "/audit" }) { _, context, viewer in
                let log = try await readableLog(viewer)
                // It reads the whole log.
                try verifyLimit.take(viewer.person.id.text, now: clock.now())
                let note = try await self.log.cosignedCheckpoint(of: log, at: clock.now())
                let report = try await context.untilClientLeaves {
                    try await logCheck.run(on: log, for: viewer.person.id)
                }
                return html(
                    AuditCheckPage(
                        report,
                        note: note,
                        key: try self.log.verifierKey(of: log).text,
                        at: clock.now(),
                        viewer
                    ),
                    viewer
                )
            },
        ]
    }

    /// The log that the visitor may read. For others there is none.
    func readableLog(_ viewer: Viewer) async throws -> LogID {
        try await lockbox.readableLog(tenant: viewer.tenant?.id.text, by: viewer.person)
    }

    /// The names of people whom `records` name by their identifiers.
    func names(in records: [AuditRecord], _ viewer: Viewer) async throws -> [String: String] {
        let ids = Set(records.flatMap { $0.data.values.flatMap(\.people) })
        return try await lockbox.names(of: ids, by: viewer.person).reduce(into: [:]) {
            $0[$1.key.text] = $1.value
        }
    }

    private func erasures(_ index: UInt64, of log: LogID) async throws -> [String: RecordedErasure]
    {
        guard let entry = try await self.log.entry(index, of: log) else { return [:] }
        return try await self.log.erasures(in: [entry], of: log)[index] ?? [:]
    }

    private func record(_ index: UInt64, of log: LogID) async throws -> AuditRecord? {
        guard let entry = try await self.log.entry(index, of: log) else { return nil }
        return try await self.log.records([entry], size: nil, of: log).first
    }

    /// A file of the log for those who may read it.
    private func file(
        _ path: RouterPath,
        _ make:
            @escaping @Sendable (Request, PortalContext, LogID, Viewer) async throws -> Response
    ) -> Route {
        Route(method: .get, path: path) { request, context in
            let viewer = try await viewer(of: request, context)
            return try await make(request, context, try await readableLog(viewer), viewer)
        }
    }

    private func export(
        _ request: Request,
        _ context: PortalContext,
        _ log: LogID,
        _ form: LogExport.Form,
        _ viewer: Viewer
    ) throws -> Response {
        let search = AuditSearch(request, viewer, isExport: true)
        guard search.problems.isEmpty else { throw Refusal.notFound(.page) }
        let name = "audit.\(form.suffix)"
        return try export(search.query, named: name, context, log, form, viewer)
    }

    /// What `query` finds as a file, with proofs for the tree of `size` where it is given.
    func export(
        _ query: LogSearch,
        size: UInt64? = nil,
        named name: String,
        _ context: PortalContext,
        _ log: LogID,
        _ form: LogExport.Form,
        _ viewer: Viewer
    ) throws -> Response {
        // Before the answer begins, which could not say any more that there is none.
        let place = try self.log.exportPlace(of: log, for: viewer.person.id, at: clock.now())
        return Response(
            status: .ok,
            headers: Self.download(form.contentType, name),
            body: .init { writer in
                try await self.log.export(
                    query,
                    size: size,
                    of: log,
                    as: form,
                    holding: place,
                    isWanted: {
                        try context.checkPresence()
                        // A role or a session that was taken away meanwhile ends it in the middle.
                        guard let still = try await sessions.look(viewer.secret) else {
                            throw Refusal.notSignedIn
                        }
                        _ = try await lockbox.readableLog(
                            tenant: viewer.tenant?.id.text,
                            by: still.person
                        )
                    },
                    to: { try await writer.write(ByteBuffer(bytes: $0)) }
                )
                try await writer.finish(nil)
            }
        )
    }

    static func download(_ type: String, _ name: String) -> HTTPFields {
        [.contentType: type, .contentDisposition: "attachment; filename=\"\(name)\""]
    }
}

/// What is searched for, as it was typed and as the log is asked.
struct AuditSearch: Sendable {
    /// What stands in an address for the filter that comes first, and for none.
    static let (decisions, everything) = ("decisions", "all")

    let from: String
    let to: String
    /// One of the two above, or what activities begin with.
    let activity: String
    let person: String
    let number: String
    let text: String
    let query: LogSearch
    let problems: [String]

    /// Days are whole days of the reader, the last one included. What a page shows where nothing is
    /// said are decisions and access in a customer's log; of one request, and in a file, everything.
    init(_ request: Request, _ viewer: Viewer, isExport: Bool = false) {
        func typed(_ name: String) -> String {
            String((request.query(name) ?? "").prefix(PortalLimits.searchLength))
        }
        (from, to, person) = (typed("from"), typed("to"), typed("person"))
        (number, text) = (typed("request"), typed("text"))
        let isNarrow = viewer.isCustomer && number.isEmpty && !isExport
        let chosen = typed("activity")
        activity = chosen.isEmpty ? isNarrow ? Self.decisions : Self.everything : chosen
        var days = TypedDays()
        var query = LogSearch()
        query.from = days.day(from, "The first day").map { viewer.days.midnight(ofDayInUTC: $0) }
        query.to = days.day(to, "The last day").map {
            viewer.days.midnight(ofDayInUTC: $0 + .days(1))
        }
        var problems = days.problems
        query.activities =
            switch activity {
            case Self.everything: []
            case Self.decisions: AuditWords.decisions.prefixes
            case _: [activity]
            }
        query.person = person.isEmpty ? nil : person
        query.text = text.isEmpty ? nil : text
        query.request = AccessRequestID(number)
        if query.request == nil, !number.isEmpty {
            problems.append("The request’s number looks like LBX-7K3M9QPXAB.")
        }
        self.query = query
        self.problems = problems
    }

    /// As part of an address, with another filter where one is named.
    func address(_ filter: String? = nil) -> String {
        ([("activity", filter ?? activity)] + typed).map {
            "\($0.0)=\($0.1.asQueryValue)"
        }.joined(separator: "&")
    }

    /// What is searched for beside the filter.
    var typed: [(String, String)] {
        [("from", from), ("to", to), ("person", person), ("request", number), ("text", text)]
            .filter { !$0.1.isEmpty }
    }
}

/// A search of the log and what it finds, newest first.
struct AuditPage: Page {
    static let template = PageTemplate(PackageResources.audit_mustache)

    struct Row: Sendable {
        let index: String
        let what: String
        let detail: String?
        let actor: String
        let at: ShownTime
        let about: String?
        let storyLink: String?
    }

    /// Activities that belong together; where there are several, all of them can be chosen at once.
    struct ActivityGroup: Sendable {
        let groupName: String
        let activities: [Choice]
    }

    let title = "Audit"
    let section: String? = "/audit"
    let whose: String
    let isCustomer: Bool
    let providerName: String
    let from: String
    let to: String
    /// As in "days of UTC".
    let zone: String
    let person: String
    let number: String
    let text: String
    let groups: [ActivityGroup]
    /// What is shown, and the other filters that come first.
    let filterWords: String
    let chips: [Chip]
    let isSearch: Bool
    let problems: Problems
    let rows: [Row]
    let next: String?
    let csvLink: String
    let jsonLink: String
    let csrf: String
    let key: String

    init(
        _ search: AuditSearch,
        _ found: Paged<AuditRecord>,
        names: [String: String] = [:],
        _ viewer: Viewer
    ) {
        whose = viewer.tenant?.name ?? viewer.providerName
        isCustomer = viewer.isCustomer
        providerName = viewer.providerName
        zone = viewer.days.name
        (from, to, person, number, text) = (
            search.from, search.to, search.person, search.number, search.text
        )
        let main =
            [
                ("Decisions and access", AuditSearch.decisions),
                ("Everything", AuditSearch.everything),
            ]
            .filter { viewer.isCustomer || $0.1 == AuditSearch.everything }
        chips = main.map { label, filter in
            Chip(
                chipLabel: label,
                chipLink: "/audit?\(search.address(filter))",
                isCurrent: filter == search.activity
            )
        }
        let first = main.map { label, filter in
            Choice(value: filter, label: label, isChosen: filter == search.activity)
        }
        groups =
            [ActivityGroup(groupName: "Often looked for", activities: first)]
            + AuditWords.groups.map { ActivityGroup($0, chosen: search.activity) }
        filterWords =
            switch search.activity {
            case AuditSearch.decisions: AuditWords.decisions.words + ". All else is left out."
            case AuditSearch.everything: "Everything that was recorded."
            case let one:
                "Only: \(AuditWords.groups.first { $0.prefix == one }?.name ?? AuditWords.words(one))."
            }
        problems = Problems(search.problems)
        rows = found.items.map { record in
            Row(
                index: String(record.index),
                what: AuditWords.words(record.activity),
                detail: record.detail(names),
                actor: AuditWords.actor(record),
                at: ShownTime(Timestamp(record.time) ?? viewer.now, withSeconds: true),
                about: record.request,
                storyLink: viewer.isCustomer
                    ? record.request.map { "/audit/requests/\($0)" } : nil
            )
        }
        isSearch = !search.typed.isEmpty
        let address = search.address()
        csvLink = "/audit/export.csv?\(address)"
        jsonLink = "/audit/export.jsonl?\(address)"
        next = found.next.map { "/audit?\(address)&cursor=\($0.asQueryValue)" }
        csrf = viewer.csrf
        key = viewer.formKey
    }
}

extension AuditPage.ActivityGroup {
    fileprivate init(_ group: AuditWords.Group, chosen: String) {
        groupName = group.name
        // The log is searched by what activities begin with, too.
        let all = group.activities.count > 1 ? [(group.prefix, "\(group.name): all")] : []
        activities = (all + group.activities).map { activity, words in
            Choice(value: activity, label: words, isChosen: activity == chosen)
        }
    }
}
