import Foundation
import LockboxDomain
import LockboxPorts

// How the domain's values stand in one column.

extension SQLValue {
    static func time(_ instant: Timestamp) -> SQLValue { .integer(instant.milliseconds) }
    static func time(_ instant: Timestamp?) -> SQLValue { .optional(instant?.milliseconds) }
    static func span(_ span: TimeSpan) -> SQLValue { .integer(span.milliseconds) }
    static func span(_ span: TimeSpan?) -> SQLValue { .optional(span?.milliseconds) }
    static func id<Entity>(_ id: ID<Entity>) -> SQLValue { .text(id.text) }
    static func id<Entity>(_ id: ID<Entity>?) -> SQLValue { .optional(id?.text) }
    static func id<Entity>(_ id: Slug<Entity>) -> SQLValue { .text(id.text) }
    static func id<Entity>(_ id: Slug<Entity>?) -> SQLValue { .optional(id?.text) }
    static func flag(_ flag: Bool) -> SQLValue { .integer(flag ? 1 : 0) }
    static func count(_ count: Int) -> SQLValue { .integer(Int64(count)) }
    static func scopes(_ scopes: TokenScopes) -> SQLValue { .integer(Int64(scopes.rawValue)) }
    static func choice(_ choice: some RawRepresentable<String>) -> SQLValue {
        .text(choice.rawValue)
    }
    static func log(_ log: LogID) -> SQLValue { .text(log.stored) }
    /// Positions beyond what a column holds are beyond every log.
    static func position(_ position: UInt64) -> SQLValue { .integer(Int64(clamping: position)) }
    /// At most as many rows as anyone may ask for at once, and at least one.
    static func limit(_ limit: Int) -> SQLValue {
        .integer(Int64(min(max(limit, 1), SQLLimits.rows)))
    }
}

/// The bounds of the store.
enum SQLLimits {
    /// Rows of one answer.
    static let rows = 10_000
    /// Items of one page.
    static let pageItems = 1_000
    /// A number of things, or a place in a log, is below this: far beyond all that happens, and far
    /// enough below what an integer holds for the sum of many.
    static let count: Int64 = 1 << 40
    /// The longest span.
    static let span = TimeSpan.days(36_500)
    /// Bodies that share one commit: the point from which waiting for the disk is no longer what
    /// costs.
    static let groupSize = 256
    /// Bodies in line. Past this the callers hear that the store is unavailable, rather than memory
    /// growing.
    static let waitingWrites = 8_192
}

extension LogID {
    /// A tenant's identifier, or nothing for the provider.
    var stored: String { tenant?.text ?? "" }

    init?(stored: String) {
        if stored.isEmpty {
            self = .provider
        } else {
            guard let tenant = TenantID(stored) else { return nil }
            self = .tenant(tenant)
        }
    }
}

extension Actions {
    init?(stored: Int64) {
        guard let rawValue = UInt8(exactly: stored) else { return nil }
        self.init(rawValue: rawValue)
        guard !isEmpty, isSubset(of: [.read, .write]) else { return nil }
    }
}

extension Scope {
    /// A line for each access: service, resource and actions with a space between. None of the
    /// three can hold one.
    var stored: String {
        accesses.map { "\($0.resource.service) \($0.resource.name) \($0.actions.rawValue)" }.joined(
            separator: "\n"
        )
    }

    /// Nil unless `stored` is what the property of that name gives.
    init?(stored: String) {
        var accesses: [Access] = []
        for line in stored.split(separator: "\n", omittingEmptySubsequences: false) {
            let parts = line.split(separator: " ", omittingEmptySubsequences: false)
            guard parts.count == 3, let service = ServiceID(String(parts[0])),
                let resource = Resource(service: service, name: String(parts[1])),
                let number = Int64(parts[2]), let actions = Actions(stored: number)
            else { return nil }
            accesses.append(Access(resource, actions))
        }
        do throws(Refusal) {
            self = try Scope(accesses)
        } catch {
            return nil
        }
        guard self.stored == stored else { return nil }
    }
}

/// Lists and dictionaries of texts, as JSON in one column.
enum JSONColumn {
    static func value(_ content: some Encodable) throws -> SQLValue {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return .text(String(decoding: try encoder.encode(content), as: UTF8.self))
    }
}

extension SQLRow {
    func json<Content: Decodable>(_ column: SQLColumn, _: Content.Type = Content.self)
        throws(StoreError)
        -> Content
    {
        do {
            return try JSONDecoder().decode(Content.self, from: Data(try text(column).utf8))
        } catch {
            throw corrupt
        }
    }
}
