import LockboxDomain

/// What an entry of the directory file makes of a person, and what of the entry does not count.
///
/// Who may do what at a tenant is for its administrators to say. Until a tenant has one, the file
/// says it; from then on the file adds people and switches people off, and gives no role that
/// decides. Once one has signed in, addresses are the tenant's own too, and nobody who was switched
/// off is switched on (decision 0052). What it says and may not do is proposed (decision 0062).
struct MergedPerson {
    let person: Person
    /// What waits for an administrator of the tenant to say yes.
    let wish: PersonProposal.Wish
    /// A line for each thing that the file says and that was not done, with the reason.
    let kept: [String]

    /// `isFilesToDecide`: whether the file says which roles people have; `rolesComeFrom`: the provider
    /// that says so instead, each time that somebody signs in; `isOwn`: whether the people are the
    /// tenant's own; `isProvisioned`: whether the organisation's directory speaks of this one
    /// (decision 0057), of whom the file then only says that she is switched off.
    /// `isLastAdministrator`: whether `before` is the tenant's only active administrator.
    init(
        _ human: DirectoryFile.Person,
        at side: Side,
        before: Person?,
        id: PersonID,
        isFilesToDecide: Bool,
        rolesComeFrom provider: String?,
        isOwn: Bool,
        isProvisioned: Bool = false,
        isLastAdministrator: Bool
    ) {
        var (roles, isDisabled) = (human.roles, human.isDisabled)
        var (name, email, aliases) = (human.name, human.email, human.aliases)
        var kept: [String] = []
        var wish = PersonProposal.Wish()
        if let before, isOwn || isProvisioned {
            (email, aliases) = (before.email, before.aliases)
            let difference = Self.difference(before, human)
            kept += Self.kept(before, human, difference, isProvisioned)
            if before.isDisabled { isDisabled = true }
            if !isProvisioned { wish = difference }
        }
        if let before, isProvisioned {
            (roles, name) = (before.roles, before.name)
        } else if let provider, let before, isFilesToDecide, before.roles != human.roles {
            roles = before.roles
            kept.append(
                "person \(human.email): kept roles \(roles.shown) where the file says "
                    + "\(human.roles.shown): \(provider) says them at each sign-in"
            )
        }
        if case .tenant(let tenant) = side, !isFilesToDecide {
            if let before, before.roles != human.roles, !isProvisioned {
                roles = before.roles
                if provider == nil { wish.roles = human.roles }
                kept.append(
                    "person \(human.email): kept roles \(roles.shown) where the file says "
                        + "\(human.roles.shown): the tenant's own choice"
                )
            } else if before == nil, !roles.isDisjoint(with: .deciding) {
                roles.subtract(.deciding)
                if provider == nil { wish.roles = human.roles }
                kept.append(
                    "person \(human.email): not made "
                        + "\(human.roles.intersection(.deciding).shown): "
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
            name: name,
            email: email,
            roles: roles,
            aliases: aliases,
            isDisabled: isDisabled,
            mutedLetters: before?.mutedLetters ?? [],
            timeZone: before?.timeZone,
            decisionDelay: before?.decisionDelay,
            isProgram: human.isProgram
        )
        (self.kept, self.wish) = (kept, wish)
    }

    /// What the file says besides roles of a person, and what is not so.
    private static func difference(
        _ before: Person,
        _ human: DirectoryFile.Person
    ) -> PersonProposal.Wish {
        PersonProposal.Wish(
            email: before.email == human.email ? nil : human.email,
            aliases: Set(before.aliases) == Set(human.aliases) ? nil : human.aliases,
            switchesOn: before.isDisabled && !human.isDisabled
        )
    }

    /// What the file says of a person who is the tenant's own, or its directory's, and does not decide.
    private static func kept(
        _ before: Person,
        _ human: DirectoryFile.Person,
        _ difference: PersonProposal.Wish,
        _ isProvisioned: Bool
    ) -> [String] {
        var kept: [(stays: String, asked: String)] = []
        if let email = difference.email {
            kept.append(("the address \(before.email)", email.text))
        }
        if let aliases = difference.aliases {
            kept.append(("aliases \(before.aliases.shown)", aliases.shown))
        }
        if difference.switchesOn { kept.append(("disabled", "disabled: false")) }
        if isProvisioned, before.roles != human.roles {
            kept.append(("roles \(before.roles.shown)", human.roles.shown))
        }
        let reason =
            isProvisioned ? "its directory speaks of this person" : "the tenant's own choice"
        return kept.map {
            "person \(human.email): kept \($0.stays) where the file says \($0.asked): "
                + reason
        }
    }
}

extension [EmailAddress] {
    fileprivate var shown: String {
        isEmpty ? "none" : map(\.text).sorted().joined(separator: ", ")
    }
}

extension Roles {
    /// As a line of the report shows them.
    var shown: String { isEmpty ? "none" : names.joined(separator: ", ") }
}
