import LockboxDomain
import LockboxPorts

extension NoticeWriter {
    /// The letter by which `person` chooses her password. Nobody can switch it off, and it goes to
    /// nobody else.
    func invite(_ person: Person, _ invitation: Invitation, by actor: Actor) throws {
        var facts = Facts()
        facts[.provider] = try tx.providerName()
        if let id = person.side.tenant {
            guard let tenant = try tx.tenant(id) else {
                throw StoreError.corrupt("there is no tenant \(id)")
            }
            facts[.tenant] = tenant.name
            facts[.changedBy] = actor.words(for: tenant, provider: try tx.providerName())
        }
        facts[.portal] = portal.name
        facts[.portalAddress] = portal.address
        facts[.invitation] = invitation.id.text
        facts[.purpose] = invitation.purpose.rawValue
        facts.set(.endsAt, to: invitation.endsAt)
        try tx.insert(
            Notice(
                id: entropy.id(),
                kind: .invitation,
                tenant: person.side.tenant,
                request: nil,
                recipient: person,
                facts: facts.stored(for: person.timeZone),
                createdAt: now,
                sendAt: now,
                goodUntil: invitation.endsAt
            )
        )
    }
}

extension LetterContent {
    /// To one person. `code` is in this letter and nowhere else.
    static func invitation(_ source: LetterSource, code: String?) -> LetterContent {
        let isForgotten =
            source.facts[.purpose] == Invitation.Purpose.forgottenPassword.rawValue
        let organisation = source.facts[.tenant] == nil ? source.provider : source.tenant
        let path = source.facts[.invitation].map { "/invitation/\($0)" } ?? ""
        var content = LetterContent(
            .decide,
            subject: isForgotten
                ? "Lockbox: choose a new password" : "Lockbox: choose your password",
            heading: isForgotten ? "Choose a new password" : "You are invited to Lockbox",
            lead: isForgotten
                ? "Somebody who gave this address says that the password is forgotten."
                : "You can sign in to Lockbox for \(organisation) once you have chosen a password.",
            rows: [
                source.row("Code", code ?? "not known"),
                source.row("Good until", source.facts.text(.endsAt)),
                isForgotten ? nil : source.row("Invited by", .changedBy),
            ],
            advice: [
                "Open the page, and type the code there with the password that you choose. The page "
                    + "alone changes nothing.",
                isForgotten
                    ? "If that was not you, do nothing: your password stays as it is."
                    : "If you do not know what this is about, do nothing: nothing was changed.",
                "Give the code to nobody. Nobody at \(source.provider) needs it.",
            ],
            why: "You get this e-mail because this is your address at \(organisation)."
        )
        content.link = source.facts[.portalAddress].map { $0 + path }
        return content
    }
}
