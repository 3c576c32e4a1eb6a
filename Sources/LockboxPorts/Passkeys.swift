public import LockboxDomain

/// Passkeys. What a device calls one means one passkey for ever, so those that were removed are kept.
public protocol PasskeyRecords {
    func insert(_ passkey: Passkey) throws
    /// Nil if unknown or removed.
    func passkey(credential: [UInt8]) throws -> Passkey?
    /// Whether there is or was one that is called so.
    func hasPasskey(credential: [UInt8]) throws -> Bool
    /// Not removed, in order of creation.
    func passkeys(of person: PersonID) throws -> [Passkey]
    /// Writes down what its last use has changed.
    func update(_ passkey: Passkey) throws
    func removePasskey(_ id: PasskeyID, at now: Timestamp) throws
}
