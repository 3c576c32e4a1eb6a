public import LockboxDomain

public typealias NoticeID = ID<Notice>

/// A letter to one person, or to one address of the operators, that waits to be sent, was sent, or
/// cannot be.
public struct Notice: Identified, Hashable, Sendable {
    public static let idPrefix = "MSG"

    /// What it tells. The raw value is stored.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case managerAsked, customerAsked, reminder, lastReminder
        case rejected, approved, denied, expired, withdrawn, accessEnded
        case accessBegan, accessReport
        case accessScheduled, removalFailed, removalRecovered
        case questionAsked, questionAnswered
        /// To who takes part in a support request: somebody wrote; it was closed; it was reopened.
        case supportWritten, supportClosed, supportReopened
        /// To an engineer: a program asks for access on her behalf; and that it is taken back.
        case askedOnBehalf, takenBack
        /// To who was asked, once nobody needs to decide any more.
        case settled
        /// To a tenant's administrators: who her people are, or what holds for them, was changed.
        case sideChanged
        /// To a tenant's administrators: a question did not reach somebody who may decide.
        case approverUnreached
        /// To who got as many letters within a day as one may: what only reminds is left out.
        case lettersLeftOut
        /// To one person: how to choose a password, with a link and a code.
        case invitation
        /// To the operators: something needs a person.
        case operatorsNeeded
    }

    /// What became of it.
    public enum Delivery: String, Hashable, Sendable, CaseIterable {
        /// Waiting for its time or for another attempt.
        case queued
        case sent
        /// The receiving server refused this recipient for good, or the attempts are used up.
        case refused
        /// No longer true before it was sent, such as a reminder of a request that was decided.
        case cancelled
        /// An attempt ended without an answer, and the letter is no longer true: it may have
        /// arrived, and is not sent again.
        case unconfirmed
        /// A mail server took it, and a report that came back later says that it was not delivered.
        case bounced
        /// Its recipient had got as many letters within a day as one may, and it only reminds.
        case leftOut
    }

    /// Which letters overtake which. The raw value is stored; the lowest goes first.
    public enum Priority: Int, Hashable, Sendable, CaseIterable {
        /// Somebody waits for an answer, or must act.
        case urgent
        case outcome
        /// What is as good a minute later.
        case report
    }

    /// Whom the last answer that was no yes was about. The raw value is stored.
    public enum Trouble: String, Hashable, Sendable, CaseIterable {
        /// The relay does not take letters from us, or was not reached.
        case relay
        /// The relay does not take letters to this recipient now.
        case recipient
    }

    public let id: NoticeID
    public let kind: Kind
    /// Nil where it is about no customer.
    public let tenant: TenantID?
    /// Nil where it is about no request.
    public let request: AccessRequestID?
    /// That of the tenant's support request where it is about that, and about no access request.
    public var supportRequest: SupportRequestNumber?
    /// Nil for an address of the operators.
    public let recipient: PersonID?
    public let recipientName: String
    public let recipientAddress: EmailAddress
    /// What the letter says, by name, fixed when it was written so that a later change cannot alter
    /// it.
    public let facts: [String: String]
    public let createdAt: Timestamp
    /// When it was first due.
    public let sendAt: Timestamp
    /// Not before this instant is it sent (again).
    public var nextAttempt: Timestamp
    /// After this instant it would be untrue or useless, and is cancelled.
    public let goodUntil: Timestamp?
    public var delivery: Delivery
    public var attempts: Int
    /// The receiving server's last words, cleaned.
    public var lastReply: String?
    public var sentAt: Timestamp?
    /// When an attempt began whose outcome is not written down: the letter may have left.
    public var begunAt: Timestamp?
    /// Cancelled after that: what becomes of the attempt decides whether it was sent.
    public var isUnwanted = false
    /// Nil before the first attempt and after one that succeeded.
    public var trouble: Trouble?

    public init(
        id: NoticeID,
        kind: Kind,
        tenant: TenantID?,
        request: AccessRequestID?,
        recipient: Person,
        facts: [String: String],
        createdAt: Timestamp,
        sendAt: Timestamp,
        goodUntil: Timestamp? = nil
    ) {
        self.init(
            stored: id,
            kind: kind,
            tenant: tenant,
            request: request,
            recipient: recipient.id,
            recipientName: recipient.name,
            recipientAddress: recipient.email,
            facts: facts,
            createdAt: createdAt,
            sendAt: sendAt,
            nextAttempt: sendAt,
            goodUntil: goodUntil,
            delivery: .queued,
            attempts: 0,
            lastReply: nil,
            sentAt: nil
        )
    }

    /// One to an address of the operators.
    public init(
        id: NoticeID,
        toOperator address: EmailAddress,
        facts: [String: String],
        createdAt: Timestamp
    ) {
        self.init(
            stored: id,
            kind: .operatorsNeeded,
            tenant: nil,
            request: nil,
            recipient: nil,
            recipientName: "",
            recipientAddress: address,
            facts: facts,
            createdAt: createdAt,
            sendAt: createdAt,
            nextAttempt: createdAt,
            goodUntil: nil,
            delivery: .queued,
            attempts: 0,
            lastReply: nil,
            sentAt: nil
        )
    }

    /// Reads back what was stored.
    public init(
        stored id: NoticeID,
        kind: Kind,
        tenant: TenantID?,
        request: AccessRequestID?,
        recipient: PersonID?,
        recipientName: String,
        recipientAddress: EmailAddress,
        facts: [String: String],
        createdAt: Timestamp,
        sendAt: Timestamp,
        nextAttempt: Timestamp,
        goodUntil: Timestamp?,
        delivery: Delivery,
        attempts: Int,
        lastReply: String?,
        sentAt: Timestamp?
    ) {
        self.id = id
        self.kind = kind
        self.tenant = tenant
        self.request = request
        self.recipient = recipient
        self.recipientName = recipientName
        self.recipientAddress = recipientAddress
        self.facts = facts
        self.createdAt = createdAt
        self.sendAt = sendAt
        self.nextAttempt = nextAttempt
        self.goodUntil = goodUntil
        self.delivery = delivery
        self.attempts = attempts
        self.lastReply = lastReply
        self.sentAt = sentAt
    }
}

extension Notice {
    /// It is no longer true. What may have left is never called cancelled: the outcome decides.
    public mutating func cancel() {
        if begunAt == nil {
            delivery = .cancelled
        } else {
            // Nothing waits for what follows it longer than it must.
            isUnwanted = true
            nextAttempt = createdAt
        }
    }

    /// It must not be sent, not even again, and no attempt is under way.
    public mutating func drop() {
        delivery = begunAt == nil ? .cancelled : .unconfirmed
        begunAt = nil
        isUnwanted = false
    }

    /// Whether its recipient may have it.
    public var mayHaveArrived: Bool {
        switch delivery {
        case .sent, .unconfirmed: true
        case .bounced, .leftOut: false
        case .queued, .cancelled, .refused: begunAt != nil
        }
    }

    /// Whether its recipient has it, may have it, or will.
    public var reaches: Bool { delivery == .queued || mayHaveArrived }

    /// Its recipient has not got it and will not.
    public var isUndelivered: Bool { delivery == .refused || delivery == .bounced }

    /// A report says that it was not delivered. False where it never left, or that is known.
    public mutating func bounce(_ words: String) -> Bool {
        guard mayHaveArrived else { return false }
        delivery = .bounced
        lastReply = words
        trouble = .recipient
        begunAt = nil
        isUnwanted = false
        return true
    }
}

extension Notice.Kind {
    /// Letters that ask for a decision, and are untrue once somebody has decided.
    public static let asks: [Notice.Kind] = [
        .managerAsked, .customerAsked, .reminder, .lastReminder,
    ]

    /// Which letters it overtakes.
    public var priority: Notice.Priority {
        switch self {
        case .managerAsked, .customerAsked, .reminder, .lastReminder, .accessEnded,
            .removalFailed, .sideChanged, .approverUnreached, .operatorsNeeded, .invitation:
            .urgent
        case .rejected, .approved, .denied, .expired, .withdrawn, .accessScheduled, .accessBegan,
            .removalRecovered, .settled, .lettersLeftOut, .askedOnBehalf, .takenBack,
            .supportClosed, .supportReopened:
            .outcome
        case .accessReport, .questionAsked, .questionAnswered, .supportWritten: .report
        }
    }
}

/// Letters that wait, and those that were sent.
public protocol OutboxRecords {
    func insert(_ notice: Notice) throws
    func update(_ notice: Notice) throws
    func notice(_ id: NoticeID) throws -> Notice?
    /// Queued and due at `now`, by priority, and of one priority the earliest first.
    func noticesDue(at now: Timestamp, limit: Int) throws -> [Notice]
    func nextNoticeAttempt() throws -> Timestamp?
    /// An attempt to send it begins. False where it is not queued any more.
    func beginNotice(_ id: NoticeID, at now: Timestamp) throws -> Bool
    /// Cancels the queued notices of `kinds` about `request`, as `Notice.cancel` does.
    func cancelNotices(about request: AccessRequestID, kinds: [Notice.Kind]) throws
    /// In order of creation.
    func notices(about request: AccessRequestID) throws -> [Notice]
    /// Those about a support request, in order of creation.
    func notices(about number: SupportRequestNumber, of tenant: TenantID) throws -> [Notice]
    /// Those about no request, of `tenant`, that were written at `since` or later.
    func sideNotices(of side: Side, since: Timestamp) throws -> [Notice]
    /// Takes back a letter of this very instant, which nobody has seen yet.
    func remove(_ id: NoticeID) throws
    /// Letters to the operators that were written at `since` or later, or that still wait.
    func operatorNotices(since: Timestamp) throws -> [Notice]
}
