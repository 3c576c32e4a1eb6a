/// What `Accept` says a client takes, and how gladly (RFC 9110 §12.5.1).
package struct AcceptedTypes: Sendable {
    private struct Range {
        let type: Substring
        let subtype: Substring
        /// From 0, never, to 1000, most gladly (§12.4.2).
        let weight: Int
        let place: Int

        var generality: Int { (type == "*" ? 1 : 0) + (subtype == "*" ? 1 : 0) }
    }

    private let ranges: [Range]

    /// A missing field takes everything. What is no media range is passed over.
    package init(_ field: String?) {
        let parts = (field ?? "*/*").lowercased().split(separator: ",")
        ranges = parts.enumerated().compactMap { place, part in
            let pieces = part.split(separator: ";", omittingEmptySubsequences: false)
            let names = pieces[0].withoutOuterSpace.split(separator: "/")
            guard names.count == 2 else { return nil }
            let weights = pieces.dropFirst().compactMap { Self.weight($0.withoutOuterSpace) }
            return Range(
                type: names[0],
                subtype: names[1],
                weight: weights.first ?? 1000,
                place: place
            )
        }
    }

    /// The form of `offered`, named by media types, that is taken most gladly. Of equals the one
    /// that the client names first wins, then the one that is offered first.
    package func best<Form>(of offered: [(type: String, form: Form)]) -> Form? {
        let taken = offered.enumerated().compactMap { order, offer in
            range(for: offer.type).flatMap { range in
                range.weight > 0 ? (range: range, order: order, form: offer.form) : nil
            }
        }
        return taken.min {
            ($1.range.weight, $0.range.place, $0.order)
                < ($0.range.weight, $1.range.place, $1.order)
        }?.form
    }

    /// The most specific one that covers `type` has the say.
    private func range(for type: String) -> Range? {
        let names = type.split(separator: "/")
        let covering = ranges.filter { range in
            (range.type == "*" || range.type == names.first)
                && (range.subtype == "*" || range.subtype == names.last)
        }
        return covering.min { ($0.generality, $0.place) < ($1.generality, $1.place) }
    }

    /// `q=0.5` in thousandths; nil for another parameter. `q=.5`, which old clients of Java send, is
    /// the same. What is no weight is the least: unknown means no.
    private static func weight(_ parameter: Substring) -> Int? {
        guard parameter.hasPrefix("q=") else { return nil }
        let text = String(parameter.dropFirst(2))
        let digits = (text.hasPrefix(".") && text.utf8.count > 1 ? "0" + text : text).utf8
        guard let whole = digits.first, [0x30, 0x31].contains(whole), digits.count <= 5,
            digits.count == 1 || digits.dropFirst().first == UInt8(ascii: "."),
            digits.dropFirst(2).allSatisfy({ (0x30...0x39).contains($0) })
        else { return 0 }
        let parts = digits.dropFirst(2).map { Int($0) - 0x30 } + [0, 0, 0]
        let fraction = parts.prefix(3).reduce(0) { $0 * 10 + $1 }
        return min(1000, (Int(whole) - 0x30) * 1000 + fraction)
    }
}
