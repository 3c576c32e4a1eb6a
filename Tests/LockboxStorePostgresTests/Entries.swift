import LockboxStoreSQL
import Synchronization

extension SQLEngine {
    /// A table to write into.
    func makeEntries() async throws {
        try await write { tx in
            _ = try tx.execute(
                """
                CREATE TABLE entry (
                    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                    word TEXT NOT NULL UNIQUE, CHECK (length(word) < 100)
                )
                """
            )
        }
    }

    func add(_ word: String) async throws {
        try await write { tx in
            _ = try tx.execute("INSERT INTO entry (word) VALUES ($1)", [.text(word)])
        }
    }

    func words() async throws -> [String] {
        try await read { tx in
            try tx.query("SELECT word FROM entry ORDER BY id") { try $0.text(0) }
        }
    }
}

struct Refused: Error, Equatable {
    let why: String
}

/// What callers were told, in the order in which they were told it.
final class Answers: Sendable {
    private let told = Mutex<[String]>([])
    var all: [String] { told.withLock { $0 } }

    func body(
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

    func adding(_ word: String) -> WaitingWrite {
        body(word) { tx in try tx.execute("INSERT INTO entry (word) VALUES ($1)", [.text(word)]) }
    }
}
