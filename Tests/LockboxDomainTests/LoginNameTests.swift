import LockboxDomain
import LockboxFixtures
import Testing

/// A service knows a grant by its login names, and a login name leads to one grant.
struct LoginNameTests {
    @Test func loginNameLeadsBackToItsGrant() throws {
        let grant = try #require(try Fixture.history(to: .active).last?.state.grant)
        for position in [0, 1, 99] {
            let name = grant.loginName(at: position)
            #expect(name.hasSuffix("-\(position + 1)"))
            #expect(GrantID(loginName: name) == grant.id)
        }
    }

    /// What `check-service` opens is no grant's, however grants and their resources are numbered.
    @Test func probeIsNobodysGrant() throws {
        let grant = try #require(try Fixture.history(to: .active).last?.state.grant)
        let name = Probe.loginName(of: grant.id)
        #expect(GrantID(loginName: name) == nil)
        #expect(Probe.grant(of: name) == grant.id)
        for other in [grant.loginName(at: 0), grant.loginName(at: 9), "lbx-0", "sue-0", "-0", ""] {
            #expect(Probe.grant(of: other) == nil)
        }
    }

    @Test(arguments: [
        "", "lbx-", "lbx-0123456789", "lbx-0123456789-", "lbx-0123456789-0", "lbx-0123456789-01",
        "lbx-0123456789--1", "lbx-0123456789-1-1", "lbx-012345678-1", "lbx-012345678u-1",
        "abc-0123456789-1", "sue@contoso.test", "lbx-0123456789-99999999999999999999",
    ])
    func anythingElseIsNoLoginNameOfOurs(_ name: String) {
        #expect(GrantID(loginName: name) == nil)
    }
}
