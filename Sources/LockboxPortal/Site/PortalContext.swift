package import Hummingbird
import NIOCore

/// What is known of one request of a browser on its way through the portal.
package struct PortalContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// The address of the other end of the connection, for limits only: never for authorisation.
    let remoteAddress: String

    package init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        remoteAddress = source.channel.remoteAddress?.ipAddress ?? "unknown"
    }
}
