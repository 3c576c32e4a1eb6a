import HTTPTypes
import Hummingbird
import LockboxAudit
import LockboxDomain
import LockboxHTTP
import LockboxIdentity
import LockboxService
import LockboxWire
import NIOCore

/// What became of the requests of a month, for those who review access: to be read, printed or taken
/// as a file.
struct ReportPage: Page {
    static let template = PageTemplate(PackageResources.report_mustache)

    struct Row: Sendable {
        let number: String
        let asked: ShownTime?
        let asker: String
        let reason: String
        let wanted: [String]
        let stateWords: String
        let decisions: [String]
        /// Nil where there was no access.
        let from: ShownTime?
        let to: ShownTime?
        let useWords: String?
        let firstUse: ShownTime?
        let lastUse: ShownTime?
        let unused: String?
        let endWords: String?
    }

    let title: String
    let section: String? = "/audit"
    let month: String
    let monthWords: String
    let whose: String
    let previous: String
    let previousLink: String
    /// Nil for the present month.
    let following: String?
    let followingLink: String
    let csvLink: String
    let jsonLink: String
    let sums: String
    let rows: [Row]
    /// That there are more than are shown; nil where all are.
    let moreWords: String?
    let printed: Printed

    init(_ month: ReportMonth, _ read: ReportReading, _ viewer: Viewer) {
        let path = ReportAddress.path
        self.month = month.description
        monthWords = month.words
        title = "Access report of \(month.words)"
        whose = viewer.tenant?.name ?? ""
        (previous, previousLink) = (month.before.words, "\(path)?month=\(month.before)")
        following = month.end <= viewer.now ? month.after.words : nil
        followingLink = "\(path)?month=\(month.after)"
        csvLink = "\(path).csv?month=\(month)"
        jsonLink = "\(path).json?month=\(month)"
        sums = read.sums
        rows = read.entries.map(Row.init)
        moreWords =
            read.count > read.entries.count
            ? "These are the first \(read.entries.count). All that a report has are in the files."
            : nil
        printed = Printed(viewer)
    }
}

extension ReportPage.Row {
    fileprivate init(_ entry: ReportEntry) {
        func time(_ text: String?) -> ShownTime? {
            text.flatMap { Timestamp($0) }.map { ShownTime($0) }
        }
        let access = entry.access
        number = entry.request
        asked = time(entry.asked)
        asker = entry.engineer + (entry.askedBy.map { ", asked for by \($0)" } ?? "")
        reason = entry.reason
        wanted = access?.given ?? entry.wanted
        stateWords = (AccessRequest.StateName(rawValue: entry.state)?.words ?? "").capitalisedFirst
        decisions = entry.decisions.map { decision in
            let verb = decision.decision == "approve" ? "approved" : "denied"
            let at = Timestamp(decision.at)?.shown() ?? decision.at
            return "\(decision.by) \(verb)\(decision.signed ? ", signed" : "") \(at)"
        }
        (from, to) = (time(access?.start), time(access?.endedAt ?? access?.end))
        useWords = access.map { access in
            access.uses == 0
                ? access.credentials == 0 ? "Never used: no credential was issued" : "Never used"
                : "Used \(counted(Int64(access.uses), "time"))"
        }
        (firstUse, lastUse) = (time(access?.firstUse), time(access?.lastUse))
        unused = access.flatMap { access in
            access.uses == 0 || access.neverUsed.isEmpty
                ? nil : "Not used: \(access.neverUsed.joined(separator: ", "))"
        }
        endWords = access.flatMap { access in
            let reason = access.endedBecause.flatMap(Ending.Reason.init)?.words.capitalisedFirst
            let closed: String? =
                switch access.removal {
                case "confirmed": "services confirmed that it is closed"
                case "pending": "not confirmed by every service yet"
                case "failed": "a service has NOT confirmed that it is closed"
                case "nothingToClose": "nothing was open that a service had to close"
                case _: nil
                }
            let parts = [reason, closed].compactMap(\.self)
            return parts.isEmpty ? nil : parts.joined(separator: "; ")
        }
    }
}

/// The requests of a month as far as a page shows them, and how many there are of each kind.
struct ReportReading: Sendable {
    private(set) var entries: [ReportEntry] = []
    private(set) var count = 0
    private var (given, unused, unconfirmed) = (0, 0, 0)

    mutating func add(_ entry: ReportEntry) {
        count += 1
        if let access = entry.access {
            given += 1
            if access.uses == 0 { unused += 1 }
            if ["pending", "failed"].contains(access.removal) { unconfirmed += 1 }
        }
        if entries.count < PortalLimits.reportRows { entries.append(entry) }
    }

    var sums: String {
        let parts =
            [
                counted(Int64(count), "request"), "\(given) led to access",
                "\(unused) of that never used",
            ] + (unconfirmed > 0 ? ["\(unconfirmed) not confirmed closed"] : [])
        return parts.joined(separator: " · ")
    }
}

enum ReportAddress {
    static let path = "/audit/report"
}

extension PortalSite {
    var reportRoutes: [Route] {
        [
            page("/audit/report", for: .customer) { request, context, viewer in
                let (month, tenant) = try Self.report(request, viewer)
                let place = try await lockbox.reportPlace(tenant: tenant, for: viewer.person)
                let read = try await context.untilClientLeaves {
                    var read = ReportReading()
                    _ = try await lockbox.report(
                        of: month,
                        tenant: tenant,
                        by: viewer.person,
                        holding: place
                    ) { read.add($0) }
                    return read
                }
                return ReportPage(month, read, viewer)
            },
            reportFile(isCSV: true),
            reportFile(isCSV: false),
        ]
    }

    /// The month that the address names, or the present one; and whose report it is.
    private static func report(_ request: Request, _ viewer: Viewer) throws -> (
        ReportMonth, tenant: String
    ) {
        guard let tenant = viewer.tenant?.id.text else { throw Refusal.notFound(.page) }
        guard let text = request.query("month") else {
            return (ReportMonth(of: viewer.now), tenant)
        }
        guard let month = ReportMonth(text) else { throw Refusal.notFound(.page) }
        return (month, tenant)
    }

    private func reportFile(isCSV: Bool) -> Route {
        let suffix = isCSV ? "csv" : "json"
        return Route(method: .get, path: RouterPath("\(ReportAddress.path).\(suffix)")) {
            request,
            context in
            let viewer = try await viewer(of: request, context)
            let (month, tenant) = try Self.report(request, viewer)
            // Before the answer begins, which could not say any more that there is none.
            let place = try await lockbox.reportPlace(tenant: tenant, for: viewer.person)
            return Response(
                status: .ok,
                headers: Self.download(
                    isCSV ? ReportFile.csvType : "application/json",
                    "access-\(month).\(suffix)"
                ),
                body: .init { writer in
                    var file = ReportFile(month, tenant: tenant, isCSV: isCSV, byteOrderMark: true)
                    let isWhole = try await lockbox.report(
                        of: month,
                        tenant: tenant,
                        by: viewer.person,
                        holding: place
                    ) { entry in
                        guard let part = try file.add(entry) else { return }
                        try context.checkPresence()
                        // A session that was taken away meanwhile ends it in the middle.
                        guard try await sessions.look(viewer.secret) != nil else {
                            throw Refusal.notSignedIn
                        }
                        try await writer.write(ByteBuffer(bytes: part))
                    }
                    try await writer.write(ByteBuffer(bytes: file.end(isWhole: isWhole)))
                    try await writer.finish(nil)
                }
            )
        }
    }
}

extension ReportMonth {
    /// `Nov 2026`.
    fileprivate var words: String {
        start.civil.date.words.split(separator: " ").suffix(2).joined(separator: " ")
    }
}
