import AsyncHTTPClient
import Foundation
import LockboxDomain
import LockboxPorts
import LockboxWire
import MerkleLog
import NIOCore
import NIOHTTP1
import NIOSSL

/// Tells a service something and reads what is open of it then. An answer is believed only if it is
/// the documented one, to the letter; all else is an error.
struct HookClient {
    private static let answerBytes = 1 << 20
    private static let idBytes = 16

    let http: HTTPClient
    let url: String
    let secrets: [HookSecret]
    let tls: TLSConfiguration?
    let clock: any WallClock
    let entropy: any Entropy
    /// For one message and its answer.
    let timeout: TimeAmount

    /// The login names that the service says are open, of those that `message` is about.
    func tell(_ message: HookMessage) async throws(EnforcerError) -> [String] {
        let now = clock.now()
        let id = "msg_" + Hex.encode(entropy.bytes(Self.idBytes))
        let answer: HTTPAnswer
        do {
            var request = HTTPClientRequest(url: url)
            request.method = .POST
            request.tlsConfiguration = tls
            let body = try message.body(at: now)
            let seconds = now.secondsSinceEpoch
            request.headers = [
                "Accept": "application/json",
                // A connection for each: none that the service is about to close takes an order.
                "Connection": "close",
                "Content-Type": "application/json",
                "webhook-id": id,
                "webhook-timestamp": "\(seconds)",
                "webhook-signature": secrets.map { secret in
                    secret.signature(of: body, id: id, seconds: seconds)
                }.joined(separator: " "),
            ]
            request.body = .bytes(ByteBuffer(bytes: body))
            answer = try await http.exchange(request, within: timeout, upTo: Self.answerBytes)
        } catch {
            // The library's words would name the address; the tenant has no use for it.
            throw EnforcerError("the service could not be reached", cause: causeOnTheWay(error))
        }
        return try Self.read(answer, to: id)
    }

    private static func read(_ answer: HTTPAnswer, to id: String) throws(EnforcerError) -> [String]
    {
        guard answer.status == .ok else {
            throw EnforcerError("the service answered with HTTP status \(answer.status.code)")
        }
        let types = answer.headers[canonicalForm: "Content-Type"]
        let type = types.first?.prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces)
        guard types.count == 1, type?.lowercased() == "application/json" else {
            throw EnforcerError("the service's answer is not application/json")
        }
        let value: Any
        do {
            try StrictJSON.check(answer.body)
            value = try JSONSerialization.jsonObject(
                with: answer.body,
                options: .fragmentsAllowed
            )
        } catch {
            throw EnforcerError("the service's answer is not JSON")
        }
        guard let object = value as? [String: Any], Set(object.keys) == ["id", "open"],
            let open = object["open"] as? [String],
            open.allSatisfy(isLoginName)
        else { throw EnforcerError("the service's answer has an unknown form") }
        guard object["id"] as? String == id else {
            throw EnforcerError("the service's answer is to something else")
        }
        return open
    }

    /// As Lockbox gives them out. A name that is written otherwise is not understood.
    private static func isLoginName(_ name: String) -> Bool {
        let rest = name.dropFirst(Grant.loginNamePrefix.count)
        return name.hasPrefix(Grant.loginNamePrefix) && (1...60).contains(rest.utf8.count)
            && rest.utf8.allSatisfy {
                $0.isLowercaseLetter || $0.isDigit || $0 == UInt8(ascii: "-")
            }
    }
}
