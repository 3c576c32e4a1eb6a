/// Why somebody could not be let in by what an OpenID provider sent.
package struct ProviderFault: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: Hashable, Sendable {
        /// It cannot be asked, or answers what makes no sense.
        case unreachable
        /// What it sent is not to be believed.
        case refused
        /// It sent somebody back without having let her in.
        case declined
    }

    package let kind: Kind
    /// What is wrong, the rest of a sentence that begins with its name. Of what was sent it holds
    /// nothing.
    package let what: String
    /// What only the log tells, since it may speak of this machine's network.
    package let detail: String?

    package init(_ kind: Kind, _ what: String, detail: String? = nil) {
        self.kind = kind
        self.what = what
        self.detail = detail
    }

    package var description: String { what }
}
