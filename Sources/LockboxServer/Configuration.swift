import Foundation
package import LockboxAPI
import LockboxDomain
package import LockboxIdentity
import LockboxPorts

/// What `lockbox.yaml` says, with each key open to an environment variable: `listen` is
/// `LOCKBOX_LISTEN`, `signing.keyFile` is `LOCKBOX_SIGNING_KEYFILE`. The environment wins.
package struct Configuration: Sendable {
    package var host: String
    package var port: Int
    /// How the outside reaches this server, without a trailing slash.
    package var publicURL: String
    package var database: String
    package var dataDir: String
    package var mail: String
    /// Where `mail` was said, for messages.
    package var mailPlace: String
    package var signingKeyFile: String
    package var logLevel: String
    package var trustedProxies: TrustedProxies
    package var metrics: MetricsAccess

    private static let keys = [
        "listen", "publicURL", "database", "dataDir", "mail", "mailFile", "signing.keyFile", "log",
        "trustedProxies", "metrics",
    ]
    private static let logLevels = [
        "trace", "debug", "info", "notice", "warning", "error", "critical",
    ]

    /// Reads the file at `path`. Paths in it are relative to its folder.
    package static func load(path: String, environment: [String: String]) throws -> Configuration {
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw ConfigurationError("\(path): cannot be read")
        }
        let file = URL(filePath: path).lastPathComponent
        let folder = URL(filePath: path).deletingLastPathComponent()
        var values = try read(text, file: file, folder: folder)
        for key in keys {
            let name = "LOCKBOX_" + key.uppercased().replacing(".", with: "_")
            if let value = environment[name] {
                values[key] = (value, "the environment variable \(name)")
            }
        }
        return try Configuration(values, folder: folder, file: file)
    }

    private static func read(
        _ text: String,
        file: String,
        folder: URL
    ) throws(ConfigurationError) -> [String: (text: String, place: String)] {
        let root = try YAMLValue(parsing: text, file: file, folder: folder)
        var values: [String: (text: String, place: String)] = [:]
        for (key, value) in try root.members(
            ["signing", "gateway"] + keys.filter { !$0.contains(".") }
        ) {
            switch key {
            case "signing":
                for (inner, value) in try value.members(["keyFile"]) {
                    values["signing.\(inner)"] = (try value.text(), value.place)
                }
            case "gateway": throw value.error("this version has no gateway; take the key out")
            case "trustedProxies":
                var entries: [String] = []
                for item in try value.items() { entries.append(try item.text()) }
                values[key] = (entries.joined(separator: ","), value.place)
            default: values[key] = (try value.text(), value.place)
            }
        }
        return values
    }

    private init(_ values: [String: (text: String, place: String)], folder: URL, file: String)
        throws
    {
        func path(_ text: String) -> String {
            URL(filePath: text, relativeTo: folder).standardizedFileURL.path
        }
        func need(_ key: String) throws(ConfigurationError) -> (text: String, place: String) {
            guard let value = values[key] else {
                throw ConfigurationError("\(file): \(key) is missing")
            }
            return value
        }
        let listen = values["listen"] ?? ("127.0.0.1:8443", "the default")
        guard let colon = listen.text.lastIndex(of: ":"),
            let port = Int(listen.text[listen.text.index(after: colon)...]),
            (0...65535).contains(port), colon > listen.text.startIndex
        else {
            throw ConfigurationError("\(listen.place): must be HOST:PORT, such as 127.0.0.1:8443")
        }
        host = listen.text[..<colon].trimmingCharacters(in: ["[", "]"])
        self.port = port
        let url = values["publicURL"] ?? ("http://\(listen.text)", "the default")
        publicURL = url.text.hasSuffix("/") ? String(url.text.dropLast()) : url.text
        guard let parts = URLComponents(string: publicURL),
            ["http", "https"].contains(parts.scheme),
            parts.host?.isEmpty == false,
            parts.query == nil, parts.fragment == nil, parts.user == nil
        else {
            throw ConfigurationError(
                "\(url.place): must be a web address such as https://lockbox.example"
            )
        }
        try Self.refusePath(parts.path, of: url.place)
        dataDir = path(values["dataDir"]?.text ?? "data")
        let database = try need("database")
        guard database.text.hasPrefix("sqlite:"), database.text.utf8.count > 7 else {
            throw ConfigurationError(
                "\(database.place): must be sqlite:PATH; this version knows no other database"
            )
        }
        self.database = path(String(database.text.dropFirst(7)))
        if let mailFile = values["mailFile"] {
            guard values["mail"] == nil else {
                throw ConfigurationError("\(mailFile.place): mail and mailFile exclude each other")
            }
            mail = try SecretFile.read(path(mailFile.text), for: mailFile.place)
            mailPlace = mailFile.place
        } else {
            (mail, mailPlace) = try need("mail")
        }
        // A letter folder is a path like the others.
        if mail.hasPrefix("file:") { mail = "file:" + path(String(mail.dropFirst(5))) }
        signingKeyFile = path(values["signing.keyFile"]?.text ?? dataDir + "/signing.key")
        let level = values["log"] ?? ("info", "the default")
        guard Self.logLevels.contains(level.text) else {
            throw ConfigurationError(
                "\(level.place): must be one of \(Self.logLevels.joined(separator: ", "))"
            )
        }
        logLevel = level.text
        trustedProxies = try Self.proxies(values["trustedProxies"])
        let access = values["metrics"] ?? (MetricsAccess.loopback.rawValue, "the default")
        guard let metrics = MetricsAccess(rawValue: access.text) else {
            let known = MetricsAccess.allCases.map(\.rawValue).joined(separator: ", ")
            throw ConfigurationError("\(access.place): must be one of \(known)")
        }
        self.metrics = metrics
    }

    /// Links, redirects, cookies and the names of the logs begin at the root.
    private static func refusePath(_ path: String, of place: String) throws(ConfigurationError) {
        guard path.isEmpty else {
            throw ConfigurationError(
                "\(place): has the path \(path); Lockbox needs a host name of its own and cannot "
                    + "lie below a path. Give it a name such as https://lockbox.example"
            )
        }
    }

    /// Addresses and networks with commas between them.
    private static func proxies(_ value: (text: String, place: String)?) throws(ConfigurationError)
        -> TrustedProxies
    {
        guard let value, !value.text.isEmpty else { return .none }
        do throws(TrustedProxies.BadEntry) {
            return try TrustedProxies(
                value.text.split(separator: ",", omittingEmptySubsequences: false).map {
                    $0.trimmingCharacters(in: .whitespaces)
                }
            )
        } catch {
            throw ConfigurationError(
                "\(value.place): \"\(error.entry)\" is neither an address nor a network such as 10.0.0.0/8"
            )
        }
    }

    /// The public address without its scheme: what log origins begin with.
    package var origin: String { String(publicURL.drop { $0 != ":" }.dropFirst(3)) }

    /// The host that people and letters know this server by.
    package var publicHost: String { URLComponents(string: publicURL)?.host ?? host }
}

/// Secrets that lie in files of their own.
enum SecretFile {
    /// The file's content without white space around it.
    static func read(_ path: String, for place: String) throws(ConfigurationError) -> String {
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(
                in: .whitespacesAndNewlines
            )
        } catch {
            throw ConfigurationError("\(place): the file \(path) cannot be read")
        }
        guard !text.isEmpty else { throw ConfigurationError("\(place): the file \(path) is empty") }
        return text
    }
}
