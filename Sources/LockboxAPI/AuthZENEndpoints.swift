import Foundation
import HTTPTypes
import Hummingbird
import LockboxAudit
import LockboxDecisions
import LockboxDomain
import LockboxHTTP
import LockboxIdentity
import LockboxPorts
import LockboxService
import LockboxWire
import Logging
import NIOCore

extension API {
    /// The Authorization API 1.0 of OpenID AuthZEN, over grants. A service is told of its own
    /// resources alone, an engineer of herself.
    func authZENEndpoints(for audiences: Set<Audience>) -> [Route] {
        evaluationEndpoints(for: audiences) + [metadataEndpoint]
            + (audiences.contains(.services) ? searchEndpoints : [])
    }

    private func evaluationEndpoints(for audiences: Set<Audience>) -> [Route] {
        [
            asking(
                "/access/v1/evaluation",
                "evaluate",
                "May this person do that to this resource now? (AuthZEN 1.0)",
                details: Self.evaluationDetails,
                by: audiences,
                body: .json("EvaluationQuestion"),
                answers: .json("EvaluationAnswer", "The decision; no is an answer too.")
            ) { question, evaluator in
                let decision = try await evaluator.decision(question.whole)
                if decision.decision { evaluator.allowRepetition() }
                return try JSONAnswer.response(decision)
            },
            asking(
                "/access/v1/evaluations",
                "evaluateMany",
                "The same of several at once (AuthZEN 1.0)",
                by: audiences,
                body: .json("EvaluationsQuestion"),
                answers: .json("EvaluationsAnswer", "The decisions, in the order of the questions.")
            ) { question, evaluator in
                guard !question.evaluations.isEmpty else {
                    return try JSONAnswer.response(try await evaluator.decision(question.whole))
                }
                return try JSONAnswer.response(
                    AuthZENDecisions(evaluations: try await evaluator.decisions(question))
                )
            },
        ]
    }

    private var searchEndpoints: [Route] {
        [
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
        ]
    }

    private var metadataEndpoint: Route {
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
        }
    }

    private static let evaluationDetails =
        "A subject is of type `user`, its id that of the engineer; an action is `read` or `write`; a "
        + "resource is one of the service that asks, its type and id the two parts of its name. With "
        + "`context.credential`, an engineer's credential, the decision depends on that too, and the "
        + "use is recorded. An engineer asks about herself with her API token, and names the service "
        + "as `resource.properties.service`; a denial then says how access can be asked for, as it "
        + "does to a service that sends `context.requestable`. With `context.approval` the decision "
        + "rests on that approval alone."

    private func asking(
        _ path: RouterPath,
        _ id: String,
        _ summary: String,
        details: String? = nil,
        by audiences: Set<Audience> = [.services],
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
                by: audiences.contains(.people) ? .decisionAsker : .enforcementPoint,
                body: body,
                answers: answers,
                refuses: []
            )
        ) { request, context in
            var response: Response
            do {
                let ground = AnswerGround(of: self, context.repetition)
                let asker = try await asker(of: request, context, among: audiences)
                let (question, body) = try await Self.question(of: request)
                var evaluator = try AuthZENEvaluator(self, asker, body, ground)
                response = try await answer(question, &evaluator)
            } catch {
                response = try Self.answer(to: error, context)
            }
            if let id = request.headers[.requestID] { response.headers[.requestID] = id }
            return response
        }
    }

    /// Who asks, of those that this listener is for.
    private func asker(
        of request: Request,
        _ context: APIContext,
        among audiences: Set<Audience>
    ) async throws -> AuthZENEvaluator.Asker {
        let header = request.headers[.authorization]
        let isForServices = audiences.contains(.services)
        let shown = isForServices ? header?.basicCredentials : nil
        if shown == nil, audiences.contains(.people), !isForServices || header?.bearerToken != nil {
            let need = Caller.decisionAskersNeed
            return .person(try await caller(of: request, context, needing: need).person)
        }
        guard let client = try await serviceClient(shown ?? ("", ""), request, context) else {
            throw AuthZENFault.unknownService
        }
        return .service(client.service)
    }

    private static func question(of request: Request) async throws -> (AuthZENQuestion, Data) {
        guard request.headers.mediaType == "application/json",
            request.headers.foreignCharset == nil
        else { throw AuthZENFault("Send the body as application/json in UTF-8.") }
        let body = try await request.bytes()
        let question = try Request.decoded(body, as: AuthZENQuestion.self)
        guard question.evaluations.count <= APILimits.evaluations else {
            throw AuthZENFault("evaluations: are more than \(APILimits.evaluations).")
        }
        return (question, body)
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
            // Whoever showed an API token is told of that scheme too.
            problem.headers[.wwwAuthenticate] =
                [OAuthError.challenge, problem.headers[.wwwAuthenticate]].compactMap(\.self)
                .joined(separator: ", ")
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

/// Decides for one service or one person, in one request.
struct AuthZENEvaluator {
    /// The type of the only subjects that there are.
    static let person = "user"

    enum Asker {
        /// About its own resources, and whoever it likes.
        case service(ProtectedService)
        /// About herself, and every service's resources.
        case person(Person)
    }

    let api: API
    let asker: Asker
    private let body: Data
    /// The question with all that no decision depends on; read where it is needed.
    private var sent: SentQuestion?
    /// Whether the use of a credential is on record: once for each request.
    private var recorded: [CredentialID: Bool] = [:]
    private let ground: AnswerGround?
    /// What the last yes rested on.
    private var basis: Basis?

    private struct Basis {
        let request: AccessRequestID
        /// How long it gives access at most.
        let end: Timestamp
        /// Where one was shown.
        var credential: Credential?
    }

    init(_ api: API, _ asker: Asker, _ body: Data, _ ground: AnswerGround?) throws {
        self.api = api
        self.ground = ground
        self.asker = asker
        self.body = body
        switch asker {
        case .service: sent = nil
        case .person: sent = try Request.decoded(body, as: SentQuestion.self)
        }
    }

    /// All that was sent of the question, or of its item with this number.
    mutating func sentTerms(_ item: Int?) throws -> SentTerms {
        let question = try sent ?? Request.decoded(body, as: SentQuestion.self)
        sent = question
        return question.terms(item)
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
    private func resource(
        _ evaluation: AuthZENQuestion.Evaluation,
        _ item: Int? = nil
    ) throws -> Resource? {
        let asked = try evaluation.resource.whole("resource")
        guard let service = try service(item),
            let resource = Resource(service: service, name: "\(asked.type):\(asked.id)"),
            resource.type == asked.type, resource.localName == asked.id
        else { return nil }
        return resource
    }

    private func service(_ item: Int?) throws -> ServiceID? {
        switch asker {
        case .service(let service): return service.id
        case .person:
            guard let name = sent?.terms(item).service else {
                throw AuthZENFault.missing("resource.properties.service")
            }
            return ServiceID(name)
        }
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

    mutating func decision(
        _ evaluation: AuthZENQuestion.Evaluation,
        item: Int? = nil
    ) async throws -> AuthZENDecision {
        let (engineer, resource) = (try engineer(evaluation), try resource(evaluation, item))
        guard let needed = try needed(evaluation), let engineer, let resource,
            asker.mayAsk(about: engineer)
        else { return .no }
        let context = evaluation.context
        let asked = AskedAccess(engineer, Access(resource, needed), context?.approval, item: item)
        basis = try await opened(asked, context?.credential)
        guard let open = basis else {
            return try await denial(of: asked, isRequestable: context?.asksForRequest == true)
        }
        guard asked.approval != nil else { return AuthZENDecision(decision: true) }
        let approval = AuthZENDecision.Approval(
            id: open.request.text,
            approved_until: open.end.description
        )
        return AuthZENDecision(decision: true, context: .init(approval: approval))
    }

    /// The last answer was the whole one, and a yes. What a person asks is counted each time.
    func allowRepetition() {
        guard case .service = asker, let basis else { return }
        if let credential = basis.credential {
            ground?.allowRepetition(using: credential)
        } else {
            ground?.allowRepetition(until: basis.end)
        }
    }

    /// What gives the access now, by credential where one is shown; nil where nothing does.
    private mutating func opened(
        _ asked: AskedAccess,
        _ secret: String?
    ) async throws -> Basis? {
        let (engineer, access) = (asked.engineer, asked.access)
        if let secret {
            guard
                let credential = try await good(
                    secret,
                    of: engineer,
                    for: access.actions,
                    on: access.resource
                ), asked.mayRest(on: credential.request)
            else { return nil }
            return Basis(
                request: credential.request,
                end: credential.expiresAt,
                credential: credential
            )
        }
        return try await grants(of: .both(engineer, access.resource)).first {
            $0.allows(access.actions, on: access.resource) && asked.mayRest(on: $0.request)
        }
        .map { Basis(request: $0.request, end: $0.grant.end) }
    }

    private mutating func good(
        _ secret: String,
        of engineer: PersonID,
        for needed: Actions,
        on resource: Resource
    ) async throws -> Credential? {
        guard let credential = try await api.index.active(secret, now: api.clock.now()),
            credential.engineer == engineer, credential.resource == resource,
            credential.actions.isSuperset(of: needed)
        else { return nil }
        if recorded[credential.id] == nil {
            recorded[credential.id] = try await api.lockbox.recordUse(of: credential)
        }
        // Access may have ended while the use was written down.
        let isGood = recorded[credential.id] == true && api.index.isStillGood(credential)
        return isGood ? credential : nil
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
        for (number, item) in question.evaluations.enumerated() {
            var made = AuthZENDecision.no
            do {
                if let evaluation = question.completed(item) {
                    made = try await decision(evaluation, item: number)
                }
            } catch is AuthZENFault {
                made = .no
            }
            decisions.append(made)
            switch question.semantic {
            case .executeAll: continue
            case .denyOnFirstDeny: if !made.decision { return decisions }
            case .permitOnFirstPermit: if made.decision { return decisions }
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
        let own = try service(nil)
        let accesses = grants.flatMap(\.grant.scope.accesses).filter { access in
            access.resource.service == own && access.resource.type == type
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
