import HTTPTypes
import Hummingbird
import LockboxDomain
import LockboxHTTP
import LockboxIdentity
import LockboxPorts
import Logging

/// An operation for people who come with an API token. It cannot be written down without what the
/// token must be for.
struct TokenOperation: Sendable {
    let need: ScopeNeed
    let description: OperationDescription

    init(
        _ id: String,
        _ tag: Tag,
        _ summary: String,
        needs need: ScopeNeed,
        details: String? = nil,
        path: String? = nil,
        takes parameters: [OperationDescription.Parameter] = [],
        body: OperationDescription.Body? = nil,
        answers: OperationDescription.Answer,
        orElse others: [OperationDescription.Answer] = [],
        refuses: Set<Refuses>
    ) {
        self.need = need
        description = OperationDescription(
            id,
            tag,
            summary,
            details: details,
            path: path,
            by: .person(need),
            takes: parameters,
            body: body,
            answers: answers,
            orElse: others,
            refuses: refuses
        )
    }
}

extension API {
    /// An endpoint for people who are signed in.
    func signedIn(
        _ method: HTTPRequest.Method,
        _ path: RouterPath,
        _ operations: TokenOperation...,
        handler: @escaping @Sendable (Request, APIContext, Person) async throws -> Response
    ) -> Route {
        withToken(method, path, operations) { try await handler($0, $1, $2.person) }
    }

    /// The same, where it matters which token she came with. Operations of one route need the same.
    func withToken(
        _ method: HTTPRequest.Method,
        _ path: RouterPath,
        _ operations: [TokenOperation],
        _ handler: @escaping @Sendable (Request, APIContext, TokenCaller) async throws -> Response
    ) -> Route {
        let needs = Set(operations.map(\.need))
        precondition(needs.count == 1, "\(path): the operations of one route need one thing")
        let need = operations[0].need
        return Route(method, path, operations.map(\.description)) { request, context in
            try await handler(
                request,
                context,
                try await caller(of: request, context, needing: need)
            )
        }
    }

    /// Who came with the API token in `Authorization` (RFC 6750 §2.1), if it is for what needs
    /// `need`. Tokens in queries or bodies are not looked at.
    func caller(
        of request: Request,
        _ context: APIContext,
        needing need: ScopeNeed
    ) async throws -> TokenCaller {
        do {
            guard let token = request.headers[.authorization]?.bearerToken else {
                throw Refusal.notSignedIn
            }
            let caller = try await checked(token, of: request, context, needing: need)
            try personLimit.take(caller.person.id.text, now: clock.now())
            return caller
        } catch Refusal.notSignedIn {
            // Guessing is bounded for each address; a right token is never held up by it.
            try failureLimit.take("token " + client(of: request, context).address, now: clock.now())
            guard request.headers[.authorization]?.bearerToken == nil else {
                throw BoundaryError.invalidToken
            }
            throw Refusal.notSignedIn
        }
    }

    /// A token that is good elsewhere is none here: whoever stole it is told nothing, and the log is.
    func checked(
        _ token: String,
        of request: Request,
        _ context: APIContext,
        needing need: ScopeNeed
    ) async throws -> TokenCaller {
        let client = client(of: request, context)
        do {
            return try await signIn.caller(token: token, from: client, needing: need)
        } catch let error as TokenFromElsewhere {
            context.logger.warning(
                "an API token was shown from an address that it is not for",
                metadata: [
                    "token": "\(error.token)",
                    "address": "\(client.exact.map { "\($0)" } ?? client.address)",
                ]
            )
            throw Refusal.notSignedIn
        }
    }
}
