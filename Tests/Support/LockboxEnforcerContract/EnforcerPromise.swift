package import LockboxDomain
import LockboxFixtures
package import LockboxPorts
import Testing

/// A service in the hands of a test, as its own people and engineers see it.
package protocol StagedService: Sendable {
    var enforcer: any Enforcer { get }
    /// What its accesses are to.
    var resource: Resource { get }
    /// From now on somebody is connected under `username`.
    func connect(as username: String) async
    /// Under which names somebody is connected, in order.
    func connected() async -> [String]
    func behave(_ behaviour: ServiceBehaviour) async
}

extension StagedService {
    package var resource: Resource { Fixture.mailbox }
}

/// How a service answers what it is told.
package enum ServiceBehaviour: Sendable, CaseIterable {
    case well, refusing, garbled, silent
}

/// One of the things that the world may rely on, whichever service an enforcer speaks to. An
/// enforcer that keeps all of them is an `Enforcer`:
///
/// ```
/// @Test(arguments: EnforcerPromise.allCases)
/// func promiseIsKept(_ promise: EnforcerPromise) async throws { try await promise.check(service) }
/// ```
package struct EnforcerPromise: CaseIterable, Identifiable, Sendable, CustomTestStringConvertible {
    /// What is promised, as a sentence.
    package let id: String
    private let body: @Sendable (any StagedService) async throws -> Void

    package static let allCases = [
        EnforcerPromise("access that is open and used is listed by its grant", useIsListed),
        EnforcerPromise("opening twice is as good as opening once", openingIsIdempotent),
        EnforcerPromise("closing ends what is open, and can be done again", closingIsIdempotent),
        EnforcerPromise("closing a grant that nobody used succeeds", unknownGrantIsClosed),
        EnforcerPromise("of two grants that overlap, closing one leaves the other", grantsAreApart),
        EnforcerPromise("the first cut reaches all its orders and nobody else", cutReachesAll),
        EnforcerPromise("a service that does not answer well is an error", errorsShow),
        EnforcerPromise("what failed succeeds once the service answers again", failureIsNotFinal),
    ]

    private init(
        _ id: String,
        _ body: @escaping @Sendable (any StagedService) async throws -> Void
    ) {
        self.id = id
        self.body = body
    }

    package var testDescription: String { id }

    /// Records an issue for each way in which `service` breaks the promise. Nobody may be connected
    /// to it but its owners.
    package func check(_ service: any StagedService) async throws { try await body(service) }
}

/// A grant at a service, with the credential and the order that belong to it.
package struct StagedAccess: Sendable {
    package let credential: Credential
    package let order: Removal

    /// What it is opened with.
    package static let secret = "a secret"

    package var name: String { credential.username }

    fileprivate init(_ number: UInt8, at service: any StagedService) throws {
        try self.init(number, to: service.resource)
    }

    /// Each `number` is a grant of its own. `end` is its own unless another is given.
    package init(
        _ number: UInt8,
        to resource: Resource,
        actions: Actions? = nil,
        end: Timestamp? = nil
    ) throws {
        let request = try #require(try Fixture.history(number, to: .active).last)
        let grant = try #require(request.state.grant)
        let plain = Fixture.credential(number, of: request, resource: resource)
        credential = Credential(
            id: plain.id,
            request: plain.request,
            grant: plain.grant,
            tenant: plain.tenant,
            engineer: plain.engineer,
            resource: plain.resource,
            actions: actions ?? plain.actions,
            username: grant.loginName(at: 0),
            issuedAt: plain.issuedAt,
            expiresAt: end ?? plain.expiresAt
        )
        order = Removal(
            tenant: plain.tenant,
            request: plain.request,
            grant: grant.id,
            service: plain.resource.service,
            usernames: [grant.loginName(at: 0)],
            nextAttempt: Fixture.now
        )
    }

    /// Open at the service, and used.
    package func begin(at service: any StagedService) async throws {
        try await service.enforcer.open(credential, secret: Self.secret)
        await service.connect(as: name)
    }
}

private func listed(_ service: any StagedService) async throws -> [GrantID?] {
    try await service.enforcer.list().map(\.grant)
}

private func useIsListed(_ service: any StagedService) async throws {
    let access = try StagedAccess(1, at: service)
    try await access.begin(at: service)
    #expect(try await service.enforcer.list() == [OpenAccess(username: access.name)])
    #expect(try await listed(service) == [access.order.grant])
}

private func openingIsIdempotent(_ service: any StagedService) async throws {
    let access = try StagedAccess(1, at: service)
    for _ in 1...2 {
        try await service.enforcer.open(access.credential, secret: StagedAccess.secret)
    }
    try await access.begin(at: service)
    #expect(try await listed(service) == [access.order.grant])
    try await service.enforcer.close(access.order)
    #expect(try await listed(service) == [])
}

private func closingIsIdempotent(_ service: any StagedService) async throws {
    let owners = await service.connected()
    let access = try StagedAccess(1, at: service)
    try await access.begin(at: service)
    for _ in 1...2 {
        try await service.enforcer.close(access.order)
        #expect(await service.connected() == owners)
        #expect(try await listed(service) == [])
    }
}

private func unknownGrantIsClosed(_ service: any StagedService) async throws {
    let owners = await service.connected()
    try await service.enforcer.cut([try StagedAccess(1, at: service).order])
    try await service.enforcer.close(try StagedAccess(1, at: service).order)
    #expect(await service.connected() == owners)
}

private func grantsAreApart(_ service: any StagedService) async throws {
    let owners = await service.connected()
    let (first, second) = (try StagedAccess(1, at: service), try StagedAccess(2, at: service))
    try await first.begin(at: service)
    try await second.begin(at: service)
    try await service.enforcer.close(first.order)
    #expect(await service.connected() == (owners + [second.name]).sorted())
    #expect(try await listed(service) == [second.order.grant])
}

private func cutReachesAll(_ service: any StagedService) async throws {
    let owners = await service.connected()
    let accesses = try (1...5).map { try StagedAccess($0, at: service) }
    for access in accesses { try await access.begin(at: service) }
    try await service.enforcer.cut([])
    #expect(await service.connected().count == owners.count + 5)
    try await service.enforcer.cut(accesses.dropLast().map(\.order))
    #expect(await service.connected() == (owners + [accesses[4].name]).sorted())
}

private func errorsShow(_ service: any StagedService) async throws {
    let access = try StagedAccess(1, at: service)
    try await access.begin(at: service)
    for behaviour in ServiceBehaviour.allCases where behaviour != .well {
        await service.behave(behaviour)
        await #expect(throws: EnforcerError.self, "\(behaviour)") {
            try await service.enforcer.cut([access.order])
        }
        await #expect(throws: EnforcerError.self, "\(behaviour)") {
            try await service.enforcer.close(access.order)
        }
        await #expect(throws: EnforcerError.self, "\(behaviour)") {
            try await service.enforcer.list()
        }
    }
    #expect(await service.connected().contains(access.name))
}

private func failureIsNotFinal(_ service: any StagedService) async throws {
    let access = try StagedAccess(1, at: service)
    try await access.begin(at: service)
    await service.behave(.refusing)
    await #expect(throws: EnforcerError.self) { try await service.enforcer.close(access.order) }
    await service.behave(.well)
    try await service.enforcer.close(access.order)
    #expect(try await listed(service) == [])
}
