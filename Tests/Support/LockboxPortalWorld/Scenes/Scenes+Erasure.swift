import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService

extension Scene {
    private static let form = "/audit/erase"
    private static let why = "The person concerned asked for it."

    /// Texts of the log that go.
    static let erasure = [
        Scene("Erasure", "nothing chosen", as: "gita", .page(form)),
        Scene("Erasure", "not for approvers", as: "adam", .page(form), status: 404),
        Scene(
            "Erasure",
            "of one record",
            as: "gita",
            .page("\(form)?record=5"),
            isKey: true,
            after: { try await $0.withdrawn(try await $0.submitted()) }
        ),
        Scene(
            "Erasure",
            "of a request",
            as: "gita",
            .page("\(form)?request={request}"),
            isKey: true,
            after: { try await $0.withdrawn(try await $0.submitted()) }
        ),
        Scene(
            "Erasure",
            "of a request that waits",
            as: "gita",
            .page("\(form)?request={request}"),
            isKey: true,
            after: { try await $0.submitted() }
        ),
        Scene(
            "Erasure",
            "of a person",
            as: "gita",
            .page("\(form)?person={sue}"),
            after: { try await $0.withdrawn(try await $0.submitted()) }
        ),
        Scene(
            "Erasure",
            "without a reason",
            as: "gita",
            .fill(form, on: "\(form)?request={request}", typing: [("reason", "x")]),
            status: 422,
            after: { try await $0.withdrawn(try await $0.submitted()) }
        ),
        Scene(
            "Erasure",
            "no text ticked",
            as: "gita",
            .fill(form, on: "\(form)?record=5", typing: [("reason", why), ("field", nil)]),
            status: 422,
            after: { try await $0.withdrawn(try await $0.submitted()) }
        ),
        Scene(
            "Erasure",
            "done",
            as: "gita",
            .fill(form, on: "\(form)?request={request}", typing: [("reason", why)]),
            after: { try await $0.withdrawn(try await $0.submitted()) }
        ),
        Scene(
            "Erasure",
            "a request whose texts are gone",
            as: "adam",
            .page("/lockbox/{request}"),
            isKey: true,
            after: { try await $0.erasedRequest() }
        ),
        Scene(
            "Erasure",
            "a request whose texts are gone, for the engineer",
            as: "eve",
            .page("/requests/{request}"),
            after: { try await $0.erasedRequest() }
        ),
        Scene(
            "Erasure",
            "its story",
            as: "uma",
            .page("/audit/requests/{request}"),
            after: { try await $0.erasedRequest() }
        ),
        Scene(
            "Erasure",
            "a record whose texts are gone",
            as: "uma",
            .page("/audit/record/5"),
            isKey: true,
            after: { world in
                _ = try await world.lockbox.eraseTexts(
                    of: "contoso",
                    .records([5], fields: ["personAddress"]),
                    because: "The person concerned asked for it.",
                    by: world.person("gita")
                )
            }
        ),
    ]
}

extension PortalWorld {
    /// All texts of a request that was withdrawn are gone.
    fileprivate func erasedRequest() async throws {
        let request = try await withdrawn(try await submitted(), comment: "It works again.")
        clock.advance(by: .days(3))
        _ = try await lockbox.eraseTexts(
            of: "contoso",
            .request(request.id),
            because: "The person concerned asked for it.",
            by: person("gita")
        )
    }
}
