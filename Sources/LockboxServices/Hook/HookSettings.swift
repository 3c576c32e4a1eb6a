import Foundation
import LockboxPorts
import NIOSSL

/// How Lockbox reaches a service that takes orders at an address of its own.
struct HookSettings: Codable, Hashable {
    var url: String
    var secretFile: String
    /// Whether the service is told each token itself, and not its hash alone.
    var passToken: Bool
    /// Who may vouch for the service's certificate, instead of those that the system trusts.
    var caFile: String?
    /// With what Lockbox shows who it is, beside the signature.
    var certificateFile: String?
    var keyFile: String?
    /// Where engineers reach it.
    var address: String?
}

extension HookSettings {
    static let keys = ["url", "secretFile", "passToken", "caFile", "certificateFile", "keyFile"]

    init<Value: SettingsValue>(
        _ value: Value,
        secret: (_ path: String) throws -> String
    ) throws(ConfigurationError) {
        let fields = try value.members(Self.keys)
        url = try Self.url(fields.required("url", of: value))
        let secretValue = try fields.required("secretFile", of: value)
        secretFile = try secretValue.secretFile()
        let text = try? secret(secretFile)  // best effort: that it can be read was seen just now
        if let text, HookSecret.all(in: text) == nil {
            throw secretValue.error(
                "must hold \(HookSecret.form); make one: "
                    + #"printf 'whsec_%s\n' "$(openssl rand -base64 32)""#
            )
        }
        passToken = try fields["passToken"]?.flag() ?? false
        caFile = try fields["caFile"]?.file()
        certificateFile = try fields["certificateFile"]?.file()
        keyFile = try fields["keyFile"]?.secretFile()
        guard (certificateFile == nil) == (keyFile == nil) else {
            throw value.error("certificateFile and keyFile belong together")
        }
        do {
            _ = try tls()
        } catch {
            throw value.error(
                "caFile, certificateFile and keyFile must hold certificates and a key in PEM"
            )
        }
    }

    /// What a connection needs to be trusted, and to be trusted with; nil where the system's own
    /// settings do.
    func tls() throws -> TLSConfiguration? {
        guard caFile != nil || certificateFile != nil else { return nil }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        if let caFile {
            configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(caFile))
        }
        if let certificateFile, let keyFile {
            configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(certificateFile)
                .map { .certificate($0) }
            configuration.privateKey = .privateKey(
                try NIOSSLPrivateKey(file: keyFile, format: .pem)
            )
        }
        return configuration
    }

    private static func url(_ value: some SettingsValue) throws(ConfigurationError) -> String {
        let text = try value.text()
        guard let parts = URLComponents(string: text), let host = parts.host, !host.isEmpty,
            let scheme = parts.scheme, ["http", "https"].contains(scheme), parts.user == nil,
            parts.password == nil, parts.query == nil, parts.fragment == nil
        else {
            throw value.error(
                "must be a web address such as https://host.internal/lockbox, "
                    + "with no name, password, query or fragment in it"
            )
        }
        guard scheme == "https" || isThisMachine(host) else {
            throw value.error(
                "must be https; http is for this machine alone (127.0.0.1, [::1], localhost)"
            )
        }
        return text
    }
}
