import Hummingbird
import LockboxDomain
import LockboxHTTP
import LockboxService
import LockboxWire

extension API {
    /// The thread on an access request, and which letters a person wants.
    var messageEndpoints: [Route] {
        [
            signedIn(
                .get,
                "/v1/requests/{id}/messages",
                TokenOperation(
                    "listMessages",
                    .accessRequests,
                    "Questions and answers about the request, oldest first",
                    needs: .read,
                    takes: [.request, .limit],
                    answers: .json("MessageList", "The whole thread."),
                    refuses: [.notFound]
                )
            ) { request, context, caller in
                try request.wholeList()
                let thread = try await lockbox.messages(
                    on: try context.parameters.text("id"),
                    by: caller
                )
                return try JSONAnswer.response(List(items: thread.map(MessageBody.init), next: nil))
            },
            signedIn(
                .post,
                "/v1/requests/{id}/messages",
                TokenOperation(
                    "postMessage",
                    .accessRequests,
                    "Ask or answer a question",
                    needs: .ask,
                    details:
                        "As an approver or administrator of the tenant, as the engineer who made "
                        + "the request, or as a manager of the provider, until the request is "
                        + "over. No deadline moves, and the request keeps its version.",
                    takes: [.request, .idempotencyKey],
                    body: .json("NewMessage"),
                    answers: .json(
                        "Message",
                        "It is in the thread, and an e-mail says so.",
                        status: .created
                    ),
                    refuses: [.notFound, .conflict]
                )
            ) { request, context, caller in
                let body = try await request.json(NewMessage.self)
                let view = try await lockbox.postMessage(
                    body.value.text,
                    on: try context.parameters.text("id"),
                    by: caller,
                    key: body.key
                )
                return try JSONAnswer.response(MessageBody(view), status: .created)
            },
            signedIn(
                .get,
                "/v1/me/letters",
                TokenOperation(
                    "getLetterSettings",
                    .signIn,
                    "Which e-mails the caller does not want",
                    needs: .read,
                    answers: .json("LetterSettings", "Those that are switched off."),
                    refuses: []
                )
            ) { _, _, caller in
                try JSONAnswer.response(LetterSettings(muted: caller.mutedLetters.names))
            },
            signedIn(
                .put,
                "/v1/me/letters",
                TokenOperation(
                    "changeLetterSettings",
                    .signIn,
                    "Switch off e-mails that only inform",
                    needs: .administer,
                    details:
                        "For the caller alone. What asks for a decision, tells an outcome or warns "
                        + "is always sent.",
                    body: .json("LetterSettings"),
                    answers: .json("LetterSettings", "Those that are switched off now."),
                    refuses: []
                )
            ) { request, _, caller in
                let names = try await request.json(LetterSettings.self).value.muted
                let muted = try MutedLetters(names: names, field: "muted")
                let person = try await lockbox.changeMutedLetters(to: muted, by: caller)
                return try JSONAnswer.response(LetterSettings(muted: person.mutedLetters.names))
            },
        ]
    }
}

extension MessageBody {
    fileprivate init(_ view: MessageView) {
        self.init(
            number: view.message.number,
            by: PersonRef(view.author),
            side: view.author.side == .provider ? "provider" : "customer",
            text: view.message.text,
            at: view.message.at.description
        )
    }
}
