import Crypto
import LockboxHTTP
import Logging
import NIOCore
import NIOHTTP1
import Synchronization

/// Answers that may be given again to exactly the same request (`Repetition`). What was asked is kept
/// as a hash alone: requests of services have secrets in them.
final class KeptAnswers: Sendable {
    /// An answer, but for its date, and whether it may be given at this moment.
    struct Answer: Sendable {
        let head: HTTPResponseHead
        let body: ByteBuffer
        let isAllowed: @Sendable (Logger) -> Bool
    }

    /// How many are kept; with one more all are forgotten.
    private static let most = 4096
    /// Bytes of a body; a longer one is not kept.
    private static let bodyBytes = 4096

    private let answers = Mutex<[RequestDigest: Answer]>([:])

    subscript(request: RequestDigest) -> Answer? { answers.withLock { $0[request] } }

    /// Keeps an answer, where its door allows that.
    func keep(
        _ head: HTTPResponseHead,
        _ body: ByteBuffer,
        _ repetition: Repetition,
        for request: RequestDigest
    ) {
        guard body.readableBytes <= Self.bodyBytes, let isAllowed = repetition.isAllowed else {
            return
        }
        answers.withLock { answers in
            if answers.count >= Self.most { answers = [:] }
            answers[request] = Answer(head: head, body: body, isAllowed: isAllowed)
        }
    }
}

/// SHA-256 of everything that came: two requests with one digest are the same request.
struct RequestDigest: Hashable, Sendable {
    private let digest: SHA256Digest

    init(_ head: HTTPRequestHead, _ body: ByteBuffer) {
        var bytes = ByteBuffer()
        bytes.reserveCapacity(1024 + body.readableBytes)
        bytes.writeLengthPrefixed(head.method.rawValue)
        bytes.writeLengthPrefixed(head.uri)
        bytes.writeInteger(head.headers.count)
        for (name, value) in head.headers {
            bytes.writeLengthPrefixed(name)
            bytes.writeLengthPrefixed(value)
        }
        bytes.writeImmutableBuffer(body)
        digest = bytes.withUnsafeReadableBytes { SHA256.hash(data: $0) }
    }
}

extension ByteBuffer {
    /// So that no two lists of texts are the same bytes.
    fileprivate mutating func writeLengthPrefixed(_ text: String) {
        writeInteger(text.utf8.count)
        writeString(text)
    }
}
