package import LockboxDomain
import LockboxPorts

/// Which of its requests a service takes for reading and which for writing, by method and path. What
/// no line names is nobody's.
package struct ActionRules: Codable, Hashable, Sendable {
    /// One line, such as `GET /plans/**`.
    struct Line: Hashable, Sendable {
        enum Part: Hashable, Sendable {
            case text(String)
            /// `*`: one part, whatever it is.
            case any
            /// `**`: what is left, which may be nothing.
            case rest
        }

        /// Nil for `*`: every method, but nothing that goes on as a WebSocket.
        let method: String?
        let path: [Part]
        /// The same where letters of both cases are the same.
        private let folded: [Part]
    }

    private var read: [Line]
    private var write: [Line]

    /// The method that stands in lines for a request that goes on as a WebSocket.
    fileprivate static let webSocket = "WEBSOCKET"

    /// What a request needs whose decoded path has these `parts`; nil where no line names it.
    package func actions(
        forMethod method: String,
        parts: [String],
        isWebSocket: Bool
    ) -> Actions? {
        if isWebSocket {
            // It goes both ways, so that lines that do not speak of it let nobody just read.
            return actions(for: Self.webSocket, parts)
                ?? actions(for: method, parts).map { _ in .write }
        }
        return method == Self.webSocket ? nil : actions(for: method, parts)
    }

    /// Writing where lines of both kinds name it, unless each of those for writing is the wider one,
    /// as `* /**` is beside `GET /**`.
    private func actions(for method: String, _ parts: [String]) -> Actions? {
        let folded = parts.map(\.folded)
        let reading = read.filter { $0.names(method) && $0.leads(to: parts) }
        // Some services take letters of both cases for the same.
        let writing = write.filter { $0.names(method) && $0.leads(toFolded: folded) }
        if !reading.isEmpty, writing.allSatisfy({ wide in reading.contains(where: wide.covers) }) {
            return .read
        }
        return writing.isEmpty ? nil : .write
    }
}

extension ActionRules {
    /// Lines of one list.
    private static let most = 200

    init<Value: SettingsValue>(_ value: Value) throws(ConfigurationError) {
        let lists = try value.members(["read", "write"])
        read = try Self.lines(lists["read"])
        write = try Self.lines(lists["write"], besides: read)
        guard !read.isEmpty || !write.isEmpty else {
            throw value.error("must have read or write, or nobody gets through")
        }
    }

    private static func lines(
        _ value: (some SettingsValue)?,
        besides others: [Line] = []
    ) throws(ConfigurationError) -> [Line] {
        guard let value else { return [] }
        let items = try value.items()
        guard items.count <= most else { throw value.error("must have at most \(most) lines") }
        var lines: [Line] = []
        for item in items {
            guard let line = Line(try item.text()) else {
                throw item.error(
                    "must be a method and a path, such as GET /plans/*: a method in capitals, "
                        + "WEBSOCKET, or * for any but these; plain parts, * for one, ** at the end for the rest"
                )
            }
            guard !others.contains(line) else { throw item.error("is in the other list too") }
            lines.append(line)
        }
        return lines
    }
}

extension ActionRules.Line: Codable {
    init?(_ text: String) {
        let words = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        guard words.count == 2, text.utf8.count <= 300, words[1].hasPrefix("/") else { return nil }
        let name = String(words[0])
        guard name == "*" || Self.isMethod(name) else { return nil }
        method = name == "*" ? nil : name
        var path: [Part] = []
        let parts =
            words[1] == "/"
            ? []
            : words[1].dropFirst().split(
                separator: "/",
                omittingEmptySubsequences: false
            )
        for part in parts {
            switch part {
            case "*": path.append(.any)
            case "**": path.append(.rest)
            case "", ".", "..": return nil
            default:
                guard part.unicodeScalars.allSatisfy({ $0.value > 0x1f && $0.value != 0x7f }),
                    !part.contains(where: #"*?#%;\"#.contains)
                else { return nil }
                path.append(.text(String(part)))
            }
        }
        guard !path.dropLast().contains(.rest) else { return nil }
        self.path = path
        folded = path.map {
            switch $0 {
            case .text(let text): .text(text.folded)
            case .any, .rest: $0
            }
        }
    }

    private static func isMethod(_ name: String) -> Bool {
        // Neither goes through at all.
        name != "TRACE" && name != "CONNECT" && (1...20).contains(name.utf8.count)
            && name.utf8.allSatisfy { (0x41...0x5a).contains($0) || $0 == 0x2d }
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let line = Self(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "no rule")
        }
        self = line
    }

    func encode(to encoder: any Encoder) throws {
        let parts = path.map {
            switch $0 {
            case .text(let text): "/" + text
            case .any: "/*"
            case .rest: "/**"
            }
        }
        var container = encoder.singleValueContainer()
        try container.encode("\(method ?? "*") \(parts.isEmpty ? "/" : parts.joined())")
    }

    func names(_ asked: String) -> Bool {
        method.map { $0 == asked } ?? (asked != ActionRules.webSocket)
    }

    func leads(to parts: [String]) -> Bool { Self.leads(path, to: parts) }

    func leads(toFolded parts: [String]) -> Bool { Self.leads(folded, to: parts) }

    private static func leads(_ path: [Part], to parts: [String]) -> Bool {
        guard path.last == .rest ? parts.count >= path.count - 1 : parts.count == path.count else {
            return false
        }
        return zip(path, parts).allSatisfy {
            switch $0 {
            // Byte by byte: a service need not know which characters Unicode takes for equal.
            case .text(let text): text.utf8.elementsEqual($1.utf8)
            case .any, .rest: true
            }
        }
    }

    /// Whether it names all that `other` names.
    func covers(_ other: Self) -> Bool {
        guard method == nil || method == other.method else { return false }
        let start = path.last == .rest ? path.dropLast() : path[...]
        let rest = other.path.last == .rest ? other.path.dropLast() : other.path[...]
        guard path.last == .rest ? rest.count >= start.count : other.path.count == path.count
        else { return false }
        return zip(start, other.path).allSatisfy { $0 == .any && $1 != .rest || $0 == $1 }
    }
}

extension String {
    /// The same for what differs in the case of letters alone.
    fileprivate var folded: String { uppercased().lowercased() }
}
