import LockboxAudit
package import LockboxDomain
import LockboxPorts

extension Lockbox {
    /// Whether somebody who may decide for `tenant` has a way to sign in. Where nobody has, every
    /// request expires, and nobody is told why.
    package func canDecide(for tenant: TenantID, by caller: Person) async throws -> Bool {
        try await query(by: caller) { _, tx, _ in try tx.canDecide(for: tenant) }
    }
}

extension PersonRecords where Self: SignInRecords & TokenRecords {
    func canDecide(for tenant: TenantID) throws -> Bool {
        try approvers(of: tenant).contains { approver in
            let hasPassword = try password(of: approver.id) != nil
            return try hasPassword || !tokens(of: approver.id).isEmpty
        }
    }
}
