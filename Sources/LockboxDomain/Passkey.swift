/// A key of a person's own by which she signs in and confirms, without a password (WebAuthn). Its
/// private half never leaves her device.
public struct Passkey: Identified, Hashable, Sendable {
    public static let idPrefix = "PKY"

    public let id: PasskeyID
    public let person: PersonID
    /// What she calls it.
    public let name: String
    /// What her device calls it.
    public let credential: [UInt8]
    /// As COSE writes it.
    public let publicKey: [UInt8]
    /// What her device was told to call her: no name and no address.
    public let userHandle: [UInt8]
    public let createdAt: Timestamp
    /// Whether it can be on several devices. That never changes.
    public let isBackupEligible: Bool
    public private(set) var isBackedUp: Bool
    /// How often it was used, as the device counts; 0 where it does not count.
    public private(set) var counter: UInt32
    public private(set) var lastUsedAt: Timestamp?
    /// When the newest question was asked that it has answered: an answer to an older one is a copy.
    public private(set) var answeredAt: Timestamp

    public init(
        id: PasskeyID,
        person: PersonID,
        name: String,
        credential: [UInt8],
        publicKey: [UInt8],
        userHandle: [UInt8],
        createdAt: Timestamp,
        isBackupEligible: Bool,
        isBackedUp: Bool,
        counter: UInt32,
        lastUsedAt: Timestamp? = nil,
        answeredAt: Timestamp
    ) {
        self.id = id
        self.person = person
        self.name = name
        self.credential = credential
        self.publicKey = publicKey
        self.userHandle = userHandle
        self.createdAt = createdAt
        self.isBackupEligible = isBackupEligible
        self.isBackedUp = isBackedUp
        self.counter = counter
        self.lastUsedAt = lastUsedAt
        self.answeredAt = answeredAt
    }

    /// Whether a question that was asked at `instant` can still be answered.
    public func canAnswer(askedAt instant: Timestamp) -> Bool { answeredAt < instant }

    /// It answered a question of `askedAt`. Says whether its counter fell, or stood still although it
    /// counts: another copy of the key may be in use (WebAuthn Level 3 §6.1.1). Keys that are synced
    /// between devices do so too, so that it is taken all the same.
    public mutating func use(
        askedAt: Timestamp,
        counter said: UInt32,
        isBackedUp: Bool,
        at now: Timestamp
    ) -> Bool {
        let fell = (said > 0 || counter > 0) && said <= counter
        answeredAt = askedAt
        counter = said
        self.isBackedUp = isBackedUp
        lastUsedAt = now
        return fell
    }
}

public typealias PasskeyID = ID<Passkey>
