package import LockboxStoreSQL
import Synchronization

/// What the tests of each engine write into a table `entry` (`id`, `word`), which is made in the words of
/// its database.
extension SQLEngine {
    package func add(_ word: String) async throws {
        try await write { tx in
            _ = try tx.execute("INSERT INTO entry (word) VALUES ($1)", [.text(word)])
        }
    }

    package func words() async throws -> [String] {
        try await read { tx in
            try tx.query("SELECT word FROM entry ORDER BY id") { try $0.text(0) }
        }
    }
}

/// What a body throws that does not want what it wrote.
package struct Refused: Error, Equatable {
    private let why: String

    package init(why: String) { self.why = why }
}

/// What callers were told, in the order in which they were told it.
package final class Answers: Sendable {
    private let told = Mutex<[String]>([])

    package init() {}

    package var all: [String] { told.withLock { $0 } }

    package func body(
        _ name: String,
        _ body: @escaping @Sendable (any SQLConnection) throws -> Void
    ) -> WaitingWrite {
        WaitingWrite(
            run: { [self] tx in
                try body(tx)
                return { [self] in told.withLock { $0.append("\(name): done") } }
            },
            fail: { [self] error in told.withLock { $0.append("\(name): \(error)") } }
        )
    }

    package func adding(_ word: String) -> WaitingWrite {
        body(word) { tx in try tx.execute("INSERT INTO entry (word) VALUES ($1)", [.text(word)]) }
    }
}
