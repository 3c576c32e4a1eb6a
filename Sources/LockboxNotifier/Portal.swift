/// Where people sign in, as letters name it.
package struct Portal: Hashable, Sendable {
    /// What the installation is called, such as `Adatum Lockbox`.
    package let name: String
    /// The site's root, `https://lockbox.example`; nil where letters show no address at all.
    package let address: String?

    /// Of `publicURL` only scheme, host and port are kept: a letter points at the door, never at
    /// anything behind it.
    package init(name: String, publicURL: String, showAddress: Bool) {
        self.name = name
        address = showAddress ? Self.root(of: publicURL) : nil
    }

    /// Nil where `url` is no plain web address. What stands before an `@` could make it look like
    /// another site's.
    private static func root(of url: String) -> String? {
        for scheme in ["https://", "http://"] where url.lowercased().hasPrefix(scheme) {
            let host = url.dropFirst(scheme.count).prefix { !"/?#\\".contains($0) }
            guard !host.isEmpty, host.unicodeScalars.allSatisfy({ isHostScalar($0) }) else {
                return nil
            }
            return scheme + host.lowercased()
        }
        return nil
    }

    private static func isHostScalar(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", ".", "-", ":", "[", "]": true
        case _: false
        }
    }
}
