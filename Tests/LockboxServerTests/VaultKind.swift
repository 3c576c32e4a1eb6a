import LockboxDomain
import LockboxPorts
import Synchronization

/// A kind of service that only these tests know: a vault that opens a door for each credential and
/// says which are open. All there is of it is in this file.
struct VaultKind: ServiceKind {
    let name = ProtectedService.Kind(known: "vault")
    let keys = ["vault"]
    let needsOpening = true
    let doors: VaultDoors

    func settings<Value: SettingsValue>(
        from members: [String: Value],
        of service: Value
    ) throws(ConfigurationError) -> String {
        let block = try members.required("vault", of: service)
        let floor = try block.members(["floor"]).required("floor", of: block)
        guard (0...9).contains(try floor.number()) else { throw floor.error("must be 0 to 9") }
        return #"{"floor":\#(try floor.number())}"#
    }

    func resources(of address: EmailAddress, at service: ProtectedService) -> [Resource] { [] }

    func claims(of credential: Credential) -> ServiceClaims {
        ServiceClaims(
            scope: "vault",
            own: ["box": credential.resource.localName, "active": "never", "username": "nobody"]
        )
    }

    func connecting(with credential: Credential, at settings: ServiceSettings) -> Connecting {
        Connecting(
            how: "Go down and say the token.",
            note: "Lockbox does not know the stairs.",
            command: "say TOKEN"
        )
    }

    func openConnections(of settings: ServiceSettings) -> OpenConnections { .areCut }

    func enforcer(of settings: ServiceSettings) throws(EnforcerError) -> (any Enforcer)? { doors }
}

/// The doors of the vault, by login name.
final class VaultDoors: Enforcer {
    private let state = Mutex<(opened: Set<String>, isStuck: Bool)>(([], false))
    private let event = Mutex<(@Sendable () async -> Void)?>(nil)

    var opened: Set<String> { state.withLock { $0.opened } }

    func jam(_ isStuck: Bool) { state.withLock { $0.isStuck = isStuck } }

    /// What happens while the next door is being opened.
    func meanwhile(_ happens: @escaping @Sendable () async -> Void) {
        event.withLock { $0 = happens }
    }

    func open(_ credential: Credential, secret: String) async throws(EnforcerError) {
        await event.withLock { event in
            defer { event = nil }
            return event
        }?()
        let isStuck = state.withLock { state in
            if !state.isStuck { state.opened.insert(credential.username) }
            return state.isStuck
        }
        if isStuck { throw EnforcerError("the door is stuck") }
    }

    func cut(_ orders: [Removal]) async throws(EnforcerError) {
        state.withLock { $0.opened.subtract(orders.flatMap(\.usernames)) }
    }

    func close(_ order: Removal) async throws(EnforcerError) { try await cut([order]) }

    func list() async throws(EnforcerError) -> [OpenAccess] {
        opened.sorted().map(OpenAccess.init(username:))
    }
}
