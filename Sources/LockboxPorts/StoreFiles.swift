/// What the files of a store say of their own state.
public protocol StoreFiles: Sendable {
    /// Looks at them. What cannot be looked at is an error.
    func state() async throws -> StoreFilesState
    /// Takes out of them what the store holds no longer: rows that were changed or removed. Whoever
    /// reads or writes waits a moment at the most; where that is not enough it throws.
    func clear() async throws
}

/// How the files of a store are at one moment.
public struct StoreFilesState: Hashable, Sendable {
    /// Whether they are those that were opened, and still in their places. Where not, what is
    /// written would be lost with them, so nothing is.
    public var areInPlace: Bool
    /// What the disk that they are on has left for us, in bytes.
    public var freeBytes: Int64

    public init(areInPlace: Bool, freeBytes: Int64) {
        self.areInPlace = areInPlace
        self.freeBytes = freeBytes
    }
}
