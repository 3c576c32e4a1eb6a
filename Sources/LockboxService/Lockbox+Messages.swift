import LockboxAudit
package import LockboxDomain
import LockboxPorts

/// A message with who wrote it, as its reader is told.
package struct MessageView: Sendable {
    package let message: Message
    package let author: ShownPerson
}

extension Lockbox {
    /// The thread on a request in order, for the provider and for those who oversee the tenant.
    package func messages(on id: String, by caller: Person) async throws -> [MessageView] {
        try await query(by: caller) { person, tx, _ in
            let request = try tx.request(id, visibleTo: person)
            guard person.oversees(request.terms.tenant) else {
                throw Refusal.notFound(.accessRequest)
            }
            let organisation = try tx.tenant(request.terms.tenant)?.name ?? ""
            return try tx.messages(on: request.id).map { message in
                MessageView(
                    message: message,
                    author: try tx.known(message.person).shown(to: person.side, of: organisation)
                )
            }
        }
    }

    /// Writes a question or an answer; no deadline moves, and the request keeps its version.
    package func postMessage(_ text: String, on id: String, by caller: Person, key: CommandKey?)
        async throws
        -> MessageView
    {
        try await command(
            by: caller,
            key: key,
            subject: { "\($0.message.request)/\($0.message.number)" },
            again: { subject, person, tx, _ in
                let parts = subject.split(separator: "/").map(String.init)
                guard parts.count == 2, let id = AccessRequestID(parts[0]),
                    let number = Int(parts[1]),
                    let message = try tx.messages(on: id).first(where: { $0.number == number })
                else { throw StoreError.corrupt("the first outcome of a command is gone") }
                return MessageView(message: message, author: person.shown(to: person.side, of: ""))
            }
        ) { person, change in
            let tx = change.tx
            var request = try tx.request(id, visibleTo: person)
            try change.advance(&request)
            let (message, happened) = try request.post(
                text,
                number: try tx.messages(on: request.id).count + 1,
                by: person,
                engineer: try tx.known(request.terms.engineer),
                now: change.now
            )
            try tx.requireRoom(for: .messagesBy(person.id), at: change.now)
            try tx.insert(message)
            change.emit(happened)
            return MessageView(message: message, author: person.shown(to: person.side, of: ""))
        }
    }
}
