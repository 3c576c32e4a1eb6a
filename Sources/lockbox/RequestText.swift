import LockboxWire

/// An access request as people read it.
enum RequestText {
    static func sheet(_ request: AccessRequestBody, thread: [MessageBody] = [], now: Int64)
        -> [String]
    {
        var sheet = Sheet()
        sheet.add("Request", request.id)
        sheet.add("State", request.state.words)
        sheet.add("Decide by", request.decideBy.map { TimeText.both($0, now: now) })
        let approvals = request.decisions.count { $0.side == "customer" && $0.decision == .approve }
        sheet.add("Approvals", request.approvalsNeeded.map { "\(approvals) of \($0)" })
        sheet.add("Tenant", request.tenant)
        sheet.add("Support request", request.supportRequest)
        sheet.add("Engineer", request.engineer.addressed)
        sheet.add("Asked by", request.onBehalf?.addressed)
        sheet.add("Asked", TimeText.both(request.createdAt, now: now))
        sheet.add("For", TimeText.duration(request.duration))
        sheet.add("Not before", request.notBefore.map { TimeText.both($0, now: now) })
        sheet.add("Resources", each: request.resources.map(\.words))
        sheet.add("Reason", request.reason)
        sheet.add("Decisions", each: request.decisions.map(decision))
        sheet.add("Messages", each: thread.map(message))
        if let grant = request.grant { add(grant, to: &sheet, now: now) }
        sheet.add("Version", "\(request.version)")
        return sheet.lines
    }

    private static func decision(_ decision: DecisionBody) -> String {
        let verb =
            decision.decision == .approve
            ? "approved" : decision.decision == .deny ? "denied" : "decided"
        var text =
            "\(verb) by \(decision.by.markedName) (\(decision.side)), \(TimeText.absolute(decision.at))"
        if let duration = decision.duration { text += ", for \(TimeText.duration(duration)) only" }
        if let resources = decision.resources {
            text += ", only " + resources.map(\.words).joined(separator: ", ")
        }
        if let comment = decision.comment { text += ": “\(comment)”" }
        return text
    }

    static func message(_ message: MessageBody) -> String {
        "\(message.number). \(message.by.markedName) (\(message.side)), "
            + "\(TimeText.absolute(message.at)): “\(message.text)”"
    }

    private static func add(_ grant: GrantBody, to sheet: inout Sheet, now: Int64) {
        sheet.add(
            "Access",
            "from \(TimeText.absolute(grant.start)) to \(TimeText.both(grant.end, now: now))"
        )
        if grant.basis == "policy" { sheet.add("Basis", "the tenant requires no approval") }
        sheet.add("Opens", each: grant.resources.map(\.words))
        if let ending = grant.endingWords {
            sheet.add(
                "Ended",
                [grant.endedAt.map { TimeText.absolute($0) }, ending].compactMap { $0 }.joined(
                    separator: ": "
                )
            )
        }
        if let end = grant.unrecordedEnd {
            sheet.add("Ended", "\(TimeText.absolute(end)), not recorded yet")
        }
        if grant.state == .removalFailed {
            sheet.add("Warning", "a service has not confirmed that access is gone")
        }
        sheet.add("Warning", grant.leftOpenWords)
        sheet.add(
            "Removed",
            each: grant.removals.map { removal in
                "\(removal.service): \(removal.state)"
                    + (removal.problem.map { " (\($0), \(removal.attempts) attempts)" } ?? "")
            }
        )
        sheet.add(
            "Used",
            each: grant.uses.map { use in
                "\(use.id) (\(use.service)): \(use.count)×, last \(TimeText.absolute(use.last))"
            }
        )
    }

    static func table(_ requests: [AccessRequestBody], now: Int64) -> Table {
        var table = Table("Id", "State", "Time", "Tenant", "Engineer", "Support", "Resources")
        for request in requests {
            table.add(
                request.id,
                request.state.rawValue,
                deadline(request, now: now),
                request.tenant,
                request.engineer.markedName
                    + (request.onBehalf.map { ", asked for by \($0.markedName)" } ?? ""),
                request.supportRequest,
                request.resources.map(\.id).joined(separator: ", ")
            )
        }
        return table
    }

    /// The one instant that matters now.
    private static func deadline(_ request: AccessRequestBody, now: Int64) -> String {
        if let decideBy = request.decideBy {
            return "decide \(TimeText.relative(decideBy, now: now))"
        }
        guard let grant = request.grant else {
            return "asked \(TimeText.relative(request.createdAt, now: now))"
        }
        switch request.state {
        case .scheduled: return "begins \(TimeText.relative(grant.start, now: now))"
        case .active: return "ends \(TimeText.relative(grant.end, now: now))"
        case _: return "ended \(TimeText.relative(grant.endedAt ?? grant.end, now: now))"
        }
    }
}
