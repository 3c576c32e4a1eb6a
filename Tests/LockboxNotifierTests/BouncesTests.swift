import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import Testing

@testable import LockboxNotifier
@testable import LockboxWork

/// Letters that a mail server took and reports undelivered later.
@Suite struct BouncesTests {
    private static let addresses = BounceAddresses(
        under: EmailAddress("Bounces@provider.example")!,
        seed: Array(repeating: 7, count: 32)
    )
    private static let id = NoticeID("MSG-7K3M9QPXAB")!
    private static let adam = "adam@contoso.test"
    private static let reason = "5.1.1 550 no such user"

    private static func bounces(_ stage: Stage, _ book: EventBook = EventBook()) -> Bounces {
        Bounces(
            store: AuditedStore(
                store: stage.store,
                clock: stage.clock,
                entropy: stage.entropy,
                readers: [Stage.planner],
                listeners: [book]
            ),
            operators: Stage.operators,
            entropy: stage.entropy
        )
    }

    /// A request that waits for the customer, its letters sent.
    private static func asked(_ stage: Stage) async throws -> AccessRequestID {
        let id = try await stage.askCustomer()
        try await stage.deliver(id)
        return id
    }

    // MARK: - Addresses

    @Test func addressSaysWhichLetterItWas() {
        let address = Self.addresses.address(of: Self.id, to: Self.adam)
        #expect(address.hasPrefix("Bounces+msg-7k3m9qpxab-"))
        #expect(address.hasSuffix("@provider.example"))
        #expect(EmailAddress(address) != nil)
        for form in [address, address.uppercased(), address.lowercased()] {
            #expect(Self.addresses.letter(comingBackTo: form, from: Self.adam) == Self.id)
        }
    }

    @Test func addressThatWeDidNotMakeIsNone() {
        let address = Self.addresses.address(of: Self.id, to: Self.adam)
        let others = BounceAddresses(
            under: EmailAddress("bounces@provider.example")!,
            seed: Array(repeating: 8, count: 32)
        )
        for forged in [
            others.address(of: Self.id, to: Self.adam), address.replacing("7k3m", with: "7k3n"),
            "x" + address,
            address + ".example", address.replacing("+", with: "-"),
            "bounces+msg-7k3m9qpxab-@provider.example", "bounces@provider.example", "", "@", "+",
            "bounces+\(String(repeating: "ſ", count: 35))@provider.example",
        ] {
            #expect(
                Self.addresses.letter(comingBackTo: forged, from: Self.adam) == nil,
                "\(forged)"
            )
        }
    }

    @Test func lettersOfOneNoticeHaveOneAddress() async throws {
        try await Stage.with { stage in
            let id = try await stage.submit()
            let notice = try await stage.notice(id, .managerAsked, to: Fixture.mark)
            let letters = try Letters(
                sender: Mailbox(name: "Lockbox", address: "lockbox@example-cloud.test"),
                host: "example-cloud.test",
                bounces: Self.addresses
            )
            let to = Mailbox(name: "Mark", address: "Mark@example-cloud.test")
            let letter = letters.letter(for: notice, to: to, after: [], at: Stage.start)
            let address = try #require(letter.returnPath)
            func found(from recipient: String) -> NoticeID? {
                Self.addresses.letter(comingBackTo: address, from: recipient)
            }
            #expect(found(from: to.address) == notice.id)
            #expect(found(from: "mark@EXAMPLE-CLOUD.test") == notice.id)
            // Where her mail goes on to is none of ours.
            for other in ["mark@elsewhere.test", "max@example-cloud.test", ""] {
                #expect(found(from: other) == nil)
            }
        }
    }

    // MARK: - What follows

    @Test func letterThatCameBackIsOnRecordOnceAndOperatorsAreTold() async throws {
        try await Stage.with { stage in
            let id = try await Self.asked(stage)
            let notice = try await stage.notice(id, .customerAsked, to: Fixture.adam)
            let book = EventBook()
            let bounces = Self.bounces(stage, book)
            #expect(try await bounces.record(notice.id, to: Self.adam, reason: Self.reason))
            #expect(try await !bounces.record(notice.id, to: Self.adam, reason: "again"))
            let after = try await stage.notice(id, .customerAsked, to: Fixture.adam)
            #expect(after.delivery == .bounced && after.lastReply == Self.reason)
            #expect(after.sentAt == notice.sentAt)
            #expect(book.events.map(\.recipient) == [Fixture.adam.id])
            let told = try await stage.store.read { try $0.operatorNotices(since: Stage.start) }
            #expect(told.map { Facts($0.facts)[.cause] } == ["letterGivenUp"])
        }
    }

    @Test func lettersToAnOperatorWhoCannotBeReachedComeToAnEnd() async throws {
        try await Stage.with { stage in
            let (now, entropy) = (stage.clock.now(), stage.entropy)
            try await stage.store.write { tx in
                _ = try Stage.operators.tell(
                    .relayRefuses,
                    detail: nil,
                    at: now,
                    entropy: entropy,
                    in: tx
                )
            }
            for causes in [["relayRefuses"], ["letterGivenUp"], []] {
                let written = try await stage.store.write { tx in
                    let written = try tx.operatorNotices(since: Stage.start)
                        .filter { $0.delivery == .queued }
                    for var notice in written {
                        (notice.delivery, notice.sentAt) = (.sent, now)
                        try tx.update(notice)
                    }
                    return written
                }
                #expect(written.map { Facts($0.facts)[.cause] } == causes)
                stage.clock.advance(by: .hours(4))
                for notice in written {
                    #expect(
                        try await Self.bounces(stage).record(
                            notice.id,
                            to: Self.adam,
                            reason: Self.reason
                        )
                    )
                }
            }
        }
    }

    @Test func letterThatNeverLeftCannotComeBack() async throws {
        try await Stage.with { stage in
            let id = try await stage.askCustomer()
            let notice = try await stage.notice(id, .customerAsked, to: Fixture.adam)
            #expect(
                try await !Self.bounces(stage).record(
                    notice.id,
                    to: Self.adam,
                    reason: Self.reason
                )
            )
            #expect(
                try await !Self.bounces(stage).record(Self.id, to: Self.adam, reason: Self.reason)
            )
            let same = try await stage.notice(id, .customerAsked, to: Fixture.adam)
            #expect(same == notice)
        }
    }

    @Test func administratorsAreToldOnceADayWhoWasNotReached() async throws {
        try await Stage.with { stage in
            let bounces = Self.bounces(stage)
            for _ in 1...2 {
                let id = try await Self.asked(stage)
                let notice = try await stage.notice(id, .customerAsked, to: Fixture.adam)
                _ = try await bounces.record(notice.id, to: Self.adam, reason: Self.reason)
            }
            let letter = try #require(try await stage.sideLetters().first)
            #expect(try await stage.sideLetters().count == 1)
            #expect(letter.kind == .approverUnreached)
            #expect(letter.recipient == Fixture.gita.id)
            let content = LetterContent(letter)
            #expect(content.value("Who") == "Adam Cole (adam@contoso.test)")
            #expect(content.value("What the mail server said") == Self.reason)
            stage.clock.advance(by: .hours(25))
            let id = try await Self.asked(stage)
            let notice = try await stage.notice(id, .customerAsked, to: Fixture.adam)
            _ = try await bounces.record(notice.id, to: Self.adam, reason: Self.reason)
            #expect(try await stage.sideLetters().count == 2)
        }
    }

    @Test func letterAboutSomebodyUnreachedGoesToWhoAdministersThen() async throws {
        try await Stage.with { stage in
            let id = try await Self.asked(stage)
            let notice = try await stage.notice(id, .customerAsked, to: Fixture.adam)
            _ = try await Self.bounces(stage).record(notice.id, to: Self.adam, reason: Self.reason)
            let letter = try #require(try await stage.sideLetters().first)
            var gita = Fixture.gita
            gita.email = EmailAddress("gita.new@contoso.test")!
            try await stage.save(gita)
            #expect(
                try await stage.standing(of: letter)
                    == .right(Mailbox(name: gita.name, address: gita.email.text), after: [])
            )
            gita.roles = .member
            try await stage.save(gita)
            #expect(try await stage.standing(of: letter) == .over)
        }
    }

    @Test func whoHasANewAddressIsAskedAnewOnlyIfTheQuestionDidNotReachHer() async throws {
        try await Stage.with { stage in
            let id = try await Self.asked(stage)
            let notice = try await stage.notice(id, .customerAsked, to: Fixture.adam)
            var adam = Fixture.adam
            adam.email = EmailAddress("adam.two@contoso.test")!
            try await stage.save(adam)
            #expect(try await Self.asks(stage, id).count == 1)
            try await stage.save(Fixture.adam)
            _ = try await Self.bounces(stage).record(notice.id, to: Self.adam, reason: Self.reason)
            #expect(try await Self.asks(stage, id).count == 1)
            stage.clock.advance(by: .seconds(1))
            try await stage.save(adam)
            let asks = try await Self.asks(stage, id)
            #expect(asks.map(\.delivery) == [.bounced, .queued])
            #expect(asks.last?.recipientAddress == adam.email)
        }
    }

    @Test func lateReportAboutAFormerAddressSaysNothingOfTheNewOneWhereSheIsAsked() async throws {
        try await Stage.with { stage in
            let id = try await Self.asked(stage)
            let notice = try await stage.notice(id, .customerAsked, to: Fixture.adam)
            var adam = Fixture.adam
            adam.email = EmailAddress("adam.two@contoso.test")!
            try await stage.save(adam)
            let told = try await stage.sideLetters().count
            let book = EventBook()
            let bounces = Self.bounces(stage, book)
            stage.clock.advance(by: .seconds(1))
            #expect(try await bounces.record(notice.id, to: "ADAM@contoso.test", reason: "no"))
            #expect(book.events.map(\.recipient) == [adam.id])
            #expect(try await stage.sideLetters().count == told)
            let asks = try await Self.asks(stage, id)
            #expect(asks.map(\.delivery) == [.bounced, .queued])
            #expect(asks.last?.recipientAddress == adam.email)
            // There it does not arrive either: now they are told.
            try await stage.deliver(id)
            let anew = try #require(asks.last).id
            #expect(try await bounces.record(anew, to: adam.email.text, reason: "no"))
            #expect(
                try await stage.sideLetters().first { $0.kind == .approverUnreached }
                    .map { LetterContent($0).value("Who") }
                    == "Adam Cole (adam.two@contoso.test)"
            )
            #expect(try await Self.asks(stage, id).count == 2)
        }
    }

    /// The letters that ask Adam.
    private static func asks(_ stage: Stage, _ id: AccessRequestID) async throws -> [Notice] {
        try await stage.notices(id).filter {
            $0.kind == .customerAsked && $0.recipient == Fixture.adam.id
        }
    }

    @Test func whomAQuestionDidNotReachIsNotToldThatItIsSettled() async throws {
        try await Stage.with { stage in
            let id = try await Self.asked(stage)
            let notice = try await stage.notice(id, .customerAsked, to: Fixture.adam)
            _ = try await Self.bounces(stage).record(notice.id, to: Self.adam, reason: Self.reason)
            try await stage.pass(to: stage.clock.now() + .hours(13))
            #expect(try await stage.waiting(id, .settled, .expired).contains("expired → adam"))
            #expect(try await !stage.waiting(id).contains("settled → adam"))
        }
    }
}
