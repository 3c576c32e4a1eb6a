import AsyncHTTPClient
import LockboxEnforcerContract
import LockboxPorts
import LockboxServices
import NIOCore
import Synchronization
import Testing

/// Dovecot keeps the promises of an enforcer.
struct DovecotContractTests {
    @Test(arguments: EnforcerPromise.allCases)
    func promiseIsKept(_ promise: EnforcerPromise) async throws {
        let sessions = StagedSessions()
        try await DoveadmStub.with({ sessions.answer($0) }) { stub in
            let enforcer = DovecotEnforcer(
                client: HTTPClient.shared,
                url: stub.url,
                apiKey: "a key",
                settling: [.milliseconds(1)],
                timeout: .seconds(10)
            )
            try await promise.check(StagedDovecot(enforcer: enforcer, sessions: sessions))
        }
    }
}

private struct StagedDovecot: StagedService {
    let enforcer: any Enforcer
    let sessions: StagedSessions

    func connect(as username: String) async { sessions.add(username) }
    func connected() async -> [String] { sessions.names }
    func behave(_ behaviour: ServiceBehaviour) async { sessions.behave(behaviour) }
}

/// The sessions of a mail server: its owners' and those of engineers.
private final class StagedSessions: Sendable {
    private let state = Mutex<(names: [String], behaviour: ServiceBehaviour)>(
        (["adam@contoso.test", "sue@contoso.test"], .well)
    )

    var names: [String] { state.withLock { $0.names.sorted() } }

    func add(_ name: String) { state.withLock { $0.names.append(name) } }

    func behave(_ behaviour: ServiceBehaviour) { state.withLock { $0.behaviour = behaviour } }

    /// As Dovecot 2.3 answers: masks may hold `*`, nobody to kick is exit code 68, and the rows of
    /// `who` after the first stand beside the list.
    func answer(_ asked: DoveadmStub.Asked) -> DoveadmStub.Answer {
        state.withLock { state in
            switch state.behaviour {
            case .refusing: return .answer(#"["error",{"type":"exitCode","exitCode":77},TAG]"#)
            case .garbled: return .answer(#"["doveadmResponse",[{"user":null}],"?"]"#)
            case .silent: return .silence
            case .well: break
            }
            let mask = asked.mask.first ?? ""
            let isMeant: (String) -> Bool = {
                mask.hasSuffix("*") ? $0.hasPrefix(mask.dropLast()) : $0 == mask
            }
            let meant = state.names.filter(isMeant)
            if asked.command == "kick" {
                state.names.removeAll(where: isMeant)
                return meant.isEmpty
                    ? .answer(#"["error",{"type":"exitCode","exitCode":68},TAG]"#)
                    : .answer(#"["doveadmResponse",[{"result":"\#(mask)"}],TAG]"#)
            }
            let rows = meant.map { #"{"username":"\#($0)","connections":"1","service":"imap"}"# }
            let parts = ["[\(rows.first ?? "")]"] + rows.dropFirst()
            return .answer(#"["doveadmResponse",\#(parts.joined(separator: ",")),TAG]"#)
        }
    }
}
