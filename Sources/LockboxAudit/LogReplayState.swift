import LockboxDomain
import LockboxPorts
import LockboxWire

/// What the records of one log say the state is, gathered from the first to the last.
struct LogReplayState {
    typealias Told = LogRecordCheck.Told

    struct Request {
        var terms: Told?
        /// State and version are in every record of a request.
        var last: Told?
        var asked: Told?
        var decisions: [Told] = []
        var messages: [Told] = []
        var granted: Told?
        /// The record of how it came to its end, however it did.
        var over: Told?
        var credentials: [String: Told] = [:]
        /// Services that have confirmed that nothing is left.
        var removed: Set<String> = []
        /// By service, how many operations its batches have.
        var operations: [String: (reads: Int64, writes: Int64)] = [:]
    }

    var requests: [String: Request] = [:]
    /// Numbers that records tell of and that were found in the tables.
    private var supports: Set<String> = []
    /// What was written on each, by its number.
    var supportThreads: [String: [Told]] = [:]
    var people: [String: Told] = [:]
    var tokens: [String: Told] = [:]
    var passkeys: [String: Told] = [:]
    var services: [String: Told] = [:]
    /// Service and name, but for erased names.
    var resources: Set<[String]> = []
    var hasErasedResources = false
    var rules: Told?
    var signIn: Told?
    var signInChange: Told?
    var administered: Told?
    var provisioningTokens: [String: Told] = [:]
    var groupRoles: [String: Told] = [:]
    var hasErasedGroups = false
    var proposals: [String: Proposal] = [:]
    var policyChange: AskedPolicy?
    private var domains: [String] = []
    var name: String?

    mutating func read(_ record: LogRecordCheck) {
        guard let leaf = record.leaf else { return }
        if let number = record.foundSupportRequest { supports.insert(number) }
        let told = Told(leaf: leaf, texts: record.texts)
        if let id = leaf.request {
            Self.read(told, of: &requests[id, default: Request()])
        } else {
            readDirectory(told)
        }
    }

    /// Static: a copy of the state held for the call would be a copy of every request.
    private static func read(_ told: Told, of request: inout Request) {
        let data = told.data
        if data["state"] != nil { request.last = told }
        switch told.leaf.activity {
        case "request.submitted": request.terms = told
        case "request.customerAsked": request.asked = told
        case "request.approvedByManager", "request.approved": request.decisions.append(told)
        case "request.rejected", "request.denied":
            request.decisions.append(told)
            request.over = told
        case "request.message": request.messages.append(told)
        case "request.withdrawn", "request.expired", "access.ended": request.over = told
        case "access.granted": request.granted = told
        case "access.credentialIssued":
            if let id = data["credential"]?.text { request.credentials[id] = told }
        case "access.operations":
            guard let service = data["service"]?.text else { break }
            let before = request.operations[service] ?? (0, 0)
            request.operations[service] = (
                before.reads + (data["reads"]?.whole ?? 0),
                before.writes + (data["writes"]?.whole ?? 0)
            )
        case "access.removed":
            if let service = data["service"]?.text { request.removed.insert(service) }
        case _: break
        }
    }

    private mutating func readDirectory(_ told: Told) {
        let data = told.data
        switch told.leaf.activity {
        case "token.issued": if let id = data["token"]?.text { tokens[id] = told }
        case "token.revoked": if let id = data["token"]?.text { tokens[id] = nil }
        case "passkey.registered": if let id = data["passkey"]?.text { passkeys[id] = told }
        case "passkey.removed": if let id = data["passkey"]?.text { passkeys[id] = nil }
        case "service.added", "service.changed":
            if let id = data["service"]?.text { services[id] = told }
        case "resource.added":
            if let service = data["service"]?.text, let name = told.text("resource") {
                resources.insert([service, name])
            } else {
                hasErasedResources = true
            }
        case "provider.renamed", "tenant.renamed": name = data["name"]?.text
        case "signIn.settingsChanged":
            signIn = told
            // The one that waited became so. What the operator does leaves it waiting.
            if told.leaf.actor != "console" { signInChange = nil }
        case "signIn.changeAsked": signInChange = told
        case "signIn.changeStopped": signInChange = nil
        case "tenant.administered": administered = told
        case let activity where activity.hasPrefix("support."): readSupport(told)
        case let activity where activity.hasPrefix("provisioning."): readProvisioning(told)
        case "person.proposed", "person.proposalAccepted", "person.proposalDeclined",
            "person.proposalWithdrawn":
            readProposal(told)
        case "tenant.policyChangeAsked", "tenant.policyChangeAgreed",
            "tenant.policyChangeStopped", "tenant.policyChangeWithdrawn", "tenant.policyChanged":
            readPolicyChange(told)
        case _: break
        }
        if let person = data["person"]?.text, data["roles"] != nil { people[person] = told }
        if data["policy"] != nil { rules = told }
        if told.leaf.activity == "tenant.domainsChanged", let domains = data["domains"]?.texts {
            self.domains = domains
        }
        if told.leaf.activity == "tenant.added" { name = data["name"]?.text }
    }

    /// Where the tables say something else at `now`.
    func differences(_ log: LogID, at now: Timestamp, in tx: any StoreTransaction) throws
        -> [String]
    {
        try requestDifferences(log, in: tx) + supportDifferences(log, in: tx)
            + supportThreadDifferences(log, in: tx)
            + peopleDifferences(log, in: tx) + tokenDifferences(log, at: now, in: tx)
            + directoryDifferences(log, in: tx) + signInDifferences(log, in: tx)
            + provisioningDifferences(log, at: now, in: tx)
            + passkeyDifferences(log, in: tx) + proposalDifferences(log, in: tx)
            + policyChangeDifferences(log, in: tx)
    }
}

/// Gathers what differs, each with the name of the thing it is about.
struct Differences {
    private(set) var found: [String] = []
    private let subject: String

    init(_ subject: String) { self.subject = subject }

    mutating func say(_ what: String) { found.append("\(subject): \(what)") }

    mutating func check(_ isSame: Bool, _ what: String) {
        if !isSame { say("the \(what) in the tables is not the one in the log") }
    }

    mutating func check(_ name: String, log: String?, table: String?) {
        guard log != table else { return }
        say("\(name) is \(log ?? "none") in the log and \(table ?? "none") in the tables")
    }
}

// MARK: - Requests

extension LogReplayState {
    private func requestDifferences(_ log: LogID, in tx: any StoreTransaction) throws -> [String] {
        guard let tenant = log.tenant else { return [] }
        var found: [String] = []
        var seen: Set<String> = []
        var page = ListPage(limit: 200)
        while true {
            let some = try tx.requests(RequestFilter(tenant: tenant), page: page)
            for request in some.items {
                seen.insert(request.id.text)
                guard let told = requests[request.id.text], let terms = told.terms else {
                    found.append(
                        "request \(request.id) is in the tables, but no record speaks of it"
                    )
                    continue
                }
                var differences = Differences("request \(request.id)")
                Self.compareTerms(told, terms, request, &differences)
                Self.compareState(told, request, &differences)
                try Self.compareParts(told, request, in: tx, &differences)
                found += differences.found
            }
            guard let next = some.next else { break }
            page.cursor = next
        }
        for id in requests.keys.sorted() where !seen.contains(id) {
            found.append("request \(id) is in the log, but not in the tables")
        }
        return found
    }

    private static func compareTerms(
        _ told: Request,
        _ record: Told,
        _ request: AccessRequest,
        _ differences: inout Differences
    ) {
        let (terms, data) = (request.terms, record.data)
        differences.check("engineer", log: data["engineer"]?.text, table: terms.engineer.text)
        differences.check("program", log: data["askedBy"]?.text, table: terms.askedBy?.text)
        differences.check(
            "support request",
            log: data["supportRequest"]?.text,
            table: terms.supportRequest.text
        )
        differences.check("duration", log: data["duration"]?.text, table: "\(terms.duration)")
        differences.check(
            "earliest start",
            log: data["notBefore"]?.text,
            table: terms.notBefore?.description
        )
        differences.check(
            "submission",
            log: record.leaf.time,
            table: request.createdAt.description
        )
        differences.check(record.isTextOrMark("reason", terms.reason), "reason")
        if !isScope(terms.scope, record) {
            differences.say("the resources in the tables are not those in the log")
        }
    }

    private static func compareState(
        _ told: Request,
        _ request: AccessRequest,
        _ differences: inout Differences
    ) {
        let (state, over, last) = (request.state, told.over, told.last)
        differences.check("state", log: last?.data["state"]?.text, table: state.name.rawValue)
        differences.check(
            "version",
            log: (last?.data["version"]?.whole).map { "\($0)" },
            table: "\(request.version)"
        )
        switch state {
        case .awaitingManager(let decideBy):
            differences.check(
                "deadline",
                log: told.terms?.data["decideBy"]?.text,
                table: "\(decideBy)"
            )
        case .awaitingCustomer(let askedAt, let decideBy, let needed):
            differences.check("question", log: told.asked?.leaf.time, table: "\(askedAt)")
            differences.check(
                "deadline",
                log: told.asked?.data["decideBy"]?.text,
                table: "\(decideBy)"
            )
            differences.check(
                "number of approvals needed",
                log: (told.asked?.data["approvalsNeeded"]?.whole).map { "\($0)" },
                table: "\(needed)"
            )
        case .scheduled, .active: break
        case .ended(_, let ending):
            differences.check(
                "end's reason",
                log: over?.data["endedReason"]?.text,
                table: ending.reason.rawValue
            )
            differences.check("ending", log: over?.data["endedAt"]?.text, table: "\(ending.at)")
            // A service that gives a credential back does so for the engineer, whom its record does
            // not name.
            if over?.leaf.actor.hasPrefix("service:") == false {
                differences.check(
                    "who ended it",
                    log: (over?.leaf.actor).flatMap { PersonID($0)?.text },
                    table: ending.by?.text
                )
            }
            differences.check(over?.isTextOrMark("comment", ending.comment) ?? false, "comment")
        case .rejected(let at), .denied(let at):
            differences.check("ending", log: over?.leaf.time, table: "\(at)")
        case .withdrawn(let at, let comment):
            differences.check("ending", log: over?.leaf.time, table: "\(at)")
            differences.check(over?.isTextOrMark("comment", comment) ?? false, "comment")
        case .expired(let at, let stage):
            differences.check("ending", log: over?.data["deadline"]?.text, table: "\(at)")
            differences.check("stage", log: over?.data["stage"]?.text, table: stage.rawValue)
        }
    }

    private static func compareParts(
        _ told: Request,
        _ request: AccessRequest,
        in tx: any StoreTransaction,
        _ differences: inout Differences
    ) throws {
        differences.check(
            "number of decisions",
            log: "\(told.decisions.count)",
            table: "\(request.decisions.count)"
        )
        let isDecided = zip(told.decisions, request.decisions).allSatisfy(isSame)
        if !isDecided { differences.say("the decisions in the log are not those in the tables") }
        let messages = try tx.messages(on: request.id)
        let isTold =
            told.messages.count == messages.count
            && zip(told.messages, messages).allSatisfy { record, message in
                record.data["number"]?.whole == Int64(message.number)
                    && record.leaf.actor == message.person.text
                    && record.leaf.time == message.at.description
                    && record.isTextOrMark("message", message.text)
            }
        if !isTold { differences.say("the messages in the tables are not those in the log") }
        let grant = request.state.grant
        let data = told.granted?.data
        differences.check("grant", log: data?["grant"]?.text, table: grant?.id.text)
        differences.check("start", log: data?["start"]?.text, table: grant?.start.description)
        differences.check("end", log: data?["end"]?.text, table: grant?.end.description)
        differences.check("basis", log: data?["basis"]?.text, table: grant?.basis.rawValue)
        guard let grant, let granted = told.granted else { return }
        if !isScope(grant.scope, granted) {
            differences.say("the resources granted are not those in the log")
        }
        try compareCredentials(told, of: grant, request, in: tx, &differences)
        try compareOperations(told, of: grant, in: tx, &differences)
        let services = Set(grant.scope.accesses.map(\.resource.service))
        let removals = try tx.removals(of: request.id)
        for service in told.removed.subtracting(removals.map(\.service.text)).sorted() {
            differences.say("the order to end access at \(service) is not in the tables")
        }
        for removal in removals {
            if removal.tenant != request.terms.tenant || removal.grant != grant.id
                || !services.contains(removal.service)
            {
                differences.say("an order to end access is for another tenant, grant or service")
            }
            let isConfirmed = removal.progress == .confirmed
            guard isConfirmed != told.removed.contains(removal.service.text) else { continue }
            differences.say(
                "the log and the tables differ in whether \(removal.service) has confirmed the end"
            )
        }
    }

    private static func compareOperations(
        _ told: Request,
        of grant: Grant,
        in tx: any StoreTransaction,
        _ differences: inout Differences
    ) throws {
        let totals = try tx.operationTotals(of: grant.id)
        for service in Set(told.operations.keys).union(totals.map(\.service.text)).sorted() {
            let counted = totals.filter { $0.service.text == service }.reduce((0, 0)) {
                ($0.0 + $1.reads, $0.1 + $1.writes)
            }
            let (reads, writes) = told.operations[service] ?? (0, 0)
            differences.check(
                "number of operations at \(service)",
                log: "\(reads) reads, \(writes) changes",
                table: "\(counted.0) reads, \(counted.1) changes"
            )
        }
    }

    private static func isSame(_ record: Told, _ decision: Decision) -> Bool {
        var narrowing = Decision.Narrowing.none
        if case .approve(let given) = decision.verdict { narrowing = given }
        let isNarrowed =
            narrowing.scope.map { isScope($0, record) } ?? (record.data["narrowed"] == nil)
        return record.leaf.activity == decision.activity
            && record.leaf.actor == decision.person.text
            && record.leaf.time == decision.at.description
            && record.data["stage"]?.text == decision.stage.rawValue
            && record.data["shortenedTo"]?.text == narrowing.duration?.description
            && (record.data["signature"] != nil) == decision.isSigned
            && isNarrowed && record.isTextOrMark("comment", decision.comment)
    }

    private static func compareCredentials(
        _ told: Request,
        of grant: Grant,
        _ request: AccessRequest,
        in tx: any StoreTransaction,
        _ differences: inout Differences
    ) throws {
        let stored = try tx.credentials(of: grant.id)
        if Set(stored.map(\.id.text)) != Set(told.credentials.keys) {
            differences.say("the credentials in the tables are not those in the log")
        }
        for credential in stored {
            guard let record = told.credentials[credential.id.text] else { continue }
            let data = record.data
            let isSame =
                data["grant"]?.text == credential.grant.text
                && credential.request == request.id
                && credential.tenant == request.terms.tenant
                && data["engineer"]?.text == credential.engineer.text
                && data["service"]?.text == credential.resource.service.text
                && data["actions"]?.texts == credential.actions.names
                && data["username"]?.text == credential.username
                && data["expiresAt"]?.text == credential.expiresAt.description
                && record.leaf.time == credential.issuedAt.description
                && record.isTextOrMark("resource", credential.resource.name)
            differences.check(isSame, "credential \(credential.id)")
        }
    }

    /// Whether `record` tells this scope.
    private static func isScope(_ scope: Scope, _ record: Told) -> Bool {
        guard let items = record.data["resources"]?.items, items.count == scope.accesses.count
        else { return false }
        return zip(items, scope.accesses).enumerated().allSatisfy { place, pair in
            let (item, access) = pair
            return item.members?["service"]?.text == access.resource.service.text
                && item.members?["actions"]?.texts == access.actions.names
                && record.isTextOrMark("resource\(place)", access.resource.name)
        }
    }
}

// MARK: - The rest

extension LogReplayState {
    /// What a record tells of was compared with it already.
    private func supportDifferences(_ log: LogID, in tx: any StoreTransaction) throws -> [String] {
        guard let tenant = log.tenant, try tx.supportRequestCount(of: tenant) != supports.count
        else { return [] }
        var found: [String] = []
        var page = ListPage(limit: 200)
        while true {
            let some = try tx.supportRequests(of: tenant, openedBy: nil, page: page)
            for support in some.items where !supports.contains(support.number.text) {
                found.append(
                    "support request \(support.number) is in the tables, but no record speaks of it"
                )
            }
            guard let next = some.next else { break }
            page.cursor = next
        }
        return found
    }

    private func peopleDifferences(_ log: LogID, in tx: any StoreTransaction) throws -> [String] {
        var found: [String] = []
        var seen: Set<String> = []
        for person in try tx.people(at: log) {
            seen.insert(person.id.text)
            guard let told = people[person.id.text] else {
                found.append("person \(person.id) is in the tables, but no record speaks of it")
                continue
            }
            let data = told.data
            if data["roles"]?.texts != person.roles.names
                || data["disabled"]?.flag != person.isDisabled
            {
                found.append(
                    "person \(person.id): the roles in the log are not those in the tables"
                )
            }
            if data["mutedLetters"]?.texts ?? [] != person.mutedLetters.names {
                found.append(
                    "person \(person.id): the muted letters in the log are not those in the tables"
                )
            }
            var differences = Differences("person \(person.id)")
            differences.check(
                "time zone",
                log: data["timeZone"]?.text,
                table: person.timeZone?.text
            )
            differences.check(
                "first yes",
                log: data["decidesFrom"]?.text,
                table: person.decisionDelay?.endsAt.description
            )
            differences.check(
                data["confirmedBy"]?.texts ?? []
                    == person.decisionDelay?.confirmedBy.map(\.text) ?? [],
                "list of who confirmed"
            )
            differences.check(data["program"]?.flag ?? false == person.isProgram, "kind")
            differences.check(told.isText("personName", person.name), "name")
            differences.check(told.isText("personAddress", person.email.text), "address")
            found += differences.found
        }
        for id in people.keys.sorted() where !seen.contains(id) {
            found.append("person \(id) is in the log, but not in the tables")
        }
        return found
    }

    private func tokenDifferences(_ log: LogID, at now: Timestamp, in tx: any StoreTransaction)
        throws -> [String]
    {
        var found: [String] = []
        var open: Set<String> = []
        for person in try tx.people(at: log) {
            for token in try tx.tokens(of: person.id) {
                open.insert(token.id.text)
                found += compare(token)
            }
        }
        for (id, told) in tokens.sorted(by: { $0.key < $1.key }) where !open.contains(id) {
            // One that is over for long enough is not kept.
            let end = told.data["expiresAt"]?.text.flatMap { Timestamp($0) }
            if let end, end + Limits.tokensKept <= now { continue }
            // Who loses it is safe: a token that is not open opens nothing.
            found.append("token \(id) is open in the log, but not in the tables")
        }
        return found
    }

    private func compare(_ token: APIToken) -> [String] {
        guard let told = tokens[token.id.text] else {
            return ["token \(token.id) is open in the tables, but not in the log"]
        }
        var differences = Differences("token \(token.id)")
        differences.check("person", log: told.data["person"]?.text, table: token.person.text)
        differences.check(
            "end",
            log: told.data["expiresAt"]?.text,
            table: token.expiresAt?.description
        )
        differences.check("issue", log: told.leaf.time, table: token.createdAt.description)
        // Records from before tokens had scopes name none, and mean all.
        let scopes = told.data["scopes"]?.texts ?? TokenScopes.every.names
        differences.check(scopes == token.scopes.names, "scopes")
        let addresses = told.data["addresses"]?.texts ?? []
        differences.check(addresses == token.addresses.map(\.description), "addresses")
        differences.check((told.data["login"]?.flag ?? false) == (token.login != nil), "login")
        differences.check(told.isText("label", token.label), "label")
        return differences.found
    }

    private func directoryDifferences(_ log: LogID, in tx: any StoreTransaction) throws -> [String]
    {
        guard let id = log.tenant else { return try providerDifferences(in: tx) }
        guard let tenant = try tx.tenant(id) else {
            return ["the tenant is in the log, but not in the tables"]
        }
        var found: [String] = []
        let same =
            rules?.data["licensed"]?.flag == tenant.isLicensed
            && rules?.data["version"]?.whole == Int64(tenant.version)
            && Self.isSame(rules?.data["policy"]?.members, tenant.policy)
        if !same { found.append("the policy in the log is not the one in the tables") }
        if domains != tenant.domains.map(\.text) {
            found.append("the tenant's domains in the log are not those in the tables")
        }
        if name != tenant.name {
            found.append("the tenant's name in the log is not the one in the tables")
        }
        let stored = Set(try tx.resources(of: id).map { [$0.service.text, $0.name] })
        if !resources.isSubset(of: stored) || !hasErasedResources && resources != stored {
            found.append("the tenant's resources in the log are not those in the tables")
        }
        return found
    }

    private func providerDifferences(in tx: any StoreTransaction) throws -> [String] {
        var found: [String] = []
        if let name, try tx.providerName() != name {
            found.append("the provider's name in the log is not the one in the tables")
        }
        var seen: Set<String> = []
        for service in try tx.services().map(\.service) {
            seen.insert(service.id.text)
            let data = services[service.id.text]?.data
            var differences = Differences("service \(service.id)")
            differences.check("kind", log: data?["kind"]?.text, table: service.kind.rawValue)
            differences.check(
                "type of resources",
                log: data?["resourceType"]?.text,
                table: service.resourceType
            )
            found += differences.found
        }
        for id in services.keys.sorted() where !seen.contains(id) {
            found.append("service \(id) is in the log, but not in the tables")
        }
        return found
    }
}
