import LockboxPorts
import Synchronization

/// What the mail relay took.
final class SimulatedRelay: Sendable {
    struct Letter: Sendable {
        let messageID: String
        let takenAt: Int64
    }

    private let letters = Mutex<[Letter]>([])

    /// In the order in which it took them.
    var taken: [Letter] { letters.withLock { $0 } }

    fileprivate func take(_ messageID: String, at now: Int64) {
        letters.withLock { $0.append(Letter(messageID: messageID, takenAt: now)) }
    }
}

/// One process's way to it.
struct SimulatedMailer: Mailer {
    let relay: SimulatedRelay
    let scheduler: Scheduler
    let store: SimulatedStore
    let faults: @Sendable () -> Faults

    func send(_ letter: Letter, while mayGo: @escaping @Sendable () -> Bool)
        async throws(MailError) -> MailReceipt
    {
        let (wait, fault, kind) = scheduler.draw { chance in
            (
                Int64.random(in: 0...20, using: &chance), chance.happens(faults().relay),
                Int.random(in: 0..<4, using: &chance)
            )
        }
        if !store.isDead { await scheduler.sleep(wait) }
        guard !store.isDead else { throw .unreachable("ended") }
        guard mayGo() else { throw .heldBack }
        switch fault ? kind : -1 {
        case 0: throw .deferred(code: 450, text: "later")
        case 1: throw .unreachable("no connection")
        case 2: throw .outcomeUnknown("no answer")
        case 3:
            relay.take(letter.messageID, at: scheduler.now)
            throw .outcomeUnknown("no answer")
        default:
            relay.take(letter.messageID, at: scheduler.now)
            // The process may never hear of it.
            await scheduler.sleep(1)
            return MailReceipt(reply: "250 ok")
        }
    }
}
