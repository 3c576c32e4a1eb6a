import Hummingbird
import LockboxDomain
import LockboxHTTP
import LockboxIdentity
import LockboxService

/// How the organisation's own directory says who its people are: its tokens, and what its groups
/// give. For administrators.
extension PortalSite {
    private static let provisioningPath = "/settings/provisioning"

    var provisioningRoutes: [Route] {
        let path = Self.provisioningPath
        return [
            page("/settings/provisioning", for: .customer) { _, _, viewer in
                try await provisioning(viewer)
            },
            form("/settings/provisioning/tokens", for: .customer, back: { _ in path }) {
                form,
                context,
                viewer in
                try await newProvisioningToken(form, context, viewer)
            },
            form("/settings/provisioning/tokens/{id}/end", for: .customer, back: { _ in path }) {
                _,
                context,
                viewer in
                try await signIn.revokeProvisioningToken(
                    try context.id(),
                    ofTenant: viewer.person.side.tenant?.text ?? "",
                    by: viewer.person
                )
                return seeOther(path, .tokenRevoked)
            },
            form("/settings/provisioning/groups", for: .customer, back: { _ in path }) {
                form,
                context,
                viewer in
                try await mapGroup(form, context, viewer)
            },
        ]
    }

    private func provisioning(_ viewer: Viewer, refused: (form: Form, refusal: Refusal)? = nil)
        async throws -> ProvisioningPage
    {
        guard viewer.holds(.admin), let id = viewer.person.side.tenant else {
            throw Refusal.notFound(.page)
        }
        return ProvisioningPage(
            viewer,
            tenant: try await lockbox.tenant(id.text, by: viewer.person),
            address: "\(origin?.description ?? "")/scim/v2/\(id)",
            tokens: try await signIn.provisioningTokens(ofTenant: id.text, by: viewer.person),
            groups: try await lockbox.groupRoles(of: id.text, by: viewer.person),
            stepUp: stepUp(viewer, on: Self.provisioningPath),
            refused: refused
        )
    }

    private func newProvisioningToken(_ form: Form, _ context: PortalContext, _ viewer: Viewer)
        async throws -> Response
    {
        try await confirmed(
            form,
            context,
            viewer,
            again: { try await provisioning($0, refused: (form, $1)) }
        ) { viewer in
            let new = try await signIn.issueProvisioningToken(
                try TokenForm(form).terms(scoped: false),
                ofTenant: viewer.person.side.tenant?.text ?? "",
                by: viewer.person
            )
            return html(NewProvisioningTokenPage(new), viewer)
        }
    }

    private func mapGroup(_ form: Form, _ context: PortalContext, _ viewer: Viewer)
        async throws -> Response
    {
        try await confirmed(
            form,
            context,
            viewer,
            again: { try await provisioning($0, refused: (form, $1)) }
        ) { viewer in
            try await lockbox.mapGroup(
                form["group"] ?? "",
                to: form.all("role"),
                in: viewer.person.side.tenant?.text ?? "",
                by: viewer.person
            )
            return seeOther(Self.provisioningPath, .rolesChanged)
        }
    }
}

/// What the organisation's directory may say, and what its groups give.
struct ProvisioningPage: Page {
    static let template = PageTemplate(PackageResources.provisioning_mustache)

    struct Token: Sendable {
        let id: String
        let tokenLabel: String
        let addresses: String?
        let issuedAt: ShownTime
        let expires: ShownTime
        let isOver: Bool
        let lastUsed: ShownTime?
        let lastUsedFrom: String?
        let wasNeverUsed: Bool
    }

    struct Group: Sendable {
        let groupName: String
        let roleLabels: String
    }

    struct Role: Sendable {
        let roleName: String
        let label: String
        let meaning: String
        let isChosen: Bool
    }

    let title = "People from your directory"
    let section: String? = "/settings"
    let problems: Problems
    let address: String
    let domains: String
    let hasDomains: Bool
    let providerName: String
    let tokens: [Token]
    let groups: [Group]
    let newToken: TokenForm
    let group: String
    let roles: [Role]
    let longestDays = IdentityLimits.tokenDays.upperBound
    let stepUp: StepUp?
    let csrf: String
    let key: String

    init(
        _ viewer: Viewer,
        tenant: Tenant,
        address: String,
        tokens: [ProvisioningToken],
        groups: [GroupRoles],
        stepUp: StepUp?,
        refused: (form: Form, refusal: Refusal)?
    ) {
        problems = refused.map { Problems([$0.refusal.words(on: .settings)]) } ?? .none
        self.address = address
        domains = tenant.domains.map(\.text).joined(separator: ", ")
        hasDomains = !tenant.domains.isEmpty
        providerName = viewer.providerName
        self.tokens = tokens.map { token in
            Token(
                id: token.id.text,
                tokenLabel: token.label,
                addresses: token.addresses.isEmpty
                    ? nil : token.addresses.map(\.description).joined(separator: ", "),
                issuedAt: ShownTime(token.createdAt),
                expires: ShownTime(token.expiresAt),
                isOver: !token.isValid(at: viewer.now),
                lastUsed: token.lastUse.map { ShownTime($0.at) },
                lastUsedFrom: token.lastUse?.from?.description,
                wasNeverUsed: token.lastUse == nil
            )
        }
        self.groups = groups.map {
            Group(groupName: $0.group, roleLabels: RoleWords.labels(of: $0.roles))
        }
        // The page has two forms, and what one of them said is not the other's.
        let sent = refused.flatMap { $0.form["days"] == nil ? nil : TokenForm($0.form) }
        newToken = sent ?? TokenForm()
        group = refused?.form["group"] ?? ""
        let chosen = refused?.form.all("role") ?? []
        roles = RoleWords.ofTenant.map { role, words in
            let name = role.names.first ?? ""
            return Role(
                roleName: name,
                label: words.label,
                meaning: words.meaning,
                isChosen: chosen.contains(name)
            )
        }
        self.stepUp = stepUp
        csrf = viewer.csrf
        key = viewer.formKey
    }
}

/// A new token for the directory, shown this once.
struct NewProvisioningTokenPage: Page {
    static let template = PageTemplate(PackageResources.new_provisioning_token_mustache)

    let title = "The new token for your directory"
    let section: String? = "/settings"
    let secret: String
    let tokenLabel: String
    let expires: ShownTime

    init(_ new: NewProvisioningToken) {
        secret = new.secret
        tokenLabel = new.token.label
        expires = ShownTime(new.token.expiresAt)
    }
}
