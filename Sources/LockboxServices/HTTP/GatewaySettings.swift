import Foundation
package import LockboxPorts

/// How a service is reached through a gateway of this program.
package struct GatewaySettings: Codable, Hashable, Sendable {
    /// Where engineers come.
    package var listen: ListenAddress
    /// The service's own origin, such as `https://app.internal:8443`.
    package var upstream: String
    /// The service's own credential: a token, or scheme and credentials as in `Authorization`.
    package var upstreamSecretFile: String?
    /// Who signs the service's certificate, where the system does not know it.
    package var upstreamCAFile: String?
    package var tls: TLS?

    /// The gateway's own certificate and its key, in PEM.
    package struct TLS: Codable, Hashable, Sendable {
        package var certificateFile: String
        package var keyFile: String
    }
}

extension GatewaySettings {
    init<Value: SettingsValue>(_ value: Value) throws(ConfigurationError) {
        let fields = try value.members([
            "listen", "upstream", "upstreamSecretFile", "upstreamCAFile", "tls",
        ])
        let address = try fields.required("listen", of: value)
        guard let place = ListenAddress(try address.text()), place.port > 0, !place.host.isEmpty
        else { throw address.error("must be HOST:PORT such as 127.0.0.1:9443") }
        listen = place
        let target = try fields.required("upstream", of: value)
        upstream = try Self.origin(target)
        upstreamSecretFile = try fields["upstreamSecretFile"]?.secretFile()
        upstreamCAFile = try fields["upstreamCAFile"]?.file()
        if let block = fields["tls"] {
            let files = try block.members(["certificateFile", "keyFile"])
            tls = TLS(
                certificateFile: try files.required("certificateFile", of: block).file(),
                keyFile: try files.required("keyFile", of: block).secretFile()
            )
        }
        guard tls != nil || isThisMachine(place.host) else {
            throw address.error("is reached from other machines: give tls, or listen on 127.0.0.1")
        }
        if upstreamSecretFile != nil, upstream.hasPrefix("http:") {
            guard let name = URLComponents(string: upstream)?.host, isThisMachine(name) else {
                throw target.error("must be https, or the secret goes over the network in plain")
            }
        }
    }

    private static func origin<Value: SettingsValue>(_ value: Value) throws(ConfigurationError)
        -> String
    {
        let text = try value.text()
        guard let parsed = URLComponents(string: text), let scheme = parsed.scheme,
            ["http", "https"].contains(scheme), let host = parsed.host, !host.isEmpty,
            (1...65_535).contains(parsed.port ?? 443), parsed.path.isEmpty || parsed.path == "/",
            parsed.query == nil, parsed.fragment == nil,
            parsed.user == nil, parsed.password == nil
        else {
            throw value.error("must be an origin such as https://app.internal:8443, without a path")
        }
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }
}
