/// Kinds of letters that a person does not want. Only letters that inform are among them: what asks
/// for a decision, tells an outcome or warns cannot be switched off.
public struct MutedLetters: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// That a decision is still awaited.
    public static let reminders = MutedLetters(rawValue: 1 << 0)
    /// That approved access has begun.
    public static let accessBegan = MutedLetters(rawValue: 1 << 1)
    /// The closing reports of access that ended.
    public static let accessReports = MutedLetters(rawValue: 1 << 2)

    /// That somebody has written on a support request.
    public static let supportMessages = MutedLetters(rawValue: 1 << 3)

    /// All kinds with their names, in the order in which lists show them.
    public static let all: [(name: String, kind: MutedLetters)] = [
        ("reminders", .reminders), ("accessBegan", .accessBegan), ("accessReports", .accessReports),
        ("supportMessages", .supportMessages),
    ]

    /// The names of the kinds in it, in the order of `all`.
    public var names: [String] { Self.all.filter { contains($0.kind) }.map(\.name) }

    /// Refuses a name that is unknown or given twice.
    public init(names: [String], field: String) throws(Refusal) {
        var muted: MutedLetters = []
        for (index, name) in names.enumerated() {
            guard let kind = Self.all.first(where: { $0.name == name })?.kind else {
                let known = Self.all.map(\.name).joined(separator: ", ")
                throw .invalid(
                    field: "\(field)[\(index)]",
                    problem: .malformed(expected: "one of \(known)")
                )
            }
            guard muted.insert(kind).inserted else {
                throw .invalid(field: "\(field)[\(index)]", problem: .duplicate)
            }
        }
        self = muted
    }
}
