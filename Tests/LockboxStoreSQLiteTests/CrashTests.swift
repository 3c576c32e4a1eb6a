import Foundation
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxStoreSQLite
import MerkleLog
import Testing

/// A process that writes is killed at any moment; what it has been answered is there when the store
/// is opened again.
@Suite(.serialized)
struct CrashTests {
    private static let rounds = 60

    @Test(.timeLimit(.minutes(2)))
    func everyAnsweredWriteSurvivesKilling() async throws {
        let scratch = try Scratch()
        var acknowledged = Acknowledged()
        for round in 1...Self.rounds {
            // A new database now and then, so that the first moments of one are killed too.
            if round % 10 == 1 { acknowledged = Acknowledged() }
            let path = "\(scratch.folder)/\((round - 1) / 10).sqlite"
            acknowledged.add(try killedChild(path: path, round: round))
            try await expectAll(acknowledged, at: path, "round \(round)")
        }
        #expect(!acknowledged.requests.isEmpty && !acknowledged.entries.isEmpty)
    }

    /// What a child said before it was killed.
    private func killedChild(path: String, round: Int) throws -> String {
        let child = Process()
        let output = Pipe()
        child.executableURL = try URL(
            filePath: FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        )
        .deletingLastPathComponent().appending(path: "lockbox-crash-child")
        child.arguments = [path, "\(round)"]
        child.standardOutput = output
        try child.run()
        // Its first lines may come late on a busy machine; from there on, any moment is as good as
        // another. Every fifth is not waited for and dies while it opens the store.
        var heard = Data()
        if !round.isMultiple(of: 5) {
            while !heard.contains(UInt8(ascii: "\n")) {
                let more = output.fileHandleForReading.availableData
                if more.isEmpty { break }
                heard += more
            }
        }
        usleep(UInt32.random(in: 0...(round.isMultiple(of: 5) ? 20_000 : 250_000)))
        kill(child.processIdentifier, SIGKILL)
        heard += try output.fileHandleForReading.readToEnd() ?? Data()
        child.waitUntilExit()
        // Had it ended by itself, it would have failed.
        #expect(child.terminationReason == .uncaughtSignal && child.terminationStatus == SIGKILL)
        return String(decoding: heard, as: UTF8.self)
    }

    private func expectAll(_ acknowledged: Acknowledged, at path: String, _ round: Comment)
        async throws
    {
        let store = try await SQLiteStore.open(path: path)
        let (logs, versions) = try await store.read { tx in
            (
                try tx.logs().map {
                    (head: try tx.head(of: $0), entries: try tx.entries(of: $0, in: 0..<UInt64.max))
                },
                try acknowledged.requests.keys.map { ($0, try tx.request($0)?.version ?? 0) }
            )
        }
        for (id, version) in versions { #expect(version >= acknowledged.requests[id] ?? 0, round) }
        for (head, entries) in logs {
            var range = CompactRange()
            for (index, entry) in entries.enumerated() {
                #expect(entry.index == UInt64(index), round)
                range.append(.leaf(entry.bytes))
            }
            #expect(head.size == range.size && head.range == range.hashes, round)
        }
        for (log, index) in acknowledged.entries {
            let entries = logs.map(\.entries).first { $0.first?.log == log } ?? []
            #expect(entries.contains { $0.index == index }, round)
        }
        try await store.close()
    }
}

/// What the children of one database have said that the store had answered.
private struct Acknowledged {
    /// The last index of each log: a dense log that has it has all before it.
    var entries: [LogID: UInt64] = [:]
    /// The last version of each request.
    var requests: [AccessRequestID: Int] = [:]

    mutating func add(_ said: String) {
        for line in said.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            guard words.count == 3, let number = UInt64(words[2]) else { continue }
            if words[0] == "log" {
                let log = TenantID(words[1]).map(LogID.tenant) ?? .provider
                entries[log] = max(entries[log] ?? 0, number)
            } else if let id = AccessRequestID(words[1]) {
                requests[id] = max(requests[id] ?? 0, Int(number))
            }
        }
    }
}
