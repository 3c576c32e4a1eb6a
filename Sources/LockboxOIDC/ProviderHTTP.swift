package import AsyncHTTPClient
package import Foundation
import LockboxDomain
import LockboxWire
import NIOCore
import NIOHTTP1

/// How OpenID providers are asked. Answers are JSON; no other address is gone to than the one that
/// was named.
package protocol ProviderHTTP: Sendable {
    /// The body of a 200 answer. Throws a `ProviderFault` for everything else.
    func get(_ address: String) async throws -> Data
    /// Sends a form (RFC 6749 §4.1.3). The body of a 200 answer.
    func post(
        _ form: [(String, String)],
        authorization: String?,
        to address: String
    ) async throws -> Data
}

/// The same through AsyncHTTPClient.
package struct ProviderHTTPClient: ProviderHTTP {
    private let http: HTTPClient

    /// `http` follows no redirections.
    package init(_ http: HTTPClient) { self.http = http }

    package static var configuration: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(5))
        )
        configuration.httpVersion = .http1Only
        return configuration
    }

    package func get(_ address: String) async throws -> Data {
        try await answer(to: HTTPClientRequest(url: address))
    }

    package func post(
        _ form: [(String, String)],
        authorization: String?,
        to address: String
    ) async throws -> Data {
        var request = HTTPClientRequest(url: address)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/x-www-form-urlencoded")
        if let authorization {
            request.headers.add(name: "authorization", value: authorization)
        }
        request.body = .bytes(ByteBuffer(string: FormText.encode(form)))
        return try await answer(to: request)
    }

    private func answer(to request: HTTPClientRequest) async throws -> Data {
        var request = request
        request.headers.add(name: "accept", value: "application/json")
        request.headers.add(name: "user-agent", value: "lockbox")
        do {
            let response = try await http.execute(
                request,
                timeout: .milliseconds(OIDCLimits.answerTime.milliseconds)
            )
            guard response.status == .ok else {
                throw ProviderFault(.unreachable, "answered \(response.status.code)")
            }
            let body = try await response.body.collect(upTo: OIDCLimits.answerBytes)
            let bytes = Data(body.readableBytesView)
            try StrictJSON.check(bytes)
            return bytes
        } catch let fault as ProviderFault {
            throw fault
        } catch is JSONFault {
            throw ProviderFault(.unreachable, "answered what is not JSON")
        } catch is NIOTooManyBytesError {
            throw ProviderFault(
                .unreachable,
                "answered more than \(OIDCLimits.answerBytes) bytes"
            )
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            // It names no secret: the form is in the body.
            throw ProviderFault(.unreachable, "cannot be reached", detail: "\(error)")
        }
    }
}

/// `application/x-www-form-urlencoded`.
package enum FormText {
    package static func encode(_ fields: [(String, String)]) -> String {
        fields.map { "\(PercentEncoding.encode($0))=\(PercentEncoding.encode($1))" }
            .joined(separator: "&")
    }
}
