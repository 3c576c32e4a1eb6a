import Foundation
import HTTPTypes
import Hummingbird
import LockboxAudit
import LockboxDecisions
import LockboxDomain
import LockboxHTTP
import LockboxPorts
import LockboxService
import LockboxWire
import Logging
import NIOCore

extension API {
    /// The Authorization API 1.0 of OpenID AuthZEN, over grants. A service is told of its own
    /// resources alone.
    var authZENEndpoints: [Route] {
        [
            asking(
                "/access/v1/evaluation",
                "evaluate",
                "May this person do that to this resource now? (AuthZEN 1.0)",
                details: Self.evaluationDetails,
                body: .json("EvaluationQuestion"),
                answers: .json("EvaluationAnswer", "The decision; no is an answer too.")
            ) { question, evaluator in
                try JSONAnswer.response(
                    AuthZENDecision(decision: try await evaluator.decision(question.whole))
                )
            },
            asking(
                "/access/v1/evaluations",
                "evaluateMany",
                "The same of several at once (AuthZEN 1.0)",
                body: .json("EvaluationsQuestion"),
                answers: .json("EvaluationsAnswer", "The decisions, in the order of the questions.")
            ) { question, evaluator in
                guard !question.evaluations.isEmpty else {
                    return try JSONAnswer.response(
                        AuthZENDecision(decision: try await evaluator.decision(question.whole))
                    )
                }
                return try JSONAnswer.response(
                    AuthZENDecisions(evaluations: try await evaluator.decisions(question))
                )
            },
            asking(
                "/access/v1/search/subject",
                "searchSubjects",
                "Who may do that to this resource now? (AuthZEN 1.0)",
                body: .json("SubjectSearch"),
                answers: .json("SearchAnswer")
            ) { question, evaluator in
                try Self.answer(question.page, try await evaluator.subjects(question.whole)) {
                    AuthZENEntity(type: AuthZENEvaluator.person, id: $0)
                }
            },
            asking(
                "/access/v1/search/resource",
                "searchResources",
                "To which resources may this person do that now? (AuthZEN 1.0)",
                body: .json("ResourceSearch"),
                answers: .json("SearchAnswer")
            ) { question, evaluator in
                let type = try question.whole.resource.type("resource")
                return try Self.answer(
                    question.page,
                    try await evaluator.resources(question.whole, type: type)
                ) { AuthZENEntity(type: type, id: $0) }
            },
            asking(
                "/access/v1/search/action",
                "searchActions",
                "What may this person do to this resource now? (AuthZEN 1.0)",
                body: .json("ActionSearch"),
                answers: .json("SearchAnswer")
            ) { question, evaluator in
                try Self.answer(question.page, try await evaluator.actions(question.whole)) {
                    AuthZENAction(name: $0)
                }
            },
            Route(
                .get,
                "/.well-known/authzen-configuration",
                OperationDescription(
                    "decisionPointMetadata",
                    .standards,
                    "Where AuthZEN's endpoints are",
                    by: .anybody,
                    answers: .json("DecisionPointMetadata", "The metadata."),
                    refuses: []
                )
            ) { _, _ in
                try JSONAnswer.response(
                    AuthZENMetadata(at: publicURL),
                    headers: [.cacheControl: "public, max-age=3600"]
                )
            },
        ]
    }

    private static let evaluationDetails =
        "A subject is of type `user`, its id that of the engineer; an action is `read` or `write`; a "
        + "resource is one of the service that asks, its type and id the two parts of its name. With "
        + "`context.credential`, an engineer's credential, the decision depends on that too, and the "
        + "use is recorded."

    private func asking(
        _ path: RouterPath,
        _ id: String,
        _ summary: String,
        details: String? = nil,
        body: OperationDescription.Body,
        answers: OperationDescription.Answer,
        _ answer:
            @escaping @Sendable (AuthZENQuestion, inout AuthZENEvaluator) async throws ->
            Response
    ) -> Route {
        Route(
            .post,
            path,
            OperationDescription(
                id,
                .standards,
                summary,
                details: details,
                by: .enforcementPoint,
                body: body,
                answers: answers,
                refuses: []
            )
        ) { request, context in
            var response: Response
            do {
                let shown = request.headers[.authorization]?.basicCredentials ?? ("", "")
                guard let client = try await serviceClient(shown, request, context) else {
                    throw AuthZENFault.unknownService
                }
                let question = try await Self.question(of: request)
                var evaluator = AuthZENEvaluator(self, client.service)
                response = try await answer(question, &evaluator)
            } catch {
                response = try Self.answer(to: error, context)
            }
            if let id = request.headers[.requestID] { response.headers[.requestID] = id }
            return response
        }
    }

    private static func question(of request: Request) async throws -> AuthZENQuestion {
        guard request.headers.mediaType == "application/json",
            request.headers.foreignCharset == nil
        else { throw AuthZENFault("Send the body as application/json in UTF-8.") }
        let question = try Request.decoded(try await request.bytes(), as: AuthZENQuestion.self)
        guard question.evaluations.count <= APILimits.evaluations else {
            throw AuthZENFault("evaluations: are more than \(APILimits.evaluations).")
        }
        return question
    }

    /// A page of `found`, which are in order, each once.
    private static func answer<Found: Encodable>(
        _ page: AuthZENQuestion.Page?,
        _ found: [String],
        _ written: (String) -> Found
    ) throws -> Response {
        let limit = page?.limit ?? APILimits.defaultPageSize
        guard limit > 0 else { throw AuthZENFault("page.limit: must be 1 or more.") }
        var rest = found[...]
        if let token = page?.token, !token.isEmpty {
            guard
                let last = Data(base64Encoded: token).flatMap({
                    String(validating: $0, as: UTF8.self)
                })
            else { throw AuthZENFault("page.token: is none that was given out.") }
            rest = rest.drop { $0 <= last }
        }
        let shown = rest.prefix(min(limit, APILimits.pageSizes.upperBound))
        let next = shown.count < rest.count ? shown.last : nil
        return try JSONAnswer.response(
            AuthZENResults(
                page: .init(
                    next_token: next.map { Data($0.utf8).base64EncodedString() } ?? "",
                    count: shown.count
                ),
                results: shown.map(written)
            )
        )
    }

    /// Errors are a message (§10.1.2), and none is a yes.
    private static func answer(to error: any Error, _ context: APIContext) throws -> Response {
        var problem = try ProblemAnswer.heard(error, context)
        if let fault = error as? AuthZENFault {
            problem.status = fault.status
            problem.detail = fault.message
        }
        if problem.status == .unauthorized {
            problem.headers[.wwwAuthenticate] = OAuthError.challenge
        }
        var headers = problem.headers
        headers[.contentType] = "text/plain; charset=utf-8"
        let body = ResponseBody(byteBuffer: ByteBuffer(string: problem.detail))
        return Response(
            status: problem.status,
            headers: headers,
            body: problem.status == .contentTooLarge ? body.closing(context.channel) : body
        )
    }
}

/// Decides for one service, in one request.
struct AuthZENEvaluator {
    /// The type of the only subjects that there are.
    static let person = "user"

    private let api: API
    private let service: ProtectedService
    /// Whether the use of a credential is on record: once for each request.
    private var recorded: [CredentialID: Bool] = [:]

    init(_ api: API, _ service: ProtectedService) {
        self.api = api
        self.service = service
    }

    /// What is asked, in our own terms; nil for what does not exist.
    private func engineer(_ evaluation: AuthZENQuestion.Evaluation) throws -> PersonID? {
        let subject = try evaluation.subject.whole("subject")
        guard subject.type == Self.person, let person = PersonID(subject.id),
            person.text == subject.id
        else { return nil }
        return person
    }

    /// Letter by letter: a service may have two whose names differ by case alone.
    private func resource(_ evaluation: AuthZENQuestion.Evaluation) throws -> Resource? {
        let asked = try evaluation.resource.whole("resource")
        guard
            let resource = Resource(service: service.id, name: "\(asked.type):\(asked.id)"),
            resource.type == asked.type, resource.localName == asked.id
        else { return nil }
        return resource
    }

    private func needed(_ evaluation: AuthZENQuestion.Evaluation) throws -> Actions? {
        Actions(names: [try evaluation.actionName()])
    }

    /// The grants of `holder` that give access now. Nobody is given any at a time of day that may be
    /// wrong (decision 0026).
    private func grants(of holder: GrantHolder) async throws -> [OpenGrant] {
        if let step = api.clock.step { throw WriteHeldBack.clockStepped(step) }
        return try await api.index.grants(of: holder, now: api.clock.now())
    }

    // MARK: - Evaluation

    mutating func decision(_ evaluation: AuthZENQuestion.Evaluation) async throws -> Bool {
        let (engineer, resource) = (try engineer(evaluation), try resource(evaluation))
        guard let needed = try needed(evaluation), let engineer, let resource else { return false }
        if let secret = evaluation.context?.credential {
            return try await isGood(secret, of: engineer, for: needed, on: resource)
        }
        let grants = try await grants(of: .both(engineer, resource))
        return grants.contains { $0.allows(needed, on: resource) }
    }

    private mutating func isGood(
        _ secret: String,
        of engineer: PersonID,
        for needed: Actions,
        on resource: Resource
    ) async throws -> Bool {
        guard let credential = try await api.index.active(secret, now: api.clock.now()),
            credential.engineer == engineer, credential.resource == resource,
            credential.actions.isSuperset(of: needed)
        else { return false }
        if recorded[credential.id] == nil {
            recorded[credential.id] = try await api.lockbox.recordUse(of: credential)
        }
        // Access may have ended while the use was written down.
        return recorded[credential.id] == true && api.index.isStillGood(credential)
    }

    /// As far as the semantic says. What is wrong with one of them is a no to that one.
    mutating func decisions(_ question: AuthZENQuestion) async throws -> [AuthZENDecision] {
        // While a use was written down an access that was a yes before it may have ended: then all are
        // decided anew, and what is on record already takes no time.
        while true {
            let known = recorded.count
            let decisions = try await decideInOrder(question)
            if recorded.count == known { return decisions }
        }
    }

    private mutating func decideInOrder(_ question: AuthZENQuestion) async throws
        -> [AuthZENDecision]
    {
        var decisions: [AuthZENDecision] = []
        for item in question.evaluations {
            var isYes = false
            do {
                if let evaluation = question.completed(item) {
                    isYes = try await decision(evaluation)
                }
            } catch is AuthZENFault {
                isYes = false
            }
            decisions.append(AuthZENDecision(decision: isYes))
            switch question.semantic {
            case .executeAll: continue
            case .denyOnFirstDeny: if !isYes { return decisions }
            case .permitOnFirstPermit: if isYes { return decisions }
            }
        }
        return decisions
    }

    // MARK: - Search

    func subjects(_ question: AuthZENQuestion.Evaluation) async throws -> [String] {
        let type = try question.subject.type("subject")
        let (needed, resource) = (try needed(question), try resource(question))
        guard type == Self.person, let needed, let resource else { return [] }
        let grants = try await grants(of: .resource(resource))
        return Set(
            grants.filter { $0.allows(needed, on: resource) }.map(\.engineer.text)
        ).sorted()
    }

    func resources(
        _ question: AuthZENQuestion.Evaluation,
        type: String
    ) async throws -> [String] {
        let (engineer, needed) = (try engineer(question), try needed(question))
        guard let engineer, let needed else { return [] }
        let grants = try await grants(of: .engineer(engineer))
        let accesses = grants.flatMap(\.grant.scope.accesses).filter { access in
            access.resource.service == service.id && access.resource.type == type
                && access.actions.isSuperset(of: needed)
        }
        return Set(accesses.map(\.resource.localName)).sorted()
    }

    func actions(_ question: AuthZENQuestion.Evaluation) async throws -> [String] {
        let (engineer, resource) = (try engineer(question), try resource(question))
        guard let engineer, let resource else { return [] }
        let grants = try await grants(of: .both(engineer, resource))
        return Set(grants.flatMap { $0.grant.scope.actions(on: resource)?.names ?? [] }).sorted()
    }
}

extension OpenGrant {
    fileprivate func allows(_ needed: Actions, on resource: Resource) -> Bool {
        grant.scope.actions(on: resource)?.isSuperset(of: needed) == true
    }
}

extension HTTPField.Name {
    fileprivate static let requestID = Self("X-Request-ID")!
}
