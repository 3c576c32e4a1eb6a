import Foundation
import LockboxApprovals
import LockboxClient
import LockboxWire

/// Ends of access and changes of rules that are signed.
extension Session {
    private func place(at tenant: String, _ options: SigningOptions) async throws -> StatementPlace
    {
        StatementPlace(
            tenant: tenant,
            person: try await me().id,
            logName: try remembered(options.logState, of: tenant)
        )
    }

    /// The end of access on `id`, signed; nil where the statement was written out.
    func signedRevoke(of id: String, _ comment: String?, _ options: SigningOptions) async throws
        -> NewRevoke?
    {
        let shown: AccessRequestBody = try await client.get(Path("v1", "requests", id))
        let statement = try await text(options) {
            try await client.post(Path("v1", "requests", shown.id, "revoke", "statement"))
        }
        let terms = RevokeTerms(
            request: shown,
            place: try await place(at: shown.tenant, options)
        )
        let said = try terms.statement(statement, now: shell.now())
        show(terms.sheet(said, now: shell.now()), of: statement)
        guard
            let signature = try await signature(over: statement, said, at: shown.tenant, options)
        else { return nil }
        return NewRevoke(comment: comment, statement: statement, signature: signature)
    }

    /// Whether the tenant of `id` asks for a signature where its people end access.
    func asksToSignRevoke(of id: String) async throws -> Bool {
        let shown: AccessRequestBody = try await client.get(Path("v1", "requests", id))
        let policy: PolicyBody = try await client.get(Path("v1", "tenants", shown.tenant, "policy"))
        return policy.signedChanges == "required"
    }

    /// `wanted` with a signature; nil where the statement was written out.
    func signedPolicy(
        _ wanted: NewPolicy,
        at tenant: String,
        version: Int,
        _ options: SigningOptions
    ) async throws -> NewPolicy? {
        let path = Path("v1", "tenants", tenant, "policy")
        let statement = try await text(options) {
            try await client.post(path.appending("statement"), wanted, ifVersion: version)
        }
        guard
            let signature = try await policySignature(
                over: statement,
                saying: wanted,
                at: tenant,
                version: version,
                options
            )
        else { return nil }
        var signed = wanted
        (signed.statement, signed.signature) = (statement, signature)
        return signed
    }

    /// The agreement to the rules that wait as `id`, signed; nil where the statement was written out.
    func signedAgreement(to id: String, at tenant: String, _ options: SigningOptions) async throws
        -> NewAgreement?
    {
        let path = Path("v1", "tenants", tenant, "policy")
        let policy: PolicyBody = try await client.get(path)
        let changes = try await client.list(path.appending("changes"), of: PolicyChangeBody.self)
        guard let change = changes.items.first(where: { $0.id == id }) else {
            throw Failure.failed("Nothing waits under that id. See “lockbox policy waiting”.")
        }
        let statement = try await text(options) {
            try await client.post(path.appending("changes").appending(id).appending("statement"))
        }
        let signature = try await policySignature(
            over: statement,
            saying: change,
            at: tenant,
            version: policy.version,
            options
        )
        return signature.map { NewAgreement(statement: statement, signature: $0) }
    }

    private func policySignature(
        over statement: String,
        saying rules: some Encodable,
        at tenant: String,
        version: Int,
        _ options: SigningOptions
    ) async throws -> SignatureBody? {
        let shown = try JSONDecoder().decode(JSONValue.self, from: JSONEncoder().encode(rules))
        let terms = PolicyTerms(
            rules: PolicyTerms.rules(of: shown),
            version: version,
            place: try await place(at: tenant, options)
        )
        let said = try terms.statement(statement, now: shell.now())
        show(terms.sheet(said, now: shell.now()), of: statement)
        return try await signature(over: statement, said, at: tenant, options)
    }
}
