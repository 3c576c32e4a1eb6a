import Foundation
import LockboxPorts

/// How Lockbox reaches a Dovecot.
package struct DovecotSettings: Codable, Hashable, Sendable {
    /// Where Dovecot takes orders; nil where it takes none.
    package var doveadm: Doveadm?
    /// Where engineers reach it.
    package var address: String?

    package struct Doveadm: Codable, Hashable, Sendable {
        package var url: String
        package var apiKeyFile: String
    }
}

extension DovecotSettings.Doveadm {
    init<Value: SettingsValue>(_ value: Value) throws(ConfigurationError) {
        let fields = try value.members(["url", "apiKeyFile"])
        let address = try fields.required("url", of: value)
        let text = try address.text()
        guard let parsed = URLComponents(string: text),
            ["http", "https"].contains(parsed.scheme),
            parsed.host != nil
        else {
            throw address.error("must be a web address such as http://127.0.0.1:8080/doveadm/v1")
        }
        url = text
        apiKeyFile = try fields.required("apiKeyFile", of: value).secretFile()
    }
}
