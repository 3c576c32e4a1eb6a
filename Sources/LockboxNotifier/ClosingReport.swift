import LockboxDomain
import LockboxPorts

// What is told of the end of access: at once to the engineer, and in the closing report to those who
// may decide, once it is known whether the services confirm that nothing is left open.

extension NoticeWriter {
    func tellOfEnd(_ request: AccessRequest, _ grant: Grant, _ ending: Ending) throws {
        var engineerFacts = try endFacts(request, grant, ending)
        let stopper = try ending.by.map(person)
        // Who of the customer stopped it is the customer's own affair; the engineer learns that the
        // customer did.
        if stopper?.side == .provider { engineerFacts[.endedBy] = stopper?.name }
        try sendToEngineer(.accessEnded, engineerFacts, request)
        guard try !removals(of: grant, request).contains(where: { $0.progress == .pending }) else {
            return
        }
        try sendToApprovers(.accessReport, report(request, grant, ending), request)
    }

    /// The closing report that waited for `removal`: until each service has confirmed, with all that
    /// it wrote down itself, or has failed to. A report that says less than is known by now, and has
    /// not left, is written anew.
    func reportAfterRemoval(_ removal: Removal) throws {
        let request = try request(removal.request)
        guard case .ended(let grant, let ending) = request.state, grant.id == removal.grant,
            try !removals(of: grant, request).contains(where: { $0.progress == .pending })
        else { return }
        let facts = try report(request, grant, ending)
        let written = try tx.notices(about: request.id).filter { $0.kind == .accessReport }
        if written.isEmpty { return try sendToApprovers(.accessReport, facts, request) }
        let outdated = written.filter {
            $0.delivery == .queued && $0.begunAt == nil
                && Facts($0.facts)[.unconfirmed] != facts[.unconfirmed]
        }
        for notice in outdated { try tx.remove(notice.id) }
        let recipients = Set(outdated.compactMap(\.recipient))
        try sendToApprovers(.accessReport, facts, request) { recipients.contains($0.id) }
    }

    private func removals(of grant: Grant, _ request: AccessRequest) throws -> [Removal] {
        try tx.removals(of: request.id).filter { $0.grant == grant.id }
    }

    /// What every letter about an end says.
    private func endFacts(_ request: AccessRequest, _ grant: Grant, _ ending: Ending) throws
        -> Facts
    {
        var facts = try window(request, grant)
        facts[.endReason] = ending.reason.rawValue
        facts.set(.endedAt, to: ending.at, withSeconds: true)
        facts[.began] = ending.at >= grant.start ? "yes" : "no"
        facts[.endedBySide] = try ending.by.map(person).map {
            $0.side == .provider ? "provider" : "tenant"
        }
        return facts
    }

    /// What the closing report says.
    private func report(_ request: AccessRequest, _ grant: Grant, _ ending: Ending) throws -> Facts
    {
        var facts = try endFacts(request, grant, ending)
        try addApproval(to: &facts, request, grant)
        let stopper = try ending.by.map(person)
        facts[.endedBy] = stopper?.name
        facts.set(.start, to: grant.start, withSeconds: true)
        facts.set(
            .plannedEnd,
            to: ending.at < grant.end ? grant.end : nil,
            withSeconds: true
        )
        let removals = try removals(of: grant, request)
        let unconfirmed = removals.filter { $0.progress != .confirmed }.map(\.service.text)
        facts[.unconfirmed] = unconfirmed.isEmpty ? nil : unconfirmed.joined(separator: ", ")
        facts[.leftOpen] = try grant.leftOpen(removals, in: tx).leftOpenWords
        let uses = try tx.uses(of: grant.id)
        facts[.useCount] = "\(uses.reduce(0) { $0 + $1.count })"
        facts.set(.firstUse, to: uses.map(\.first).min(), withSeconds: true)
        facts.set(.lastUse, to: uses.map(\.last).max(), withSeconds: true)
        let operations = try tx.operationTotals(of: grant.id)
        facts[.operations] = operations.words
        facts[.subjects] = operations.subjects(NotifierLimits.subjects).joined(separator: "\n")
        return facts
    }
}
