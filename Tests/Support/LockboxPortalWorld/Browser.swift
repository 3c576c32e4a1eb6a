package import HTTPTypes
import Hummingbird
import LockboxDomain
import LockboxHTTP
import LockboxIdentity
import LockboxPortal
import Logging
import NIOCore
import NIOEmbedded
import Synchronization

typealias PortalResponder = RouterResponder<PortalContext>

/// What the portal answered.
package struct Answer: Sendable {
    package let status: Int
    package let headers: HTTPFields
    package let html: String
    /// Whose page it is, and under which path; after a form that was taken, of the page that
    /// followed.
    package let person: String?
    package let path: String
    /// How long the portal took to make it.
    package let elapsed: Duration

    package var location: String? { headers[.location] }
}

/// How a browser would ask, without a socket between.
extension PortalWorld {
    /// A page as `person` sees it, who is signed in first where she is not; nil is nobody.
    package func visit(_ path: String, as person: String?) async throws -> Answer {
        try await ask(.get, filled(path), person: person, secret: try await secret(of: person))
    }

    /// Sends `form` as `person`. Where it says nothing of `csrf` it has the token of her session.
    /// `origin` and `site` are what the browser says of the page that the form is from.
    package func send(
        _ path: String,
        form: [(String, String)],
        as person: String?,
        origin: String? = PortalWorld.publicURL,
        site: String? = nil
    ) async throws -> Answer {
        let secret = try await secret(of: person)
        var form = form.map { ($0.0, filled($0.1)) }
        if let secret, !form.contains(where: { $0.0 == "csrf" }),
            let signedIn = try await sessions.resume(secret)
        {
            form.append(("csrf", signedIn.csrfToken))
        }
        return try await ask(
            .post,
            filled(path),
            body: Body(form),
            person: person,
            secret: secret,
            origin: origin,
            site: site
        )
    }

    /// Sends `body` as it is, as no browser would.
    package func sendRaw(_ path: String, body: [UInt8], type: String?, as person: String?)
        async throws -> Answer
    {
        let sent = Body(type: type, bytes: ByteBuffer(bytes: body))
        let secret = try await secret(of: person)
        return try await ask(.post, filled(path), body: sent, person: person, secret: secret)
    }

    /// Asks with `headers` in place of what a browser would send, and with her session, where they
    /// say nothing of cookies.
    package func askRaw(
        _ method: HTTPRequest.Method,
        _ path: String,
        headers: [(String, String)],
        body: [UInt8] = [],
        as person: String?
    ) async throws -> Answer {
        var fields = HTTPFields()
        for (name, value) in headers {
            if let name = HTTPField.Name(name) {
                fields.append(HTTPField(name: name, value: value))
            }
        }
        let secret = fields[.cookie] == nil ? try await secret(of: person) : nil
        if let secret { fields[.cookie] = "\(Self.cookie)=\(secret)" }
        return try await ask(method, path, fields, ByteBuffer(bytes: body), person: person)
    }

    /// Opens the page at `path`, types `typed` into its form that goes to `action`, lets
    /// `meanwhile` happen, and sends it, as a browser would: with the hidden fields and what was
    /// filled in before. A value of nil empties a field. Follows where the answer leads.
    package func fill(
        _ action: String,
        on path: String,
        typing typed: [(String, String?)],
        as person: String?,
        meanwhile: @Sendable (PortalWorld) async throws -> Void = { _ in }
    ) async throws -> Answer {
        let page = try await visit(path, as: person)
        let action = filled(action)
        let forms = HTMLDocument(page.html).all("form").filter {
            $0["method"] == "post" && ($0["action"] ?? page.path) == action
        }
        // Where several go to one place, the one that has the fields.
        let names = Set(typed.filter { $0.1 != nil }.map(\.0))
        guard let form = forms.first(where: { names.isSubset(of: $0.controlNames) }) ?? forms.first
        else {
            throw NoSuchForm(action: action, page: page.path, status: page.status)
        }
        var fields = form.fields.filter { field in !typed.contains { $0.0 == field.0 } }
        fields += typed.compactMap { name, value in value.map { (name, filled($0)) } }
        let secret = try await secret(of: person)
        try await meanwhile(self)
        let answer = try await ask(
            .post,
            action,
            body: Body(fields),
            person: person,
            secret: secret
        )
        return try await follow(answer)
    }

    /// The page that a redirect leads to; `answer` itself where it is none.
    package func follow(_ answer: Answer) async throws -> Answer {
        guard (300..<400).contains(answer.status), let location = answer.location else {
            return answer
        }
        let isSignedOut = memory.withLock { answer.person.map($0.signedOut.contains) ?? true }
        let person = isSignedOut ? nil : answer.person
        return try await follow(
            try await ask(.get, location, person: person, secret: try await secret(of: person))
        )
    }

    /// Her browser has just done something on the page at `path`.
    package func remember(done: String, on path: String, as person: String) {
        let mark = "\(done).\(path)"
        memory.withLock { $0.done[person] = "\(Self.cookie)-done=\(mark)" }
    }

    /// Gita has just changed the rules, and is told so on the page that follows.
    package func justChangedPolicy() async throws {
        try await policy { $0.maxAccess = .hours(2) }
        remember(done: "policyChanged", on: "/settings", as: "gita")
    }

    /// Her session ends without her browser hearing of it.
    package func endSession(of person: String) async throws {
        guard let secret = try await secret(of: person) else { return }
        try await sessions.end(secret)
        memory.withLock { _ = $0.signedOut.insert(person) }
    }

    // MARK: - Below

    private func secret(of name: String?) async throws -> String? {
        guard let name else { return nil }
        let (known, isSignedOut) = memory.withLock {
            ($0.secrets[name], $0.signedOut.contains(name))
        }
        if isSignedOut { return known }
        if let known, try await isOpen(known) { return known }
        let (secret, _) = try await sessions.begin(
            email: person(name).email.text,
            password: Self.password,
            from: ClientKey(address: "192.0.2.1")
        )
        memory.withLock { $0.secrets[name] = secret }
        return secret
    }

    /// With the store away nobody can say; the browser sends what it has.
    private func isOpen(_ secret: String) async throws -> Bool {
        do {
            return try await sessions.resume(secret) != nil
        } catch {
            return true
        }
    }

    private func ask(
        _ method: HTTPRequest.Method,
        _ path: String,
        body: Body? = nil,
        person: String?,
        secret: String?,
        origin: String? = PortalWorld.publicURL,
        site: String? = nil
    ) async throws -> Answer {
        var headers = HTTPFields()
        headers[.origin] = origin
        if let name = HTTPField.Name("Sec-Fetch-Site") { headers[name] = site }
        let done = memory.withLock { $0.done[person ?? ""] }
        let cookies = [secret.map { "\(Self.cookie)=\($0)" }, done].compactMap { $0 }
        if !cookies.isEmpty { headers[.cookie] = cookies.joined(separator: "; ") }
        if let type = body?.type { headers[.contentType] = type }
        return try await ask(method, path, headers, body?.bytes ?? ByteBuffer(), person: person)
    }

    private func ask(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ headers: HTTPFields,
        _ body: ByteBuffer,
        person: String?
    ) async throws -> Answer {
        let head = HTTPRequest(
            method: method,
            scheme: "https",
            authority: "lockbox.example-cloud.test",
            path: path,
            headerFields: headers
        )
        let channel = NIOAsyncTestingChannel()
        let context = PortalContext(
            source: .init(
                channel: channel,
                logger: Logger(label: "gallery") { _ in SwiftLogNoOpLogHandler() }
            )
        )
        let began = ContinuousClock.now
        let response = try await responder.respond(
            to: Request(head: head, body: .init(buffer: body)),
            context: context
        )
        let collected = Collector()
        try await response.body.write(collected)
        let elapsed = ContinuousClock.now - began
        _ = try await channel.finish(acceptAlreadyClosed: true)
        keep(response.headers[values: .setCookie], of: person)
        return Answer(
            status: response.status.code,
            headers: response.headers,
            html: String(buffer: collected.buffer),
            person: person,
            path: path,
            elapsed: elapsed
        )
    }

    private static let cookie = "__Host-lockbox"

    /// After a password was given anew the session has another secret.
    private func keep(_ cookies: [String], of person: String?) {
        if let done = cookies.last(where: { $0.hasPrefix(Self.cookie + "-done=") }) {
            memory.withLock { $0.done[person ?? ""] = String(done.prefix { $0 != ";" }) }
        }
        guard let person, let cookie = cookies.last(where: { $0.hasPrefix(Self.cookie + "=") })
        else { return }
        let secret = String(cookie.dropFirst(Self.cookie.count + 1).prefix { $0 != ";" })
        memory.withLock { $0.secrets[person] = secret.isEmpty ? nil : secret }
    }

    /// What is sent with a request.
    private struct Body {
        let type: String?
        let bytes: ByteBuffer

        init(type: String?, bytes: ByteBuffer) {
            self.type = type
            self.bytes = bytes
        }

        init(_ form: [(String, String)]) {
            let pairs = form.map { "\(encoded($0.0))=\(encoded($0.1))" }
            self.init(
                type: "application/x-www-form-urlencoded",
                bytes: ByteBuffer(string: pairs.joined(separator: "&"))
            )
        }
    }

    private static func encoded(_ text: String) -> String {
        text.utf8.map { byte -> String in
            switch byte {
            case 48...57, 65...90, 97...122, 45, 46, 95: String(Unicode.Scalar(byte))
            case _: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }.joined()
    }
}

/// A scene wants to fill a form that its page has not.
struct NoSuchForm: Error, CustomStringConvertible {
    let action: String
    let page: String
    let status: Int

    var description: String {
        "the page \(page) (status \(status)) has no form that goes to \(action)"
    }
}

private final class Collector: ResponseBodyWriter {
    private(set) var buffer = ByteBuffer()

    func write(_ more: ByteBuffer) async throws { buffer.writeImmutableBuffer(more) }
    consuming func finish(_ trailing: HTTPFields?) async throws {}
}
