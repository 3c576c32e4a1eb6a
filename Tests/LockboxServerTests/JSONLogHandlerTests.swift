import Foundation
import LockboxFixtures
import Logging
import Testing

@testable import LockboxServer

struct JSONLogHandlerTests {
    private let handler = JSONLogHandler(label: "lockbox", level: .info, clock: FixedClock())

    private func line(_ message: String, _ metadata: Logger.Metadata = [:]) -> String {
        var handler = handler
        handler[metadataKey: "request"] = "7"
        let event = LogEvent(
            level: .info,
            message: "\(message)",
            metadata: metadata,
            source: "test",
            file: #fileID,
            function: #function,
            line: #line
        )
        return String(decoding: handler.line(event), as: UTF8.self)
    }

    @Test func lineIsOneObjectWithSortedMembers() {
        #expect(
            line("answered", ["status": "200", "a": "b"])
                == #"{"a":"b","level":"info","logger":"lockbox","message":"answered","request":"7","#
                + #""status":"200","time":"2026-11-23T09:00:00.000Z"}"# + "\n"
        )
    }

    @Test func metadataOfTheEventGoesBeforeThatOfTheLoggerAndNoneBeforeItsOwnMembers() throws {
        let read = try JSONDecoder().decode(
            [String: String].self,
            from: Data(line("m", ["request": "8", "level": "none", "time": "never"]).utf8)
        )
        #expect(read["request"] == "8")
        #expect(read["level"] == "info")
        #expect(read["time"] == "2026-11-23T09:00:00.000Z")
    }

    @Test(
        "Any text is one line that reads back as it was",
        arguments: [
            "\"quoted\" and \\ and /", "two\nlines\r\n\ttabs", "\0\u{1}\u{1f}\u{7f}\u{80}\u{2028}",
            "é ß 漢字 👩‍👩‍👧 e\u{301}", "",
        ]
    )
    func anyTextIsOneLine(text: String) throws {
        let line = line(text, [text: .string(text)])
        #expect(line.utf8.filter { $0 == UInt8(ascii: "\n") }.count == 1)
        let read = try JSONDecoder().decode([String: String].self, from: Data(line.utf8))
        #expect(read["message"] == text)
        #expect(read[text] == text)
    }
}
