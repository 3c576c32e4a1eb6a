import LockboxStoreSQL

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
}
