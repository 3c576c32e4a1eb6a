import LockboxDomain
import LockboxPorts

extension SQLTransaction: BrowserCodeRecords {
    func insert(_ code: BrowserCode, codeHash: [UInt8], keeping most: Int) throws {
        let count =
            try connection.queryOne("SELECT count(*) FROM browser_code") { try $0.count(0) } ?? 0
        if count >= most {
            try connection.execute(
                """
                DELETE FROM browser_code WHERE code_hash IN (
                    SELECT code_hash FROM browser_code ORDER BY expires_at LIMIT $1)
                """,
                [.limit(count - most + 1)]
            )
        }
        try connection.insert(
            [
                "code_hash": .blob(codeHash),
                "credential": .id(code.credential),
                "issued_at": .time(code.issuedAt),
                "expires_at": .time(code.expiresAt),
            ],
            into: "browser_code"
        )
    }

    func browserCode(codeHash: [UInt8]) throws -> BrowserCode? {
        try connection.selectOne(
            from: "browser_code",
            key: ["credential"],
            "WHERE code_hash = $1",
            [.blob(codeHash)]
        ) { row in
            BrowserCode(
                credential: try row.id("credential"),
                issuedAt: try row.timestamp("issued_at"),
                expiresAt: try row.timestamp("expires_at")
            )
        }
    }

    func takeBrowserCode(codeHash: [UInt8]) throws -> BrowserCode? {
        let code = try browserCode(codeHash: codeHash)
        try connection.execute(
            "DELETE FROM browser_code WHERE code_hash = $1",
            [.blob(codeHash)]
        )
        return code
    }
}
