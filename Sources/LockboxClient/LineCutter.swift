/// Cuts bytes that come in pieces of any length into lines.
package struct LineCutter {
    /// A line is longer than any that Lockbox writes.
    package struct LineTooLong: Error {}

    /// The longest record has texts of some kilobytes and a proof of some dozens of hashes.
    private static let longestLine = 1 << 20

    private var rest: [UInt8] = []

    package init() {}

    /// Whether the last piece ended with a line.
    package var isAtEnd: Bool { rest.isEmpty }

    /// Takes the next piece; `take` gets each line that is whole now, without its end.
    package mutating func take(
        _ piece: some Sequence<UInt8>,
        each take: ([UInt8]) throws -> Void
    ) throws {
        let known = rest.count
        rest += piece
        // What was there before holds no end of a line.
        guard let last = rest[known...].lastIndex(of: UInt8(ascii: "\n")) else {
            guard rest.count <= Self.longestLine else { throw LineTooLong() }
            return
        }
        for line in rest[..<last].split(
            separator: UInt8(ascii: "\n"),
            omittingEmptySubsequences: false
        ) {
            try take(Array(line))
        }
        rest.removeSubrange(...last)
    }
}
