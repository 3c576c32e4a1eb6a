import LockboxDomain
import LockboxFixtures
import Testing

/// How long an invitation is good, and for what it is used up.
struct InvitationTests {
    @Test func itIsGoodForItsTimeAndNoInstantLonger() {
        for purpose in Invitation.Purpose.allCases {
            let invitation = Fixture.invitation(to: Fixture.sue, for: purpose)
            let end = Fixture.now + .hours(purpose == .firstSignIn ? 72 : 1)
            #expect(invitation.endsAt == end)
            #expect(invitation.standing(at: end + TimeSpan(milliseconds: -1)) == .open)
            #expect(invitation.standing(at: end) == .expired)
        }
    }

    @Test func itIsUsedOnce() throws {
        var invitation = Fixture.invitation(to: Fixture.sue)
        try invitation.use(at: Fixture.now)
        #expect(invitation.standing(at: Fixture.now) == .used)
        #expect(throws: InvitationOver(.used)) { try invitation.use(at: Fixture.now) }
        invitation.withdraw(at: Fixture.now)
        #expect(invitation.standing(at: Fixture.now) == .used)
    }

    @Test func afterTenWrongCodesItIsGoodForNothing() {
        var invitation = Fixture.invitation(to: Fixture.sue)
        for number in 1...10 {
            #expect(invitation.standing(at: Fixture.now) == .open)
            let isSpent = invitation.takeWrongCode(at: Fixture.now)
            #expect(isSpent == (number == 10))
        }
        #expect(invitation.standing(at: Fixture.now) == .guessed)
        #expect(throws: InvitationOver(.guessed)) { try invitation.use(at: Fixture.now) }
        let isSpent = invitation.takeWrongCode(at: Fixture.now)
        #expect(!isSpent)
    }

    @Test func whatIsOverCannotBeUsed() {
        var invitation = Fixture.invitation(to: Fixture.sue)
        #expect(throws: InvitationOver(.expired)) {
            try invitation.use(at: Fixture.now + .hours(72))
        }
        invitation.withdraw(at: Fixture.now)
        #expect(throws: InvitationOver(.withdrawn)) { try invitation.use(at: Fixture.now) }
    }

    @Test func itsNameHas128BitsAndOneSpelling() throws {
        let id = InvitationID(entropy: (0..<16).map { UInt8($0 * 16 + $0) })
        #expect(id.text == "00112233445566778899aabbccddeeff")
        #expect(InvitationID(id.text) == id)
        #expect(!"\(id)".contains("0011"))
        for odd in [
            "", id.text.uppercased(), id.text + "0", String(id.text.dropLast()),
            id.text.replacing("f", with: "g"), id.text.replacing("0", with: "٠"),
        ] {
            #expect(InvitationID(odd) == nil, "\(odd)")
        }
    }

    // MARK: - Whose people they are

    @Test func onlyTheFirstSignInOfAnAdministratorCounts() {
        var tenant = Fixture.contoso
        for other in [Fixture.sue, Fixture.adam, Fixture.eve, Fixture.finn] {
            let isFirst = tenant.noteSignIn(of: other, at: Fixture.now)
            #expect(!isFirst)
        }
        #expect(tenant.administeredSince == nil)
        let isFirst = tenant.noteSignIn(of: Fixture.gita, at: Fixture.now)
        let isFirstAgain = tenant.noteSignIn(of: Fixture.gita, at: Fixture.now + .hours(1))
        #expect(isFirst && !isFirstAgain)
        #expect(tenant.administeredSince == Fixture.now)
    }
}
