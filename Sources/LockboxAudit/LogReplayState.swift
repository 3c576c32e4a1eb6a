import LockboxDomain
import LockboxPorts

/// What the records say the state is, gathered from the first to the last.
struct LogReplayState {
    private struct Request {
        var state: String?
        var version: Int?
        /// The record that the request began with, and the texts beside it.
        var terms: LogRecordCheck.Leaf.Data?
        var texts: [String: String] = [:]
        /// Activity and person of each decision.
        var decisions: [[String]] = []
        /// Number and person of each message, and its text where that is not erased.
        var messages: [(place: [String], text: String?)] = []
        var grant: String?
        var start: String?
        var end: String?
        var endedReason: String?
    }

    private static let decisions = [
        "request.approvedByManager", "request.rejected", "request.approved", "request.denied",
    ]

    private var requests: [String: Request] = [:]
    private var people: [String: (roles: [String], disabled: Bool, muted: [String])] = [:]
    private var tenant: (licensed: Bool, policy: LogRecordCheck.Leaf.PolicyData)?

    mutating func read(_ record: LogRecordCheck) {
        guard let leaf = record.leaf else { return }
        let data = leaf.data
        if let id = leaf.request, data.state != nil {
            var request = requests[id] ?? Request()
            request.state = data.state
            request.version = data.version
            request.grant = data.grant ?? request.grant
            request.start = data.start ?? request.start
            request.end = data.end ?? request.end
            request.endedReason = data.endedReason ?? request.endedReason
            if leaf.activity == "request.submitted" {
                (request.terms, request.texts) = (data, record.texts)
            }
            if Self.decisions.contains(leaf.activity) {
                request.decisions.append([leaf.activity, leaf.actor])
            }
            if leaf.activity == "request.message", let number = data.number {
                request.messages.append((["\(number)", leaf.actor], record.texts["message"]))
            }
            requests[id] = request
        }
        if let person = data.person, let roles = data.roles {
            people[person] = (roles, data.disabled ?? false, data.mutedLetters ?? [])
        }
        if let licensed = data.licensed, let policy = data.policy { tenant = (licensed, policy) }
    }

    /// Where the tables say something else.
    func differences(_ log: LogID, in tx: any StoreTransaction) throws -> [String] {
        try requestDifferences(log, in: tx) + directoryDifferences(log, in: tx)
    }

    private func requestDifferences(_ log: LogID, in tx: any StoreTransaction) throws -> [String] {
        guard let tenant = log.tenant else { return [] }
        var found: [String] = []
        var seen: Set<String> = []
        var page = ListPage(limit: 200)
        while true {
            let some = try tx.requests(RequestFilter(tenant: tenant), page: page)
            for request in some.items {
                seen.insert(request.id.text)
                guard let told = requests[request.id.text] else {
                    found.append(
                        "request \(request.id) is in the tables, but no record speaks of it"
                    )
                    continue
                }
                found += Self.differences(told, request, try tx.messages(on: request.id))
            }
            guard let next = some.next else { break }
            page.cursor = next
        }
        for id in requests.keys.sorted() where !seen.contains(id) {
            found.append("request \(id) is in the log, but not in the tables")
        }
        return found
    }

    private static func differences(
        _ told: Request,
        _ request: AccessRequest,
        _ messages: [Message]
    ) -> [String] {
        let (terms, grant) = (request.terms, request.state.grant)
        let facts = [
            ("state", told.state, request.state.name.rawValue),
            ("version", told.version.map(String.init), String(request.version)),
            ("engineer", told.terms?.engineer, terms.engineer.text),
            ("duration", told.terms?.duration, terms.duration.description),
            ("number of decisions", String(told.decisions.count), String(request.decisions.count)),
            ("grant", told.grant, grant?.id.text), ("start", told.start, grant?.start.description),
            ("end", told.end, grant?.end.description),
            ("end's reason", told.endedReason, request.state.ending?.reason.rawValue),
        ]
        var found = facts.compactMap { name, log, table -> String? in
            log == table
                ? nil
                : "\(name) is \(log ?? "none") in the log and \(table ?? "none") in the tables"
        }
        if told.decisions != request.decisions.map({ [$0.activity, $0.person.text] }) {
            found.append("the deciders in the log are not those in the tables")
        }
        let sameMessages =
            told.messages.map(\.place) == messages.map { ["\($0.number)", $0.person.text] }
        if !sameMessages
            || zip(told.messages, messages).contains(where: { ($0.text ?? $1.text) != $1.text })
        {
            found.append("the messages in the tables are not those in the log")
        }
        // An erased text can be compared with nothing.
        if let reason = told.texts["reason"], reason != terms.reason {
            found.append("the reason in the tables is not the one in the log")
        }
        let accesses = terms.scope.accesses
        let sameNames = accesses.enumerated().allSatisfy { position, access in
            told.texts["resource\(position)"].map { $0 == access.resource.name } ?? true
        }
        let resources = accesses.map { access in
            LogRecordCheck.Leaf.ResourceList.Item(
                service: access.resource.service.text,
                actions: access.actions.names
            )
        }
        if told.terms?.resources?.items != resources || !sameNames {
            found.append("the resources in the tables are not those in the log")
        }
        return found.map { "request \(request.id): \($0)" }
    }

    private func directoryDifferences(_ log: LogID, in tx: any StoreTransaction) throws -> [String]
    {
        var found: [String] = []
        for person in try tx.people(at: log) {
            guard let told = people[person.id.text] else {
                found.append("person \(person.id) is in the tables, but no record speaks of it")
                continue
            }
            if told.roles != person.roles.names || told.disabled != person.isDisabled {
                found.append(
                    "person \(person.id): the roles in the log are not those in the tables"
                )
            }
            if told.muted != person.mutedLetters.names {
                found.append(
                    "person \(person.id): the muted letters in the log are not those in the tables"
                )
            }
        }
        guard let id = log.tenant, let tenant = try tx.tenant(id) else { return found }
        let policy = tenant.policy
        let same = self.tenant.map { told in
            told.licensed == tenant.isLicensed
                && told.policy.requireApproval == policy.requireApproval
                && told.policy.decisionWindow == policy.decisionWindow.description
                && told.policy.maxAccess == policy.maxAccess.description
                && told.policy.approvalsNeeded == policy.approvalsNeeded
        }
        if same != true { found.append("the policy in the log is not the one in the tables") }
        return found
    }
}
