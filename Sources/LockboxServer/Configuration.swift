import Foundation
package import LockboxAPI
package import LockboxDomain
package import LockboxIdentity
package import LockboxNotifier
package import LockboxPorts
import MerkleLog

/// In which process gateways are.
package enum GatewayPlace: String, CaseIterable, Sendable {
    /// That of `lockboxd serve`.
    case server
    /// One of their own, `lockboxd gateway`.
    case apart
}

/// What `lockbox.yaml` says, with each key open to an environment variable: `listen` is
/// `LOCKBOX_LISTEN`, `signing.keyFile` is `LOCKBOX_SIGNING_KEYFILE`. The environment wins.
package struct Configuration: Sendable {
    package var listen: ListenAddress
    /// Where services ask, and only there; nil where they ask at `listen`.
    package var serviceListen: ListenAddress?
    /// Where operators look, and only there; nil where they look at `listen`.
    package var operatorListen: ListenAddress?
    /// In which process gateways are.
    package var gateways: GatewayPlace
    /// Where operators look at a gateway that is apart; nil where they cannot.
    package var gatewayOperatorListen: ListenAddress?
    /// How the outside reaches this server, without a trailing slash.
    package var publicURL: String
    /// The file of the database. Where it is on a server instead, what else is kept beside that file
    /// is beside this path.
    package var database: String
    /// Where the database is, if it is on a server.
    package var databaseServer: DatabaseServer?
    package var dataDir: String
    package var mail: String
    /// Where `mail` was said, for messages.
    package var mailPlace: String
    /// Where the key is that signs the logs, and beside it what else is kept apart from the database.
    package var signingKeyFile: String
    /// The program that signs in place of that file, as a line of the shell.
    package var signingCommand: String?
    /// The key of that program.
    var signingPublicKey: [UInt8] = []
    package var logLevel: String
    /// What the names of all logs begin with, if the file says it.
    package var logOrigin: String?
    package var trustedProxies: TrustedProxies
    package var metrics: MetricsAccess
    /// The same at `gatewayOperatorListen`.
    package var gatewayMetrics: MetricsAccess
    /// Bytes on the database's disk below which only what ends access, and decisions, are written.
    package var diskReserve: Int64
    /// Steps of the machine's clock up to this are followed.
    package var clockTolerance: TimeSpan
    /// Who is written to when something needs a person.
    package var operators: [EmailAddress]
    /// How pages and letters show whose they are.
    package var appearance: Appearance
    /// Who runs this command, for the records of what it does; the file does not say it.
    package var operatorAtConsole: String?
    /// How long each key of access tokens signs.
    package var tokenKeyLifetime: TimeSpan
    /// Who cosigns the logs' checkpoints.
    package var witnesses: [LogWitness] = []

    private static let keys = [
        "listen", "publicURL", "database", "databasePasswordFile", "dataDir", "mail", "mailFile",
        "signing.keyFile",
        "signing.command", "signing.publicKey", "log",
        "log.level", "log.origin",
        "trustedProxies", "metrics", "diskReserve", "clockTolerance", "operators",
        "serviceListen", "operatorListen", "tokenKeyLifetime", "gateway", "gatewayOperatorListen",
        "colour", "logo", "help", "helpLink",
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
        var (values, witnesses) = try read(text, file: file, folder: folder)
        for key in keys {
            let name = "LOCKBOX_" + key.uppercased().replacing(".", with: "_")
            if let value = environment[name] {
                values[key] = (value, "the environment variable \(name)")
            }
        }
        var configuration = try Configuration(values, folder: folder, file: file)
        configuration.witnesses = witnesses
        if let mail = values["mail"], mail.place.hasPrefix(file),
            URLComponents(string: mail.text)?.password != nil
        {
            try SecretFile.requirePrivate(path, for: mail.place)
        }
        if let server = configuration.databaseServer, server.place.hasPrefix(file),
            server.holdsPassword
        {
            try SecretFile.requirePrivate(path, for: server.place)
        }
        return configuration
    }

    private static func read(
        _ text: String,
        file: String,
        folder: URL
    ) throws(ConfigurationError) -> (
        [String: (text: String, place: String)], witnesses: [LogWitness]
    ) {
        let root = try YAMLValue(parsing: text, file: file, folder: folder)
        var values: [String: (text: String, place: String)] = [:]
        var witnesses: [LogWitness] = []
        for (key, value) in try root.members(
            ["signing", "witnesses"] + keys.filter { !$0.contains(".") }
        ) {
            switch key {
            case "signing":
                for (inner, value) in try value.members(["keyFile", "command", "publicKey"]) {
                    var words: [String] = []
                    if inner == "command", value.isSequence {
                        for item in try value.items() { words.append(try item.text().quoted) }
                    }
                    let text =
                        words.isEmpty
                        ? try value.text() : "exec " + words.joined(separator: " ")
                    values["signing.\(inner)"] = (text, value.place)
                }
            case "log" where value.isMapping:
                for (inner, value) in try value.members(["level", "origin"]) {
                    let key = inner == "level" ? "log" : "log.\(inner)"
                    values[key] = (try value.text(), value.place)
                }
            case "witnesses": witnesses = try LogWitness.read(value)
            case "trustedProxies", "operators":
                var entries: [String] = []
                for item in try value.items() { entries.append(try item.text()) }
                values[key] = (entries.joined(separator: ","), value.place)
            default: values[key] = (try value.text(), value.place)
            }
        }
        return (values, witnesses)
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
        gateways = try Self.gateways(values)
        (listen, serviceListen, operatorListen, gatewayOperatorListen) = try Self.listeners(values)
        let url = values["publicURL"] ?? ("http://\(listen)", "the default")
        publicURL = try Self.publicURL(url)
        for (key, address) in [("listen", listen), ("serviceListen", serviceListen)] {
            try Self.requireThisMachine(address, values[key]?.place ?? key, at: publicURL)
        }
        dataDir = path(values["dataDir"]?.text ?? "data")
        let database = try need("database")
        databaseServer = try DatabaseServer(database, values["databasePasswordFile"], path)
        self.database =
            databaseServer == nil
            ? path(String(database.text.dropFirst(7))) : dataDir + "/database"
        if let mailFile = values["mailFile"] {
            guard values["mail"] == nil else {
                throw ConfigurationError("\(mailFile.place): mail and mailFile exclude each other")
            }
            mail = try SecretFile.read(path(mailFile.text), for: mailFile.place)
            mailPlace = mailFile.place
        } else {
            (mail, mailPlace) = try need("mail")
        }
        // What it names are paths like the others.
        mail = Self.mail(mail, path)
        try Self.requireToken(of: mail, mailPlace)
        signingKeyFile = path(values["signing.keyFile"]?.text ?? Self.signingKeyFile(in: dataDir))
        signingCommand = values["signing.command"]?.text
        signingPublicKey = try Self.publicKey(values)
        logLevel = try Self.logLevel(
            values["log.level"] ?? values["log"] ?? ("info", "the default")
        )
        logOrigin = try values["log.origin"].map(Self.logOrigin)
        trustedProxies = try Self.proxies(values["trustedProxies"])
        // Who binds a listener for operators has said who reaches it.
        let access = operatorListen == nil ? MetricsAccess.loopback : .open
        metrics = try Self.metrics(values["metrics"] ?? (access.rawValue, "the default"))
        gatewayMetrics = values["metrics"] == nil ? .open : metrics
        diskReserve = try Self.bytes(values["diskReserve"] ?? ("128 MB", "the default"))
        clockTolerance = try Self.span(
            values["clockTolerance"] ?? ("PT5M", "the default"),
            from: .seconds(1),
            to: .days(1),
            such: "PT5M"
        )
        tokenKeyLifetime = try Self.span(
            values["tokenKeyLifetime"] ?? ("P90D", "the default"),
            from: .days(2),
            to: .days(366),
            such: "P90D"
        )
        operators = try Self.operators(values["operators"])
        appearance = try Appearance(values, path)
    }

    private static func logLevel(_ level: (text: String, place: String))
        throws(ConfigurationError) -> String
    {
        guard logLevels.contains(level.text) else {
            throw ConfigurationError(
                "\(level.place): must be one of \(logLevels.joined(separator: ", "))"
            )
        }
        return level.text
    }

    /// Where the key is if nobody says it: apart from the database, unless an older installation has
    /// it, or had it, there.
    private static func signingKeyFile(in dataDir: String) -> String {
        let older = dataDir + "/signing.key"
        let isThere = [older, older + ".heads"].contains {
            FileManager.default.fileExists(atPath: $0)
        }
        return isThere ? older : "keys/signing.key"
    }

    /// The key of the signing command, if there is one.
    private static func publicKey(_ values: [String: (text: String, place: String)])
        throws(ConfigurationError) -> [UInt8]
    {
        let value = values["signing.publicKey"]
        guard let place = values["signing.command"]?.place else {
            if let value {
                throw ConfigurationError("\(value.place): is for signing.command, which is missing")
            }
            return []
        }
        guard let value else {
            throw ConfigurationError(
                "\(place): signing.publicKey is missing, by which each of its signatures is verified"
            )
        }
        guard let key = Base64.decode(Array(value.text.utf8)), key.count == 32 else {
            throw ConfigurationError(
                "\(value.place): must be the 32 bytes of an Ed25519 public key in base64"
            )
        }
        return key
    }

    /// A name that fits the lines of checkpoints and key names (C2SP signed-note).
    private static func logOrigin(_ value: (text: String, place: String))
        throws(ConfigurationError) -> String
    {
        let isPlain = value.text.unicodeScalars.allSatisfy {
            $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil)
                || "-._:/".unicodeScalars.contains($0)
        }
        guard isPlain, 1...200 ~= value.text.utf8.count, !value.text.contains("://"),
            !value.text.hasPrefix("/"), !value.text.hasSuffix("/")
        else {
            throw ConfigurationError(
                "\(value.place): must be a name such as lockbox.provider.example/2026: letters, digits "
                    + "and -._:/, without a scheme"
            )
        }
        return value.text
    }

    private static func listeners(
        _ values: [String: (text: String, place: String)]
    ) throws(ConfigurationError) -> (
        ListenAddress, ListenAddress?, ListenAddress?, ListenAddress?
    ) {
        var taken: [ListenAddress] = []
        func address(_ key: String) throws(ConfigurationError) -> ListenAddress? {
            guard let value = values[key] else { return nil }
            guard let address = ListenAddress(value.text) else {
                throw ConfigurationError(
                    "\(value.place): must be HOST:PORT, such as 127.0.0.1:8443"
                )
            }
            guard address.port == 0 || !taken.contains(address) else {
                throw ConfigurationError(
                    "\(value.place): \(address) is taken by another listener; choose another port"
                )
            }
            taken.append(address)
            return address
        }
        let listen = try address("listen") ?? .standard
        taken = [listen]
        return (
            listen, try address("serviceListen"), try address("operatorListen"),
            try address("gatewayOperatorListen")
        )
    }

    private static func gateways(
        _ values: [String: (text: String, place: String)]
    ) throws(ConfigurationError) -> GatewayPlace {
        var place = GatewayPlace.server
        if let value = values["gateway"] {
            guard let known = GatewayPlace(rawValue: value.text) else {
                let all = GatewayPlace.allCases.map(\.rawValue).joined(separator: ", ")
                throw ConfigurationError("\(value.place): must be one of \(all)")
            }
            place = known
        }
        if place == .server, let value = values["gatewayOperatorListen"] {
            throw ConfigurationError("\(value.place): is for `gateway: apart`")
        }
        return place
    }

    /// Throws where the file that the mail URL names for its token cannot be used.
    private static func requireToken(of mail: String, _ place: String) throws(ConfigurationError) {
        let url = URLComponents(string: mail)
        guard let token = url?.queryItems?.first(where: { $0.name == "tokenFile" })?.value else {
            return
        }
        _ = try SecretFile.read(token, for: place)
    }

    /// The same with whole paths.
    private static func mail(_ mail: String, _ path: (String) -> String) -> String {
        if mail.hasPrefix("file:") { return "file:" + path(String(mail.dropFirst(5))) }
        guard var url = URLComponents(string: mail), let items = url.percentEncodedQueryItems else {
            return mail
        }
        let plain = CharacterSet.urlQueryAllowed.subtracting(CharacterSet(charactersIn: "&=+;"))
        url.percentEncodedQueryItems = items.map { item in
            guard ["tokenFile", "ca"].contains(item.name),
                let value = item.value?.removingPercentEncoding, !value.isEmpty
            else { return item }
            let whole = path(value).addingPercentEncoding(withAllowedCharacters: plain)
            return URLQueryItem(name: item.name, value: whole)
        }
        return url.string ?? mail
    }

    /// Where people come without TLS, nobody else may come at all.
    private static func requireThisMachine(
        _ address: ListenAddress?,
        _ place: String,
        at publicURL: String
    ) throws(ConfigurationError) {
        guard let address, publicURL.hasPrefix("http://"), !isThisMachine(address.host) else {
            return
        }
        throw ConfigurationError(
            "\(place): \(address) can be reached from the network, and publicURL says http: passwords "
                + "and credentials would cross it in clear; put a TLS proxy in front and say https in "
                + "publicURL, or listen at 127.0.0.1"
        )
    }

    private static func publicURL(
        _ value: (text: String, place: String)
    ) throws(ConfigurationError) -> String {
        let publicURL = value.text.hasSuffix("/") ? String(value.text.dropLast()) : value.text
        guard let parts = URLComponents(string: publicURL),
            ["http", "https"].contains(parts.scheme),
            parts.host?.isEmpty == false,
            parts.query == nil, parts.fragment == nil, parts.user == nil
        else {
            throw ConfigurationError(
                "\(value.place): must be a web address such as https://lockbox.example"
            )
        }
        guard parts.scheme == "https" || isThisMachine(parts.host ?? "") else {
            throw ConfigurationError(
                "\(value.place): plain http is for this machine alone, because passwords and sessions "
                    + "would cross the network in clear; put a TLS proxy in front and say https"
            )
        }
        // Links, redirects, cookies and the names of the logs begin at the root.
        guard parts.path.isEmpty else {
            throw ConfigurationError(
                "\(value.place): has the path \(parts.path); Lockbox needs a host name of its own and "
                    + "cannot lie below a path. Give it a name such as https://lockbox.example"
            )
        }
        return publicURL
    }

    private static func span(
        _ value: (text: String, place: String),
        from least: TimeSpan,
        to most: TimeSpan,
        such example: String
    ) throws(ConfigurationError) -> TimeSpan {
        guard let span = TimeSpan(value.text), least <= span, span <= most else {
            throw ConfigurationError(
                "\(value.place): must be a duration from \(least) to \(most), such as \(example)"
            )
        }
        return span
    }

    private static func metrics(
        _ value: (text: String, place: String)
    ) throws(ConfigurationError) -> MetricsAccess {
        guard let metrics = MetricsAccess(rawValue: value.text) else {
            let known = MetricsAccess.allCases.map(\.rawValue).joined(separator: ", ")
            throw ConfigurationError("\(value.place): must be one of \(known)")
        }
        return metrics
    }

    /// A number of bytes: `128 MB`, `1 GB`, `0`.
    private static func bytes(_ value: (text: String, place: String)) throws(ConfigurationError)
        -> Int64
    {
        let units: [String: Int64] = [
            "": 1, "B": 1, "KB": 1000, "MB": 1_000_000, "GB": 1_000_000_000,
        ]
        let digits = value.text.prefix { $0.isASCII && $0.isNumber }
        let unit = value.text.dropFirst(digits.count).trimmingCharacters(in: .whitespaces)
        guard let number = Int64(digits), let factor = units[unit.uppercased()] else {
            throw ConfigurationError("\(value.place): must be a size such as 128 MB")
        }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: factor)
        guard !overflow else { throw ConfigurationError("\(value.place): is too large") }
        return bytes
    }

    /// Addresses with commas between them.
    private static func operators(_ value: (text: String, place: String)?)
        throws(ConfigurationError) -> [EmailAddress]
    {
        guard let value, !value.text.isEmpty else { return [] }
        var operators: [EmailAddress] = []
        for entry in value.text.split(separator: ",", omittingEmptySubsequences: false) {
            let text = entry.trimmingCharacters(in: .whitespaces)
            guard let address = EmailAddress(text) else {
                throw ConfigurationError("\(value.place): \"\(text)\" is not an e-mail address")
            }
            if !operators.contains(address) { operators.append(address) }
        }
        return operators
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

    /// Where connections are accepted, and for whom.
    package var addresses: [ListenerUse: ListenAddress] {
        var addresses = [ListenerUse.everybody: listen]
        addresses[.services] = serviceListen
        addresses[.operators] = operatorListen
        return addresses
    }

    /// What the names of all logs begin with, where none is signed yet: what the file says, or the
    /// public address without its scheme.
    package var origin: String {
        logOrigin ?? String(publicURL.drop { $0 != ":" }.dropFirst(3))
    }

    /// The host that people and letters know this server by.
    package var publicHost: String { URLComponents(string: publicURL)?.host ?? listen.host }
}

extension String {
    /// As one word of the shell.
    fileprivate var quoted: String { "'" + replacing("'", with: "'\\''") + "'" }
}
