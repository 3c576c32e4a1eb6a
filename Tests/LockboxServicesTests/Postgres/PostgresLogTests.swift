import Foundation
import LockboxDomain
import LockboxPorts
import Synchronization
import Testing

@testable import LockboxServices

/// Keeps what it is given as a store does: each statement together with the position.
final class StagedRecorder: LogRecorder {
    private struct State {
        var positions: [String: Int] = [:]
        var statements: [String] = []
        var isFull = false
    }

    struct Full: Error {}

    private let state = Mutex(State())

    var statements: [String] { state.withLock { $0.statements } }

    func fill(_ isFull: Bool) { state.withLock { $0.isFull = isFull } }
    func forget() { state.withLock { $0 = State() } }

    func position(in file: String) async throws -> Int {
        state.withLock { $0.positions[file] ?? 0 }
    }

    func record(_ piece: LogPiece) async throws -> Int {
        try state.withLock { state in
            if state.isFull { throw Full() }
            let recorded = state.positions[piece.file] ?? 0
            guard recorded >= piece.range.lowerBound, recorded < piece.range.upperBound else {
                return recorded
            }
            for statement in piece.statements where statement.end > recorded {
                guard case .statement(let text, _, _) = statement.operation.form else { continue }
                state.statements.append(text)
            }
            state.positions[piece.file] = piece.range.upperBound
            return piece.range.upperBound
        }
    }
}

/// Files of a log in a folder of their own.
private final class LogFiles {
    let folder = FileManager.default.temporaryDirectory.appending(
        path: "lbx-log-\(UUID().uuidString)"
    )
    let form: PostgresSettings.Statements.Form
    let recorder = StagedRecorder()

    init(_ form: PostgresSettings.Statements.Form) throws {
        self.form = form
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func log() -> PostgresLog {
        PostgresLog(.init(form: form, folder: folder.path), user: "lockbox")
    }

    func path(_ name: String) -> URL {
        folder.appending(path: name + (form == .csvlog ? ".csv" : ".json"))
    }

    func append(_ text: some StringProtocol, to name: String) throws {
        let path = path(name)
        guard FileManager.default.fileExists(atPath: path.path) else {
            try Data(text.utf8).write(to: path)
            return
        }
        let file = try FileHandle(forWritingTo: path)
        try file.seekToEnd()
        try file.write(contentsOf: Data(text.utf8))
        try file.close()
    }

    func line(_ statement: String) -> String { LogLine("statement: \(statement)").text(form) }
    func start(_ number: Int) -> String { LogLine.first(number).text(form) }
}

/// A log is read as it grows, each statement once.
struct PostgresLogTests {
    typealias Form = PostgresSettings.Statements.Form

    @Test(arguments: Form.allCases)
    func growingFileIsReadOnceHoweverItComes(_ form: Form) async throws {
        let files = try LogFiles(form)
        let log = files.log()
        let text = files.start(1) + files.line("SELECT 'a\nb'") + files.line("SELECT 2")
        let half = text.index(text.startIndex, offsetBy: text.count / 2)
        for part in [text[..<half], text[half...]] {
            try files.append(part, to: "a")
            _ = try await log.read(into: files.recorder)
            _ = try await log.read(into: files.recorder)
        }
        #expect(files.recorder.statements == ["SELECT 'a\nb'", "SELECT 2"])
        // Longer than a piece.
        let many = (1...400).map { "SELECT \($0)" }
        try files.append(many.map(files.line).joined(), to: "a")
        _ = try await log.read(into: files.recorder)
        #expect(files.recorder.statements.suffix(400) == many[...])
        #expect(files.recorder.statements.count == 402)
    }

    @Test(arguments: Form.allCases)
    func nothingIsReadTwiceAfterARestartAndNothingIsMissing(_ form: Form) async throws {
        let files = try LogFiles(form)
        let text = files.line("SELECT 1") + files.line("SELECT\n2") + files.line("SELECT 3")
        var written = text.startIndex
        // A process that is killed after each look, with whatever half of a record it has seen.
        while written < text.endIndex {
            let next = text.index(written, offsetBy: 97, limitedBy: text.endIndex) ?? text.endIndex
            try files.append(text[written..<next], to: "a")
            _ = try await files.log().read(into: files.recorder)
            written = next
        }
        #expect(files.recorder.statements == ["SELECT 1", "SELECT\n2", "SELECT 3"])
        // What could not be recorded is recorded later, in order.
        let log = files.log()
        try files.append(files.line("SELECT 4"), to: "a")
        files.recorder.fill(true)
        await #expect(throws: StagedRecorder.Full.self) {
            _ = try await log.read(into: files.recorder)
        }
        try files.append(files.line("SELECT 5"), to: "a")
        files.recorder.fill(false)
        _ = try await log.read(into: files.recorder)
        #expect(files.recorder.statements.suffix(2) == ["SELECT 4", "SELECT 5"])
        // A store that was put back knows less; it gets all again.
        files.recorder.forget()
        try files.append(files.line("SELECT 6"), to: "a")
        _ = try await log.read(into: files.recorder)
        #expect(files.recorder.statements.count == 6)
    }

    @Test(arguments: Form.allCases)
    func filesThatFollowOneAnotherAreReadWhateverTheyAreCalled(_ form: Form) async throws {
        let files = try LogFiles(form)
        let log = files.log()
        try files.append(files.start(1) + files.line("SELECT 1"), to: "monday")
        _ = try await log.read(into: files.recorder)
        // Rotation: the end of the old one and the beginning of the new one, before a look.
        try files.append(files.line("SELECT 2"), to: "monday")
        try files.append(files.start(2) + files.line("SELECT 3"), to: "tuesday")
        _ = try await log.read(into: files.recorder)
        #expect(files.recorder.statements == ["SELECT 1", "SELECT 2", "SELECT 3"])
        // A copy, another name and a link bring nothing new.
        try FileManager.default.copyItem(at: files.path("monday"), to: files.path("copy"))
        try FileManager.default.moveItem(at: files.path("tuesday"), to: files.path("renamed"))
        try FileManager.default.createSymbolicLink(
            at: files.path("link"),
            withDestinationURL: files.path("monday")
        )
        _ = try await log.read(into: files.recorder)
        _ = try await files.log().read(into: files.recorder)
        #expect(files.recorder.statements.count == 3)
        // A name that is used again is another file, also where it is longer by now.
        try FileManager.default.removeItem(at: files.path("monday"))
        try FileManager.default.removeItem(at: files.path("copy"))
        try files.append(
            files.start(3) + (4...9).map { files.line("SELECT \($0)") }.joined(),
            to: "monday"
        )
        try Data().write(to: files.path("empty"))
        _ = try await log.read(into: files.recorder)
        #expect(files.recorder.statements == (1...9).map { "SELECT \($0)" })
    }

    @Test func damagedOrUnreadableLogIsSaidAndHidesNoOther() async throws {
        let files = try LogFiles(.csvlog)
        let log = files.log()
        let half = files.line("SELECT 'half").dropLast(120)
        let whole = files.start(1) + files.line("SELECT 0")
        try files.append(whole + half + files.start(2) + files.line("SELECT 1"), to: "a")
        try files.append(files.start(3) + files.line("SELECT 2"), to: "b")
        await log.expect("0a")
        for _ in 1...2 {
            await #expect(throws: LogFolder.Problem.self) {
                _ = try await log.read(into: files.recorder)
            }
        }
        #expect(files.recorder.statements == ["SELECT 0", "SELECT 2"])
        #expect(await log.forget("0a")?.hasSuffix("a.csv is damaged; move it away") == true)
        try FileManager.default.removeItem(at: files.path("a"))
        _ = try await log.read(into: files.recorder)
        #expect(await log.forget("0a") == nil)
        let nowhere = PostgresLog(.init(form: .jsonlog, folder: "/nowhere"), user: nil)
        await #expect(throws: LogFolder.Problem.self) {
            _ = try await nowhere.read(into: files.recorder)
        }
        #expect(await nowhere.forget("") == "the folder /nowhere cannot be read")
    }

    @Test(arguments: Form.allCases)
    func markHasPassedOnceWhatIsBeforeItIsRecorded(_ form: Form) async throws {
        let files = try LogFiles(form)
        let log = files.log()
        let mark = LogLine("lockbox: 0a").with { $0.user = "lockbox" }.text(form)
        await log.expect("0a")
        try files.append(files.start(1) + files.line("SELECT 1"), to: "a")
        _ = try await log.read(into: files.recorder)
        #expect(await log.hasPassed("0a") == false)
        try files.append(files.line("SELECT 2"), to: "a")
        try files.append(files.start(2) + mark, to: "b")
        files.recorder.fill(true)
        await #expect(throws: StagedRecorder.Full.self) {
            _ = try await log.read(into: files.recorder)
        }
        #expect(
            await log.hasPassed("0a") == false,
            "the mark was read, and not all before it recorded"
        )
        files.recorder.fill(false)
        _ = try await log.read(into: files.recorder)
        #expect(await log.hasPassed("0a") == false, "what was looked at before it may have grown")
        try files.append(files.line("SELECT 3"), to: "a")
        _ = try await log.read(into: files.recorder)
        #expect(await log.hasPassed("0a"))
        #expect(files.recorder.statements == ["SELECT 1", "SELECT 2", "SELECT 3"])
        #expect(await log.hasPassed("0b") == false)
    }
}
