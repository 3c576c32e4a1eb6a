public import LockboxDomain

/// What a code stands for that lets a browser in at the gateway of a service: good once, and for a
/// minute at most.
public struct BrowserCode: Hashable, Sendable {
    public let credential: CredentialID
    public let issuedAt: Timestamp
    public let expiresAt: Timestamp

    public init(credential: CredentialID, issuedAt: Timestamp, expiresAt: Timestamp) {
        self.credential = credential
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
    }
}

/// Codes that let browsers in, by the hash of their text: the portal that gives one may be in another
/// process than the gateway that takes it.
public protocol BrowserCodeRecords {
    /// `codeHash` is SHA-256 of the code. Of more than `most` those go that are over first.
    func insert(_ code: BrowserCode, codeHash: [UInt8], keeping most: Int) throws
    func browserCode(codeHash: [UInt8]) throws -> BrowserCode?
    /// Takes it out, so that it is found once; nil where it is not there any more.
    func takeBrowserCode(codeHash: [UInt8]) throws -> BrowserCode?
}
