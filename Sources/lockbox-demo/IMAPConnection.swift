import LockboxDomain
import LockboxPorts
import LockboxServer
import MerkleLog
import NIOCore
import NIOPosix

/// A mail program as small as it gets: what an engineer, or the mailbox's owner, has open.
struct IMAPConnection: Sendable {
    /// The end of a connection as its client saw it.
    struct End: Sendable {
        /// The server's last word, such as `* BYE Disconnected`.
        let lastLine: String
        let at: Timestamp
    }

    /// Longer than anything in the demo takes.
    private static let patience = Duration.seconds(10)

    private let channel: any Channel
    private let lines: AsyncStream<Lines.Line>

    /// Connects, and waits until the server greets with a line that begins with `greeting`.
    static func connect(port: Int, greeting: String = "* OK") async throws -> IMAPConnection {
        let (lines, continuation) = AsyncStream.makeStream(of: Lines.Line.self)
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connectTimeout(.seconds(2))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Lines(continuation))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        let session = IMAPConnection(channel: channel, lines: lines)
        do {
            _ = try await session.read { $0.hasPrefix(greeting) }
        } catch {
            await session.close()
            throw error
        }
        return session
    }

    // MARK: - Commands

    /// Signs in with a bearer token; the answer's last line is the server's verdict.
    func signIn(user: String, token: String) async throws -> String {
        let opening = Array("user=\(user)\u{1}auth=Bearer \(token)\u{1}\u{1}".utf8)
        try await send("in AUTHENTICATE XOAUTH2 \(Base64.encode(opening))")
        let answer = try await read { $0.hasPrefix("in ") || $0.hasPrefix("+ ") }
        guard let last = answer.last, last.hasPrefix("+ ") else { return Self.verdict(answer) }
        // The server explains its refusal in JSON and wants that acknowledged with an empty line.
        try await send("")
        return Self.verdict(try await read { $0.hasPrefix("in ") })
    }

    /// Signs in as people do.
    func signIn(user: String, password: String) async throws -> String {
        try await command("LOGIN \"\(user)\" \"\(password)\"")
    }

    /// The subjects of all messages of the inbox, read without marking any.
    func subjects() async throws -> [String] {
        _ = try await command("EXAMINE INBOX")
        try await send("go FETCH 1:* (BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
        let heading = "Subject: "
        return try await read { $0.hasPrefix("go ") }.filter { $0.hasPrefix(heading) }.map {
            String($0.dropFirst(heading.count))
        }
    }

    /// Tries to put a message into the inbox.
    func append(_ message: String) async throws -> String {
        try await send("go APPEND INBOX {\(message.utf8.count)}")
        let answer = try await read { $0.hasPrefix("+ ") || $0.hasPrefix("go ") }
        guard answer.last?.hasPrefix("+ ") == true else { return Self.verdict(answer) }
        try await send(message)
        return Self.verdict(try await read { $0.hasPrefix("go ") })
    }

    /// Waits for news, as mail programs do all day. `end` tells when the server puts an end to it.
    func idle() async throws {
        _ = try await command("EXAMINE INBOX")
        try await send("go IDLE")
        _ = try await read { $0.hasPrefix("+ ") }
    }

    /// Ends the wait for news, in a session that is still there.
    func leaveIdle() async throws -> String {
        try await send("DONE")
        return Self.verdict(try await read { $0.hasPrefix("go ") })
    }

    func command(_ text: String) async throws -> String {
        try await send("go \(text)")
        return Self.verdict(try await read { $0.hasPrefix("go ") })
    }

    /// The end of the connection, once the server has closed it.
    func end() async throws -> End {
        try await inTime {
            var last = "(nothing)"
            for await line in lines {
                switch line {
                case .text(let text): last = text
                case .closed(let at): return End(lastLine: last, at: at)
                }
            }
            throw IMAPError.closed
        }
    }

    func close() async {
        do {
            try await channel.close()
        } catch {
            // It was closed from the other side.
        }
    }

    // MARK: - Lines

    private func send(_ line: String) async throws {
        try await channel.writeAndFlush(ByteBuffer(string: line + "\r\n"))
    }

    /// Lines up to the first that `isLast`.
    private func read(until isLast: @escaping @Sendable (String) -> Bool) async throws -> [String] {
        try await inTime {
            var found: [String] = []
            for await line in lines {
                guard case .text(let text) = line else { break }
                found.append(text)
                if isLast(text) { return found }
            }
            throw IMAPError.closed
        }
    }

    private func inTime<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value)
        async throws -> Value
    {
        try await withThrowingTaskGroup(of: Value.self) { group in
            group.addTask(operation: body)
            group.addTask {
                try await SystemPause.sleep(Self.patience)
                throw IMAPError.silent
            }
            defer { group.cancelAll() }
            guard let value = try await group.next() else { throw IMAPError.silent }
            return value
        }
    }

    /// `NO [AUTHENTICATIONFAILED] Authentication failed.`: the last line without its tag, and
    /// without how long it took.
    private static func verdict(_ lines: [String]) -> String {
        let words = String((lines.last ?? "").drop { $0 != " " }.dropFirst())
        return words.hasSuffix(" secs).")
            ? String(words.prefix { $0 != "(" }.dropLast()) + "." : words
    }
}

enum IMAPError: Error, CustomStringConvertible {
    case closed, silent

    var description: String {
        switch self {
        case .closed: "the server closed the connection"
        case .silent: "the server did not answer"
        }
    }
}

/// Cuts what comes in into lines, and notes when the connection ends at the very moment it does.
private final class Lines: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    enum Line: Sendable {
        case text(String)
        case closed(Timestamp)
    }

    private let continuation: AsyncStream<Line>.Continuation
    private let clock = SystemClock()
    private var pending: [UInt8] = []

    init(_ continuation: AsyncStream<Line>.Continuation) { self.continuation = continuation }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        pending += unwrapInboundIn(data).readableBytesView
        while let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
            let line = String(decoding: pending[..<end], as: UTF8.self)
            pending.removeSubrange(...end)
            continuation.yield(.text(line.hasSuffix("\r") ? String(line.dropLast()) : line))
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        continuation.yield(.closed(clock.now()))
        continuation.finish()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
