import AsyncHTTPClient
import Crypto
import Foundation
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxServices
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

/// A message as a service reads it that checks all of it.
struct HookAsked: Sendable {
    let id: String
    let type: String
    let timestamp: String
    let seconds: Int64
    let signatures: [String]
    /// Members of `data`, lists with spaces between.
    let data: [String: String]
    let text: String

    init(_ asked: HTTPStub.Asked) throws {
        let headers = asked.head.headers
        id = try #require(headers.first(name: "webhook-id"))
        seconds = try #require(headers.first(name: "webhook-timestamp").flatMap(Int64.init))
        signatures = try #require(headers.first(name: "webhook-signature")).split(separator: " ")
            .map(String.init)
        text = String(decoding: asked.body, as: UTF8.self)
        let body = try #require(
            try JSONSerialization.jsonObject(with: asked.body) as? [String: Any]
        )
        #expect(Set(body.keys) == ["type", "timestamp", "data"])
        type = try #require(body["type"] as? String)
        timestamp = try #require(body["timestamp"] as? String)
        data = try #require(body["data"] as? [String: Any]).compactMapValues {
            $0 as? String ?? ($0 as? [String])?.joined(separator: " ")
        }
    }

    /// What Standard Webhooks 1.0 has a receiver compare with.
    func signature(under key: Data) -> String {
        let code = HMAC<SHA256>.authenticationCode(
            for: Data("\(id).\(seconds).\(text)".utf8),
            using: SymmetricKey(data: key)
        )
        return "v1," + Data(code).base64EncodedString()
    }

    func answer(_ open: [String]) -> String {
        let names = open.map { "\"\($0)\"" }.joined(separator: ", ")
        return #"{"id": "\#(id)", "open": [\#(names)]}"#
    }
}

/// A hook in the hands of a test.
struct HookWorld {
    static let json: HTTPHeaders = ["Content-Type": "application/json"]
    static let key = Data((0..<32).map { UInt8($0) })
    static let secret = "whsec_" + key.base64EncodedString()

    let url: String
    let kind: HookKind
    let enforcer: any Enforcer

    /// `script` answers messages; what is no message is an issue.
    @discardableResult
    static func with<Value: Sendable>(
        timeout: TimeAmount = .seconds(30),
        secrets: String = secret,
        passToken: Bool = false,
        _ script: @escaping @Sendable (HookAsked) -> HTTPStub.Reply,
        _ body: (HookWorld) async throws -> Value
    ) async throws -> Value {
        let client = HTTPClient(configuration: ServiceTools.httpConfiguration)
        do {
            let value = try await HTTPStub.with({ asked in
                do {
                    return script(try HookAsked(asked))
                } catch {
                    Issue.record(error, "the enforcer sent no message")
                    return .hangUp
                }
            }) { stub in
                let tools = ServiceTools(
                    http: client,
                    clock: FixedClock(),
                    entropy: SeededEntropy()
                ) { _ in secrets }
                let kind = HookKind(tools, timeout: timeout)
                let enforcer = try kind.enforcer(
                    of: settings(stub.url + "/lockbox", passToken: passToken)
                )
                return try await body(
                    HookWorld(url: stub.url, kind: kind, enforcer: try #require(enforcer))
                )
            }
            try await client.shutdown()
            return value
        } catch {
            try await client.shutdown()
            throw error
        }
    }

    static func settings(_ url: String, passToken: Bool = false) -> ServiceSettings {
        var settings = Fixture.service("unix", kind: "hook", resourceType: "host")
        settings.own = #"{"passToken":\#(passToken),"secretFile":"secret","url":"\#(url)"}"#
        return settings
    }
}
