import LockboxAudit
package import LockboxDomain
import LockboxFixtures
import LockboxIdentity
import LockboxPorts
package import LockboxService
import LockboxWork
import Logging
import Synchronization

/// What people do before a scene begins, each through the use case that the portal or the API would
/// call.
extension PortalWorld {
    // MARK: - Support

    package static let subject = "Mail does not arrive"
    package static let description =
        "Since this morning no mail reaches my mailbox.\nOutlook says that it is connected."

    /// Sue, or somebody else, asks for help.
    @discardableResult
    package func support(
        _ subject: String = subject,
        _ description: String = description,
        service: String? = "mail",
        number: String? = nil,
        url: String? = nil,
        by person: String = "sue"
    ) async throws -> SupportRequestNumber {
        let caller = self.person(person)
        let view = try await lockbox.openSupportRequest(
            SupportDraft(
                tenant: caller.side.tenant?.text ?? "",
                subject: subject,
                description: description,
                service: service,
                number: number,
                url: url
            ),
            by: caller,
            key: nil
        )
        memory.withLock { $0.support = view.support.number }
        clock.advance(by: .minutes(4))
        return view.support.number
    }

    // MARK: - Requests

    package static let reason =
        "Look at the delivery queue and the mailbox, to find out why mail does not arrive."

    /// An engineer asks for access; a manager must review it.
    @discardableResult
    package func submitted(
        _ reason: String = reason,
        for duration: TimeSpan = .hours(2),
        actions: [String] = ["read"],
        mailboxes: [String] = ["sue@contoso.test"],
        tenant: String = "contoso",
        notBefore: Timestamp? = nil,
        by asker: String = "eve",
        onBehalfOf engineer: String? = nil
    ) async throws -> AccessRequest {
        let known = memory.withLock { $0.support }
        let number =
            if let known { known } else {
                try await support(by: tenant == "contoso" ? "sue" : "frida")
            }
        let view = try await lockbox.submit(
            RequestDraft(
                tenant: tenant,
                supportRequest: number.text,
                reason: reason,
                duration: duration,
                resources: mailboxes.map {
                    .init(service: "mail", id: "mailbox:\($0)", actions: actions)
                },
                notBefore: notBefore,
                engineer: engineer
            ),
            by: person(asker),
            key: nil
        )
        return remember(view)
    }

    /// A manager has said yes: the customer is asked, or access begins by policy.
    @discardableResult
    package func reviewed(_ request: AccessRequest? = nil, by manager: String = "mark") async throws
        -> AccessRequest
    {
        let request = if let request { request } else { try await submitted() }
        return try await decide(.yes(), on: request, by: manager)
    }

    /// An approver has said yes.
    @discardableResult
    package func approved(
        _ request: AccessRequest? = nil,
        _ yes: DecisionDraft = .yes(),
        by approver: String = "adam"
    ) async throws -> AccessRequest {
        let request = if let request { request } else { try await reviewed() }
        return try await decide(yes, on: request, by: approver)
    }

    @discardableResult
    package func decide(_ draft: DecisionDraft, on request: AccessRequest, by person: String)
        async throws
        -> AccessRequest
    {
        clock.advance(by: .minutes(3))
        return remember(
            try await lockbox.decide(
                draft,
                on: request.id.text,
                version: request.version,
                by: self.person(person),
                key: nil
            )
        )
    }

    /// The same, on the request that the last step was about.
    package func latest(decided draft: DecisionDraft, by person: String) async throws {
        try await decide(draft, on: try await latest(), by: person)
    }

    package func latestFinished() async throws { try await finished(try await latest()) }

    private func latest() async throws -> AccessRequest {
        try await lockbox.request(filled("{request}"), by: person("mark")).request
    }

    /// Somebody writes into the thread of `request`, or of the one that the last step was about.
    package func said(_ text: String, on request: AccessRequest? = nil, by person: String)
        async throws
    {
        clock.advance(by: .minutes(2))
        _ = try await lockbox.postMessage(
            text,
            on: request?.id.text ?? filled("{request}"),
            by: self.person(person),
            key: nil
        )
    }

    @discardableResult
    package func withdrawn(_ request: AccessRequest, comment: String? = nil) async throws
        -> AccessRequest
    {
        clock.advance(by: .minutes(5))
        return remember(
            try await lockbox.withdraw(
                request.id.text,
                comment: comment,
                by: person("eve"),
                key: nil
            )
        )
    }

    @discardableResult
    package func finished(_ request: AccessRequest, comment: String? = nil) async throws
        -> AccessRequest
    {
        clock.advance(by: .minutes(25))
        return remember(
            try await lockbox.finish(request.id.text, comment: comment, by: person("eve"), key: nil)
        )
    }

    @discardableResult
    package func revoked(
        _ request: AccessRequest,
        comment: String? = nil,
        by person: String = "adam"
    ) async throws
        -> AccessRequest
    {
        clock.advance(by: .minutes(9))
        return remember(
            try await lockbox.revoke(
                request.id.text,
                comment: comment,
                by: self.person(person),
                key: nil
            )
        )
    }

    /// The engineer gets a credential and opens the mailbox with it.
    @discardableResult
    package func opened(_ request: AccessRequest) async throws -> IssuedCredential {
        clock.advance(by: .minutes(2))
        let resource = request.terms.scope.accesses[0].resource
        let issued = try await lockbox.issueCredential(
            for: request.id.text,
            service: "mail",
            resource: resource.name,
            by: person("eve"),
            key: nil
        )
        clock.advance(by: .seconds(40))
        _ = try await lockbox.recordUse(of: issued.credential)
        return issued
    }

    /// The engineer does something with a credential, at a service that tells of it.
    package func worked(_ issued: IssuedCredential, at targets: [String]) async throws {
        for (number, target) in targets.enumerated() {
            let isWrite = number % 3 == 2
            let form = ServiceOperation.Form.request(
                method: isWrite ? "PUT" : "GET",
                target: target
            )
            let operation = ServiceOperation(form, isWrite: isWrite)
            _ = try await lockbox.recordOperation(operation, of: issued.credential)
        }
        clock.advance(by: .seconds(2))
        try await lockbox.closeOldBatches()
    }

    /// Time passes, and what it ends is written down.
    package func after(_ span: TimeSpan) async throws {
        clock.advance(by: span)
        _ = try await lockbox.expireDue()
    }

    /// Makes the services match the grants, once. With a `problem` no service can be made to
    /// confirm.
    package func removing(problem: String? = nil) async throws {
        let logger = Logger(label: "gallery") { _ in SwiftLogNoOpLogHandler() }
        let job = RemovalJob(
            store: audited,
            enforcers: OneEnforcer(problem: problem),
            first: FirstActions(time: FixedMonotonicClock()),
            logger: logger
        )
        let orders = try await audited.read { tx, now in
            try tx.removalsDue(at: now, of: .all, limit: job.lane.seen)
        }
        try await job.carryOut(orders, under: .free)
        clock.advance(by: .seconds(20))
    }

    private func remember(_ view: RequestView) -> AccessRequest {
        memory.withLock { $0.request = view.request.id }
        return view.request
    }

    // MARK: - Tenants and people

    /// The administrator changes Contoso's rules.
    package func policy(_ change: (inout Policy) -> Void) async throws {
        let tenant = try await lockbox.tenant("contoso", by: person("gita"))
        var policy = tenant.policy
        change(&policy)
        _ = try await lockbox.changePolicy(
            of: "contoso",
            to: policy,
            version: tenant.version,
            by: person("gita")
        )
        clock.advance(by: .minutes(1))
    }

    /// Two API tokens of a person: one that reads, and one that decides and was used.
    package func tokensInUse(of person: String) async throws {
        let owner = self.person(person)
        _ = try await signIn.issueToken(
            for: owner,
            TokenTerms(label: "Dashboard", scopes: ["read"])
        )
        let new = try await signIn.issueToken(
            for: owner,
            TokenTerms(
                label: Texts.hostileName,
                scopes: ["read", "decide"],
                days: 30,
                addresses: ["192.0.2.0/24", "2001:db8:12::/48"]
            )
        )
        clock.advance(by: .hours(3))
        _ = try await signIn.caller(
            token: new.secret,
            from: ClientKey(address: "192.0.2.44"),
            needing: .decide
        )
        memory.withLock { $0.token = new.token.id }
        clock.advance(by: .minutes(5))
    }

    package func roles(_ names: [String], of person: String) async throws {
        _ = try await lockbox.changeRoles(
            of: self.person(person).id.text,
            in: "contoso",
            to: names,
            by: self.person("gita")
        )
    }

    /// Contoso's plan loses Lockbox.
    package func licenceWithdrawn() async throws {
        try await apply(isLicensed: false)
    }

    /// Switches somebody of Contoso off.
    package func disabled(_ person: String) async throws {
        let person = self.person(person)
        try await apply(people: [
            .init(
                place: "line 2",
                email: person.email,
                name: person.name,
                roles: person.roles,
                aliases: [],
                isDisabled: true
            )
        ])
    }

    /// Contoso's only administrator is switched off, which no file can do; a database may have it
    /// so.
    package func administratorGone() async throws {
        let before = person("gita")
        try await audited.write(by: .console) { change in
            var after = before
            after.isDisabled = true
            try change.tx.save(after)
            change.emit(.directory(.personChanged(before: before, after: after)))
        }
    }

    package func renamed(_ name: String) async throws { try await apply(name: name) }

    private func apply(
        name: String = Fixture.contoso.name,
        isLicensed: Bool = true,
        people: [DirectoryFile.Person] = []
    ) async throws {
        _ = try await lockbox.apply(
            DirectoryFile(
                providerName: nil,
                providerPeople: [],
                tenants: [
                    .init(
                        place: "line 1",
                        id: Fixture.contoso.id,
                        name: name,
                        isLicensed: isLicensed,
                        policy: nil,
                        people: people,
                        resources: []
                    )
                ],
                services: []
            )
        )
    }

    // MARK: - Names in paths

    /// `text` with names filled in: `{request}` and `{support}` are what the last steps were about,
    /// `{version}` the request's, and `{adam}` is Adam's identifier.
    func filled(_ text: String) -> String {
        guard text.contains("{") else { return text }
        let (request, support, token) = memory.withLock {
            (
                $0.request?.text ?? "", $0.support?.text ?? "",
                $0.token?.text ?? $0.provisioning?.text ?? ""
            )
        }
        var filled = text.replacing("{request}", with: request)
            .replacing("{support}", with: support).replacing("{token}", with: token)
        if let passkey = memory.withLock({ $0.passkey }) {
            filled.replace("{passkey}", with: passkey.text)
        }
        if let invitation = memory.withLock({ $0.invitation }) {
            filled.replace("{invitation}", with: invitation.id.text)
            filled.replace("{code}", with: Self.code(of: invitation))
        }
        if let code = memory.withLock({ $0.userCode }) {
            filled.replace("{usercode}", with: code)
        }
        if let change = memory.withLock({ $0.signInChange }) {
            filled.replace("{signInChange}", with: change.text)
        }
        while let start = filled.firstIndex(of: "{"), let end = filled[start...].firstIndex(of: "}")
        {
            let name = filled[start..<end].dropFirst()
            // A brace that a scene types is not a name.
            guard !name.isEmpty, name.allSatisfy(\.isLowercase) else { break }
            filled.replaceSubrange(start...end, with: person(String(name)).id.text)
        }
        return filled
    }
}

extension DecisionDraft {
    package static func yes(
        _ comment: String? = nil,
        for duration: TimeSpan? = nil,
        resources: [RequestDraft.Line]? = nil
    ) -> DecisionDraft {
        DecisionDraft(approves: true, comment: comment, duration: duration, resources: resources)
    }

    package static func no(_ comment: String) -> DecisionDraft {
        DecisionDraft(approves: false, comment: comment, duration: nil, resources: nil)
    }
}

/// A service that confirms each removal at once, or never.
private struct OneEnforcer: EnforcerDirectory, Enforcer {
    let problem: String?

    func enforcer(of service: ServiceID) async throws -> (any Enforcer)? { self }

    func rememberedEnforcer(of service: ServiceID) throws -> (any Enforcer)? { self }

    func open(_ credential: Credential, secret: String) async throws(EnforcerError) {}

    func cut(_ orders: [Removal]) async throws(EnforcerError) {}

    func list() async throws(EnforcerError) -> [OpenAccess] { [] }

    func close(_ order: Removal) async throws(EnforcerError) {
        if let problem { throw EnforcerError(problem) }
    }
}

/// Lets a loop go round once.
final class OneRound: Pause {
    private let rounds = Atomic(0)

    func callAsFunction(milliseconds: Int64) async -> Bool {
        rounds.wrappingAdd(1, ordering: .relaxed).newValue == 1
    }

    func wake() {}
}
