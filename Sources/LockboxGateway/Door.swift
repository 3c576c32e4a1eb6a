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

    /// The service's own credential as a value of `Authorization`; nil where it has none. Throws
    /// where it cannot be read.
    func authorization() throws -> String? {
        guard gateway.upstreamSecretFile != nil else { return nil }
        guard let value = files.withLock({ $0.authorization }) else {
            throw ConfigurationError("the service's credential cannot be read")
        }
        return value
    }

    /// What new connections are secured with.
    var tls: NIOSSLContext? { files.withLock { $0.tls } }

    /// Reads the files anew. What cannot be read now stays as it was read last.
    func readFiles() throws {
        if let path = gateway.upstreamSecretFile {
            let secret = try readSecret(path)
            // One word is a token; two are scheme and credentials.
            let value = secret.contains(" ") ? secret : "Bearer \(secret)"
            guard value.utf8.allSatisfy({ (0x20...0x7e).contains($0) }) else {
                throw ConfigurationError("the service's credential is not one line of ASCII")
            }
            files.withLock { $0.authorization = value }
        }
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
        server.applicationProtocols = ["http/1.1"]
        let context = try NIOSSLContext(configuration: server)
        files.withLock {
            $0.tls = context
            $0.tlsBytes = bytes
        }
    }
}

/// What the connections of one event loop to one gateway have in common.
final class Door {
    typealias Job = @Sendable () async -> Void

    let service: GatewayService
    let gate: Gate
    let book: GatewayBook
    let pool: UpstreamPool
    let loop: any EventLoop
    private let jobs: AsyncStream<Job>.Continuation

    init(
        _ service: GatewayService,
        gate: Gate,
        book: GatewayBook,
        jobs: AsyncStream<Job>.Continuation,
        on loop: any EventLoop
    ) {
        self.service = service
        self.gate = gate
        self.book = book
        self.jobs = jobs
        self.loop = loop
        pool = UpstreamPool(service.upstream, tls: service.upstreamTLS, on: loop)
    }

    /// Asks the gate, and gives its answer to `reply` on the event loop.
    func ask(
        _ question: Gate.Question,
        _ reply: @escaping @Sendable (Gate.Verdict) -> Void
    ) {
        let result = jobs.yield { [gate, loop] in
            let verdict = await gate.verdict(on: question)
            loop.execute { reply(verdict) }
        }
        if case .enqueued = result { return }
        loop.execute { reply(.unavailable) }
    }
}
