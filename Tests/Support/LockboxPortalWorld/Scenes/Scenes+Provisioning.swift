import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxIdentity
import LockboxPorts
import LockboxService
import Synchronization

extension Scene {
    /// How a tenant's own directory reaches Lockbox.
    static let provisioning: [Scene] = [
        Scene(
            "Provisioning",
            "nothing yet",
            as: "gita",
            .page("/settings/provisioning")
        ),
        Scene(
            "Provisioning",
            "in use",
            as: "gita",
            .page("/settings/provisioning"),
            isKey: true,
            after: { world in try await world.provisioned() }
        ),
        Scene(
            "Provisioning",
            "not for approvers",
            as: "adam",
            .page("/settings/provisioning"),
            status: 404
        ),
        Scene(
            "Provisioning",
            "a new token",
            as: "gita",
            .fill(
                "/settings/provisioning/tokens",
                on: "/settings/provisioning",
                typing: [("label", "Entra ID")]
            )
        ),
        Scene(
            "Provisioning",
            "a token from nowhere",
            as: "gita",
            .fill(
                "/settings/provisioning/tokens",
                on: "/settings/provisioning",
                typing: [("label", "Entra ID"), ("addresses", "10.0.0.1/8")]
            ),
            status: 422
        ),
        Scene(
            "Provisioning",
            "a token is ended",
            as: "gita",
            .fill(
                "/settings/provisioning/tokens/{token}/end",
                on: "/settings/provisioning",
                typing: []
            ),
            after: { world in try await world.provisioned() }
        ),
        Scene(
            "Provisioning",
            "a group gives roles",
            as: "gita",
            .fill(
                "/settings/provisioning/groups",
                on: "/settings/provisioning",
                typing: [("group", "Data protection"), ("role", "approver")]
            )
        ),
        Scene(
            "Provisioning",
            "a group without a name",
            as: "gita",
            .fill(
                "/settings/provisioning/groups",
                on: "/settings/provisioning",
                typing: [("group", ""), ("role", "approver")]
            ),
            status: 422
        ),
    ]
}

extension PortalWorld {
    /// Contoso's directory has a token, which was used, and two groups give roles.
    package func provisioned() async throws {
        try await domain("contoso.test")
        let new = try await signIn.issueProvisioningToken(
            TokenTerms(label: Texts.hostileName, days: 30, addresses: ["192.0.2.0/24"]),
            ofTenant: Fixture.contoso.id.text,
            by: Fixture.gita
        )
        for (group, roles) in [
            (Texts.hostileName, ["approver", "member"]), ("Audit", ["auditor"]),
        ] {
            try await lockbox.mapGroup(
                group,
                to: roles,
                in: Fixture.contoso.id.text,
                by: Fixture.gita
            )
        }
        clock.advance(by: .hours(3))
        _ = try await signIn.provisioning(
            secret: new.secret,
            from: ClientKey(address: "192.0.2.44")
        )
        memory.withLock { $0.provisioning = new.token.id }
    }

    private func domain(_ name: String) async throws {
        var tenant = try await lockbox.tenant("contoso", by: person("gita"))
        tenant.domains = [name].compactMap { DomainName($0) }
        try await audited.write(by: .console) { [tenant] change in
            try change.tx.save(tenant)
            change.emit(.directory(.domainsChanged(tenant)))
        }
    }
}
