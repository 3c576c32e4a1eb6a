import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxIdentity
import LockboxPorts
import LockboxService
import LockboxTestWorld
import Testing

/// Who chooses a password by a letter, and what each other use of its link comes to: nothing.
struct InvitationsTests {
    private static let here = ClientKey(address: "192.0.2.1")
    private static let new = "otter lamp violin tram"
    private static let key = InvitationKey(seed: Array(repeating: 3, count: 32))

    /// A world with the page behind the links.
    private struct Place {
        let world: TestWorld
        let signIn: SignIn
        let sessions: Sessions
        let invitations: Invitations

        func invite(_ person: Person = Fixture.sue) async throws -> Invitation {
            try await world.lockbox.invite(person.email).invitation
        }

        func code(_ invitation: Invitation) -> String {
            InvitationsTests.key.code(of: invitation.id, to: invitation.person)
        }

        func use(
            _ invitation: Invitation,
            code: String? = nil,
            password: String = InvitationsTests.new,
            by viewer: Person? = nil,
            from client: ClientKey = InvitationsTests.here
        ) async throws -> String {
            try await invitations.use(
                invitation.id.text,
                code: code ?? self.code(invitation),
                password: password,
                by: viewer,
                from: client
            ).secret
        }

        func stored(_ invitation: Invitation) async throws -> Invitation? {
            try await world.store.read { try $0.invitation(invitation.id) }
        }

        func activities(_ log: LogID = .tenant(Fixture.contoso.id)) async throws -> [String] {
            try await world.entries(of: log).map(\.activity)
        }

        /// Whether `password` is hers.
        func opens(_ password: String, _ person: Person = Fixture.sue) async throws -> Bool {
            do {
                _ = try await sessions.begin(
                    email: person.email.text,
                    password: password,
                    from: ClientKey(address: "198.51.100.7")
                )
                return true
            } catch Refusal.badCredentials {
                return false
            }
        }
    }

    private static func with(_ body: (Place) async throws -> Void) async throws {
        try await IdentityWorld.with { world, signIn, sessions async throws in
            try await body(
                Place(
                    world: world,
                    signIn: signIn,
                    sessions: sessions,
                    invitations: Invitations(
                        store: world.audited,
                        signIn: signIn,
                        sessions: sessions,
                        key: key
                    )
                )
            )
        }
    }

    @Test func whoHasTheCodeChoosesAPasswordAndIsSignedInOnce() async throws {
        try await Self.with { place in
            let token = try await place.signIn.issueToken(for: Fixture.sue, TokenTerms(label: ""))
                .secret
            let invitation = try await place.invite()
            try await place.invitations.look(invitation.id.text, by: nil)
            let secret = try await place.use(invitation)
            #expect(try await place.sessions.resume(secret)?.person == Fixture.sue)
            await #expect(throws: Refusal.notSignedIn) {
                _ = try await place.signIn.caller(token: token)
            }
            #expect(
                try await place.activities().suffix(5) == [
                    "invitation.sent", "invitation.used", "password.set", "token.revoked",
                    "signIn.succeeded",
                ]
            )
            await #expect(throws: InvitationOver(.used)) {
                _ = try await place.use(invitation, password: "violin tram otter lamp")
            }
            #expect(try await place.opens(Self.new))
        }
    }

    @Test(arguments: [
        "7k3m9qpxab2c", "7K3M 9QPX AB2C", "7K3M-9QPX-AB2", "AAAA-AAAA-AAAA-AAAA", "\u{0}", "💥",
        String(repeating: "A", count: 9000), "", "  ",
    ])
    func whatIsNotTheCodeOpensNothing(_ code: String) async throws {
        try await Self.with { place in
            let invitation = try await place.invite()
            let refusal = try await #require(throws: Refusal.self) {
                _ = try await place.use(invitation, code: code)
            }
            #expect(refusal.field == "code")
            #expect(try await !place.opens(Self.new))
            let isGuess = code.count { $0.isLetter || $0.isNumber } == 12
            #expect(try await place.stored(invitation)?.wrongCodes == (isGuess ? 1 : 0))
        }
    }

    /// As somebody reads it from a screen and types it on a phone.
    @Test func codeIsTakenHoweverItIsTyped() async throws {
        try await Self.with { place in
            for spelling: (String) -> String in [
                { $0.lowercased() }, { $0.replacing("-", with: "") },
                { " " + $0.replacing("-", with: " ") + " " },
                { $0.replacing("0", with: "o").replacing("1", with: "l") },
            ] {
                let invitation = try await place.invite()
                _ = try await place.use(invitation, code: spelling(place.code(invitation)))
            }
        }
    }

    @Test func codeOfAnotherInvitationOrOfAnotherKeyIsNone() async throws {
        try await Self.with { place in
            let (hers, his) = (try await place.invite(), try await place.invite(Fixture.tom))
            let others = InvitationKey(seed: Array(repeating: 4, count: 32))
            let codes = [
                place.code(his), others.code(of: hers.id, to: hers.person),
                Self.key.code(of: hers.id, to: his.person),
            ]
            for code in codes {
                let refusal = try await #require(throws: Refusal.self) {
                    _ = try await place.use(hers, code: code)
                }
                #expect(refusal.field == "code")
            }
        }
    }

    @Test func afterTenWrongCodesTheRightOneIsNone() async throws {
        try await Self.with { place in
            let invitation = try await place.invite()
            for number in 0..<10 {
                await #expect(throws: Refusal.self) {
                    _ = try await place.use(
                        invitation,
                        code: "AAAA-AAAA-AAAA",
                        from: ClientKey(address: "192.0.2.\(number)")
                    )
                }
            }
            await #expect(throws: InvitationOver(.guessed)) { _ = try await place.use(invitation) }
            #expect(
                try await place.activities().filter { $0 == "signIn.invitationGuessed" }.count == 1
            )
            _ = try await place.use(try await place.invite())
        }
    }

    @Test(arguments: ["", "short horse", "password1234", "sue reyes contoso", "contoso-contoso"])
    func passwordThatIsNoneLeavesTheInvitationAsItWas(_ password: String) async throws {
        try await Self.with { place in
            let invitation = try await place.invite()
            let refusal = try await #require(throws: Refusal.self) {
                _ = try await place.use(invitation, password: password)
            }
            #expect(refusal.field == "newPassword")
            #expect(try await place.stored(invitation) == invitation)
            _ = try await place.use(invitation)
        }
    }

    @Test func itsTimePassesAlsoWhileThePageIsOpen() async throws {
        try await Self.with { place in
            let invitation = try await place.invite()
            place.world.clock.advance(by: .hours(72))
            await #expect(throws: InvitationOver(.expired)) { _ = try await place.use(invitation) }
            #expect(try await !place.opens(Self.new))
        }
    }

    @Test func newerOneEndsTheEarlier() async throws {
        try await Self.with { place in
            let (first, second) = (try await place.invite(), try await place.invite())
            await #expect(throws: InvitationOver(.withdrawn)) { _ = try await place.use(first) }
            _ = try await place.use(second)
        }
    }

    @Test func whatChangesWhomItReachesEndsIt() async throws {
        let changes: [(inout Person) -> Void] = [
            { $0.isDisabled = true }, { $0.email = EmailAddress("susan@contoso.test")! },
        ]
        for change in changes {
            try await Self.with { place in
                let invitation = try await place.invite()
                var after = Fixture.sue
                change(&after)
                try await place.world.audited.write(by: .console) { [after] in
                    _ = try $0.update(Fixture.sue, to: after)
                }
                await #expect(throws: InvitationOver(.withdrawn)) {
                    _ = try await place.use(invitation)
                }
            }
        }
    }

    /// A letter that lies around must not undo a password that its owner has chosen since.
    @Test func anotherPasswordEndsIt() async throws {
        try await Self.with { place in
            let invitation = try await place.invite()
            _ = try await place.signIn.setPassword("correct horse", of: Fixture.sue.email)
            await #expect(throws: InvitationOver(.withdrawn)) {
                _ = try await place.use(invitation)
            }
        }
    }

    @Test func nobodyElseWhoIsSignedInUsesIt() async throws {
        try await Self.with { place in
            let invitation = try await place.invite()
            await #expect(throws: InvitationOfAnother.self) {
                try await place.invitations.look(invitation.id.text, by: Fixture.tom)
            }
            await #expect(throws: InvitationOfAnother.self) {
                _ = try await place.use(invitation, by: Fixture.tom)
            }
            #expect(try await place.stored(invitation) == invitation)
            _ = try await place.use(invitation, by: Fixture.sue)
        }
    }

    @Test(arguments: ["", "x", String(repeating: "0", count: 32), "../sign-in"])
    func unknownNameIsNone(_ id: String) async throws {
        try await Self.with { place in
            await #expect(throws: InvitationOver(nil)) {
                try await place.invitations.look(id, by: nil)
            }
            await #expect(throws: InvitationOver(nil)) {
                _ = try await place.invitations.use(
                    id,
                    code: "AAAA-AAAA-AAAA",
                    password: Self.new,
                    by: nil,
                    from: Self.here
                )
            }
        }
    }

    /// Before anything is compared or hashed.
    @Test func oneAddressTriesOnlySoOften() async throws {
        try await Self.with { place in
            let invitation = try await place.invite()
            for _ in 0..<IdentityLimits.invitationAttemptBurst {
                await #expect(throws: Refusal.self) {
                    _ = try await place.use(invitation, code: "")
                }
            }
            await #expect(throws: Refusal.tooManyAttempts(retryAfter: .seconds(10))) {
                _ = try await place.use(invitation)
            }
            _ = try await place.use(invitation, from: ClientKey(address: "192.0.2.9"))
        }
    }

    @Test func onePersonGetsOnlySoManyWithinADay() async throws {
        try await Self.with { place in
            for _ in 0..<Limits.invitationsPerDay { _ = try await place.invite() }
            await #expect(throws: Refusal.dailyLimitReached(.invitations, wait: .days(1))) {
                _ = try await place.invite()
            }
            _ = try await place.invite(Fixture.tom)
        }
    }

    // MARK: - Who invites

    @Test func administratorInvitesPeopleOfHerTenantOnly() async throws {
        try await Self.with { place in
            let lockbox = place.world.lockbox
            let (person, _) = try await lockbox.invite(
                Fixture.sue.id.text,
                of: "contoso",
                by: Fixture.gita
            )
            #expect(person == Fixture.sue)
            for (id, tenant) in [
                (Fixture.frida.id.text, "contoso"), (Fixture.eve.id.text, "contoso"),
                ("x", "contoso"),
            ] {
                await #expect(throws: Refusal.notFound(.person)) {
                    _ = try await lockbox.invite(id, of: tenant, by: Fixture.gita)
                }
            }
            await #expect(throws: Refusal.notFound(.tenant)) {
                _ = try await lockbox.invite(
                    Fixture.frida.id.text,
                    of: "fabrikam",
                    by: Fixture.gita
                )
            }
            for other in [Fixture.sue, Fixture.adam, Fixture.uma, Fixture.eve, Fixture.mark] {
                await #expect(throws: Refusal.notPermitted(.changePeople)) {
                    _ = try await lockbox.invite(Fixture.sue.id.text, of: "contoso", by: other)
                }
            }
        }
    }

    @Test func nobodyIsInvitedWhoCannotSignIn() async throws {
        try await Self.with { place in
            var off = Fixture.sue
            off.isDisabled = true
            try await place.world.audited.write(by: .console) { [off] in
                _ = try $0.update(Fixture.sue, to: off)
            }
            let refusals = [
                try await #require(throws: Refusal.self) { _ = try await place.invite() },
                try await #require(throws: Refusal.self) {
                    _ = try await place.world.lockbox.invite(
                        Fixture.sue.id.text,
                        of: "contoso",
                        by: Fixture.gita
                    )
                },
            ]
            for refusal in refusals { #expect(refusal.sentence.contains("switched off")) }
            await #expect(throws: Refusal.notFound(.person)) {
                _ = try await place.world.lockbox.invite(EmailAddress("nobody@contoso.test")!)
            }
        }
    }

    @Test func administratorSwitchesHerPeopleOnAgain() async throws {
        try await Self.with { place in
            var off = Fixture.sue
            off.isDisabled = true
            try await place.world.audited.write(by: .console) { [off] in
                _ = try $0.update(Fixture.sue, to: off)
            }
            let lockbox = place.world.lockbox
            let id = Fixture.sue.id.text
            for other in [Fixture.adam, Fixture.tom, Fixture.mark] {
                await #expect(throws: Refusal.notPermitted(.changePeople)) {
                    try await lockbox.switchOn(id, of: "contoso", by: other)
                }
            }
            await #expect(throws: Refusal.notFound(.person)) {
                try await lockbox.switchOn(Fixture.frida.id.text, of: "contoso", by: Fixture.gita)
            }
            for _ in 0..<2 { try await lockbox.switchOn(id, of: "contoso", by: Fixture.gita) }
            let found = try await place.world.store.read { try $0.person(Fixture.sue.id) }
            #expect(found == Fixture.sue)
            #expect(try await place.activities().filter { $0 == "person.changed" }.count == 2)
        }
    }

    // MARK: - Forgotten passwords

    private static func letters(_ place: Place) async throws -> [EmailAddress] {
        try await place.world.store.read { tx in
            try Fixture.everybody.flatMap { try tx.openInvitations(to: $0.id) }
                .filter { $0.purpose == .forgottenPassword }
                .compactMap { try tx.person($0.person)?.email }
        }
    }

    @Test func onlyWhoIsKnownGetsALetterAndNobodyHearsWho() async throws {
        try await Self.with { place in
            let forgotten = ForgottenPasswords(store: place.world.audited)
            var off = Fixture.tom
            off.isDisabled = true
            try await place.world.audited.write(by: .console) { [off] in
                _ = try $0.update(Fixture.tom, to: off)
            }
            let addresses = [
                "sue@contoso.test", "nobody@contoso.test", "tom@contoso.test", "no address", "",
                "SUE+x@contoso.test", "eve@example-cloud.test",
            ]
            for address in addresses {
                try forgotten.ask(address, from: Self.here, now: place.world.clock.now())
            }
            try await forgotten.work()
            #expect(
                Set(try await Self.letters(place)) == [Fixture.sue.email, Fixture.eve.email]
            )
            #expect(try await place.activities(.provider).last == "invitation.sent")
        }
    }

    @Test func personIsWrittenToOnlySoOftenADayAndTheAnswerStaysTheSame() async throws {
        try await Self.with { place in
            let forgotten = ForgottenPasswords(store: place.world.audited)
            for number in 0..<9 {
                for _ in 1...2 {
                    try forgotten.ask(
                        "sue@contoso.test",
                        from: ClientKey(address: "192.0.2.\(number)"),
                        now: place.world.clock.now()
                    )
                }
                try await forgotten.work()
                let sent = try await place.activities().count { $0 == "invitation.sent" }
                #expect(
                    sent == min(number + 1, Limits.forgottenPasswordsPerDay),
                    "no other one while she has one"
                )
                place.world.clock.advance(by: Limits.forgottenPasswordLife)
            }
            // From a browser in which she signed in before she gets hers.
            _ = try await place.signIn.setPassword("correct horse battery", of: Fixture.sue.email)
            let browser = try await place.sessions.begin(
                email: Fixture.sue.email.text,
                password: "correct horse battery",
                from: Self.here
            )
            try forgotten.ask(
                "sue@contoso.test",
                from: Self.here.with(device: browser.signedIn.device),
                now: place.world.clock.now()
            )
            try await forgotten.work()
            let letters = try await Self.letters(place)
            #expect(letters == [Fixture.sue.email])
            // An invitation by who may say so has room of its own.
            _ = try await place.invite()
        }
    }

    @Test func oneAddressAsksOnlySoOften() async throws {
        try await Self.with { place in
            let forgotten = ForgottenPasswords(store: place.world.audited)
            let now = place.world.clock.now()
            for _ in 0..<IdentityLimits.forgottenPasswordBurst {
                try forgotten.ask("nobody@contoso.test", from: Self.here, now: now)
            }
            #expect(throws: Refusal.tooManyAttempts(retryAfter: .minutes(1))) {
                try forgotten.ask("nobody@contoso.test", from: Self.here, now: now)
            }
        }
    }

    // MARK: - The console's boundary

    @Test func fromAnAdministratorsFirstSignInOnTheConsoleActsForNobodyOfTheTenant() async throws {
        try await Self.with { place in
            #expect(try await place.opens("correct horse battery", Fixture.adam))
            _ = try await place.signIn.setPassword("correct horse", of: Fixture.sue.email)
            _ = try await place.signIn.issueToken(for: Fixture.sue.email, TokenTerms(label: ""))
            #expect(try await place.opens("correct horse battery", Fixture.gita))
            let size = try await place.activities().count
            #expect(try await place.activities().filter { $0 == "tenant.administered" }.count == 1)
            for person in [Fixture.sue, Fixture.adam, Fixture.gita] {
                await #expect(throws: Refusal.notPermitted(.signInForTenant)) {
                    _ = try await place.signIn.setPassword("another horse", of: person.email)
                }
                await #expect(throws: Refusal.notPermitted(.signInForTenant)) {
                    _ = try await place.signIn.issueToken(for: person.email, TokenTerms(label: ""))
                }
            }
            #expect(try await place.activities().count == size)
            #expect(try await place.opens("correct horse"))
            // Another tenant's people, and the provider's, are as before.
            for person in [Fixture.frida, Fixture.eve] {
                _ = try await place.signIn.setPassword("another horse", of: person.email)
                _ = try await place.signIn.issueToken(for: person.email, TokenTerms(label: ""))
            }
        }
    }

    @Test func administratorWhoComesByInvitationIsTheFirstToo() async throws {
        try await Self.with { place in
            _ = try await place.use(try await place.invite(Fixture.gita))
            await #expect(throws: Refusal.notPermitted(.signInForTenant)) {
                _ = try await place.signIn.setPassword("another horse", of: Fixture.sue.email)
            }
        }
    }
}
