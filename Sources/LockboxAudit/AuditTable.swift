import Foundation
import LockboxWire

/// Audit records as a table (RFC 4180).
enum AuditTable {
    /// One for each text and fact that records have, so that a spreadsheet can sort and sum them.
    /// What a later release adds stands in `other` until it has a column.
    static let columns =
        ["index", "time", "activity", "actor", "actorName", "actorAddress", "request"] + texts
        + ["resources"] + facts + ["other", "hash"]

    private static let texts = [
        "subject", "description", "url", "reason", "comment", "message", "label", "personName",
        "personAddress", "resource",
    ]

    private static let facts =
        [
            "supportRequest", "state", "version", "stage", "engineer", "askedBy", "duration",
            "shortenedTo", "narrowed", "notBefore", "decideBy", "deadline", "approvalsNeeded",
            "number", "grant",
            "basis", "start", "end", "endedReason", "endedAt", "operations", "credential",
            "username", "actions", "expiresAt", "service", "kind", "resourceType", "attempts",
            "problem", "person", "roles", "rolesBefore", "disabled", "mutedLetters", "timeZone",
            "program",
            "token", "scopes", "addresses",
            "until", "recipient", "letter", "name", "licensed",
        ] + rules.map { "policy.\($0)" } + rules.map { "before.\($0)" }

    private static let rules = [
        "requireApproval", "decisionWindow", "maxAccess", "approvalsNeeded", "withheldFromTokens",
        "coolingOff", "allowPrograms",
    ]

    static var header: [UInt8] { line(columns) }

    static func row(_ record: AuditRecord) -> [UInt8] {
        var cells = [
            "index": String(record.index), "time": record.time, "activity": record.activity,
            "actor": record.actor.id,
            "request": record.request ?? "", "hash": record.hash,
        ]
        var others: [String] = []
        func put(_ name: String, _ value: String) {
            if known.contains(name) {
                cells[name] = value
            } else {
                others.append("\(name)=\(value)")
            }
        }
        cells["resources"] = resources(record)
        for (name, value) in facts(record.data).sorted(by: { $0.name < $1.name }) {
            put(name, value)
        }
        for field in record.texts.keys.sorted() where !isOfResources(field) {
            put(field, record.texts[field]?.text ?? "(erased)")
        }
        cells["other"] = others.joined(separator: "; ")
        return line(columns.map { cells[$0] ?? "" })
    }

    private static let known = Set(texts + facts + ["actorName", "actorAddress"])

    /// Facts by column; those of an object each in one of its own.
    private static func facts(_ data: [String: JSONValue]) -> [(name: String, value: String)] {
        data.flatMap { name, value -> [(name: String, value: String)] in
            switch value {
            case .object(let members): members.map { ("\(name).\($0)", plain($1)) }
            case .array where name == "resources": []
            case .null, .bool, .integer, .string, .array: [(name, plain(value))]
            }
        }
    }

    /// The resources of a request or grant in one cell: service, name, and what may be done to it.
    private static func resources(_ record: AuditRecord) -> String {
        guard case .array(let items) = record.data["resources"] else { return "" }
        return items.enumerated().map { place, item in
            guard case .object(let members) = item else { return plain(item) }
            let name = record.texts["resource\(place)"].map { $0.text ?? "(erased)" } ?? ""
            return "\(plain(members["service"] ?? .null)) \(name) "
                + "(\(plain(members["actions"] ?? .null)))"
        }.joined(separator: "; ")
    }

    private static func isOfResources(_ field: String) -> Bool {
        field.hasPrefix("resource") && Int(field.dropFirst(8)) != nil
    }

    private static func line(_ cells: [String]) -> [UInt8] {
        Array((cells.map(cell).joined(separator: ",") + "\r\n").utf8)
    }

    /// Quoted where needed (RFC 4180 §2). What a spreadsheet would run as a formula is made text by
    /// an apostrophe.
    ///
    /// Decided by scalars: to Swift `\r\n` is one character that equals neither of its halves, and
    /// so is a quote with an accent on it.
    private static func cell(_ raw: String) -> String {
        let text = withoutFormulas(raw)
        guard text.unicodeScalars.contains(where: quoted.contains) else { return text }
        var cell = String.UnicodeScalarView("\"".unicodeScalars)
        for scalar in text.unicodeScalars {
            if scalar == "\"" { cell.append(scalar) }
            cell.append(scalar)
        }
        cell.append("\"")
        return String(cell)
    }

    private static let quoted: Set<Unicode.Scalar> = [",", "\"", "\r", "\n"]

    /// `text` with an apostrophe before all that a spreadsheet would take for a formula (OWASP, "CSV
    /// Injection"), also after white space, which some drop: `=`, `+`, `-`, `@`, their full-width
    /// forms; and at the beginning a tab or a line break.
    ///
    /// A spreadsheet whose language separates by semicolons, or that is told to by tabs, begins cells
    /// within ours, where a quote in the middle keeps nothing together: so each of their beginnings
    /// is one too.
    private static func withoutFormulas(_ text: String) -> String {
        let text = isFormula(text) ? "'" + text : text
        // Most cells have no beginnings within, and are left as they are.
        guard text.utf8.contains(where: separators.contains) else { return text }
        var safe = String.UnicodeScalarView()
        var begins = false
        for scalar in text.unicodeScalars {
            if begins, starts.contains(scalar) { safe.append("'") }
            let separates = UInt8(exactly: scalar.value).map(separators.contains) ?? false
            begins = separates || begins && scalar.properties.isWhitespace
            safe.append(scalar)
        }
        return String(safe)
    }

    private static func isFormula(_ text: String) -> Bool {
        guard let first = text.unicodeScalars.first else { return false }
        if [Unicode.Scalar("\t"), "\r", "\n"].contains(first) { return true }
        return text.unicodeScalars.first { !$0.properties.isWhitespace }.map(starts.contains)
            ?? false
    }

    private static let separators: [UInt8] = Array(";\t\r\n".utf8)

    private static let starts: Set<Unicode.Scalar> = [
        "=", "+", "-", "@", "\u{FF1D}", "\u{FF0B}", "\u{FF0D}", "\u{FF20}",
    ]

    private static func plain(_ value: JSONValue) -> String {
        switch value {
        case .null: ""
        case .bool(let flag): String(flag)
        case .integer(let number): String(number)
        case .string(let text): text
        case .array(let items): items.map(plain).joined(separator: "+")
        case .object(let members):
            members.keys.sorted().map { "\($0):\(plain(members[$0] ?? .null))" }.joined(
                separator: " "
            )
        }
    }
}
