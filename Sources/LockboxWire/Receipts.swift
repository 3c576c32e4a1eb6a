/// The records of one request with their proofs, as one file that stands alone
/// (docs/spec/receipt.md).
public struct Receipt: Codable, Hashable, Sendable {
    /// What `type` says, and where the file's lines are cut: a record has a line of its own.
    public static let form = "lockbox-receipt/v1"
    /// How the first line ends.
    public static let opening = #""records":["#
    /// How the last line begins.
    public static let closing = "],"

    /// The signed head that each proof leads to: a signed note (C2SP tlog-checkpoint).
    public var checkpoint: String
    /// The key that signed it (C2SP vkey). A verifier compares it with one that it got elsewhere.
    public var key: String
    /// By rising index.
    public var records: [AuditRecord]
    /// The access request, `LBX-…`.
    public var request: String
    public var type: String
}
