/// A member that is always there: `null` when there is nothing to say, never left out.
///
/// Readers then see from any one answer which members exist. When read, a missing member counts as
/// `null`, so that a client goes on working with a server older than itself.
@propertyWrapper
public struct Nullable<Wrapped: Codable & Hashable & Sendable>: Codable, Hashable, Sendable {
    public var wrappedValue: Wrapped?

    public init(wrappedValue: Wrapped?) { self.wrappedValue = wrappedValue }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        wrappedValue = container.decodeNil() ? nil : try container.decode(Wrapped.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let wrappedValue {
            try container.encode(wrappedValue)
        } else {
            try container.encodeNil()
        }
    }
}

extension KeyedDecodingContainer {
    /// Synthesised decoders call this one for `Nullable` members.
    func decode<Wrapped>(_ type: Nullable<Wrapped>.Type, forKey key: Key) throws -> Nullable<
        Wrapped
    > {
        Nullable(wrappedValue: try decodeIfPresent(Wrapped.self, forKey: key))
    }
}
