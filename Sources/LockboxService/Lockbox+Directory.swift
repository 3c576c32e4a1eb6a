import LockboxAudit
import LockboxDomain
import LockboxPorts

/// What an `apply` comes to, a line each.
package struct ApplyReport: Hashable, Sendable {
    /// What changed, and what the file asked for and was kept.
    package var changes: [String]
    /// What is wrong with the directory as it is now, whether or not anything changed.
    package var warnings: [String]

    package init(changes: [String] = [], warnings: [String] = []) {
        self.changes = changes
        self.warnings = warnings
    }
}

extension Lockbox {
    /// Brings the directory to what `file` says, in one write. What the file does not mention stays.
    /// A tenant's policy is its own once it exists: the file may make it stricter, never looser. So
    /// are the roles of its people once it has an administrator, and their addresses once one has signed
    /// in (`MergedPerson`).
    ///
    /// With `isDryRun` it says what would change, and changes nothing.
    package func apply(_ file: DirectoryFile, isDryRun: Bool = false) async throws
        -> ApplyReport
    {
        do {
            return try await write(file, isDryRun: isDryRun)
        } catch let outcome as DryRun {
            return outcome.report
        }
    }

    /// Thrown out of the write, so that nothing of it stays.
    private struct DryRun: Error { let report: ApplyReport }

    private func write(_ file: DirectoryFile, isDryRun: Bool) async throws -> ApplyReport {
        try file.checkForRepetition()
        return try await store.write(by: .console) { change in
            var report = ApplyReport()
            if let name = file.providerName, try change.tx.providerName() != name {
                try change.tx.saveProviderName(name)
                change.emit(.directory(.providerRenamed(name)))
                report.changes.append("provider: named \(name)")
            }
            for (place, settings) in file.services {
                try at(place) { report.changes += try change.apply(settings) }
            }
            for customer in file.tenants {
                try at(customer.place) { report.changes += try change.applyTenant(customer) }
            }
            report.changes += try change.applyDomains(file.tenants)
            report.changes += try change.applySignIn(file)
            // From here on it is known whose everybody and everything that comes can be.
            let owners = DomainOwners(try change.tx.tenants())
            for human in file.providerPeople {
                try at(human.place) {
                    report.changes += try change.apply(
                        human,
                        at: .provider,
                        owners,
                        isFilesToDecide: true,
                        isOwn: false
                    )
                }
            }
            for customer in file.tenants {
                try at(customer.place) {
                    report.changes += try change.applyBelongings(of: customer, owners, kinds)
                }
            }
            report.warnings =
                try DirectoryWarnings(file: file, kinds: kinds, tx: change.tx, now: change.now)
                .lines()
            if isDryRun { throw DryRun(report: report) }
            return report
        }
    }
}

/// Names the place in the file where a refusal came from.
private func at(_ place: String, _ body: () throws -> Void) throws {
    do {
        try body()
    } catch let refusal as Refusal {
        throw DirectoryProblem(place: place, sentence: refusal.sentence)
    }
}

extension Change {
    fileprivate mutating func apply(_ settings: ServiceSettings) throws -> [String] {
        let before = try tx.service(settings.service.id)
        guard before != settings else { return [] }
        try tx.save(settings)
        let service = settings.service
        emit(.directory(before == nil ? .serviceAdded(service) : .serviceChanged(service)))
        return ["service \(service.id): \(before == nil ? "added" : "changed")"]
    }

    /// `isFilesToDecide` and `isOwn` as in `MergedPerson`.
    fileprivate mutating func apply(
        _ human: DirectoryFile.Person,
        at side: Side,
        _ owners: DomainOwners,
        isFilesToDecide: Bool,
        isOwn: Bool
    ) throws -> [String] {
        let identity = Identity(local: human.email)
        let before = try tx.person(identifiedBy: identity)
        guard before == nil || before?.side == side else {
            throw DirectoryProblem(
                place: human.place,
                sentence:
                    "\(human.email) belongs to another organisation already. One person is on one side only."
            )
        }
        guard before == nil || before?.isProgram == human.isProgram else {
            throw DirectoryProblem(
                place: human.place,
                sentence: human.isProgram
                    ? "\(human.email) is a person, and becomes no program. Add the program under an "
                        + "address of its own."
                    : "\(human.email) is a program, and becomes no person: say program: true, or add "
                        + "the person under an address of her own."
            )
        }
        let known = before.map { [$0.email] + $0.aliases } ?? []
        for address in [human.email] + human.aliases where !known.contains(address) {
            guard let owner = owners.owner(of: address.domain), side != .tenant(owner) else {
                continue
            }
            throw DirectoryProblem(
                place: human.place,
                sentence: "\(address) is in a domain that belongs to another tenant."
            )
        }
        let isAdministrator = before?.holds(oneOf: .admin, at: side) ?? false
        let merged = MergedPerson(
            human,
            at: side,
            before: before,
            id: before?.id ?? entropy.id(),
            isFilesToDecide: isFilesToDecide,
            // A program never signs in, so no provider says its roles.
            rolesComeFrom: human.isProgram
                ? nil
                : try tx.signInSettings(of: side)?.provider.flatMap {
                    $0.roles == nil ? nil : OpenIDProvider.shownName($0.issuer)
                },
            isOwn: isOwn,
            isProvisioned: try before.map { try tx.provisionedUser($0.id) != nil } ?? false,
            // Only who is to be switched off is worth reading everybody for.
            isLastAdministrator: try human.isDisabled && isAdministrator
                && tx.administrators(of: side).count == 1
        )
        return try save(merged.person, before: before, at: human.place) + merged.kept
            + propose(merged.wish, for: merged.person)
    }

    /// Saves a person of the file, with what follows from what changed.
    private mutating func save(_ after: Person, before: Person?, at place: String) throws
        -> [String]
    {
        guard before != after else { return [] }
        do {
            try after.requireFitProgram()
            if let before { try update(before, to: after) } else { try add(after) }
        } catch Refusal.alreadyExists(.person) {
            throw DirectoryProblem(
                place: place,
                sentence: "\(after.email) or one of its aliases means somebody else already."
            )
        }
        guard before != nil else {
            return ["\(after.noun) \(after.email) added: \(after.roles.shown)"]
        }
        return [
            "\(after.noun) \(after.email) changed: \(after.roles.shown)"
                + (after.isDisabled ? " (disabled)" : "")
        ]
    }

    fileprivate mutating func applyBelongings(
        of customer: DirectoryFile.Tenant,
        _ owners: DomainOwners,
        _ kinds: ServiceKinds
    ) throws -> [String] {
        var report: [String] = []
        let side = Side.tenant(customer.id)
        // Asked before anybody of the file is there: who comes with the tenant's first
        // administrator comes with her roles.
        let isFilesToDecide = try tx.administrators(of: side).isEmpty
        let isOwn = try tx.tenant(customer.id)?.administeredSince != nil
        for human in customer.people {
            report += try apply(
                human,
                at: side,
                owners,
                isFilesToDecide: isFilesToDecide,
                isOwn: isOwn
            )
        }
        for service in try tx.services().map(\.service) {
            guard let kind = kinds[service.kind] else { continue }
            for human in customer.people {
                for resource in kind.resources(of: human.email, at: service) {
                    report += try own(resource, customer.id, owners, at: human.place)
                }
            }
        }
        for (place, resource) in customer.resources {
            guard let service = try tx.service(resource.service)?.service else {
                throw DirectoryProblem(
                    place: place,
                    sentence: "There is no service \(resource.service)."
                )
            }
            guard service.resourceType == resource.type else {
                throw DirectoryProblem(
                    place: place,
                    sentence: "The resources of \(service.id) begin with \(service.resourceType):"
                )
            }
            if let problem = kinds[service.kind]?.problem(with: resource) {
                throw DirectoryProblem(place: place, sentence: problem)
            }
            report += try own(resource, customer.id, owners, at: place)
        }
        return report
    }

    private mutating func own(
        _ resource: Resource,
        _ tenant: TenantID,
        _ owners: DomainOwners,
        at place: String
    ) throws -> [String] {
        let owner = try tx.owner(of: resource)
        if owner == tenant { return [] }
        guard owner == nil else {
            throw DirectoryProblem(
                place: place,
                sentence: "\(resource) belongs to another tenant already."
            )
        }
        if let owner = owners.owner(of: resource.host), owner != tenant {
            throw DirectoryProblem(
                place: place,
                sentence: "\(resource) is in a domain that belongs to another tenant."
            )
        }
        try tx.save(resource, of: tenant)
        emit(.directory(.resourceAdded(resource, tenant)))
        return ["resource \(resource) of \(resource.service): belongs to \(tenant)"]
    }

    fileprivate mutating func applyTenant(_ customer: DirectoryFile.Tenant) throws -> [String] {
        guard let before = try tx.tenant(customer.id) else {
            let tenant = Tenant(
                id: customer.id,
                name: customer.name,
                isLicensed: customer.isLicensed,
                policy: customer.policy ?? .standard
            )
            try tx.save(tenant)
            emit(.directory(.tenantAdded(tenant)))
            return ["tenant \(tenant.id): added"]
        }
        var report: [String] = []
        var after = before
        after.name = customer.name
        if var wanted = customer.policy {
            // The file has no words for these.
            wanted.withheldFromTokens = before.policy.withheldFromTokens
            wanted.coolingOff = before.policy.coolingOff
            wanted.signedApprovals = before.policy.signedApprovals
            wanted.closesUnknownAccess = before.policy.closesUnknownAccess
            wanted.signedChanges = before.policy.signedChanges
            // Nobody signs for the file.
            after.policy =
                before.policy.signedChanges == .required
                ? before.policy : before.policy.stricter(with: wanted)
            if after.policy != wanted {
                report.append(
                    before.policy.signedChanges == .required
                        ? "tenant \(before.id): kept its own policy, which its people alone change"
                        : "tenant \(before.id): kept its own policy where the file's is looser"
                )
            }
        }
        after.isLicensed = customer.isLicensed
        guard after != before else { return report }
        let rulesChanged = after.policy != before.policy || after.isLicensed != before.isLicensed
        if rulesChanged {
            after.version += 1
            try withdrawPolicyChange(of: before)
        }
        try tx.save(after)
        if after.isLicensed != before.isLicensed {
            emit(.directory(.licenceChanged(after)))
            report.append("tenant \(after.id): licence \(after.isLicensed ? "given" : "withdrawn")")
        }
        if after.policy != before.policy {
            emit(.directory(.policyChanged(before: before, after: after)))
            report.append("tenant \(after.id): policy made stricter")
        }
        if after.name != before.name {
            emit(.directory(.tenantRenamed(after)))
            report.append("tenant \(after.id): named \(after.name)")
        }
        if rulesChanged {
            try applyRules(
                of: after,
                licenceWithdrawn: before.isLicensed && !after.isLicensed,
                by: nil
            )
        }
        return report
    }

    /// Gives tenants the domains that the file names for them. What somebody else has there already
    /// stands in the way: nothing is taken from anybody.
    fileprivate mutating func applyDomains(_ customers: [DirectoryFile.Tenant]) throws -> [String] {
        let wanted = customers.reduce(into: [:]) { $0[$1.id] = $1.domains }
        let before = try tx.tenants()
        let after = before.map { tenant in
            var tenant = tenant
            tenant.domains = wanted[tenant.id] ?? tenant.domains
            return tenant
        }
        guard after != before else { return [] }
        let holders = try DomainHolders(after, in: tx)
        var report: [String] = []
        for (before, after) in zip(before, after) where before != after {
            for domain in after.domains where !before.domains.contains(domain) {
                guard let other = holders.other(than: after.id, in: domain) else { continue }
                throw DirectoryProblem(
                    place: customers.first { $0.id == after.id }?.place ?? "",
                    sentence: "domains: \(domain) cannot belong to \(after.id) alone, because "
                        + "\(other) has it, a part of it, or people or resources in it."
                )
            }
            try tx.save(after)
            emit(.directory(.domainsChanged(after)))
            let shown = after.domains.map(\.text).joined(separator: ", ")
            report.append("tenant \(after.id): domains are now \(shown.isEmpty ? "none" : shown)")
        }
        return report
    }
}

extension Person {
    /// What a line of the report calls it.
    fileprivate var noun: String { isProgram ? "program" : "person" }
}
