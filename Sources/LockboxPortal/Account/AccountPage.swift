import Hummingbird
import LockboxDomain
import LockboxIdentity
import LockboxService

/// A person's own matters: which letters she wants, her API tokens, her sessions.
extension PortalSite {
    var accountRoutes: [Route] {
        [
            page("/account", for: .both) { _, _, viewer in try await account(viewer) },
            page("/keys", for: .both) { _, _, viewer in KeysPage(viewer) },
            form("/account/letters", for: .both, back: { _ in "/account" }) { form, _, viewer in
                let wanted = try MutedLetters(names: form.all("wanted"), field: "wanted")
                let all = MutedLetters.all.reduce(into: MutedLetters()) { $0.formUnion($1.kind) }
                _ = try await lockbox.changeMutedLetters(
                    to: all.subtracting(wanted),
                    by: viewer.person
                )
                return seeOther("/account", .lettersChanged)
            },
            form("/account/tokens", for: .both, back: { _ in "/account" }) {
                form,
                context,
                viewer in
                try await newToken(form, context, viewer)
            },
            form("/account/tokens/{id}/revoke", for: .both, back: { _ in "/account" }) {
                _,
                context,
                viewer in
                try await signIn.revokeToken(try context.id(), of: viewer.person)
                return seeOther("/account", .tokenRevoked)
            },
            form("/account/password", for: .both, back: { _ in "/account" }) { form, _, viewer in
                try await changePassword(form, viewer)
            },
            form("/account/sessions/{id}/end", for: .both, back: { _ in "/account" }) {
                _,
                context,
                viewer in
                try await sessions.end(try context.id(), of: viewer.person)
                return seeOther("/account", .sessionEnded)
            },
            form("/account/sign-out-everywhere", for: .both, back: { _ in "/account" }) {
                _,
                _,
                viewer in
                try await sessions.endAll(of: viewer.person)
                return seeOther("/sign-in", .signedOut, also: clearSession)
            },
        ]
    }

    func account(_ viewer: Viewer, refused: (form: Form, refusal: Refusal)? = nil)
        async throws -> AccountPage
    {
        AccountPage(
            viewer,
            tokens: try await signIn.tokens(of: viewer.person),
            sessions: try await sessions.open(of: viewer.person),
            passkeys: try await passkeyList(of: viewer, refused?.form),
            stepUp: stepUp(viewer, on: "/account"),
            refused: refused
        )
    }

    private func passkeyList(of viewer: Viewer, _ form: Form?) async throws
        -> AccountPage.PasskeyList?
    {
        guard passkeys.areOffered else { return nil }
        let rows = try await passkeys.passkeys(of: viewer.person).map { PasskeyRow($0) }
        let mayAdd = try await passkeys.areAllowed(at: viewer.side)
        guard mayAdd || !rows.isEmpty else { return nil }
        return AccountPage.PasskeyList(
            rows: rows,
            mayAdd: mayAdd,
            newName: form?["passkeyName"] ?? ""
        )
    }

    /// The page with its form as it was sent; `secret` is the session's new one, if it has one.
    func refused(
        _ form: Form,
        by refusal: Refusal,
        _ viewer: Viewer,
        _ secret: String?
    ) async throws -> Response {
        if case .notSignedIn = refusal { throw refusal }
        let page = try await account(viewer, refused: (form, refusal))
        let response = html(page, viewer, status: .unprocessableContent)
        return secret.map { setSession($0, on: response) } ?? response
    }

    /// A token speaks for its owner for months, so the password is asked as for a decision. The
    /// secret is in this one answer and in no address.
    private func newToken(_ form: Form, _ context: PortalContext, _ viewer: Viewer) async throws
        -> Response
    {
        try await confirmed(
            form,
            context,
            viewer,
            again: { try await account($0, refused: (form, $1)) }
        ) { viewer in
            let terms = try TokenForm(form).terms()
            return html(
                NewTokenPage(try await signIn.issueToken(for: viewer.person, terms)),
                viewer
            )
        }
    }
}

extension PortalSite {
    /// The present password is asked for however short a time ago it was given (OWASP ASVS 5.0
    /// §6.2.3): whoever finds the page open must not be able to keep its owner out.
    fileprivate func changePassword(_ form: Form, _ viewer: Viewer) async throws -> Response {
        var viewer = viewer
        var secret: String?
        do {
            let (present, new) = (form.secret("password"), form.secret("newPassword"))
            for (field, value) in [("password", present), ("newPassword", new)] where value.isEmpty
            {
                throw Refusal.invalid(field: field, problem: .missing)
            }
            guard form.secret("newPasswordAgain") == new else {
                throw Refusal.invalid(
                    field: "newPasswordAgain",
                    problem: .notAllowedHere("is not the same as the new password.")
                )
            }
            let confirmed = try await sessions.confirm(viewer.secret, password: present)
            secret = confirmed.secret
            viewer = viewer.going(on: confirmed.signedIn, confirmed.secret)
            let changed = try await sessions.setPassword(
                confirmed.secret,
                to: new,
                field: "newPassword"
            )
            return setSession(changed.secret, on: seeOther("/account", .passwordChanged))
        } catch let refusal as Refusal {
            return try await refused(form, by: refusal, viewer, secret)
        }
    }
}

/// One's own account.
struct AccountPage: Page {
    static let template = PageTemplate(PackageResources.account_mustache)

    struct Letter: Sendable {
        let letterName: String
        let letterWords: String
        let isWanted: Bool
    }

    struct OpenSession: Sendable {
        let id: String
        let began: ShownTime
        let seen: ShownTime
        let isThis: Bool
    }

    struct PasskeyList: Sendable {
        let rows: [PasskeyRow]
        let mayAdd: Bool
        let newName: String
    }

    let title = "Your account"
    let personName: String
    let email: String
    let organisationName: String
    let roles: [String]
    let letters: [Letter]
    let timeZoneWords: String
    let tokens: [TokenRow]
    let newToken: TokenForm
    let scopes: [TokenForm.Scope]
    /// What the tenant lets no token do; nil where it forbids nothing.
    let withheldWords: String?
    let longestDays = IdentityLimits.tokenDays.upperBound
    let openSessions: [OpenSession]
    /// Nil where she can have none.
    let passkeys: PasskeyList?
    let shortestPassword = IdentityLimits.chosenPasswordLength.lowerBound
    let problems: Problems
    let stepUp: StepUp?
    /// Whoever signs in elsewhere needs none here.
    let hasPassword: Bool
    let isCustomer: Bool
    let csrf: String
    let key: String

    init(
        _ viewer: Viewer,
        tokens: [APIToken],
        sessions: [Session],
        passkeys: PasskeyList?,
        stepUp: StepUp?,
        refused: (form: Form, refusal: Refusal)? = nil
    ) {
        let person = viewer.person
        personName = person.name
        email = person.email.text
        timeZoneWords = person.timeZone?.text ?? "your browser’s time here, UTC in e-mails"
        organisationName = viewer.tenant?.name ?? viewer.providerName
        roles = person.roles.names.map { RoleSentence.may[$0] ?? $0 }
        letters = MutedLetters.all.map { name, kind in
            Letter(
                letterName: name,
                letterWords: Self.words(kind),
                isWanted: !person.mutedLetters.contains(kind)
            )
        }
        self.tokens = tokens.map { TokenRow($0) }
        self.passkeys = passkeys
        let withheld = viewer.tenant?.policy.withheldFromTokens ?? []
        // The page has other forms, and what one of them said is not this one's.
        let sent = refused.flatMap { $0.form["days"] == nil ? nil : TokenForm($0.form) }
        newToken = sent ?? TokenForm()
        scopes = newToken.scopes(withheld: withheld)
        withheldWords = withheld.isEmpty ? nil : ScopeWords.labels(of: withheld).lowercased()
        openSessions = sessions.map { session in
            OpenSession(
                id: session.id.text,
                began: ShownTime(session.createdAt),
                seen: ShownTime(session.lastSeenAt),
                isThis: session.id == viewer.signedIn.session.id
            )
        }
        problems = refused.map { Problems([$0.refusal.words(on: .settings)]) } ?? .none
        self.stepUp = stepUp
        hasPassword = viewer.signedIn.confirmations.password
        isCustomer = viewer.isCustomer
        csrf = viewer.csrf
        key = viewer.formKey
    }

    private static func words(_ kind: MutedLetters) -> String {
        switch kind {
        case .reminders: "Reminders that a decision is still waiting for you"
        case .accessBegan: "That approved access has begun"
        case .accessReports: "Closing reports: who was in your data, when and how often"
        case .supportMessages: "That somebody has written on a support request of yours"
        case _: "Other e-mails"
        }
    }
}

/// What roles let people do.
enum RoleSentence {
    static let may: [String: String] = [
        "engineer": "Engineer: asks for access, and uses it",
        "manager": "Manager: reviews requests for access, and can stop access",
        "operator": "Operator: sees tenants, requests and the provider’s log",
        "member": "Member: opens support requests",
        "approver": "Approver: decides about access to your data, and can stop it",
        "admin": "Administrator: decides too, and changes the rules and who may do what",
        "auditor": "Auditor: reads everything, and the audit log",
    ]
}

/// A new API token, shown this once.
struct NewTokenPage: Page {
    static let template = PageTemplate(PackageResources.new_token_mustache)

    let title = "Your new API token"
    let secret: String
    let tokenLabel: String
    let scopeLabels: String
    let expires: ShownTime?

    init(_ new: NewToken) {
        secret = new.secret
        tokenLabel = new.token.label
        scopeLabels = ScopeWords.labels(of: new.token.scopes)
        expires = new.token.expiresAt.map { ShownTime($0) }
    }
}
