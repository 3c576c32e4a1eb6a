import LockboxAudit
import LockboxDomain
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
    private static let reason = "5.1.1 550 no such user"

    private static func bounces(_ stage: Stage, _ book: EventBook = EventBook()) -> Bounces {
        Bounces(
            store: AuditedStore(
                store: stage.store,
                clock: stage.clock,
                entropy: stage.entropy,
                readers: [stage.planner],
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
        let address = Self.addresses.address(of: Self.id)
        #expect(address.hasPrefix("Bounces+msg-7k3m9qpxab-"))
        #expect(address.hasSuffix("@provider.example"))
        #expect(EmailAddress(address) != nil)
        for form in [address, address.uppercased(), address.lowercased()] {
            #expect(Self.addresses.letter(comingBackTo: form) == Self.id)
        }
    }

    @Test func addressThatWeDidNotMakeIsNone() {
        let address = Self.addresses.address(of: Self.id)
        let others = BounceAddresses(
            under: EmailAddress("bounces@provider.example")!,
            seed: Array(repeating: 8, count: 32)
        )
        for forged in [
            others.address(of: Self.id), address.replacing("7k3m", with: "7k3n"), "x" + address,
            address + ".example", address.replacing("+", with: "-"),
            "bounces+msg-7k3m9qpxab-@provider.example", "bounces@provider.example", "", "@", "+",
            "bounces+\(String(repeating: "ſ", count: 35))@provider.example",
        ] {
            #expect(Self.addresses.letter(comingBackTo: forged) == nil, "\(forged)")
        }
    }

    @Test func lettersOfOneNoticeHaveOneAddress() async throws {
        try await Stage.with { stage in
            let id = try await stage.submit()
            let notice = try await stage.notice(id, .managerAsked, to: stage.cast.mona)
            let letters = try Letters(
                sender: Mailbox(name: "Lockbox", address: "lockbox@adatum.test"),
                host: "adatum.test",
                bounces: Self.addresses
            )
            let to = Mailbox(name: "Mona", address: "mona@adatum.test")
            let letter = letters.letter(for: notice, to: to, after: [], at: Stage.start)
            #expect(letter.returnPath.flatMap(Self.addresses.letter(comingBackTo:)) == notice.id)
        }
    }

    // MARK: - What follows

    @Test func letterThatCameBackIsOnRecordOnceAndOperatorsAreTold() async throws {
        try await Stage.with { stage in
            let id = try await Self.asked(stage)
            let notice = try await stage.notice(id, .customerAsked, to: stage.cast.alice)
            let book = EventBook()
            let bounces = Self.bounces(stage, book)
            #expect(try await bounces.record(notice.id, reason: Self.reason))
            #expect(try await !bounces.record(notice.id, reason: "again"))
            let after = try await stage.notice(id, .customerAsked, to: stage.cast.alice)
            #expect(after.delivery == .bounced && after.lastReply == Self.reason)
            #expect(after.sentAt == notice.sentAt)
            #expect(book.events.map(\.recipient) == [stage.cast.alice.id])
            let told = try await stage.store.read { try $0.operatorNotices(since: Stage.start) }
            #expect(told.map { Facts($0.facts)[.cause] } == ["letterGivenUp"])
        }
    }

    @Test func lettersToAnOperatorWhoCannotBeReachedComeToAnEnd() async throws {
        try await Stage.with { stage in
            let (now, entropy) = (stage.clock.now(), stage.entropy)
            try await stage.store.write { tx in
                try Stage.operators.tell(
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
                    #expect(try await Self.bounces(stage).record(notice.id, reason: Self.reason))
                }
            }
        }
    }

    @Test func letterThatNeverLeftCannotComeBack() async throws {
        try await Stage.with { stage in
            let id = try await stage.askCustomer()
            let notice = try await stage.notice(id, .customerAsked, to: stage.cast.alice)
            #expect(try await !Self.bounces(stage).record(notice.id, reason: Self.reason))
            #expect(try await !Self.bounces(stage).record(Self.id, reason: Self.reason))
            let same = try await stage.notice(id, .customerAsked, to: stage.cast.alice)
            #expect(same == notice)
        }
    }

    @Test func administratorsAreToldOnceADayWhoWasNotReached() async throws {
        try await Stage.with { stage in
            let bounces = Self.bounces(stage)
            for _ in 1...2 {
                let id = try await Self.asked(stage)
                let notice = try await stage.notice(id, .customerAsked, to: stage.cast.alice)
                _ = try await bounces.record(notice.id, reason: Self.reason)
            }
            let letter = try #require(try await stage.sideLetters().first)
            #expect(try await stage.sideLetters().count == 1)
            #expect(letter.kind == .approverUnreached)
            #expect(letter.recipient == stage.cast.adam.id)
            let content = LetterContent(letter)
            #expect(content.value("Who") == "Alice Approver (alice@contoso.test)")
            #expect(content.value("What the mail server said") == Self.reason)
            stage.clock.advance(by: .hours(25))
            let id = try await Self.asked(stage)
            let notice = try await stage.notice(id, .customerAsked, to: stage.cast.alice)
            _ = try await bounces.record(notice.id, reason: Self.reason)
            #expect(try await stage.sideLetters().count == 2)
        }
    }

    @Test func letterAboutSomebodyUnreachedGoesToWhoAdministersThen() async throws {
        try await Stage.with { stage in
            let id = try await Self.asked(stage)
            let notice = try await stage.notice(id, .customerAsked, to: stage.cast.alice)
            _ = try await Self.bounces(stage).record(notice.id, reason: Self.reason)
            let letter = try #require(try await stage.sideLetters().first)
            var adam = stage.cast.adam
            adam.email = EmailAddress("adam.new@contoso.test")!
            try await stage.save(adam)
            #expect(
                try await stage.standing(of: letter)
                    == .right(Mailbox(name: adam.name, address: adam.email.text), after: [])
            )
            adam.roles = .member
            try await stage.save(adam)
            #expect(try await stage.standing(of: letter) == .over)
        }
    }

    @Test func whoHasANewAddressIsAskedAnewOnlyIfTheQuestionDidNotReachHer() async throws {
        try await Stage.with { stage in
            let id = try await Self.asked(stage)
            func asks() async throws -> Int {
                try await stage.notices(id).count {
                    $0.kind == .customerAsked && $0.recipient == stage.cast.alice.id
                }
            }
            var alice = stage.cast.alice
            alice.email = EmailAddress("alice.two@contoso.test")!
            try await stage.save(alice)
            #expect(try await asks() == 1)
            let notice = try await stage.notice(id, .customerAsked, to: alice)
            _ = try await Self.bounces(stage).record(notice.id, reason: Self.reason)
            alice.email = EmailAddress("alice.three@contoso.test")!
            try await stage.save(alice)
            #expect(try await asks() == 2)
            let anew = try await stage.notice(id, .customerAsked, to: alice)
            #expect(anew.delivery == .queued && anew.recipientAddress == alice.email)
        }
    }

    @Test func whomAQuestionDidNotReachIsNotToldThatItIsSettled() async throws {
        try await Stage.with { stage in
            let id = try await Self.asked(stage)
            let notice = try await stage.notice(id, .customerAsked, to: stage.cast.alice)
            _ = try await Self.bounces(stage).record(notice.id, reason: Self.reason)
            try await stage.pass(id, to: stage.clock.now() + .hours(13))
            #expect(try await stage.waiting(id, .settled, .expired).contains("expired → alice"))
            #expect(try await !stage.waiting(id).contains("settled → alice"))
        }
    }
}
