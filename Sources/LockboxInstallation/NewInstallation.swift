import Foundation
import LockboxPorts
package import LockboxServer
import MerkleLog

/// The files of an installation that is not there yet.
package struct NewInstallation {
    private let folder: URL
    private let entropy = SystemEntropy()

    package init(folder: String) { self.folder = URL(filePath: folder) }

    /// Makes them, and says which. Changes nothing if one of them is there already. All can be read
    /// by their owner alone.
    package func make() throws -> [String] {
        let keys = ["keys/signing.key", "keys/server.secret"]
        let files = [
            ("secrets/dovecot", secret()), ("secrets/doveadm", secret()),
            ("lockbox.yaml", configuration()), ("directory.yaml", Self.directory),
        ]
        let names = files.map(\.0) + keys
        for name in names where FileManager.default.fileExists(atPath: path(name)) {
            throw ConfigurationError(
                "\(path(name)) is there already; init changes nothing that exists"
            )
        }
        for name in ["", "secrets", "keys", "data"] {
            do {
                try FileManager.default.createDirectory(
                    atPath: path(name),
                    withIntermediateDirectories: true,
                    attributes: [.posixPermissions: 0o700]
                )
            } catch {
                throw ConfigurationError("the folder \(path(name)) cannot be made")
            }
        }
        for (name, text) in files {
            let isMade = FileManager.default.createFile(
                atPath: path(name),
                contents: Data(text.utf8),
                attributes: [.posixPermissions: 0o600]
            )
            guard isMade else { throw ConfigurationError("\(path(name)) cannot be written") }
        }
        for key in keys { try SigningKey.make(path(key), entropy.bytes(32)) }
        return names
    }

    /// Makes the keys that `configuration` names and that are not there, and says which. Throws where
    /// logs are signed already, or may be: another signing key would sign another history.
    package static func makeKeys(of configuration: Configuration) async throws -> [String] {
        let files = FileManager.default
        let key = configuration.signingKeyFile
        let named = [
            configuration.signingCommand == nil ? key : nil, configuration.serverSecretFile,
        ]
        let wanted = named.compactMap(\.self).filter { !files.fileExists(atPath: $0) }
        // What older installations derive from the signing key stays so.
        guard let first = named.compactMap(\.self).first, wanted.contains(first) else {
            throw ConfigurationError(
                "the keys that the configuration names are there already; init changes nothing that exists"
            )
        }
        var isSigned = files.fileExists(atPath: configuration.signedHeadsFile)
        let isThere =
            configuration.databaseServer != nil || files.fileExists(atPath: configuration.database)
        if !isSigned, isThere {
            let database = try await OpenDatabase.open(configuration)
            isSigned = try await database.store.read { tx in
                try tx.logs().contains { try tx.lastCheckpoint(of: $0) != nil }
            }
            try await database.close()
        }
        guard !isSigned else {
            throw ConfigurationError(
                "the logs in \(configuration.databaseName) are signed already: put \(key) back from its copy. "
                    + "If it is lost for good, move \(configuration.signedHeadsFile) and the database away "
                    + "and begin anew"
            )
        }
        for path in wanted { try SigningKey.make(path, SystemEntropy().bytes(32)) }
        return wanted
    }

    private func path(_ name: String) -> String {
        (name.isEmpty ? folder : folder.appending(path: name)).standardizedFileURL.path
    }

    private func secret() -> String { Hex.encode(entropy.bytes(32)) + "\n" }

    /// The logs' name is made up, so that it depends on no address; it may be another one until
    /// something is signed.
    private func configuration() -> String {
        let origin = "lockbox-\(Hex.encode(entropy.bytes(8)))"
        return """
            # How the server runs. Paths are relative to this file. Each key can be overridden by an
            # environment variable: LOCKBOX_LISTEN, LOCKBOX_SIGNING_KEYFILE, …

            # Lockbox speaks HTTP here; a TLS proxy stands in front of it.
            listen: 127.0.0.1:8443

            # What services ask, and /metrics, on listeners of their own and there alone.
            # serviceListen: 127.0.0.1:8444
            # operatorListen: 127.0.0.1:8445

            # Gateways in a process of their own, lockboxd gateway, and where operators look at it.
            # gateway: apart
            # gatewayOperatorListen: 127.0.0.1:8446

            # What browsers and letters use. Plain http is for this machine alone.
            publicURL: http://127.0.0.1:8443
            # publicURL: https://lockbox.provider.example

            # The proxies whose word on a client's address counts.
            # trustedProxies: [127.0.0.1]

            database: sqlite:data/lockbox.db
            dataDir: data

            # Letters are written to files until a mail server is named: a file, closed to others, that
            # holds smtp://user:password@mail.provider.example:587?starttls=required
            mail: file:data/letters
            # mailFile: secrets/mail

            # Signs the logs. Keep a copy apart from the database: it cannot be made again. Where the
            # logs end by now is kept beside it, in keys/signing.key.heads: the folder is written.
            signing: { keyFile: keys/signing.key }

            # level: trace, debug, info, notice, warning, error, critical.
            # origin: what the names of the audit logs begin with, whatever the address. Verifiers know
            # a log by it: choose one of yours, such as lockbox.provider.example/2026, before the first
            # start, for after that it cannot change.
            log: { level: info, origin: \(origin) }

            """
    }

    private static let directory = """
        # Who there is, and which services obey. Change it, then: lockboxd apply -f directory.yaml
        # What is not mentioned stays as it is. Somebody who leaves gets "disabled: true".

        provider:
          name: Example Cloud
          people:
            - { email: eve@provider.example,  name: Eve Park, roles: [engineer] }
            - { email: mark@provider.example, name: Mark Lee, roles: [manager] }

        tenants:
          - id: contoso
            name: Contoso Ltd
            licence: { lockbox: true }
            # Addresses and mailboxes there are this tenant's alone.
            domains: [contoso.example]
            # Stricter later, never looser: that is for the tenant's own administrators.
            policy: { requireApproval: true, decisionWindow: PT12H, maxAccess: PT4H, approvalsNeeded: 1 }
            people:
              - { email: sue@contoso.example,  name: Sue Reyes, roles: [member] }
              - { email: adam@contoso.example, name: Adam Cole, roles: [approver] }
              - { email: gita@contoso.example, name: Gita Rao,  roles: [admin] }
            # The mailboxes of its people are resources by themselves.
            resources:
              - { service: mail, id: "mailbox:info@contoso.example" }

        services:
          # A mailbox behind Dovecot; docs/operating/dovecot.md says how Dovecot is set up.
          - id: mail
            kind: imap
            resources: mailbox
            introspection: { clientID: dovecot, clientSecretFile: secrets/dovecot }
            removal: { doveadm: { url: "http://127.0.0.1:10080/doveadm/v1", apiKeyFile: secrets/doveadm } }

        """
}
