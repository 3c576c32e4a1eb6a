import HTTPTypes
import LockboxDomain
import LockboxFixtures
import LockboxService
import LockboxTestWorld
import LockboxWire
import Testing

@Suite("Groups give the roles that the organisation's administrators say")
struct GroupRoleTests {
    private func map(_ group: String, _ roles: [String], _ scim: SCIMWorld) async throws {
        try await scim.world.lockbox.mapGroup(group, to: roles, in: "contoso", by: Fixture.gita)
    }

    @Test func aGroupGivesNothingUntilAnAdministratorSaysSo() async throws {
        try await SCIMWorld.with { scim async throws in
            let nina = try await scim.add("nina")
            let group = try await scim.group("Approvers", [nina])
            #expect(try await scim.person(nina).roles.isEmpty)
            try await map("approvers", ["approver"], scim)
            #expect(try await scim.person(nina).roles == .approver)
            let told = try await scim.letters().filter {
                $0.to == "gita@contoso.test" && $0.change.contains("approver")
            }
            #expect(told.contains { $0.change.contains("Nina") })
            #expect(told.contains { $0.change.contains("the group approvers") })
            // A name that is no more gives no more.
            _ = try await scim.patch(
                "/Groups/\(group)",
                #"{"op":"replace","path":"displayName","value":"Others"}"#
            )
            .json(200)
            #expect(try await scim.person(nina).roles.isEmpty)
            _ = try await scim.patch(
                "/Groups/\(group)",
                #"{"op":"replace","path":"displayName","value":"APPROVERS"}"#
            )
            .json(200)
            #expect(try await scim.person(nina).roles == .approver)
            #expect(try await scim.ask(.delete, "/Groups/\(group)").status == 204)
            #expect(try await scim.person(nina).roles.isEmpty)
        }
    }

    @Test func rolesOfSeveralGroupsAddUpAndWhatAnAdministratorGaveStays() async throws {
        try await SCIMWorld.with { scim async throws in
            try await map("A", ["member", "approver"], scim)
            try await map("B", ["approver", "auditor"], scim)
            let nina = try await scim.add("nina")
            let (first, second) = (
                try await scim.group("A", [nina]), try await scim.group("B", [nina])
            )
            #expect(try await scim.person(nina).roles == [.member, .approver, .auditor])
            _ = try await scim.ask(.delete, "/Groups/\(first)")
            #expect(try await scim.person(nina).roles == [.approver, .auditor])
            _ = try await scim.world.lockbox.changeRoles(
                of: nina,
                in: "contoso",
                to: ["member", "approver"],
                by: Fixture.gita
            )
            _ = try await scim.ask(.delete, "/Groups/\(second)")
            #expect(try await scim.person(nina).roles == .member)
        }
    }

    @Test func noGroupTakesTheLastAdministratorAway() async throws {
        try await SCIMWorld.with { scim async throws in
            try await map("Admins", ["admin"], scim)
            let nina = try await scim.add("nina")
            let group = try await scim.group("Admins", [nina, Fixture.gita.id.text])
            #expect(try await scim.person(nina).roles == .admin)
            // Gita had it already, and a group that she leaves takes what it gave.
            try await scim.ask(.delete, "/Groups/\(group)").expectFault(409)
            #expect(try await scim.person(nina).roles == .admin)
            let refusal = try await scim.world.refusal { try await map("Admins", [], scim) }
            #expect(refusal == .lastAdministrator)
        }
    }

    @Test func onlyAnAdministratorSaysWhatGroupsGive() async throws {
        try await SCIMWorld.with { scim async throws in
            for (person, expected) in [
                (Fixture.adam, Refusal.notPermitted(.changePeople)),
                (Fixture.eve, .notPermitted(.changePeople)), (Fixture.frida, .notFound(.tenant)),
            ] {
                let refusal = try await scim.world.refusal {
                    try await scim.world.lockbox.mapGroup(
                        "A",
                        to: ["admin"],
                        in: "contoso",
                        by: person
                    )
                }
                #expect(refusal == expected)
            }
            for roles in [["engineer"], ["root"]] {
                let refusal = try await scim.world.refusal { try await map("A", roles, scim) }
                #expect(refusal.field == "roles")
            }
        }
    }
}
