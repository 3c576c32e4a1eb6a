import LockboxAudit
import LockboxDomain
import LockboxNotifier
import LockboxPorts
import ServiceLifecycle
import Synchronization

/// A relay that answers as the test says, and remembers what it was given.
final class ScriptedMailer: Mailer {
    typealias Script = @Sendable (Letter, _ attempt: Int) async throws(MailError) -> MailReceipt

    private let script: Script
    private let seen = Mutex<[Letter]>([])

    init(_ script: @escaping Script = { _, _ throws(MailError) in MailReceipt(reply: "250 ok") }) {
        self.script = script
    }

    /// Every letter handed over so far, also those refused.
    var letters: [Letter] { seen.withLock { $0 } }

    func letters(to address: EmailAddress) -> [Letter] {
        letters.filter { $0.to.address == address.text }
    }

    func send(
        _ letter: Letter,
        while mayGo: @escaping @Sendable () -> Bool
    ) async throws(MailError) -> MailReceipt {
        let attempt = seen.withLock { seen in
            seen.append(letter)
            return seen.count { $0.messageID == letter.messageID }
        }
        return try await script(letter, attempt)
    }
}

/// Keeps the letters that were recorded as undeliverable.
final class EventBook: CommitListener {
    private let recorded = Mutex<[UndeliverableNotice]>([])

    var events: [UndeliverableNotice] { recorded.withLock { $0 } }

    func committed(_ events: [Event]) async {
        for case .request(.noticeUndeliverable(let notice)) in events {
            recorded.withLock { $0.append(notice) }
        }
    }
}

/// Looks again every few milliseconds, until the service is asked to stop.
struct QuickPause: Pause {
    func callAsFunction(milliseconds: Int64) async -> Bool {
        await cancelWhenGracefulShutdown {
            do { try await Task.sleep(for: .milliseconds(2)) } catch { return }
        }
        return !Task.isCancelled && !Task.isShuttingDownGracefully
    }

    func wake() {}
}

/// A store whose commits fail or lose their answer for a while.
final class FlakyStore: Store {
    enum Fault {
        case works, nothingWritten, answerLost
    }

    private let store: any Store
    private let faults: Mutex<[Fault]>

    init(_ store: any Store, faults: [Fault]) {
        self.store = store
        self.faults = Mutex(faults)
    }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Value
    ) async throws -> Value {
        switch faults.withLock({ $0.popLast() }) {
        case .nothingWritten: throw StoreError.unavailable("disk full")
        case .answerLost:
            _ = try await store.write(body)
            throw StoreError.outcomeUnknown("no answer")
        case .works, nil: return try await store.write(body)
        }
    }

    func read<Value: Sendable>(
        _ lane: ReadLane,
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Value
    ) async throws -> Value {
        try await store.read(lane, body)
    }

    func changedElsewhere() async throws -> Bool { try await store.changedElsewhere() }
}
