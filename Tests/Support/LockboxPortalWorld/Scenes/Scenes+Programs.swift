import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import Synchronization

extension Scene {
    /// Programs of the provider that ask, as those read it who decide.
    static let programs = [
        Scene(
            "Programs",
            "one asks for itself, for a manager",
            as: "mark",
            .page("/requests/{request}"),
            isKey: true,
            after: { _ = try await $0.askedByProgram() }
        ),
        Scene(
            "Programs",
            "one asks for itself, for an approver",
            as: "adam",
            .page("/lockbox/{request}"),
            isKey: true,
            after: { world in try await world.reviewed(try await world.askedByProgram()) }
        ),
        Scene(
            "Programs",
            "one asks for an engineer, for a manager",
            as: "mark",
            .page("/requests/{request}"),
            after: { _ = try await $0.askedByProgram(for: "eve") }
        ),
        Scene(
            "Programs",
            "one asks for an engineer, for an approver",
            as: "adam",
            .page("/lockbox/{request}"),
            isKey: true,
            after: { world in
                try await world.reviewed(try await world.askedByProgram(for: "eve"))
            }
        ),
        Scene(
            "Programs",
            "one asks for an engineer, for herself",
            as: "eve",
            .page("/requests/{request}"),
            after: { _ = try await $0.askedByProgram(for: "eve") }
        ),
        Scene(
            "Programs",
            "one took back what it asked",
            as: "adam",
            .page("/lockbox/{request}"),
            after: { world in
                let request = try await world.reviewed(
                    try await world.askedByProgram(for: "eve")
                )
                try await world.takenBackByProgram(request)
            }
        ),
        Scene(
            "Programs",
            "what they ask, in a list",
            as: "adam",
            .page("/lockbox"),
            after: { world in
                try await world.reviewed(try await world.askedByProgram())
                try await world.reviewed(try await world.askedByProgram(for: "eve"))
            }
        ),
        Scene(
            "Programs",
            "what they ask, for the provider",
            as: "mark",
            .page("/requests"),
            after: { world in
                _ = try await world.askedByProgram()
                _ = try await world.askedByProgram(for: "eve")
            }
        ),
        Scene(
            "Programs",
            "access that one asked for, live",
            as: "adam",
            .page("/lockbox/live"),
            after: { world in
                for engineer in [nil, "eve"] {
                    try await world.approved(
                        try await world.reviewed(try await world.askedByProgram(for: engineer))
                    )
                }
            }
        ),
        Scene(
            "Programs",
            "refused",
            as: "uma",
            .page("/settings"),
            after: { world in try await world.policy { $0.allowsPrograms = false } }
        ),
        Scene(
            "Programs",
            "review of refusing them while they ask",
            as: "gita",
            .fill("/settings/review", on: "/settings", typing: [("programs", "off")]),
            isKey: true,
            after: { world in
                _ = try await world.askedByProgram()
                try await world.approved(
                    try await world.reviewed(try await world.askedByProgram(for: "eve"))
                )
            }
        ),
        Scene(
            "Programs",
            "review of letting them ask",
            as: "gita",
            .fill("/settings/review", on: "/settings", typing: [("programs", "on")]),
            after: { world in try await world.policy { $0.allowsPrograms = false } }
        ),
        Scene(
            "Programs",
            "nothing chosen",
            as: "gita",
            .fill("/settings/review", on: "/settings", typing: [("programs", nil)]),
            status: 422
        ),
    ]
}

extension PortalWorld {
    /// The provider's program asks, for itself or for an engineer.
    func askedByProgram(for engineer: String? = nil) async throws -> AccessRequest {
        let known = try await audited.read { tx, _ in try tx.person(Fixture.robot.id) }
        if known == nil {
            try await audited.write(by: .console) { change in
                try change.tx.save(Fixture.robot)
                change.emit(.directory(.personAdded(Fixture.robot)))
            }
            memory.withLock { $0.people.append(Fixture.robot) }
        }
        return try await submitted(
            "The backup of this mailbox could not be read back. Compare it with the original.",
            by: "backup-bot",
            onBehalfOf: engineer.map { person($0).email.text }
        )
    }

    func takenBackByProgram(_ request: AccessRequest) async throws {
        clock.advance(by: .minutes(5))
        _ = try await lockbox.withdraw(
            request.id.text,
            comment: nil,
            by: person("backup-bot"),
            key: nil
        )
    }
}
