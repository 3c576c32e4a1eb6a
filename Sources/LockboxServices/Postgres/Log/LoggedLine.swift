import LockboxDomain
import LockboxPorts

/// What a record of PostgreSQL's log means here.
enum LoggedLine {
    case statement(LoggedStatement)
    /// What Lockbox itself wrote, to see whether it is read.
    case mark(String)

    /// What a mark begins with in the server's log.
    static let markPrefix = "lockbox: "

    /// Nil for everything else. `end` is where the record ends, `user` the login name of Lockbox.
    init?(_ record: LogRecord, user: String?, end: Int) {
        let (login, message) = (record[.user].text, record[.message].text)
        guard record[.severity].text == "LOG" else { return nil }
        if login == user, message.hasPrefix(Self.markPrefix) {
            self = .mark(String(message.dropFirst(Self.markPrefix.count)))
            return
        }
        // The server says a statement by itself. What a function says (`RAISE LOG`), in whatever
        // words, has a context.
        guard GrantID(loginName: login) != nil, record[.context].length == 0,
            record[.query].length == 0, let said = Said(message, tag: record[.tag].text)
        else { return nil }
        let isWhole = record[.message].isWhole
        let detail = record[.detail].length == 0 ? said.detail : record[.detail].text
        let operation = ServiceOperation(
            .statement(
                // A quote in a name could make a password of the statement behind it.
                said.isAmbiguous ? said.text : SQLText.withoutPasswords(said.text),
                database: record[.database].text,
                detail: detail.map(SQLText.withoutPasswords)
            ),
            // What is not seen may change something.
            isWrite: said.isWrite || !isWhole,
            length: isWhole ? nil : record[.message].length
        )
        self = .statement(
            LoggedStatement(
                username: login,
                at: Timestamp(postgresLog: record[.time].text),
                operation: operation,
                end: end
            )
        )
    }

    /// A statement in the words of the server.
    private struct Said {
        let text: String
        let isWrite: Bool
        /// Whether it may begin with a part of a name that the client has chosen.
        var isAmbiguous = false
        /// What stands beside it, in the same line.
        var detail: String?

        /// `log_statement`: `statement: SELECT 1`, `execute NAME: SELECT $1`, `fastpath function call:
        /// "lo_creat" (OID 957)`. `pgaudit`: `AUDIT: SESSION,1,2,READ,SELECT,…`.
        init?(_ message: String, tag: String) {
            if let sql = message.after("statement: ") {
                self.init(text: sql, isWrite: !SQLText.isRead(sql))
            } else if let named = message.after("execute ") {
                self.init(named: named, whole: message, tag: tag)
            } else if message.hasPrefix("fastpath function call: ") {
                self.init(text: message, isWrite: true)
            } else if let fields = message.after("AUDIT: ") {
                self.init(audit: fields)
            } else {
                return nil
            }
        }

        private init(text: String, isWrite: Bool) {
            (self.text, self.isWrite) = (text, isWrite)
        }

        /// The client chooses the name, and so may hide in it what looks like a statement. What the
        /// server is at, it does not choose.
        private init(named: String, whole: String, tag: String) {
            guard let colon = named.utf8.firstRange(of: ": ".utf8),
                named[..<colon.lowerBound].utf8.allSatisfy(Self.isOfName)
            else {
                (text, isWrite, isAmbiguous) = (whole, true, true)
                return
            }
            text = String(named[colon.upperBound...])
            isAmbiguous = text.utf8.contains(": ".utf8)
            isWrite =
                !Self.readingTags.contains(tag) || !SQLText.isRead(text, isAmbiguous: isAmbiguous)
        }

        private static func isOfName(_ byte: UInt8) -> Bool {
            byte.isLetter || byte.isDigit || "_./<>- ".utf8.contains(byte)
        }

        /// Classes and commands of `pgaudit` that name a statement which is recorded besides.
        private static let named = [
            ["FUNCTION", "EXECUTE"], ["MISC", "EXECUTE"], ["MISC", "EXPLAIN"],
        ]

        /// Command tags of PostgreSQL's `cmdtaglist.h`.
        private static let readingTags: Set<String> = [
            "SELECT", "SHOW", "EXPLAIN", "FETCH", "MOVE", "DECLARE CURSOR", "CLOSE CURSOR", "COPY",
            "BEGIN", "START TRANSACTION", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "SET",
            "RESET", "PREPARE", "DEALLOCATE", "LISTEN", "UNLISTEN",
        ]

        /// `AUDIT_TYPE,STATEMENT_ID,SUBSTATEMENT_ID,CLASS,COMMAND,OBJECT_TYPE,OBJECT_NAME,STATEMENT,
        /// PARAMETER` (pgaudit's README). The first of a statement is the one that `log_statement`
        /// writes too; the others are what was run in functions, but for those that name once more what
        /// was called or explained.
        private init?(audit: String) {
            let fields = audit.commaSeparated(9)
            guard fields.count >= 8, fields[2] != "1",
                !Self.named.contains(Array(fields[3...4]))
            else { return nil }
            text = fields[7]
            isWrite = fields[3] != "READ"
            if fields.count == 9, !["<none>", "<not logged>"].contains(fields[8]) {
                detail = "parameters: " + fields[8]
            }
        }
    }
}

extension String {
    fileprivate func after(_ prefix: String) -> String? {
        // Bytes: a mark that combines with the last sign of the prefix would hide it.
        utf8.starts(with: prefix.utf8)
            ? String(Substring(utf8.dropFirst(prefix.utf8.count))) : nil
    }

    /// Values between commas, some of them in quotes; at most `limit`.
    fileprivate func commaSeparated(_ limit: Int) -> [String] {
        var (fields, field, isQuoted, last) = ([String](), UnicodeScalarView(), false, false)
        for scalar in unicodeScalars {
            if scalar == "\"" {
                // A second one in quotes is one of the text.
                if last, !isQuoted { field.append(scalar) }
                (isQuoted, last) = (!isQuoted, isQuoted)
                continue
            }
            last = false
            if scalar == ",", !isQuoted {
                fields.append(String(field))
                if fields.count == limit { return fields }
                field = UnicodeScalarView()
            } else {
                field.append(scalar)
            }
        }
        return fields + [String(field)]
    }
}

extension Timestamp {
    /// `2026-11-26 15:29:32.191 UTC`, as PostgreSQL writes it where `log_timezone` is UTC.
    init?(postgresLog text: String) {
        let parts = text.split(separator: " ")
        guard parts.count == 3, ["UTC", "GMT"].contains(parts[2]) else { return nil }
        self.init("\(parts[0])T\(parts[1])Z")
    }
}
