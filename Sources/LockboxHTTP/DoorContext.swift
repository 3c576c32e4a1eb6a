package import Hummingbird
package import NIOCore

/// What is known of one HTTP request on its way through a door.
package struct DoorContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// The address of the other end of the connection, which may be a proxy; for limits only, never
    /// for authorisation.
    package let remoteAddress: String
    package let channel: any Channel
    /// False for a request that came over no connection, as tests ask.
    let hasConnection: Bool
    /// Where its answer is kept, and may be given again.
    package var repetition: Repetition?

    package init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
        hasConnection = source.channel.isActive
        remoteAddress = source.channel.remoteAddress?.ipAddress ?? "unknown"
    }
}
