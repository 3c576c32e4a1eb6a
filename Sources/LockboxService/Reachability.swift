import LockboxDomain
import LockboxPorts

extension PersonRecords where Self: SignInRecords & TokenRecords {
    /// Whether somebody who may decide for `tenant` has a way to sign in. Where nobody has, every
    /// request expires, and nobody is told why.
    func canDecide(for tenant: TenantID) throws -> Bool {
        try approvers(of: tenant).contains { approver in
            let hasPassword = try password(of: approver.id) != nil
            return try hasPassword || !tokens(of: approver.id).isEmpty
        }
    }
}
