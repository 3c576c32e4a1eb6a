import NIOCore

extension DoorContext {
    /// Runs `work`, which only reads and may take long, and cancels it when the client leaves: who
    /// asks for much and goes keeps the machine busy for nobody.
    package func untilClientLeaves<Value: Sendable>(
        _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        guard hasConnection else { return try await work() }
        let (leaves, source) = AsyncStream<Void>.makeStream()
        let watch = DepartureWatch { source.finish() }
        try await watch.watch(channel)
        defer { watch.end(channel) }
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await work() }
            group.addTask {
                for await _ in leaves {}
                return nil
            }
            defer { group.cancelAll() }
            guard case .some(.some(let value)) = try await group.next() else {
                throw CancellationError()
            }
            return value
        }
    }

    /// Throws once the client has left.
    package func checkPresence() throws {
        guard channel.isActive || !hasConnection else { throw CancellationError() }
    }
}

/// Hears in a connection's pipeline that it has ended.
private final class DepartureWatch: ChannelInboundHandler, RemovableChannelHandler, Sendable {
    typealias InboundIn = NIOAny

    private let leaves: @Sendable () -> Void

    init(_ leaves: @escaping @Sendable () -> Void) { self.leaves = leaves }

    func watch(_ channel: any Channel) async throws {
        guard channel.isActive else { throw CancellationError() }
        try await channel.pipeline.addHandler(self).get()
    }

    func end(_ channel: any Channel) {
        channel.pipeline.removeHandler(self, promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        leaves()
        context.fireChannelInactive()
    }
}
