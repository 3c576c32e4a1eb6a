import LockboxDomain
import LockboxPorts

extension PersonRecords where Self: SignInRecords & TokenRecords & SignInSettingsRecords {
    /// Whether somebody whose yes to what is asked at `now` counts in time has a way to sign in. Where
    /// nobody has, every request expires, and nobody is told why.
    func canDecide(for tenant: Tenant, asked now: Timestamp) throws -> Bool {
        let settings = try signInSettings(of: .tenant(tenant.id)) ?? .passwords
        let deadline = now + tenant.policy.decisionWindow
        return try approvers(of: tenant.id).contains { approver in
            guard approver.decidesFrom(at: deadline) == nil else { return false }
            if settings.provider != nil { return true }
            let hasPassword = try settings.allowsPasswords && password(of: approver.id) != nil
            return try hasPassword || !tokens(of: approver.id).isEmpty
        }
    }
}
