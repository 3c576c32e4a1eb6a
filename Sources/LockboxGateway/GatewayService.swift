import Foundation
import LockboxDomain
import LockboxPorts
import LockboxServices
import NIOCore
import NIOSSL
import Synchronization

/// A protected service as its gateway sees it: where it is, and what the files hold now that its
/// settings name.
final class GatewayService: Sendable {
    let settings: ServiceSettings
    let gateway: GatewaySettings
    let upstream: UpstreamAddress
    let upstreamTLS: NIOSSLContext?
    let upstreamPlaces = UpstreamPlaces()
    private let rules: ActionRules?

    private struct Files {
        var authorization: String?
        var tls: NIOSSLContext?
        var tlsBytes: [Data] = []
    }

    private let files = Mutex(Files())
    private let readSecret: @Sendable (String) throws -> String

    init(
        _ settings: ServiceSettings,
        _ gateway: GatewaySettings,
        secret: @escaping @Sendable (String) throws -> String
    ) throws {
        self.settings = settings
        self.gateway = gateway
        readSecret = secret
        rules = HTTPKind.rules(of: settings)
        guard let origin = URLComponents(string: gateway.upstream), let host = origin.host else {
            throw ConfigurationError("the upstream of service \(settings.service.id) is no address")
        }
        let isSecure = origin.scheme == "https"
        upstream = UpstreamAddress(
            host: host.trimmingCharacters(in: ["[", "]"]),
            port: origin.port ?? (isSecure ? 443 : 80),
            isSecure: isSecure,
            authority: origin.port.map { "\(host):\($0)" } ?? host
        )
        var client = TLSConfiguration.makeClientConfiguration()
        if let file = gateway.upstreamCAFile { client.trustRoots = .file(file) }
        client.applicationProtocols = ["http/1.1"]
        upstreamTLS = try isSecure ? NIOSSLContext(configuration: client) : nil
        try readFiles()
    }

    /// `https`, or `http` where the gateway listens in plain.
    var scheme: String { gateway.tls == nil ? "http" : "https" }

    /// What `request` needs; nil where nobody may make it.
    func actions(for request: RequestHead) -> Actions? {
        guard let rules else { return request.isSafe ? .read : .write }
        return rules.actions(
            forMethod: request.method,
            parts: request.target.parts,
            isWebSocket: request.isWebSocket
        )
    }

    /// The service's own credential as a value of `Authorization`; nil where it has none.
    var authorization: String? { files.withLock { $0.authorization } }

    /// What new connections are secured with.
    var tls: NIOSSLContext? { files.withLock { $0.tls } }

    /// Reads the files anew, each whatever the other is like. What cannot be read now stays as it was
    /// read last.
    func readFiles() throws {
        let credential = Result { try readCredential() }
        try readCertificate()
        try credential.get()
    }

    private func readCredential() throws {
        guard let path = gateway.upstreamSecretFile else { return }
        let secret = try readSecret(path)
        // One word is a token; two are scheme and credentials.
        let value = secret.contains(" ") ? secret : "Bearer \(secret)"
        guard value.utf8.allSatisfy({ (0x20...0x7e).contains($0) }) else {
            throw ConfigurationError("the service's credential is not one line of ASCII")
        }
        files.withLock { $0.authorization = value }
    }

    private func readCertificate() throws {
        guard let own = gateway.tls else { return }
        let bytes = try [own.certificateFile, own.keyFile].map {
            try Data(contentsOf: URL(filePath: $0))
        }
        guard files.withLock({ $0.tlsBytes != bytes }) else { return }
        var server = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(bytes[0])).map {
                .certificate($0)
            },
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(bytes[1]), format: .pem))
        )
        server.minimumTLSVersion = .tlsv12
        server.applicationProtocols = ["h2", "http/1.1"]
        let context = try NIOSSLContext(configuration: server)
        files.withLock {
            $0.tls = context
            $0.tlsBytes = bytes
        }
    }
}
