import LockboxDomain
import LockboxPorts
import LockboxWire

extension AuditFacts {
    /// How people sign in, as the log tells it. Where the client's secret is kept is nobody's
    /// business.
    static func members(of settings: SignInSettings) -> [String: CanonicalJSON] {
        var members: [String: CanonicalJSON] = ["passwords": .boolean(settings.allowsPasswords)]
        if let until = settings.recoveryUntil {
            members["recoveryUntil"] = .string(until.description)
        }
        if let domains = settings.domains {
            members["domains"] = .list(domains.map { .string($0.text) })
        }
        if let provider = settings.provider {
            members["issuer"] = .string(provider.issuer)
            members["clientID"] = .string(provider.clientID)
            members["authentication"] = .string(provider.authentication.rawValue)
            members["acrValues"] = .list(provider.acrValues.map { .string($0) })
            members["trustsAddresses"] = .boolean(provider.trustsAddresses)
            if let claimed = provider.roles {
                members["rolesClaim"] = .string(claimed.claim)
                // A list of pairs: the names of members are ASCII, which those of groups need not be.
                members["claimedRoles"] = .list(
                    claimed.roles.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map
                    { value, roles in
                        .object([
                            "value": .string(value),
                            "roles": .list(roles.names.map { .string($0) }),
                        ])
                    }
                )
            }
        }
        return members
    }
}

extension LogReplayState {
    private static func claimedRoles(_ value: JSONValue?) -> [String: [String]]? {
        value?.items.map { items in
            items.reduce(into: [:]) { roles, item in
                guard let value = item.members?["value"]?.text else { return }
                roles[value] = item.members?["roles"]?.texts
            }
        }
    }

    private static func isSame(_ data: [String: JSONValue]?, _ settings: SignInSettings?) -> Bool {
        let provider = settings?.provider
        return data?["passwords"]?.flag == settings?.allowsPasswords
            && data?["domains"]?.texts == settings?.domains?.map(\.text)
            && data?["issuer"]?.text == provider?.issuer
            && data?["clientID"]?.text == provider?.clientID
            && data?["authentication"]?.text == provider?.authentication.rawValue
            && data?["acrValues"]?.texts == provider?.acrValues
            && data?["trustsAddresses"]?.flag == provider?.trustsAddresses
            && data?["recoveryUntil"]?.text == settings?.recoveryUntil?.description
            && data?["rolesClaim"]?.text == provider?.roles?.claim
            && claimedRoles(data?["claimedRoles"]) == provider?.roles?.roles.mapValues(\.names)
    }

    /// Where the tables say something else about how people sign in, and since when those of a tenant
    /// are its own.
    func signInDifferences(_ log: LogID, in tx: any StoreTransaction) throws -> [String] {
        let settings = try tx.signInSettings(of: log)
        var found: [String] = []
        if !Self.isSame(signIn?.data, settings) {
            found.append("the sign-in settings in the log are not those in the tables")
        }
        if let tenant = log.tenant {
            let (waiting, told) = (try tx.signInChange(of: tenant), signInChange)
            let isSame =
                Self.isSame(told?.data, waiting?.settings)
                && told?.data["change"]?.text == waiting?.id.text
                && told?.data["takesEffectAt"]?.text == waiting?.takesEffectAt.description
                && told?.leaf.actor == waiting?.by.text
                && told?.leaf.time == waiting?.madeAt.description
            if !isSame {
                found.append(
                    "the sign-in settings that wait in the log are not those in the tables"
                )
            }
        }
        let since = try log.tenant.flatMap { try tx.tenant($0)?.administeredSince }
        if administered?.leaf.time != since?.description {
            found.append(
                "the first sign-in of an administrator in the log is not that in the tables"
            )
        }
        return found
    }
}
