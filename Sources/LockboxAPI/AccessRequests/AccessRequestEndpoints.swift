import HTTPTypes
import Hummingbird
import LockboxDomain
import LockboxHTTP
import LockboxPorts
import LockboxService
import LockboxWire

/// The Access Request and Approval Profile of OpenID AuthZEN, draft 1: a second door to the requests
/// that `/v1/requests` makes, for an engineer's program that was denied (decision 0042).
extension API {
    static let accessRequestPath = "/access/v1/access-request"

    var accessRequestEndpoints: [Route] {
        [submission, taskStatus, cancellation]
    }

    private var submission: Route {
        signedIn(
            .post,
            RouterPath(Self.accessRequestPath),
            TokenOperation(
                "submitAccessRequest",
                .standards,
                "Ask for access that was denied (AuthZEN, Access Request and Approval Profile)",
                needs: .ask,
                details:
                    "By an engineer's program, for herself, with the `binding_token` of the "
                    + "denial. `context.business_justification` is the reason; members that are "
                    + "absolute URIs below this server's address say the rest (`…/support_request`, "
                    + "`…/tenant`, and in `requested_access` one of `…/requested_duration_s`, "
                    + "`…/requested_duration` and `requested_until`). No callback is offered.",
                takes: [.idempotencyKey],
                body: .json("AccessRequestSubmission"),
                answers: .task("The task; it waits for people.", status: .accepted),
                orElse: [
                    .task(
                        "The same submission came before, and its task is over.",
                        status: .created
                    )
                ],
                refuses: [.conflict, .gone]
            )
        ) { request, _, caller in
            let body = try await request.openJSON(Submission.self)
            let names = ExtensionNames(at: publicURL)
            do {
                return try await submit(body, names, by: caller)
            } catch let refusal as Refusal {
                throw refusal.told(names)
            }
        }
    }

    private var taskStatus: Route {
        signedIn(
            .get,
            RouterPath(Self.accessRequestPath + "/{id}"),
            TokenOperation(
                "getAccessRequestTask",
                .standards,
                "How an access request stands, for who made it (AuthZEN)",
                needs: .read,
                takes: [.request, .taskItems],
                answers: .task("The task, and what came of it."),
                refuses: [.notFound, .gone]
            )
        ) { request, context, caller in
            try answer(try await task(of: request, context, by: caller))
        }
    }

    private var cancellation: Route {
        signedIn(
            .post,
            RouterPath(Self.accessRequestPath + "/{id}/cancel"),
            TokenOperation(
                "cancelAccessRequestTask",
                .standards,
                "Take an access request back before it is decided (AuthZEN)",
                needs: .end,
                takes: [.request, .taskItems, .idempotencyKey],
                body: .json("TaskCancellation", isRequired: false),
                answers: .task("The task, cancelled."),
                refuses: [.notFound, .conflict, .gone]
            )
        ) { request, context, caller in
            let body = try await request.openJSON(Cancellation.self, optional: Cancellation())
            let task = try await task(of: request, context, by: caller)
            do {
                let view = try await lockbox.withdraw(
                    task.view.request.id.text,
                    comment: body.value.comment ?? body.value.reason,
                    by: caller,
                    key: body.key
                )
                return try answer(
                    AccessTask(view: view, needsCustomer: task.needsCustomer, order: task.order)
                )
            } catch Refusal.wrongState {
                throw AccessRequestFault.invalidTaskState
            }
        }
    }

    // MARK: - Submitting

    private func submit(
        _ body: ReadBody<Submission>,
        _ names: ExtensionNames,
        by caller: Person
    ) async throws -> Response {
        // Before anything that was sent is looked at, and again by the use case.
        guard caller.holds(oneOf: .engineer, at: .provider) else {
            throw Refusal.notPermitted(.requestAccess)
        }
        let sent = body.value
        guard sent.callback == nil else {
            throw Refusal.invalid(
                field: "callback",
                problem: .notAllowedHere("is not offered; look at the task's status_endpoint.")
            )
        }
        guard sent.subject.text("type") == AuthZENEvaluator.person,
            sent.subject.text("id").flatMap(PersonID.init) == caller.id
        else { throw AccessRequestFault.notRequestable }
        let parts = try sent.parts()
        // Whoever sends the same again finds what it made, though the denials are old by then.
        if let key = body.key, let made = try await lockbox.outcome(of: key, by: caller) {
            return try await answer(to: sent, made: made, by: caller) { scope in
                parts.compactMap { $0.terms.access(in: scope) }
            }
        }
        let now = clock.now()
        let items = try parts.map { try denied($0.terms, by: $0.denial, at: now) }
        let view = try await lockbox.submit(
            try await draft(of: sent, items, names, by: caller, now: now),
            by: caller,
            key: body.key
        )
        return try await answer(to: sent, made: view.request.id.text, by: caller) { _ in items }
    }

    /// The access that `denial` is about, which must be what `terms` say, and not old at `now`.
    private func denied(
        _ terms: SentTerms,
        by denial: Submission.Denial?,
        at now: Timestamp
    ) throws -> Access {
        guard let denial, let token = denial.binding_token,
            let claims = try tokens.read(DenialClaims.self, of: token, as: DenialClaims.type),
            claims.iss == publicURL, claims.aud == publicURL,
            let digest = try terms.digest(), digest == claims.binding_hash,
            let end = Timestamp(denial.expires_at), end == Timestamp(claims.denial_expires_at)
        else { throw AccessRequestFault.invalidDenialBinding }
        guard now < end else { throw AccessRequestFault.expiredDenial }
        // It was signed of a question about something that can be named so.
        guard let access = ServiceID(claims.service).flatMap(terms.access) else {
            throw AccessRequestFault.notRequestable
        }
        return access
    }

    private func draft(
        of sent: Submission,
        _ items: [Access],
        _ names: ExtensionNames,
        by caller: Person,
        now: Timestamp
    ) async throws -> RequestDraft {
        let reason = try sent.contextText("business_justification")
        let supportRequest = try sent.contextText(names.supportRequest)
        let duration = try sent.duration(names, now: now)
        var tenant = try sent.optionalContextText(names.tenant)
        if tenant == nil, let first = items.first?.resource {
            tenant = try await lockbox.owner(of: first, by: caller)?.text
        }
        guard let tenant else { throw AccessRequestFault.notRequestable }
        let scope = items.reduce(into: [Access]()) { scope, item in
            guard let place = scope.firstIndex(where: { $0.resource == item.resource }) else {
                scope.append(item)
                return
            }
            scope[place] = Access(item.resource, scope[place].actions.union(item.actions))
        }
        return RequestDraft(
            tenant: tenant,
            supportRequest: supportRequest,
            reason: reason,
            duration: duration,
            resources: scope.map { access in
                .init(
                    service: access.resource.service.text,
                    id: access.resource.name,
                    actions: access.actions.names
                )
            },
            notBefore: nil
        )
    }

    // MARK: - Tasks

    private struct Cancellation: Decodable {
        var reason: String?
        var comment: String?
    }

    /// The answer to a submission that made the request `id`, in which `items` gives what is asked
    /// for in the requester's order.
    private func answer(
        to sent: Submission,
        made id: String,
        by caller: Person,
        items: (Scope) -> [Access]
    ) async throws -> Response {
        let (view, needsCustomer) = try await lockbox.ownRequest(id, by: caller)
        let scope = view.request.terms.scope
        let task = AccessTask(
            view: view,
            needsCustomer: needsCustomer,
            order: sent.items == nil ? nil : ItemOrder(items(scope), in: scope)
        )
        return try answer(task, status: task.status.isPending ? .accepted : .created, isNew: true)
    }

    /// The task that the path names. Somebody else's is none, like one that never was.
    private func task(
        of request: Request,
        _ context: APIContext,
        by caller: Person
    ) async throws -> AccessTask {
        let id = try context.parameters.text("id")
        let (view, needsCustomer): (RequestView, Bool)
        do {
            (view, needsCustomer) = try await lockbox.ownRequest(id, by: caller)
        } catch Refusal.notFound {
            throw AccessRequestFault.unknownTask
        }
        let order = try request.parameter("items").map { text in
            guard let order = ItemOrder(text, in: view.request.terms.scope) else {
                throw BoundaryError.badParameter("items", expected: "as status_endpoint has it")
            }
            return order
        }
        let task = AccessTask(view: view, needsCustomer: needsCustomer, order: order)
        guard view.at < task.expiresAt else { throw AccessRequestFault.taskExpired }
        return task
    }

    private func answer(
        _ task: AccessTask,
        status: HTTPResponse.Status = .ok,
        isNew: Bool = false
    ) throws -> Response {
        let answer = task.answer(at: publicURL)
        var headers = HTTPFields()
        if isNew { headers[.location] = answer.task.status_endpoint }
        if task.status.isPending { headers[.retryAfter] = String(APILimits.secondsBetweenLooks) }
        return try JSONAnswer.response(answer, status: status, headers: headers)
    }
}
