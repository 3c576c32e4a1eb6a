import Foundation
import LockboxDomain
import LockboxPorts

/// Where engineers reach a service: `address:` in `directory.yaml`.
enum ServiceAddress {
    /// Reads an address with one of `schemes`, without a name, query or path in it; as `http` only of
    /// this machine, since a token goes there. It may stand in quotes in a shell.
    static func text<Value: SettingsValue>(
        _ value: Value,
        schemes: [String]
    ) throws(ConfigurationError) -> String {
        let text = try value.text()
        guard let parsed = URLComponents(string: text), let scheme = parsed.scheme,
            schemes.contains(scheme), let host = parsed.host, !host.isEmpty,
            scheme != "http" || isThisMachine(host), (1...65_535).contains(parsed.port ?? 1),
            parsed.path.isEmpty || parsed.path == "/", parsed.query == nil,
            parsed.fragment == nil, parsed.user == nil, parsed.password == nil,
            text.utf8.allSatisfy({ $0.isLetter || $0.isDigit || ":/.-_[]".utf8.contains($0) })
        else {
            throw value.error(
                "must be where engineers reach the service, such as "
                    + "\(schemes[0])://support.provider.example, with no name, path or query in it"
                    + (schemes.contains("http") ? "; http is for this machine alone" : "")
            )
        }
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }
}

extension Connecting {
    /// `command` of an address, as a kind says it; where none is known the engineer puts it for
    /// `SERVER`.
    init(
        how: String,
        to credential: Credential,
        at address: String?,
        otherwise: String,
        command: (_ address: String) -> String
    ) {
        self.init(
            how: how,
            note: address == nil
                ? "Lockbox does not know the service’s address: put that of "
                    + "“\(credential.resource.service)” for SERVER."
                : "It opens this service alone.",
            command: command(address ?? otherwise),
            address: address
        )
    }
}
