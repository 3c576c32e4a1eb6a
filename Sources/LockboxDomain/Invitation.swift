/// Lets one person choose a password herself: by a letter to her own address, once, and for a while.
///
/// The letter holds a link and a code. The link opens a page and nothing else; the code, which is
/// stored nowhere, must be typed on it. So who only follows links, or sends forms that she found,
/// uses nothing up.
public struct Invitation: Hashable, Sendable {
    /// What it is for. The raw value is stored.
    public enum Purpose: String, Hashable, Sendable, CaseIterable {
        /// Somebody who may say so lets her in, for the first time or again.
        case firstSignIn
        /// Whoever gave her address at the door said that the password is forgotten.
        case forgottenPassword

        /// How long it is good.
        public var life: TimeSpan {
            switch self {
            case .firstSignIn: Limits.invitationLife
            case .forgottenPassword: Limits.forgottenPasswordLife
            }
        }
    }

    /// Whether it still opens anything.
    public enum Standing: Hashable, Sendable {
        case open
        case used
        /// Its time is over.
        case expired
        /// Too many wrong codes were typed.
        case guessed
        /// A newer one, another password or a change of the person took its place.
        case withdrawn
    }

    public let id: InvitationID
    public let person: PersonID
    public let purpose: Purpose
    /// Who made it; nil for the console and for whoever gave the address at the door.
    public let madeBy: PersonID?
    public let madeAt: Timestamp
    /// Over at this instant.
    public let endsAt: Timestamp
    public private(set) var wrongCodes: Int
    public private(set) var usedAt: Timestamp?
    public private(set) var withdrawnAt: Timestamp?

    public init(
        id: InvitationID,
        to person: PersonID,
        for purpose: Purpose,
        by madeBy: PersonID?,
        at now: Timestamp
    ) {
        self.init(
            stored: id,
            person: person,
            purpose: purpose,
            madeBy: madeBy,
            madeAt: now,
            endsAt: now + purpose.life,
            wrongCodes: 0,
            usedAt: nil,
            withdrawnAt: nil
        )
    }

    /// Reads back what was stored.
    public init(
        stored id: InvitationID,
        person: PersonID,
        purpose: Purpose,
        madeBy: PersonID?,
        madeAt: Timestamp,
        endsAt: Timestamp,
        wrongCodes: Int,
        usedAt: Timestamp?,
        withdrawnAt: Timestamp?
    ) {
        self.id = id
        self.person = person
        self.purpose = purpose
        self.madeBy = madeBy
        self.madeAt = madeAt
        self.endsAt = endsAt
        self.wrongCodes = wrongCodes
        self.usedAt = usedAt
        self.withdrawnAt = withdrawnAt
    }

    /// Whether it opens anything at `now`.
    public func standing(at now: Timestamp) -> Standing {
        if usedAt != nil { return .used }
        if withdrawnAt != nil { return .withdrawn }
        if wrongCodes >= Limits.wrongCodesPerInvitation { return .guessed }
        return now < endsAt ? .open : .expired
    }

    /// The code was given. Throws where it is not open any more.
    public mutating func use(at now: Timestamp) throws(InvitationOver) {
        let standing = standing(at: now)
        guard standing == .open else { throw InvitationOver(standing) }
        usedAt = now
    }

    /// Another code was given. Says whether it was one too many.
    public mutating func takeWrongCode(at now: Timestamp) -> Bool {
        guard standing(at: now) == .open else { return false }
        wrongCodes += 1
        return standing(at: now) == .guessed
    }

    /// It opens nothing from now on. One that was used stays used.
    public mutating func withdraw(at now: Timestamp) {
        if usedAt == nil && withdrawnAt == nil { withdrawnAt = now }
    }
}

/// An invitation opens nothing any more, or never did.
public struct InvitationOver: Error, Hashable, Sendable {
    /// Nil where there is none of that name.
    public let standing: Invitation.Standing?

    public init(_ standing: Invitation.Standing?) { self.standing = standing }
}

/// The name of an invitation in its link: 128 bits of chance, so that nobody comes upon it.
public struct InvitationID: Hashable, Sendable, CustomStringConvertible {
    /// 32 hexadecimal digits in lower case.
    public let text: String

    /// How many random bytes a new one is made of.
    public static var entropyBytes: Int { 16 }

    /// `entropy` must be `entropyBytes` fresh random bytes.
    public init(entropy: [UInt8]) {
        precondition(entropy.count == Self.entropyBytes)
        let digits = Array("0123456789abcdef".unicodeScalars)
        text = String(
            String.UnicodeScalarView(
                entropy.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
            )
        )
    }

    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 2 * Self.entropyBytes,
            bytes.allSatisfy({ $0.isDigit || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0) })
        else { return nil }
        self.text = text
    }

    /// Nothing of it: it is half of a way in.
    public var description: String { "an invitation" }
}
