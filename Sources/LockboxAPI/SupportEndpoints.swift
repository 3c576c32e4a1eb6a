import HTTPTypes
import Hummingbird
import LockboxDomain
import LockboxHTTP
import LockboxPorts
import LockboxService
import LockboxWire

extension API {
    /// Support requests, and what is written on them.
    var supportEndpoints: [Route] { supportResources + supportCommands }

    private var supportResources: [Route] {
        [
            signedIn(
                .post,
                "/v1/support-requests",
                TokenOperation(
                    "openSupportRequest",
                    .supportRequests,
                    "Ask the provider for help",
                    needs: .ask,
                    takes: [.idempotencyKey],
                    body: .json("NewSupportRequest"),
                    answers: .created("SupportRequest", "It is open."),
                    refuses: [.conflict]
                )
            ) { request, _, caller in
                let body = try await request.json(NewSupportRequest.self)
                let new = body.value
                let draft = SupportDraft(
                    tenant: new.tenant,
                    subject: new.subject,
                    description: new.description,
                    service: new.service,
                    number: new.number,
                    url: new.url
                )
                let view = try await lockbox.openSupportRequest(draft, by: caller, key: body.key)
                return try JSONAnswer.response(
                    SupportRequestBody(view),
                    status: .created,
                    headers: [.location: "/v1/support-requests/\(view.support.number)"]
                )
            },
            signedIn(
                .get,
                "/v1/support-requests",
                TokenOperation(
                    "listSupportRequests",
                    .supportRequests,
                    "Support requests, newest first",
                    needs: .read,
                    takes: [.tenantFilter, .supportStateFilter, .limit, .cursor],
                    answers: .json("SupportRequestList"),
                    refuses: []
                )
            ) { request, _, caller in
                let page = try await lockbox.supportRequests(
                    tenant: try request.parameter("tenant"),
                    state: try request.parameter("state").map(Self.supportState),
                    page: try request.page(),
                    by: caller
                )
                return try JSONAnswer.response(
                    List(items: page.items.map(SupportRequestBody.init), next: page.next)
                )
            },
            signedIn(
                .get,
                "/v1/support-requests/{number}",
                TokenOperation(
                    "getSupportRequest",
                    .supportRequests,
                    "One support request",
                    needs: .read,
                    takes: [.number, .tenantFilter],
                    answers: .json("SupportRequest", "The support request."),
                    refuses: [.notFound, .unprocessable]
                )
            ) { request, context, caller in
                let view = try await lockbox.supportRequest(
                    try context.parameters.text("number"),
                    tenant: try request.parameter("tenant"),
                    by: caller
                )
                return try JSONAnswer.response(SupportRequestBody(view))
            },
            signedIn(
                .get,
                "/v1/support-requests/{number}/messages",
                TokenOperation(
                    "listSupportMessages",
                    .supportRequests,
                    "The thread of a support request, oldest first",
                    needs: .read,
                    details: "What was written, and when it was closed and reopened.",
                    takes: [.number, .tenantFilter, .limit],
                    answers: .json("SupportEntryList", "The whole thread."),
                    refuses: [.notFound, .conflict]
                )
            ) { request, context, caller in
                try request.wholeList()
                let thread = try await lockbox.supportThread(
                    try context.parameters.text("number"),
                    tenant: try request.parameter("tenant"),
                    by: caller
                )
                return try JSONAnswer.response(
                    List(items: thread.map(SupportEntryBody.init), next: nil)
                )
            },
        ]
    }

    private var supportCommands: [Route] {
        [
            signedIn(
                .post,
                "/v1/support-requests/{number}/messages",
                TokenOperation(
                    "writeOnSupportRequest",
                    .supportRequests,
                    "Answer a support request, or reply",
                    needs: .ask,
                    details:
                        "As an engineer of the provider, which makes it `answered`; or as whoever opened it "
                        + "or an administrator of the tenant, which makes it `open`.",
                    takes: [.number, .tenantFilter, .idempotencyKey],
                    body: .json("NewMessage"),
                    answers: .json(
                        "SupportEntry",
                        "It is in the thread, and an e-mail says so.",
                        status: .created
                    ),
                    refuses: [.notFound, .conflict]
                )
            ) { request, context, caller in
                let body = try await request.json(NewMessage.self)
                let view = try await lockbox.writeOnSupportRequest(
                    body.value.text,
                    on: try context.parameters.text("number"),
                    tenant: try request.parameter("tenant"),
                    by: caller,
                    key: body.key
                )
                return try JSONAnswer.response(SupportEntryBody(view), status: .created)
            },
            supportMove(
                "close",
                "closeSupportRequest",
                "Close a support request",
                "Requests for access for it that wait for a decision are withdrawn, and none can be made "
                    + "until it is reopened. Access that is open stays: `finish` or `revoke` ends it."
            ) { lockbox, number, tenant, comment, caller, key in
                try await lockbox.closeSupportRequest(
                    number,
                    tenant: tenant,
                    comment: comment,
                    by: caller,
                    key: key
                )
            },
            supportMove(
                "reopen",
                "reopenSupportRequest",
                "Reopen a closed support request",
                "It is `open` again."
            ) { lockbox, number, tenant, comment, caller, key in
                try await lockbox.reopenSupportRequest(
                    number,
                    tenant: tenant,
                    comment: comment,
                    by: caller,
                    key: key
                )
            },
        ]
    }

    private func supportMove(
        _ verb: String,
        _ id: String,
        _ summary: String,
        _ details: String,
        _ use:
            @escaping @Sendable (Lockbox, String, String?, String?, Person, CommandKey?)
            async throws -> SupportView
    ) -> Route {
        signedIn(
            .post,
            "/v1/support-requests/{number}/\(verb)",
            TokenOperation(
                id,
                .supportRequests,
                summary,
                needs: .ask,
                details: details
                    + " As whoever opened it, an administrator of the tenant, or an engineer of the provider.",
                takes: [.number, .tenantFilter, .idempotencyKey],
                body: .json("Comment", isRequired: false),
                answers: .json("SupportRequest", "The support request as it is now."),
                refuses: [.notFound, .conflict]
            )
        ) { request, context, caller in
            let body = try await request.json(CommentBody.self, optional: CommentBody())
            let view = try await use(
                lockbox,
                try context.parameters.text("number"),
                try request.parameter("tenant"),
                body.value.comment,
                caller,
                body.key
            )
            return try JSONAnswer.response(SupportRequestBody(view))
        }
    }

    private static func supportState(_ text: String) throws -> SupportRequest.State {
        guard let state = SupportRequest.State(rawValue: text) else {
            let names = SupportRequest.State.allCases.map(\.rawValue).joined(separator: ", ")
            throw BoundaryError.badParameter("state", expected: "one of \(names)")
        }
        return state
    }
}
