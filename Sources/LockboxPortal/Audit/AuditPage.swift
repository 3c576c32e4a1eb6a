import HTTPTypes
import Hummingbird
import LockboxAudit
import LockboxDomain
import LockboxHTTP
import LockboxIdentity
import LockboxPorts
import LockboxService
import LockboxWire
import NIOCore

/// The audit log of the reader's own side: search, one record, files, and a check of the whole.
extension PortalSite {
    var auditRoutes: [Route] {
        [
            page("/audit", for: .both) { request, context, viewer in
                let log = try await readableLog(viewer)
                let search = AuditSearch(request)
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
                return AuditPage(search, .init(items: records, next: found.next), viewer)
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
                return AuditRecordPage(record, proofLength: found.proof.count, viewer)
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
                        byteBuffer: ByteBuffer(string: try await self.log.checkpoint(of: log))
                    )
                )
            },
            form("/audit/verify", for: .both, back: { _ in "/audit" }) { _, context, viewer in
                let log = try await readableLog(viewer)
                // It reads the whole log.
                try verifyLimit.take(viewer.person.id.text, now: clock.now())
                let note = try await self.log.checkpoint(of: log)
                let report = try await context.untilClientLeaves {
                    try await logCheck.run(on: log, for: viewer.person.id)
                }
                return html(
                    AuditCheckPage(
                        report,
                        note: note,
                        key: self.log.verifierKey(of: log),
                        at: clock.now(),
                        viewer
                    ),
                    viewer
                )
            },
        ]
    }

    /// The log that the visitor may read. For others there is none.
    private func readableLog(_ viewer: Viewer) async throws -> LogID {
        try await lockbox.readableLog(tenant: viewer.tenant?.id.text, by: viewer.person)
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
        let search = AuditSearch(request)
        guard search.problems.isEmpty else { throw Refusal.notFound(.page) }
        // Before the answer begins, which could not say any more that there is none.
        let place = try self.log.exportPlace(of: log, for: viewer.person.id, at: clock.now())
        return Response(
            status: .ok,
            headers: Self.download(form.contentType, "audit.\(form.suffix)"),
            body: .init { writer in
                try await self.log.export(
                    search.query,
                    size: nil,
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

    private static func download(_ type: String, _ name: String) -> HTTPFields {
        [.contentType: type, .contentDisposition: "attachment; filename=\"\(name)\""]
    }
}

/// What is searched for, as it was typed and as the log is asked.
struct AuditSearch: Sendable {
    let from: String
    let to: String
    let activity: String
    let person: String
    let number: String
    let text: String
    let query: LogSearch
    let problems: [String]

    /// Days are whole days of UTC, the last one included.
    init(_ request: Request) {
        func typed(_ name: String) -> String {
            String((request.query(name) ?? "").prefix(PortalLimits.searchLength))
        }
        (from, to, activity, person) = (
            typed("from"), typed("to"), typed("activity"), typed("person")
        )
        (number, text) = (typed("request"), typed("text"))
        var days = TypedDays()
        var query = LogSearch()
        query.from = days.day(from, "The first day")
        query.to = days.day(to, "The last day").map { $0 + .days(1) }
        var problems = days.problems
        query.activity = activity.isEmpty ? nil : activity
        query.person = person.isEmpty ? nil : person
        query.text = text.isEmpty ? nil : text
        query.request = AccessRequestID(number)
        if query.request == nil, !number.isEmpty {
            problems.append("The request’s number looks like LBX-7K3M9QPXAB.")
        }
        self.query = query
        self.problems = problems
    }

    /// As part of an address; empty where nothing is searched for.
    var address: String {
        [
            ("from", from), ("to", to), ("activity", activity), ("person", person),
            ("request", number), ("text", text),
        ].filter { !$0.1.isEmpty }.map { "\($0.0)=\($0.1.asQueryValue)" }.joined(separator: "&")
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
    }

    /// Activities that belong together; where there are several, all of them can be chosen at once.
    struct ActivityGroup: Sendable {
        let groupName: String
        let activities: [Choice]
    }

    let title = "Audit"
    let section: String? = "/audit"
    let whose: String
    let from: String
    let to: String
    let person: String
    let number: String
    let text: String
    let groups: [ActivityGroup]
    let isSearch: Bool
    let problems: Problems
    let rows: [Row]
    let next: String?
    let csvLink: String
    let jsonLink: String
    let csrf: String
    let key: String

    init(_ search: AuditSearch, _ found: Paged<AuditRecord>, _ viewer: Viewer) {
        whose = viewer.tenant?.name ?? viewer.providerName
        (from, to, person, number, text) = (
            search.from, search.to, search.person, search.number, search.text
        )
        groups = AuditWords.groups.map { ActivityGroup($0, chosen: search.activity) }
        problems = Problems(search.problems)
        rows = found.items.map { record in
            Row(
                index: String(record.index),
                what: AuditWords.words(record.activity),
                detail: record.detail,
                actor: AuditWords.actor(record),
                at: ShownTime(Timestamp(record.time) ?? viewer.now, withSeconds: true),
                about: record.request
            )
        }
        let address = search.address
        isSearch = !address.isEmpty
        let joined = address.isEmpty ? "" : "?" + address
        csvLink = "/audit/export.csv\(joined)"
        jsonLink = "/audit/export.jsonl\(joined)"
        next = found.next.map {
            "/audit?\(address)\(address.isEmpty ? "" : "&")cursor=\($0.asQueryValue)"
        }
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

/// One record with all it says.
struct AuditRecordPage: Page {
    static let template = PageTemplate(PackageResources.audit_record_mustache)

    struct Fact: Sendable {
        let name: String
        let value: String
        let isErased: Bool
    }

    let title: String
    let section: String? = "/audit"
    let index: String
    let what: String
    let actor: String
    let at: ShownTime
    let about: String?
    let requestLink: String?
    let texts: [Fact]
    /// What was done, one by one, and the file that has all of it.
    let done: [String]
    let doneMore: String?
    let doneFile: String?
    let facts: [Fact]
    let hash: String
    let proofLength: String
    let leaf: String

    init(_ record: AuditRecord, proofLength: Int, _ viewer: Viewer) {
        index = String(record.index)
        title = "Record \(index)"
        what = AuditWords.words(record.activity)
        actor = AuditWords.actor(record)
        at = ShownTime(Timestamp(record.time) ?? viewer.now, withSeconds: true)
        about = record.request
        requestLink = record.request.map { "\(viewer.side.requestsPath)/\($0)" }
        let operations = record.texts[AuditFacts.operations]?.text?.split(separator: "\n") ?? []
        done = operations.prefix(PortalLimits.operations).map(AuditWords.operation)
        let rest = operations.count - done.count
        doneMore = rest > 0 ? "and \(rest) more" : nil
        doneFile = operations.isEmpty ? nil : "/audit/record/\(index)/operations"
        let shown = record.texts.keys.filter {
            $0 != "actorName" && (operations.isEmpty || $0 != AuditFacts.operations)
        }
        texts = shown.sorted().map { field in
            let text = record.texts[field]?.text
            return Fact(name: AuditWords.label(field), value: text ?? "", isErased: text == nil)
        }
        facts = record.data.keys.sorted().map { member in
            Fact(
                name: AuditWords.label(member),
                value: AuditWords.value(record.data[member] ?? .null),
                isErased: false
            )
        }
        hash = record.hash
        self.proofLength = String(proofLength)
        leaf = record.leaf
    }
}

/// What a check of the whole log found.
struct AuditCheckPage: Page {
    static let template = PageTemplate(PackageResources.audit_check_mustache)

    let title: String
    let section: String? = "/audit"
    let isWhole: Bool
    let records: String
    let checkpoints: String
    let differences: [String]
    let note: String
    let verifierKey: String
    let at: ShownTime
    let whose: String

    init(_ report: LogCheck.Report, note: String, key: String, at now: Timestamp, _ viewer: Viewer)
    {
        isWhole = report.differences.isEmpty
        title = isWhole ? "Log verified: complete and unchanged" : "Log check failed"
        records = String(report.records)
        checkpoints = String(report.checkpoints)
        differences = Array(report.differences.prefix(PortalLimits.differences))
        self.note = note
        verifierKey = key
        at = ShownTime(now, withSeconds: true)
        whose = viewer.tenant?.name ?? viewer.providerName
    }
}
