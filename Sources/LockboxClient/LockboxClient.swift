package import AsyncHTTPClient
import Foundation
import LockboxWire
import NIOCore
import NIOHTTP1
import NIOPosix

/// Speaks to a Lockbox server over its API.
package struct LockboxClient: Sendable {
    /// The server's address without a slash at its end.
    package let address: String

    private var authorization: Authorization
    private let http: HTTPClient
    private let newKey: @Sendable () -> String

    /// The token that a request is sent with, or nil for none; after `refused` was refused another one,
    /// where there is one.
    package typealias Authorization =
        @Sendable (_ refused: String?) async throws(ClientError) -> String?

    private static let timeout = TimeAmount.seconds(30)
    /// For the whole of an export; between two parts of it the client's read timeout holds.
    private static let streamTimeout = TimeAmount.hours(6)
    private static let answerBytes = 64 << 20

    /// `newKey` gives a fresh `Idempotency-Key` for each command.
    ///
    /// `allowsPlainHTTP` permits an address that is neither `https` nor this machine's own; a token
    /// sent there can be read on the way.
    package init(
        address: String,
        token: String?,
        http: HTTPClient,
        allowsPlainHTTP: Bool = false,
        newKey: @escaping @Sendable () -> String
    ) throws(ClientError) {
        self.address = try Self.check(address, allowsPlainHTTP: allowsPlainHTTP)
        authorization = Self.always(token)
        self.http = http
        self.newKey = newKey
    }

    /// The same server, spoken to with `token` alone.
    package func acting(with token: String) -> LockboxClient {
        authorized(by: Self.always(token))
    }

    /// The same server, spoken to with tokens that follow each other.
    package func authorized(by authorization: @escaping Authorization) -> LockboxClient {
        var client = self
        client.authorization = authorization
        return client
    }

    private static func always(_ token: String?) -> Authorization {
        { refused throws(ClientError) in refused == nil ? token : nil }
    }

    /// Settings that never send a token on to another server.
    package static var settings: HTTPClient.Configuration {
        var settings = HTTPClient.Configuration(redirectConfiguration: .disallow)
        settings.timeout = .init(connect: .seconds(5), read: .seconds(30))
        return settings
    }

    private static func check(_ address: String, allowsPlainHTTP: Bool) throws(ClientError)
        -> String
    {
        guard let parts = URLComponents(string: address), let scheme = parts.scheme?.lowercased(),
            let host = parts.host?.lowercased(), !host.isEmpty, ["http", "https"].contains(scheme),
            parts.user == nil, parts.password == nil, parts.query == nil, parts.fragment == nil
        else {
            throw .address(
                "\(address) is not the address of a server, such as https://lockbox.example.com"
            )
        }
        let isHere = ["localhost", "127.0.0.1", "::1", "[::1]"].contains(host)
        guard scheme == "https" || isHere || allowsPlainHTTP else {
            throw .address(
                "\(address) is not encrypted: your token could be read. Use https, or set LOCKBOX_ALLOW_HTTP=1"
            )
        }
        return String(address.reversed().drop { $0 == "/" }.reversed())
    }

    /// What came back.
    package struct Answer: Sendable {
        package let body: [UInt8]
        package let entityTag: String?
    }

    // MARK: - JSON

    package func get<Body: Decodable>(_ path: Path, as: Body.Type = Body.self)
        async throws(ClientError) -> Body
    {
        try decode(try await send("GET", path).body)
    }

    /// Sends a command; a repetition on the way cannot do it twice.
    package func post<Body: Decodable>(
        _ path: Path,
        _ body: some Encodable,
        ifVersion version: Int? = nil,
        as: Body.Type = Body.self
    ) async throws(ClientError) -> Body {
        var headers = [("Idempotency-Key", newKey())]
        if let version { headers.append(("If-Match", Self.entityTag(version))) }
        return try decode(
            try await send("POST", path, body: try encode(body), headers: headers).body
        )
    }

    /// Sends a command that says nothing more; it must do no harm twice.
    package func post<Body: Decodable>(_ path: Path, as: Body.Type = Body.self)
        async throws(ClientError) -> Body
    {
        try decode(try await send("POST", path).body)
    }

    package func put<Body: Decodable>(
        _ path: Path,
        _ body: some Encodable,
        ifVersion version: Int? = nil,
        as: Body.Type = Body.self
    ) async throws(ClientError) -> Body {
        let headers = version.map { [("If-Match", Self.entityTag($0))] } ?? []
        return try decode(
            try await send("PUT", path, body: try encode(body), headers: headers).body
        )
    }

    /// Sends nothing and gets nothing back.
    package func command(_ path: Path) async throws(ClientError) {
        _ = try await send("POST", path)
    }

    package func delete(_ path: Path) async throws(ClientError) {
        _ = try await send("DELETE", path)
    }

    /// The bytes as they are.
    package func bytes(_ path: Path, accept: String = "*/*") async throws(ClientError) -> [UInt8] {
        try await send("GET", path, accept: accept).body
    }

    /// The lines of a file that the server makes while it sends it, each without its end.
    package func lines(
        _ path: Path,
        accept: String,
        to take: ([UInt8]) throws -> Void
    ) async throws {
        let response: HTTPClientResponse
        do {
            response = try await http.execute(
                request("GET", path, accept: accept, token: try await authorization(nil)),
                timeout: Self.streamTimeout
            )
            guard response.status == .ok else {
                let body = try await response.body.collect(upTo: Self.answerBytes)
                throw problem(response.status.code, Array(body.readableBytesView))
            }
        } catch let error as ClientError {
            throw error
        } catch {
            throw unreachable(error)
        }
        var cutter = LineCutter()
        var body = response.body.makeAsyncIterator()
        while true {
            let next: ByteBuffer?
            do { next = try await body.next() } catch { throw unreachable(error) }
            guard let next else { break }
            do { try cutter.take(next.readableBytesView, each: take) } catch is LineCutter
                .LineTooLong
            {
                throw ClientError.unexpected("What the server at \(address) sent has no lines.")
            }
        }
        guard cutter.isAtEnd else {
            throw ClientError.unexpected("What the server at \(address) sent ends in the middle.")
        }
    }

    /// The items of a listing, page after page, up to `limit`; and whether there are more.
    package func list<Item: Codable & Hashable & Sendable>(
        _ path: Path,
        limit: Int = .max,
        of: Item.Type = Item.self
    ) async throws(ClientError) -> (items: [Item], hasMore: Bool) {
        var items: [Item] = []
        var cursor: String?
        var seen: Set<String> = []
        while items.count < limit {
            let wanted = min(limit - items.count, 200)
            let page: List<Item> = try await get(
                path.adding(["limit": "\(wanted)", "cursor": cursor])
            )
            items += page.items
            cursor = page.next
            guard let next = cursor else { break }
            guard seen.insert(next).inserted else {
                throw .unexpected("The server's listing leads in a circle.")
            }
        }
        return (Array(items.prefix(limit)), cursor != nil || items.count > limit)
    }

    private static func entityTag(_ version: Int) -> String { "\"v\(version)\"" }

    private func encode(_ body: some Encodable) throws(ClientError) -> [UInt8] {
        do { return Array(try JSONEncoder().encode(body)) } catch {
            throw .unexpected("The request cannot be written as JSON: \(error)")
        }
    }

    private func decode<Body: Decodable>(_ bytes: [UInt8]) throws(ClientError) -> Body {
        do { return try JSONDecoder().decode(Body.self, from: Data(bytes)) } catch let error
            as DecodingError
        {
            throw .unexpected(
                "The server at \(address) answered with something else than expected: \(error.place)"
            )
        } catch {
            throw .unexpected(
                "The server at \(address) answered with something else than expected."
            )
        }
    }

    // MARK: - HTTP

    private func send(
        _ method: String,
        _ path: Path,
        body: [UInt8]? = nil,
        headers: [(String, String)] = [],
        accept: String = "application/json"
    ) async throws(ClientError) -> Answer {
        let isRepeatable = body == nil || headers.contains { $0.0 == "Idempotency-Key" }
        func send(_ token: String?) async throws(ClientError) -> Answer {
            var request = request(method, path, accept: accept, token: token)
            for (name, value) in headers { request.headers.add(name: name, value: value) }
            if let body {
                request.headers.add(name: "Content-Type", value: "application/json")
                request.body = .bytes(body)
            }
            do {
                return try await execute(request)
            } catch .unreachable where isRepeatable {
                // The answer may have been lost on the way; the same key cannot do it twice.
                return try await execute(request)
            }
        }
        let token = try await authorization(nil)
        do throws(ClientError) {
            return try await send(token)
        } catch {
            // Whoever is not known has done nothing, so with another token it is the first time.
            guard case .notSignedIn = error, let token, let next = try await authorization(token)
            else { throw error }
            return try await send(next)
        }
    }

    /// Sends a form to an OAuth endpoint, without a token of the caller's and never twice: what it shows
    /// may be good once. Throws `OAuthProblem` where it is refused.
    package func form(_ path: Path, _ fields: [(name: String, value: String)]) async throws
        -> [UInt8]
    {
        var request = request("POST", path, accept: "application/json", token: nil)
        request.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
        let pairs = fields.map {
            PercentEncoding.encode($0.name) + "=" + PercentEncoding.encode($0.value)
        }
        request.body = .bytes(Array(pairs.joined(separator: "&").utf8))
        let (status, answer) = try await exchange(request)
        if (200..<300).contains(status) { return answer.body }
        let problem = Result {
            try JSONDecoder().decode(OAuthProblem.self, from: Data(answer.body))
        }
        if case .success(let problem) = problem, [400, 401].contains(status) { throw problem }
        throw self.problem(status, answer.body)
    }

    package func form<Body: Decodable>(
        _ path: Path,
        _ fields: [(name: String, value: String)],
        as: Body.Type = Body.self
    ) async throws -> Body {
        try decode(try await form(path, fields))
    }

    private func request(_ method: String, _ path: Path, accept: String, token: String?)
        -> HTTPClientRequest
    {
        var request = HTTPClientRequest(url: address + path.text)
        request.method = .init(rawValue: method)
        request.headers.add(name: "Accept", value: accept)
        request.headers.add(name: "User-Agent", value: "lockbox")
        if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        return request
    }

    private func unreachable(_ error: any Error) -> ClientError {
        .unreachable("The server at \(address) cannot be reached: \(Self.words(error))")
    }

    private func execute(_ request: HTTPClientRequest) async throws(ClientError) -> Answer {
        let (status, answer) = try await exchange(request)
        guard (200..<300).contains(status) else { throw problem(status, answer.body) }
        return answer
    }

    private func exchange(_ request: HTTPClientRequest) async throws(ClientError) -> (UInt, Answer)
    {
        do {
            let response = try await http.execute(request, timeout: Self.timeout)
            let bytes = try await response.body.collect(upTo: Self.answerBytes)
            let answer = Answer(
                body: Array(bytes.readableBytesView),
                entityTag: response.headers.first(name: "ETag")
            )
            return (response.status.code, answer)
        } catch is NIOTooManyBytesError {
            throw .unexpected(
                "The server at \(address) sent more than \(Self.answerBytes >> 20) MiB."
            )
        } catch {
            throw unreachable(error)
        }
    }

    private func problem(_ status: UInt, _ body: [UInt8]) -> ClientError {
        switch Result(catching: { try JSONDecoder().decode(ProblemDocument.self, from: Data(body)) }
        ) {
        case .success(let problem) where status == 401: return .notSignedIn(problem.detail)
        case .success(let problem) where status == 503: return .unavailable(problem.detail)
        case .success(let problem): return .refused(problem)
        case .failure where status == 401: return .notSignedIn("Sign in first: lockbox login")
        case .failure where [502, 503, 504].contains(status):
            return .unavailable("The server at \(address) is not available now (\(status)).")
        case .failure:
            return .unexpected("The server at \(address) answered \(status). Is it Lockbox?")
        }
    }

    private static func words(_ error: any Error) -> String {
        if let error = error as? HTTPClientError { return error.shortDescription }
        if error is NIOConnectionError { return "no connection" }
        if let error = error as? IOError { return String(cString: strerror(error.errnoCode)) }
        return "\(error)"
    }
}

extension DecodingError {
    /// Where the answer is not as expected, without its content.
    fileprivate var place: String {
        switch self {
        case .keyNotFound(let key, let context):
            "\(memberPath(context.codingPath + [key])) is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context),
            .dataCorrupted(let context):
            context.codingPath.isEmpty
                ? "it is not JSON" : "\(memberPath(context.codingPath)) has a wrong type"
        @unknown default: "it cannot be read"
        }
    }
}
