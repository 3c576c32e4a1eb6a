public import LockboxDomain

/// Hands letters to a mail relay.
public protocol Mailer: Sendable {
    /// Returns once the relay has taken responsibility for `letter`. Sending the same letter again
    /// is how a failure is made good, always with the same `messageID`, so that a second copy can
    /// be told from a second letter.
    ///
    /// `mayGo` is asked at the last moment at which the letter can be held back; where it says no,
    /// nothing has left, and that is `heldBack`.
    func send(_ letter: Letter, while mayGo: @escaping @Sendable () -> Bool)
        async throws(MailError) -> MailReceipt
}

extension Mailer {
    /// Sends what nothing can hold back.
    public func send(_ letter: Letter) async throws(MailError) -> MailReceipt {
        try await send(letter) { true }
    }
}

/// One mail to one person.
public struct Letter: Sendable, Equatable {
    /// `left@right`, without angle brackets; unique for ever.
    public var messageID: String
    /// The message ids of the letters this one follows, oldest first: what makes it part of their
    /// thread.
    public var references: [String]
    public var date: Timestamp
    public var from: Mailbox
    /// Where reports come back that it was not delivered; the mailer's own where nil.
    public var returnPath: String?
    public var to: Mailbox
    public var subject: String
    /// The body for readers of plain text.
    public var text: String
    /// The same body as HTML.
    public var html: String

    public init(
        messageID: String,
        references: [String] = [],
        date: Timestamp,
        from: Mailbox,
        returnPath: String? = nil,
        to: Mailbox,
        subject: String,
        text: String,
        html: String
    ) {
        self.messageID = messageID
        self.references = references
        self.date = date
        self.from = from
        self.returnPath = returnPath
        self.to = to
        self.subject = subject
        self.text = text
        self.html = html
    }
}

/// A mail address and the name shown with it. An empty name shows the address alone.
public struct Mailbox: Sendable, Hashable {
    public var name: String
    public var address: String

    public init(name: String, address: String) {
        self.name = name
        self.address = address
    }
}

/// The relay's word that it has the letter.
public struct MailReceipt: Sendable, Equatable {
    /// The relay's last reply, code first. Cleaned like the texts of `MailError`.
    public let reply: String

    public init(reply: String) { self.reply = reply }
}

/// Why a letter was not sent. Texts hold no control characters, at most 200 characters, and never a
/// password.
public enum MailError: Error, Sendable, Equatable {
    /// This recipient does not exist or takes no letters: an answer that trying again does not
    /// change.
    case refused(code: Int, text: String)
    /// The relay will not take a letter for this recipient now.
    case deferred(code: Int, text: String)
    /// The relay's answer is about us, or about itself: sign-in, sender, quota, policy, its own
    /// state. The recipient has nothing to do with it, whatever the class of the code.
    case relayRefused(code: Int, text: String)
    /// The relay was not reached or did not talk to us: no connection, TLS, time out. Certainly not
    /// delivered.
    case unreachable(String)
    /// `mayGo` said no. Certainly not delivered, and nobody refused anything.
    case heldBack
    /// The relay would have had the letter from us without the sign-in that is configured. Nothing
    /// was sent.
    case unsafe(String)
    /// The whole letter went out and no reply came back: it may have been delivered.
    case outcomeUnknown(String)
    /// The letter cannot be written as mail because of this field. Nothing was sent, and never will
    /// be.
    case invalid(field: String)
}
