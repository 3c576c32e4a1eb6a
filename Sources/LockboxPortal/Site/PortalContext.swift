package import LockboxHTTP

/// What is known of one request of a browser on its way through the portal.
package typealias PortalContext = DoorContext

/// One method of one path of the portal.
typealias Route = LockboxHTTP.Route
