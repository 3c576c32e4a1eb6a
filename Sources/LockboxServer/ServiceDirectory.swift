import Crypto
import Foundation
import LockboxAPI
import LockboxDomain
import LockboxPorts
import LockboxWork
import Logging
import Synchronization

/// The registered services with their secrets, which are read from files and held in memory only.
final class ServiceDirectory: ServiceClients, EnforcerDirectory {
    private struct Client {
        let settings: ServiceSettings
        /// SHA-256, so that secrets of any length are compared in the same time.
        let secretHash: SHA256Digest
    }

    private let store: any Store
    private let kinds: ServiceKinds
    private let share: OrderShare
    private let logger: Logger
    private let clients = Mutex<(version: Int, byID: [String: Client])>((0, [:]))
    private let remembered = Mutex<[ServiceID: Remembered]>([:])

    /// What is known of a service where the store cannot be asked.
    private struct Remembered {
        let settings: ServiceSettings
        /// As it was made last; for when the service's key cannot be read now.
        let enforcer: (any Enforcer)?
    }

    /// Orders of services that are not in `share` are another process's: to them nothing is told here.
    init(store: any Store, kinds: ServiceKinds, share: OrderShare = .all, logger: Logger) {
        self.store = store
        self.kinds = kinds
        self.share = share
        self.logger = logger
    }

    /// Reads the services and their secrets anew. A service whose secret cannot be read is not
    /// known until it can. Gives what there is.
    @discardableResult
    func reload() async throws -> [ServiceSettings] {
        let services = try await store.read(.endingAccess) { tx in try tx.services() }
        let found = readClients(services)
        clients.withLock { $0 = ($0.version + 1, found) }
        let known = remembered.withLock { $0 }
        let now = services.map { settings in
            let id = settings.service.id
            do {
                return (id, Remembered(settings: settings, enforcer: try enforcer(by: settings)))
            } catch {
                // Said already, and said again whenever it is needed.
                return (id, Remembered(settings: settings, enforcer: known[id]?.enforcer))
            }
        }
        remembered.withLock { $0 = Dictionary(now) { first, _ in first } }
        return services
    }

    private func readClients(_ services: [ServiceSettings]) -> [String: Client] {
        // Gateways are asked by nobody, and need not know anybody's secret.
        guard share != .ofGateways else { return [:] }
        var found: [String: Client] = [:]
        for settings in services {
            guard let introspection = settings.introspection else { continue }
            do {
                let secret = try SecretFile.read(
                    introspection.clientSecretFile,
                    for: "service \(settings.service.id)"
                )
                found[introspection.clientID] = Client(
                    settings: settings,
                    secretHash: Self.hash(secret)
                )
            } catch {
                logger.error("a service's secret cannot be read", metadata: ["error": "\(error)"])
            }
        }
        return found
    }

    var version: Int { clients.withLock { $0.version } }

    func service(clientID: String, secret: String) async -> ServiceSettings? {
        let client = clients.withLock { $0.byID[clientID] }
        // Digests are compared in a time that does not tell where they differ.
        return client?.secretHash == Self.hash(secret) ? client?.settings : nil
    }

    func enforcer(of service: ServiceID) async throws -> (any Enforcer)? {
        let settings = try await store.read(.endingAccess) { tx in try tx.service(service) }
        guard let settings, share.includes(settings, of: kinds) else { return nil }
        return try enforcer(by: settings)
    }

    func rememberedEnforcer(of service: ServiceID) throws -> (any Enforcer)? {
        guard let known = remembered.withLock({ $0[service] }) else { return nil }
        do {
            return try enforcer(by: known.settings)
        } catch {
            guard let enforcer = known.enforcer else { throw error }
            return enforcer
        }
    }

    private func enforcer(by settings: ServiceSettings) throws -> (any Enforcer)? {
        // The server tells gateways apart of ends; they tell nobody anything.
        guard share != .ofGateways || share.includes(settings, of: kinds) else { return nil }
        return try kinds[settings.service.kind]?.enforcer(of: settings)
    }

    private static func hash(_ secret: String) -> SHA256Digest {
        SHA256.hash(data: Array(secret.utf8))
    }
}
