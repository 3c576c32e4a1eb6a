import Hummingbird
import LockboxDomain
package import LockboxHTTP

/// What is known of one request of a browser on its way through the portal.
package typealias PortalContext = DoorContext

/// One method of one path of the portal.
typealias Route = LockboxHTTP.Route

extension DoorContext {
    /// The `{id}` of the path.
    func id() throws -> String {
        guard let id = parameters.get("id") else { throw Refusal.notFound(.page) }
        return id
    }
}
