import LockboxDomain

/// What an entry of the directory file makes of a person, and what of the entry does not count.
///
/// Who may do what at a tenant is for its administrators to say. Until a tenant has one, the file
/// says it; from then on the file adds people and switches people off, and gives no role that
/// decides (decision 0022).
struct MergedPerson {
    /// Roles by which somebody decides for a tenant, or says who does.
    private static let deciding: Roles = [.approver, .admin]

    let person: Person
    /// A line for each thing that the file says and that was not done, with the reason.
    let kept: [String]

    /// `isLastAdministrator`: whether `before` is the tenant's only active administrator.
    init(
        _ human: DirectoryFile.Person,
        at side: Side,
        before: Person?,
        id: PersonID,
        isFilesToDecide: Bool,
        isLastAdministrator: Bool
    ) {
        var roles = human.roles
        var isDisabled = human.isDisabled
        var kept: [String] = []
        if case .tenant(let tenant) = side, !isFilesToDecide {
            if let before, before.roles != human.roles {
                roles = before.roles
                kept.append(
                    "person \(human.email): kept roles \(roles.shown) where the file says "
                        + "\(human.roles.shown): the tenant's own choice"
                )
            } else if before == nil, !roles.isDisjoint(with: Self.deciding) {
                roles.subtract(Self.deciding)
                kept.append(
                    "person \(human.email): not made "
                        + "\(human.roles.intersection(Self.deciding).shown): "
                        + "that is for an administrator of \(tenant)"
                )
            }
            if isDisabled, isLastAdministrator {
                isDisabled = false
                kept.append(
                    "person \(human.email): not switched off: \(tenant) has no other administrator"
                )
            }
        }
        person = Person(
            id: id,
            side: side,
            name: human.name,
            email: human.email,
            roles: roles,
            aliases: human.aliases,
            isDisabled: isDisabled,
            mutedLetters: before?.mutedLetters ?? []
        )
        self.kept = kept
    }
}

extension Roles {
    /// As a line of the report shows them.
    var shown: String { isEmpty ? "none" : names.joined(separator: ", ") }
}
