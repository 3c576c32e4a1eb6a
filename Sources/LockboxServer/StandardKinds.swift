package import LockboxPorts
package import LockboxServices

/// The kinds of service that `lockboxd` knows. A kind more is a line more.
package let standardKinds: @Sendable (ServiceTools) -> [any ServiceKind] = { tools in
    [
        IMAPKind(tools),
        HTTPKind(gateways: tools.gateways, apart: tools.gatewaysApart),
        PostgresKind(tools),
        SQLKind(),
        HookKind(tools),
    ]
}
