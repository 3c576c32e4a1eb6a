import Foundation
import LockboxAPI
import LockboxIdentity
import LockboxNotifier
import LockboxPorts
import Testing

@testable import LockboxServer

/// `lockbox.yaml`: what it means, and what is said of a broken one.
struct ConfigurationTests {
    private static let minimal = """
        database: sqlite:lockbox.sqlite
        mail: smtp://127.0.0.1:25?from=lockbox@cloud.test

        """

    private static func load(
        _ text: String,
        environment: [String: String] = [:],
        in folder: Folder
    ) throws -> Configuration {
        try Configuration.load(
            path: folder.write(text, to: "lockbox.yaml"),
            environment: environment
        )
    }

    @Test func whosePagesTheseAreIsConfigured() throws {
        let folder = try Folder()
        _ = try folder.write("<svg xmlns='http://www.w3.org/2000/svg'/>", to: "logo.svg")
        let keys = """
            colour: "#0F6b63"
            logo: logo.svg
            help: help@cloud.test, +49 30 1234
            helpLink: https://help.cloud.test/lockbox

            """
        let appearance = try Self.load(Self.minimal + keys, in: folder).appearance
        #expect(appearance.colour == "#0F6b63" && appearance.logo?.type == "image/svg+xml")
        #expect(appearance.help == "help@cloud.test, +49 30 1234")
        #expect(appearance.helpLink == "https://help.cloud.test/lockbox")
        let none = try Self.load(Self.minimal, in: folder).appearance
        #expect(none.colour == nil && none.logo == nil && none.help == nil && none.helpLink == nil)
        _ = try folder.write("GIF89a", to: "logo.gif")
        _ = try folder.write("<svg>" + String(repeating: " ", count: 65_536), to: "large.svg")
        for bad in [
            "colour: red", "colour: \"#0f6b63;}\"", "logo: logo.gif", "logo: large.svg",
            "logo: none.svg",
            "help: \"\"", "help: \"a\\nb\"", "helpLink: http://help.cloud.test/",
            "helpLink: javascript:alert(1)", "helpLink: https://", "helpLink: \"https://a b\"",
        ] {
            #expect(throws: ConfigurationError.self, "\(bad)") {
                try Self.load(Self.minimal + bad + "\n", in: folder)
            }
        }
    }

    @Test func whatIsNotSaidHasItsDefault() throws {
        let folder = try Folder()
        let configuration = try Self.load(Self.minimal, in: folder)
        #expect(configuration.listen.host == "127.0.0.1")
        #expect(configuration.listen.port == 8443)
        #expect(configuration.publicURL == "http://127.0.0.1:8443")
        #expect(configuration.origin == "127.0.0.1:8443")
        #expect(configuration.database == folder.path + "/lockbox.sqlite")
        #expect(configuration.dataDir == folder.path + "/data")
        #expect(configuration.signingKeyFile == folder.path + "/keys/signing.key")
        #expect(configuration.logLevel == "info")
        #expect(configuration.metrics == .loopback)
        #expect(configuration.serviceListen == nil && configuration.operatorListen == nil)
        let apart = try Self.load(
            Self.minimal + "serviceListen: 127.0.0.1:8444\noperatorListen: \"[::1]:8445\"\n",
            in: folder
        )
        #expect(apart.serviceListen?.port == 8444)
        #expect(apart.operatorListen?.host == "::1")
        #expect(apart.metrics == .open, "who binds it says who reaches it")
        #expect(configuration.gateways == .server && configuration.gatewayOperatorListen == nil)
        let gateway = try Self.load(
            Self.minimal + "gateway: apart\ngatewayOperatorListen: 127.0.0.1:8446\n",
            in: folder
        )
        #expect(gateway.gateways == .apart && gateway.gatewayOperatorListen?.port == 8446)
        #expect(gateway.metrics == .loopback && gateway.gatewayMetrics == .open)
        let client = configuration.trustedProxies.client(
            peer: "127.0.0.1",
            forwardedFor: ["192.0.2.9"]
        )
        #expect(client.address == "127.0.0.1")
    }

    @Test func pathsAreRelativeToTheFileAndTheAddressLosesItsSlash() throws {
        let folder = try Folder()
        try folder.write("smtps://user:secret@mail.test?from=a@b.test\n", to: "mail.url")
        let configuration = try Self.load(
            """
            listen: "[::1]:9000"
            publicURL: https://lockbox.cloud.test/
            database: sqlite:/srv/lockbox.sqlite
            dataDir: state
            mailFile: mail.url
            signing:
              keyFile: keys/log.key
            log: debug
            """,
            in: folder
        )
        #expect(configuration.listen.host == "::1")
        #expect(configuration.listen.port == 9000)
        #expect(configuration.publicURL == "https://lockbox.cloud.test")
        #expect(configuration.origin == "lockbox.cloud.test")
        #expect(configuration.publicHost == "lockbox.cloud.test")
        #expect(configuration.database == "/srv/lockbox.sqlite")
        #expect(configuration.dataDir == folder.path + "/state")
        #expect(configuration.mail == "smtps://user:secret@mail.test?from=a@b.test")
        #expect(configuration.signingKeyFile == folder.path + "/keys/log.key")
        #expect(configuration.logLevel == "debug")
    }

    @Test func theLogsNameIsASettingOfItsOwn() throws {
        let folder = try Folder()
        let named = try Self.load(
            Self.minimal + "log: { level: debug, origin: lockbox.cloud.test/2026 }\n",
            in: folder
        )
        #expect(named.logLevel == "debug" && named.origin == "lockbox.cloud.test/2026")
        let elsewhere = try Self.load(
            Self.minimal + "log: { origin: lockbox.cloud.test/2026 }\n",
            environment: ["LOCKBOX_LOG": "error", "LOCKBOX_LOG_ORIGIN": "env.test"],
            in: folder
        )
        #expect(elsewhere.logLevel == "error" && elsewhere.origin == "env.test")
        for bad in ["https://a.test", "/a", "a/", "\"a b\"", "a+b", "ä.test", "\"\""] {
            #expect(throws: ConfigurationError.self, "\(bad)") {
                try Self.load(Self.minimal + "log: { origin: \(bad) }\n", in: folder)
            }
        }
    }

    @Test func signingCommandComesWithItsKeyAndAListIsQuoted() throws {
        let folder = try Folder()
        let key = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
        let listed = try Self.load(
            Self.minimal
                + "signing: { command: [/bin/sign, \"it's; $HOME\"], publicKey: \"\(key)\" }\n",
            in: folder
        )
        #expect(listed.signingCommand == #"exec '/bin/sign' 'it'\''s; $HOME'"#)
        #expect(listed.signingPublicKey.count == 32)
        let line = try Self.load(
            Self.minimal + "signing: { command: sign | base64, publicKey: \"\(key)\" }\n",
            in: folder
        )
        #expect(line.signingCommand == "sign | base64")
        for bad in [
            "command: sign", "publicKey: \"\(key)\"", "command: sign, publicKey: AAAA",
            "command: sign, publicKey: \"\(key)A\"",
        ] {
            #expect(throws: ConfigurationError.self, "\(bad)") {
                try Self.load(Self.minimal + "signing: { \(bad) }\n", in: folder)
            }
        }
    }

    @Test func keyOfAnOlderInstallationIsFoundWhereItWas() throws {
        let folder = try Folder()
        try FileManager.default.createDirectory(
            atPath: folder.path + "/data",
            withIntermediateDirectories: true
        )
        for name in ["signing.key", "signing.key.heads"] {
            try folder.write("", to: "data/\(name)")
            let configuration = try Self.load(Self.minimal, in: folder)
            #expect(configuration.signingKeyFile == folder.path + "/data/signing.key")
            try FileManager.default.removeItem(atPath: folder.path + "/data/\(name)")
        }
    }

    @Test func environmentWins() throws {
        let folder = try Folder()
        let configuration = try Self.load(
            Self.minimal + "listen: 127.0.0.1:1\nlog: debug\n",
            environment: [
                "LOCKBOX_LISTEN": "0.0.0.0:8080", "LOCKBOX_PUBLICURL": "https://env.test",
                "LOCKBOX_DATABASE": "sqlite:env.sqlite", "LOCKBOX_DATADIR": "env",
                "LOCKBOX_LOG": "error",
                "LOCKBOX_SIGNING_KEYFILE": "env.key", "LOCKBOX_MAIL": "file:letters",
                "PATH": "/bin",
            ],
            in: folder
        )
        #expect(configuration.listen.host == "0.0.0.0" && configuration.listen.port == 8080)
        #expect(configuration.publicURL == "https://env.test")
        #expect(configuration.database == folder.path + "/env.sqlite")
        #expect(configuration.dataDir == folder.path + "/env")
        #expect(configuration.signingKeyFile == folder.path + "/env.key")
        #expect(configuration.mail == "file:" + folder.path + "/letters")
        #expect(configuration.logLevel == "error")
    }

    private static let known =
        "listen, publicURL, database, databasePasswordFile, dataDir, mail, mailFile, log, "
        + "trustedProxies, metrics, diskReserve, clockTolerance, operators, serviceListen, "
        + "operatorListen, tokenKeyLifetime, gateway, gatewayOperatorListen, colour, logo, help, "
        + "helpLink"

    /// A broken file, and all that is said of it.
    private static let broken: [(name: String, text: String, complaint: String)] = [
        ("empty", "", "lockbox.yaml: is empty"),
        (
            "address below a path", minimal + "publicURL: https://host.test/lockbox\n",
            "lockbox.yaml, line 3: publicURL: has the path /lockbox; Lockbox needs a host name of its "
                + "own and cannot lie below a path. Give it a name such as https://lockbox.example"
        ),
        (
            "one address for two", minimal + "operatorListen: 127.0.0.1:8443\n",
            "lockbox.yaml, line 3: operatorListen: 127.0.0.1:8443 is taken by another listener; "
                + "choose another port"
        ),
        (
            "no address", minimal + "serviceListen: 8444\n",
            "lockbox.yaml, line 3: serviceListen: must be HOST:PORT, such as 127.0.0.1:8443"
        ),
        ("nothing but a comment", "# nothing\n", "lockbox.yaml: is empty"),
        (
            "not a mapping", "- a\n- b\n",
            "lockbox.yaml, line 1: must be a mapping of keys to values"
        ),
        (
            "unknown key", minimal + "databse: x\n",
            "lockbox.yaml, line 3: databse: is not a known key; known are signing, witnesses, \(known)"
        ),
        (
            "unknown inner key", minimal + "signing:\n  key: x\n",
            "lockbox.yaml, line 4: signing.key: is not a known key; known are keyFile, "
                + "command, publicKey"
        ),
        (
            "duplicate key", minimal + "log: info\nlog: debug\n",
            "lockbox.yaml, line 3: log: is given twice"
        ),
        (
            "tab", minimal + "signing:\n\tkeyFile: x\n",
            "lockbox.yaml, line 4: found character that cannot start any token"
        ),
        (
            "bad indent", minimal + "signing:\n    keyFile: x\n  other: y\n",
            "lockbox.yaml, line 5: did not find expected key"
        ),
        (
            "unclosed quote", minimal + "log: \"info\n",
            "lockbox.yaml, line 4: found unexpected end of stream"
        ),
        (
            "two documents", minimal + "---\nlog: info\n",
            "lockbox.yaml, line 3: but found another document"
        ),
        ("list for a text", minimal + "log: [info]\n", "lockbox.yaml, line 3: log: must be a text"),
        ("nothing for a text", minimal + "log:\n", "lockbox.yaml, line 3: log: must be a text"),
        (
            "text for a mapping", minimal + "signing: x\n",
            "lockbox.yaml, line 3: signing: must be a mapping of keys to values"
        ),
        (
            "gateway elsewhere", minimal + "gateway: there\n",
            "lockbox.yaml, line 3: gateway: must be one of server, apart"
        ),
        (
            "operators of no gateway", minimal + "gatewayOperatorListen: 127.0.0.1:8446\n",
            "lockbox.yaml, line 3: gatewayOperatorListen: is for `gateway: apart`"
        ),
        (
            "operators of two",
            minimal + "gateway: apart\noperatorListen: 127.0.0.1:8445\n"
                + "gatewayOperatorListen: 127.0.0.1:8445\n",
            "lockbox.yaml, line 5: gatewayOperatorListen: 127.0.0.1:8445 is taken by another "
                + "listener; choose another port"
        ),
        ("no mail", "database: sqlite:x\n", "lockbox.yaml: mail is missing"),
        ("no database", "mail: file:letters\n", "lockbox.yaml: database is missing"),
        (
            "another database", "database: mysql://db/lockbox\nmail: file:letters\n",
            "lockbox.yaml, line 1: database: must be sqlite:PATH or postgres://USER@HOST/DATABASE"
        ),
        (
            "no path", "database: \"sqlite:\"\nmail: file:letters\n",
            "lockbox.yaml, line 1: database: must be sqlite:PATH or postgres://USER@HOST/DATABASE"
        ),
        (
            "password of a file", minimal + "databasePasswordFile: x\n",
            "lockbox.yaml, line 3: databasePasswordFile: is for a database on a server"
        ),
        (
            "both mails", minimal + "mailFile: x\n",
            "lockbox.yaml, line 3: mailFile: mail and mailFile exclude each other"
        ),
        (
            "mail file that is not there", "database: sqlite:x\nmailFile: nowhere\n",
            "lockbox.yaml, line 2: mailFile: the file FOLDER/nowhere cannot be read"
        ),
        (
            "plain http beyond this machine", minimal + "publicURL: http://lockbox.cloud.test\n",
            "lockbox.yaml, line 3: publicURL: plain http is for this machine alone, because "
                + "passwords and sessions would cross the network in clear; put a TLS proxy in front "
                + "and say https"
        ),
        (
            "plain http to what only looks local", minimal + "publicURL: http://127.evil.test\n",
            "lockbox.yaml, line 3: publicURL: plain http is for this machine alone, because "
                + "passwords and sessions would cross the network in clear; put a TLS proxy in front "
                + "and say https"
        ),
        (
            "plain http that the network reaches",
            minimal + "listen: 0.0.0.0:8443\npublicURL: http://127.0.0.1:8443\n",
            "lockbox.yaml, line 3: listen: 0.0.0.0:8443 can be reached from the network, and "
                + "publicURL says http: passwords and credentials would cross it in clear; put a TLS "
                + "proxy in front and say https in publicURL, or listen at 127.0.0.1"
        ),
        (
            "plain credentials that the network reaches",
            minimal + "serviceListen: \"[::]:8444\"\n",
            "lockbox.yaml, line 3: serviceListen: [::]:8444 can be reached from the network, and "
                + "publicURL says http: passwords and credentials would cross it in clear; put a TLS "
                + "proxy in front and say https in publicURL, or listen at 127.0.0.1"
        ),
        (
            "no port", minimal + "listen: localhost\n",
            "lockbox.yaml, line 3: listen: must be HOST:PORT, such as 127.0.0.1:8443"
        ),
        (
            "port too large", minimal + "listen: 127.0.0.1:65536\n",
            "lockbox.yaml, line 3: listen: must be HOST:PORT, such as 127.0.0.1:8443"
        ),
        (
            "no host", minimal + "listen: \":8443\"\n",
            "lockbox.yaml, line 3: listen: must be HOST:PORT, such as 127.0.0.1:8443"
        ),
        (
            "no web address", minimal + "publicURL: lockbox.cloud.test\n",
            "lockbox.yaml, line 3: publicURL: must be a web address such as https://lockbox.example"
        ),
        (
            "address with a query", minimal + "publicURL: https://lockbox.cloud.test/?a=b\n",
            "lockbox.yaml, line 3: publicURL: must be a web address such as https://lockbox.example"
        ),
        (
            "address with a password", minimal + "publicURL: https://a:b@lockbox.cloud.test\n",
            "lockbox.yaml, line 3: publicURL: must be a web address such as https://lockbox.example"
        ),
        (
            "no list of proxies", minimal + "trustedProxies: 127.0.0.1\n",
            "lockbox.yaml, line 3: trustedProxies: must be a list"
        ),
        (
            "proxy by name", minimal + "trustedProxies: [127.0.0.1, proxy]\n",
            "lockbox.yaml, line 3: trustedProxies: \"proxy\" is neither an address nor a network such as 10.0.0.0/8"
        ),
        (
            "a reserve of words", minimal + "diskReserve: much\n",
            "lockbox.yaml, line 3: diskReserve: must be a size such as 128 MB"
        ),
        (
            "a key that signs for a day", minimal + "tokenKeyLifetime: P1D\n",
            "lockbox.yaml, line 3: tokenKeyLifetime: must be a duration from P2D to P366D, such as P90D"
        ),
        (
            "a tolerance without end", minimal + "clockTolerance: P2D\n",
            "lockbox.yaml, line 3: clockTolerance: must be a duration from PT1S to P1D, such as PT5M"
        ),
        (
            "metrics for some", minimal + "metrics: private\n",
            "lockbox.yaml, line 3: metrics: must be one of open, loopback, off"
        ),
        (
            "log level", minimal + "log: loud\n",
            "lockbox.yaml, line 3: log: must be one of trace, debug, info, notice, warning, error, critical"
        ),
    ]

    @Test(arguments: broken.indices) func brokenFileIsRefusedByLineAndKey(_ index: Int) throws {
        let (name, text, expected) = Self.broken[index]
        let folder = try Folder()
        let said = try complaint(in: folder) { _ = try Self.load(text, in: folder) }
        #expect(said == expected, "\(name)")
    }

    @Test func proxiesAreAListInTheFileAndHaveCommasInTheEnvironment() throws {
        let folder = try Folder()
        let text = Self.minimal + "metrics: open\ntrustedProxies: [192.0.2.1, \"2001:db8::/32\"]\n"
        func client(_ configuration: Configuration, behind peer: String) -> String {
            configuration.trustedProxies.client(peer: peer, forwardedFor: ["203.0.113.9"]).address
        }
        let file = try Self.load(text, in: folder)
        #expect(file.metrics == .open)
        #expect(client(file, behind: "192.0.2.1") == "203.0.113.9")
        #expect(client(file, behind: "2001:db8::1") == "203.0.113.9")
        #expect(client(file, behind: "10.0.0.1") == "10.0.0.1")
        let environment = try Self.load(
            text,
            environment: [
                "LOCKBOX_TRUSTEDPROXIES": "10.0.0.0/8, 127.0.0.1", "LOCKBOX_METRICS": "off",
            ],
            in: folder
        )
        #expect(environment.metrics == .off)
        #expect(client(environment, behind: "192.0.2.1") == "192.0.2.1")
        #expect(client(environment, behind: "127.0.0.1") == "203.0.113.9")
        let none = try Self.load(text, environment: ["LOCKBOX_TRUSTEDPROXIES": ""], in: folder)
        #expect(client(none, behind: "192.0.2.1") == "192.0.2.1")
    }

    @Test func brokenVariableIsNamedInsteadOfTheLine() throws {
        let folder = try Folder()
        let said = try complaint(in: folder) {
            _ = try Self.load(Self.minimal, environment: ["LOCKBOX_LISTEN": "here"], in: folder)
        }
        #expect(
            said
                == "the environment variable LOCKBOX_LISTEN: must be HOST:PORT, such as 127.0.0.1:8443"
        )
    }

    @Test func secretOfAMailFileIsNotInTheComplaint() throws {
        let folder = try Folder()
        try folder.write("  \n", to: "mail.url")
        let said = try complaint(in: folder) {
            _ = try Self.load("database: sqlite:x\nmailFile: mail.url\n", in: folder)
        }
        #expect(said == "lockbox.yaml, line 2: mailFile: the file FOLDER/mail.url is empty")
    }

    @Test func fileThatIsNotThereIsNamed() throws {
        let folder = try Folder()
        let said = try complaint(in: folder) {
            _ = try Configuration.load(path: folder.path + "/nowhere.yaml", environment: [:])
        }
        #expect(said == "FOLDER/nowhere.yaml: cannot be read")
    }

    @Test(arguments: [0o644, 0o604, 0o620, 0o666])
    func aSecretThatOthersCanReadOrWriteIsRefused(_ mode: Int) throws {
        let folder = try Folder()
        try folder.write("smtps://user:secret@mail.test\n", to: "mail.url", mode: mode)
        let said = try complaint(in: folder) {
            _ = try Self.load("database: sqlite:x\nmailFile: mail.url\n", in: folder)
        }
        #expect(
            said == "lockbox.yaml, line 2: mailFile: everybody on this machine can read the file "
                + "FOLDER/mail.url, or its group can write it; close it: chmod 600 FOLDER/mail.url"
        )
    }

    @Test(arguments: [0o600, 0o400, 0o640])
    func aSecretOfItsOwnerAndItsGroupIsTaken(_ mode: Int) throws {
        let folder = try Folder()
        try folder.write("smtps://user:secret@mail.test\n", to: "mail.url", mode: mode)
        let configuration = try Self.load("database: sqlite:x\nmailFile: mail.url\n", in: folder)
        #expect(configuration.mail == "smtps://user:secret@mail.test")
    }

    @Test(arguments: [
        "http://localhost:8443", "http://127.0.0.1:1", "http://127.1.2.3", "http://[::1]:8443",
        "https://lockbox.cloud.test",
    ])
    func addressOfThisMachineMayBePlain(_ url: String) throws {
        let folder = try Folder()
        let configuration = try Self.load(Self.minimal + "publicURL: \"\(url)\"\n", in: folder)
        #expect(configuration.publicURL == url)
    }

    @Test func aLinkToASecretIsAsPrivateAsWhatItLeadsTo() throws {
        let folder = try Folder()
        for (name, mode) in [("closed", 0o600), ("open", 0o644)] {
            try folder.write("smtps://user:secret@mail.test\n", to: name, mode: mode)
            try FileManager.default.createSymbolicLink(
                atPath: folder.path + "/\(name).link",
                withDestinationPath: name
            )
        }
        let closed = try Self.load("database: sqlite:x\nmailFile: closed.link\n", in: folder)
        #expect(closed.mail == "smtps://user:secret@mail.test")
        let said = try complaint(in: folder) {
            _ = try Self.load("database: sqlite:x\nmailFile: open.link\n", in: folder)
        }
        #expect(said.contains("close it: chmod 600 FOLDER/open.link"))
    }

    @Test func filesInTheAddressOfTheRelayAreLookedForBesideTheConfiguration() throws {
        let folder = try Folder()
        try folder.write("token\n", to: "a token;+", mode: 0o600)
        let configuration = try Self.load(
            """
            database: sqlite:x
            mail: "smtps://u%40x@mail.test?from=a%2Bb@c.test&tokenFile=a%20token%3B%2B&ca=ca.pem"

            """,
            in: folder
        )
        let url = try #require(URLComponents(string: configuration.mail))
        #expect(url.user == "u@x")
        #expect(
            url.queryItems == [
                URLQueryItem(name: "from", value: "a+b@c.test"),
                URLQueryItem(name: "tokenFile", value: folder.path + "/a token;+"),
                URLQueryItem(name: "ca", value: folder.path + "/ca.pem"),
            ]
        )
    }

    @Test func otherPlacesOfAMailSecretAreHeldToTheSame() throws {
        let folder = try Folder()
        try folder.write("token\n", to: "token", mode: 0o644)
        let token = try complaint(in: folder) {
            _ = try Self.load(
                "database: sqlite:x\nmail: smtps://u@mail.test?tokenFile=\(folder.path)/token\n",
                in: folder
            )
        }
        #expect(token.contains("close it: chmod 600 FOLDER/token"))
        let path = try folder.write(
            "database: sqlite:x\nmail: smtps://user:secret@mail.test\n",
            to: "open.yaml",
            mode: 0o644
        )
        let inline = try complaint(in: folder) {
            _ = try Configuration.load(path: path, environment: [:])
        }
        #expect(inline.contains("open.yaml, line 2: mail: everybody on this machine can read"))
        #expect(!inline.contains("secret"))
    }
}
