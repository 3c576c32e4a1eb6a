import Crypto
import LockboxAudit
package import LockboxDomain
package import LockboxPorts
import MerkleLog

/// A new credential with its secret, which is not kept and cannot be shown again.
package struct IssuedCredential: Sendable {
    package let credential: Credential
    package let secret: String
    package let kind: ProtectedService.Kind
    package let connecting: Connecting
    /// The origin at which a browser opens the service; nil where none is let in.
    package let browserAddress: String?
}

/// Which of the resources of a grant a credential is asked for, and what for.
struct AskedCredential: Sendable {
    let service: String?
    let resource: String?
    let isForBrowser: Bool

    static let notForBrowsers = Refusal.invalid(
        field: "service",
        problem: .notAllowedHere("is not one that a browser opens.")
    )
}

extension Lockbox {
    /// Issues a credential for one resource of an active grant. `resource` may be left out where
    /// there is only one. Throws an `EnforcerError` if the service has to open the access and
    /// cannot.
    package func issueCredential(
        for id: String,
        service: String?,
        resource name: String?,
        by caller: Person,
        key: CommandKey?
    ) async throws -> IssuedCredential {
        let asked = AskedCredential(service: service, resource: name, isForBrowser: false)
        return try await issue(asked, for: id, by: caller, key: key)
    }

    /// The services that a browser may open, with the origins at which it does.
    package func browserAddresses(by caller: Person) async throws -> [ServiceID: String] {
        try await query(by: caller) { _, tx, _ in
            try tx.services().reduce(into: [:]) { addresses, settings in
                addresses[settings.service.id] =
                    kinds[settings.service.kind]?.browserAddress(of: settings)
            }
        }
    }

    func issue(
        _ asked: AskedCredential,
        for id: String,
        by caller: Person,
        key: CommandKey?
    ) async throws -> IssuedCredential {
        let issued = try await record(asked, for: id, by: caller, key: key)
        // The credential is durable and nobody knows its secret. A crash here, or a service that
        // refuses, leaves it so, and the end of the access closes whatever was opened.
        if kinds[issued.kind]?.needsOpening ?? true {
            guard
                let enforcer = try await enforcers.enforcer(of: issued.credential.resource.service)
            else { throw EnforcerError("the service is not set up for opening") }
            try await enforcer.open(issued.credential, secret: issued.secret)
            try await closeIfOver(issued.credential, by: enforcer)
        }
        return issued
    }

    /// An opening that took long may come after the end of the access and its removal.
    private func closeIfOver(
        _ credential: Credential,
        by enforcer: any Enforcer
    ) async throws {
        let removal = try await store.read(.endingAccess) { tx, now -> Removal? in
            if case .active(let grant) = try tx.request(credential.request)?.seen(at: now).state,
                grant.id == credential.grant, ends.ended(grant.id) == nil
            {
                return nil
            }
            return Removal(
                tenant: credential.tenant,
                request: credential.request,
                grant: credential.grant,
                service: credential.resource.service,
                usernames: [credential.username],
                nextAttempt: now
            )
        }
        guard let removal else { return }
        try await enforcer.close(removal)
        throw Refusal.accessNotActive(.ended)
    }

    /// No service opens anything for a row that the log does not grant.
    private static func requireGranted(
        _ grant: Grant,
        of request: AccessRequest,
        in change: Change
    ) throws {
        var records = change.records
        let open = OpenGrant(
            grant: grant,
            request: request.id,
            tenant: request.terms.tenant,
            engineer: request.terms.engineer
        )
        guard try records.grants(open) else { throw Refusal.accessNotActive(.ended) }
    }

    private func record(
        _ asked: AskedCredential,
        for id: String,
        by caller: Person,
        key: CommandKey?
    ) async throws -> IssuedCredential {
        try await command(
            by: caller,
            key: key,
            for: .granting,
            subject: { $0.credential.id.text },
            again: { _, _, _, _ in throw Refusal.alreadyExists(.credential) }
        ) { person, change in
            let tx = change.tx
            let request = try tx.request(id, visibleTo: person)
            let resource = try Self.resource(asked, of: request)
            let (grant, actions) = try request.mayUse(resource, by: person, now: change.now)
            guard ends.ended(grant.id) == nil else { throw Refusal.accessNotActive(.ended) }
            try Self.requireGranted(grant, of: request, in: change)
            let earlier = try tx.credentials(of: grant.id)
            guard earlier.count < Limits.credentialsPerGrant else {
                throw Refusal.limitReached(.credentials)
            }
            guard let settings = try tx.service(resource.service),
                let kind = kinds[settings.service.kind]
            else {
                throw StoreError.corrupt("no service \(resource.service) of a known kind")
            }
            let browserAddress = kind.browserAddress(of: settings)
            guard !asked.isForBrowser || browserAddress != nil else {
                throw AskedCredential.notForBrowsers
            }
            let position = grant.scope.accesses.firstIndex { $0.resource == resource } ?? 0
            let secret = Credential.secretPrefix + Self.text(change.entropy.bytes(32))
            let credential = Credential(
                id: change.entropy.id(),
                request: request.id,
                grant: grant.id,
                tenant: request.terms.tenant,
                engineer: person.id,
                resource: resource,
                actions: actions,
                username: grant.loginName(at: position),
                issuedAt: change.now,
                expiresAt: grant.end
            )
            try tx.insert(credential, secretHash: Self.hash(secret))
            change.emit(.access(.credentialIssued(credential)))
            return IssuedCredential(
                credential: credential,
                secret: secret,
                kind: settings.service.kind,
                connecting: kind.connecting(with: credential, at: settings),
                browserAddress: browserAddress
            )
        }
    }

    private static func resource(_ asked: AskedCredential, of request: AccessRequest) throws
        -> Resource
    {
        let (service, name) = (asked.service, asked.resource)
        let offered = request.state.grant?.scope ?? request.terms.scope
        let matching = offered.accesses.map(\.resource).filter { resource in
            (service.map { $0 == resource.service.text } ?? true)
                && (name.map {
                    $0.lowercased() == resource.name || $0.lowercased() == resource.localName
                } ?? true)
        }
        if let only = matching.first, matching.count == 1 { return only }
        guard matching.isEmpty else {
            throw Refusal.invalid(
                field: "resource",
                problem: .notAllowedHere("is needed, because this access covers several resources.")
            )
        }
        throw Refusal.unknownReference(
            field: name == nil ? "service" : "resource",
            noun: name == nil ? .service : .resource
        )
    }

    /// SHA-256, which is what is kept of a secret of 256 random bits.
    package static func hash(_ secret: String) -> [UInt8] {
        Array(SHA256.hash(data: Array(secret.utf8)))
    }

    /// Letters and digits only, so that a double click selects a whole secret.
    package static func text(_ bytes: [UInt8]) -> String { Hex.encode(bytes) }

    /// Records that `credential` was presented and accepted. The first time is an event of the
    /// tenant's log: no record, no access, so the service is answered only after this. False, and
    /// nothing recorded, if its access has ended meanwhile: an answer from memory may be a moment
    /// old, and no use may follow the record of the end.
    ///
    /// A use after one that is durable is counted, and written down within `UseCounts.bound`, where
    /// a write could be made now.
    package func recordUse(of credential: Credential) async throws -> Bool {
        if let now = store.timeToWrite(for: .granting), uses.add(credential, at: now) {
            return true
        }
        guard try await use(credential, for: nil) else { return false }
        uses.isRecorded(credential)
        return true
    }

    /// Counts another use of `credential` at an instant that `isGood` takes, where that is all that a
    /// use needs now; false, and nothing is counted, where it is more.
    package func countUse(of credential: Credential, if isGood: (Timestamp) -> Bool) -> Bool {
        guard let now = store.timeToWrite(for: .granting), isGood(now) else { return false }
        return uses.add(credential, at: now)
    }

    /// Writes down the uses that are counted and not written yet.
    package func writeUses() async throws {
        while let counts = uses.begin() {
            do {
                try await store.note(for: .granting) { tx, _ in
                    for (credential, use) in counts {
                        _ = try tx.recordUse(
                            of: credential,
                            count: use.count,
                            first: use.first,
                            last: use.last
                        )
                    }
                }
                uses.end(written: true)
            } catch StoreError.outcomeUnknown(let problem) {
                // Rather lost than counted twice.
                uses.end(written: true)
                throw StoreError.outcomeUnknown(problem)
            } catch {
                uses.end(written: false)
                throw error
            }
        }
    }

    /// The same before access ends, so that the record of the end counts all uses. The end waits for
    /// no more than one write, and for none where writing goes badly.
    func writeUsesBeforeAnEnd() async {
        guard store.isWritingWell else { return }
        try? await writeUses()  // best effort: written later, missing in that record
    }

    /// Writes a use down, or one for each of what `operations` returns, with that. False, and nothing
    /// written, where access has ended meanwhile.
    func use(
        _ credential: Credential,
        for operations: (@Sendable () -> [ServiceOperation])?
    ) async throws -> Bool {
        let service = credential.resource.service
        return try await store.write(by: .service(service), for: .granting) { change in
            let operations = operations?()
            guard
                case .active(let grant) = try change.tx.request(credential.request)?.seen(
                    at: change.now
                ).state,
                grant.id == credential.grant
            else { return false }
            if try change.tx.recordUse(
                of: credential.id,
                count: operations?.count ?? 1,
                first: change.now,
                last: change.now
            ) {
                change.emit(.access(.resourceOpened(credential)))
            }
            try change.record((operations ?? []).map { ($0, change.now) }, of: credential)
            return true
        }
    }

    /// Finishes the access that a credential belongs to (RFC 7009): its holder is done. Nothing
    /// happens, and nothing is told, where the credential is unknown, over, or another service's.
    package func revokeCredential(secretHash: [UInt8], presentedBy service: ServiceID) async throws
    {
        let open = try await store.read(.endingAccess) {
            tx,
            now -> (grant: Grant, now: Timestamp, connections: EndOfConnections)? in
            guard let credential = try tx.credential(secretHash: secretHash),
                credential.resource.service == service,
                let request = try tx.request(credential.request),
                case .active(let grant) = request.seen(at: now).state,
                grant.id == credential.grant
            else { return nil }
            return (grant, now, try kinds.endOfConnections(of: grant.scope, in: tx))
        }
        guard let open else { return }
        try await end(open.grant.id, at: open.now, connections: open.connections) {
            try await finish(secretHash: secretHash, at: service)
        }
    }

    private func finish(secretHash: [UInt8], at service: ServiceID) async throws {
        try await store.write(by: .service(service), for: .ending) { change in
            guard let credential = try change.tx.credential(secretHash: secretHash),
                credential.resource.service == service,
                var request = try change.tx.request(credential.request)
            else { return }
            let engineer = try change.tx.known(credential.engineer)
            do {
                let comment = "The credential was given back at the service."
                try change.advance(&request)
                let happened = try request.finish(comment: comment, by: engineer, now: change.now)
                try change.save(request, happened)
            } catch Refusal.wrongState, Refusal.notPermitted {
                return
            }
        }
    }
}
