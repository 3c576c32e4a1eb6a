public import LockboxDomain

public typealias NoticeID = ID<Notice>

/// A letter to one person that waits to be sent, was sent, or cannot be.
public struct Notice: Identified, Hashable, Sendable {
    public static let idPrefix = "MSG"

    /// What it tells. The raw value is stored.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case managerAsked, customerAsked, reminder, lastReminder
        case rejected, approved, denied, expired, withdrawn, accessEnded
        case accessBegan, accessReport
        case accessScheduled, removalFailed, removalRecovered
        case questionAsked, questionAnswered
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
    }

    public let id: NoticeID
    public let kind: Kind
    public let tenant: TenantID
    public let request: AccessRequestID
    public let recipient: PersonID
    public let recipientName: String
    public let recipientAddress: EmailAddress
    /// What the letter says, by name, fixed when it was written so that a later change cannot alter
    /// it.
    public let facts: [String: String]
    public let createdAt: Timestamp
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

    public init(
        id: NoticeID,
        kind: Kind,
        tenant: TenantID,
        request: AccessRequestID,
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
            nextAttempt: sendAt,
            goodUntil: goodUntil,
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
        tenant: TenantID,
        request: AccessRequestID,
        recipient: PersonID,
        recipientName: String,
        recipientAddress: EmailAddress,
        facts: [String: String],
        createdAt: Timestamp,
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
            isUnwanted = true
        }
    }
}

/// Letters that wait, and those that were sent.
public protocol OutboxRecords {
    func insert(_ notice: Notice) throws
    func update(_ notice: Notice) throws
    /// Queued and due at `now`, earliest first.
    func noticesDue(at now: Timestamp, limit: Int) throws -> [Notice]
    func nextNoticeAttempt() throws -> Timestamp?
    /// An attempt to send it begins. False where it is not queued any more.
    func beginNotice(_ id: NoticeID, at now: Timestamp) throws -> Bool
    /// Cancels the queued notices of `kinds` about `request`, as `Notice.cancel` does.
    func cancelNotices(about request: AccessRequestID, kinds: [Notice.Kind]) throws
    /// In order of creation.
    func notices(about request: AccessRequestID) throws -> [Notice]
}
