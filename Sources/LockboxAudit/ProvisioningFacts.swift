import LockboxDomain
import LockboxPorts

extension LogReplayState {
    mutating func readProvisioning(_ told: Told) {
        let data = told.data
        switch told.leaf.activity {
        case "provisioning.tokenIssued":
            if let id = data["provisioningToken"]?.text { provisioningTokens[id] = told }
        case "provisioning.tokenRevoked":
            if let id = data["provisioningToken"]?.text { provisioningTokens[id] = nil }
        case "provisioning.rolesMapped":
            guard let group = told.text("group") else {
                hasErasedGroups = true
                break
            }
            groupRoles[GroupRoles.key(group)] = data["given"]?.texts == [] ? nil : told
        case _: break
        }
    }

    /// Where the tables say something else about who may provision people, and which roles their groups
    /// give.
    func provisioningDifferences(_ log: LogID, at now: Timestamp, in tx: any StoreTransaction)
        throws -> [String]
    {
        var found: [String] = []
        let tokens = try tx.provisioningTokens(of: log)
        if Set(tokens.map(\.id.text)) != Set(provisioningTokens.keys) {
            found.append("the provisioning tokens in the log are not those in the tables")
        }
        for token in tokens {
            guard let told = provisioningTokens[token.id.text] else { continue }
            var differences = Differences("provisioning token \(token.id)")
            differences.check(
                "end",
                log: told.data["expiresAt"]?.text,
                table: "\(token.expiresAt)"
            )
            differences.check("issue", log: told.leaf.time, table: "\(token.createdAt)")
            differences.check(
                "who made it",
                log: PersonID(told.leaf.actor)?.text,
                table: token.madeBy?.text
            )
            differences.check(
                told.data["addresses"]?.texts == token.addresses.map(\.description),
                "addresses"
            )
            differences.check(told.isText("label", token.label), "label")
            found += differences.found
        }
        let stored = try tx.groupRoles(of: log)
        let same = stored.allSatisfy { one in
            let told = groupRoles[GroupRoles.key(one.group)]
            return told?.text("group") == one.group
                && told?.data["given"]?.texts == one.roles.names
        }
        if !hasErasedGroups, !same || stored.count != groupRoles.count {
            found.append("the roles of groups in the log are not those in the tables")
        }
        return found
    }
}
