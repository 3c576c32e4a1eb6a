import LockboxDomain
import LockboxPorts
import NIOCore

/// The place of a connection in the book while it is used under a grant, and the
/// timer of that grant's end. The timer asks nobody: it goes by the clock alone.
struct GrantRegistration {
    private let listener: ListenerContext
    private var number: GatewayBook.Number?
    /// Under which it has it.
    private(set) var credential: Credential?
    private var timer: EndTimer?

    init(_ listener: ListenerContext) { self.listener = listener }

    /// Why `enter` would take none; nil where it would.
    func mayEnter(_ credential: Credential) -> GatewayRefusal? {
        if let known = self.credential, known.grant != credential.grant { return .otherAccess }
        return credential == self.credential
            || listener.book.hasRoom(under: credential.grant, besides: number) ? nil : .tooMany
    }

    /// Takes a place for `channel` under `credential`, in the stead of the one that is there; says why
    /// if there is none. An answer under another grant may still be on its way to a client that does
    /// not read, and must go when that grant ends. `ended` is called on the event loop.
    mutating func enter(
        _ credential: Credential,
        on channel: any Channel,
        ended: @escaping @Sendable () -> Void
    ) -> GatewayRefusal? {
        if let refusal = mayEnter(credential) { return refusal }
        guard credential != self.credential else { return nil }
        let cut: @Sendable () -> Void = { [loop = listener.loop] in loop.execute(ended) }
        let now = listener.authorizer.clock.now()
        let entered = listener.book.enter(
            GatewayBook.Entry(
                credential: credential,
                admittedAt: now,
                cut: cut,
                gone: channel.closeFuture
            ),
            inPlaceOf: number
        )
        guard let entered else { return .tooMany }
        timer?.cancel()
        (number, self.credential) = (entered, credential)
        timer = EndTimer(
            end: credential.expiresAt,
            clock: listener.authorizer.clock,
            on: listener.loop,
            cut
        )
        return nil
    }

    /// Whether it is another credential under which something goes on.
    func isOther(_ credential: Credential) -> Bool {
        self.credential.map { $0.id != credential.id } ?? false
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
