import LockboxDomain
import LockboxPorts

/// Has a service's own hook open, close and list what grants have there. What closing means, and that
/// nothing of the grant comes up after it, is the service's promise; that it shows nothing of it
/// afterwards is looked at.
struct HookEnforcer: Enforcer {
    let client: HookClient
    /// Whether the service is told tokens, and not their hashes alone.
    let passToken: Bool

    func open(_ credential: Credential, secret: String) async throws(EnforcerError) {
        let open = try await client.tell(
            .open(credential, token: secret, passToken: passToken)
        )
        guard open == [credential.username] else {
            throw EnforcerError("the service did not confirm that access is open")
        }
    }

    /// All at once: one that the service is slow with holds up no other, and none is left out.
    func cut(_ orders: [Removal]) async throws(EnforcerError) {
        let problems = await withTaskGroup(of: EnforcerError?.self) { group in
            for order in orders {
                group.addTask {
                    do throws(EnforcerError) {
                        try await end(order)
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        if let problem = problems.compactMap({ $0 }).first { throw problem }
    }

    func close(_ order: Removal) async throws(EnforcerError) {
        try await end(order)
        let isOpen = try await list().contains {
            $0.grant == order.grant || order.usernames.contains($0.username)
        }
        if isOpen { throw Self.stillOpen }
    }

    func list() async throws(EnforcerError) -> [OpenAccess] {
        try await client.tell(.list).sorted().map(OpenAccess.init(username:))
    }

    private func end(_ order: Removal) async throws(EnforcerError) {
        guard try await client.tell(.close(order)).isEmpty else { throw Self.stillOpen }
    }

    private static let stillOpen = EnforcerError("the service still shows open access")
}
