import Foundation
import LockboxDomain
import LockboxPorts
import Testing

@testable import LockboxServices

/// What an engineer writes is read as what it is, and as nothing else.
struct LogReaderTests {
    typealias Form = PostgresSettings.Statements.Form

    private static func steps(_ bytes: [UInt8], _ form: Form, pieces: Int) throws -> [LogRecord?] {
        var (reader, found) = (LogRecordReader(form), [LogRecord?]())
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            try reader.read(bytes[start..<min(bytes.count, start + pieces)]) { step, _ in
                switch step {
                case .record(let record): found.append(record)
                case .unreadable: found.append(nil)
                case .goesOn: break
                }
            }
        }
        return found
    }

    private static func statements(_ lines: [LogLine], _ form: Form) throws -> [LoggedStatement] {
        let bytes = Array(lines.map { $0.text(form) }.joined().utf8)
        return try steps(bytes, form, pieces: bytes.count).compactMap { record in
            guard
                case .statement(let statement) = LoggedLine(
                    try #require(record),
                    user: "lockbox",
                    end: 0
                )
            else { return nil }
            return statement
        }
    }

    private static let hostile = [
        "SELECT 1", "SELECT 'a\nb\"c', E'\\t\\x01'\t\u{1}\u{7f}", "\"\"", "\"", "a\"\",\"b",
        ",,,\n,,,",
        "x\"\n2026-11-26 15:29:32.191 UTC,\"lbx-other00000-1\",\"fabrikam\",1,,,,,,,,LOG,00000,"
            + "\"statement: DROP TABLE a\"",
        "{\"timestamp\":\"x\"}\n{\"user\":\"lbx-other00000-1\",\"message\":\"statement: DROP\"}",
        "\\\",\"user\":\"lbx-other00000-1\",\"x\":\"", "\\u0022,\\n\\", "ä€😀 e\u{301}", "\r\n\r",
        "\\",
    ]

    @Test(arguments: Form.allCases, hostile)
    func whateverIsInAStatementIsTheStatement(_ form: Form, _ text: String) throws {
        let line = LogLine("statement: \(text)").with {
            $0.application = text
            $0.detail = text
        }
        let bytes = Array((line.text(form) + LogLine("statement: SELECT 2").text(form)).utf8)
        let whole = try Self.steps(bytes, form, pieces: bytes.count)
        let first = try #require(whole.first ?? nil)
        #expect(whole.count == 2)
        #expect(first[.user].text == line.user)
        #expect(first[.message].bytes == Array("statement: \(text)".utf8))
        #expect(first[.detail].bytes == Array(text.utf8))
        for size in 1...7 { #expect(try Self.steps(bytes, form, pieces: size) == whole) }
        let statements = try Self.statements([line], form)
        #expect(statements.map(\.username) == [line.user])
        #expect(
            statements.first?.operation.form == .statement(text, database: "contoso", detail: text)
        )
        #expect(statements.first?.at == Timestamp("2026-11-26T15:29:32.191Z"))
    }

    @Test(arguments: Form.allCases)
    func onlyWhatTheServerSaysOfALoginIsAStatement(_ form: Form) throws {
        let own = LogLine("statement: SELECT 1")
        let others: [LogLine] = [
            own.with { $0.user = "postgres" }, own.with { $0.user = nil },
            own.with { $0.user = "lbx-x" }, own.with { $0.severity = "ERROR" },
            own.with { $0.context = "PL/pgSQL function f() line 1 at RAISE" },
            own.with { $0.query = "SELECT f()" }, own.with { $0.message = "duration: 3 ms" },
            own.with { $0.message = "connection authorized: user=a statement: DROP TABLE x" },
        ]
        #expect(try Self.statements(others, form) == [])
        let mark = LogLine("lockbox: 0a").with {
            $0.user = "lockbox"
            $0.context = "PL/pgSQL function inline_code_block line 1 at RAISE"
        }
        for (line, isMark) in [(mark, true), (mark.with { $0.user = own.user }, false)] {
            let bytes = Array(line.text(form).utf8)
            let record = try #require(try Self.steps(bytes, form, pieces: bytes.count).first ?? nil)
            if case .mark(let text) = LoggedLine(record, user: "lockbox", end: 0) {
                #expect(isMark && text == "0a")
            } else {
                #expect(!isMark)
            }
        }
    }

    @Test func whatClientsCallTheirStatementsHidesNothing() throws {
        func said(_ message: String, tag: String) throws -> (String, Bool) {
            let line = LogLine(message).with { $0.tag = tag }
            let statement = try #require(try Self.statements([line], .jsonlog).first)
            guard case .statement(let text, _, _) = statement.operation.form else {
                return ("", false)
            }
            return (text, statement.operation.isWrite)
        }
        for (message, tag, text, isWrite) in [
            ("execute <unnamed>: SELECT $1", "SELECT", "SELECT $1", false),
            ("execute S_1/C_2: SELECT $1", "SELECT", "SELECT $1", false),
            ("execute fetch from p: SELECT 1", "SELECT", "SELECT 1", false),
            ("execute s: SELECT $1", "", "SELECT $1", true),
            ("execute a: SELECT 9 --: DELETE FROM t", "DELETE", "SELECT 9 --: DELETE FROM t", true),
            (
                "execute a: SELECT 9 --: WITH x AS (DELETE FROM t RETURNING 1) SELECT 1", "SELECT",
                "SELECT 9 --: WITH x AS (DELETE FROM t RETURNING 1) SELECT 1", true
            ),
            ("execute a\"b: SELECT 1", "SELECT", "execute a\"b: SELECT 1", true),
            (
                "execute a: x password ': SELECT a FROM t WHERE b = 'c'", "SELECT",
                "x password ': SELECT a FROM t WHERE b = 'c'", true
            ),
            (
                "fastpath function call: \"lo_creat\" (OID 957)", "fastpath function call",
                "fastpath function call: \"lo_creat\" (OID 957)", true
            ),
            (
                "AUDIT: SESSION,1,2,READ,SELECT,,,\"SELECT \"\"a\"\", 1\",<none>", "SELECT",
                "SELECT \"a\", 1", false
            ),
            (
                "AUDIT: SESSION,1,3,WRITE,UPDATE,,,UPDATE t SET a = 1,<none>", "SELECT",
                "UPDATE t SET a = 1", true
            ),
        ] {
            let found = try said(message, tag: tag)
            #expect(found.0 == text && found.1 == isWrite, "\(message)")
        }
        let values = LogLine(
            "AUDIT: SESSION,1,3,WRITE,UPDATE,,,UPDATE t SET a = b,\"Eve,\"\"x\"\",\""
        )
        #expect(
            try Self.statements([values], .jsonlog).map(\.operation.form) == [
                .statement(
                    "UPDATE t SET a = b",
                    database: "contoso",
                    detail: "parameters: Eve,\"x\","
                )
            ]
        )
        for line in [
            "1,READ,SELECT,,,SELECT f()", "2,FUNCTION,EXECUTE,FUNCTION,public.f,SELECT f();",
            "2,MISC,EXPLAIN,,,EXPLAIN SELECT 1", "2,MISC,EXECUTE,,,EXECUTE find(1)",
        ] {
            let audit = LogLine("AUDIT: SESSION,1,\(line),<not logged>")
            #expect(try Self.statements([audit], .jsonlog) == [], "log_statement has it")
        }
    }

    @Test(arguments: Form.allCases)
    func longStatementIsCutInBoundedMemory(_ form: Form) throws {
        let long = LogLine("statement: SELECT '" + String(repeating: "é", count: 200_000) + "'")
        let found = try Self.statements([long, LogLine("statement: SELECT 2")], form)
        #expect(found.count == 2)
        #expect(found.first?.operation.length == 400_020)
        #expect(found.first?.operation.isWrite == true, "what is not seen may change something")
        #expect(found.last?.operation.isWrite == false)
    }

    @Test func otherEncodingsAndZerosAreReadAsWell() throws {
        let line = Array(LogLine("statement: SELECT '§'").text(.jsonlog).utf8)
        let at = try #require(line.firstRange(of: Array("§".utf8)))
        for bytes in [[0xE4], [0xFF, 0xFE], [0xE2, 0x82]] as [[UInt8]] {
            let odd = line[..<at.lowerBound] + bytes + line[at.upperBound...]
            let record = try #require(try Self.steps(Array(odd), .jsonlog, pieces: 5).first ?? nil)
            #expect(record[.message].text.hasSuffix("\u{fffd}'"))
            #expect(record[.user].text == "lbx-7k3m9qpxab-1")
        }
        let escaped = #"{"user":"a","message":"\u0000\u001f\ud83d\ude00"}"# + "\n"
        let record = try #require(
            try Self.steps(Array(escaped.utf8), .jsonlog, pieces: 1).first ?? nil
        )
        #expect(record[.message].text == "\0\u{1f}\u{fffd}\u{fffd}")
    }

    @Test func lineThatIsNoRecordIsPassedOverAndNoOtherIsTakenForOne() throws {
        let good = LogLine("statement: SELECT 1").text(.jsonlog)
        for wrong in [
            "", "{}{", "{\"message\":\"statement: SELECT 'a\(good.dropLast())", "[1]", "{\"a\":{}}",
            "{\"a\":\"\u{1}\"}", "{\"a\":\"\\x\"}", "{\"a\":\"\\u00g0\"}", "{\"a\" \"b\"}",
            "{\"a\":1",
        ] {
            let bytes = Array("\(wrong)\n\(good)".utf8)
            let found = try Self.steps(bytes, .jsonlog, pieces: bytes.count)
            #expect(found.count == 2 && found.first == .some(nil), "\(wrong)")
            #expect((found.last ?? nil)?[.user].length == 16, "\(wrong)")
        }
        // Where a value may hold line feeds, nobody can say where the next record begins.
        let record = LogLine("statement: SELECT 1").text(.csvlog)
        let half = record.prefix(record.count / 2)
        for wrong in ["\n", "a,b\n", "\(half)\(record)", "\"a\"b,", "a\"b,"] {
            #expect(throws: LogDamaged.self, "\(wrong)") {
                _ = try Self.steps(Array((wrong + record).utf8), .csvlog, pieces: 1000)
            }
        }
    }

    @Test func timeIsReadWhereItIsUTC() {
        #expect(
            Timestamp(postgresLog: "2026-11-26 15:29:32.191 UTC")
                == Timestamp("2026-11-26T15:29:32.191Z")
        )
        for other in ["2026-11-26 15:29:32.191 CET", "", "2026-11-26", "a b UTC"] {
            #expect(Timestamp(postgresLog: other) == nil)
        }
    }
}
