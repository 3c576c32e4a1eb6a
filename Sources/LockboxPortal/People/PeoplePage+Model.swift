import Hummingbird
import LockboxDomain
import LockboxHTTP
import LockboxPorts
import LockboxService

/// A role of a tenant's people, in words.
struct RoleWords: Sendable {
    let label: String
    let meaning: String

    /// Those of a tenant, in the order in which pages show them.
    static let ofTenant: [(role: Roles, words: RoleWords)] = [
        (
            .member,
            .init(label: "Member", meaning: "Opens support requests, and sees what came of them.")
        ),
        (
            .approver,
            .init(
                label: "Approver",
                meaning:
                    "Is asked by mail when the provider needs access. Approves or denies, asks the engineer, and "
                    + "stops access at any moment."
            )
        ),
        (
            .admin,
            .init(
                label: "Administrator",
                meaning:
                    "Does all that an approver does. Also changes the rules, and says who may do what."
            )
        ),
        (
            .auditor,
            .init(
                label: "Auditor",
                meaning: "Sees all requests and the audit log, and checks them. Decides nothing."
            )
        ),
    ]

    static func labels(of roles: Roles) -> String {
        let labels = ofTenant.filter { roles.contains($0.role) }.map(\.words.label)
        return labels.isEmpty ? "No role" : labels.joined(separator: ", ")
    }
}

/// One of the tenant's people in a list.
struct PersonRow: Sendable {
    let personID: String
    let name: String
    let email: String
    let roleLabels: String
    let isYou: Bool
    let isOff: Bool
    /// From when on the approvals of a person count who decides since just now.
    let decidesFrom: ShownTime?

    init(_ person: Person, _ viewer: Viewer) {
        personID = person.id.text
        name = person.name
        email = person.email.text
        roleLabels = RoleWords.labels(of: person.roles)
        isYou = person.id == viewer.person.id
        isOff = person.isDisabled
        decidesFrom = person.decidesFrom(at: viewer.now).map { ShownTime($0) }
    }
}

/// Which people a list shows, as the address says it.
struct PeopleChoice: Sendable {
    /// What a role's filter is called in the address; nil for all people.
    enum Group: String, CaseIterable, Sendable {
        case approvers, admins, auditors, members, none, off

        fileprivate var label: String {
            switch self {
            case .approvers: "Who can approve"
            case .admins: "Administrators"
            case .auditors: "Auditors"
            case .members: "Members"
            case .none: "Without a role"
            case .off: "Switched off"
            }
        }

        fileprivate var filter: PeopleFilter.Group {
            switch self {
            case .approvers: .holding([.approver, .admin])
            case .admins: .holding(.admin)
            case .auditors: .holding(.auditor)
            case .members: .holding(.member)
            case .none: .withoutRole
            case .off: .switchedOff
            }
        }
    }

    let text: String
    let group: Group?
    /// How many people stand before the first one that is shown.
    let start: Int

    init(_ request: Request) {
        text = String((request.query("text") ?? "").prefix(PortalLimits.searchLength))
        group = request.query("role").flatMap(Group.init(rawValue:))
        let cursor = request.query("cursor")?.wholeNumber ?? 0
        start = Int(clamping: min(cursor, UInt64(PortalLimits.peopleSkipped)))
    }

    var isNarrow: Bool { !text.isEmpty || group != nil }

    /// Where nothing is asked for, those who can approve stand in a list of their own.
    var filter: PeopleFilter {
        let all: PeopleFilter.Group =
            text.isEmpty ? .others(than: [.approver, .admin]) : .everybody
        return PeopleFilter(group?.filter ?? all, text: text.isEmpty ? nil : text)
    }

    func path(from start: Int = 0) -> String {
        let parts = [
            ("text", text), ("role", group?.rawValue ?? ""),
            ("cursor", start > 0 ? String(start) : ""),
        ].filter { !$0.1.isEmpty }.map { "\($0.0)=\($0.1.asQueryValue)" }
        return parts.isEmpty ? "/people" : "/people?" + parts.joined(separator: "&")
    }
}

/// Who may approve, then everybody else; or who was searched for.
struct PeoplePage: Page {
    static let template = PageTemplate(PackageResources.people_mustache)

    let title = "People"
    let section: String? = "/people"
    let liveTag: String?
    /// Whether this is the first page of everybody.
    let isFirst: Bool
    let isNarrow: Bool
    let text: String
    let groups: [Choice]
    let approverCount: ApproverCount
    let approvers: [PersonRow]
    let moreApprovers: String?
    let everyone: [PersonRow]
    let listName: String
    let total: String
    let earlier: String?
    let later: String?
    let isPaged: Bool
    let mayChange: Bool
    let proposed: [PersonRow]
    let providerName: String

    init(_ list: PeopleList, _ viewer: Viewer, _ choice: PeopleChoice) {
        let (size, start) = (PortalLimits.pageSize, choice.start)
        isFirst = start == 0 && !choice.isNarrow
        (isNarrow, text) = (choice.isNarrow, choice.text)
        groups =
            [Choice(value: "", label: "All people", isChosen: choice.group == nil)]
            + PeopleChoice.Group.allCases.map {
                Choice(value: $0.rawValue, label: $0.label, isChosen: choice.group == $0)
            }
        let approving = list.approvers.sorted {
            ($0.name.lowercased(), $0.email) < ($1.name.lowercased(), $1.email)
        }
        approverCount = ApproverCount(
            list.tenant,
            approving.filter { $0.decidesFrom(at: viewer.now) == nil }.map(\.name)
        )
        approvers = approving.prefix(size).map { PersonRow($0, viewer) }
        moreApprovers =
            approving.count > size ? "All \(approving.count) who can approve" : nil
        everyone = list.people.map { PersonRow($0, viewer) }
        listName = choice.isNarrow ? "Found" : "Everybody else"
        total = "\(list.total)"
        earlier = start == 0 ? nil : choice.path(from: max(0, start - size))
        later = start + size < list.total ? choice.path(from: start + size) : nil
        isPaged = earlier != nil || later != nil
        mayChange = viewer.holds(.admin)
        proposed = list.named.map { PersonRow($0, viewer) }
        providerName = viewer.providerName
        let states = everyone.map {
            "\($0.personID.suffix(4))\($0.roleLabels.utf8.count)\($0.isOff ? "-" : "")"
                + ($0.decidesFrom == nil ? "" : "+")
        }
        liveTag =
            "people-\(list.tenant.version)-\(total)-\(approving.count)-\(proposed.count)-"
            + states.joined()
    }
}

/// What a person has besides a password, as administrators see it.
struct KeysOfPerson: Sendable {
    var tokens: [APIToken] = []
    var passkeys: [Passkey] = []
    /// Those that sign approvals, where the tenant asks for signatures or she has an SSH key.
    var signing: [Lockbox.SigningKeyReading] = []
}

/// A key that signs approvals, in a list.
struct SigningKeyRow: Sendable {
    let signingKey: String
    let signingName: String
    let signingKind: String
    let added: ShownTime
    /// Until then it does not count.
    let waitsUntil: ShownTime?
    let mayConfirm: Bool
    let mayRemove: Bool

    init(_ key: Lockbox.SigningKeyReading, isYours: Bool) {
        signingKey = key.id
        signingName = key.name ?? key.id
        signingKind = key.isPasskey ? "Passkey" : "SSH key"
        added = ShownTime(key.addedAt)
        waitsUntil = key.countsFrom.map { ShownTime($0) }
        mayConfirm = key.countsFrom != nil && !isYours
        mayRemove = !key.isPasskey
    }
}

/// One person: her roles, and for administrators a form that changes them.
struct PersonPage: Page {
    static let template = PageTemplate(PackageResources.person_mustache)

    struct Role: Sendable {
        let roleName: String
        let label: String
        let meaning: String
        let isHeld: Bool
    }

    let title: String
    let section: String? = "/people"
    let personID: String
    let name: String
    let email: String
    let aliases: [String]
    let isYou: Bool
    let isOff: Bool
    let mayChange: Bool
    let roles: [Role]
    let heldRoles: [Role]
    let hasNoRole: Bool
    let problems: Problems
    /// What must be read and ticked before the change is taken.
    let cautions: [String]
    let sureValue: String
    let sureWords: String
    let isSure: Bool
    let seen: String
    /// Her API tokens, for administrators.
    let tokens: [TokenRow]
    let passkeys: [PasskeyRow]
    let signingKeys: [SigningKeyRow]
    let stepUp: StepUp?
    let proposal: ProposalCard?
    let newDecider: NewDeciderCard?
    let providerName: String
    let csrf: String
    let key: String

    init(
        _ person: Person,
        _ roster: Roster,
        _ viewer: Viewer,
        keys: KeysOfPerson,
        stepUp: StepUp?,
        typed: RolesForm? = nil,
        refused: RolesForm.Refused? = nil
    ) {
        title = person.name
        personID = person.id.text
        name = person.name
        email = person.email.text
        aliases = person.aliases.map(\.text)
        isYou = person.id == viewer.person.id
        isOff = person.isDisabled
        mayChange = viewer.holds(.admin)
        let isLate = if case .changedMeanwhile = refused { true } else { false }
        // After somebody else's change the boxes show what is, not what was wanted from something
        // else.
        let shown = isLate ? person.roles : typed?.roles ?? person.roles
        roles = RoleWords.ofTenant.map { role, words in
            Role(
                roleName: role.names.first ?? "",
                label: words.label,
                meaning: words.meaning,
                isHeld: shown.contains(role)
            )
        }
        heldRoles = roles.filter { _ in !viewer.holds(.admin) }.filter(\.isHeld)
        hasNoRole = person.roles.isEmpty
        (problems, cautions) = Self.problems(refused, person)
        sureValue = RolesForm.mark(shown)
        sureWords = "I have read this. New roles of \(person.name): \(RoleWords.labels(of: shown))."
        isSure = typed?.isSure == true
        seen = RolesForm.mark(person.roles)
        tokens = keys.tokens.map { TokenRow($0) }
        passkeys = keys.passkeys.map { PasskeyRow($0) }
        signingKeys = keys.signing.map { SigningKeyRow($0, isYours: person.id == viewer.person.id) }
        self.stepUp = stepUp
        proposal = roster.proposals[person.id].map { ProposalCard($0, about: person) }
        newDecider = NewDeciderCard(person, roster, viewer)
        providerName = viewer.providerName
        csrf = viewer.csrf
        key = viewer.formKey
    }

    private static func problems(_ refused: RolesForm.Refused?, _ person: Person) -> (
        Problems, [String]
    ) {
        switch refused {
        case nil: (.none, [])
        case .unknownRole: (Problems(["There is no such role. Choose among those below."]), [])
        case .changedMeanwhile:
            (
                Problems([
                    "Somebody else changed these roles meanwhile. Now: \(RoleWords.labels(of: person.roles)). "
                        + "Look again, then choose."
                ]), []
            )
        case .needsCare(let warnings):
            (
                Problems([
                    "This change needs your confirmation. Read what follows, and tick the box."
                ]),
                warnings
            )
        case .refusal(.lastAdministrator, _):
            (
                Problems([
                    "\(person.name) is the only administrator who can act. Make somebody else an administrator first."
                ]), []
            )
        case .refusal(let refusal, let warnings):
            (Problems([refusal.words(on: .settings)]), warnings)
        }
    }
}
