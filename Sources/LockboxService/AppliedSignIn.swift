import LockboxAudit
import LockboxDomain
import LockboxPorts

extension Change {
    /// How people sign in. For a tenant the file says it until one of the tenant's administrators has
    /// signed in: who could say it later could let himself in as anybody there.
    mutating func applySignIn(_ file: DirectoryFile) throws -> [String] {
        var report: [String] = []
        if let wanted = file.providerSignIn, try tx.signInSettings(of: .provider) != wanted {
            try save(wanted, of: .provider)
            report.append("provider: signs in \(wanted.words)")
        }
        for customer in file.tenants {
            guard let wanted = customer.signIn else { continue }
            var before = try tx.signInSettings(of: .tenant(customer.id))
            before?.recoveryUntil = nil
            guard before != wanted else { continue }
            guard try tx.tenant(customer.id)?.administeredSince == nil else {
                report.append(
                    "tenant \(customer.id): kept how its people sign in where the file's differs: "
                        + "the tenant's own choice"
                )
                continue
            }
            try save(wanted, of: .tenant(customer.id))
            try endForbiddenSessions(of: customer.id, wanted)
            report.append("tenant \(customer.id): signs in \(wanted.words)")
        }
        return report
    }

    private mutating func save(_ settings: SignInSettings, of side: Side) throws {
        try tx.save(settings, of: side)
        emit(.directory(.signInChanged(side, settings)))
    }
}

extension SignInSettings {
    fileprivate var words: String {
        let ways = [
            provider.map { "at \($0.issuer)" }, allowsPasswords ? "with passwords" : nil,
            // As a rule they are where passwords are.
            allowsPasskeys == allowsPasswords
                ? nil : allowsPasskeys ? "with passkeys" : "without passkeys",
        ]
        return ways.compactMap { $0 }.joined(separator: " or ")
    }
}
