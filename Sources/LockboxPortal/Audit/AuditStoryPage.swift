import Hummingbird
import LockboxAudit
import LockboxDomain
import LockboxHTTP
import LockboxPorts
import LockboxService
import LockboxWire
import MerkleLog
import NIOCore

/// One access from the asking to its confirmed end: what became of it, each step with the record that
/// the log has of it, and whether those records are what was signed.
struct AuditStoryPage: Page {
    static let template = PageTemplate(PackageResources.audit_story_mustache)

    struct Step: Sendable {
        let index: String
        let phase: String
        let what: String
        let detail: String?
        let actor: String
        let at: ShownTime
        /// Steps of the same kind that are left out before it.
        let left: String?
    }

    let title: String
    let section: String? = "/audit"
    let number: String
    let summary: RequestSummary
    let badge: Badge
    let progress: Progress
    let decisions: [DecisionLine]
    let used: String
    let firstUse: ShownTime?
    let lastUse: ShownTime?
    let closed: String?
    let steps: [Step]
    /// That later steps are not here; nil where all are.
    let moreWords: String?
    let isVerified: Bool
    let verdict: String
    let differences: [String]
    let note: String
    let size: String
    let verifierKey: String
    let providerName: String
    let recordsLink: String
    /// Once nothing of it is open any more.
    let hasReceipt: Bool
    /// When texts of it went, by whom and why.
    let erasures: [ShownErasure]
    /// Where texts of it are erased, for who may.
    let eraseLink: String?
    let printed: Printed

    init(
        _ reading: RequestReading,
        _ records: Paged<AuditRecord>,
        names: [String: String],
        check: RecordsCheck,
        key: String,
        erasures: [RecordedErasure],
        _ viewer: Viewer
    ) {
        let view = reading.view
        number = view.request.id.text
        title = "Access \(number)"
        summary = RequestSummary(view, for: viewer.side, companies: reading.companies)
        badge = Badge(view, for: viewer.side)
        progress = Progress(view, companies: reading.companies)
        decisions = DecisionLine.all(of: view, companies: reading.companies)
        used = view.useWords.capitalisedFirst
        firstUse = view.uses.map(\.first).min().map { ShownTime($0, withSeconds: true) }
        lastUse = view.lastUse.map { ShownTime($0, withSeconds: true) }
        closed = view.closedWords
        steps = Self.steps(records.items, names, now: viewer.now)
        moreWords =
            records.next == nil ? nil : "These are the first \(records.items.count) records of it."
        isVerified = check.differences.isEmpty
        let count = records.items.count
        verdict =
            isVerified
            ? "\(count == 1 ? "The record is" : "All \(count) records are") what was signed."
            : "Something was changed, or is missing"
        differences = Array(check.differences.prefix(PortalLimits.differences))
        (note, size) = (check.note, String(check.size))
        verifierKey = key
        providerName = viewer.providerName
        recordsLink = "/audit/requests/\(number)/records?size=\(check.size)"
        hasReceipt = view.hasReceipt
        self.erasures = erasures.map { ShownErasure($0, viewer) }
        eraseLink = viewer.holds(.admin) ? "/audit/erase?request=\(number)" : nil
        printed = Printed(viewer)
    }

    /// Of steps of one kind, the first few and the last.
    private static func steps(
        _ records: [AuditRecord],
        _ names: [String: String],
        now: Timestamp
    ) -> [Step] {
        let counts = Dictionary(grouping: records, by: \.activity).mapValues(\.count)
        var seen: [String: Int] = [:]
        return records.compactMap { record in
            let number = seen[record.activity, default: 0] + 1
            seen[record.activity] = number
            let all = counts[record.activity] ?? 0
            let isLast = number == all
            guard number < PortalLimits.stepsOfAKind || isLast else { return nil }
            let left = isLast ? all - PortalLimits.stepsOfAKind : 0
            return Step(
                index: String(record.index),
                phase: AuditWords.phase(record.activity),
                what: AuditWords.words(record.activity),
                detail: record.detail(names),
                actor: AuditWords.actor(record),
                at: ShownTime(Timestamp(record.time) ?? now, withSeconds: true),
                left: left > 0 ? "\(left) more of this kind before it" : nil
            )
        }
    }
}

extension RequestView {
    /// Whether services confirmed that nothing is left open, once access has ended.
    fileprivate var closedWords: String? {
        switch grantState {
        case .removalFailed: "A service has not confirmed that nothing is left open."
        case .removing: "Not confirmed by every service yet."
        case .ended:
            leftOpenWords.map { "\($0.capitalisedFirst)." }
                ?? (removals.isEmpty
                    ? "Nothing had been opened that a service had to close."
                    : "Confirmed by \(removals.map(\.service.text).listed): nothing is left open.")
        case .scheduled, .active, nil: nil
        }
    }
}

extension AuditWords {
    /// The part of an access's story that a step belongs to.
    fileprivate static func phase(_ activity: String) -> String {
        switch activity {
        case "request.submitted", "request.message": "Asked"
        case "request.approvedByManager", "request.rejected", "request.customerAsked": "Reviewed"
        case "request.approved", "request.denied", "request.withdrawn", "request.expired": "Decided"
        case "access.granted", "access.started", "access.credentialIssued": "Opened"
        case "access.used", "access.operations": "Used"
        case "access.ended": "Ended"
        case "access.removed", "access.removalFailed": "Closed"
        case _: "Told"
        }
    }
}

extension PortalSite {
    private static func search(_ id: AccessRequestID) -> LogSearch {
        var search = LogSearch(request: id)
        search.oldestFirst = true
        return search
    }

    /// The page of one access's story, for those who may read its log.
    func story(_ context: PortalContext, _ viewer: Viewer) async throws -> AuditStoryPage {
        let log = try await readableLog(viewer)
        let reading = try await reading(of: try Self.requestID(context), viewer)
        let found = try await context.untilClientLeaves {
            try await self.log.search(
                Self.search(reading.view.request.id),
                in: log,
                page: .init(limit: PortalLimits.stepsOfAStory),
                for: viewer.person.id
            )
        }
        let records = try await self.log.records(found.items, size: nil, of: log)
        return AuditStoryPage(
            reading,
            .init(items: records, next: found.next),
            names: try await names(in: records, viewer),
            check: try await self.log.check(found.items, of: log),
            key: try self.log.verifierKey(of: log).text,
            erasures: try await self.log.erasures(
                about: reading.view.request.id,
                of: reading.tenant.id
            ),
            viewer
        )
    }

    /// The same records with their proofs, as `lockbox audit verify --partial` takes them.
    func storyRecords(_ request: Request, _ context: PortalContext, _ log: LogID, _ viewer: Viewer)
        async throws -> Response
    {
        guard let id = AccessRequestID(try Self.requestID(context)),
            let size = request.query("size")?.wholeNumber,
            size <= (try await self.log.size(of: log))
        else { throw Refusal.notFound(.auditRecord) }
        return try export(
            Self.search(id),
            size: size,
            named: "access-\(id).jsonl",
            context,
            log,
            .jsonLines,
            viewer
        )
    }
}
