/// A report that a letter was not delivered (RFC 3464), as a mail server sends it to the letter's
/// envelope sender.
package struct DeliveryReport: Equatable, Sendable {
    /// What is longer is not read: reports repeat the letter at their end.
    package static let longest = 256 * 1024
    /// Of the addresses that it was sent to, and of its failures, more are not looked at: a letter
    /// of ours has one recipient.
    static let most = 20

    /// Somebody whom it was not delivered to.
    package struct Failure: Equatable, Sendable {
        /// The address that it was sent to, where the report tells that, and the one where it
        /// failed.
        package let recipients: [String]
        /// Why, the status first (RFC 3463), fit for pages and logs.
        package let reason: String
    }

    /// The addresses that the report was sent to, as its header names them.
    package let recipients: [String]
    /// None where nothing failed for good: a delay, or word that it did arrive.
    package let failures: [Failure]

    /// Reads a whole message (RFC 5322, lines ended by CR LF or LF). Nil where it is no delivery
    /// report: an answer of a person, or an automatic reply.
    package init?(message: some Sequence<UInt8>) {
        var lines = Self.lines(message.prefix(Self.longest))[...]
        // Programs that mail is piped to get it as a mailbox file has it.
        if lines.first?.starts(with: "From ".utf8) == true { lines.removeFirst() }
        let header = Header(&lines)
        guard let type = header["content-type"].first.map(MediaTypeField.init),
            type.name == "multipart/report", let boundary = type.parameters["boundary"],
            type.parameters["report-type"]?.lowercased() == "delivery-status"
        else { return nil }
        guard let status = Self.statusPart(lines, boundary: boundary) else { return nil }
        let sentTo = ["delivered-to", "x-original-to", "envelope-to", "to"].flatMap { name in
            header[name].flatMap(Self.addresses)
        }
        recipients = Array(sentTo.prefix(Self.most))
        failures = Self.failures(status)
    }

    // MARK: - Parts

    private static func lines(_ bytes: some Sequence<UInt8>) -> [ArraySlice<UInt8>] {
        Array(bytes).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map {
            $0.last == UInt8(ascii: "\r") ? $0.dropLast() : $0
        }
    }

    /// The lines of the part that programs read (RFC 3464 §2, RFC 6533 §3).
    private static func statusPart(_ lines: ArraySlice<ArraySlice<UInt8>>, boundary: String)
        -> ArraySlice<ArraySlice<UInt8>>?
    {
        let delimiter = Array("--\(boundary)".utf8)
        let parts = lines.split(omittingEmptySubsequences: false) { line in
            // RFC 2046 §5.1.1: white space may follow.
            line.starts(with: delimiter)
                && line.dropFirst(delimiter.count).allSatisfy { " \t-".utf8.contains($0) }
        }
        for part in parts.dropFirst() {
            var rest = part
            let type = Header(&rest)["content-type"].first.map(MediaTypeField.init)
            if ["message/delivery-status", "message/global-delivery-status"].contains(type?.name) {
                return rest
            }
        }
        return nil
    }

    private static func failures(_ lines: ArraySlice<ArraySlice<UInt8>>) -> [Failure] {
        var failures: [Failure] = []
        var rest = lines
        while !rest.isEmpty, failures.count < Self.most {
            let group = Header(&rest)
            let action = group["action"].first?.prefix { $0.isLetter }.lowercased()
            guard action == "failed" else { continue }
            let status = group["status"].first ?? ""
            // `smtp; 550 5.1.1 …`
            let said = group["diagnostic-code"].first?.split(separator: ";", maxSplits: 1).last
            let words = [status[...], said ?? ""].map { $0.trimming(" ") }
            let text = ReplyText.cleaned(
                words.filter { !$0.isEmpty }.joined(separator: " "),
                hiding: []
            )
            // `rfc822; adam@contoso.example`
            let recipients = ["original-recipient", "final-recipient"].flatMap { name in
                group[name].prefix(1).flatMap { Self.addresses($0).prefix(1) }
            }
            failures.append(
                Failure(recipients: recipients, reason: text.isEmpty ? "no reason given" : text)
            )
        }
        return failures
    }

    /// What stands between angle brackets, or the words that have an `@`.
    private static func addresses(_ field: String) -> [String] {
        field.split { " ,;<>\t\"".contains($0) }.filter { $0.contains("@") }.map(String.init)
    }
}

/// Fields up to an empty line, names in lower case, folded lines joined (RFC 5322 §2.2).
private struct Header {
    /// RFC 5322 §2.1.1: no line has more than 998 bytes.
    private static let longestLine = 998
    /// Of a field that is folded over many lines.
    private static let longestField = 8 * 1024

    private var fields: [(name: String, value: String)] = []

    /// Takes them, and the empty line, from `lines`.
    init(_ lines: inout ArraySlice<ArraySlice<UInt8>>) {
        while let line = lines.popFirst(), !line.isEmpty {
            let text = String(decoding: line.prefix(Self.longestLine), as: UTF8.self)
            if let first = line.first, " \t".utf8.contains(first) {
                guard !fields.isEmpty else { continue }
                guard fields[fields.count - 1].value.utf8.count < Self.longestField else {
                    continue
                }
                fields[fields.count - 1].value += " " + text.trimming(" \t")
            } else if let colon = text.firstIndex(of: ":") {
                fields.append(
                    (
                        text[..<colon].trimming(" \t").lowercased(),
                        text[colon...].dropFirst().trimming(" \t")
                    )
                )
            }
        }
    }

    subscript(name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }
}

/// `type/subtype; name=value; name="value"` (RFC 2045 §5.1), names in lower case.
private struct MediaTypeField {
    let name: String
    private(set) var parameters: [String: String] = [:]

    init(_ text: String) {
        var pieces: [String] = [""]
        var (isQuoted, isEscaped) = (false, false)
        for character in text {
            switch character {
            case _ where isEscaped:
                pieces[pieces.count - 1].append(character)
                isEscaped = false
            case "\\" where isQuoted: isEscaped = true
            case "\"": isQuoted.toggle()
            case ";" where !isQuoted: pieces.append("")
            case _: pieces[pieces.count - 1].append(character)
            }
        }
        name = pieces[0].trimming(" \t").lowercased()
        for piece in pieces.dropFirst() {
            guard let equals = piece.firstIndex(of: "=") else { continue }
            parameters[piece[..<equals].trimming(" \t").lowercased()] =
                piece[equals...].dropFirst().trimming(" \t")
        }
    }
}

extension StringProtocol {
    /// By bytes: characters are slow to find from behind, and a stranger chooses them.
    fileprivate func trimming(_ characters: String) -> String {
        var bytes = Array(utf8)[...]
        while let first = bytes.first, characters.utf8.contains(first) { bytes.removeFirst() }
        while let last = bytes.last, characters.utf8.contains(last) { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }
}
