import ArgumentParser
import LockboxAudit
import LockboxDomain
import LockboxPorts
import LockboxServer
import LockboxStoreSQLite

/// Fills a tenant's log for benchmarks: through the same door as every write of the server, without
/// the daily quotas.
@main
struct Fill: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lockbox-fill",
        abstract:
            "Adds support requests, settled access requests and open access to a database that `apply` has made."
    )

    @Option var database: String
    @Option var tenant = "contoso"
    @Option(help: "Support requests, a record each.")
    var supportRequests = 1
    @Option(help: "Access requests, withdrawn at once: two records each.")
    var accessRequests = 0
    @Option(help: "Access requests that are approved and used: seven records each.")
    var liveGrants = 0

    /// Records of one commit, as when 256 callers come at once.
    private static let group = 256

    func run() async throws {
        guard let id = TenantID(tenant) else { throw ValidationError("--tenant: not a name") }
        let store = try await SQLiteStore.open(path: database)
        let scene = try await store.read { tx in try Scene(id, tx) }
        let audited = AuditedStore(
            store: store,
            clock: SystemClock(believed: .minutes(5)),
            entropy: SystemEntropy()
        )
        let ticket = SupportRequestNumber(entropy: SystemEntropy().bytes(10))
        try await add(supportRequests, by: scene.members, to: audited) { index, person, change in
            let support = try scene.support(
                index == 0 ? ticket : SupportRequestNumber(entropy: change.entropy.bytes(10)),
                index,
                by: person,
                at: change.now
            )
            try change.tx.insert(support)
            change.emit(.request(.supportRequestOpened(support)))
        }
        try await add(accessRequests, by: [scene.engineer], to: audited) { index, person, change in
            var (request, events) = try scene.request(
                change.entropy.id(),
                ticket,
                index,
                at: change.now
            )
            try change.save(request, events)
            events = try request.withdraw(comment: nil, by: person, now: change.now)
            try change.save(request, events)
        }
        try await open(by: scene, ticket, in: audited)
        try await store.close()
    }

    /// A manager and an approver say yes, and the engineer gets a credential.
    private func open(by scene: Scene, _ ticket: SupportRequestNumber, in store: AuditedStore)
        async throws
    {
        for start in stride(from: 0, to: liveGrants, by: Self.group) {
            let count = min(Self.group, liveGrants - start)
            var made = try await store.write(by: .person(scene.engineer)) { change in
                try (start..<start + count).map { index in
                    let (request, events) = try scene.request(
                        change.entropy.id(),
                        ticket,
                        index,
                        at: change.now
                    )
                    try change.save(request, events)
                    return request
                }
            }
            for person in [scene.manager, scene.approver] {
                made = try await store.write(by: .person(person)) { [made] change in
                    try made.map { try scene.approve($0, by: person, in: &change) }
                }
            }
            try await store.write(by: .person(scene.engineer)) { [made] change in
                for request in made { try scene.issue(request, in: &change) }
            }
        }
    }

    private func add(
        _ count: Int,
        by people: [Person],
        to store: AuditedStore,
        _ step: @escaping @Sendable (Int, Person, inout Change) throws -> Void
    ) async throws {
        for (turn, start) in stride(from: 0, to: count, by: Self.group).enumerated() {
            let person = people[turn % people.count]
            try await store.write(by: .person(person)) { change in
                for index in start..<min(start + Self.group, count) {
                    try step(index, person, &change)
                }
            }
        }
    }
}

/// Who and what there is to write about.
private struct Scene {
    let tenant: Tenant
    let people: [Person]
    let members: [Person]
    let engineer, manager, approver: Person
    let scope: Scope

    init(_ id: TenantID, _ tx: any StoreTransaction) throws {
        let provider = try tx.people(at: .provider)
        let engineers = provider.filter { $0.holds(oneOf: .engineer, at: .provider) }
        let managers = provider.filter { $0.holds(oneOf: .manager, at: .provider) }
        people = try tx.people(at: .tenant(id))
        members = people.filter { $0.holds(oneOf: .ofTenant, at: .tenant(id)) }
        let approvers = people.filter { $0.holds(oneOf: .approver, at: .tenant(id)) }
        guard let tenant = try tx.tenant(id), let engineer = engineers.first, !members.isEmpty,
            let manager = managers.first(where: { $0.id != engineer.id }),
            let approver = approvers.first, let resource = try tx.resources(of: id).first
        else {
            throw ValidationError(
                "apply a directory with an engineer, a manager, a member, an approver and a mailbox first"
            )
        }
        self.tenant = tenant
        (self.engineer, self.manager, self.approver) = (engineer, manager, approver)
        scope = try Scope([Access(resource, .read)])
    }

    func support(
        _ number: SupportRequestNumber,
        _ index: Int,
        by person: Person,
        at now: Timestamp
    ) throws -> SupportRequest {
        try SupportRequest(
            tenant: tenant.id,
            number: number,
            subject: words(6, from: index),
            description: words(30, from: index &* 7),
            service: nil,
            url: nil,
            openedBy: person,
            openedAt: now
        )
    }

    func request(
        _ id: AccessRequestID,
        _ ticket: SupportRequestNumber,
        _ index: Int,
        at now: Timestamp
    ) throws -> (AccessRequest, [Event]) {
        try AccessRequest.submit(
            id: id,
            terms: AccessRequest.Terms(
                tenant: tenant.id,
                supportRequest: ticket,
                engineer: engineer.id,
                reason: words(12, from: index),
                duration: .hours(4),
                scope: scope,
                notBefore: nil
            ),
            engineer: engineer,
            tenant: tenant,
            approvers: people,
            now: now
        )
    }

    func approve(_ request: AccessRequest, by person: Person, in change: inout Change) throws
        -> AccessRequest
    {
        var request = request
        let events = try request.decide(
            .approve(.none),
            comment: nil,
            by: person,
            version: request.version,
            in: DecisionContext(
                tenant: tenant,
                engineer: engineer,
                approvers: people.filter { $0.holds(oneOf: .approver, at: .tenant(tenant.id)) },
                deciders: request.decisions.isEmpty ? [] : [manager],
                newGrant: change.entropy.id()
            ),
            now: change.now
        )
        try change.save(request, events)
        return request
    }

    func issue(_ request: AccessRequest, in change: inout Change) throws {
        guard let grant = request.state.grant else {
            throw ValidationError("the policy of \(tenant.id) asks for more than one approval")
        }
        let credential = Credential(
            id: change.entropy.id(),
            request: request.id,
            grant: grant.id,
            tenant: tenant.id,
            engineer: engineer.id,
            resource: scope.accesses[0].resource,
            actions: scope.accesses[0].actions,
            username: grant.loginName(at: 0),
            issuedAt: change.now,
            expiresAt: grant.end
        )
        try change.tx.insert(credential, secretHash: change.entropy.bytes(32))
        change.emit(.access(.credentialIssued(credential)))
    }
}

/// `count` made-up words, some of them frequent and some rare, the same for the same `seed`.
private func words(_ count: Int, from seed: Int) -> String {
    let syllables = [
        "ba", "ce", "di", "fo", "gu", "ka", "le", "mi", "no", "pu", "ra", "se", "ti", "vo",
    ]
    var state = UInt64(truncatingIfNeeded: seed) &* 0x9E37_79B9_7F4A_7C15 | 1
    func next(_ bound: Int) -> Int {
        // xorshift (Marsaglia): any even spread would do.
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Int(state % UInt64(bound))
    }
    return (0..<count).map { _ in
        (0..<2 + next(3)).map { _ in syllables[min(next(14), next(14))] }.joined()
    }.joined(separator: " ")
}
