import LockboxDomain
import LockboxFixtures
import LockboxPorts
import Testing

extension Promise {
    static let ofTransactions = [
        Promise(
            "what was written is read, by the same transaction and by later ones",
            writtenIsRead
        ),
        Promise("a body that throws leaves nothing behind", thrownBodyLeavesNothing),
        Promise("what a body throws comes out unchanged", errorsComeOutUnchanged),
        Promise("reading and then writing is one step", countersAreSerialisable),
        Promise("a body that fails takes no other's changes with it", failureIsAlone),
        Promise("a read sees one moment", readsSeeOneMoment),
        Promise("a read cannot write", readsCannotWrite),
        Promise("only the commits of others count as changes elsewhere", ownCommitsAreNotElsewhere),
    ]
}

private struct Stop: Error, Equatable {
    var number = 7
}

private func writtenIsRead(_ store: any Store) async throws {
    let inside = try await store.write { tx in
        try tx.save(Fixture.contoso)
        return try tx.tenant(Fixture.contoso.id)
    }
    #expect(inside == Fixture.contoso)
    #expect(try await store.read { try $0.tenant(Fixture.contoso.id) } == Fixture.contoso)
}

private func thrownBodyLeavesNothing(_ store: any Store) async throws {
    await #expect(throws: Stop()) {
        try await store.write { tx in
            try Fixture.populate(tx)
            try tx.save(try Fixture.request())
            try LogWriter.append(in: tx)
            throw Stop()
        }
    }
    #expect(try await store.read { try $0.tenants() } == [])
    #expect(try await store.read { try $0.request(Fixture.id(1)) } == nil)
    #expect(try await store.read { try $0.logs() } == [])
}

private func errorsComeOutUnchanged(_ store: any Store) async throws {
    await #expect(throws: Stop(number: 3)) { try await store.write { _ in throw Stop(number: 3) } }
    await #expect(throws: Stop(number: 4)) { try await store.read { _ in throw Stop(number: 4) } }
    await #expect(throws: Refusal.ownRequest) {
        try await store.write { _ in throw Refusal.ownRequest }
    }
}

private func countersAreSerialisable(_ store: any Store) async throws {
    try await store.write { try $0.save(Fixture.tenant(version: 1)) }
    let writers = 100
    let seen = try await withThrowingTaskGroup { group in
        for _ in 0..<writers {
            group.addTask {
                try await store.write { tx in
                    let found = try tx.tenant(Fixture.contoso.id)!.version
                    try tx.save(Fixture.tenant(version: found + 1))
                    return found
                }
            }
        }
        return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(seen.sorted() == Array(1...writers))
    #expect(try await store.read { try $0.tenant(Fixture.contoso.id)?.version } == writers + 1)
}

private func failureIsAlone(_ store: any Store) async throws {
    let kept = try await withThrowingTaskGroup { group in
        for number in 0..<60 {
            group.addTask { () -> TenantID? in
                let tenant = Fixture.tenant("t\(number)")
                do {
                    try await store.write { tx in
                        try tx.save(tenant)
                        if number.isMultiple(of: 3) { throw Stop() }
                    }
                    return tenant.id
                } catch is Stop {
                    return nil
                }
            }
        }
        return try await group.reduce(into: Set<TenantID>()) { if let id = $1 { $0.insert(id) } }
    }
    #expect(kept.count == 40)
    #expect(Set(try await store.read { try $0.tenants() }.map(\.id)) == kept)
}

private func readsSeeOneMoment(_ store: any Store) async throws {
    let (a, b) = (Fixture.tenant("a"), Fixture.tenant("b"))
    try await store.write { tx in for tenant in [a, b] { try tx.save(tenant) } }
    try await withThrowingTaskGroup { group in
        group.addTask {
            for version in 2...40 {
                try await store.write { tx in
                    for var tenant in [a, b] {
                        tenant.version = version
                        try tx.save(tenant)
                    }
                }
            }
        }
        for _ in 0..<4 {
            group.addTask {
                for _ in 0..<40 {
                    let versions = try await store.read { tx in
                        [try tx.tenant(a.id)!.version, try tx.tenant(b.id)!.version]
                    }
                    #expect(versions[0] == versions[1])
                }
            }
        }
        try await group.waitForAll()
    }
}

private func readsCannotWrite(_ store: any Store) async throws {
    await #expect(throws: (any Error).self) {
        try await store.read { try $0.save(Fixture.contoso) }
    }
    #expect(try await store.read { try $0.tenants() } == [])
}

private func ownCommitsAreNotElsewhere(_ store: any Store) async throws {
    _ = try await store.changedElsewhere()
    try await store.write { try $0.save(Fixture.contoso) }
    #expect(try await store.changedElsewhere() == false)
}
