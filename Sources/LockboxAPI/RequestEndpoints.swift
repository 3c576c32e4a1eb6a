import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import LockboxDomain
import LockboxHTTP
import LockboxPorts
import LockboxService
import LockboxWire
import MerkleLog

extension API {
    var requestEndpoints: [Route] { requestResources + requestCommands }

    private var requestResources: [Route] {
        [
            signedIn(
                .post,
                "/v1/requests",
                TokenOperation(
                    "submitRequest",
                    .accessRequests,
                    "Ask for access to a tenant's data",
                    needs: .ask,
                    takes: [.idempotencyKey],
                    body: .json("NewAccessRequest"),
                    answers: .created(
                        "AccessRequest",
                        "It awaits a manager of the provider.",
                        isVersioned: true
                    ),
                    refuses: [.conflict]
                )
            ) { request, _, caller in
                let body = try await request.json(NewAccessRequest.self)
                let view = try await lockbox.submit(
                    try body.value.draft(),
                    by: caller,
                    key: body.key
                )
                return try answer(
                    view,
                    status: .created,
                    headers: [.location: "/v1/requests/\(view.request.id)"]
                )
            },
            signedIn(
                .get,
                "/v1/requests",
                TokenOperation(
                    "listRequests",
                    .accessRequests,
                    "Access requests, newest first",
                    needs: .read,
                    takes: [.stateFilter, .tenantFilter, .supportFilter, .limit, .cursor],
                    answers: .json("AccessRequestList"),
                    refuses: []
                )
            ) { request, _, caller in
                let page = try await lockbox.requests(
                    try filter(request),
                    tenant: try request.parameter("tenant"),
                    page: try request.page(),
                    by: caller
                )
                return try JSONAnswer.response(
                    List(items: try page.items.map(AccessRequestBody.init), next: page.next)
                )
            },
            signedIn(
                .get,
                "/v1/requests/{id}",
                TokenOperation(
                    "getRequest",
                    .accessRequests,
                    "One access request",
                    needs: .read,
                    takes: [.request],
                    answers: .versioned("AccessRequest", "The request."),
                    refuses: [.notFound]
                )
            ) { request, context, caller in
                let view = try await lockbox.request(try context.parameters.text("id"), by: caller)
                let body = try AccessRequestBody(view)
                let tag = try body.tag
                try request.requireMatch(view.request.version)
                guard request.matchesNone(of: tag) else {
                    return Response(status: .notModified, headers: [.eTag: tag])
                }
                return try JSONAnswer.response(body, status: .ok, headers: [.eTag: tag])
            },
            signedIn(
                .get,
                "/v1/requests/{id}/notices",
                TokenOperation(
                    "listNotices",
                    .accessRequests,
                    "E-mails about the request, and what became of them",
                    needs: .read,
                    takes: [.request, .limit],
                    answers: .json("NoticeList"),
                    refuses: [.notFound]
                )
            ) { request, context, caller in
                try request.wholeList()
                let notices = try await lockbox.notices(
                    about: try context.parameters.text("id"),
                    by: caller
                )
                return try JSONAnswer.response(
                    List(items: notices.map(NoticeBody.init), next: nil)
                )
            },
        ]
    }

    /// What is done with a request, each by its rule.
    private var requestCommands: [Route] {
        [
            signedIn(
                .post,
                "/v1/requests/{id}/decisions",
                TokenOperation(
                    "decide",
                    .accessRequests,
                    "Approve or deny",
                    needs: .decide,
                    details:
                        "As a manager of the provider or as an approver of the tenant, by who is "
                        + "calling. Never one's own request. An approval can give less than was "
                        + "asked for, never more.",
                    takes: [.request, .ifMatch, .idempotencyKey],
                    body: .json("NewDecision"),
                    answers: .versioned("AccessRequest", "The request as it is now."),
                    refuses: [.notFound, .conflict]
                )
            ) { request, context, caller in
                let body = try await request.json(NewDecision.self)
                let view = try await lockbox.decide(
                    try body.value.draft(),
                    on: try context.parameters.text("id"),
                    matching: try request.matchedVersion(orBody: body.value.version),
                    by: caller,
                    key: body.key
                )
                return try answer(view)
            },
            ending("withdraw", "Take a request back before it is decided") {
                lockbox,
                id,
                comment,
                caller,
                key in
                try await lockbox.withdraw(id, comment: comment, by: caller, key: key)
            },
            ending("finish", "End one's access before its time") {
                lockbox,
                id,
                comment,
                caller,
                key in
                try await lockbox.finish(id, comment: comment, by: caller, key: key)
            },
            revoke,
            signedIn(
                .post,
                "/v1/requests/{id}/credentials",
                TokenOperation(
                    "obtainCredential",
                    .accessRequests,
                    "Get what opens a resource",
                    needs: .ask,
                    takes: [.request, .idempotencyKey],
                    body: .json("NewCredential", isRequired: false),
                    answers: .json(
                        "Credential",
                        "The credential, shown this once; it never outlives the access.",
                        status: .created
                    ),
                    refuses: [.notFound, .conflict]
                )
            ) { request, context, caller in
                let body = try await request.json(NewCredential.self, optional: NewCredential())
                let issued = try await lockbox.issueCredential(
                    for: try context.parameters.text("id"),
                    service: body.value.service,
                    resource: body.value.resource,
                    by: caller,
                    key: body.key
                )
                return try JSONAnswer.response(CredentialBody(issued), status: .created)
            },
        ]
    }

    private var revoke: Route {
        signedIn(
            .post,
            "/v1/requests/{id}/revoke",
            TokenOperation(
                "revoke",
                .accessRequests,
                "End somebody's access at once",
                needs: .end,
                details:
                    "Access ends with a signature or without one. Where the tenant’s rules say "
                    + "`signedChanges`, an end by its own people without one is recorded as unsigned. A "
                    + "signature that is not good ends nothing.",
                takes: [.request, .idempotencyKey],
                body: .json("NewRevoke", isRequired: false),
                answers: .versioned("AccessRequest", "The request as it is now."),
                refuses: [.notFound, .conflict]
            )
        ) { request, context, caller in
            let body = try await request.json(NewRevoke.self, optional: NewRevoke())
            return try answer(
                try await lockbox.revoke(
                    try context.parameters.text("id"),
                    comment: body.value.comment,
                    signature: try ApprovalSignature(body.value.statement, body.value.signature),
                    by: caller,
                    key: body.key
                )
            )
        }
    }

    private func ending(
        _ verb: String,
        _ summary: String,
        _ use:
            @escaping @Sendable (Lockbox, String, String?, Person, CommandKey?) async throws ->
            RequestView
    ) -> Route {
        signedIn(
            .post,
            "/v1/requests/{id}/\(verb)",
            TokenOperation(
                verb,
                .accessRequests,
                summary,
                needs: .end,
                takes: [.request, .idempotencyKey],
                body: .json("Comment", isRequired: false),
                answers: .versioned("AccessRequest", "The request as it is now."),
                refuses: [.notFound, .conflict]
            )
        ) { request, context, caller in
            let body = try await request.json(CommentBody.self, optional: CommentBody())
            return try answer(
                try await use(
                    lockbox,
                    try context.parameters.text("id"),
                    body.value.comment,
                    caller,
                    body.key
                )
            )
        }
    }

    private func answer(
        _ view: RequestView,
        status: HTTPResponse.Status = .ok,
        headers: HTTPFields = [:]
    ) throws -> Response {
        let body = try AccessRequestBody(view)
        var headers = headers
        headers[.eTag] = try body.tag
        return try JSONAnswer.response(body, status: status, headers: headers)
    }

    private func filter(_ request: Request) throws -> RequestFilter {
        var filter = RequestFilter()
        if let text = try request.parameter("state") {
            guard let state = AccessRequest.StateName(rawValue: text) else {
                let names = AccessRequest.StateName.allCases.map(\.rawValue).joined(separator: ", ")
                throw BoundaryError.badParameter("state", expected: "one of \(names)")
            }
            filter.state = state
        }
        if let text = try request.parameter("supportRequest") {
            guard let number = SupportRequestNumber(text) else {
                throw BoundaryError.badParameter(
                    "supportRequest",
                    expected: "the number of a support request"
                )
            }
            filter.supportRequest = number
        }
        return filter
    }
}

extension AccessRequestBody {
    /// Uses, removals and an end that is not recorded change without a new version; once there are
    /// some, the tag is of them too, so that who asks for changes only misses none.
    fileprivate var tag: String {
        get throws {
            guard let grant,
                !(grant.uses.isEmpty && grant.removals.isEmpty) || grant.unrecordedEnd != nil
            else {
                return VersionTag.text(version)
            }
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            let digest = SHA256.hash(data: try encoder.encode(grant))
            return VersionTag.text(version, detail: Hex.encode(digest.prefix(8)))
        }
    }
}

extension CredentialBody {
    fileprivate init(_ issued: IssuedCredential) {
        let credential = issued.credential
        self.init(
            id: credential.id.text,
            token: issued.secret,
            expiresAt: credential.expiresAt.description,
            resource: credential.resource.name,
            service: credential.resource.service.text,
            username: credential.username,
            actions: credential.actions.names,
            how: issued.connecting.how,
            kind: issued.kind.rawValue,
            address: issued.connecting.address,
            command: issued.connecting.command,
            opensInBrowser: issued.browserAddress != nil
        )
    }
}
