import Hummingbird
import LockboxDomain
import LockboxHTTP
import LockboxIdentity
import LockboxOIDC
import LockboxPorts
import LockboxService
import Logging

/// How an organisation's people sign in, for its administrators.
extension PortalSite {
    var signInSettingsRoutes: [Route] {
        [
            page("/settings/sign-in", for: .customer) { _, _, viewer in
                try await signInSettings(viewer)
            },
            form("/settings/sign-in", for: .customer, back: Self.signInSettingsPage) {
                form,
                context,
                viewer in
                try await weighty(form, context, viewer) { viewer in
                    let typed = SignInForm(form)
                    let now = try await lockbox.signIn(by: viewer.person)
                    let wanted = try typed.read(
                        kept: now.settings.provider,
                        isTrial: !isSecure
                    ) {
                        let secret = form.secret("secret")
                        guard secret.utf8.count <= 1000 else {
                            throw Refusal.invalid(field: "secret", problem: .tooLong(maximum: 1000))
                        }
                        return secret.isEmpty
                            ? nil : .sealed(try clientSecretKey.seal(secret, entropy))
                    }
                    if let provider = wanted.provider {
                        try providerLimit.take(viewer.person.id.text, now: viewer.now)
                        try await look(at: provider, context.logger)
                    }
                    _ = try await lockbox.changeSignIn(to: wanted, by: viewer.person)
                    return .signInChangeAsked
                }
            },
            form("/settings/sign-in/{id}/confirm", for: .customer, back: Self.signInSettingsPage) {
                form,
                context,
                viewer in
                let id = try context.id()
                return try await weighty(form, context, viewer) { viewer in
                    try await lockbox.confirmSignInChange(id, by: viewer.person)
                    return .signInChanged
                }
            },
            form(
                "/settings/sign-in/{id}/stop",
                for: .customer,
                isUrgent: true,
                back: Self.signInSettingsPage
            ) { _, context, viewer in
                try await lockbox.stopSignInChange(try context.id(), by: viewer.person)
                return seeOther("/settings/sign-in", .signInChangeStopped)
            },
        ]
    }

    private static func signInSettingsPage(_: PortalContext) -> String { "/settings/sign-in" }

    private func signInSettings(
        _ viewer: Viewer,
        refused: (form: Form, refusal: Refusal)? = nil
    ) async throws -> SignInSettingsPage {
        SignInSettingsPage(
            try await lockbox.signIn(by: viewer.person),
            viewer,
            openID,
            stepUp: stepUp(viewer, on: "/settings/sign-in"),
            refused: refused
        )
    }

    private func weighty(
        _ form: Form,
        _ context: PortalContext,
        _ viewer: Viewer,
        _ take: (Viewer) async throws -> Flash
    ) async throws -> Response {
        try await confirmed(
            form,
            context,
            viewer,
            again: { try await signInSettings($0, refused: (form, $1)) }
        ) { viewer in
            seeOther("/settings/sign-in", try await take(viewer))
        }
    }

    /// Whether there is an OpenID provider at all. What exactly is wrong is in the server's log alone: it
    /// may speak of the network that this server is in.
    private func look(at provider: OpenIDProvider, _ logger: Logger) async throws {
        do {
            try await openID.look(at: provider)
        } catch let fault as ProviderFault {
            logger.notice(
                "an OpenID provider that a customer named cannot be used",
                metadata: [
                    "issuer": "\(provider.issuer)", "why": "it \(fault.what)",
                    "detail": "\(fault.detail ?? "")",
                ]
            )
            throw Refusal.invalid(
                field: "issuer",
                problem: .notAllowedHere(
                    "does not answer as an OpenID provider does. Compare it, letter by letter, with "
                        + "the issuer in the provider's discovery document."
                )
            )
        }
    }
}

struct SignInSettingsPage: Page {
    static let template = PageTemplate(PackageResources.sign_in_settings_mustache)

    /// What waits to become so.
    struct Waiting: Sendable {
        let changeID: String
        let waitingWords: [String]
        let waitingBy: String
        let from: ShownTime
        let left: Countdown
        /// Whether the reader can make it so at once.
        let mayConfirm: Bool
    }

    let title = "Sign-in"
    let section: String? = "/settings"
    let problems: Problems
    let present: [String]
    let waiting: Waiting?
    let hasNoDomains: Bool
    let domains: String?
    let redirection: String
    let logout: String
    let signInPage: String
    let ways: [Choice]
    let authentications: [Choice]
    let issuer: String
    let clientID: String
    let hasSecret: Bool
    let acrValues: String
    let trustsAddresses: Bool
    let rolesClaim: String
    let roles: String
    let stepUp: StepUp?
    let csrf: String
    let key: String

    init(
        _ reading: SignInReading,
        _ viewer: Viewer,
        _ openID: OpenIDClient,
        stepUp: StepUp?,
        refused: (form: Form, refusal: Refusal)?
    ) {
        let typed =
            refused.flatMap { $0.form["ways"] == nil ? nil : SignInForm($0.form) }
            ?? SignInForm(reading.settings)
        problems = refused.map { Problems([$0.refusal.words(on: .settings)]) } ?? .none
        present = Self.words(reading.settings, at: viewer.now)
        waiting = reading.waiting.map { change, person, isConfirmable in
            Waiting(
                changeID: change.id.text,
                waitingWords: Self.words(change.settings, at: viewer.now),
                waitingBy: person.name,
                from: ShownTime(change.takesEffectAt),
                left: Countdown(until: change.takesEffectAt, now: viewer.now),
                mayConfirm: isConfirmable
            )
        }
        hasNoDomains = reading.tenant.domains.isEmpty
        domains = hasNoDomains ? nil : reading.tenant.domains.map(\.text).joined(separator: ", ")
        (redirection, logout) = (openID.redirection, openID.logout)
        signInPage = openID.signInPage
        ways = [
            ("passwords", "With a password that is kept here"),
            ("both", "At your own provider, or with a password"),
            ("provider", "At your own provider alone"),
        ].map { Choice(value: $0, label: $1, isChosen: $0 == typed.ways) }
        authentications = [
            ("client_secret_basic", "A secret, in the head of the request (client_secret_basic)"),
            ("client_secret_post", "A secret, in the form (client_secret_post)"),
            ("private_key_jwt", "The keys that Lockbox publishes (private_key_jwt)"),
            ("none", "Nothing but PKCE (none)"),
        ].map { Choice(value: $0, label: $1, isChosen: $0 == typed.authentication) }
        (issuer, clientID) = (typed.issuer, typed.clientID)
        hasSecret = reading.settings.provider?.clientSecret != nil
        (acrValues, trustsAddresses) = (typed.acrValues, typed.trustsAddresses)
        (rolesClaim, roles) = (typed.rolesClaim, typed.roles)
        self.stepUp = stepUp
        csrf = viewer.csrf
        key = viewer.formKey
    }

    /// A line for each thing that is so.
    private static func words(_ settings: SignInSettings, at now: Timestamp) -> [String] {
        var lines: [String] = []
        if let provider = settings.provider {
            lines.append(
                "People sign in at \(provider.issuer), where Lockbox is \(provider.clientID)."
            )
            lines.append(
                settings.allowsPasswords
                    ? "Passwords that are kept here count too."
                    : "Passwords that are kept here do not count."
            )
            if !provider.acrValues.isEmpty {
                lines.append("Before a decision: \(provider.acrValues.joined(separator: " or ")).")
            }
            if provider.trustsAddresses {
                lines.append("Addresses count that it has not verified.")
            }
            if let claimed = provider.roles {
                let values = claimed.roles.sorted { $0.key < $1.key }.map { value, roles in
                    "\(value) = \(roles.names.isEmpty ? "none" : roles.names.joined(separator: ", "))"
                }
                lines.append(
                    "Roles by its claim \(claimed.claim): \(values.joined(separator: "; "))."
                )
            }
        } else {
            lines.append("People sign in with passwords that are kept here.")
        }
        if let until = settings.recoveryUntil, now < until {
            lines.append(
                "Until \(until.shown()) passwords count all the same: whoever runs Lockbox opened that way."
            )
        }
        return lines
    }
}
