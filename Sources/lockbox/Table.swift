/// Rows under headings, aligned. Cells come from a server and are cleaned here, so that no table
/// can forget it.
struct Table {
    private let headings: [String]
    private var rows: [[String]] = []

    init(_ headings: String...) { self.headings = headings }

    mutating func add(_ cells: String...) { add(cells: cells) }

    mutating func add(cells: [String]) { rows.append(cells.map { TerminalText.clean($0) }) }

    var isEmpty: Bool { rows.isEmpty }

    /// The lines. With `columns`, what is too long is cut: the last column first, but no column
    /// below a readable rest.
    func lines(columns: Int?) -> [String] {
        let all = [headings.map { $0.uppercased() }] + rows
        var widths = headings.indices.map { column in
            all.map { TerminalText.width($0[column]) }.max() ?? 0
        }
        if let columns {
            var excess = widths.reduce(0, +) + 2 * (widths.count - 1) - columns
            for column in widths.indices.reversed() where excess > 0 {
                let least = min(widths[column], 12)
                let cut = min(excess, widths[column] - least)
                widths[column] -= cut
                excess -= cut
            }
        }
        return all.map { row in
            let cells = row.enumerated().map { column, cell in
                let text = TerminalText.cut(cell, to: widths[column])
                return column == row.count - 1 ? text : TerminalText.pad(text, to: widths[column])
            }
            let line = cells.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
    }
}

/// Names and values under each other.
struct Sheet {
    private var entries: [(name: String, lines: [String])] = []

    /// Adds an entry; the second and further lines of `value` stand below the first. Nil adds
    /// nothing.
    mutating func add(_ name: String, _ value: String?) {
        guard let value else { return }
        let lines = TerminalText.clean(value, keepsLines: true).split(
            separator: "\n",
            omittingEmptySubsequences: false
        )
        entries.append((name, lines.map(String.init)))
    }

    mutating func add(_ name: String, each values: [String]) {
        if !values.isEmpty {
            add(name, values.map { TerminalText.clean($0) }.joined(separator: "\n"))
        }
    }

    var lines: [String] {
        let width = entries.map { TerminalText.width($0.name) }.max() ?? 0
        return entries.flatMap { entry in
            entry.lines.enumerated().map { number, line in
                TerminalText.pad(number == 0 ? entry.name : "", to: width) + "  " + line
            }
        }
    }
}
