package import LockboxPorts

/// The log of a PostgreSQL server in a folder of this machine, read as it grows (decision 0040).
package actor PostgresLog: ServiceLog {
    /// Bytes that may be read without a statement in them before the position is written down.
    private static let unrecorded = 1 << 20

    /// What is known of a file.
    private struct Progress: Sendable {
        /// Up to where it is recorded, and up to where it is read: the latter may be within a record.
        var recorded: Int
        var position: Int
        /// Where the last whole record ended.
        var end: Int
        var reader: LogRecordReader
    }

    nonisolated let form: PostgresSettings.Statements.Form
    private let folder: LogFolder
    /// Lockbox's own login.
    private let user: String?
    private let pool = BlockingPool(width: 1, label: "lockbox.postgres.log")
    private var files: [String: Progress] = [:]
    /// Entries of which everything was read.
    private var done: [String: (entry: LogFolder.Entry, file: String)] = [:]
    /// Marks that somebody waits for, and of them those that were read.
    private var awaited: Set<String> = []
    private var found: Set<String> = []
    /// Read in the look before.
    private var seen: Set<String> = []
    /// Of these everything before them is recorded.
    private var passed: Set<String> = []
    private var problem: String?

    init(_ statements: PostgresSettings.Statements, user: String?) {
        form = statements.form
        folder = LogFolder(
            path: statements.folder,
            suffix: statements.form == .csvlog ? ".csv" : ".json"
        )
        self.user = user
    }

    // MARK: Reading

    package func read(into recorder: any LogRecorder) async throws -> Int {
        do {
            let unreadable = try await readAll(into: recorder)
            // Files are looked at one after the other: one may have grown after its turn and before
            // the mark was written to the next. The look after that has seen all of it.
            passed.formUnion(seen)
            (seen, found) = (found, [])
            problem = nil
            return unreadable
        } catch {
            problem = (error as? LogFolder.Problem)?.words ?? error.operatorText
            throw error
        }
    }

    private func readAll(into recorder: any LogRecorder) async throws -> Int {
        let folder = folder
        let entries = try await pool.run { Result { try folder.entries() } }.get()
        var (unreadable, firstError) = (0, (any Error)?.none)
        for entry in entries where done[entry.name]?.entry != entry {
            do {
                unreadable += try await read(entry, into: recorder)
            } catch {
                // One that cannot be read holds up no other.
                firstError = firstError ?? error
            }
        }
        let names = Set(entries.map(\.name))
        done = done.filter { names.contains($0.key) }
        if let firstError { throw firstError }
        let known = Set(done.values.map(\.file))
        files = files.filter { known.contains($0.key) }
        return unreadable
    }

    /// Reads one file to where it ended when the folder was looked at.
    private func read(_ entry: LogFolder.Entry, into recorder: any LogRecorder) async throws
        -> Int
    {
        var unreadable = 0
        while true {
            try Task.checkCancellation()
            let (folder, files) = (folder, files)
            let read = try await pool.run {
                Result { try folder.bytes(of: entry) { files[$0]?.position } }
            }.get()
            guard let (file, bytes) = read else { return unreadable }
            if self.files[file] == nil {
                let start = try await recorder.position(in: file)
                self.files[file] = Progress(
                    recorded: start,
                    position: start,
                    end: start,
                    reader: LogRecordReader(form)
                )
            } else if bytes.isEmpty {
                done[entry.name] = (entry, file)
                return unreadable
            } else {
                unreadable += try await take(bytes, of: file, in: entry, recorder)
            }
        }
    }

    private func take(
        _ bytes: [UInt8],
        of file: String,
        in entry: LogFolder.Entry,
        _ recorder: any LogRecorder
    ) async throws -> Int {
        guard var next = files[file] else { return 0 }
        let start = next.position
        var (statements, marks, unreadable) = ([LoggedStatement](), Set<String>(), 0)
        var (reader, end, isDamaged) = (next.reader, next.end, false)
        do {
            try reader.read(bytes) { step, offset in
                end = start + offset
                switch step {
                case .goesOn: break
                case .unreadable: unreadable += 1
                case .record(let record):
                    switch LoggedLine(record, user: user, end: end) {
                    case .statement(let statement): statements.append(statement)
                    case .mark(let mark): marks.insert(mark)
                    case nil: break
                    }
                }
            }
        } catch {
            // What was whole before it is recorded; the next look begins there, and ends here again.
            (reader, isDamaged) = (LogRecordReader(form), true)
        }
        next.reader = reader
        (next.end, next.position) = (end, isDamaged ? end : start + bytes.count)
        if !statements.isEmpty || next.end - next.recorded > Self.unrecorded {
            let piece = LogPiece(
                file: file,
                range: next.recorded..<next.end,
                statements: statements
            )
            let recorded = try await recorder.record(piece)
            guard recorded >= piece.range.upperBound else {
                // The store knows less than it did: it is read from there.
                files[file] = nil
                return 0
            }
            next.recorded = piece.range.upperBound
        }
        // Only now: what could not be recorded is read once more.
        files[file] = next
        found.formUnion(marks.intersection(awaited))
        if isDamaged {
            throw LogFolder.Problem(words: "\(folder.path)/\(entry.name) is damaged; move it away")
        }
        return unreadable
    }

    // MARK: Marks

    /// `mark` will be written into the log.
    func expect(_ mark: String) { awaited.insert(mark) }

    /// Whether everything that the server logged before `mark` is recorded.
    func hasPassed(_ mark: String) -> Bool { passed.contains(mark) }

    /// Nobody waits for `mark` any more. Gives why the log could not be read, if it could not.
    @discardableResult
    func forget(_ mark: String) -> String? {
        awaited.remove(mark)
        found.remove(mark)
        seen.remove(mark)
        passed.remove(mark)
        return problem
    }
}
