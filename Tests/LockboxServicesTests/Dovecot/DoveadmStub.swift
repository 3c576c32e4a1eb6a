import Foundation
import NIOHTTP1
import Synchronization
import Testing

/// A small HTTP server that speaks doveadm's JSON as a script says, and keeps what it was asked.
final class DoveadmStub: Sendable {
    struct Asked: Sendable {
        let command: String
        let mask: [String]
        let authorization: String?
    }

    enum Answer: Sendable {
        /// The answer to one command, with `TAG` for its tag.
        case answer(String)
        /// The answer to all commands of a request.
        case json(String)
        case status(UInt)
        case silence, hangUp
        /// An answer whose end never comes.
        case endless
    }

    private let script: @Sendable (Asked) -> Answer
    private let heard = Mutex<[Asked]>([])
    private let counted = Mutex(0)
    private let base = Mutex("")

    var asked: [Asked] { heard.withLock { $0 } }
    var requests: Int { counted.withLock { $0 } }
    var url: String { base.withLock { $0 } + "/doveadm/v1" }

    private init(_ script: @escaping @Sendable (Asked) -> Answer) { self.script = script }

    static func with<Value: Sendable>(
        _ script: @escaping @Sendable (Asked) -> Answer,
        _ body: (DoveadmStub) async throws -> Value
    ) async throws -> Value {
        let stub = DoveadmStub(script)
        return try await HTTPStub.with({ stub.reply(to: $0) }) { http in
            stub.base.withLock { $0 = http.url }
            return try await body(stub)
        }
    }

    private func reply(to request: HTTPStub.Asked) -> HTTPStub.Reply {
        do {
            switch try answer(
                request.body,
                authorization: request.head.headers.first(name: "Authorization")
            ) {
            case .silence: return .silence
            case .hangUp: return .hangUp
            case .endless: return .endless("[")
            case .status(let code): return .answer(status: code, "no")
            case .answer(let json), .json(let json): return .answer(json)
            }
        } catch {
            Issue.record(error, "the enforcer asked for something unreadable")
            return .hangUp
        }
    }

    private func answer(_ body: Data, authorization: String?) throws -> Answer {
        let commands = try #require(
            try JSONSerialization.jsonObject(with: body) as? [[Any]]
        )
        counted.withLock { $0 += 1 }
        var answers: [String] = []
        var other: Answer?
        for command in commands {
            let asked = Asked(
                command: command[0] as? String ?? "",
                mask: (command[1] as? [String: [String]])?["mask"] ?? [],
                authorization: authorization
            )
            heard.withLock { $0.append(asked) }
            switch script(asked) {
            case .answer(let text):
                let tag = try #require(command[2] as? String)
                answers.append(text.replacingOccurrences(of: "TAG", with: "\"\(tag)\""))
            case let answer: other = other ?? answer
            }
        }
        return other ?? .json("[\(answers.joined(separator: ","))]")
    }
}
