import Foundation
import LockboxDomain
import LockboxPorts
import MerkleLog

extension LogWitness {
    /// Reads `witnesses`: a list of `key`, `url` and, where a witness is not for all logs, `logs`.
    ///
    /// Only this file names addresses that the server goes to, and no tenant does.
    static func read(_ value: YAMLValue) throws(ConfigurationError) -> [LogWitness] {
        var witnesses: [LogWitness] = []
        for item in try value.items() {
            let members = try item.members(["key", "url", "logs"])
            guard let key = members["key"], let url = members["url"] else {
                throw item.error("needs key and url")
            }
            let witness = LogWitness(
                key: try Self.key(key),
                url: try Self.url(url),
                logs: try members["logs"].map(Self.logs)
            )
            guard !witnesses.contains(where: { $0.key.publicKey == witness.key.publicKey }) else {
                throw key.error("is the key of another witness here")
            }
            witnesses.append(witness)
        }
        guard witnesses.count <= most else {
            throw value.error("has more than \(most) witnesses")
        }
        return witnesses
    }

    private static func key(_ value: YAMLValue) throws(ConfigurationError) -> WitnessKey {
        let text = try value.text()
        do { return try WitnessKey(parsing: text) } catch {
            throw value.error("must be what “lockbox witness init” prints: \(error)")
        }
    }

    private static func url(_ value: YAMLValue) throws(ConfigurationError) -> String {
        let text = try value.text()
        let url = text.hasSuffix("/") ? String(text.dropLast()) : text
        guard let parts = URLComponents(string: url), let host = parts.host, !host.isEmpty,
            parts.scheme == "https" || parts.scheme == "http" && isThisMachine(host),
            parts.user == nil, parts.query == nil, parts.fragment == nil
        else {
            throw value.error(
                "must be an address such as https://witness.contoso.example; plain http is for this "
                    + "machine alone"
            )
        }
        return url
    }

    private static func logs(_ value: YAMLValue) throws(ConfigurationError) -> Set<LogID> {
        var logs: Set<LogID> = []
        for item in try value.items() {
            let text = try item.text()
            if text == "provider" {
                logs.insert(.provider)
            } else if let tenant = TenantID(text) {
                logs.insert(.tenant(tenant))
            } else {
                throw item.error("must be the identifier of a tenant, or provider")
            }
        }
        return logs
    }
}
