package import LockboxDomain
import LockboxPorts

/// One of several requests that somebody denies at once, with the version that she read.
package struct ReadRequest: Hashable, Sendable {
    package let id: String
    package let version: Int

    package init(id: String, version: Int) {
        (self.id, self.version) = (id, version)
    }
}

/// What became of one of several requests.
package struct OneOfSeveral: Sendable {
    package let id: String
    /// As it is now; or why it was left as it was.
    package let result: Result<RequestView, any Error>
}

extension Lockbox {
    /// These requests as they are now, in this order. Throws `Refusal.notFound` where one of them
    /// does not exist for the caller.
    package func requests(_ ids: [String], by caller: Person) async throws -> [RequestView] {
        try await query(by: caller) { person, tx, now in
            try ids.map { id in
                try view(
                    of: try tx.request(id, visibleTo: person),
                    at: now,
                    for: person.side,
                    in: tx
                )
            }
        }
    }

    /// Denies each of `read` as if it were denied alone, for one reason. What changed since it was
    /// read, or was decided meanwhile, stays as it is, and its result says so. Throws, and denies
    /// nothing, where one does not exist for the caller, where there are too many, and where the
    /// reason is none.
    package func deny(
        each read: [ReadRequest],
        comment: String?,
        by caller: Person,
        key: CommandKey?
    ) async throws -> [OneOfSeveral] {
        try await check(read.map(\.id), within: Limits.deniedAtOnce, by: caller)
        let draft = DecisionDraft(
            approves: false,
            comment: comment,
            duration: nil,
            resources: nil
        )
        var done: [OneOfSeveral] = []
        for one in read {
            // A crash between two of them leaves those before denied, and the others waiting. Sent
            // again, the form denies those alone: each has a key of its own.
            let result = await Result.of {
                try await decide(
                    draft,
                    on: one.id,
                    version: one.version,
                    by: caller,
                    key: key?.of(one.id)
                )
            }
            // The same reason is refused for each, so nothing was denied before.
            try result.throwWhatHoldsForAll()
            done.append(OneOfSeveral(id: one.id, result: result))
        }
        return done
    }

    /// Stops the access of each of `ids` as if it were stopped alone: all are shut at once, and then
    /// each end is written down. Throws, and stops nothing, as `deny(each:)` does.
    package func stop(
        each ids: [String],
        comment: String?,
        by caller: Person,
        key: CommandKey?
    ) async throws -> [OneOfSeveral] {
        try await check(ids, within: Limits.stoppedAtOnce, by: caller)
        let rule = revocation(comment: comment)
        var found: [Result<OpenAccess?, any Error>] = []
        var isAnyShut = false
        for id in ids {
            let open = await Result.of {
                try await openAccess(of: id, by: caller, key: key?.of(id), rule)
            }
            // What was shut must be written down, or taken back, whatever comes after it.
            if !isAnyShut { try open.throwWhatHoldsForAll() }
            if case .success(let open?) = open {
                // A crash from here until its write is durable loses the end; nobody has been told
                // of it.
                ends.end(open.grant, at: open.now)
                isAnyShut = true
            }
            found.append(open)
        }
        await writeUsesBeforeAnEnd()
        return await withTaskGroup(of: (Int, OneOfSeveral).self) { group in
            for (place, (id, open)) in zip(ids, found).enumerated() {
                group.addTask {
                    let result = await Result.of {
                        let write: @Sendable () async throws -> RequestView = {
                            try await writeEnd(of: id, by: caller, key: key?.of(id), rule)
                        }
                        guard let open = try open.get() else { return try await write() }
                        return try await recordEnd(of: open.grant, open.connections, write)
                    }
                    return (place, OneOfSeveral(id: id, result: result))
                }
            }
            var done: [(Int, OneOfSeveral)] = []
            for await one in group { done.append(one) }
            return done.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    /// Throws unless each of `ids` exists for the caller, and there are as many as may be.
    private func check(_ ids: [String], within bound: ClosedRange<Int>, by caller: Person)
        async throws
    {
        guard bound.contains(ids.count) else {
            throw Refusal.invalid(
                field: "requests",
                problem: .outOfRange("\(bound.lowerBound) to \(bound.upperBound)")
            )
        }
        try await query(.endingAccess, by: caller) { person, tx, _ in
            for id in ids { _ = try tx.request(id, visibleTo: person) }
        }
    }
}

extension CommandKey {
    /// That of one of several requests which one form is about.
    fileprivate func of(_ id: String) -> CommandKey {
        CommandKey(key: "\(key)-\(id)", payloadHash: payloadHash)
    }
}

extension Result where Failure == any Error {
    fileprivate static func of(_ body: () async throws -> Success) async -> Self {
        do { return .success(try await body()) } catch { return .failure(error) }
    }

    /// Throws where nobody is signed in, or what was sent is wrong for each request alike.
    fileprivate func throwWhatHoldsForAll() throws {
        guard case .failure(let error) = self, let refusal = error as? Refusal else { return }
        if case .invalid = refusal { throw refusal }
        if case .notSignedIn = refusal { throw refusal }
    }
}
