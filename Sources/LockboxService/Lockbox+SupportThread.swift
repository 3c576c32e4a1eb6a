import LockboxAudit
package import LockboxDomain
import LockboxPorts

/// An entry of a support request's thread with who made it, as its reader is told.
package struct SupportEntryView: Sendable {
    package let entry: SupportEntry
    package let author: ShownPerson
}

extension Lockbox {
    /// The thread of a support request in order, for whoever sees the support request. `tenant` says
    /// whose, where the caller is of the provider and several tenants use one number.
    package func supportThread(_ number: String, tenant: String?, by caller: Person) async throws
        -> [SupportEntryView]
    {
        try await query(by: caller) { person, tx, _ in
            // What people wrote to each other is nothing for a service account's token.
            guard !person.isProgram else { throw Refusal.notFound(.supportRequest) }
            let support = try tx.supportRequest(number, tenant: tenant, visibleTo: person)
            let organisation = try tx.tenant(support.tenant)?.name ?? ""
            return try tx.entries(on: support.number, of: support.tenant).map { entry in
                // Who opened it asked engineers herself; others of the customer may approve.
                let reader =
                    entry.person == support.openedBy ? .tenant(support.tenant) : person.side
                return SupportEntryView(
                    entry: entry,
                    author: try tx.known(entry.person).shown(to: reader, of: organisation)
                )
            }
        }
    }

    /// Writes in the thread: an engineer answers, the customer's people reply.
    package func writeOnSupportRequest(
        _ text: String,
        on number: String,
        tenant: String?,
        by caller: Person,
        key: CommandKey?
    ) async throws -> SupportEntryView {
        try await command(
            by: caller,
            key: key,
            subject: { (done: (SupportRequest, SupportEntryView)) in
                "\(done.0.tenant)/\(done.0.number)/\(done.1.entry.number)"
            },
            again: { subject, person, tx, _ in
                let support = try tx.supportRequest(ofOutcome: subject)
                let number = subject.split(separator: "/").last.flatMap { Int($0) }
                guard
                    let entry = try tx.entries(on: support.number, of: support.tenant)
                        .first(where: { $0.number == number })
                else { throw StoreError.corrupt("the first outcome of a command is gone") }
                return (
                    support,
                    SupportEntryView(entry: entry, author: person.shown(to: person.side, of: ""))
                )
            }
        ) { person, change in
            var support = try change.tx.supportRequest(number, tenant: tenant, visibleTo: person)
            let entry = try support.write(text, by: person, now: change.now)
            try change.tx.requireRoom(for: .supportMessagesBy(person.id), at: change.now)
            try change.move(support, entry)
            return (
                support,
                SupportEntryView(entry: entry, author: person.shown(to: person.side, of: ""))
            )
        }.1
    }

    /// Closes it. In the same write every request for access for it that waits for a decision is
    /// withdrawn, so that a crash leaves both or neither; access that is open stays.
    package func closeSupportRequest(
        _ number: String,
        tenant: String?,
        comment: String?,
        by caller: Person,
        key: CommandKey?
    ) async throws -> SupportView {
        try await supportCommand(by: caller, key: key) { person, change in
            var support = try change.tx.supportRequest(number, tenant: tenant, visibleTo: person)
            let entry = try support.close(comment: comment, by: person, now: change.now)
            try change.move(support, entry)
            for var request in try change.tx.openRequests(of: support.tenant, engineer: nil)
            where request.terms.supportRequest == support.number {
                try change.advance(&request)
                let happened = try request.supportRequestClosed(now: change.now)
                try change.save(request, happened)
            }
            return support
        }
    }

    /// Opens it again.
    package func reopenSupportRequest(
        _ number: String,
        tenant: String?,
        comment: String?,
        by caller: Person,
        key: CommandKey?
    ) async throws -> SupportView {
        try await supportCommand(by: caller, key: key) { person, change in
            var support = try change.tx.supportRequest(number, tenant: tenant, visibleTo: person)
            let entry = try support.reopen(comment: comment, by: person, now: change.now)
            try change.tx.requireRoom(for: .supportMessagesBy(person.id), at: change.now)
            try change.move(support, entry)
            return support
        }
    }

    /// A command whose outcome is a support request.
    private func supportCommand(
        by caller: Person,
        key: CommandKey?,
        _ body: @escaping @Sendable (Person, inout Change) throws -> SupportRequest
    ) async throws -> SupportView {
        try await command(
            by: caller,
            key: key,
            subject: { "\($0.support.tenant)/\($0.support.number)" },
            again: { subject, _, tx, _ in
                try SupportView(tx.supportRequest(ofOutcome: subject), in: tx)
            }
        ) { person, change in
            try SupportView(try body(person, &change), in: change.tx)
        }
    }
}

extension Change {
    fileprivate mutating func move(_ support: SupportRequest, _ entry: SupportEntry) throws {
        try tx.save(support, entry)
        emit(.request(.supportRequestMoved(support, entry)))
    }
}
