import LockboxDomain
import LockboxWire
import Testing

/// The command line reads the wire and links no domain; what people read must not depend on the
/// door they came through.
struct WordsTests {
    @Test(arguments: AccessRequest.StateName.allCases)
    func stateIsCalledTheSameOnTheWireAndInTheDomain(_ state: AccessRequest.StateName) {
        #expect(AccessState(rawValue: state.rawValue).words == state.words)
    }

    @Test(arguments: Ending.Reason.allCases)
    func endIsCalledTheSameOnTheWireAndInTheDomain(_ reason: Ending.Reason) {
        #expect(grant(endedBy: nil, reason).endingWords == reason.words)
        let eve = PersonRef(id: "PER-EVE", name: "Eve Park", email: "eve@example.test")
        #expect(grant(endedBy: eve, reason).endingWords == "\(reason.words) by Eve Park")
    }

    @Test(arguments: [[], ["web"], ["crm", "web"]])
    func whatIsLeftOpenIsSaidTheSameOnTheWireAndInTheDomain(_ names: [String]) throws {
        var grant = grant(endedBy: nil, .finished)
        grant.leftOpen = names
        let services = try names.map { try #require(ServiceID($0)) }
        #expect(grant.leftOpenWords == services.leftOpenWords)
    }

    @Test func nameThatThisVersionDoesNotKnowIsShownAsItIs() {
        #expect(AccessState(rawValue: "paused").words == "paused")
    }

    private func grant(endedBy: PersonRef?, _ reason: Ending.Reason) -> GrantBody {
        GrantBody(
            id: "GRT-1",
            start: "2026-11-23T20:15:00.000Z",
            end: "2026-11-23T21:15:00.000Z",
            state: .ended,
            basis: "approval",
            resources: [],
            endedReason: reason.rawValue,
            endedAt: "2026-11-23T21:15:00.000Z",
            endedBy: endedBy,
            removals: [],
            uses: [],
            operations: []
        )
    }
}
