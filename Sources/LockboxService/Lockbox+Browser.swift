import LockboxAudit
package import LockboxDomain
import LockboxPorts

/// How a browser gets in at a service.
package struct BrowserOpening: Sendable {
    package let credential: Credential
    /// The origin at which it opens the service.
    package let address: String
    /// Good once, for a minute at most, and at the gateway of the service alone.
    package let code: String
}

/// What a browser is let in with.
package struct BrowserAccess: Equatable, Sendable {
    package let credential: Credential
    /// Of the credential's secret, which nobody was told.
    package let secretHash: [UInt8]

    package init(credential: Credential, secretHash: [UInt8]) {
        self.credential = credential
        self.secretHash = secretHash
    }
}

extension Lockbox {
    /// Issues a credential for a browser, whose secret nobody is told, with a code that stands for it.
    /// Throws where no browser is let in.
    package func openForBrowser(
        _ id: String,
        service: String?,
        resource name: String?,
        by caller: Person,
        key: CommandKey?
    ) async throws -> BrowserOpening {
        let asked = AskedCredential(service: service, resource: name, isForBrowser: true)
        let issued = try await issue(asked, for: id, by: caller, key: key)
        guard let address = issued.browserAddress else { throw AskedCredential.notForBrowsers }
        let credential = issued.credential
        return BrowserOpening(
            credential: credential,
            address: address,
            code: try await browserCode(for: credential, by: caller)
        )
    }

    /// It has the form of a credential's secret, so that addresses with one are refused, and what is
    /// written down has it taken out. Only its hash is kept.
    private func browserCode(for credential: Credential, by caller: Person) async throws -> String {
        try await store.write(by: .person(caller), for: .granting) { change in
            let code = Credential.secretPrefix + Self.text(change.entropy.bytes(32))
            let end = min(change.now + Limits.browserCodeLife, credential.expiresAt)
            guard change.now < end else { throw Refusal.accessNotActive(.ended) }
            try change.tx.insert(
                BrowserCode(
                    credential: credential.id,
                    issuedAt: change.now,
                    expiresAt: end
                ),
                codeHash: Self.hash(code),
                keeping: Limits.browserCodes
            )
            return code
        }
    }

    /// What the browser is let in with that shows `code` at `service`. Whatever comes of it, the code
    /// is used up before this returns; nil where it was before, is over or another service's, or where
    /// its access has ended.
    package func takeBrowserCode(_ code: String, at service: ServiceID) async throws
        -> BrowserAccess?
    {
        let hash = Self.hash(code)
        // Strangers may show whatever they like: only what is there is worth a write.
        let isKnown = try await store.read(.ordinary) { tx, _ in
            try tx.browserCode(codeHash: hash) != nil
        }
        guard isKnown else { return nil }
        return try await store.write(by: .service(service), for: .granting) { change in
            guard let code = try change.tx.takeBrowserCode(codeHash: hash),
                code.issuedAt <= change.now, change.now < code.expiresAt,
                let live = try change.tx.liveCredential(code.credential),
                live.credential.resource.service == service
            else { return nil }
            return BrowserAccess(credential: live.credential, secretHash: live.secretHash)
        }
    }
}
