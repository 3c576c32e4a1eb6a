import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxTestWorld
import Testing

/// What an engineer may ask for, and what is refused and why.
struct SubmitTests {
    @Test func submittedRequestWaitsForAManagerAndIsRecorded() async throws {
        try await TestWorld.with { world async throws in
            let view = try await world.lockbox.submit(TestWorld.draft(), by: Fixture.eve, key: nil)
            #expect(view.request.state == .awaitingManager(decideBy: Fixture.now + .hours(12)))
            #expect(view.request.version == 1)
            #expect(view.people.keys.contains(Fixture.eve.id))
            #expect(try await world.activities(about: view.request.id) == ["request.submitted"])
            try await world.expectConsistentLogs()
        }
    }

    /// A changed draft and its refusal.
    private static let refused: [(String, @Sendable (inout RequestDraft) -> Void, Refusal)] = [
        (
            "unknown tenant", { $0.tenant = "nobody" },
            .unknownReference(field: "tenant", noun: .tenant)
        ),
        (
            "no tenant's form", { $0.tenant = "Contoso Ltd" },
            .unknownReference(field: "tenant", noun: .tenant)
        ),
        (
            "unknown support request", { $0.supportRequest = "SR-9999" },
            .unknownReference(field: "supportRequest", noun: .supportRequest)
        ),
        (
            "support request of another tenant", { $0.supportRequest = "SR-2001" },
            .unknownReference(field: "supportRequest", noun: .supportRequest)
        ),
        (
            "unknown service", { $0.resources[0].service = "files" },
            .unknownReference(field: "resources[0].service", noun: .service)
        ),
        (
            "unknown resource", { $0.resources[0].id = "mailbox:nobody@contoso.test" },
            .unknownReference(field: "resources[0].id", noun: .resource)
        ),
        (
            "resource of another tenant", { $0.resources[0].id = "mailbox:frida@fabrikam.test" },
            .unknownReference(field: "resources[0].id", noun: .resource)
        ),
        (
            "resource of another tenant among its own",
            {
                $0.resources.append(
                    .init(service: "mail", id: "frida@fabrikam.test", actions: ["read"])
                )
            },
            .unknownReference(field: "resources[1].id", noun: .resource)
        ),
        (
            "resource of another type", { $0.resources[0].id = "database:sue@contoso.test" },
            .unknownReference(field: "resources[0].id", noun: .resource)
        ),
        (
            "resource that climbs", { $0.resources[0].id = "mailbox:../sue@contoso.test" },
            .unknownReference(field: "resources[0].id", noun: .resource)
        ),
        (
            "no action", { $0.resources[0].actions = [] },
            .invalid(
                field: "resources[0].actions",
                problem: .malformed(expected: #"a list of "read" and "write""#)
            )
        ),
        (
            "unknown action", { $0.resources[0].actions = ["delete"] },
            .invalid(
                field: "resources[0].actions",
                problem: .malformed(expected: #"a list of "read" and "write""#)
            )
        ),
        ("no resource", { $0.resources = [] }, .invalid(field: "resources", problem: .missing)),
        (
            "one resource twice", { $0.resources.append($0.resources[0]) },
            .invalid(field: "resources[1]", problem: .duplicate)
        ),
        (
            "one resource twice in another case",
            {
                $0.resources.append(
                    .init(service: "mail", id: "SUE@Contoso.test", actions: ["write"])
                )
            },
            .invalid(field: "resources[1]", problem: .duplicate)
        ),
        (
            "too many resources", { $0.resources = Array(repeating: $0.resources[0], count: 21) },
            .invalid(field: "resources", problem: .outOfRange("1 to 20 resources"))
        ),
        ("empty reason", { $0.reason = " \n " }, .invalid(field: "reason", problem: .missing)),
        (
            "short reason", { $0.reason = "because" },
            .invalid(field: "reason", problem: .tooShort(minimum: 10))
        ),
        (
            "huge reason", { $0.reason = String(repeating: "a", count: 2001) },
            .invalid(field: "reason", problem: .tooLong(maximum: 2000))
        ),
        (
            "reason that hides", { $0.reason = "Look why mail\u{202E} does not arrive." },
            .invalid(field: "reason", problem: .controlCharacters)
        ),
        (
            "no duration", { $0.duration = .zero },
            .invalid(field: "duration", problem: .outOfRange("PT1S or longer"))
        ),
        (
            "negative duration", { $0.duration = .seconds(-1) },
            .invalid(field: "duration", problem: .outOfRange("PT1S or longer"))
        ),
        (
            "a millisecond over the tenant's cap",
            { $0.duration = TimeSpan(milliseconds: 14_400_001) },
            .exceedsCap(.hours(4))
        ),
        (
            "endless duration", { $0.duration = TimeSpan(milliseconds: .max) },
            .exceedsCap(.hours(4))
        ),
        (
            "start in the past", { $0.notBefore = Fixture.now },
            .invalid(field: "notBefore", problem: .outOfRange("an instant in the future"))
        ),
        (
            "start too far ahead", { $0.notBefore = Fixture.now + .days(31) },
            .invalid(field: "notBefore", problem: .outOfRange("at most P30D ahead"))
        ),
    ]

    @Test(arguments: refused.indices) func badDraftIsRefusedAndChangesNothing(_ index: Int)
        async throws
    {
        let (name, change, expected) = Self.refused[index]
        try await TestWorld.with { world async throws in
            let refusal = try await world.refusal {
                _ = try await world.lockbox.submit(
                    TestWorld.draft(change),
                    by: Fixture.eve,
                    key: nil
                )
            }
            #expect(refusal == expected, "\(name)")
        }
    }

    @Test func capItselfIsAllowedAndOthersTenantsResourceSoundsLikeAnUnknownOne() async throws {
        try await TestWorld.with { world async throws in
            let longest = try await world.submitted { $0.duration = .hours(4) }
            #expect(longest.terms.duration == .hours(4))
            func sentence(_ id: String) async throws -> String {
                try await world.refusal {
                    _ = try await world.submitted { $0.resources[0].id = id }
                }.sentence
            }
            let (theirs, nobodys) = (
                try await sentence("frida@fabrikam.test"), try await sentence("x@contoso.test")
            )
            #expect(theirs == nobodys)
        }
    }

    @Test func nobodyButAnEngineerCanAsk() async throws {
        try await TestWorld.with { world async throws in
            for person in Fixture.everybody where !person.roles.contains(.engineer) {
                // Even of a tenant that does not exist nothing is learned.
                for tenant in ["contoso", "nobody"] {
                    let refusal = try await world.refusal {
                        _ = try await world.lockbox.submit(
                            TestWorld.draft { $0.tenant = tenant },
                            by: person,
                            key: nil
                        )
                    }
                    #expect(refusal == .notPermitted(.requestAccess))
                }
            }
        }
    }

    @Test func tenantWithoutEnoughApproversIsRefusedRatherThanOpened() async throws {
        let strict = Fixture.tenant(policy: Fixture.policy(approvalsNeeded: 3))
        try await TestWorld.with(contoso: strict) { world async throws in
            let refusal = try await world.refusal { _ = try await world.submitted() }
            #expect(refusal == .nobodyCanApprove(needed: 3, eligible: 2))
        }
    }

    @Test func openRequestsOnOneSupportRequestAreBounded() async throws {
        try await TestWorld.with { world async throws in
            try await withThrowingTaskGroup { group in
                for _ in 0..<Limits.waitingRequestsOnSupportRequest {
                    group.addTask { _ = try await world.submitted() }
                }
                try await group.waitForAll()
            }
            let refusal = try await world.refusal { _ = try await world.submitted() }
            #expect(refusal == .limitReached(.waitingRequestsOnSupportRequest))
        }
    }

    @Test func whoWasDeniedWaitsBeforeAskingAgain() async throws {
        try await TestWorld.with { world async throws in
            let asked = try await world.reviewed()
            try await world.decide(TestWorld.no, on: asked, by: Fixture.adam)
            let refusal = try await world.refusal { _ = try await world.submitted() }
            #expect(refusal == .limitReached(.deniedJustNow))
            // Another engineer has not been told to wait.
            _ = try await world.lockbox.submit(TestWorld.draft(), by: Fixture.max, key: nil)
            world.clock.advance(by: Limits.waitAfterDenial)
            _ = try await world.submitted()
        }
    }
}
