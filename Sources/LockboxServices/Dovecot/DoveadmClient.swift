import AsyncHTTPClient
import Foundation
import LockboxPorts
import NIOCore
import NIOHTTP1

/// Runs commands through doveadm's HTTP API (Dovecot 2.3), many in one request: it takes a list of
/// `[command, parameters, tag]` and gives a list of answers in the same order. What is not of a
/// known form is an error: an answer that is not understood never means "nobody".
struct DoveadmClient {
    /// Commands in one request. More go in further requests, one after another.
    private static let commandsAtOnce = 100
    /// What each command of a request adds to its timeout.
    private static let timeoutPerCommand = TimeAmount.milliseconds(10)
    private static let answerBytes = 1 << 20

    enum Answer {
        case rows([[String: Any]])
        /// doveadm's exit code.
        case failed(Int)
    }

    let client: HTTPClient
    let url: String
    let apiKey: String
    /// For one request.
    let timeout: TimeAmount

    /// Runs `command` for each of `masks`; one answer for each, in their order. Every mask is
    /// tried, also where an earlier request failed.
    func run(_ command: String, _ masks: [String]) async throws(EnforcerError) -> [Answer] {
        var answers: [Answer] = []
        var firstError: EnforcerError?
        for start in stride(from: 0, to: masks.count, by: Self.commandsAtOnce) {
            let part = masks[start..<min(start + Self.commandsAtOnce, masks.count)]
            let commands = part.enumerated().map { (command, $1, "lockbox-\($0)") }
            do {
                answers += try Self.read(try await post(commands), tags: commands.map(\.2))
            } catch {
                firstError = firstError ?? error
            }
        }
        if let firstError { throw firstError }
        return answers
    }

    private func post(
        _ commands: [(name: String, mask: String, tag: String)]
    ) async throws(EnforcerError) -> Data {
        do {
            var request = HTTPClientRequest(url: url)
            request.method = .POST
            request.headers.add(
                name: "Authorization",
                value: "X-Dovecot-API \(Data(apiKey.utf8).base64EncodedString())"
            )
            request.headers.add(name: "Content-Type", value: "application/json")
            let body: [Any] = commands.map { [$0.name, ["mask": [$0.mask]], $0.tag] as [Any] }
            request.body = .bytes(
                ByteBuffer(bytes: try JSONSerialization.data(withJSONObject: body))
            )
            let answer = try await client.exchange(
                request,
                within: timeout + Self.timeoutPerCommand * commands.count,
                upTo: Self.answerBytes
            )
            guard answer.status == .ok else {
                throw EnforcerError(
                    "the mail server answered with HTTP status \(answer.status.code)"
                )
            }
            return answer.body
        } catch let error as EnforcerError {
            throw error
        } catch {
            // The library's words would name the address; the tenant has no use for it.
            throw EnforcerError("the mail server could not be reached", cause: causeOnTheWay(error))
        }
    }

    static func read(_ data: Data, tags: [String]) throws(EnforcerError) -> [Answer] {
        let json: Any
        do {
            json = try JSONSerialization.jsonObject(with: data)
        } catch {
            throw EnforcerError("the mail server's answer is not JSON")
        }
        guard let list = json as? [[Any]], list.count == tags.count else { throw unknownForm }
        var answers: [Answer] = []
        for (answer, tag) in zip(list, tags) { answers.append(try read(answer, tag: tag)) }
        return answers
    }

    /// One answer: `["doveadmResponse", [row, …], tag]` or `["error", {"exitCode": code}, tag]`.
    private static func read(_ answer: [Any], tag: String) throws(EnforcerError) -> Answer {
        guard answer.count >= 3, answer.last as? String == tag else { throw unknownForm }
        switch answer[0] as? String {
        case "doveadmResponse":
            guard let first = answer[1] as? [[String: Any]],
                // Dovecot 2.3.19 puts the rows after the first beside the list instead of in it.
                let others = Array(answer[2..<answer.count - 1]) as? [[String: Any]]
            else { throw unknownForm }
            return .rows(first + others)
        case "error":
            guard answer.count == 3, let error = answer[1] as? [String: Any] else {
                throw unknownForm
            }
            return .failed(error["exitCode"] as? Int ?? -1)
        default: throw unknownForm
        }
    }

    private static let unknownForm = EnforcerError("the mail server's answer has an unknown form")
}
