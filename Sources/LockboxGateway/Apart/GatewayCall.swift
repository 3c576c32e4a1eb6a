import Foundation
package import LockboxDomain
package import LockboxPorts
import LockboxServices

/// The socket on which the process that has the gateways hears of ends. It lies in a folder that is
/// closed to others.
package struct GatewaySocket: Sendable {
    let path: String
    private let folder: String

    /// The longest name that the system takes, in bytes (unix(7)).
    private static let longest = 107

    /// `folder` is its own, and is made where there is none.
    package init(in folder: String) throws(ConfigurationError) {
        self.folder = folder
        path = folder + "/socket"
        guard path.utf8.count <= Self.longest else {
            throw ConfigurationError(
                "dataDir: \(path) is longer than \(Self.longest) bytes, which the name of a socket cannot "
                    + "be; choose a shorter folder"
            )
        }
    }

    func prepare() throws {
        try FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
    }

    /// The system's form of the address.
    fileprivate var address: sockaddr_un {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return address
    }
}

/// The server's side: tells the process that has the gateways of ends.
package struct GatewayCall: GatewaysApart {
    /// Seconds for it to take what it is told, and to say so.
    private static let patience = 1

    private let socket: GatewaySocket
    private let pool = BlockingPool(width: 2, label: "lockbox.gateway-call")

    package init(to socket: GatewaySocket) { self.socket = socket }

    package func end(_ grants: Set<GrantID>) async throws(EnforcerError) {
        let lines = grants.map { $0.text + "\n" }.sorted().joined() + "\n"
        let isTaken: Bool
        do {
            isTaken = try await pool.run { Self.tell(lines, socket) }
        } catch {
            isTaken = false
        }
        guard isTaken else { throw EnforcerError("the gateway apart does not answer") }
    }

    private static func tell(_ lines: String, _ target: GatewaySocket) -> Bool {
        let connection = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard connection >= 0 else { return false }
        defer { close(connection) }
        var time = timeval(tv_sec: patience, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(
                connection,
                SOL_SOCKET,
                option,
                &time,
                socklen_t(MemoryLayout<timeval>.size)
            )
        }
        let isConnected = withUnsafePointer(to: target.address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(connection, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        let length = lines.utf8.count
        guard isConnected, send(connection, lines, length, Int32(MSG_NOSIGNAL)) == length
        else { return false }
        var answer: UInt8 = 0
        return recv(connection, &answer, 1, 0) == 1 && answer == EndsTold.taken
    }
}
