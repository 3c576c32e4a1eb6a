import LockboxDomain
import LockboxPorts

extension PersonRecords where Self: SignInRecords & TokenRecords & SignInSettingsRecords {
    /// Whether somebody who may decide for `tenant` has a way to sign in. Where nobody has, every
    /// request expires, and nobody is told why.
    func canDecide(for tenant: TenantID) throws -> Bool {
        let settings = try signInSettings(of: .tenant(tenant)) ?? .passwords
        return try approvers(of: tenant).contains { approver in
            if settings.provider != nil { return true }
            let hasPassword = try settings.allowsPasswords && password(of: approver.id) != nil
            return try hasPassword || !tokens(of: approver.id).isEmpty
        }
    }
}
