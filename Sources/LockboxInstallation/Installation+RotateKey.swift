import LockboxAudit
import LockboxDomain
import LockboxPorts
import LockboxServer
import LockboxService
import MerkleLog

extension Installation {
    /// Puts another signing key in place of the one that signs now, opened alone. Says what was done,
    /// a line each.
    ///
    /// Each step can be the last one before a crash: the server does not start while there is a next
    /// key, and the same again goes on from where it was. Nothing is signed by the new key that the
    /// logs do not say it signs.
    package func rotateKey() async throws -> [String] {
        let breaks = try await continuity.breaks()
        guard breaks.isEmpty else { throw LogsNotContinued(breaks) }
        if configuration.signingCommand != nil { return try await handOverKey() }
        guard try await server.log.isKeyKnown() else {
            throw ConfigurationError(
                "signing.keyFile: this is not the key that signed the logs; the one that did has to sign "
                    + "the next"
            )
        }
        let next = configuration.nextSigningKeyFile
        // What is sealed with keys derived from the present one stays readable.
        try configuration.keepServerSecret()
        // One that is there was made by a run that did not come to its end; logs may name it already.
        try SigningKey.make(next, SystemEntropy().bytes(32))
        let signer = try Ed25519CheckpointSigner(seed: SigningKey.load(next))
        let lockbox = server.lockbox
        try await server.log.change(to: signer) { try await lockbox.recordKeyChanges($0) }
        try await continuity.keepHeads()
        try configuration.beginNextSigningKey()
        return try await keys(of: signer)
    }

    /// Puts the key that `signing.command` has in place of the one in the key file, which is there
    /// still and signs this.
    private func handOverKey() async throws -> [String] {
        let log = try server.log.signing(
            by: Ed25519CheckpointSigner(seed: SigningKey.load(configuration.signingKeyFile))
        )
        guard try await log.isKeyKnown() else {
            throw ConfigurationError(
                "signing.keyFile: \(configuration.signingKeyFile) is not the key that signed the logs"
            )
        }
        try configuration.keepServerSecret()
        let (signer, lockbox) = (try configuration.signer(), server.lockbox)
        try await log.change(to: signer) { try await lockbox.recordKeyChanges($0) }
        try await continuity.keepHeads()
        return try await keys(of: signer) + [
            "\(configuration.signingKeyFile) signs no more: remove it from this machine"
        ]
    }

    private func keys(of signer: any CheckpointSigner) async throws -> [String] {
        let logs = try await store.read { tx in try tx.logs() }
        return try logs.map { log in
            try "\(log.logName): \(signer.verifierKey(origin: server.log.origin(of: log)))"
        }
    }
}
