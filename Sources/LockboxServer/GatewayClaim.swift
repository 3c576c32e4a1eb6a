import Foundation
import LockboxPorts

/// Which processes on one database have gateways: either one process of its own, `lockboxd gateway`,
/// or servers, each with its own. The two together would not know of each other's connections, and
/// one would confirm as gone what the other still has.
final class GatewayClaim {
    private let claim: FileClaim

    /// Claims the gateways of the database at `path`: alone, or together with other servers.
    init(of path: String, alone: Bool) throws(ConfigurationError) {
        guard let claim = try FileClaim.take(path + ".gateway", alone: alone) else {
            throw ConfigurationError(
                alone
                    ? "another process has the gateways of this database: a `lockboxd gateway`, or a "
                        + "`lockboxd serve` that was started without `gateway: apart`; stop it first"
                    : "a `lockboxd gateway` has the gateways of this database; stop it first, or say "
                        + "`gateway: apart` for this server too"
            )
        }
        self.claim = claim
    }
}
