import LockboxEnforcerContract
import LockboxPorts
import NIOCore
import Synchronization
import Testing

/// A hook keeps the promises of an enforcer, if the service does as it is told.
struct HookContractTests {
    @Test(.timeLimit(.minutes(5)), arguments: EnforcerPromise.allCases)
    func promiseIsKept(_ promise: EnforcerPromise) async throws {
        let service = StagedHook()
        try await HookWorld.with(timeout: .seconds(10), { service.reply(to: $0) }) { world in
            try await promise.check(StagedHookService(enforcer: world.enforcer, hook: service))
        }
    }
}

private struct StagedHookService: StagedService {
    let enforcer: any Enforcer
    let hook: StagedHook

    func connect(as username: String) async { hook.connect(username) }
    func connected() async -> [String] { hook.connected }
    func behave(_ behaviour: ServiceBehaviour) async { hook.behave(behaviour) }
}

/// A service that opens, closes and lists.
private final class StagedHook: Sendable {
    private struct State {
        var open: Set<String> = []
        var connected = ["adam@contoso.test", "sue@contoso.test"]
        var behaviour = ServiceBehaviour.well
    }

    private let state = Mutex(State())

    var connected: [String] { state.withLock { $0.connected.sorted() } }

    func connect(_ name: String) { state.withLock { $0.connected.append(name) } }

    func behave(_ behaviour: ServiceBehaviour) { state.withLock { $0.behaviour = behaviour } }

    func reply(to asked: HookAsked) -> HTTPStub.Reply {
        state.withLock { state in
            switch state.behaviour {
            case .refusing: return .answer(status: 500, headers: HookWorld.json, "{}")
            case .garbled: return .answer(headers: HookWorld.json, #"{"open": []}"#)
            case .silent: return .silence
            case .well: break
            }
            let open: [String]
            switch asked.type {
            case "access.open":
                open = [asked.data["username"] ?? ""]
                state.open.formUnion(open)
            case "access.close":
                let names = asked.data["usernames"]?.split(separator: " ").map(String.init) ?? []
                state.open.subtract(names)
                state.connected.removeAll { names.contains($0) }
                open = []
            case "access.list": open = state.open.sorted()
            case let type:
                Issue.record("\(type) is no message")
                open = []
            }
            return .answer(headers: HookWorld.json, asked.answer(open))
        }
    }
}
