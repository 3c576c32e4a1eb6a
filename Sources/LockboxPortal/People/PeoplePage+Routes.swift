import Hummingbird
import LockboxDomain
import LockboxHTTP
import LockboxIdentity
import LockboxService

/// Who belongs to the tenant, and who may do what there.
extension PortalSite {
    var peopleRoutes: [Route] {
        [
            page("/people", for: .customer) { request, _, viewer in
                let choice = PeopleChoice(request)
                return PeoplePage(try await list(choice, viewer), viewer, choice)
            },
            page("/people/{id}", for: .customer) { _, context, viewer in
                let roster = try await roster(viewer)
                let person = try roster.person(try context.id())
                return PersonPage(
                    person,
                    roster,
                    viewer,
                    keys: try await keys(of: person, roster, viewer),
                    stepUp: stepUp(viewer, on: "/people/\(person.id.text)")
                )
            },
            form("/people/{id}/tokens/{token}/revoke", for: .customer, back: Self.person) {
                _,
                context,
                viewer in
                let roster = try await roster(viewer)
                let person = try roster.person(try context.id())
                guard let token = context.parameters.get("token"),
                    try await keys(of: person, roster, viewer).tokens.contains(where: {
                        $0.id.text == token
                    })
                else { throw Refusal.notFound(.token) }
                try await signIn.revokeToken(
                    token,
                    ofTenant: roster.tenant.id.text,
                    by: viewer.person
                )
                return seeOther("/people/\(person.id.text)", .tokenRevoked)
            },
            form(
                "/people/{id}",
                for: .customer,
                back: Self.person,
                { form, context, viewer in try await changeRoles(form, context, viewer) }
            ),
            confirmedPersonForm("signing-keys/{signingKey}/confirm", .signingKeyConfirmed) {
                _,
                context,
                viewer in
                try await lockbox.confirmSigningKey(
                    context.parameters.get("signingKey") ?? "",
                    of: viewer.person.side.tenant?.text ?? "",
                    by: viewer.person
                )
            },
            personForm("signing-keys/{signingKey}/remove") { _, context, viewer in
                try await lockbox.removeSigningKey(
                    context.parameters.get("signingKey") ?? "",
                    of: viewer.person.side.tenant?.text ?? "",
                    by: viewer.person
                )
                return seeOther(Self.person(context), .signingKeyRemoved)
            },
            personForm("passkeys/{passkey}/remove") { _, context, viewer in
                let roster = try await roster(viewer)
                let person = try roster.person(try context.id())
                let all = try await keys(of: person, roster, viewer).passkeys
                guard let id = context.parameters.get("passkey"),
                    all.contains(where: { $0.id.text == id })
                else { throw Refusal.notFound(.page) }
                try await passkeys.remove(id, ofTenant: roster.tenant.id.text, by: viewer.person)
                return seeOther("/people/\(person.id.text)", .passkeyRemoved)
            },
            personForm("invitation") { _, context, viewer in
                let person = try (try await roster(viewer)).person(try context.id())
                _ = try await lockbox.invite(
                    person.id.text,
                    of: person.side.tenant?.text ?? "",
                    by: viewer.person
                )
                return seeOther("/people/\(person.id.text)", .invited)
            },
            personForm("switch-off") { _, context, viewer in
                let roster = try await roster(viewer)
                let person = try roster.person(try context.id())
                try await lockbox.switchOff(
                    person.id.text,
                    of: roster.tenant.id.text,
                    by: viewer.person
                )
                return seeOther("/people/\(person.id.text)", .switchedOff)
            },
            confirmedPersonForm("switch-on", .switchedOn) { person, _, viewer in
                try await lockbox.switchOn(
                    person.id.text,
                    of: person.side.tenant?.text ?? "",
                    by: viewer.person
                )
            },
        ] + proposalRoutes + newDeciderRoutes
    }

    /// A form on a person's page besides that of the roles.
    func personForm(
        _ name: String,
        _ take: @escaping @Sendable (Form, PortalContext, Viewer) async throws -> Response
    ) -> Route {
        form(RouterPath("/people/{id}/\(name)"), for: .customer, back: Self.person, take)
    }

    /// One that asks besides who sends it. Where something is wrong, her page says what.
    func confirmedPersonForm(
        _ name: String,
        _ done: Flash,
        _ take: @escaping @Sendable (Person, PortalContext, Viewer) async throws -> Void
    ) -> Route {
        personForm(name) { form, context, viewer in
            let roster = try await roster(viewer)
            let person = try roster.person(try context.id())
            let keys = try await keys(of: person, roster, viewer)
            return try await confirmed(
                form,
                context,
                viewer,
                again: { viewer, refusal in
                    PersonPage(
                        person,
                        roster,
                        viewer,
                        keys: keys,
                        stepUp: stepUp(viewer, on: "/people/\(person.id.text)"),
                        refused: .refusal(refusal, [])
                    )
                }
            ) { viewer in
                try await take(person, context, viewer)
                return seeOther("/people/\(person.id.text)", done)
            }
        }
    }

    private func list(_ choice: PeopleChoice, _ viewer: Viewer) async throws -> PeopleList {
        guard viewer.oversees, let id = viewer.person.side.tenant?.text else {
            throw Refusal.notFound(.page)
        }
        let proposals =
            viewer.holds(.admin) ? try await lockbox.proposals(to: id, by: viewer.person) : []
        return try await lockbox.peopleList(
            of: id,
            choice.filter,
            limit: PortalLimits.pageSize,
            offset: choice.start,
            named: proposals.map(\.person),
            by: viewer.person
        )
    }

    private static func person(_ context: PortalContext) -> String {
        context.parameters.get("id").map { "/people/\($0.asQueryValue)" } ?? "/people"
    }

    /// Her API tokens and passkeys, for administrators alone.
    private func keys(of person: Person, _ roster: Roster, _ viewer: Viewer) async throws
        -> KeysOfPerson
    {
        guard viewer.holds(.admin) else { return KeysOfPerson() }
        let id = roster.tenant.id.text
        let tokens = try await signIn.tokens(ofTenant: id, by: viewer.person)
        let passkeys = try await passkeys.passkeys(ofTenant: id, by: viewer.person)
        let signing = try await lockbox.signingKeys(of: id, by: viewer.person).filter {
            $0.owner.id == person.id
                && (!$0.isPasskey || roster.tenant.policy.takesSignatures)
        }
        return KeysOfPerson(
            tokens: tokens.filter { $0.person.id == person.id }.map(\.token),
            passkeys: passkeys.filter { $0.person == person.id },
            signing: signing
        )
    }

    /// The tenant's people, for those who may see them; for plain members the pages do not exist.
    func roster(_ viewer: Viewer) async throws -> Roster {
        guard viewer.oversees, let id = viewer.person.side.tenant else {
            throw Refusal.notFound(.page)
        }
        let proposals =
            viewer.holds(.admin) ? try await lockbox.proposals(to: id.text, by: viewer.person) : []
        return Roster(
            tenant: try await lockbox.tenant(id.text, by: viewer.person),
            people: try await lockbox.people(of: id.text, by: viewer.person),
            proposals: proposals
        )
    }

    private func changeRoles(_ form: Form, _ context: PortalContext, _ viewer: Viewer) async throws
        -> Response
    {
        let before = try await roster(viewer)
        let person = try before.person(try context.id())
        guard viewer.holds(.admin) else { throw Refusal.notPermitted(.changePeople) }
        let keys = try await keys(of: person, before, viewer)
        let typed = RolesForm(form, of: person)
        func refused(_ roster: Roster, _ viewer: Viewer, _ refusal: RolesForm.Refused) throws
            -> Response
        {
            let page = PersonPage(
                try roster.person(person.id.text),
                roster,
                viewer,
                keys: keys,
                stepUp: stepUp(viewer, on: "/people/\(person.id.text)"),
                typed: typed,
                refused: refusal
            )
            return html(
                page,
                viewer,
                status: refusal.isConflict ? .conflict : .unprocessableContent
            )
        }

        guard let wanted = typed.roles else { return try refused(before, viewer, .unknownRole) }
        // The second sending of one form.
        if wanted == person.roles { return seeOther("/people/\(person.id.text)", .rolesChanged) }
        if typed.seen != person.roles { return try refused(before, viewer, .changedMeanwhile) }
        let warnings = before.warnings(giving: wanted, to: person, by: viewer.person)
        if !warnings.isEmpty, !typed.isSure {
            return try refused(before, viewer, .needsCare(warnings))
        }
        let secret: String?
        do {
            secret = try await confirm(form, viewer)
        } catch let refusal as Refusal {
            if case .notSignedIn = refusal { throw refusal }
            return try refused(before, viewer, .refusal(refusal, warnings))
        }
        return try await going(on: secret, context, viewer) { viewer in
            do {
                _ = try await lockbox.changeRoles(
                    of: person.id.text,
                    in: before.tenant.id.text,
                    to: wanted.names,
                    by: viewer.person
                )
            } catch Refusal.lastAdministrator {
                return try refused(before, viewer, .refusal(.lastAdministrator, warnings))
            }
            // Whoever took her own roles away does not see these pages any more.
            let staysHere =
                person.id != viewer.person.id
                || !wanted.isDisjoint(with: [.approver, .admin, .auditor])
            return seeOther(staysHere ? "/people/\(person.id.text)" : "/support", .rolesChanged)
        }
    }
}

/// The tenant's people, as one reading found them.
struct Roster: Sendable {
    let tenant: Tenant
    let people: [Person]
    /// What waits for an administrator, where one reads it.
    let proposals: [PersonID: PersonProposal]

    init(tenant: Tenant, people: [Person], proposals: [PersonProposal]) {
        self.tenant = tenant
        self.proposals = Dictionary(proposals.map { ($0.person, $0) }) { _, last in last }
        self.people = people.sorted {
            ($0.name.lowercased(), $0.email) < ($1.name.lowercased(), $1.email)
        }
    }

    var approvers: [Person] { Person.approvers(of: tenant, among: people) }

    /// Another tenant's person does not exist, any more than one that was never there.
    func person(_ id: String) throws -> Person {
        guard let found = people.first(where: { $0.id.text == id }) else {
            throw Refusal.notFound(.person)
        }
        return found
    }

    /// What must be read before `roles` are given to `person`.
    func warnings(giving roles: Roles, to person: Person, by admin: Person) -> [String] {
        var warnings: [String] = []
        var changed = person
        changed.roles = roles
        let left =
            approvers.filter { $0.id != person.id }.count
            + (changed.mayDecide(for: tenant.id) ? 1 : 0)
        let (needed, count) = (
            tenant.policy.approvalsNeeded, left == 1 ? "1 person" : "\(left) people"
        )
        if left < approvers.count, left < needed {
            let result =
                tenant.requiresApproval
                ? "No access to your data is possible until there are more approvers, not even in an emergency."
                : "Approval could not be switched on then."
            warnings.append(
                left == 0
                    ? "Nobody could approve any more. \(result)"
                    : "Only \(count) could approve then, and \(needed) approvals are "
                        + "needed. \(result)"
            )
        }
        if person.id == admin.id, person.roles.contains(.admin), !roles.contains(.admin) {
            warnings.append(
                "You take the administrator’s role from yourself. You could not give it back to yourself: another "
                    + "administrator would have to."
            )
        }
        return warnings
    }
}

/// The check boxes of a person's roles, as they were sent.
struct RolesForm: Sendable {
    /// Why they were not taken.
    enum Refused: Sendable {
        case unknownRole
        /// Somebody else changed them since the page was made.
        case changedMeanwhile
        /// It is allowed, and grave: the sender must say that she means it.
        case needsCare([String])
        case refusal(Refusal, [String])

        var isConflict: Bool {
            switch self {
            case .changedMeanwhile, .refusal(.lastAdministrator, _): true
            case .unknownRole, .needsCare, .refusal: false
            }
        }
    }

    /// Nil where a name is none of the tenant's roles.
    let roles: Roles?
    /// What the page showed.
    let seen: Roles?
    /// Whether she said that she means these very roles.
    let isSure: Bool

    init(_ form: Form, of person: Person) {
        roles = Roles(names: form.all("role"), side: person.side)
        seen = form["seen"].flatMap { Self.roles(mark: $0, side: person.side) }
        isSure = roles.map { form["sure"] == Self.mark($0) } ?? false
    }

    /// Stands for `roles` in a hidden field or a check box.
    static func mark(_ roles: Roles) -> String {
        roles.isEmpty ? noRole : roles.names.joined(separator: " ")
    }

    /// The roles that `mark` stands for; nil for what `mark(_:)` never writes.
    private static func roles(mark: String, side: Side) -> Roles? {
        if mark == noRole { return [] }
        return Roles(names: mark.split(separator: " ").map(String.init), side: side)
    }

    /// An empty field is none at all, so that somebody without a role needs a word of her own.
    private static let noRole = "none"
}
