import Foundation
import LockboxDomain
import LockboxPorts
import Testing

@testable import LockboxMail

/// The bytes of a letter, read back by Python's parser from the files of `FileMailer`.
@Suite(.serialized, .timeLimit(.minutes(1))) struct MailMessageTests {
    private func writing(_ letters: [Letter], read: (URL) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "lockbox-mail-\(UUID())"
        )
        defer { try? FileManager.default.removeItem(at: folder) }
        let mailer = try MailTransport.parse("file:\(folder.path)").mailer()
        for letter in letters { _ = try await mailer.send(letter) }
        try await read(folder)
    }

    private func parsed(_ letter: Letter) async throws -> Parsed {
        var result: Parsed?
        try await writing([letter]) { folder in
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            try #require(names.count == 1)
            result = try Receiver.parsed(folder.appending(path: names[0]))
        }
        return try #require(result)
    }

    @Test func fileIsALetterWithoutDefects() async throws {
        expectSame(try await parsed(.example()), .example())
    }

    @Test func fileIsNamedAfterTheMessageIDAndStaysInItsFolder() async throws {
        var letters = [Letter.example(), .example(), .example()]
        letters[0].messageID = "../../a/b%@lockbox.test"
        letters[0].messageID = "a/../b%@lockbox.test"
        await #expect(throws: MailError.invalid(field: "messageID")) {
            try await self.parsed(letters[0])
        }
        letters[0].messageID = "a/b%2F@lockbox.test"
        letters[1].messageID = "a_b@lockbox.test"
        letters[2].messageID = "a_b@lockbox.test"
        try await writing(letters) { folder in
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            #expect(names == ["a%2Fb%252F@lockbox.test.eml", "a_b@lockbox.test.eml"])
        }
    }

    @Test func folderThatCannotBeWrittenIsUnreachable() async throws {
        let mailer = FileMailer(folder: "/proc/lockbox")
        await #expect(throws: MailError.self) { try await mailer.send(.example()) }
    }

    @Test(arguments: [
        "Approval needed: 7Q4K", "", " padded ", "two  spaces", "=?UTF-8?B?aGk=?=",
        "it's \"quoted\" \\ here",
        String(repeating: "word ", count: 60) + "end", String(repeating: "x", count: 500),
        String(repeating: "é", count: 300), "🔐👩‍👩‍👧‍👦" + String(repeating: "👩🏽‍🚒", count: 20),
        "a" + String(repeating: " ", count: 120) + "b",
    ])
    func subjectIsReadAsItWasWritten(subject: String) async throws {
        var letter = Letter.example()
        letter.subject = subject
        let message = try await parsed(letter)
        #expect(message.subject == subject)
        #expect(message.allDefects.isEmpty)
        #expect(message.longestLine <= 78)
    }

    @Test(arguments: [
        "", "Adam Cole", "Cole, Adam", "J. Doe", "O'Neil \"Bob\" \\ <x@y.test>", "Ádám",
        "=?UTF-8?Q?x?=", "a:b;c@d",
        "(none)",
        String(repeating: "Ő", count: 21), String(repeating: "Long Name ", count: 12) + "End",
    ])
    func nameIsReadAsItWasWritten(name: String) async throws {
        var letter = Letter.example()
        letter.to.name = name
        letter.from.name = name
        let message = try await parsed(letter)
        #expect(message.to == [.init(name: name, address: "adam@contoso.test")])
        #expect(message.from == [.init(name: name, address: "lockbox@example-cloud.test")])
        #expect(message.allDefects.isEmpty)
    }

    @Test(arguments: [
        "", "\n", "one", "one\n", "a\n\n\nb ", " \t\n\t ", String(repeating: "x", count: 200),
        String(repeating: "x", count: 76) + "\n" + String(repeating: "y", count: 77),
        String(repeating: "é ", count: 100),
        "--=_lockbox_alternative--\n", "=3D =\n=", "\u{FEFF}\u{2028}\u{85}|\0|",
    ])
    func bodyIsReadAsItWasWritten(body: String) async throws {
        var letter = Letter.example()
        letter.text = body
        letter.html = body
        let message = try await parsed(letter)
        #expect(message.parts.map(\.text) == [body, body])
        #expect(message.allDefects.isEmpty)
        #expect(message.longestLine <= 78)
        #expect(message.bareLineEnds == 0)
    }

    @Test func longNameIsSplitIntoWordsThatReadersJoin() throws {
        var letter = Letter.example()
        letter.to.name = String(repeating: "Ő", count: 100)
        let lines = String(decoding: try MailMessage(letter).bytes, as: UTF8.self).split(
            separator: "\r\n"
        )
        let field = lines.drop { !$0.hasPrefix("To: ") }.prefix { !$0.hasPrefix("Subject: ") }
        let words = field.flatMap { $0.split(separator: " ") }.filter {
            $0.hasPrefix("=?UTF-8?B?") && $0.hasSuffix("?=")
        }
        #expect(words.allSatisfy { $0.count <= 75 })
        // Each word is whole characters: it decodes by itself.
        let texts = words.map { word in
            Data(base64Encoded: String(word.dropFirst(10).dropLast(2))).flatMap {
                String(data: $0, encoding: .utf8)
            }
        }
        #expect(texts.map { $0 ?? "?" }.joined() == letter.to.name)
    }

    @Test func endsOfLineAreNeverEncoded() {
        #expect(
            String(decoding: QuotedPrintable.encoded("a\nb\rc\r\nd\n\re"), as: UTF8.self)
                == "a\r\nb\r\nc\r\nd\r\n\r\ne"
        )
    }

    @Test func firstLetterOfAThreadFollowsNothing() async throws {
        var letter = Letter.example()
        letter.references = []
        let message = try await parsed(letter)
        #expect(message["In-Reply-To"] == nil)
        #expect(message["References"] == nil)
    }

    @Test func longThreadIsFolded() async throws {
        var letter = Letter.example()
        letter.references = (1...20).map { "request-7Q4K.\($0)@lockbox.example-cloud.test" }
        let message = try await parsed(letter)
        #expect(message["References"] == letter.references.map { "<\($0)>" }.joined(separator: " "))
        #expect(message["In-Reply-To"] == "<request-7Q4K.20@lockbox.example-cloud.test>")
        #expect(message.longestLine <= 78)
    }

    @Test func sameLetterIsAlwaysTheSameBytes() throws {
        #expect(try MailMessage(.example()).bytes == MailMessage(.example()).bytes)
    }

    @Test func whateverNameAPersonCanHaveCanBeWrittenTo() throws {
        var letter = Letter.example()
        letter.to.name = String(repeating: "\u{1F600}", count: Limits.nameLength.upperBound)
        letter.to.address =
            String(repeating: "a", count: 64) + "@"
            + Array(repeating: String(repeating: "b", count: 61), count: 3).joined(separator: ".")
        #expect(EmailAddress(letter.to.address) != nil)
        _ = try MailMessage(letter)
    }

    @Test func whatIsTooLongIsRefused() throws {
        func refuses(_ field: String, _ change: (inout Letter) -> Void) {
            var letter = Letter.example()
            change(&letter)
            #expect(throws: MailError.invalid(field: field)) { try MailMessage(letter) }
        }
        refuses("subject") { $0.subject = String(repeating: "x", count: 1001) }
        refuses("to.name") { $0.to.name = String(repeating: "x", count: 401) }
        refuses("messageID") { $0.messageID = String(repeating: "x", count: 200) + "@b" }
        refuses("references") { $0.references = Array(repeating: "a@b", count: 21) }
        refuses("text") { $0.text = String(repeating: "x", count: 1 << 20 + 1) }
        refuses("html") { $0.html = String(repeating: "x", count: 1 << 20 + 1) }
    }
}

/// Everything of `letter` is in `message`, in the right form.
func expectSame(
    _ message: Parsed,
    _ letter: Letter,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    func expect(_ isSo: Bool, _ what: Comment) {
        #expect(isSo, what, sourceLocation: sourceLocation)
    }
    expect(message.allDefects.isEmpty, "defects: \(message.allDefects)")
    expect(
        message.headersAreASCII && message.bareLineEnds == 0 && message.longestLine <= 78,
        "lines"
    )
    expect(message.subject == letter.subject, "subject: \(message.subject)")
    expect(
        message.from == [.init(name: letter.from.name, address: letter.from.address)],
        "from: \(message.from)"
    )
    expect(
        message.to == [.init(name: letter.to.name, address: letter.to.address)],
        "to: \(message.to)"
    )
    expect(message.date == "2026-11-23T20:15:09+00:00", "date: \(message.date)")
    expect(message["Date"] == "Mon, 23 Nov 2026 20:15:09 +0000", "date: \(message["Date"] ?? "")")
    expect(message["Message-ID"] == "<\(letter.messageID)>", "message id")
    expect(message["In-Reply-To"] == letter.references.last.map { "<\($0)>" }, "in reply to")
    expect(message["Auto-Submitted"] == "auto-generated", "auto-submitted")
    expect(message["X-Auto-Response-Suppress"] == "All", "auto response")
    expect(Set(message.names).count == message.names.count, "each header once: \(message.names)")
    expect(message.contentType == "multipart/alternative", "content type")
    expect(message.parts.map(\.contentType) == ["text/plain", "text/html"], "order of parts")
    expect(
        message.parts.allSatisfy { $0.charset == "utf-8" && $0.encoding == "quoted-printable" },
        "encoding"
    )
    expect(
        message.parts.map(\.text) == [letter.readText, letter.readHTML],
        "bodies: \(message.parts.map(\.text))"
    )
}
