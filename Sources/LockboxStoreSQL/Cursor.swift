import Foundation
import LockboxDomain
import LockboxPorts

/// The place of a row in a list that is ordered by time and then by key, as it is handed to callers
/// and back.
///
/// Opaque to them, but not secret: what it names is compared within the list they may see, and
/// never looked up.
struct Cursor {
    /// Which list it belongs to: a cursor of another list is none.
    let list: String
    let time: Int64
    let key: [String]

    static let refusal = Refusal.invalid(
        field: "cursor",
        problem: .malformed(expected: "a cursor from an earlier page")
    )

    init(list: String, time: Int64, key: [String] = []) {
        self.list = list
        self.time = time
        self.key = key
    }

    /// Reads what `text` gives, and refuses all else.
    init(_ text: String, list: String, keyParts: Int) throws(Refusal) {
        guard text.utf8.count <= Self.longest, let decoded = Self.decode(text) else {
            throw Self.refusal
        }
        let parts = decoded.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == keyParts + 3, parts[0] == list, parts[keyParts + 2].isEmpty,
            let time = Int64(parts[1])
        else { throw Self.refusal }
        self.init(list: list, time: time, key: parts.dropFirst(2).dropLast().map(String.init))
        // One cursor has one spelling, so that nothing can hide in another.
        guard self.text == text else { throw Self.refusal }
    }

    /// Base64url of list, time and key with a colon after each, so that a piece of a cursor is
    /// none. No part of a key holds one.
    var text: String {
        Data(([list, String(time)] + key).map { $0 + ":" }.joined().utf8).base64EncodedString()
            .replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
            .replacingOccurrences(of: "=", with: "")
    }

    /// The longest key is a support request's number with its tenant.
    private static let longest = 300

    private static func decode(_ text: String) -> String? {
        let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        let standard =
            text.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
            + padding
        guard let data = Data(base64Encoded: standard) else { return nil }
        let text = String(validating: data, as: UTF8.self)
        // No key holds a NUL, and no statement takes one.
        return text?.utf8.contains(0) ?? true ? nil : text
    }
}

extension ListPage {
    /// How many items the page may have.
    var size: Int { min(max(limit, 1), SQLLimits.pageItems) }
    /// One row more than it shows tells whether another page follows.
    var rows: SQLValue { .count(size + 1) }

    func paged<Item>(_ found: [Item], cursor: (Item) -> Cursor) -> Paged<Item> {
        let items = Array(found.prefix(size))
        return Paged(
            items: items,
            next: found.count > size ? items.last.map { cursor($0).text } : nil
        )
    }
}

/// The conditions of a query and the values they name, in the order of their placeholders.
struct Conditions {
    private var conditions: [String] = []
    private(set) var values: [SQLValue] = []

    /// Adds a condition, where there is something to compare with. `%` stands for each value's
    /// placeholder.
    mutating func add(_ condition: String, _ added: [SQLValue]) {
        let parts = condition.split(separator: "%", omittingEmptySubsequences: false)
        precondition(parts.count == added.count + 1)
        var text = String(parts[0])
        for (value, rest) in zip(added, parts.dropFirst()) {
            text += placeholder(for: value) + rest
        }
        conditions.append(text)
    }

    mutating func add(_ condition: String, _ value: SQLValue?) {
        if let value { add(condition, [value]) }
    }

    /// Adds that `column` is one of `several`, of which there is at least one. The first one fills
    /// their number up to a power of two, so that there are few statements to prepare.
    mutating func addOne(of several: [SQLValue], _ column: String) {
        var size = 16
        while size < several.count { size *= 2 }
        let filling = Array(repeating: several[0], count: size - several.count)
        let list = (several + filling).map { placeholder(for: $0) }.joined(separator: ", ")
        conditions.append("\(column) IN (\(list))")
    }

    /// The placeholder of a value that stands elsewhere in the query, after the conditions.
    mutating func placeholder(for value: SQLValue) -> String {
        values.append(value)
        return "$\(values.count)"
    }

    var whereClause: String {
        conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
    }
}
