import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import Synchronization

extension Scene {
    private static let page = "/settings/sign-in"

    /// How an organisation's people sign in, for its administrators, and who does not any more.
    static let signInSettings = [
        Scene(
            "People",
            "switched off by an administrator",
            as: "gita",
            .fill("/people/{adam}/switch-off", on: "/people/{adam}", typing: []),
            isKey: true
        ),
        Scene(
            "People",
            "last administrator, not switched off",
            as: "gita",
            .fill("/people/{gita}/switch-off", on: "/people/{gita}", typing: []),
            status: 409
        ),
        Scene("Sign-in settings", "with passwords", as: "gita", .page(page), isKey: true),
        Scene("Sign-in settings", "not for an approver", as: "adam", .page(page), status: 403),
        Scene("Sign-in settings", "not for the provider", as: "eve", .page(page), status: 404),
        Scene(
            "Sign-in settings",
            "at a provider",
            as: "gita",
            .page(page),
            isKey: true,
            after: { try await $0.signsInElsewhere(passwords: true) }
        ),
        Scene(
            "Sign-in settings",
            "asked for",
            as: "gita",
            .fill(
                page,
                on: page,
                typing: [
                    ("ways", "both"), ("issuer", Fixture.issuer), ("clientID", "lockbox"),
                    ("secret", "from the provider's page"), ("rolesClaim", "groups"),
                    ("roles", "lockbox-approvers = member, approver\nlockbox-admins = admin"),
                ]
            ),
            isKey: true,
            after: { try await $0.ownsItsDomain() }
        ),
        Scene(
            "Sign-in settings",
            "asked for by another administrator",
            as: "gita",
            .page(page),
            isKey: true,
            after: { try await $0.adamAskedForAnotherSignIn() }
        ),
        Scene(
            "Sign-in settings",
            "made so by another administrator",
            as: "gita",
            .fill("\(page)/{signInChange}/confirm", on: page, typing: []),
            after: { try await $0.adamAskedForAnotherSignIn() }
        ),
        Scene(
            "Sign-in settings",
            "stopped",
            as: "gita",
            .fill("\(page)/{signInChange}/stop", on: page, typing: []),
            after: { try await $0.adamAskedForAnotherSignIn() }
        ),
        Scene(
            "Sign-in settings",
            "an issuer that is none, and roles that nobody has",
            as: "gita",
            .fill(
                page,
                on: page,
                typing: [
                    ("ways", "provider"), ("issuer", "login.contoso.test"), ("clientID", "lockbox"),
                    ("roles", "everybody = king"), ("rolesClaim", "groups"),
                ]
            ),
            status: 422,
            after: { try await $0.ownsItsDomain() }
        ),
    ]
}

extension PortalWorld {
    /// The domain of its addresses is Contoso's alone.
    package func ownsItsDomain() async throws {
        var tenant = try await lockbox.tenant("contoso", by: person("gita"))
        tenant.domains = Fixture.ownsItsDomain.domains
        try await audited.write(by: .console) { [tenant] change in
            try change.tx.save(tenant)
            change.emit(.directory(.domainsChanged(tenant)))
        }
    }

    package func adamAskedForAnotherSignIn() async throws {
        try await ownsItsDomain()
        try await roles(["member", "approver", "admin"], of: "adam")
        var settings = Fixture.signsInElsewhere
        settings.allowsPasswords = true
        let change = try await lockbox.changeSignIn(to: settings, by: person("adam"))
        memory.withLock { $0.signInChange = change.id }
    }
}
