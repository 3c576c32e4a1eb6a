import Foundation
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxStoreSQLite

/// Writes into the store at a path, from several writers at once and without end, and says so after
/// each write that the store has answered: `log INDEX` or `request ID VERSION`, a line each. It is
/// there to be killed.
@main
enum CrashChild {
    static let writers = 6

    static func main() async throws {
        let path = CommandLine.arguments[1]
        let round = UInt64(CommandLine.arguments[2])!
        let store = try await SQLiteStore.open(path: path)
        try await store.write { tx in
            if try tx.tenants().isEmpty { try Fixture.populate(tx) }
        }
        say("open")
        try await withThrowingTaskGroup { group in
            for writer in 0..<UInt64(writers) {
                let entropy = SeededEntropy(seed: round << 8 | writer)
                group.addTask { while true { try await step(writer, in: store, entropy: entropy) } }
            }
            try await group.waitForAll()
        }
    }

    /// Every other writer appends entries; the others submit requests and let a manager decide,
    /// each with its entry in the same transaction.
    private static func step(_ writer: UInt64, in store: SQLiteStore, entropy: SeededEntropy)
        async throws
    {
        let log: LogID = writer < 3 ? .tenant(Fixture.contoso.id) : .provider
        if writer.isMultiple(of: 2) {
            let index = try await store.write { tx in
                try LogWriter.append(to: log, texts: [Fixture.text("actorName", "Eve")], in: tx)
                    .index
            }
            say("log \(log.tenant?.text ?? "-") \(index)")
            return
        }
        let id: AccessRequestID = entropy.id()
        var request = try AccessRequest.submit(
            id: id,
            terms: Fixture.terms(),
            engineer: Fixture.eve,
            tenant: Fixture.contoso,
            approvers: [Fixture.adam],
            now: Fixture.now
        ).request
        try await save(request, log, in: store)
        _ = try request.decide(
            .approve(.none),
            comment: nil,
            by: Fixture.mark,
            version: 1,
            in: Fixture.context(),
            now: Fixture.now
        )
        try await save(request, log, in: store)
    }

    private static func save(_ request: AccessRequest, _ log: LogID, in store: SQLiteStore)
        async throws
    {
        let index = try await store.write { tx in
            try tx.save(request)
            return try LogWriter.append(
                to: log,
                about: request.id,
                saying: "\(request.version)",
                in: tx
            ).index
        }
        say("log \(log.tenant?.text ?? "-") \(index)")
        say("request \(request.id) \(request.version)")
    }

    /// One call, so that a line is whole or not there at all.
    private static func say(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        precondition(write(1, bytes, bytes.count) == bytes.count)
    }
}
