import LockboxDomain
import LockboxFixtures
import LockboxPorts
import Testing

extension Promise {
    static let ofBrowserCodes = [
        Promise("a browser's code is found until it is taken, and taken once", codesAreTakenOnce),
        Promise("of many browsers' codes those stay that are over last", codesAreBounded),
        Promise("a browser's code never changes", codesNeverChange),
    ]
}

/// One that stands for a credential that is there.
func browserCode(in store: any Store) async throws -> BrowserCode {
    try await store.populate()
    let credential = Fixture.credential(of: try await active(in: store))
    try await store.write { try $0.insert(credential, secretHash: Fixture.secretHash(9)) }
    return BrowserCode(
        credential: credential.id,
        issuedAt: Fixture.now,
        expiresAt: Fixture.now + .seconds(60)
    )
}

private func codesAreTakenOnce(_ store: any Store) async throws {
    let code = try await browserCode(in: store)
    let hash = Fixture.secretHash(1)
    try await store.write { try $0.insert(code, codeHash: hash, keeping: 9) }
    #expect(try await store.read { try $0.browserCode(codeHash: hash) } == code)
    let other = Fixture.secretHash(2)
    #expect(try await store.write { try $0.takeBrowserCode(codeHash: other) } == nil)
    #expect(try await store.write { try $0.takeBrowserCode(codeHash: hash) } == code)
    #expect(try await store.write { try $0.takeBrowserCode(codeHash: hash) } == nil)
    #expect(try await store.read { try $0.browserCode(codeHash: hash) } == nil)
}

private func codesAreBounded(_ store: any Store) async throws {
    let code = try await browserCode(in: store)
    // The second is over first.
    for (number, seconds) in [(1, 3), (2, 1), (3, 2), (4, 4)] as [(UInt8, Int64)] {
        let code = BrowserCode(
            credential: code.credential,
            issuedAt: code.issuedAt,
            expiresAt: code.issuedAt + .seconds(seconds)
        )
        try await store.write {
            try $0.insert(code, codeHash: Fixture.secretHash(number), keeping: 2)
        }
    }
    let left = try await store.read { tx in
        try (1...4).map { try tx.browserCode(codeHash: Fixture.secretHash($0)) != nil }
    }
    #expect(left == [true, false, false, true])
}

private func codesNeverChange(_ store: any Store) async throws {
    let code = try await browserCode(in: store)
    let hash = Fixture.secretHash(1)
    try await store.write { try $0.insert(code, codeHash: hash, keeping: 9) }
    await store.refuses("a second code of one text") {
        try $0.insert(code, codeHash: hash, keeping: 9)
    }
    await store.refuses("a code that is over before it begins") {
        let code = BrowserCode(
            credential: code.credential,
            issuedAt: code.issuedAt,
            expiresAt: code.issuedAt
        )
        try $0.insert(code, codeHash: Fixture.secretHash(2), keeping: 9)
    }
}
