import Foundation

/// Where the story is told: one line a step, in two columns.
struct Terminal: Sendable {
    private static let actionColumn = 12
    private static let answerColumn = 61
    private static let width = 120

    private let isStyled: Bool
    private let start = ContinuousClock.now

    init() {
        isStyled =
            isatty(STDOUT_FILENO) == 1 && ProcessInfo.processInfo.environment["NO_COLOR"] == nil
    }

    func say(_ text: String = "") throws { try write(text + "\n") }

    func head(_ text: String) throws { try write("\n" + styled(text, "1") + "\n") }

    /// The left half of a step's line, shown while the answer is awaited.
    func begin(_ number: Int, _ action: String) throws {
        let passed = (ContinuousClock.now - start).components
        let tenths = passed.seconds * 10 + passed.attoseconds / 100_000_000_000_000_000
        let prefix = pad("\(number)", left: 2) + pad("\(tenths / 10).\(tenths % 10) s", left: 8)
        let lines = wrapped(action, width: Self.answerColumn - Self.actionColumn - 1)
        let column = Self.answerColumn - Self.actionColumn
        var text = styled(prefix, "2") + "  "
        text += lines.joined(separator: "\n" + String(repeating: " ", count: Self.actionColumn))
        text += String(repeating: " ", count: max(1, column - (lines.last?.count ?? 0)))
        try write(text)
    }

    /// The right half: what came of it.
    func answer(_ text: String) throws { try column("→", text) }

    func fail(expected: String, came: String) throws {
        try column(styled("✗", "1;31"), "EXPECTED: \(expected). CAME: \(came)")
    }

    private func column(_ mark: String, _ text: String) throws {
        let lines = wrapped(text, width: Self.width - Self.answerColumn - 2)
        try write(
            mark + " "
                + lines.joined(
                    separator: "\n" + String(repeating: " ", count: Self.answerColumn + 2)
                ) + "\n"
        )
    }

    /// Breaks between words.
    private func wrapped(_ text: String, width: Int) -> [String] {
        var lines: [String] = [""]
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            if let last = lines.last, !last.isEmpty, last.count + 1 + word.count > width {
                lines.append(String(word))
            } else {
                lines[lines.count - 1] += (lines[lines.count - 1].isEmpty ? "" : " ") + word
            }
        }
        return lines
    }

    private func pad(_ text: String, left width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    /// Escapes for a terminal only; a pipe or a file gets plain text.
    private func styled(_ text: String, _ code: String) -> String {
        isStyled ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }

    /// At once, so that a line is seen when it is told, whoever reads.
    private func write(_ text: String) throws {
        do {
            try FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
        } catch {
            throw DemoError("Nobody reads standard output any more.")
        }
    }
}
