import Crypto

/// The site that passkeys are for (WebAuthn §4, Relying Party), and the one origin that it has.
package struct RelyingParty: Hashable, Sendable {
    /// Its host, by which authenticators know it.
    package let id: String
    /// As browsers write it.
    package let origin: String

    /// Nil where no browser offers passkeys: without TLS, but on the machine itself, and where the
    /// host is an address and no name.
    package init?(scheme: String, host: String, origin: String) {
        let last = host.split(separator: ".", omittingEmptySubsequences: false).last ?? ""
        guard !host.hasPrefix("["), let first = last.utf8.first,
            !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first)
        else { return nil }
        guard scheme == "https" || host == "localhost" || host.hasSuffix(".localhost") else {
            return nil
        }
        id = host
        self.origin = origin
    }

    /// What authenticators say instead of its name.
    var hash: [UInt8] { Array(SHA256.hash(data: Array(id.utf8))) }
}
