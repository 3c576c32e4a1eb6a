import Testing

@testable import LockboxMail

/// What an answer is about, by code, enhanced status and the command it answers.
@Suite struct ReplyMeaningTests {
    @Test(
        arguments: [
            // About the recipient, for good.
            ("550 5.1.1", .recipient, .refused), ("550 5.1.10", .recipient, .refused),
            ("553 5.1.3", .recipient, .refused), ("551 5.1.6", .recipient, .refused),
            ("550 5.2.1", .recipient, .refused), ("550 5.1.1", .body, .refused),
            ("550", .recipient, .refused), ("551", .recipient, .refused),
            ("553", .recipient, .refused), ("550 5.0.0", .recipient, .refused),
            ("550 no such user 5.7.1", .recipient, .refused), ("554 5.1.2", .recipient, .refused),
            // For now.
            ("552 5.2.2", .recipient, .deferred), ("452 4.2.2", .recipient, .deferred),
            ("450", .recipient, .deferred), ("552", .recipient, .deferred),
            ("450 4.1.1", .recipient, .deferred), ("550 5.2.3", .body, .deferred),
            // About us: quota, relaying, policy, sign-in, the relay's own state.
            ("550 5.4.5", .recipient, .relay), ("550 5.4.5", .body, .relay),
            ("550 5.7.1", .recipient, .relay), ("554 5.7.1", .body, .relay),
            ("550 5.7.26", .body, .relay), ("530 5.7.0", .recipient, .relay),
            ("550 5.4.1", .recipient, .relay), ("550 5.3.4", .recipient, .relay),
            ("550 5.5.1", .recipient, .relay), ("550 5.6.0", .body, .relay),
            ("550 5.1.7", .recipient, .relay), ("550 5.1.8", .recipient, .relay),
            ("451 4.7.1", .recipient, .relay), ("452 4.5.3", .recipient, .relay),
            ("421", .recipient, .relay), ("451", .recipient, .relay), ("452", .body, .relay),
            ("554", .recipient, .relay), ("550", .body, .relay), ("503", .data, .relay),
            ("550 5.1.1", .sender, .relay), ("553", .sender, .relay),
            ("535 5.7.8", .connect, .relay),
            ("550", .connect, .relay),
            // A status that contradicts its code is none.
            ("550 4.4.2", .recipient, .refused), ("450 5.1.1", .recipient, .deferred),
            ("550 5.1", .recipient, .refused), ("550 5.1.1111", .recipient, .refused),
        ] as [(String, ReplyMeaning.Step, ReplyMeaning)]
    )
    func onlyWhatIsAboutTheRecipientIsFinal(
        _ reply: String,
        _ step: ReplyMeaning.Step,
        _ meaning: ReplyMeaning
    ) {
        var reader = ReplyReader()
        Array("\(reply) said\r\n".utf8).withUnsafeBytes { reader.read($0) }
        let code = reader.last?.code ?? 0
        #expect(ReplyMeaning(code: code, status: reader.status, at: step) == meaning)
    }

    @Test func statusOfTheFirstLineThatHasOneCounts() {
        var reader = ReplyReader()
        for line in ["550-please read", "550-5.4.5 daily quota", "550 5.1.1 exceeded"] {
            Array("\(line)\r\n".utf8).withUnsafeBytes { reader.read($0) }
        }
        #expect(reader.status == EnhancedStatus(startOf: "5.4.5"))
        Array("250 2.0.0 ok\r\n".utf8).withUnsafeBytes { reader.read($0) }
        #expect(reader.status == EnhancedStatus(startOf: "2.0.0"))
    }
}
