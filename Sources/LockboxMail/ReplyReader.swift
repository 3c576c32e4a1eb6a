/// The last whole reply of the relay (RFC 5321 §4.2.1: lines `250-…` and a last one `250 …`).
struct ReplyReader {
    /// A relay may send lines without end: what is longer is cut.
    static let longest = 2000

    private(set) var last: (code: Int, text: String)?
    /// The first enhanced status code that a line of the last reply begins with.
    private(set) var status: EnhancedStatus?
    private var isClosed = false
    private var lines = ""

    mutating func forget() {
        last = nil
        status = nil
        lines = ""
    }

    /// Nothing that comes after this counts.
    mutating func close() { isClosed = true }

    mutating func read(_ bytes: UnsafeRawBufferPointer) {
        guard !isClosed else { return }
        let line = String(decoding: bytes, as: UTF8.self).filter { !$0.isNewline }
        let digits = line.utf8.prefix(3)
        guard digits.count == 3, let code = Int(line.prefix(3)), (200...599).contains(code) else {
            return
        }
        if lines.isEmpty { status = nil }
        status = status ?? EnhancedStatus(startOf: line.dropFirst(4))
        if lines.utf8.count < Self.longest {
            lines += (lines.isEmpty ? "" : " ") + line.dropFirst(4).prefix(Self.longest)
        }
        guard !line.dropFirst(3).hasPrefix("-") else { return }
        last = (code, lines)
        lines = ""
    }
}
