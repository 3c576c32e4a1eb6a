import LockboxDomain
import LockboxPorts
import Testing

@testable import LockboxMail

struct MailTransportTests {
    private func smtp(_ text: String) throws -> SMTPConfiguration {
        guard case .smtp(let configuration) = try MailTransport.parse(text) else {
            throw CancellationError()
        }
        return configuration
    }

    @Test func partsOfTheURLAreDecoded() throws {
        let relay = try smtp(
            "smtp://lock%40box:p%3Aw%2F%3F%25%C3%A9@mail.example.test:2525"
                + "?starttls=required&from=b%2B1@x.test&bounces=back@x.test"
        )
        #expect(relay.host == "mail.example.test")
        #expect(relay.port == 2525)
        #expect(relay.encryption == .starttls)
        #expect(relay.credentials?.user == "lock@box")
        #expect(relay.credentials?.read() == "p:w/?%é")
        #expect(relay.sender == "b+1@x.test")
        #expect(relay.bounces == EmailAddress("back@x.test"))
    }

    @Test(arguments: [
        ("smtp://mail.test", SMTPConfiguration.Encryption.starttls, 587),
        ("smtps://mail.test/", .implicit, 465),
        ("smtp://127.0.0.1?starttls=never", .none, 587),
        ("smtp://127.8.9.1:25?starttls=never", .none, 25),
        ("smtp://[::1]:25?starttls=never", .none, 25),
        ("smtp://localhost:25?starttls=never", .none, 25),
        ("smtp://[2001:db8::1]", .starttls, 587),
    ])
    func encryptionIsRequiredUnlessTheRelayIsThisMachine(
        text: String,
        encryption: SMTPConfiguration.Encryption,
        port: Int
    ) throws {
        let relay = try smtp(text)
        #expect(relay.encryption == encryption)
        #expect(relay.port == port)
    }

    @Test(arguments: [
        "", "mail.test", "http://mail.test", "smtp:mail.test", "smtp://", "smtp://:25",
        "smtp://mail.test:0",
        "smtp://mail.test:65536", "smtp://mail.test/path", "smtp://mail.test#x",
        "smtp://mail.test?starttls=maybe",
        "smtp://mail.test?starttls=never", "smtp://127.0.0.1.evil.test?starttls=never",
        "smtp://10.0.0.1?starttls=never",
        "smtp://[::2]?starttls=never", "smtp://[::ffff:10.0.0.1]?starttls=never",
        "smtps://mail.test?starttls=required",
        "smtp://mail.test?tls=off", "smtp://mail.test?starttls=required&starttls=required",
        "smtp://mail.test?starttls",
        "smtp://user@mail.test", "smtp://:secret@mail.test", "smtp://user:%00secret@mail.test",
        "smtp://user:%FF@mail.test",
        "smtp://user:se%0D%0Acret@mail.test", "smtp://user:se@cret@mail.test",
        "smtp://user:100%@mail.test",
        "smtp://mail.test?ca=/nonexistent/ca.pem", "smtp://mail.test?from=nobody",
        "smtp://mail.test?bounces=nobody", "smtp://mail.test?bounces=%C3%A4@x.test",
        "smtp://mail.test?bounces=a-local-part-that-leaves-no-room@x.test",
        "smtp://mail_.test", "smtp://a b",
        "file:", "file://mail", "file:a\0b",
    ])
    func whatIsNotUnderstoodIsRefusedInWords(text: String) {
        let failure = #expect(throws: MailConfigurationError.self) { try MailTransport.parse(text) }
        #expect(failure?.description.hasPrefix("mail: ") == true)
        #expect(failure?.description.contains("cret") == false)
    }

    @Test func foldersAreTakenAsTheyAre() throws {
        #expect("\(try MailTransport.parse("file:/var/mail/out"))" == "file:/var/mail/out")
        #expect("\(try MailTransport.parse("file:///var/mail/out"))" == "file:/var/mail/out")
        #expect("\(try MailTransport.parse("file:out"))" == "file:out")
    }

    @Test func passwordIsNeverShown() throws {
        let transport = try MailTransport.parse("smtp://user:hunter2@mail.test")
        #expect("\(transport)" == "smtp://user:***@mail.test:587?starttls=required")
        var dumped = ""
        dump(transport, to: &dumped)
        dump(transport.mailer(), to: &dumped)
        dumped +=
            String(reflecting: transport) + String(reflecting: transport.mailer())
            + "\(transport.mailer())"
        #expect(!dumped.contains("hunter2"))
    }

    @Test func textOfARelayIsCleaned() {
        let credentials = SMTPCredentials(user: "user", secret: .password("hunter2"))
        let said =
            "no\u{1B}[31m way\r\n hunter2 aHVudGVyMg== AHVzZXIAaHVudGVyMg== "
            + "\u{2028}\u{202E}\u{2066}\u{200B}\u{FEFF}\u{E000}"
            + String(repeating: "é", count: 300)
        let cleaned = ReplyText.cleaned(said, hiding: credentials.forms(of: "hunter2"))
        #expect(cleaned.hasPrefix("no[31m way *** *** *** éé"))
        #expect(cleaned.unicodeScalars.count == 200)
    }

    @Test func onlyAWholeReplyCounts() {
        var reader = ReplyReader()
        func read(_ line: String) { Array(line.utf8).withUnsafeBytes { reader.read($0) } }
        read("250-first\r\n")
        #expect(reader.last == nil)
        read("250 second\r\n")
        #expect(reader.last?.code == 250)
        #expect(reader.last?.text == "first second")
        reader.forget()
        read("hello\r\n")
        read("99 x\r\n")
        read("\r\n")
        #expect(reader.last == nil)
        read("250\r\n")
        #expect(reader.last?.text == "")
        reader.close()
        read("221 Bye\r\n")
        #expect(reader.last?.code == 250)
    }
}
