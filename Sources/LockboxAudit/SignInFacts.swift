import LockboxDomain
import LockboxPorts

extension AuditFacts {
    /// How people sign in, as the log tells it. Where the client's secret is kept is nobody's
    /// business.
    static func members(of settings: SignInSettings) -> [String: CanonicalJSON] {
        var members: [String: CanonicalJSON] = ["passwords": .boolean(settings.allowsPasswords)]
        if let domains = settings.domains {
            members["domains"] = .list(domains.map { .string($0.text) })
        }
        if let provider = settings.provider {
            members["issuer"] = .string(provider.issuer)
            members["clientID"] = .string(provider.clientID)
            members["authentication"] = .string(provider.authentication.rawValue)
            members["acrValues"] = .list(provider.acrValues.map { .string($0) })
            members["trustsAddresses"] = .boolean(provider.trustsAddresses)
        }
        return members
    }
}

extension LogReplayState {
    /// Where the tables say something else about how people sign in, and since when those of a tenant
    /// are its own.
    func signInDifferences(_ log: LogID, in tx: any StoreTransaction) throws -> [String] {
        let settings = try tx.signInSettings(of: log)
        let provider = settings?.provider
        let data = signIn?.data
        let same =
            data?["passwords"]?.flag == settings?.allowsPasswords
            && data?["domains"]?.texts == settings?.domains?.map(\.text)
            && data?["issuer"]?.text == provider?.issuer
            && data?["clientID"]?.text == provider?.clientID
            && data?["authentication"]?.text == provider?.authentication.rawValue
            && data?["acrValues"]?.texts == provider?.acrValues
            && data?["trustsAddresses"]?.flag == provider?.trustsAddresses
        var found = same ? [] : ["the sign-in settings in the log are not those in the tables"]
        let since = try log.tenant.flatMap { try tx.tenant($0)?.administeredSince }
        if administered?.leaf.time != since?.description {
            found.append(
                "the first sign-in of an administrator in the log is not that in the tables"
            )
        }
        return found
    }
}
