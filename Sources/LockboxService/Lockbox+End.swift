import LockboxAudit
package import LockboxDomain
import LockboxPorts

/// Access is shut and its end is not written down, because the store took it not. Writing it goes on
/// being tried while this process runs.
package struct EndNotRecorded: Error, Hashable, Sendable {
    /// Whether open connections are cut, and where.
    package let connections: EndOfConnections

    /// What holds, and what to do, for the person who asked.
    package var sentence: String {
        "Nobody gets in any more, and \(connections.words("now")), but the end of the access could "
            + "not be recorded. Lockbox goes on trying. Look again in a moment; if it still is not "
            + "recorded, send it again."
    }
}

extension Lockbox {
    package func withdraw(_ id: String, comment: String?, by caller: Person, key: CommandKey?)
        async throws
        -> RequestView
    {
        try await end(id, by: caller, key: key) { request, person, view in
            try request.withdraw(comment: comment, by: person, now: view.now)
        }
    }

    package func finish(_ id: String, comment: String?, by caller: Person, key: CommandKey?)
        async throws -> RequestView
    {
        try await end(id, by: caller, key: key) { request, person, view in
            try request.finish(comment: comment, by: person, now: view.now)
        }
    }

    /// Ends access, with a signature or without one. A signature that is not good ends nothing, and is
    /// looked at before anything is shut.
    package func revoke(
        _ id: String,
        comment: String?,
        signature: ApprovalSignature? = nil,
        by caller: Person,
        key: CommandKey?
    ) async throws -> RequestView {
        try await end(id, by: caller, key: key, revocation(comment: comment, signature))
    }

    func revocation(comment: String?, _ signature: ApprovalSignature? = nil) -> EndRule {
        { [signing] request, person, view in
            let read = request
            let events = try request.revoke(
                comment: comment,
                by: person,
                signature: try signature.map(RevokeSignature.given)
                    ?? (view.tx.asksToSign(person, revoking: read) ? .missing : nil),
                now: view.now
            )
            // Looked at last: who may not end it hears that and nothing of keys.
            if let signature {
                try signing.check(signature, revoking: read, by: person, in: view)
            }
            return events
        }
    }

    typealias EndRule = @Sendable (inout AccessRequest, Person, JudgedView) throws -> [Event]

    /// Open access that somebody was found to be allowed to end.
    typealias OpenAccess = (grant: GrantID, now: Timestamp, connections: EndOfConnections)

    private func end(
        _ id: String,
        by caller: Person,
        key: CommandKey?,
        _ rule: @escaping EndRule
    ) async throws -> RequestView {
        let write: @Sendable () async throws -> RequestView = {
            try await writeEnd(of: id, by: caller, key: key, rule)
        }
        guard let open = try await openAccess(of: id, by: caller, key: key, rule) else {
            return try await write()
        }
        return try await end(open.grant, at: open.now, connections: open.connections, write)
    }

    /// Writes down what `rule` makes of the request.
    func writeEnd(
        of id: String,
        by caller: Person,
        key: CommandKey?,
        _ rule: @escaping EndRule
    ) async throws -> RequestView {
        try await requestCommand(by: caller, key: key, for: .ending) { person, change in
            var request = try change.tx.request(id, visibleTo: person)
            try change.advance(&request)
            let happened = try rule(&request, person, JudgedView(change))
            try change.save(request, happened)
            return request
        }
    }

    /// The access that `caller` may end by `rule`, as far as can be read: who she is, what she may
    /// and whether there is something to end. Nil where nothing is open, or the command is a
    /// retry.
    func openAccess(
        of id: String,
        by caller: Person,
        key: CommandKey?,
        _ rule: @escaping EndRule
    ) async throws -> OpenAccess? {
        try await store.read(.endingAccess) { [logs = store.logs] tx, now in
            let person = try tx.current(caller)
            if let key, try tx.command(of: person.id, key: key.key) != nil { return nil }
            var request = try tx.request(id, visibleTo: person).seen(at: now)
            let happened = try rule(&request, person, JudgedView(reading: tx, now, logs))
            for case .access(.grantEnded(_, let grant, _, _)) in happened {
                let connections = try kinds.endOfConnections(of: grant.scope, in: tx)
                return (grant.id, now, connections)
            }
            return nil
        }
    }

    /// Ends `grant` at once, and then writes it down. Whoever asked must have been found to be
    /// allowed to.
    func end<Value: Sendable>(
        _ grant: GrantID,
        at now: Timestamp,
        connections: EndOfConnections,
        _ write: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        // A crash from here until the write is durable loses the end; nobody has been told of it.
        ends.end(grant, at: now)
        await writeUsesBeforeAnEnd()
        return try await recordEnd(of: grant, connections, write)
    }

    /// Writes down the end of `grant`, which has ended in memory.
    func recordEnd<Value: Sendable>(
        of grant: GrantID,
        _ connections: EndOfConnections,
        _ write: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        do {
            let value = try await write()
            // Written down now or by a write before; or there was nothing left to end.
            ends.takeBack(grant)
            return value
        } catch let refusal as Refusal {
            ends.takeBack(grant)
            throw refusal
        } catch {
            // The end may be durable or not. It stands, and is written until the store says.
            ends.recordLater(grant) { _ = try await write() }
            throw EndNotRecorded(connections: connections)
        }
    }
}
