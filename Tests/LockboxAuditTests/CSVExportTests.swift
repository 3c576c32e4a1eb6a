import Foundation
import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import Testing

/// The table that an export is, read back by the letter of RFC 4180.
struct CSVExportTests {
    private static let hostile = [
        "two\nlines", "two\r\nlines", "one\rcarriage return", "a \"quoted\" word, and a comma",
        "\"", "\"\u{301}", ",\u{301}", "\n\u{301}", "=1+1", "+1", "-1", "@SUM(A1)", "\t=1+1",
        "\r=1+1", "\n=1+1", " =1+1", "\u{A0}=1+1", "\u{FF1D}1+1", "=cmd|' /C calc'!A0",
        "1,2\r\n\"3\",\"4\"\r\n", "'", "look;=cmd|'/c calc'!A0", "look; \u{A0}+1", "a\t@b",
        "two\n-lines", "a\r\n  =1;=2", "\";=1", "fine; and - well",
    ]

    /// A name becomes a cell of its own, so that it must come back alone.
    @Test func everyTextComesBackInTheCellItWasPutInto() async throws {
        try await AuditWorld.with { world in
            try await Self.furnish(world)
            let rows = try #require(StrictCSV.rows(of: try await export(world)))
            let header = try #require(rows.first)
            #expect(Set(header).count == header.count)
            #expect(rows.allSatisfy { $0.count == header.count })
            let name = try #require(header.firstIndex(of: "actorName"))
            let named = rows.dropFirst().map { $0[name] }.filter { !$0.isEmpty }
            let shown = Self.hostile
            #expect(named.count == shown.count)
            for (cell, text) in zip(named, shown) {
                // But for apostrophes, which make text.
                let apostrophe = UInt8(ascii: "'")
                #expect(
                    cell.utf8.filter { $0 != apostrophe } == text.utf8.filter { $0 != apostrophe },
                    "\(text.debugDescription)"
                )
                if text.contains("fine") { #expect(cell == text) }
            }
        }
    }

    @Test func noCellBeginsAFormula() async throws {
        try await AuditWorld.with { world in
            try await Self.furnish(world)
            for cell in try #require(StrictCSV.rows(of: try await export(world))).flatMap({ $0 }) {
                let first = cell.unicodeScalars.first { !$0.properties.isWhitespace }
                let signs = "=+-@\u{FF1D}\u{FF0B}\u{FF0D}\u{FF20}".unicodeScalars
                #expect(first.map(signs.contains) != true, "\(cell.debugDescription)")
                let breaks = "\t\r\n".unicodeScalars
                #expect(cell.unicodeScalars.first.map(breaks.contains) != true)
            }
        }
    }

    /// Quotes within a cell keep nothing together for those who separate otherwise.
    @Test(arguments: [Unicode.Scalar(";"), "\t"])
    func noCellOfOtherSeparatorsBeginsAFormula(_ separator: Unicode.Scalar) async throws {
        try await AuditWorld.with { world in
            try await Self.furnish(world)
            let pieces = try await export(world).unicodeScalars.split {
                $0 == separator || $0 == "\r" || $0 == "\n"
            }
            for piece in pieces {
                let first = piece.first { !$0.properties.isWhitespace && $0 != "\"" }
                let signs = "=+-@\u{FF1D}\u{FF0B}\u{FF0D}\u{FF20}".unicodeScalars
                #expect(first.map(signs.contains) != true, "\(String(piece).debugDescription)")
            }
        }
    }

    /// The names are taken from where records are made, so that a new one cannot be forgotten here.
    @Test func everyFactHasAColumn() async throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Sources/LockboxAudit")
        var names: Set<String> = []
        for file in ["AuditFacts", "SignInFacts", "ProposalFacts", "PolicyChangeFacts"] {
            let source = try String(
                contentsOf: folder.appending(path: "\(file).swift"),
                encoding: .utf8
            )
            for match in source.matches(
                of: #/(?:(?:data|texts|members)\["(\w+)"\] = |"([a-z]\w*)": )/#
            ) {
                names.insert(String(match.output.1 ?? match.output.2 ?? ""))
            }
        }
        #expect(names.count > 90)
        // Of pairs in one cell; and what has a column for each of its members.
        let within: Set = ["value", "policy", "before", "wanted"]
        try await AuditWorld.with { world in
            let header = try #require(StrictCSV.rows(of: try await export(world))?.first)
            let missing = names.subtracting(within).filter { name in
                !header.contains(name) && !header.contains("policy.\(name)")
            }
            #expect(missing.isEmpty, "\(missing.sorted())")
        }
    }

    @Test func markComesFirstWhereItIsAskedFor() async throws {
        try await AuditWorld.with { world in
            try await Self.furnish(world)
            let marked = try await export(world, byteOrderMark: true)
            let plain = try await export(world)
            #expect(marked.utf8.elementsEqual("\u{FEFF}\(plain)".utf8))
        }
    }

    /// Somebody for each text, who has it for a name and did something.
    private static func furnish(_ world: AuditWorld) async throws {
        for (number, text) in hostile.enumerated() {
            let person = Fixture.person(UInt8(100 + number), text, "p\(number)@contoso.test")
            try await world.audited.write(by: .console) { change in
                try change.tx.save(person)
                change.emit(.directory(.personAdded(person)))
            }
            try await world.audited.write(by: .person(person)) { change in
                change.emit(.signIn(.passwordSet(person)))
            }
        }
    }

    private func export(_ world: AuditWorld, byteOrderMark: Bool = false) async throws -> String {
        var bytes: [UInt8] = []
        let reader = try world.reader()
        try await reader.export(
            LogSearch(),
            size: nil,
            of: AuditWorld.contoso,
            as: .csv(byteOrderMark: byteOrderMark),
            holding: try reader.exportPlace(
                of: AuditWorld.contoso,
                for: Fixture.sue.id,
                at: Fixture.now
            ),
            isWanted: {},
            to: { bytes += $0 }
        )
        return try #require(String(validating: bytes, as: UTF8.self))
    }
}

/// A reader that takes exactly the grammar of RFC 4180 §2, with CR LF after each record.
enum StrictCSV {
    /// Nil for anything that is not in the grammar.
    static func rows(of text: String) -> [[String]]? {
        var rest = text.unicodeScalars[...]
        var (rows, row): ([[String]], [String]) = ([], [])
        while !rest.isEmpty {
            guard let cell = rest.first == "\"" ? quoted(&rest) : plain(&rest) else { return nil }
            row.append(cell)
            if rest.first == "," {
                rest.removeFirst()
            } else if rest.starts(with: "\r\n".unicodeScalars) {
                rest.removeFirst(2)
                rows.append(row)
                row = []
            } else {
                return nil
            }
        }
        return row.isEmpty ? rows : nil
    }

    private static func plain(_ rest: inout Substring.UnicodeScalarView) -> String? {
        let cell = rest.prefix { !["\r", "\n", ",", "\""].contains($0) }
        rest.removeFirst(cell.count)
        return String(String.UnicodeScalarView(cell))
    }

    private static func quoted(_ rest: inout Substring.UnicodeScalarView) -> String? {
        rest.removeFirst()
        var cell = String.UnicodeScalarView()
        while let scalar = rest.popFirst() {
            guard scalar == "\"" else {
                cell.append(scalar)
                continue
            }
            guard rest.first == "\"" else { return String(cell) }
            rest.removeFirst()
            cell.append(scalar)
        }
        return nil
    }
}
