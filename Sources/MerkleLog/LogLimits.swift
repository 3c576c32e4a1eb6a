/// What this room accepts at most. Everything read from outside is measured against these first.
public enum LogLimits {
    /// Leaves in one tree. Leaves room for every shift and sum below to stay within 64 bits, and
    /// fits a signed column.
    public static let treeSize = UInt64(Int64.max)

    /// Bytes of one log entry: its length is written as two bytes (C2SP tlog-tiles, "Log entries").
    public static let entryBytes = Int(UInt16.max)

    /// Bytes of a whole signed note, signatures included.
    public static let noteBytes = 1 << 20

    /// Signature lines in one note; C2SP signed-note asks for at least 16.
    public static let noteSignatures = 64
}
