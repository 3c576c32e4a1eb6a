import Foundation
import HTTPTypes
import Hummingbird
import LockboxAudit
import LockboxDomain
import LockboxHTTP
import LockboxPorts
import LockboxService
import NIOCore

/// What of a timeline is shown, as the address says it.
struct TimelineChoice: Sendable {
    static let path = "/timeline"

    var span = TimelineSpan.week
    /// The key of the only lane.
    var only: String?
    /// Lanes that an earlier page showed.
    var skip = 0

    init() {}

    /// What an address does not say, or not rightly, is what comes first.
    init(_ request: Request) {
        span = request.query("span").flatMap(TimelineSpan.init(rawValue:)) ?? .week
        only = request.query("only").map { String($0.prefix(PortalLimits.searchLength * 2)) }
        // More lanes than accesses are drawn from there cannot be.
        let most = UInt64(Limits.drawnAccesses * Limits.resourcesPerRequest.upperBound)
        skip = Int(clamping: min(request.query("skip")?.wholeNumber ?? 0, most))
    }

    func path(span: TimelineSpan? = nil, only: String? = nil, skip: Int = 0) -> String {
        Self.path + "?span=\((span ?? self.span).rawValue)"
            + (only.map { "&only=\($0.asQueryValue)" } ?? "") + (skip > 0 ? "&skip=\(skip)" : "")
    }
}

/// Who could see what, when: the picture, and the same as a table.
struct TimelinePage: Page {
    static let template = PageTemplate(PackageResources.timeline_page_mustache)

    let title = "Timeline"
    let section: String?
    let whose: String
    let timeline: Timeline
    let csvLink: String
    let jsonLink: String

    init(_ history: AccessHistory, _ choice: TimelineChoice, _ viewer: Viewer) {
        section = viewer.isCustomer ? "/overview" : "/work"
        let isOwn = !viewer.isCustomer && !viewer.holds([.manager, .operator])
        whose = isOwn ? "Your access" : viewer.isCustomer ? "Access to your data" : "All engineers"
        timeline = Timeline(history, choice, viewer)
        let query = choice.path(only: choice.only).dropFirst(TimelineChoice.path.count)
        csvLink = "\(TimelineChoice.path).csv\(query)"
        jsonLink = "\(TimelineChoice.path).json\(query)"
    }
}

extension PortalSite {
    var timelineRoutes: [Route] {
        [
            page("/timeline", for: .both) { request, _, viewer in
                let choice = TimelineChoice(request)
                return TimelinePage(try await history(choice.span, viewer), choice, viewer)
            },
            timelineFile("/timeline.csv", "text/csv; charset=utf-8; header=present") { lines, _ in
                TimelineTable.csv(lines)
            },
            timelineFile("/timeline.json", "application/json") { lines, history in
                try TimelineTable.json(lines, of: history)
            },
        ]
    }

    /// What a timeline of `span` is drawn from.
    func history(_ span: TimelineSpan, _ viewer: Viewer) async throws -> AccessHistory {
        try await lockbox.accessHistory(
            after: span.start(viewer.now, viewer.days),
            by: viewer.person
        )
    }

    private func timelineFile(
        _ path: RouterPath,
        _ type: String,
        _ make: @escaping @Sendable ([TimelineTable.Line], AccessHistory) throws -> [UInt8]
    ) -> Route {
        Route(method: .get, path: path) { request, context in
            let viewer = try await viewer(of: request, context)
            let choice = TimelineChoice(request)
            let history = try await history(choice.span, viewer)
            let lines = TimelineTable.lines(history, only: choice.only, for: viewer.side)
            // Whoever opens it elsewhere sees that there is more.
            let part = history.since == nil ? "" : "-newest-\(history.periods.count)"
            let suffix = path.description.split(separator: ".").last ?? ""
            let name = "access-\(choice.span.rawValue)\(part).\(suffix)"
            return Response(
                status: .ok,
                headers: [
                    .contentType: type,
                    .contentDisposition: "attachment; filename=\"\(name)\"",
                ],
                body: .init(byteBuffer: ByteBuffer(bytes: try make(lines, history)))
            )
        }
    }
}

/// The accesses of a timeline as a file, each resource of each access by itself.
enum TimelineTable {
    /// Times are of RFC 3339 in UTC; those of uses are absent where it was not used.
    struct Line: Encodable {
        let request: String
        let tenant: String
        let tenantName: String
        let engineer: String
        let service: String
        let resource: String
        let actions: [String]
        let from: String
        let to: String
        let state: String
        let uses: Int
        let firstUse: String?
        let lastUse: String?
    }

    private struct File: Encodable {
        /// Whether nothing that belongs to these days is left out.
        let isComplete: Bool
        let at: String
        let accesses: [Line]
    }

    /// Of one lane where `only` names it, as readers of `side` see lanes.
    static func lines(_ history: AccessHistory, only: String?, for side: Side) -> [Line] {
        history.periods.flatMap { period in
            period.grant.scope.accesses.filter { access in
                only.map { $0 == period.laneKey(access.resource, for: side) } ?? true
            }.map { access in
                let uses = period.uses.filter { $0.resource == access.resource }
                return Line(
                    request: period.request.text,
                    tenant: period.tenant.text,
                    tenantName: history.tenants[period.tenant]?.name ?? "",
                    engineer: history.name(of: period.engineer),
                    service: access.resource.service.text,
                    resource: access.resource.name,
                    actions: access.actions.names,
                    from: period.grant.start.description,
                    to: period.end.description,
                    state: period.phase(at: history.at).rawValue,
                    uses: uses.reduce(0) { $0 + $1.count },
                    firstUse: uses.map(\.first).min()?.description,
                    lastUse: uses.map(\.last).max()?.description
                )
            }
        }
    }

    static func csv(_ lines: [Line]) -> [UInt8] {
        let header = [
            "request", "tenant", "tenantName", "engineer", "service", "resource", "actions", "from",
            "to", "state", "uses", "firstUse", "lastUse",
        ]
        // Opened by double click, it is UTF-8 only with the mark.
        return CSVLine.byteOrderMark + CSVLine.bytes(header)
            + lines.flatMap { line in
                CSVLine.bytes([
                    line.request, line.tenant, line.tenantName, line.engineer, line.service,
                    line.resource, line.actions.joined(separator: "+"), line.from, line.to,
                    line.state, String(line.uses), line.firstUse ?? "", line.lastUse ?? "",
                ])
            }
    }

    static func json(_ lines: [Line], of history: AccessHistory) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let file = File(
            isComplete: history.since == nil,
            at: history.at.description,
            accesses: lines
        )
        return Array(try encoder.encode(file)) + [UInt8(ascii: "\n")]
    }
}
