import LockboxDomain
import LockboxPortalWorld
import LockboxService
import Testing

/// Fields that pages fill in and people never see.
struct HiddenFieldTests {
    private static let states: [@Sendable (PortalWorld) async throws -> Void] = [
        { world in _ = try await world.reviewed() },
        { world in _ = try await world.approved() },
        { world in
            _ = try await world.decide(.no("No."), on: try await world.reviewed(), by: "adam")
        },
    ]

    @Test(arguments: ["-1", "-1.-1", "0.-1", "1", "1.2.3", "1.", "+1.0", "9999999.0", "٣.٣"])
    func countsOfWhatWasSeenThatNoPageWritesAreRefused(_ seen: String) async throws {
        for state in Self.states {
            try await PortalWorld.with { world in
                try await state(world)
                let before = try await world.recordedChanges()
                for form in ["approve", "deny", "ask", "stop"] {
                    let fields = [
                        ("seen", seen), ("version", "1"), ("comment", "x"), ("text", "x"),
                        ("key", "k\(form)"),
                    ]
                    let answer = try await world.send(
                        "/lockbox/{request}/\(form)",
                        form: fields,
                        as: "adam"
                    )
                    #expect(answer.status == 422, "\(form)")
                    #expect(answer.html.contains("seen: is not what the page showed."), "\(form)")
                }
                #expect(try await world.recordedChanges().count == before.count)
            }
        }
    }

    @Test(arguments: ["a\u{0}b", "\u{0}", "two words", "ключ", String(repeating: "k", count: 65)])
    func keyThatNoPageWritesIsRefusedByName(_ key: String) async throws {
        try await PortalWorld.with { world in
            _ = try await world.reviewed()
            let answer = try await world.send(
                "/lockbox/{request}/deny",
                form: [("key", key), ("seen", "1.0"), ("version", "2"), ("comment", "No.")],
                as: "adam"
            )
            #expect(answer.status == 400)
            #expect(answer.html.contains("“key”"))
        }
    }

    @Test func whoHasNoRoleCanBeGivenOne() async throws {
        try await PortalWorld.with { world in
            try await world.roles([], of: "adam")
            let path = "/people/\(world.person("adam").id.text)"
            let answer = try await world.fill(
                path,
                on: path,
                typing: [("role", "approver")],
                as: "gita"
            )
            #expect(answer.status == 200)
            #expect(answer.html.contains("The roles are changed."))
            let people = try await world.lockbox.people(of: "contoso", by: world.person("gita"))
            #expect(people.first { $0.id == world.person("adam").id }?.roles == .approver)
        }
    }
}
