/// Something that holds customers' data and obeys grants.
public struct ProtectedService: Named, Hashable, Sendable {
    /// The name of what is particular to it, such as `imap`: one of the kinds that the program was
    /// put together with.
    public struct Kind: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        public let rawValue: String

        /// Nil unless `rawValue` is 1 to 32 of `a–z 0–9 -` and begins with a letter.
        public init?(rawValue: String) {
            let bytes = Array(rawValue.utf8)
            guard Limits.serviceKindLength.contains(bytes.count), bytes[0].isLowercaseLetter,
                bytes.allSatisfy({
                    $0.isLowercaseLetter || $0.isDigit || $0 == UInt8(ascii: "-")
                })
            else { return nil }
            self.rawValue = rawValue
        }

        /// A name that stands in the source.
        public init(known name: StaticString) { rawValue = "\(name)" }

        public var description: String { rawValue }
    }

    public let id: ServiceID
    public var kind: Kind
    /// The type of its resources, the part of a resource's name before the colon: `mailbox`.
    public var resourceType: String

    public init(id: ServiceID, kind: Kind, resourceType: String) {
        self.id = id
        self.kind = kind
        self.resourceType = resourceType
    }
}
