import Foundation
import LockboxStoreSQL
import LockboxStoreSQLite
import Testing

/// A folder of a test's own, gone when the test ends.
final class Scratch: Sendable {
    let folder: String
    var database: String { folder + "/lockbox.sqlite" }

    init() throws {
        var template = Array((NSTemporaryDirectory() + "lockbox-test-XXXXXX").utf8CString)
        try #require(mkdtemp(&template) != nil)
        folder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit {
        do {
            try FileManager.default.removeItem(atPath: folder)
        } catch {
            Issue.record(error, "the folder of the test stays behind")
        }
    }
}

/// A program that runs beside the test.
final class Neighbour {
    private let process = Process()
    private let output = Pipe()

    init(_ program: String, _ arguments: [String], readingErrors: Bool = false) throws {
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        if readingErrors {
            process.standardError = output
        } else {
            process.standardOutput = output
        }
        try process.run()
    }

    /// Python with a connection `db` to the database, in autocommit mode.
    convenience init(python script: String, database: String) throws {
        let opening = """
            import os, sqlite3, sys, time
            db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=10)

            """
        try self.init("/usr/bin/python3", ["-c", opening + script, database])
    }

    /// Waits until it has said `word`; false when it ended without.
    func says(_ word: String) -> Bool {
        var heard = ""
        while !heard.contains(word) {
            let more = output.fileHandleForReading.availableData
            if more.isEmpty { return false }
            heard += String(decoding: more, as: UTF8.self)
        }
        return true
    }

    /// Ends it at once. (A tracer that is asked politely first wants every thread of ours to stop,
    /// and one that sleeps may never.)
    func kill() { Foundation.kill(process.processIdentifier, SIGKILL) }

    /// Waits for its end.
    func exitCode() -> Int32 {
        process.waitUntilExit()
        return process.terminationStatus
    }
}

extension SQLEngine {
    /// A table to write into.
    func makeEntries() async throws {
        try await write { tx in
            _ = try tx.execute(
                "CREATE TABLE entry (id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE, CHECK (length(word) < 100))"
            )
        }
    }
}
