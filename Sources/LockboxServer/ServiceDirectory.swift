import AsyncHTTPClient
import Crypto
import Foundation
import LockboxAPI
import LockboxDomain
import LockboxEnforcement
import LockboxPorts
import Logging
import Synchronization

/// The registered services with their secrets, which are read from files and held in memory only.
final class ServiceDirectory: ServiceClients, EnforcerDirectory {
    private struct Client {
        let service: ServiceID
        /// SHA-256, so that secrets of any length are compared in the same time.
        let secretHash: SHA256Digest
    }

    private let store: any Store
    private let http: HTTPClient
    private let logger: Logger
    private let clients = Mutex<[String: Client]>([:])

    init(store: any Store, http: HTTPClient, logger: Logger) {
        self.store = store
        self.http = http
        self.logger = logger
    }

    /// Reads the services and their secrets anew. A service whose secret cannot be read is not
    /// known until it can.
    func reload() async throws {
        let services = try await store.read(.endingAccess) { tx in try tx.services() }
        var found: [String: Client] = [:]
        for settings in services {
            guard let introspection = settings.introspection else { continue }
            do {
                let secret = try SecretFile.read(
                    introspection.clientSecretFile,
                    for: "service \(settings.service.id)"
                )
                found[introspection.clientID] = Client(
                    service: settings.service.id,
                    secretHash: Self.hash(secret)
                )
            } catch {
                logger.error("a service's secret cannot be read", metadata: ["error": "\(error)"])
            }
        }
        clients.withLock { $0 = found }
    }

    func service(clientID: String, secret: String) async -> ServiceID? {
        let client = clients.withLock { $0[clientID] }
        // Digests are compared in a time that does not tell where they differ.
        return client?.secretHash == Self.hash(secret) ? client?.service : nil
    }

    /// The key is read for each removal, so that a new one works without a restart.
    func enforcer(of service: ServiceID) async throws -> (any Enforcer)? {
        let doveadm = try await store.read(.endingAccess) { tx in try tx.service(service)?.doveadm }
        guard let doveadm else { return nil }
        let key: String
        do {
            key = try SecretFile.read(doveadm.apiKeyFile, for: "service \(service)")
        } catch {
            logger.error("a service's key cannot be read", metadata: ["error": "\(error)"])
            throw EnforcerError("the key for the mail server cannot be read")
        }
        return DovecotEnforcer(client: http, url: doveadm.url, apiKey: key)
    }

    private static func hash(_ secret: String) -> SHA256Digest {
        SHA256.hash(data: Array(secret.utf8))
    }
}
