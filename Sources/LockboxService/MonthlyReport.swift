import Foundation
package import LockboxAudit
package import LockboxDomain
import LockboxPorts
package import LockboxWire

/// A calendar month in UTC, so that everybody who asks for it gets the same.
package struct ReportMonth: Hashable, Sendable, CustomStringConvertible {
    package let start: Timestamp
    /// The first instant that is not in it.
    package let end: Timestamp

    /// The month of `instant`.
    package init(of instant: Timestamp) {
        let day = instant.civil.date
        self.init(year: day.year, month: day.month)
    }

    /// `2026-11`; nil for any other spelling.
    package init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [4, 2],
            parts.joined().utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            ),
            let year = Int(parts[0]), let month = Int(parts[1]), (1...12).contains(month),
            (1...9998).contains(year)
        else { return nil }
        self.init(year: year, month: month)
    }

    private init(year: Int, month: Int) {
        start = Self.first(year, month)
        end = month == 12 ? Self.first(year + 1, 1) : Self.first(year, month + 1)
    }

    private static func first(_ year: Int, _ month: Int) -> Timestamp {
        CivilDate(year: year, month: month, day: 1).flatMap { Timestamp("\($0)T00:00:00Z") }
            ?? .latest
    }

    package var description: String { String(start.description.prefix("2026-11".count)) }

    /// The ones beside it.
    package var before: ReportMonth { ReportMonth(of: start - .seconds(1)) }
    package var after: ReportMonth { ReportMonth(of: end) }
}

extension Lockbox {
    /// A place for a report about `tenant`, for those who may read its log. Throws `StoreError.busy`
    /// while as many tables are made as may be.
    package func reportPlace(tenant: String, for caller: Person) async throws -> LongReadPlace {
        _ = try await readableLog(tenant: tenant, by: caller)
        return try await requestExportPlace(tenant: tenant, for: caller)
    }

    /// Gives what became of each request that was made in `month` to `take`, the oldest first, up to
    /// `Limits.exportedRequests` of them; says whether those are all. `place` is held meanwhile.
    package func report(
        of month: ReportMonth,
        tenant: String,
        by caller: Person,
        holding place: LongReadPlace,
        to take: (ReportEntry) async throws -> Void
    ) async throws -> Bool {
        var filter = RequestFilter()
        (filter.from, filter.before, filter.order) = (month.start, month.end, .oldest)
        let isCut = try await exportRequests(
            filter,
            tenant: tenant,
            by: caller,
            holding: place,
            reading: { view, tx in
                try ReportEntry(
                    view,
                    credentials: view.request.state.grant.map {
                        try tx.credentials(of: $0.id).count
                    }
                        ?? 0
                )
            },
            to: take
        )
        return !isCut
    }
}

extension ReportEntry {
    init(_ view: RequestView, credentials: Int) {
        let (request, terms) = (view.request, view.request.terms)
        func name(_ id: PersonID) -> String { view.shown(id)?.markedName ?? "somebody" }
        self.init(
            request: request.id.text,
            state: request.state.name.rawValue,
            asked: request.createdAt.description,
            engineer: name(terms.engineer),
            askedBy: terms.askedBy.map(name),
            supportRequest: terms.supportRequest.text,
            reason: terms.reason,
            wanted: terms.scope.words,
            duration: terms.duration.description,
            decisions: request.decisions.map { decision in
                Decision(
                    stage: decision.stage.rawValue,
                    decision: decision.isApproval ? "approve" : "deny",
                    by: name(decision.person),
                    at: decision.at.description,
                    signed: decision.isSigned
                )
            },
            access: request.state.grant.map { Access($0, view, credentials: credentials) }
        )
    }
}

extension ReportEntry.Access {
    fileprivate init(_ grant: Grant, _ view: RequestView, credentials: Int) {
        let used = Set(view.uses.map(\.resource))
        let ending = view.request.state.ending
        self.init(
            start: grant.start.description,
            end: grant.end.description,
            endedAt: ending?.at.description,
            endedBecause: ending?.reason.rawValue,
            given: grant.scope.words,
            credentials: credentials,
            uses: view.uses.reduce(0) { $0 + $1.count },
            firstUse: view.uses.map(\.first).min()?.description,
            lastUse: view.uses.map(\.last).max()?.description,
            reads: view.operations.reduce(0) { $0 + $1.reads },
            writes: view.operations.reduce(0) { $0 + $1.writes },
            neverUsed: grant.scope.accesses.filter { !used.contains($0.resource) }
                .map(\.resource.name),
            removal: view.removalWord
        )
    }
}

extension RequestView {
    fileprivate var removalWord: String {
        switch grantState {
        case .removalFailed: "failed"
        case .removing: "pending"
        case .ended: removals.isEmpty ? "nothingToClose" : "confirmed"
        case .scheduled, .active, nil: "open"
        }
    }
}

/// A report as it is written to a file, a part at a time.
package struct ReportFile {
    package static let csvType = "text/csv; charset=utf-8; header=present"
    /// Bytes that are given at once.
    private static let piece = 32 * 1024

    private let month: ReportMonth
    private let tenant: String
    private let isCSV: Bool
    private var part: [UInt8] = []
    private var isFirst = true

    /// `byteOrderMark` says that a table is UTF-8 where it is opened by double click.
    package init(_ month: ReportMonth, tenant: String, isCSV: Bool, byteOrderMark: Bool) {
        (self.month, self.tenant, self.isCSV) = (month, tenant, isCSV)
        part =
            isCSV
            ? (byteOrderMark ? CSVLine.byteOrderMark : []) + CSVLine.bytes(Self.columns)
            : Array(#"{"month":"\#(month)","requests":["#.utf8)
    }

    /// Takes the next request, and gives what is to be written now, if anything is.
    package mutating func add(_ entry: ReportEntry) throws -> [UInt8]? {
        if isCSV {
            part += Self.line(entry)
        } else {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            part += (isFirst ? "\n" : ",\n").utf8 + Array(try encoder.encode(entry))
        }
        isFirst = false
        guard part.count > Self.piece else { return nil }
        defer { part = [] }
        return part
    }

    /// The rest. `isWhole` says that no request of the month is left out.
    package consuming func end(isWhole: Bool) -> [UInt8] {
        if !isCSV {
            return part + Array("],\"tenant\":\"\(tenant)\",\"complete\":\(isWhole)}\n".utf8)
        }
        return isWhole
            ? part
            : part
                + CSVLine.bytes([
                    "Only the first \(Limits.exportedRequests) requests of the month are in this file."
                ])
    }

    private static func line(_ entry: ReportEntry) -> [UInt8] {
        let access = entry.access
        func decided(_ stage: String) -> String {
            entry.decisions.filter { $0.stage == stage }.map {
                "\($0.decision) by \($0.by) at \($0.at)\($0.signed ? ", signed" : "")"
            }.joined(separator: "; ")
        }
        let told = [
            entry.request, entry.state, entry.asked, entry.engineer, entry.askedBy ?? "",
            entry.supportRequest, entry.reason, entry.wanted.joined(separator: "; "),
            entry.duration, decided("manager"), decided("customer"),
        ]
        guard let access else {
            return CSVLine.bytes(told + [String](repeating: "", count: columns.count - told.count))
        }
        return CSVLine.bytes(
            told + [
                access.start, access.end, access.endedAt ?? "", access.endedBecause ?? "",
                access.given.joined(separator: "; "), String(access.credentials),
                String(access.uses), access.firstUse ?? "", access.lastUse ?? "",
                String(access.reads), String(access.writes),
                access.neverUsed.joined(separator: "; "), access.removal,
            ]
        )
    }

    private static let columns = [
        "request", "state", "asked", "engineer", "askedBy", "supportRequest", "reason", "wanted",
        "duration", "manager", "customer", "start", "end", "endedAt", "endedBecause", "given",
        "credentials", "uses", "firstUse", "lastUse", "reads", "writes", "neverUsed", "removal",
    ]
}
