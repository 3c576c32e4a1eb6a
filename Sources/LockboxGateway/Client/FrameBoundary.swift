/// Follows the frames of a WebSocket from the service to the client (RFC 6455 §5.2), to know when
/// one of ours can be put between two of them.
struct FrameBoundary {
    /// A close frame with the status 1008, and why.
    static let accessEnded: [UInt8] = {
        let reason: [UInt8] = [0x03, 0xf0] + Array("access ended".utf8)
        return [0x88, UInt8(reason.count)] + reason
    }()

    /// Bytes of the present frame's head.
    private var head: [UInt8] = []
    /// Bytes of its content that are to come.
    private var left: UInt64 = 0

    /// Whether the next byte begins a frame.
    var isBetween: Bool { head.isEmpty && left == 0 }

    mutating func pass(_ bytes: some Collection<UInt8>) {
        var rest = bytes[...]
        while !rest.isEmpty {
            if left > 0 {
                let count = Int(min(left, UInt64(rest.count)))
                rest = rest.dropFirst(count)
                left -= UInt64(count)
            } else if let byte = rest.popFirst() {
                head.append(byte)
                if let length = lengthOfContent() { (head, left) = ([], length) }
            }
        }
    }

    /// The length of the content and its mask, once the head says it.
    private func lengthOfContent() -> UInt64? {
        guard head.count >= 2 else { return nil }
        let mask: UInt64 = head[1] & 0x80 == 0 ? 0 : 4
        let short = head[1] & 0x7f
        let extra = short < 126 ? 0 : short == 126 ? 2 : 8
        guard head.count == 2 + extra else { return nil }
        guard extra > 0 else { return UInt64(short) + mask }
        let length = head.dropFirst(2).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return (length & ~(1 << 63)) + mask
    }
}
