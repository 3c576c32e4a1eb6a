import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts

extension Scene {
    /// That access was found that nobody granted.
    static let unknownAccess = [
        Scene(
            "Overview",
            "access that nobody granted was found",
            as: "gita",
            .page("/overview"),
            isKey: true,
            after: { world in try await world.unknownFound(isClosed: false) }
        ),
        Scene(
            "Overview",
            "access that nobody granted was closed",
            as: "adam",
            .page("/overview"),
            after: { world in try await world.unknownFound(isClosed: true) }
        ),
        Scene(
            "Settings",
            "review of closing what nobody granted",
            as: "gita",
            .fill("/settings/review", on: "/settings", typing: [("unknown", "close")])
        ),
        Scene(
            "Settings",
            "review of leaving open what nobody granted",
            as: "gita",
            .fill("/settings/review", on: "/settings", typing: [("unknown", "show")]),
            after: { world in try await world.policy { $0.closesUnknownAccess = true } }
        ),
    ]
}

extension PortalWorld {
    /// A look at the mail service found something.
    fileprivate func unknownFound(isClosed: Bool) async throws {
        let found = UnknownAccess(
            tenant: Fixture.contoso.id,
            service: Fixture.mail.service.id,
            loginName: "lbx-0123456789-1",
            kind: .unknown,
            oddity: nil,
            isClosed: isClosed
        )
        try await audited.write(by: .system) { $0.emit(.access(.unknownFound(found))) }
    }
}
