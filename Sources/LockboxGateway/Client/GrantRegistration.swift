import LockboxDomain
import LockboxPorts
import NIOCore

/// The place of a connection in the book while it is used under a grant, and the
/// timer of that grant's end. The timer asks nobody: it goes by the clock alone.
struct GrantRegistration {
    private let listener: ListenerContext
    private var number: GatewayBook.Number?
    private var credential: Credential?
    private var timer: EndTimer?

    init(_ listener: ListenerContext) { self.listener = listener }

    /// Whether a request under `credential` may follow those before. An answer under another grant
    /// may still be on its way to a client that does not read, and must go when that grant ends.
    func isFree(for credential: Credential) -> Bool {
        self.credential.map { $0.grant == credential.grant } ?? true
    }

    /// Takes a place under `credential`, in the stead of the one that is there; false if there is none
    /// and the grant has too many. `cut` may be called on any thread.
    mutating func enter(
        _ credential: Credential,
        gone: EventLoopFuture<Void>,
        cut: @escaping @Sendable () -> Void
    ) -> Bool {
        guard credential != self.credential else { return true }
        let now = listener.authorizer.clock.now()
        let entered = listener.book.enter(
            GatewayBook.Entry(credential: credential, admittedAt: now, cut: cut, gone: gone),
            inPlaceOf: number
        )
        guard let entered else { return false }
        timer?.cancel()
        (number, self.credential) = (entered, credential)
        timer = EndTimer(
            end: credential.expiresAt,
            clock: listener.authorizer.clock,
            on: listener.loop,
            cut
        )
        return true
    }

    func cutOthers(under credential: Credential) {
        listener.book.cut(under: credential.id, except: number)
    }

    mutating func leave() {
        if let number { listener.book.leave(number) }
        timer?.cancel()
        (number, credential, timer) = (nil, nil, nil)
    }
}

/// Calls `atEnd` when the clock shows `end`.
private final class EndTimer {
    private let end: Timestamp
    private let clock: any WallClock
    private let loop: any EventLoop
    private let atEnd: @Sendable () -> Void
    private var scheduled: Scheduled<Void>?

    init(
        end: Timestamp,
        clock: any WallClock,
        on loop: any EventLoop,
        _ atEnd: @escaping @Sendable () -> Void
    ) {
        self.end = end
        self.clock = clock
        self.loop = loop
        self.atEnd = atEnd
        look()
    }

    /// Time may go on at another pace than the loop's; the watch sees to a clock that jumps.
    private func look() {
        let left = (end - clock.now()).milliseconds
        guard left > 0 else { return atEnd() }
        scheduled = loop.assumeIsolated().scheduleTask(in: .milliseconds(left)) { [weak self] in
            self?.look()
        }
    }

    func cancel() { scheduled?.cancel() }
}
