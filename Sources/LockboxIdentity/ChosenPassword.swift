import CZxcvbn
import Foundation
import LockboxDomain

/// A password that a person chose, good enough to be one.
struct ChosenPassword {
    let text: String

    /// Throws a `Refusal` that names `field` where the password is too short or too long, or where
    /// whoever knows what people like to choose, and `words` about this one, would find it soon
    /// (NIST SP 800-63B-4 §3.1.1.2, OWASP ASVS 5.0 §6.2.4 and §6.2.11).
    init(_ text: String, knowing words: [String], field: String) throws {
        try Self.check(text, length: IdentityLimits.chosenPasswordLength, field: field)
        guard Self.bits(text, knowing: words) >= IdentityLimits.chosenPasswordBits else {
            throw Refusal.invalid(field: field, problem: .notAllowedHere(Self.easy))
        }
        self.text = text
    }

    /// Nothing is taken from a password, as from other texts, so that it is what was typed.
    static func check(
        _ text: String,
        length: ClosedRange<Int>,
        field: String
    ) throws(Refusal) {
        let count = text.unicodeScalars.count
        if count < length.lowerBound {
            throw .invalid(field: field, problem: .tooShort(minimum: length.lowerBound))
        }
        if count > length.upperBound {
            throw .invalid(field: field, problem: .tooLong(maximum: length.upperBound))
        }
    }

    private static let easy = """
        is one that others would soon guess. Take several words that do not belong together, or \
        what a password manager makes.
        """

    /// The binary logarithm of how many guesses it takes.
    private static func bits(_ text: String, knowing words: [String]) -> Double {
        // Guesses grow with each part, and the time to count them faster: the first ones will do.
        let counted = String(text.unicodeScalars.prefix(IdentityLimits.chosenPasswordCounted))
        let words = words.map { strdup($0) }
        defer { for word in words { free(word) } }
        var list: [UnsafePointer<CChar>?] = words.map { UnsafePointer($0) } + [nil]
        return ZxcvbnMatch(counted, &list, nil)
    }
}

extension Person {
    /// What is easily known about somebody, in parts of some length.
    func knownWords(at organisation: String) -> [String] {
        let texts = [name, organisation, "lockbox"] + ([email] + aliases).map(\.text)
        let parts = texts.flatMap { $0.split { !$0.isLetter && !$0.isNumber } }
        return parts.filter { $0.count > 2 }.map { $0.lowercased() }
    }
}
