import LockboxDomain
import LockboxPorts

/// A change of an organisation's own people or rules, in words for a customer's administrators and
/// for whom it is about.
struct SideChange {
    let side: Side
    /// One line.
    let words: String
    /// Whom it is about, as they were before and as they are now: they hear of it where they were
    /// reached before, too.
    var affected: [Person] = []
    /// Who hears of it besides.
    var audience = Audience.administrators

    enum Audience: Hashable {
        case administrators, deciders, nobody
    }
}

extension SideChange {
    private init(tenant: TenantID, words: String) {
        self.init(side: .tenant(tenant), words: words)
    }

    private init(_ person: Person, _ words: String) {
        self.init(side: person.side, words: words, affected: [person])
    }
}

extension SideChange {
    /// Nil where administrators need not hear of it.
    init?(_ event: DirectoryEvent) {
        switch event {
        case .personAdded(let person):
            self.init(person, "\(person.title) was added: \(person.roles.titles)")
            affected = []
        case .personChanged(let before, let after):
            let changes = after.changes(since: before)
            guard !changes.isEmpty else { return nil }
            self.init(after, "\(before.title): \(changes.joined(separator: "; "))")
            affected = [before, after]
        case .policyChanged(let before, let after, _):
            let changes = after.policy.changes(since: before.policy)
            self.init(
                tenant: after.id,
                words: "The rules: \(changes.joined(separator: "; "))"
            )
            if !after.policy.loosenings(since: before.policy).isEmpty { audience = .deciders }
        case .policyChange(let event, let change, let tenant, _):
            self.init(tenant: tenant.id, words: change.words(event, at: tenant))
            audience = .deciders
        case .licenceChanged(let tenant):
            self.init(
                tenant: tenant.id,
                words: tenant.isLicensed
                    ? "The licence for Lockbox was given"
                    : "The licence for Lockbox was withdrawn: access needs no approval of yours"
            )
        case .domainsChanged(let tenant):
            let domains = tenant.domains.map(\.text).joined(separator: ", ")
            self.init(
                tenant: tenant.id,
                words: "The domains that are yours alone: now \(domains.isEmpty ? "none" : domains)"
            )
        case .tenantRenamed(let tenant):
            self.init(tenant: tenant.id, words: "The name: now \(shownName(tenant.name))")
        case .signInChanged(let side, let settings):
            guard let tenant = side.tenant else { return nil }
            self.init(tenant: tenant, words: "How your people sign in: \(settings.words)")
            if settings.recoveryUntil != nil { audience = .deciders }
        case .signInChangeAsked(let change):
            self.init(
                tenant: change.tenant,
                words: "How your people will sign in from \(change.takesEffectAt) on: "
                    + "\(change.settings.words). Until then any administrator can stop it, under "
                    + "Settings"
            )
        case .signInChangeStopped(let change):
            self.init(
                tenant: change.tenant,
                words: "How your people sign in stays as it is: the change that waited was stopped"
            )
        case .personProposal(let event, let proposal, let person):
            guard let words = proposal.words(event, about: person) else { return nil }
            self.init(tenant: proposal.tenant, words: words)
        case .textsErased(let erasure):
            // What the rules say goes every day; that they say so was told.
            guard case .asked(let reason) = erasure.cause else { return nil }
            let count = erasure.texts.reduce(0) { $0 + $1.fields.count }
            self.init(
                tenant: erasure.tenant,
                words: "Texts of the audit log were erased: \(count), of \(erasure.texts.count) "
                    + "records. The reason given: \(reason)"
            )
            audience = .deciders
        case .tenantAdministered, .tenantAdded, .providerRenamed, .resourceAdded, .serviceAdded,
            .serviceChanged:
            return nil
        }
    }

    /// What was done to a person's way in.
    init?(_ event: SignInEvent) {
        switch event {
        case .passwordSet(let person):
            self.init(person, "\(person.title): a password was set")
        case .tokenIssued(let token, let person):
            let what =
                token.login == nil ? "an API token was issued" : "a command line was signed in"
            self.init(
                person,
                "\(person.title): \(what) (\(token.title)) for: "
                    + token.scopes.names.joined(separator: ", ")
            )
        case .tokenRevoked(let token, let person):
            let what =
                token.login == nil ? "an API token was revoked" : "a command line was signed out"
            self.init(person, "\(person.title): \(what) (\(token.title))")
        case .loginReused(let token, let person):
            self.init(
                person,
                "\(person.title): what a command line signed in with (\(token.title)) was used a "
                    + "second time. Somebody may have a copy, so that sign-in was ended"
            )
        case .passkey(let event, let passkey, let person):
            guard let words = event.words(of: shownName(passkey.name)) else { return nil }
            self.init(person, "\(person.title): \(words)")
        case .signingKey(let event, let key, let person):
            self.init(person, "\(person.title): \(event.words(of: shownName(key.name)))")
        case .identityLinked(let identity, let person):
            self.init(person, "\(person.title): signs in at \(shownName(identity.issuer)) now")
        case .identityRefused(let person, let issuer):
            self.init(
                person,
                "\(person.title): another account at \(shownName(issuer)) came with this address "
                    + "and was turned away"
            )
        case .newBrowser(let person):
            self.init(person, "\(person.title): signed in from a browser that is new here")
            audience = .nobody
        case .invited(let person, let invitation):
            // Who only says that she forgot her password changes nothing; herself she has the letter.
            guard invitation.purpose == .firstSignIn else { return nil }
            self.init(person, "\(person.title): was invited to choose a password")
            affected = []
        case .locked, .throttled, .signedIn, .sessionsEnded, .signedOutByProvider,
            .invitationUsed, .invitationGuessed:
            return nil
        }
    }
}

extension SideChange {
    /// What is open at a service, and nobody granted.
    init(_ found: UnknownAccess) {
        let what =
            switch found.kind {
            case .unknown: "something is open that nobody granted"
            case .altered: "access is not as Lockbox made it"
            case .reopened: "access was open again after its end"
            }
        let become =
            found.isClosed
            ? "It was closed"
            : "It is open still: ask your provider what it is for, and have it closed"
        self.init(
            tenant: found.tenant,
            words: "At the service \(found.service) \(what), with the login name "
                + "\(found.loginName)" + (found.oddity.map { " (\($0))" } ?? "") + ". \(become)"
        )
    }
}

extension PolicyChange {
    fileprivate func words(_ event: PolicyChangeEvent, at tenant: Tenant) -> String {
        let changes = policy.changes(since: tenant.policy).joined(separator: "; ")
        return switch event {
        case .asked:
            "Looser rules were asked for, and do not hold yet: \(changes). They hold from "
                + "\(takesEffectAt) on, or once \(tenant.policy.approvalsNeeded) of your approvers and "
                + "administrators have agreed. "
                + "Until then any administrator can stop them, under Settings"
        case .agreed: "One more person agrees to the looser rules that wait: \(changes)"
        case .stopped: "The looser rules that waited were stopped: the rules stay as they are"
        case .withdrawn: "Nothing comes of the looser rules that waited: they were taken back"
        }
    }
}

extension PersonProposal {
    /// Nil where another line of the letter says it, or nothing is to be done.
    fileprivate func words(_ event: ProposalEvent, about person: Person) -> String? {
        switch event {
        case .made:
            let changes = wish.carriedOut(on: person).changes(since: person)
            return "Proposed for \(person.title): \(changes.joined(separator: "; ")). "
                + "It becomes so only if an administrator accepts it, under People"
        case .declined: return "What was proposed for \(person.title) was declined"
        case .accepted, .withdrawn: return nil
        }
    }
}

extension SignInEvent {
    /// Whether everybody hears of it whom it is about, whoever did it. What people do with their own
    /// ways in is theirs; but who has stolen one sets another password to keep it, or makes a token
    /// that decides, and whose token another revoked must know.
    func isTold(by actor: Actor) -> Bool {
        switch self {
        case .passwordSet, .invited, .identityLinked, .identityRefused, .newBrowser, .loginReused,
            .signingKey:
            true
        case .tokenIssued(let token, _):
            actor.isAtConsole || !token.scopes.isDisjoint(with: .weighty)
        case .tokenRevoked(_, let person): !actor.isPerson(person.id)
        case .passkey(let event, let passkey, _): event.words(of: passkey.name) != nil
        case .locked, .throttled, .signedIn, .sessionsEnded, .signedOutByProvider,
            .invitationUsed, .invitationGuessed:
            actor.isAtConsole
        }
    }
}

extension SigningKeyEvent {
    fileprivate func words(of name: String) -> String {
        switch self {
        case .added:
            "the SSH key “\(name)” was added. Approvals that it signs count after the cooling-off, or "
                + "once another administrator has confirmed it, under People"
        case .confirmed: "the key “\(name)” was confirmed: approvals that it signs count"
        case .removed: "the SSH key “\(name)” was removed: it signs nothing any more"
        }
    }
}

extension PasskeyEvent {
    /// Nil where nobody need hear of it.
    fileprivate func words(of name: String) -> String? {
        switch self {
        case .registered: "the passkey “\(name)” was added, and signs in from now on"
        case .removed: "the passkey “\(name)” was removed"
        case .refused(let problem): "the passkey “\(name)” was turned away: \(problem)"
        case .confirmed, .counterFell: nil
        }
    }
}

extension SignInSettings {
    fileprivate var words: String {
        let passwords = allowsPasswords ? "with a password" : nil
        let passkeys = allowsPasskeys ? "with a passkey" : nil
        let provider = self.provider.map { "at \(shownName($0.issuer))" }
        let recovery = recoveryUntil.map {
            "until \($0) with a password too, because whoever runs Lockbox says that your sign-in "
                + "cannot be reached"
        }
        return [provider, passwords, passkeys, recovery].compactMap { $0 }
            .joined(separator: ", or ")
    }
}

extension Actor {
    fileprivate func isPerson(_ id: PersonID) -> Bool {
        if case .person(let person) = self { person.id == id } else { false }
    }
}

extension APIToken {
    fileprivate var title: String { label.isEmpty ? id.text : shownName(label) }
}

extension NoticeWriter {
    /// Tells everybody who administers the tenant, and whom it is about; nobody can switch it off.
    /// What somebody changes at one instant is one letter, and another where it is about its reader:
    /// that one goes to where she was reached before, whatever she is by then.
    func tell(of change: SideChange, by actor: Actor) throws {
        let tenant = try change.side.tenant.map { id in
            guard let tenant = try tx.tenant(id) else {
                throw StoreError.corrupt("there is no tenant \(id)")
            }
            return tenant
        }
        // Of the provider's people, each hears of her own account alone.
        let others = try tx.people(at: change.side).filter { person in
            switch change.audience {
            case .administrators: person.isAdministrator
            case .deciders: person.holds(oneOf: [.admin, .approver], at: change.side)
            case .nobody: false
            }
        }
        var facts = try facts(about: tenant)
        facts[.changedBy] = actor.words(for: tenant, provider: try tx.providerName())
        let written = try tx.sideNotices(of: change.side, since: now)
        var told: Set<String> = []
        let recipients =
            change.affected.map { (person: $0, isAffected: "yes") }
            // Whoever decides and does not administer hears of her own way in.
            + others.map { (person: $0, isAffected: $0.isAdministrator ? "no" : "yes") }
        for (recipient, isAffected) in recipients
        where told.insert(recipient.email.text).inserted {
            facts[.isAffected] = isAffected
            let earlier = written.first {
                $0.recipientAddress == recipient.email && $0.createdAt == now
                    && $0.delivery == .queued && $0.begunAt == nil
                    && Facts($0.facts)[.changedBy] == facts[.changedBy]
                    && Facts($0.facts)[.isAffected] == isAffected
            }
            var lines = earlier.map { Facts($0.facts).lines(.change) } ?? []
            lines.append(change.words)
            facts[.change] = lines.joined(separator: "\n")
            if let earlier { try tx.remove(earlier.id) }
            try tx.insert(
                Notice(
                    id: entropy.id(),
                    kind: .sideChanged,
                    tenant: tenant?.id,
                    request: nil,
                    recipient: recipient,
                    facts: facts.stored(for: recipient.timeZone),
                    createdAt: now,
                    sendAt: now
                )
            )
        }
    }
}

extension NoticeWriter {
    /// The customer's administrators can have an address corrected, or let somebody else decide. A
    /// manager who cannot be reached is the operators' affair, who hear of each letter given up. Who
    /// has another address by now is asked there.
    func tellOfUnreached(_ undelivered: UndeliverableNotice) throws {
        guard Notice.Kind(rawValue: undelivered.kind).map(Notice.Kind.asks.contains) == true,
            let person = try tx.person(undelivered.recipient)
        else { return }
        if undelivered.wasToFormerAddress { return try askNewcomer(before: nil, after: person) }
        guard case .tenant(let id) = person.side, let tenant = try tx.tenant(id) else { return }
        var facts = try facts(about: tenant)
        facts[.unreached] = person.title
        facts[.detail] = undelivered.reply
        let told = try tx.sideNotices(
            of: .tenant(id),
            since: now - NotifierLimits.unreachedInterval
        )
        guard !told.contains(where: { Facts($0.facts)[.unreached] == person.title }) else { return }
        for recipient in try tx.people(at: .tenant(id))
        where recipient.isAdministrator && recipient.id != person.id {
            try tx.insert(
                Notice(
                    id: entropy.id(),
                    kind: .approverUnreached,
                    tenant: id,
                    request: nil,
                    recipient: recipient,
                    facts: facts.stored(for: recipient.timeZone),
                    createdAt: now,
                    sendAt: now
                )
            )
        }
    }
}

extension Actor {
    /// `tenant` is nil for the provider's own people.
    func words(for tenant: Tenant?, provider: String) -> String {
        switch self {
        case .person(let person):
            let organisation = person.side == .provider ? provider : tenant?.name ?? provider
            let name = shownName(person.name) + (person.isProgram ? Person.programMark : "")
            return "\(name), \(shownName(organisation))"
        case .operatorAtConsole(let name):
            let who = name.map { " (\(shownName($0)))" } ?? ""
            return "\(shownName(provider)), on the server itself\(who)"
        case .provisioning(let token):
            return "your own directory, with the provisioning token \(token.title)"
        case .system, .service: return "Lockbox (automatic)"
        }
    }
}

extension Person {
    var isAdministrator: Bool { !isDisabled && roles.contains(.admin) }
    fileprivate var title: String { "\(shownName(name)) (\(email))" }

    fileprivate func changes(since before: Person) -> [String] {
        var changes: [String] = []
        if name != before.name { changes.append("is now called \(shownName(name))") }
        if email != before.email { changes.append("has the address \(email)") }
        if aliases != before.aliases {
            let shown = aliases.map(\.text).joined(separator: ", ")
            changes.append("other addresses: \(shown.isEmpty ? "none" : shown)")
        }
        if roles != before.roles {
            changes.append("\(roles.titles), until now \(before.roles.titles)")
        }
        if isDisabled != before.isDisabled {
            changes.append(isDisabled ? "was switched off" : "was switched on again")
        }
        changes += delayWords(since: before)
        return changes
    }
}

extension Person {
    /// Whether the yes of a person who decides since just now counts.
    fileprivate func delayWords(since before: Person) -> [String] {
        guard decisionDelay != before.decisionDelay else { return [] }
        guard let decisionDelay else {
            let decides = side.tenant.map { mayDecide(for: $0) } ?? false
            return decides ? ["approvals count from now on"] : []
        }
        guard decisionDelay.endsAt == before.decisionDelay?.endsAt else {
            return [
                "approvals count from \(decisionDelay.endsAt) on, or once enough of your approvers and "
                    + "administrators have confirmed that, under People"
            ]
        }
        return ["one more person has confirmed that these approvals count"]
    }
}

extension Roles {
    fileprivate var titles: String { isEmpty ? "no role" : names.joined(separator: ", ") }
}

extension Policy {
    fileprivate func changes(since before: Policy) -> [String] {
        var changes: [String] = []
        if requireApproval != before.requireApproval {
            changes.append(
                requireApproval
                    ? "access needs your approval" : "access no longer needs your approval"
            )
        }
        if decisionWindow != before.decisionWindow {
            changes.append(
                "time to decide \(decisionWindow.words), until now \(before.decisionWindow.words)"
            )
        }
        if maxAccess != before.maxAccess {
            changes.append(
                "longest access \(maxAccess.words), until now \(before.maxAccess.words)"
            )
        }
        if approvalsNeeded != before.approvalsNeeded {
            changes.append(
                "approvals needed \(approvalsNeeded), until now \(before.approvalsNeeded)"
            )
        }
        if withheldFromTokens != before.withheldFromTokens {
            changes.append(
                "what no API token may do: \(withheldFromTokens.withheldWords), "
                    + "until now \(before.withheldFromTokens.withheldWords)"
            )
        }
        if coolingOff != before.coolingOff {
            changes.append(
                "cooling-off \(coolingOff.words), until now \(before.coolingOff.words)"
            )
        }
        if allowsPrograms != before.allowsPrograms {
            changes.append(
                allowsPrograms
                    ? "programs may ask for access" : "programs may no longer ask for access"
            )
        }
        if retention != before.retention {
            changes.append(
                "texts of the audit log are kept \(retention.keptWords), "
                    + "until now \(before.retention.keptWords)"
            )
        }
        if signedApprovals != before.signedApprovals {
            changes.append(
                signedApprovals == .required
                    ? "approvals count only when they are signed"
                    : "approvals count without a signature"
            )
        }
        if closesUnknownAccess != before.closesUnknownAccess {
            changes.append(
                closesUnknownAccess
                    ? "access that nobody granted is closed"
                    : "access that nobody granted is shown, and not closed"
            )
        }
        if signedChanges != before.signedChanges {
            changes.append(
                signedChanges == .required
                    ? "these rules change only by your people’s signatures"
                    : "these rules change without a signature"
            )
        }
        return changes
    }
}

extension TimeSpan? {
    fileprivate var keptWords: String { self?.words ?? "for ever" }
}

extension TokenScopes {
    fileprivate var withheldWords: String {
        isEmpty ? "nothing is forbidden" : names.joined(separator: ", ")
    }
}

extension DirectoryEvent {
    /// Whether administrators hear of it. A directory adds and takes away whole departments; of what it does,
    /// they hear where it is about somebody who decides.
    func isTold(by actor: Actor) -> Bool {
        guard case .provisioning = actor else { return true }
        switch self {
        case .personAdded(let person): return !person.roles.isDisjoint(with: .deciding)
        case .personChanged(let before, let after):
            return !before.roles.union(after.roles).isDisjoint(with: .deciding)
        case .tenantAdministered, .tenantAdded, .policyChanged, .policyChange, .licenceChanged,
            .domainsChanged, .signInChanged, .signInChangeAsked, .signInChangeStopped,
            .personProposal, .tenantRenamed, .providerRenamed, .resourceAdded, .serviceAdded,
            .serviceChanged, .textsErased:
            return true
        }
    }
}

extension SideChange {
    /// What whoever verifies the log has to know.
    init(_ event: LogEvent) {
        switch event {
        case .keyChanged(let side, let change):
            self.init(
                side: side,
                words:
                    "The key that signs your audit log: now \(change.key). The log has a record of "
                    + "it, which the key before has signed"
            )
        case .recovered(let side, let recovery):
            self.init(
                side: side,
                words:
                    "The database was put back to an older copy, with \(recovery.size) records of "
                    + "this log where \(recovery.expectedSize) had been signed. All open access, all "
                    + "sessions and all API tokens were ended. What was changed since that copy was "
                    + "made is as it was before: look at your people, their passwords and passkeys, "
                    + "your rules, and what waits for you. The reason given: "
                    + shownName(recovery.reason)
            )
            audience = .deciders
        }
    }

    /// Who may say who the tenant's people are, and what comes of it.
    init?(_ event: ProvisioningEvent) {
        switch event {
        case .tokenIssued(let token):
            self.init(
                side: token.side,
                words: "A token for provisioning people was made (\(token.title))"
            )
        case .tokenRevoked(let token):
            self.init(
                side: token.side,
                words: "A token for provisioning people was ended (\(token.title))"
            )
        case .rolesMapped(let before, let after):
            self.init(
                side: after.side,
                words: "Members of the group \(shownName(after.group)) are: \(after.roles.titles), "
                    + "until now \(before.titles)"
            )
        case .refused(_, .foreignAddress):
            self.init(
                side: Event.provisioning(event).side,
                words: "Your directory asked for a person whose address is in no domain of yours. "
                    + "It was refused"
            )
        case .refused(_, .lastAdministrator):
            self.init(
                side: Event.provisioning(event).side,
                words: "Your directory asked to take away your last administrator. It was refused: "
                    + "name another one first"
            )
        }
    }
}

extension ProvisioningToken {
    fileprivate var title: String { label.isEmpty ? id.text : shownName(label) }
}
