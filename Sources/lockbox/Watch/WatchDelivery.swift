import AsyncHTTPClient
import Crypto
import Foundation
import LockboxClient
import MerkleLog
import NIOCore
import NIOHTTP1

/// The channels through which a watch tells, and when each is tried again.
struct WatchDelivery {
    /// Events that go out together.
    static let most = 100
    private static let firstPause: Int64 = 30_000
    private static let longestPause: Int64 = 3_600_000

    /// Which log it is about.
    struct Log: Sendable {
        let origin: String
        /// The tenant, where one was named.
        let name: String
    }

    private let channels: [any WatchChannel]
    private var pauses: [String: (length: Int64, until: Int64)] = [:]

    init(_ channels: [any WatchChannel]) { self.channels = channels }

    var names: [String] { channels.map(\.name) }

    func isDue(_ name: String, _ now: Int64) -> Bool { now >= pauses[name]?.until ?? 0 }

    /// Why they were not taken; nil if they were. After a failure the next try waits, and longer each
    /// time.
    mutating func send(
        _ events: [WatchEvent],
        of log: Log,
        to name: String,
        at now: Int64
    ) async -> String? {
        guard let channel = channels.first(where: { $0.name == name }) else { return nil }
        do throws(WatchDeliveryProblem) {
            try await channel.send(events, of: log, at: now)
            pauses[name] = nil
            return nil
        } catch {
            let length = min(
                (pauses[name]?.length ?? Self.firstPause / 2) * 2,
                Self.longestPause
            )
            pauses[name] = (length, now + length)
            return error.description
        }
    }
}

/// Why a channel did not take what it was given. It holds no secret.
struct WatchDeliveryProblem: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// A way to somebody. What it takes it may get a second time, with the same identifiers.
protocol WatchChannel: Sendable {
    /// For metrics and remarks.
    var name: String { get }

    func send(_ events: [WatchEvent], of log: WatchDelivery.Log, at now: Int64)
        async throws(WatchDeliveryProblem)
}

/// A text in one line, and the whole of it.
struct WatchWords {
    let subject: String
    let lines: [String]

    init(_ events: [WatchEvent], of log: WatchDelivery.Log) {
        let more = events.count > 1 ? " and \(events.count - 1) more" : ""
        let name = log.name.isEmpty ? log.origin : log.name
        subject = TerminalText.clean("Lockbox watch, \(name): \(events.first?.kind ?? "")\(more)")
        lines = events.map { event in
            let place = [event.record.map { "record \($0)" }, event.time].compactMap(\.self)
            let words = place.isEmpty ? "" : " (\(place.joined(separator: ", ")))"
            return "\(event.kind)\(words): \(event.text)"
        }
    }
}

/// A program of the customer's own that is called by HTTPS, in the form of Standard Webhooks.
struct WatchWebhook: WatchChannel {
    private struct Body: Encodable {
        let form = "lockbox-watch/v1"
        let origin: String
        let tenant: String
        /// All of it in words, where chat programs look for some.
        let text: String
        let events: [WatchEvent]
    }

    let name = "webhook"
    private let url: String
    /// Files, which are read each time: what they hold may be exchanged.
    private let tokenFile: String?
    private let secretFile: String?

    init(url: String, tokenFile: String?, secretFile: String?) throws {
        guard let parts = URLComponents(string: url), let host = parts.host, !host.isEmpty,
            parts.user == nil, parts.password == nil, parts.fragment == nil,
            parts.scheme == "https"
                || parts.scheme == "http"
                    && ["127.0.0.1", "[::1]", "::1", "localhost"].contains(host)
        else {
            throw Failure.usage(
                "--webhook: give an address with https, or with http on this machine; without a password"
            )
        }
        (self.url, self.tokenFile, self.secretFile) = (url, tokenFile, secretFile)
    }

    func send(_ events: [WatchEvent], of log: WatchDelivery.Log, at now: Int64)
        async throws(WatchDeliveryProblem)
    {
        let http = HTTPClient(
            eventLoopGroupProvider: .singleton,
            configuration: LockboxClient.settings
        )
        let status: Result<UInt, WatchDeliveryProblem>
        do {
            let response = try await http.execute(
                try request(events, log, now),
                timeout: .seconds(30)
            )
            status = .success(response.status.code)
        } catch let problem as WatchDeliveryProblem {
            status = .failure(problem)
        } catch let error as HTTPClientError {
            status = .failure(.init(error.shortDescription))
        } catch {
            // Its words may have the address, and with it what opens the hook.
            status = .failure(.init("no connection"))
        }
        try? await http.shutdown()  // best effort: the answer is here
        let code = try status.get()
        guard (200..<300).contains(code) else { throw .init("it answered \(code)") }
    }

    private func request(_ events: [WatchEvent], _ log: WatchDelivery.Log, _ now: Int64) throws
        -> HTTPClientRequest
    {
        let words = WatchWords(events, of: log)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let body = Array(
            try encoder.encode(
                Body(
                    origin: log.origin,
                    tenant: log.name,
                    text: ([words.subject] + words.lines).joined(separator: "\n"),
                    events: events
                )
            )
        )
        let id = "msg_" + Hex.encode(Hash.leaf(body).bytes.prefix(12))
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.headers.add(name: "User-Agent", value: "lockbox")
        request.headers.add(name: "webhook-id", value: id)
        request.headers.add(name: "webhook-timestamp", value: "\(now / 1000)")
        if let tokenFile {
            let token = try WatchSecret.read(tokenFile)
            request.headers.add(name: "Authorization", value: "Bearer \(token)")
        }
        if let secretFile {
            let text = try WatchSecret.read(secretFile)
            guard text.hasPrefix("whsec_"), let key = Base64.decode(text.dropFirst(6).utf8),
                key.count >= 24
            else {
                throw WatchDeliveryProblem(
                    "--webhook-secret-file does not hold whsec_ and the base64 of 24 bytes or more"
                )
            }
            let signed = Array("\(id).\(now / 1000).".utf8) + body
            let code = HMAC<SHA256>.authenticationCode(
                for: signed,
                using: SymmetricKey(data: key)
            )
            request.headers.add(
                name: "webhook-signature",
                value: "v1,\(Base64.encode(Array(code)))"
            )
        }
        request.body = .bytes(body)
        return request
    }
}

/// Files of one line that hold a secret.
enum WatchSecret {
    static func read(_ path: String) throws(WatchDeliveryProblem) -> String {
        let bytes: [UInt8]
        do { bytes = try Files.read(path, atMost: Files.smallBytes) } catch {
            throw .init("\(error)")
        }
        let words = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        guard words.count == 1, words[0].utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw .init("\(path) does not hold one line without spaces")
        }
        return String(words[0])
    }
}
