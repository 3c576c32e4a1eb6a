import LockboxDomain
import LockboxPorts
import Synchronization

/// Connects to a database with a credential, as `psql` would.
struct PostgresSignIn: ServiceSignIn {
    private static let patience = PostgresSession.Patience(silence: 5000)

    let address: PostgresAddress
    let server: PostgresServer

    func session(of credential: Credential, secret: String) async throws(EnforcerError)
        -> any ServiceSession
    {
        var own = address
        own.keywords["user"] = credential.username
        own.keywords["password"] = secret
        own.database = credential.resource.localName
        do {
            return try await server.working.run { [own, server] in
                Result { try Open(own, at: server) }
            }.get()
        } catch {
            throw EnforcerError(error)
        }
    }

    private final class Open: ServiceSession {
        private let session: Mutex<PostgresSession>
        private let server: PostgresServer

        init(_ address: PostgresAddress, at server: PostgresServer) throws {
            session = Mutex(try PostgresSession(address, PostgresSignIn.patience))
            self.server = server
        }

        func use() async throws(EnforcerError) {
            do {
                try await server.working.run {
                    Result { _ = try self.session.withLock { try $0.rows("SELECT 1") } }
                }.get()
            } catch {
                throw EnforcerError(error)
            }
        }
    }
}
