import LockboxDomain
import LockboxPorts
import LockboxWire
import MerkleLog

extension AuditFacts {
    /// How people sign in, as the log tells it. Where the client's secret is kept is nobody's
    /// business.
    static func members(of settings: SignInSettings) -> [String: CanonicalJSON] {
        var members: [String: CanonicalJSON] = [
            "passwords": .boolean(settings.allowsPasswords),
            "passkeys": .boolean(settings.allowsPasskeys),
        ]
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
            // Records from before there were passkeys say nothing of them.
            && data?["passkeys"]?.flag ?? data?["passwords"]?.flag == settings?.allowsPasskeys
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

// MARK: - Passkeys

extension AuditFacts {
    /// The public half is told once, when it begins to count: whoever keeps the log can say later which
    /// key it was that signed in.
    init(_ event: PasskeyEvent, of passkey: Passkey, _ person: Person) {
        self.init(
            event.activity,
            data: ["passkey": .string(passkey.id.text), "person": .string(person.id.text)]
        )
        switch event {
        case .registered:
            data["credential"] = .string(passkey.credential.base64URL)
            data["publicKey"] = .string(passkey.publicKey.base64URL)
            data["backupEligible"] = .boolean(passkey.isBackupEligible)
            texts["label"] = passkey.name
        case .removed, .confirmed: break
        case .counterFell(let before):
            data["counter"] = .integer(Int64(passkey.counter))
            data["counterBefore"] = .integer(Int64(before))
        case .refused(let problem): data["problem"] = .string(problem)
        }
    }
}

extension LogReplayState {
    /// Where the tables have another key than the log, or one more: whoever puts a key of his own beside
    /// the log could sign in as anybody.
    func passkeyDifferences(_ log: LogID, in tx: any StoreTransaction) throws -> [String] {
        var found: [String] = []
        var open: Set<String> = []
        for person in try tx.people(at: log) {
            for passkey in try tx.passkeys(of: person.id) {
                open.insert(passkey.id.text)
                found += compare(passkey)
            }
        }
        for id in passkeys.keys.sorted() where !open.contains(id) {
            found.append("passkey \(id) is open in the log, but not in the tables")
        }
        return found
    }

    private func compare(_ passkey: Passkey) -> [String] {
        guard let told = passkeys[passkey.id.text] else {
            return ["passkey \(passkey.id) is open in the tables, but not in the log"]
        }
        let data = told.data
        var differences = Differences("passkey \(passkey.id)")
        differences.check("person", log: data["person"]?.text, table: passkey.person.text)
        differences.check("making", log: told.leaf.time, table: passkey.createdAt.description)
        differences.check(data["credential"]?.text == passkey.credential.base64URL, "credential")
        differences.check(data["publicKey"]?.text == passkey.publicKey.base64URL, "public key")
        differences.check(
            data["backupEligible"]?.flag == passkey.isBackupEligible,
            "word about backups"
        )
        differences.check(told.isText("label", passkey.name), "name")
        return differences.found
    }
}
