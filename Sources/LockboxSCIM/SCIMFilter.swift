import Foundation
import LockboxDomain
import LockboxWire

/// Which resources, or which values of one attribute, are meant (RFC 7644 §3.4.2.2).
indirect enum SCIMFilter: Sendable {
    enum Comparison: String, Sendable {
        case eq, ne, co, sw, ew, gt, ge, lt, le
    }

    /// What is looked at: the names from the resource, or the value, downwards; none where it is
    /// something of the standard that is not kept and so has no value.
    struct Target: Sendable {
        let names: [String]
        let kind: Attribute.Kind
        let isCaseExact: Bool
    }

    case all([SCIMFilter])
    case any([SCIMFilter])
    case not(SCIMFilter)
    case present(Target)
    case compare(Target, Comparison, JSONValue)
    /// Whether one value of the attribute is as the filter says.
    case element(String, SCIMFilter)

    func holds(for resource: [String: JSONValue]) -> Bool {
        switch self {
        case .all(let parts): parts.allSatisfy { $0.holds(for: resource) }
        case .any(let parts): parts.contains { $0.holds(for: resource) }
        case .not(let part): !part.holds(for: resource)
        case .present(let target):
            target.values(in: resource).contains { $0 != .null && $0 != .string("") }
        case .compare(let target, let comparison, let literal):
            target.holds(comparison, literal, in: resource)
        case .element(let name, let filter):
            resource[name]?.elements.contains { filter.holds(for: $0) } ?? false
        }
    }

    /// The text that an attribute must equal, where that is all that is asked.
    func onlyEquals(_ name: String) -> String? {
        guard case .compare(let target, .eq, .string(let text)) = self, target.names == [name]
        else { return nil }
        return text
    }

    /// What a value must have to be the one that is meant, where that is said by equality alone.
    var equalities: [String: JSONValue]? {
        switch self {
        case .compare(let target, .eq, let literal) where target.names.count == 1:
            [target.names[0]: literal]
        case .all(let parts):
            parts.reduce([:] as [String: JSONValue]?) { found, part in
                guard let found, let more = part.equalities else { return nil }
                return found.merging(more) { first, _ in first }
            }
        case .any, .not, .present, .compare, .element: nil
        }
    }
}

extension JSONValue {
    /// The objects of an array.
    var elements: [[String: JSONValue]] {
        guard case .array(let items) = self else { return [] }
        return items.compactMap { if case .object(let members) = $0 { members } else { nil } }
    }
}

extension SCIMFilter.Target {
    fileprivate func values(in resource: [String: JSONValue]) -> [JSONValue] {
        guard !names.isEmpty else { return [] }
        return names.reduce([.object(resource)]) { values, name in
            values.flatMap { value -> [JSONValue] in
                guard case .object(let members) = value, let found = members[name] else {
                    return []
                }
                if case .array(let items) = found { return items }
                return [found]
            }
        }
    }

    fileprivate func holds(
        _ comparison: SCIMFilter.Comparison,
        _ literal: JSONValue,
        in resource: [String: JSONValue]
    ) -> Bool {
        let values = values(in: resource)
        if literal == .null {
            return values.allSatisfy { $0 == .null } == (comparison == .eq)
        }
        if comparison == .ne { return !values.contains { compare($0, .eq, literal) } }
        return values.contains { compare($0, comparison, literal) }
    }

    private func compare(
        _ value: JSONValue,
        _ comparison: SCIMFilter.Comparison,
        _ literal: JSONValue
    ) -> Bool {
        guard case .string(let stored) = value, case .string(let wanted) = literal else {
            return comparison == .eq && value == literal
        }
        if kind == .dateTime, let stored = Timestamp(stored), let wanted = Timestamp(wanted) {
            return Self.ordered(stored, comparison, wanted)
        }
        let (left, right) =
            isCaseExact ? (stored, wanted) : (stored.lowercased(), wanted.lowercased())
        return switch comparison {
        case .co: left.contains(right)
        case .sw: left.hasPrefix(right)
        case .ew: left.hasSuffix(right)
        case .eq, .ne, .gt, .ge, .lt, .le: Self.ordered(left, comparison, right)
        }
    }

    private static func ordered<Value: Comparable>(
        _ left: Value,
        _ comparison: SCIMFilter.Comparison,
        _ right: Value
    ) -> Bool {
        switch comparison {
        case .eq: left == right
        case .ne: left != right
        case .gt: left > right
        case .ge: left >= right
        case .lt: left < right
        case .le: left <= right
        case .co, .sw, .ew: false
        }
    }
}

// MARK: - Reading

/// Reads filters, and paths of changes, which hold filters.
struct FilterReader {
    /// What names mean where they stand.
    private enum Scope {
        case resource(ResourceSchema)
        case values(of: Attribute)
        /// Of something that is not kept.
        case nothing
    }

    private enum Token: Equatable {
        case word(String)
        case text(String)
        case sign(Character)
    }

    private let kind: SCIMFault.Kind
    private let tokens: [Token]
    private var position = 0
    private var depth = 0
    private var comparisons = 0

    private init(_ text: String, as kind: SCIMFault.Kind) throws {
        self.kind = kind
        guard text.utf8.count <= SCIMLimits.filterBytes else {
            throw SCIMFault.bad(kind, "A filter has at most \(SCIMLimits.filterBytes) bytes.")
        }
        tokens = try Self.tokens(of: text, kind)
    }

    static func filter(_ text: String, of schema: ResourceSchema) throws -> SCIMFilter {
        var reader = try FilterReader(text, as: .invalidFilter)
        let filter = try reader.any(.resource(schema))
        guard reader.isAtEnd else { throw reader.unexpected("the end, and or or") }
        return filter
    }

    /// What a change is about (RFC 7644 §3.5.2).
    struct Path: Sendable {
        let found: ResourceSchema.Found
        /// Which values of it.
        var filter: SCIMFilter?
    }

    static func path(_ text: String, of schema: ResourceSchema) throws -> Path {
        guard text.utf8.count <= SCIMLimits.pathBytes else {
            throw SCIMFault.bad(.invalidPath, "A path has at most \(SCIMLimits.pathBytes) bytes.")
        }
        var reader = try FilterReader(text, as: .invalidPath)
        guard case .word(let name) = reader.next() else { throw reader.unexpected("a name") }
        guard let found = schema.find(name) else {
            throw SCIMFault.bad(
                .invalidPath,
                "\(SCIMFault.shown(name)): there is no such attribute."
            )
        }
        var path = Path(found: found)
        if reader.take("[") {
            path.filter = try reader.valueFilter(found, name)
            if case .word(let rest)? = reader.peek, rest.hasPrefix(".") {
                reader.position += 1
                path = Path(
                    found: try schema.whole(name, rest, found),
                    filter: path.filter
                )
            }
        }
        guard reader.isAtEnd else { throw reader.unexpected("the end") }
        return path
    }

    // MARK: Grammar

    private var peek: Token? { position < tokens.count ? tokens[position] : nil }
    private var isAtEnd: Bool { position == tokens.count }

    private mutating func next() -> Token? {
        defer { position += 1 }
        return peek
    }

    private mutating func take(_ sign: Character) -> Bool {
        guard peek == .sign(sign) else { return false }
        position += 1
        return true
    }

    private mutating func take(word: String) -> Bool {
        guard case .word(let text)? = peek, text.lowercased() == word else { return false }
        position += 1
        return true
    }

    private mutating func any(_ scope: Scope) throws -> SCIMFilter {
        var parts = [try all(scope)]
        while take(word: "or") { parts.append(try all(scope)) }
        return parts.count == 1 ? parts[0] : .any(parts)
    }

    private mutating func all(_ scope: Scope) throws -> SCIMFilter {
        var parts = [try term(scope)]
        while take(word: "and") { parts.append(try term(scope)) }
        return parts.count == 1 ? parts[0] : .all(parts)
    }

    private mutating func term(_ scope: Scope) throws -> SCIMFilter {
        if take(word: "not") {
            guard take("(") else { throw unexpected("( after not") }
            return .not(try group(scope))
        }
        if take("(") { return try group(scope) }
        return try expression(scope)
    }

    private mutating func group(_ scope: Scope) throws -> SCIMFilter {
        try inside { reader in
            let filter = try reader.any(scope)
            guard reader.take(")") else { throw reader.unexpected(")") }
            return filter
        }
    }

    /// After the opening bracket.
    private mutating func valueFilter(_ found: ResourceSchema.Found, _ name: String) throws
        -> SCIMFilter
    {
        let scope: Scope
        switch found {
        case .notKept: scope = .nothing
        case .kept(let attribute, nil) where attribute.isMultiValued && !attribute.parts.isEmpty:
            scope = .values(of: attribute)
        case .kept:
            throw SCIMFault.bad(kind, "\(SCIMFault.shown(name)): has no values to choose from.")
        }
        return try inside { reader in
            let filter = try reader.any(scope)
            guard reader.take("]") else { throw reader.unexpected("]") }
            return filter
        }
    }

    private mutating func inside(_ body: (inout FilterReader) throws -> SCIMFilter) throws
        -> SCIMFilter
    {
        depth += 1
        defer { depth -= 1 }
        guard depth <= SCIMLimits.filterDepth else {
            throw SCIMFault.bad(
                kind,
                "A filter has at most \(SCIMLimits.filterDepth) parentheses in each other."
            )
        }
        return try body(&self)
    }

    private mutating func expression(_ scope: Scope) throws -> SCIMFilter {
        comparisons += 1
        guard comparisons <= SCIMLimits.comparisonsPerFilter else {
            throw SCIMFault.bad(
                kind,
                "A filter has at most \(SCIMLimits.comparisonsPerFilter) comparisons."
            )
        }
        guard case .word(let name) = next() else { throw unexpected("the name of an attribute") }
        if case .resource(let schema) = scope, take("[") {
            guard let found = schema.find(name) else { throw unknown(name) }
            let filter = try valueFilter(found, name)
            guard case .kept(let attribute, _) = found else { return .any([]) }
            return .element(attribute.name, filter)
        }
        if take(word: "pr") { return .present(try target(name, scope, isCompared: false)) }
        guard case .word(let text) = next(),
            let comparison = SCIMFilter.Comparison(rawValue: text.lowercased())
        else { throw unexpected("eq, ne, co, sw, ew, gt, ge, lt, le or pr") }
        let target = try target(name, scope, isCompared: true)
        return .compare(target, comparison, try literal(for: target, comparison))
    }

    private func target(_ name: String, _ scope: Scope, isCompared: Bool) throws
        -> SCIMFilter.Target
    {
        let nothing = SCIMFilter.Target(names: [], kind: .string, isCaseExact: false)
        var (names, attribute): ([String], Attribute)
        switch scope {
        case .nothing: return nothing
        case .values(let whole):
            guard let part = whole.part(name) else {
                let isKnown = ResourceSchema.partsNotKept.contains(
                    "\(whole.name).\(name)".lowercased()
                )
                guard isKnown else { throw unknown(name) }
                return nothing
            }
            (names, attribute) = ([part.name], part)
        case .resource(let schema):
            guard let found = schema.find(name) else { throw unknown(name) }
            guard case .kept(let whole, let part) = found else { return nothing }
            (names, attribute) = ([whole.name] + (part.map { [$0.name] } ?? []), part ?? whole)
        }
        if isCompared, attribute.kind == .complex {
            // What is compared of several values is their `value`.
            guard attribute.isMultiValued, let value = attribute.part("value") else {
                throw SCIMFault.bad(
                    kind,
                    "\(SCIMFault.shown(name)): has parts, of which one must be named."
                )
            }
            (names, attribute) = (names + [value.name], value)
        }
        return SCIMFilter.Target(
            names: names,
            kind: attribute.kind,
            isCaseExact: attribute.isCaseExact
        )
    }

    private mutating func literal(
        for target: SCIMFilter.Target,
        _ comparison: SCIMFilter.Comparison
    ) throws -> JSONValue {
        let token = next()
        if case .word(let word) = token, word == "null" {
            guard [.eq, .ne].contains(comparison) else { throw unexpected("a value") }
            return .null
        }
        if target.kind == .boolean {
            guard [.eq, .ne].contains(comparison) else {
                throw SCIMFault.bad(kind, "true and false can only be compared by eq and ne.")
            }
            switch token {
            case .word(let word), .text(let word):
                if word.lowercased() == "true" { return true }
                if word.lowercased() == "false" { return false }
                throw unexpected("true or false")
            case _: throw unexpected("true or false")
            }
        }
        if case .text(let text) = token { return .string(text) }
        // Of what is not kept, any value is one that it does not have.
        if target.names.isEmpty, case .word(let word) = token { return .string(word) }
        throw unexpected("a text in quotes")
    }

    private func unknown(_ name: String) -> SCIMFault {
        .bad(kind, "\(SCIMFault.shown(name)): there is no such attribute.")
    }

    private func unexpected(_ wanted: String) -> SCIMFault {
        .bad(kind, "The filter or path cannot be read: \(wanted) is expected at part \(position).")
    }

    // MARK: Tokens

    private static func tokens(of text: String, _ kind: SCIMFault.Kind) throws -> [Token] {
        var tokens: [Token] = []
        var rest = Substring(text)
        while let character = rest.first {
            switch character {
            case " ": rest.removeFirst()
            case "(", ")", "[", "]":
                tokens.append(.sign(character))
                rest.removeFirst()
            case "\"": tokens.append(.text(try quoted(&rest, kind)))
            case _ where isPart(character):
                let word = rest.prefix(while: isPart)
                tokens.append(.word(String(word)))
                rest = rest.dropFirst(word.count)
            case _:
                throw SCIMFault.bad(kind, "The filter or path holds a character that none has.")
            }
        }
        return tokens
    }

    private static func isPart(_ character: Character) -> Bool {
        character.isASCII
            && (character.isLetter || character.isNumber || "._-:$+".contains(character))
    }

    /// A text in quotes, as JSON writes it.
    private static func quoted(_ rest: inout Substring, _ kind: SCIMFault.Kind) throws -> String {
        var end = rest.index(after: rest.startIndex)
        while end < rest.endIndex, rest[end] != "\"" {
            if rest[end] == "\\" {
                end = rest.index(after: end)
                guard end < rest.endIndex else { break }
            }
            end = rest.index(after: end)
        }
        let broken = SCIMFault.bad(kind, "The filter or path holds a text that has no end.")
        guard end < rest.endIndex else { throw broken }
        let literal = rest[rest.startIndex...end]
        rest = rest[rest.index(after: end)...]
        do {
            try StrictJSON.check(Array(literal.utf8))
            return try JSONDecoder().decode(String.self, from: Data(literal.utf8))
        } catch {
            throw SCIMFault.bad(kind, "The filter or path holds a text that is not one of JSON.")
        }
    }
}

extension ResourceSchema {
    /// What `name[…]` with `rest` after the bracket means.
    fileprivate func whole(_ name: String, _ rest: String, _ found: Found) throws -> Found {
        guard case .kept = found else { return .notKept }
        guard let found = find(name + rest) else {
            throw SCIMFault.bad(
                .invalidPath,
                "\(SCIMFault.shown(rest)): there is no such part."
            )
        }
        return found
    }
}
