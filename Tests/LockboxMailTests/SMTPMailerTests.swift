import FoundationEssentials
import LockboxDomain
import LockboxPorts
import Testing

@testable import LockboxMail

/// Against a real receiver: what arrives, and what each kind of failure is called.
@Suite(.serialized, .timeLimit(.minutes(1))) struct SMTPMailerTests {
    // MARK: Delivery

    @Test func letterArrivesIntactOverStartTLSWithSignIn() async throws {
        try await Receiver.with("--user", "lock box", "--password", "s3:c@r/et%") { receiver in
            let letter = Letter.example()
            let receipt = try await receiver.mailer(user: "lock%20box:s3%3Ac%40r%2Fet%25").send(
                letter
            )
            #expect(receipt.reply == "250 2.0.0 OK queued")
            let received = try receiver.onlyReceived()
            #expect(received.tls)
            #expect(received.user == "lock box")
            #expect(received.helo == "example-cloud.test")
            #expect(received.from == "lockbox@example-cloud.test")
            #expect(received.to == ["adam@contoso.test"])
            expectSame(received.message, letter)
        }
    }

    @Test func letterArrivesOverImplicitTLS() async throws {
        try await Receiver.with("--implicit-tls", "--user", "u", "--password", "p") { receiver in
            _ = try await receiver.mailer(scheme: "smtps", user: "u:p").send(.example())
            #expect(try receiver.onlyReceived().tls)
        }
    }

    @Test func plainTextIsSentOnlyWhereAskedFor() async throws {
        try await Receiver.with("--mode", "plain") { receiver in
            _ = try await receiver.plainly.send(.example())
            let required = try receiver.mailer("starttls=required")
            let refusal = await failure(of: required)
            #expect(refusal?.isUnsafe == true)
            #expect(try receiver.received().count == 1)
        }
    }

    @Test func configuredSenderIsTheEnvelopeSenderOnly() async throws {
        try await Receiver.with() { receiver in
            _ = try await receiver.mailer("from=bounces%2B7Q4K@example-cloud.test").send(.example())
            let received = try receiver.onlyReceived()
            #expect(received.from == "bounces+7Q4K@example-cloud.test")
            #expect(received.message.from.map(\.address) == ["lockbox@example-cloud.test"])
        }
    }

    @Test func letterThatIsHeldBackAtTheLastMomentDoesNotArrive() async throws {
        try await Receiver.with() { receiver in
            let mailer = try receiver.mailer()
            var refusal: MailError?
            do throws(MailError) {
                _ = try await mailer.send(.example()) { false }
            } catch {
                refusal = error
            }
            #expect(refusal == .heldBack)
            #expect(try receiver.received().isEmpty)
            _ = try await mailer.send(.example())
            #expect(try receiver.received().count == 1)
        }
    }

    @Test func manyLettersAtOnceAllArrive() async throws {
        try await Receiver.with() { receiver in
            let mailer = try receiver.mailer { $0.parallelism = 3 }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<20 {
                    group.addTask {
                        var letter = Letter.example()
                        letter.messageID = "\(number)@lockbox.test"
                        _ = try await mailer.send(letter)
                    }
                }
                try await group.waitForAll()
            }
            let ids = try receiver.received().compactMap { $0.message["Message-ID"] }
            #expect(Set(ids) == Set((0..<20).map { "<\($0)@lockbox.test>" }))
        }
    }

    // MARK: Whom it talks to

    @Test func wrongPasswordIsAboutUsAndNotShown() async throws {
        try await Receiver.with("--user", "lockbox", "--password", "right") { receiver in
            let mailer = try receiver.mailer(user: "lockbox:wr0ngest")
            let failure = await failure(of: mailer)
            guard case .relayRefused(535, _) = failure else {
                Issue.record("\(String(describing: failure))")
                return
            }
            #expect("\(failure, default: "")".contains("wr0ngest") == false)
            #expect(try receiver.received().isEmpty)
        }
    }

    @Test func relayWithUnknownAuthorityIsRefused() async throws {
        try await Receiver.with() { receiver in
            let mailer = try receiver.mailer(trusting: false)
            let failure = await failure(of: mailer)
            #expect(failure?.isUnsafe == true, "\(String(describing: failure))")
            #expect("\(failure, default: "")".contains("certificate"))
            #expect(try receiver.received().isEmpty)
        }
    }

    @Test func relayWithACertificateForAnotherNameIsRefused() async throws {
        try await Receiver.with("--host", "127.0.0.2") { receiver in
            let mailer = try receiver.mailer(host: "127.0.0.2")
            let failure = await failure(of: mailer)
            #expect(failure?.isUnsafe == true, "\(String(describing: failure))")
            #expect(try receiver.received().isEmpty)
        }
    }

    @Test func nobodyListeningIsUnreachable() async throws {
        var gone: SMTPMailer?
        try await Receiver.with("--mode", "plain") { gone = try $0.plainly }
        let mailer = try #require(gone)
        let failure = await failure(of: mailer)
        #expect(failure?.isUnreachable == true, "\(String(describing: failure))")
    }

    @Test(arguments: [["--implicit-tls"], []])
    func relayThatOffersNoSignInGetsNothingWhereOneIsConfigured(_ more: [String]) async throws {
        try await Receiver.with(more + ["--without-auth"]) { receiver in
            let scheme = more.isEmpty ? "smtp" : "smtps"
            let mailer = try receiver.mailer(scheme: scheme, user: "lockbox:right")
            let failure = await failure(of: mailer)
            #expect(failure?.isUnsafe == true, "\(String(describing: failure))")
            #expect("\(failure, default: "")".contains("offers no sign-in"))
            #expect(try receiver.received().isEmpty)
            // Without one configured it takes the letter.
            _ = try await receiver.mailer(scheme: scheme).send(.example())
            #expect(try receiver.received().count == 1)
        }
    }

    @Test func tokenOfAFileSignsInAndIsReadForEachLetter() async throws {
        try await Receiver.with("--user", "lockbox", "--token", "ya29.second") { receiver in
            let file = receiver.folder.appending(path: "token").path
            try "ya29.first\n".write(toFile: file, atomically: true, encoding: .utf8)
            let mailer = try receiver.mailer(user: "lockbox", "tokenFile=\(file)")
            let old = await failure(of: mailer)
            guard case .relayRefused(535, let text) = old else {
                Issue.record("\(String(describing: old))")
                return
            }
            #expect(!text.contains("ya29"))
            try "ya29.second\n".write(toFile: file, atomically: true, encoding: .utf8)
            _ = try await mailer.send(.example())
            #expect(try receiver.onlyReceived().user == "lockbox")
            try "two words\n".write(toFile: file, atomically: true, encoding: .utf8)
            #expect(await failure(of: mailer)?.isUnsafe == true)
        }
    }

    // MARK: What the relay says

    @Test(arguments: [
        (
            "nobody@contoso.test",
            MailError.refused(code: 550, text: "5.1.1 no such 5.1.1 user here")
        ),
        ("later@contoso.test", .relayRefused(code: 451, text: "4.7.1 greylisted, come back")),
        ("spam@contoso.test", .relayRefused(code: 554, text: "5.6.0 not wanted")),
        ("busy@contoso.test", .relayRefused(code: 452, text: "4.3.1 disk full")),
        ("rcpt-550@contoso.test", .refused(code: 550, text: "as the account says")),
        (
            "rcpt-550-5.4.5@contoso.test",
            .relayRefused(code: 550, text: "5.4.5 as the account says")
        ),
        (
            "data-550-5.7.1@contoso.test",
            .relayRefused(code: 550, text: "5.7.1 as the account says")
        ),
        ("data-550-5.1.1@contoso.test", .refused(code: 550, text: "5.1.1 as the account says")),
        ("rcpt-450-4.2.1@contoso.test", .deferred(code: 450, text: "4.2.1 as the account says")),
    ])
    func repliesOfTheRelayAreTold(address: String, expected: MailError) async throws {
        try await Receiver.with("--mode", "refuse") { receiver in
            let mailer = try receiver.mailer()
            let failure = await failure(of: mailer, sending: .example(to: address))
            #expect(failure == expected)
            #expect(try receiver.received().isEmpty)
        }
    }

    @Test func refusedSenderIsNotTheRecipientsFault() async throws {
        try await Receiver.with("--mode", "refuse") { receiver in
            let refused = try receiver.mailer("from=stranger@example-cloud.test")
            let first = await failure(of: refused)
            #expect(first == .relayRefused(code: 550, text: "5.7.1 sender not welcome"))
            let deferred = try receiver.mailer("from=slow@example-cloud.test")
            let second = await failure(of: deferred)
            #expect(second == .relayRefused(code: 451, text: "4.7.1 sender throttled"))
        }
    }

    @Test func letterWithAWayBackOfItsOwnComesFromThere() async throws {
        try await Receiver.with("--mode", "refuse") { receiver in
            // The configured sender is refused: that one was accepted shows that it was not used.
            let mailer = try receiver.mailer("from=stranger@example-cloud.test")
            var letter = Letter.example()
            letter.returnPath = "bounces+msg-1@example-cloud.test"
            _ = try await mailer.send(letter)
            letter.returnPath = "two@at@example-cloud.test"
            #expect(
                await failure(of: mailer, sending: letter) == .invalid(field: "returnPath")
            )
        }
    }

    // MARK: Connections that end

    @Test func connectionLostAfterTheLastDotIsAnUnknownOutcome() async throws {
        try await Receiver.with("--mode", "die", "--at", "dot") { receiver in
            let mailer = try receiver.mailer()
            let failure = await failure(of: mailer)
            #expect(failure?.isOutcomeUnknown == true)
            // And rightly so: here it was delivered.
            #expect(try receiver.received().count == 1)
        }
    }

    @Test(arguments: ["connect", "data"]) func connectionLostBeforeTheEndIsUnreachable(
        point: String
    ) async throws {
        try await Receiver.with("--mode", "die", "--at", point) { receiver in
            let mailer = try receiver.mailer()
            let failure = await failure(of: mailer, sending: .longest)
            #expect(failure?.isUnreachable == true, "\(String(describing: failure))")
        }
    }

    @Test func silenceAfterConnectingEndsAtTheConnectLimit() async throws {
        try await Receiver.with("--mode", "hang", "--at", "connect") { receiver in
            let mailer = try receiver.mailer { $0.connectTimeout = TimeSpan(milliseconds: 300) }
            let clock = ContinuousClock()
            let start = clock.now
            let failure = await failure(of: mailer)
            #expect(failure?.isUnreachable == true, "\(String(describing: failure))")
            #expect(clock.now - start < .seconds(5))
        }
    }

    @Test func silenceAfterTheLastDotIsAnUnknownOutcomeAtTheTotalLimit() async throws {
        try await Receiver.with("--mode", "hang", "--at", "dot") { receiver in
            let mailer = try receiver.mailer { $0.totalTimeout = TimeSpan(milliseconds: 1500) }
            let failure = await failure(of: mailer)
            #expect(failure?.isOutcomeUnknown == true)
        }
    }

    @Test func silenceInTheMiddleOfTheLetterIsUnreachable() async throws {
        try await Receiver.with("--mode", "hang", "--at", "data") { receiver in
            let mailer = try receiver.mailer { $0.totalTimeout = TimeSpan(milliseconds: 1500) }
            let failure = await failure(of: mailer, sending: .longest)
            #expect(failure?.isUnreachable == true, "\(String(describing: failure))")
        }
    }

    @Test func silenceAfterAcceptanceIsStillAcceptance() async throws {
        try await Receiver.with("--mode", "hang", "--at", "quit") { receiver in
            let mailer = try receiver.mailer { $0.totalTimeout = TimeSpan(milliseconds: 2000) }
            #expect(try await mailer.send(.example()).reply == "250 2.0.0 OK queued")
        }
    }

    // MARK: Injection

    @Test func nothingIsSentWhenAFieldCouldEndItsHeader() async throws {
        try await Receiver.with() { receiver in
            let mailer = try receiver.mailer()
            for (field, letter) in Letter.injections {
                let failure = await failure(of: mailer, sending: letter)
                #expect(failure == .invalid(field: field), "\(letter)")
            }
            #expect(try receiver.received().isEmpty)
        }
    }
}

extension Receiver {
    fileprivate var plainly: SMTPMailer { get throws { try mailer("starttls=never") } }
}

extension MailError {
    fileprivate var isUnreachable: Bool { if case .unreachable = self { true } else { false } }
    fileprivate var isUnsafe: Bool { if case .unsafe = self { true } else { false } }
    fileprivate var isOutcomeUnknown: Bool {
        if case .outcomeUnknown = self { true } else { false }
    }
}

extension Letter {
    /// So long that it cannot all be on its way when the connection ends in its middle: 6 MB when
    /// encoded.
    fileprivate static var longest: Letter {
        var letter = Letter.example()
        letter.text = String(repeating: "✓", count: 340_000)
        letter.html = letter.text
        return letter
    }

    /// Letters that must not leave, by the field that must be named.
    static var injections: [(String, Letter)] {
        let ends = [
            "\r\n", "\n", "\r", "\0", "\u{0B}", "\u{85}", "\u{2028}", "\u{1B}", "\t", "\u{7F}",
        ]
        let lines = ends.map { "Hello\($0)Bcc: mallory@evil.test" }
        let addresses =
            ends.map { "adam\($0)@contoso.test" } + ends.map { "adam@contoso.test\($0)" } + [
                "adam@contoso.test> RCPT TO:<mallory@evil.test",
                "adam@contoso.test, mallory@evil.test", "adam", "@",
                "",
                "adam@", "@contoso.test", "a@b@contoso.test", "adam kovari@contoso.test",
                "ádám@contoso.test",
                "adam@-contoso.test", "adam@contoso..test", "<adam@contoso.test>",
                "\"a b\"@contoso.test",
                "adam@[127.0.0.1]", String(repeating: "a", count: 65) + "@contoso.test",
            ]
        func changed(_ path: WritableKeyPath<Letter, String>, _ value: String) -> Letter {
            var letter = Letter.example()
            letter[keyPath: path] = value
            return letter
        }
        var all = lines.map { ("subject", changed(\.subject, $0)) }
        all += lines.map { ("to.name", changed(\.to.name, $0)) }
        all += lines.map { ("from.name", changed(\.from.name, $0)) }
        all += addresses.map { ("to.address", changed(\.to.address, $0)) }
        all += addresses.map { ("from.address", changed(\.from.address, $0)) }
        all += lines.map { ("messageID", changed(\.messageID, "a@b\($0)")) }
        all.append(("messageID", changed(\.messageID, "<a@b>")))
        all += lines.map { line in
            var letter = Letter.example()
            letter.references.append("a@b\(line)")
            return ("references", letter)
        }
        return all
    }
}
