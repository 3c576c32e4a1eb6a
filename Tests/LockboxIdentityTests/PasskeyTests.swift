import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxTestAuthenticator
import LockboxTestWorld
import Testing
import WebAuthn

@testable import LockboxIdentity

/// Passkeys of people: what signs in and confirms, what does not, and what is told of it.
struct PasskeyTests {
    private static let client = ClientKey(address: "192.0.2.1")
    private static let origin = "https://lockbox.example.test"
    private static let host = "lockbox.example.test"

    /// A world in which Adam is signed in, and has a device.
    private final class Place {
        let world: TestWorld
        let signIn: SignIn
        let sessions: Sessions
        let passkeys: Passkeys
        var device: SoftAuthenticator
        /// Adam's session.
        var secret = ""
        let browser: String

        init(_ world: TestWorld, _ signIn: SignIn, _ sessions: Sessions) async throws {
            (self.world, self.signIn, self.sessions) = (world, signIn, sessions)
            passkeys = Passkeys(
                store: world.audited,
                sessions: sessions,
                key: PasskeyKey(seed: Array(repeating: 1, count: 32)),
                party: RelyingParty(scheme: "https", host: host, origin: origin),
                clock: world.clock,
                entropy: SeededEntropy(seed: 9)
            )
            device = try SoftAuthenticator(at: origin, party: host)
            browser = passkeys.newBrowser()
            secret = try await begin(Fixture.adam)
        }

        func begin(_ person: Person) async throws -> String {
            try await sessions.begin(
                email: person.email.text,
                password: IdentityWorld.password,
                from: client
            ).secret
        }

        func signedIn() async throws -> SignedIn {
            try #require(try await sessions.resume(secret))
        }

        /// Adam adds his device's passkey.
        @discardableResult
        func register(_ name: String = "My phone") async throws -> Passkey {
            let options = try await passkeys.optionsToRegister(try await signedIn())
            device.userHandle = try SoftAuthenticator.userHandle(in: options)
            let passkey = try await passkeys.register(
                try device.register(options),
                name: name,
                secret
            )
            world.clock.advance(by: .seconds(1))
            return passkey
        }

        /// What the device answers to a question of now.
        func answer() throws -> String { try device.use(try passkeys.optionsToSignIn(browser)) }

        func enter(_ answer: String? = nil, browser: String? = nil) async throws -> SignedIn {
            try await passkeys.begin(
                try answer ?? self.answer(),
                browser: browser ?? self.browser,
                from: client
            ).signedIn
        }

        /// The check that an answer does not pass, if it does not.
        func fault(_ answer: String? = nil, browser: String? = nil) async throws -> WebAuthnFault? {
            do {
                _ = try await enter(answer, browser: browser)
                return nil
            } catch let refused as PasskeyRefused {
                return refused.fault
            }
        }

        func activities() async throws -> [String] { try await world.entries().map(\.activity) }
    }

    private static func with(_ body: (Place) async throws -> Void) async throws {
        try await IdentityWorld.with { world, signIn, sessions in
            try await body(try await Place(world, signIn, sessions))
        }
    }

    // MARK: - What is good

    @Test func aPasskeySignsInAndIsToldOfInTheLog() async throws {
        try await Self.with { place in
            let passkey = try await place.register()
            #expect(try await place.activities().last == "passkey.registered")
            place.world.clock.advance(by: .hours(1))
            let signedIn = try await place.enter()
            #expect(signedIn.person == Fixture.adam)
            #expect(signedIn.session.passkey == passkey.id)
            #expect(signedIn.confirmations == Confirmations(password: true, passkey: true))
            let told = try await place.activities().suffix(2)
            #expect(told == ["signIn.succeeded", "signIn.newBrowser"])
            let known = try await place.passkeys.passkeys(of: Fixture.adam)
            #expect(known.map(\.id) == [passkey.id])
            #expect(known.first?.lastUsedAt == place.world.clock.now())
        }
    }

    @Test func aPasskeyConfirmsItsOwnersSession() async throws {
        try await Self.with { place in
            try await place.register()
            place.world.clock.advance(by: .minutes(11))
            let before = try await place.signedIn()
            #expect(!place.sessions.isFresh(before, now: place.world.clock.now()))
            let answer = try place.device.use(try await place.passkeys.optionsToConfirm(before))
            let confirmed = try await place.passkeys.confirm(place.secret, answer)
            #expect(place.sessions.isFresh(confirmed.signedIn, now: place.world.clock.now()))
            #expect(try await place.activities().last == "passkey.confirmed")
            // The secret is another, and the answer was for once.
            #expect(try await place.sessions.resume(place.secret) == nil)
            await #expect(throws: PasskeyRefused.self) {
                try await place.passkeys.confirm(confirmed.secret, answer)
            }
        }
    }

    @Test func countersThatStayOrFallAreTakenAndRecorded() async throws {
        try await Self.with { place in
            place.device.counter = 0
            try await place.register()
            for (said, isTold) in [
                (0, false), (5, false), (6, false), (6, true), (2, true), (0, true), (0, false),
            ] as [(UInt32, Bool)] {
                place.world.clock.advance(by: .seconds(1))
                place.device.counter = said
                let before = try await place.activities().count { $0 == "passkey.counterFell" }
                _ = try await place.enter()
                let after = try await place.activities().count { $0 == "passkey.counterFell" }
                #expect(after - before == (isTold ? 1 : 0), "\(said)")
                #expect(try await place.passkeys.passkeys(of: Fixture.adam).first?.counter == said)
            }
        }
    }

    // MARK: - What is not

    @Test func anAnswerIsGoodOnceInOneBrowserAndForAWhile() async throws {
        try await Self.with { place in
            try await place.register()
            let old = try place.answer()
            #expect(try await place.fault(old, browser: place.passkeys.newBrowser()) == .challenge)
            #expect(try await place.fault(old, browser: "") == .challenge)
            place.world.clock.advance(by: .seconds(1))
            let newer = try place.answer()
            #expect(try await place.fault(newer) == nil)
            #expect(try await place.fault(newer) == .answered)
            // What was asked before is over, too.
            #expect(try await place.fault(old) == .answered)
            let late = try place.answer()
            place.world.clock.advance(by: .minutes(5))
            #expect(try await place.fault(late) == .expired)
            // What another browser answered, and what was answered twice, is told.
            #expect(try await place.activities().count { $0 == "passkey.refused" } == 4)
        }
    }

    @Test func aQuestionIsGoodForWhatItWasAskedFor() async throws {
        try await Self.with { place in
            try await place.register()
            let confirmation = try await place.passkeys.optionsToConfirm(try await place.signedIn())
            let session = try await place.signedIn().session.id.text
            #expect(
                try await place.fault(try place.device.use(confirmation), browser: session)
                    == .challenge
            )
            await #expect(throws: PasskeyRefused(fault: .challenge, passkey: nil)) {
                try await place.passkeys.register(
                    try place.device.register(confirmation),
                    name: "Another",
                    place.secret
                )
            }
            // Another session of the same person was asked something else.
            let elsewhere = try await place.begin(Fixture.adam)
            await #expect(throws: PasskeyRefused.self) {
                try await place.passkeys.confirm(elsewhere, try place.device.use(confirmation))
            }
            // One that we never asked.
            let made = try place.device.assertion(answering: Array(repeating: 0, count: 56)).json
            #expect(try await place.fault(made) == .challenge)
        }
    }

    @Test func nobodyConfirmsSomebodyElsesSession() async throws {
        try await Self.with { place in
            try await place.register()
            let hers = try await place.begin(Fixture.gita)
            let signedIn = try #require(try await place.sessions.resume(hers))
            let options = try await place.passkeys.optionsToConfirm(signedIn)
            await #expect(throws: PasskeyRefused(fault: .unknownCredential, passkey: nil)) {
                try await place.passkeys.confirm(hers, try place.device.use(options))
            }
            #expect(try await place.sessions.resume(hers)?.session == signedIn.session)
            #expect(try await !place.activities().contains("passkey.confirmed"))
        }
    }

    @Test func whatItsOwnKeySignedForSomethingElseIsTold() async throws {
        let changes: [(WebAuthnFault, (inout SoftAuthenticator) -> Void)] = [
            (.origin, { $0.origin = "https://evil.test" }),
            (.relyingParty, { $0.party = "evil.test" }),
            (.crossOrigin, { $0.members = #","crossOrigin":true"# }),
            (.userVerification, { $0.flags = SoftAuthenticator.Flag.userPresent }),
            (.userHandle, { $0.userHandle = Array(repeating: 0, count: 32) }),
        ]
        try await Self.with { place in
            try await place.register()
            let good = place.device
            for (index, (fault, change)) in changes.enumerated() {
                place.device = good
                change(&place.device)
                #expect(try await place.fault() == fault)
                let told = try await place.world.entries().last
                #expect(told?.activity == "passkey.refused")
                #expect(
                    told.map { String(decoding: $0.bytes, as: UTF8.self) }?.contains(fault.rawValue)
                        == true
                )
                #expect(try await place.activities().count { $0 == "passkey.refused" } == index + 1)
            }
            // No more than that in an hour.
            #expect(try await place.fault() == .userHandle)
            #expect(try await place.activities().count { $0 == "passkey.refused" } == 5)
            place.device = good
            #expect(try await place.fault() == nil)
        }
    }

    @Test func whatAnybodyCanMakeUpLeavesNothing() async throws {
        try await Self.with { place in
            try await place.register()
            let before = try await place.activities()
            var forger = try SoftAuthenticator(at: Self.origin, party: Self.host)
            #expect(
                try await place.fault(try forger.use(place.passkeys.optionsToSignIn(place.browser)))
                    == .userHandle
            )
            forger.userHandle = place.device.userHandle
            #expect(
                try await place.fault(try forger.use(place.passkeys.optionsToSignIn(place.browser)))
                    == .unknownCredential
            )
            forger.credential = place.device.credential
            #expect(
                try await place.fault(try forger.use(place.passkeys.optionsToSignIn(place.browser)))
                    == .signature
            )
            forger.origin = "https://evil.test"
            #expect(
                try await place.fault(try forger.use(place.passkeys.optionsToSignIn(place.browser)))
                    == .origin
            )
            #expect(try await place.fault("") == .response)
            place.device.userHandle = nil
            #expect(try await place.fault() == .userHandle)
            #expect(try await place.activities() == before)
        }
    }

    @Test func strangersAreHeldOffByAddress() async throws {
        try await Self.with { place async throws in
            for _ in 0..<IdentityLimits.addressFailureBurst {
                #expect(try await place.fault("{}") == .response)
            }
            await #expect(throws: Refusal.self) { try await place.enter("{}") }
        }
    }

    // MARK: - Adding

    @Test func oneIsAddedOnlyByWhoShowedJustNowWhoSheIs() async throws {
        try await Self.with { place in
            place.world.clock.advance(by: .minutes(9))
            let options = try await place.passkeys.optionsToRegister(try await place.signedIn())
            let answer = try place.device.register(options)
            place.world.clock.advance(by: .minutes(1))
            await #expect(throws: Refusal.notSignedIn) {
                try await place.passkeys.register(answer, name: "Late", place.secret)
            }
            #expect(try await place.passkeys.passkeys(of: Fixture.adam).isEmpty)
        }
    }

    @Test func aCredentialIsAddedOnceForEver() async throws {
        try await Self.with { place in
            let passkey = try await place.register()
            await #expect(throws: Refusal.self) { try await place.register("The same") }
            try await place.passkeys.remove(passkey.id.text, by: try await place.signedIn())
            await #expect(throws: Refusal.self) { try await place.register("The same") }
        }
    }

    @Test func thereIsABound() async throws {
        try await Self.with { place in
            for number in 0..<IdentityLimits.passkeysPerPerson {
                place.device = try SoftAuthenticator(at: Self.origin, party: Self.host)
                try await place.register("Number \(number)")
            }
            place.device = try SoftAuthenticator(at: Self.origin, party: Self.host)
            await #expect(throws: Refusal.self) { try await place.register("One more") }
        }
    }

    // MARK: - The end of one

    @Test func aRemovedPasskeyOpensNothingAndWhatItOpenedEnds() async throws {
        try await Self.with { place in
            let passkey = try await place.register()
            let begun = try await place.passkeys.begin(
                try place.answer(),
                browser: place.browser,
                from: Self.client
            )
            try await place.passkeys.remove(passkey.id.text, by: try await place.signedIn())
            #expect(try await place.activities().last == "passkey.removed")
            #expect(try await place.sessions.resume(begun.secret) == nil)
            #expect(try await place.sessions.resume(place.secret) != nil)
            #expect(try await place.fault() == .unknownCredential)
            await #expect(throws: Refusal.notFound(.page)) {
                try await place.passkeys.remove(passkey.id.text, by: try await place.signedIn())
            }
        }
    }

    @Test func anAdministratorRemovesThoseOfHerTenantAlone() async throws {
        try await Self.with { place in
            let passkey = try await place.register().id.text
            for (tenant, caller) in [
                ("contoso", Fixture.adam), ("contoso", Fixture.sue), ("fabrikam", Fixture.frida),
                ("contoso", Fixture.frida), ("contoso", Fixture.eve),
            ] {
                await #expect(throws: Refusal.self) {
                    try await place.passkeys.remove(passkey, ofTenant: tenant, by: caller)
                }
            }
            #expect(try await place.fault() == nil)
            try await place.passkeys.remove(passkey, ofTenant: "contoso", by: Fixture.gita)
            #expect(try await place.fault() == .unknownCredential)
        }
    }

    @Test func aNewPasswordAndSwitchingOffEndPasskeys() async throws {
        try await Self.with { place in
            try await place.register()
            _ = try await place.signIn.setPassword("a new one for Adam", of: Fixture.adam.email)
            #expect(try await place.fault() == .unknownCredential)
        }
        try await Self.with { place in
            try await place.register()
            try await place.world.audited.write(by: .console) { change in
                var adam = Fixture.adam
                adam.isDisabled = true
                _ = try change.update(Fixture.adam, to: adam)
            }
            #expect(try await place.fault() == .unknownCredential)
            try await place.world.audited.write(by: .console) { change in
                var off = Fixture.adam
                off.isDisabled = true
                _ = try change.update(off, to: Fixture.adam)
            }
            #expect(try await place.fault() == .unknownCredential)
        }
    }

    @Test func whereOnlyTheOrganisationsProviderCountsPasskeysDoNot() async throws {
        try await Self.with { place in
            try await place.register()
            let session = try await place.signedIn()
            for (allowed, isGood) in [(nil, false), (true, true), (false, false)] as [(Bool?, Bool)]
            {
                try await place.world.audited.write(by: .console) { change in
                    let settings = SignInSettings(
                        provider: Fixture.signsInElsewhere.provider,
                        allowsPasswords: false,
                        allowsPasskeys: allowed
                    )
                    let side = Side.tenant(Fixture.contoso.id)
                    try change.tx.save(settings, of: side)
                    change.emit(.directory(.signInChanged(side, settings)))
                }
                place.world.clock.advance(by: .seconds(1))
                #expect((try await place.fault() == nil) == isGood)
                let now = try await place.signedIn()
                #expect(now.confirmations == Confirmations(password: false, passkey: isGood))
                let answer = try place.device.use(
                    try await place.passkeys.optionsToConfirm(session)
                )
                if !isGood {
                    await #expect(throws: PasskeyRefused.self) {
                        try await place.passkeys.confirm(place.secret, answer)
                    }
                    await #expect(throws: Refusal.self) { try await place.register("Another") }
                }
            }
        }
    }
}
