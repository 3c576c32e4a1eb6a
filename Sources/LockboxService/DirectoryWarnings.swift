import LockboxAudit
import LockboxDomain
import LockboxPorts

/// What is wrong with the directory as it is after `file`, though no rule forbids it.
struct DirectoryWarnings {
    let file: DirectoryFile
    let kinds: ServiceKinds
    let tx: any StoreTransaction
    let now: Timestamp

    func lines() throws -> [String] {
        try file.tenants.flatMap { try ofApproval($0) + ofMailboxes($0) + ofUnnamed($0) }
            + ofUnnamed(file.providerPeople, at: .provider, "provider") + ofLookalikes()
    }

    private func ofUnnamed(_ customer: DirectoryFile.Tenant) throws -> [String] {
        try ofUnnamed(customer.people, at: .tenant(customer.id), customer.id.text)
    }

    /// Who can sign in, and is not in the file: perhaps a leaver who was only taken out of it. A file
    /// that names nobody of a side is about something else.
    private func ofUnnamed(
        _ humans: [DirectoryFile.Person],
        at side: Side,
        _ name: String
    ) throws -> [String] {
        guard !humans.isEmpty else { return [] }
        let named = Set(
            try humans.compactMap { try tx.person(identifiedBy: Identity(local: $0.email))?.id }
        )
        let others = try tx.people(at: side).filter { !$0.isDisabled && !named.contains($0.id) }
        guard !others.isEmpty else { return [] }
        let listed = others.prefix(Self.listed).map(\.email.text).joined(separator: ", ")
        let more = others.count - Self.listed
        return [
            "\(name): in Lockbox and not in the file: \(listed)"
                + (more > 0 ? " and \(more) more" : "")
                + "; who shall not come in any more is switched off with disabled: true"
        ]
    }

    private static let listed = 20

    private func ofApproval(_ customer: DirectoryFile.Tenant) throws -> [String] {
        guard let tenant = try tx.tenant(customer.id), tenant.requiresApproval else { return [] }
        let deadline = now + tenant.policy.decisionWindow
        let eligible = try tx.approvers(of: tenant.id).count {
            $0.decidesFrom(at: deadline) == nil
        }
        if eligible < tenant.policy.approvalsNeeded {
            return [
                "\(tenant.id) requires \(tenant.policy.approvalsNeeded) approval(s) but has "
                    + "\(eligible) approver(s) whose yes counts in time; nobody can be given access to its data"
            ]
        }
        guard try tx.canDecide(for: tenant, asked: now) else {
            return [
                "\(tenant.id): nobody who may approve can sign in yet; invite one of them "
                    + "(lockboxd invite --person EMAIL)"
            ]
        }
        return []
    }

    /// An address may hold signs that no resource's name may (`sean.o'brien@…`).
    private func ofMailboxes(_ customer: DirectoryFile.Tenant) throws -> [String] {
        var lines: [String] = []
        let usual = EmailAddress("somebody@mailbox.example")!
        for service in try tx.services().map(\.service) {
            guard let kind = kinds[service.kind], !kind.resources(of: usual, at: service).isEmpty
            else { continue }
            for human in customer.people where kind.resources(of: human.email, at: service).isEmpty
            {
                lines.append(
                    "\(human.email): this mailbox cannot be a resource of \(service.id), whose names "
                        + "cannot hold all of its signs; nobody can be given access to it"
                )
            }
        }
        return lines
    }

    /// Accounts whose letters arrive in one mailbox are one person's: her second yes, or the yes to
    /// her own request, would be nobody else's.
    private func ofLookalikes() throws -> [String] {
        let named = file.tenants.flatMap(\.people) + file.providerPeople
        guard named.contains(where: { $0.email.gmailBox != nil }) else { return [] }
        let sides = [Side.provider] + (try tx.tenants()).map { .tenant($0.id) }
        let people = try sides.flatMap { try tx.people(at: $0) }.filter { !$0.isDisabled }
        let boxes = Dictionary(grouping: people.map(\.email)) { $0.gmailBox }
        return boxes.filter { $0.key != nil && $0.value.count > 1 }.map { _, addresses in
            let shown = addresses.map(\.text).sorted().joined(separator: " and ")
            return "\(shown) are one mailbox at Google, so perhaps one person with several accounts"
        }.sorted()
    }
}

extension EmailAddress {
    /// Google takes no notice of dots before the `@`, and has two names for one domain. Nil for
    /// other addresses, which are compared by their canonical form alone.
    fileprivate var gmailBox: String? {
        guard ["gmail.com", "googlemail.com"].contains(domain) else { return nil }
        return canonical.prefix { $0 != "@" }.filter { $0 != "." }
    }
}
