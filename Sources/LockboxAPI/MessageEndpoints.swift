import Hummingbird
import LockboxDomain
import LockboxService
import LockboxWire

extension API {
    /// The thread on an access request, and which letters a person wants.
    var messageEndpoints: [Endpoint] {
        [
            signedIn(.get, "/v1/requests/{id}/messages") { request, context, caller in
                try request.wholeList()
                let thread = try await lockbox.messages(
                    on: try context.parameters.text("id"),
                    by: caller
                )
                return try JSONAnswer.response(List(items: thread.map(MessageBody.init), next: nil))
            },
            signedIn(.post, "/v1/requests/{id}/messages") { request, context, caller in
                let body = try await request.json(NewMessage.self)
                let view = try await lockbox.postMessage(
                    body.value.text,
                    on: try context.parameters.text("id"),
                    by: caller,
                    key: body.key
                )
                return try JSONAnswer.response(MessageBody(view), status: .created)
            },
            signedIn(.get, "/v1/me/letters") { _, _, caller in
                try JSONAnswer.response(LetterSettings(muted: caller.mutedLetters.names))
            },
            signedIn(.put, "/v1/me/letters") { request, _, caller in
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
