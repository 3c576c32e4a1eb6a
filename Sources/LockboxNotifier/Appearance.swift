/// How pages and letters show whose they are, and where there is help: what the provider's operator has
/// configured.
package struct Appearance: Sendable {
    /// A picture that pages show beside the name.
    package struct Logo: Sendable {
        /// Its media type: `image/svg+xml` or `image/png`.
        package let type: String
        package let bytes: [UInt8]

        /// Nil where `bytes` are neither a PNG (RFC 2083 §3.1) nor an SVG document.
        package init?(_ bytes: [UInt8]) {
            let text = String(decoding: bytes.prefix(1024), as: UTF8.self)
            if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
                type = "image/png"
            } else if text.hasPrefix("<"), text.contains("<svg") {
                type = "image/svg+xml"
            } else {
                return nil
            }
            self.bytes = bytes
        }
    }

    /// A colour as CSS writes it: `#0f6b63`; nil for none of its own.
    package let colour: String?
    package let logo: Logo?
    /// Whom to ask, in the operator's words: an address, a number, a place.
    package let help: String?
    /// The page of that, an `https` address.
    package let helpLink: String?

    package static let plain = Appearance()

    package init(
        colour: String? = nil,
        logo: Logo? = nil,
        help: String? = nil,
        helpLink: String? = nil
    ) {
        self.colour = colour
        self.logo = logo
        self.help = help
        self.helpLink = helpLink
    }
}
