import Foundation
import LockboxAPI
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import Logging
import Testing

@testable import LockboxServer

/// The keys of access tokens, and when each is made, signs and goes.
struct TokenKeyFolderTests {
    private static let lifetime = TimeSpan.days(10)

    private static func keys(
        in folder: Folder,
        _ clock: FixedClock,
        seed: UInt64 = 1
    ) -> TokenKeyFolder {
        TokenKeyFolder(
            folder.path + "/keys",
            lifetime: lifetime,
            clock: clock,
            entropy: SeededEntropy(seed: seed),
            pause: ManualPause(),
            logger: Logger(label: "test")
        )
    }

    private static func files(in folder: Folder) throws -> Set<String> {
        Set(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/keys"))
    }

    @Test func firstKeySignsAtOnceAndIsItsOwnersAlone() throws {
        let folder = try Folder()
        let clock = FixedClock(Fixture.now + TimeSpan(milliseconds: 999))
        let keys = Self.keys(in: folder, clock)
        try keys.look()
        #expect(keys.keys.map(\.signsFrom) == [Fixture.now])
        let name = "\(Fixture.now.secondsSinceEpoch).pem"
        #expect(try Self.files(in: folder) == [name])
        for (path, mode) in [("keys", 0o700), ("keys/\(name)", 0o600)] {
            let file = try FileManager.default.attributesOfItem(atPath: "\(folder.path)/\(path)")
            #expect(file[.posixPermissions] as? Int == mode)
        }
        let again = Self.keys(in: folder, clock, seed: 2)
        try again.look()
        #expect(again.keys.map(\.id) == keys.keys.map(\.id))
    }

    @Test func nextKeyIsPublishedADayBeforeItSignsAndTheOldOneForAnHourAfter() throws {
        let folder = try Folder()
        let clock = FixedClock(Fixture.now)
        let keys = Self.keys(in: folder, clock)
        let next = Fixture.now + Self.lifetime
        let instant = TimeSpan(milliseconds: 1)
        let (first, both) = ([Fixture.now], [Fixture.now, next])
        let steps: [(at: Timestamp, starts: [Timestamp])] = [
            (Fixture.now, first), (next - .days(1) - instant, first), (next - .days(1), both),
            (next, both), (next + .hours(1) - instant, both), (next + .hours(1), [next]),
            (next + .days(9), [next, next + Self.lifetime]),
        ]
        for (at, starts) in steps {
            clock.move(to: at)
            try keys.look()
            #expect(keys.keys.map(\.signsFrom) == starts, "\(at)")
            #expect(
                try Self.files(in: folder) == Set(starts.map { "\($0.secondsSinceEpoch).pem" })
            )
        }
    }

    @Test func afterALongStopTheOldKeySignsUntilTheNewOneIsKnown() throws {
        let folder = try Folder()
        let clock = FixedClock(Fixture.now)
        try Self.keys(in: folder, clock).look()
        clock.move(to: Fixture.now + .days(100))
        let keys = Self.keys(in: folder, clock)
        try keys.look()
        #expect(keys.keys.map(\.signsFrom) == [Fixture.now, Fixture.now + .days(101)])
    }

    @Test func processesThatLookTogetherHaveTheSameKeys() async throws {
        let folder = try Folder()
        let clock = FixedClock(Fixture.now)
        let path = folder.path
        let found = try await withThrowingTaskGroup(of: [String].self) { group in
            for seed in 1...8 as ClosedRange<UInt64> {
                let keys = Self.keys(in: folder, clock, seed: seed)
                group.addTask {
                    try keys.look()
                    return keys.keys.map(\.id)
                }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(found.count == 1 && found.first?.count == 1, "\(path)")
    }

    @Test func keysThatAnOperatorTakesAwayAreReplacedAtOnce() throws {
        let folder = try Folder()
        let clock = FixedClock(Fixture.now)
        let keys = Self.keys(in: folder, clock)
        try keys.look()
        let before = try #require(keys.keys.first)
        for name in try Self.files(in: folder) {
            try FileManager.default.removeItem(atPath: "\(folder.path)/keys/\(name)")
        }
        clock.move(to: Fixture.now + .days(1))
        try keys.look()
        #expect(keys.keys.map(\.signsFrom) == [Fixture.now + .days(1)])
        #expect(keys.keys.first?.id != before.id)
    }

    @Test func whereNoKeySignsYetOneIsMadeThatSignsAtOnce() throws {
        let folder = try Folder()
        let clock = FixedClock(Fixture.now)
        try Self.keys(in: folder, clock).look()
        let next = Fixture.now + Self.lifetime
        clock.move(to: next - .days(1))
        try Self.keys(in: folder, clock).look()
        // An operator takes away the one that signs.
        let current = "\(folder.path)/keys/\(Fixture.now.secondsSinceEpoch).pem"
        try FileManager.default.removeItem(atPath: current)
        let keys = Self.keys(in: folder, clock, seed: 2)
        try keys.look()
        #expect(keys.keys.map(\.signsFrom) == [next - .days(1), next])
        // The clock was set back before the start.
        let before = FixedClock(Fixture.now - .days(1))
        let earlier = Self.keys(in: folder, before, seed: 3)
        try earlier.look()
        #expect(earlier.keys.map(\.signsFrom) == [Fixture.now - .days(1), next - .days(1), next])
        let known = earlier.keys.map(\.id)
        try earlier.look()
        #expect(earlier.keys.map(\.id) == known)
    }

    @Test func whatACrashLeavesIsNoKeyAndIsInNobodysWay() throws {
        let folder = try Folder()
        let clock = FixedClock(Fixture.now)
        let keys = Self.keys(in: folder, clock)
        try keys.look()
        try folder.write("half a k", to: "keys/draft")
        clock.move(to: Fixture.now + .days(9))
        try keys.look()
        #expect(keys.keys.count == 2)
        #expect(try Self.files(in: folder).count == 2)
    }

    @Test(arguments: [
        (
            "no key", 0o600,
            "dataDir: FOLDER/keys/7.pem holds no private key of P-256; take it out of the folder"
        ),
        ("", 0o600, "dataDir: the file FOLDER/keys/7.pem is empty"),
        (
            "x", 0o644,
            "dataDir: everybody on this machine can read the file FOLDER/keys/7.pem, or its group "
                + "can write it; close it: chmod 600 FOLDER/keys/7.pem"
        ),
    ])
    func brokenFileIsNamedAndTheKnownKeysStay(_ text: String, _ mode: Int, _ expected: String)
        throws
    {
        let folder = try Folder()
        let keys = Self.keys(in: folder, FixedClock(Fixture.now))
        try keys.look()
        let known = keys.keys.map(\.id)
        try folder.write(text, to: "keys/7.pem", mode: mode)
        #expect(try complaint(in: folder) { try keys.look() } == expected)
        #expect(keys.keys.map(\.id) == known)
    }
}
