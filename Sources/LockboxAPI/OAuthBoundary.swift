import Foundation
import HTTPTypes
import Hummingbird
import LockboxDomain
import LockboxHTTP
import LockboxIdentity
import LockboxPorts
import LockboxWire
import Logging
import NIOCore

/// An error of the OAuth endpoints, which have their own form (RFC 6749 §5.2). It never holds a
/// claim of a token: one mail server takes the claims from a refusal's body for an acceptance.
struct OAuthError: Error {
    let status: HTTPResponse.Status
    let error: String
    let description: String
    var headers: HTTPFields = [:]

    /// An error of the boundary, or of whatever lies behind it, in that form.
    init(_ problem: ProblemAnswer) {
        self.init(
            status: problem.status,
            error: problem.status.kind == .serverError ? "server_error" : "invalid_request",
            description: problem.detail,
            headers: problem.headers
        )
        // RFC 6749 §4.1.2.1 has a name for it; a client may then come again.
        if [.tooManyRequests, .serviceUnavailable].contains(status) {
            self = OAuthError(
                status: status,
                error: "temporarily_unavailable",
                description: description,
                headers: headers
            )
        }
    }

    init(
        status: HTTPResponse.Status,
        error: String,
        description: String,
        headers: HTTPFields = [:]
    ) {
        self.status = status
        self.error = error
        self.description = description
        self.headers = headers
    }

    /// How services show who they are (RFC 7617).
    static let challenge = "Basic realm=\"lockbox\", charset=\"UTF-8\""

    static func invalidRequest(_ description: String) -> OAuthError {
        OAuthError(status: .badRequest, error: "invalid_request", description: description)
    }

    static let invalidClient = OAuthError(
        status: .unauthorized,
        error: "invalid_client",
        description: "The client is unknown, or its secret is wrong."
    )

    func response() throws -> Response {
        var headers = headers
        headers[.cacheControl] = "no-store"
        if status == .unauthorized {
            headers[.wwwAuthenticate] = Self.challenge
        }
        return try JSONAnswer.response(
            ["error": error, "error_description": description],
            status: status,
            headers: headers
        )
    }
}

/// The parameters of a request of OAuth. One without a value counts as left out (RFC 6749 §3.2).
struct OAuthForm {
    private let values: [String: [String]]

    /// Refuses a parameter that comes twice (RFC 6749 §3.2), but for those that may.
    fileprivate init(_ bytes: Data, mayRepeat: Set<String>) throws {
        let fields = FormFields.decode(bytes)
        values = Dictionary(grouping: fields ?? [], by: \.name).mapValues { $0.map(\.value) }
        guard fields != nil, values.allSatisfy({ $1.count == 1 || mayRepeat.contains($0) }) else {
            throw OAuthError.invalidRequest("The form is malformed, or a parameter comes twice.")
        }
    }

    func all(_ name: String) -> [String] { values[name, default: []].filter { !$0.isEmpty } }

    subscript(_ name: String) -> String? { all(name).first }

    func required(_ name: String) throws -> String {
        guard let value = self[name] else {
            throw OAuthError.invalidRequest("The parameter \(name) is missing.")
        }
        return value
    }
}

/// A service that has shown its own credential.
struct ServiceClient {
    let id: String
    let service: ProtectedService
}

extension API {
    /// Answers errors in the form of OAuth.
    func answeringAsOAuth(
        _ context: APIContext,
        _ body: () async throws -> Response
    ) async throws -> Response {
        do {
            return try await body()
        } catch let error as OAuthError {
            return try error.response()
        } catch {
            let problem = OAuthError(try ProblemAnswer.heard(error, context))
            var response = try problem.response()
            if problem.status == .contentTooLarge {
                response.body = response.body.closing(context.channel)
            }
            return response
        }
    }

    // MARK: - Client authentication

    /// The service that sent the form.
    func authenticated(
        _ form: OAuthForm,
        _ request: Request,
        _ context: APIContext
    ) async throws -> ServiceClient {
        let shown = try Self.shownClient(form, request) ?? ("", "")
        guard let client = try await serviceClient(shown, request, context) else {
            throw OAuthError.invalidClient
        }
        return client
    }

    /// The service with this credential; nil if there is none, which is bounded for each address.
    func serviceClient(
        _ shown: (id: String, secret: String),
        _ request: Request,
        _ context: APIContext
    ) async throws -> ServiceClient? {
        if let settings = await clients.service(clientID: shown.id, secret: shown.secret) {
            return ServiceClient(id: shown.id, service: settings.service)
        }
        try failureLimit.take(wrongClients(request, context), now: clock.now())
        return nil
    }

    /// What a client shows of itself. Takes `client_secret_basic` and `client_secret_post` (RFC 6749
    /// §2.3.1), and both where the second is empty, as Dovecot 2.3 sends it.
    static func shownClient(
        _ form: OAuthForm,
        _ request: Request
    ) throws -> (id: String, secret: String)? {
        let posted = (id: form["client_id"], secret: form["client_secret"])
        guard let header = request.headers[.authorization] else {
            return posted.id == nil && posted.secret == nil
                ? nil : (posted.id ?? "", posted.secret ?? "")
        }
        guard posted.secret == nil else {
            throw OAuthError.invalidRequest("Use one way of client authentication, not two.")
        }
        guard let basic = header.basicCredentials, posted.id == nil || posted.id == basic.id else {
            throw OAuthError.invalidClient
        }
        return basic
    }

    /// A form body (`application/x-www-form-urlencoded`).
    func form(of request: Request, mayRepeat: Set<String> = []) async throws -> OAuthForm {
        guard request.headers.mediaType == FormFields.mediaType,
            request.headers.foreignCharset == nil
        else {
            throw OAuthError.invalidRequest(
                "Send the body as application/x-www-form-urlencoded in UTF-8."
            )
        }
        return try OAuthForm(try await request.bytes(), mayRepeat: mayRepeat)
    }

    /// Guesses of services' secrets are counted for each address, at whichever door.
    private func wrongClients(_ request: Request, _ context: APIContext) -> String {
        "client " + client(of: request, context).address
    }

    /// Counts one at a door that cannot say that there were too many.
    func countWrongClient(_ request: Request, _ context: APIContext) {
        do {
            try failureLimit.take(wrongClients(request, context), now: clock.now())
        } catch {
            // It is refused as it would be anyway.
        }
    }
}
