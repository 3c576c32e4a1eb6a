import NIOCore

/// The bounds of a witness by name.
enum WitnessLimits {
    /// Connections at once, and what one address may have of them. A proxy on this machine speaks for
    /// many and is not bounded by itself.
    static let connections = 256
    static let connectionsOfAddress = 16
    /// How long a connection may go on in all, and how long it may be silent: whoever sends byte by
    /// byte holds a place for so long and no longer.
    static let connectionTime = TimeAmount.seconds(60)
    static let idleTime = TimeAmount.seconds(10)
    /// Requests of one address within `rateSeconds`.
    static let requests = 200
    static let rateSeconds: Int64 = 10
    /// Bytes of the fields of one request.
    static let fieldBytes = 16 * 1024
    static let fields = 100
    /// How long a write waits for another process that writes.
    static let busySeconds = 5.0
}
