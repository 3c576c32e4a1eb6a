/// Somebody who has to do with a request, as one reader is told who it is (decision 0066).
public struct ShownPerson: Hashable, Sendable {
    public let id: PersonID
    public let side: Side
    public let isProgram: Bool
    /// Without the mark of a program.
    public let name: String
    /// Nil where the reader is not told who it is.
    public let email: EmailAddress?

    public init(id: PersonID, side: Side, isProgram: Bool, name: String, email: EmailAddress?) {
        self.id = id
        self.side = side
        self.isProgram = isProgram
        self.name = name
        self.email = email
    }

    /// The name with the mark of a program.
    public var markedName: String { isProgram ? name + Person.programMark : name }
}

extension Person {
    /// Whether people of `reader` are told who this is, where it has to do with access.
    private func isNamed(to reader: Side) -> Bool { reader != .provider || side == .provider }

    /// The name, where people of `reader` are told it; else nil.
    public func nameShown(to reader: Side) -> String? { isNamed(to: reader) ? name : nil }

    /// As people of `reader` are told who decides about access, ends it, or is asked. The provider's
    /// people learn no name and no address of a customer's approvers: who knows them can press them, or
    /// write to them in Lockbox's name. `organisation` is the customer's name.
    public func shown(to reader: Side, of organisation: String) -> ShownPerson {
        let isNamed = isNamed(to: reader)
        return ShownPerson(
            id: id,
            side: side,
            isProgram: isProgram,
            name: isNamed ? name : "\(organisation)’s approver",
            email: isNamed ? email : nil
        )
    }
}
