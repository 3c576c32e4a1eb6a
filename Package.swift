// swift-tools-version: 6.2
import PackageDescription

/// Whether this is the build for libFuzzer (`scripts/fuzz`).
let isFuzzing = Context.environment["LOCKBOX_FUZZER"] != nil
/// Whether `lockbox-fill` is wanted, which makes large logs for `scripts/bench`.
let isBenchmarking = Context.environment["LOCKBOX_BENCHMARKS"] != nil

let settings: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .treatAllWarnings(as: .error),
    ] + (isFuzzing ? [.unsafeFlags(["-sanitize=fuzzer"])] : [])

// Outside libraries by the name our rooms use; docs/decisions/0002 says why each is here.
let libraries: [String: Target.Dependency] = [
    "ArgumentParser": .product(name: "ArgumentParser", package: "swift-argument-parser"),
    "AsyncHTTPClient": .product(name: "AsyncHTTPClient", package: "async-http-client"),
    "Crypto": .product(name: "Crypto", package: "swift-crypto"),
    "CryptoExtras": .product(name: "CryptoExtras", package: "swift-crypto"),
    "GRDB": .product(name: "GRDB", package: "GRDB.swift"),
    "GRDBSQLite": .product(name: "GRDBSQLite", package: "GRDB.swift"),
    "HTTPTypes": .product(name: "HTTPTypes", package: "swift-http-types"),
    "Hummingbird": .product(name: "Hummingbird", package: "hummingbird"),
    "HummingbirdCore": .product(name: "HummingbirdCore", package: "hummingbird"),
    "JWTKit": .product(name: "JWTKit", package: "jwt-kit"),
    "Logging": .product(name: "Logging", package: "swift-log"),
    "Mustache": .product(name: "Mustache", package: "swift-mustache"),
    "NIOCore": .product(name: "NIOCore", package: "swift-nio"),
    "NIOEmbedded": .product(name: "NIOEmbedded", package: "swift-nio"),
    "NIOHPACK": .product(name: "NIOHPACK", package: "swift-nio-http2"),
    "NIOHTTP1": .product(name: "NIOHTTP1", package: "swift-nio"),
    "NIOHTTP2": .product(name: "NIOHTTP2", package: "swift-nio-http2"),
    "NIOPosix": .product(name: "NIOPosix", package: "swift-nio"),
    "NIOSSL": .product(name: "NIOSSL", package: "swift-nio-ssl"),
    "NIOTLS": .product(name: "NIOTLS", package: "swift-nio"),
    "ServiceLifecycle": .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
    "Yams": .product(name: "Yams", package: "Yams"),
]

// One line per room, bottom floor first. A room may name only rooms of the floors below it
// (ARCHITECTURE.md).
let rooms: [(floor: Int, name: String, uses: [String])] = [
    (0, "CCurl", ["CLibcurl"]),
    (0, "LockboxDomain", []),
    (0, "LockboxLibpq", ["CLibpq"]),
    (0, "MerkleLog", ["Crypto"]),
    (0, "LockboxWire", []),
    (1, "LockboxPorts", ["LockboxDomain", "MerkleLog"]),
    (1, "WebAuthn", ["LockboxWire", "MerkleLog", "Crypto", "CryptoExtras"]),
    (1, "LockboxApprovals", ["LockboxWire", "MerkleLog", "WebAuthn", "Crypto"]),
    (
        2, "LockboxAudit",
        [
            "LockboxDomain", "MerkleLog", "LockboxPorts", "LockboxWire", "LockboxApprovals",
            "Crypto", "Logging",
        ]
    ),
    (2, "LockboxStoreSQL", ["LockboxDomain", "MerkleLog", "LockboxPorts"]),
    (
        2, "LockboxStoreSQLite",
        ["LockboxDomain", "LockboxPorts", "LockboxStoreSQL", "GRDB", "GRDBSQLite"]
    ),
    (
        2, "LockboxStorePostgres",
        ["LockboxLibpq", "LockboxPorts", "LockboxStoreSQL"]
    ),
    (2, "LockboxMail", ["LockboxDomain", "LockboxPorts", "CCurl"]),
    (
        2, "LockboxNotifier",
        ["LockboxDomain", "MerkleLog", "LockboxPorts", "Crypto", "Mustache"]
    ),
    (
        2, "LockboxClient",
        [
            "LockboxWire", "MerkleLog", "LockboxApprovals", "AsyncHTTPClient", "NIOCore",
            "NIOHTTP1", "NIOPosix",
        ]
    ),
    (
        2, "LockboxWitness",
        [
            "MerkleLog", "Crypto", "GRDB", "HTTPTypes", "Hummingbird", "HummingbirdCore",
            "Logging", "NIOCore",
        ]
    ),
    (
        2, "LockboxOIDC",
        [
            "LockboxDomain", "MerkleLog", "LockboxPorts", "LockboxWire", "AsyncHTTPClient",
            "Crypto", "JWTKit", "NIOCore", "NIOHTTP1",
        ]
    ),
    (
        3, "LockboxIdentity",
        [
            "CZxcvbn", "LockboxDomain", "MerkleLog", "LockboxPorts", "LockboxAudit", "LockboxWire",
            "LockboxOIDC", "WebAuthn",
            "Crypto",
            "CryptoExtras", "NIOCore", "NIOPosix",
        ]
    ),
    (
        3, "LockboxDecisions",
        ["LockboxDomain", "LockboxPorts", "LockboxAudit", "Crypto"]
    ),
    (
        3, "LockboxServices",
        [
            "LockboxDomain", "LockboxLibpq", "MerkleLog", "LockboxPorts", "LockboxWire",
            "AsyncHTTPClient", "Crypto", "CryptoExtras", "NIOCore", "NIOHTTP1", "NIOSSL",
        ]
    ),
    (
        3, "LockboxService",
        [
            "LockboxDomain", "MerkleLog", "LockboxPorts", "LockboxAudit", "LockboxApprovals",
            "LockboxWire", "WebAuthn", "Crypto", "Logging",
        ]
    ),
    (
        3, "LockboxHTTP",
        ["LockboxWire", "HTTPTypes", "Hummingbird", "Logging", "NIOCore", "NIOHTTP1"]
    ),
    (
        4, "LockboxWork",
        [
            "LockboxDomain", "LockboxPorts", "LockboxAudit", "LockboxNotifier", "LockboxService",
            "LockboxDecisions", "MerkleLog",
            "ServiceLifecycle", "Logging",
        ]
    ),
    (
        4, "LockboxAPI",
        [
            "LockboxDomain", "MerkleLog", "LockboxPorts", "LockboxAudit", "LockboxService",
            "LockboxIdentity",
            "LockboxDecisions",
            "LockboxHTTP", "LockboxWire", "Crypto", "HTTPTypes", "Hummingbird", "Logging",
            "NIOCore",
        ]
    ),
    (
        4, "LockboxGateway",
        [
            "LockboxDomain", "LockboxPorts", "LockboxServices", "LockboxService",
            "LockboxIdentity", "LockboxDecisions", "LockboxHTTP", "Crypto", "Logging", "NIOCore",
            "NIOHPACK", "NIOHTTP1", "NIOHTTP2", "NIOPosix", "NIOSSL", "NIOTLS", "ServiceLifecycle",
        ]
    ),
    (
        4, "LockboxPortal",
        [
            "LockboxDomain", "MerkleLog", "LockboxPorts", "LockboxApprovals", "LockboxAudit",
            "LockboxNotifier", "LockboxService",
            "LockboxIdentity", "LockboxOIDC", "LockboxHTTP", "LockboxWire", "Crypto", "HTTPTypes",
            "Hummingbird", "Logging", "Mustache",
            "NIOCore",
        ]
    ),
    (
        4, "LockboxSCIM",
        [
            "LockboxDomain", "MerkleLog", "LockboxPorts", "LockboxAudit", "LockboxService",
            "LockboxIdentity", "LockboxHTTP", "LockboxWire", "Crypto", "HTTPTypes", "Hummingbird",
            "Logging", "NIOCore",
        ]
    ),
    (
        5, "LockboxServer",
        [
            "LockboxDomain", "MerkleLog", "LockboxPorts", "LockboxAudit", "LockboxServices",
            "LockboxService",
            "LockboxIdentity", "LockboxOIDC", "WebAuthn",
            "LockboxDecisions",
            "LockboxNotifier", "LockboxWork", "LockboxAPI",
            "LockboxGateway", "LockboxHTTP", "LockboxPortal", "LockboxSCIM",
            "AsyncHTTPClient", "Crypto", "HTTPTypes", "Hummingbird", "HummingbirdCore", "Logging",
            "NIOCore", "NIOHTTP1", "NIOPosix", "ServiceLifecycle", "Yams",
        ]
    ),
    (
        6, "LockboxInstallation",
        [
            "LockboxAudit", "LockboxDomain", "LockboxPorts", "LockboxMail", "LockboxServer",
            "LockboxService", "LockboxStorePostgres", "LockboxStoreSQLite", "LockboxWire",
            "MerkleLog", "Logging", "NIOCore",
        ]
    ),
]

// Kits that several test targets share.
let kits: [(name: String, uses: [String])] = [
    ("LockboxFixtures", ["LockboxDomain", "MerkleLog", "LockboxPorts"]),
    ("LockboxTestProvider", ["LockboxOIDC", "LockboxWire", "MerkleLog", "Crypto"]),
    ("LockboxTestAuthenticator", ["WebAuthn", "MerkleLog", "Crypto", "CryptoExtras"]),
    ("LockboxEnforcerContract", ["LockboxDomain", "LockboxPorts", "LockboxFixtures"]),
    ("LockboxTestPostgres", []),
    (
        "LockboxStoreContract",
        ["LockboxDomain", "MerkleLog", "LockboxPorts", "LockboxStoreSQL", "LockboxFixtures"]
    ),
    (
        "LockboxTestWorld",
        [
            "LockboxAudit", "LockboxDecisions", "LockboxDomain", "LockboxFixtures",
            "LockboxPorts", "LockboxService", "LockboxServices",
            "LockboxStoreSQLite",
            "AsyncHTTPClient", "GRDB", "HTTPTypes", "Hummingbird", "Logging", "NIOCore",
            "NIOEmbedded",
        ]
    ),
    (
        "LockboxSimulation",
        [
            "LockboxAudit", "LockboxDecisions", "LockboxDomain", "LockboxFixtures",
            "LockboxNotifier", "LockboxPorts", "LockboxService", "LockboxServices",
            "LockboxStoreSQLite", "LockboxTestWorld", "LockboxWork", "GRDB", "Logging",
        ]
    ),
    (
        "LockboxPortalWorld",
        [
            "LockboxHTTP", "LockboxPortal", "LockboxServices", "LockboxService", "LockboxIdentity",
            "LockboxOIDC", "LockboxTestProvider", "LockboxWork", "LockboxNotifier",
            "WebAuthn", "LockboxTestAuthenticator",
            "AsyncHTTPClient",
            "LockboxAudit", "LockboxStoreSQLite", "LockboxDomain", "LockboxPorts",
            "LockboxFixtures", "CryptoExtras",
            "HTTPTypes", "Hummingbird", "Logging", "NIOCore", "NIOEmbedded",
        ]
    ),
]

let tests: [(name: String, uses: [String])] = [
    ("LockboxDomainTests", ["LockboxDomain", "LockboxFixtures"]),
    ("MerkleLogTests", ["MerkleLog", "Crypto"]),
    (
        "WebAuthnTests",
        [
            "WebAuthn", "LockboxFixtures", "LockboxTestAuthenticator", "MerkleLog", "Crypto",
            "CryptoExtras",
        ]
    ),
    (
        "LockboxApprovalsTests",
        [
            "LockboxApprovals", "LockboxTestAuthenticator", "WebAuthn", "LockboxWire",
            "MerkleLog", "Crypto",
        ]
    ),
    (
        "LockboxAuditTests",
        [
            "LockboxAudit", "LockboxDomain", "LockboxPorts", "MerkleLog", "LockboxStoreSQLite",
            "LockboxFixtures", "LockboxTestWorld", "GRDB",
        ]
    ),
    (
        "LockboxStoreSQLiteTests",
        [
            "LockboxStoreSQLite", "LockboxStoreSQL", "LockboxPorts", "LockboxDomain", "MerkleLog",
            "LockboxAudit", "LockboxFixtures",
            "LockboxStoreContract", "lockbox-crash-child",
        ]
    ),
    (
        "LockboxStorePostgresTests",
        [
            "LockboxStorePostgres", "LockboxStoreSQL", "LockboxLibpq", "LockboxPorts",
            "LockboxDomain", "LockboxFixtures", "LockboxStoreContract", "LockboxStoreSQLite",
            "LockboxTestPostgres",
        ]
    ),
    ("LockboxMailTests", ["LockboxMail", "LockboxDomain", "LockboxPorts"]),
    (
        "LockboxNotifierTests",
        [
            "LockboxNotifier", "LockboxWork", "LockboxAudit", "LockboxDomain", "LockboxPorts",
            "LockboxFixtures", "LockboxService", "LockboxServices", "LockboxTestWorld", "Logging",
            "ServiceLifecycle",
        ]
    ),
    (
        "LockboxClientTests",
        [
            "lockbox", "LockboxClient", "LockboxWire", "MerkleLog", "AsyncHTTPClient", "Crypto",
            "NIOCore", "NIOHTTP1",
        ]
    ),
    ("LockboxWitnessTests", ["LockboxWitness", "MerkleLog"]),
    ("LockboxWireTests", ["LockboxWire", "LockboxDomain"]),
    (
        "LockboxIdentityTests",
        [
            "LockboxIdentity", "LockboxAudit", "LockboxDecisions", "LockboxDomain",
            "LockboxFixtures", "LockboxOIDC", "LockboxPorts", "LockboxService",
            "LockboxTestAuthenticator", "LockboxTestProvider", "LockboxTestWorld", "LockboxWire",
            "WebAuthn",
        ]
    ),
    (
        "LockboxOIDCTests",
        [
            "LockboxOIDC", "LockboxDomain", "LockboxFixtures", "LockboxTestProvider",
            "LockboxWire", "MerkleLog", "Crypto",
        ]
    ),
    (
        "LockboxDecisionsTests",
        [
            "LockboxDecisions", "LockboxAudit", "LockboxDomain", "LockboxFixtures",
            "LockboxPorts", "LockboxService", "LockboxStoreSQLite", "LockboxTestWorld",
            "LockboxWork", "GRDB", "Logging",
        ]
    ),
    (
        "LockboxServiceTests",
        [
            "LockboxService", "LockboxIdentity", "LockboxDecisions", "LockboxAudit",
            "LockboxStoreSQLite", "LockboxDomain", "LockboxPorts",
            "LockboxFixtures", "LockboxServices", "LockboxTestWorld", "Logging",
        ]
    ),
    (
        "LockboxServicesTests",
        [
            "LockboxServices", "LockboxDomain", "LockboxPorts", "LockboxFixtures",
            "LockboxEnforcerContract", "LockboxLibpq", "LockboxTestPostgres", "AsyncHTTPClient",
            "Crypto", "NIOCore", "NIOHTTP1", "NIOPosix",
        ]
    ),
    (
        "LockboxWorkTests",
        [
            "LockboxWork", "LockboxAudit", "LockboxService", "LockboxStoreSQLite", "LockboxDomain",
            "LockboxPorts", "LockboxFixtures", "LockboxTestWorld", "LockboxDecisions",
            "LockboxNotifier", "LockboxWitness", "MerkleLog", "Logging", "ServiceLifecycle",
        ]
    ),
    (
        "LockboxAPITests",
        [
            "LockboxAPI", "LockboxHTTP", "LockboxAudit", "LockboxClient", "LockboxDecisions",
            "LockboxDomain", "LockboxIdentity", "LockboxNotifier", "LockboxPorts", "LockboxService",
            "LockboxWire", "MerkleLog", "LockboxFixtures",
            "LockboxTestAuthenticator", "LockboxTestWorld", "Crypto", "HTTPTypes", "Hummingbird",
        ]
    ),
    (
        "LockboxServerTests",
        [
            "LockboxServer", "LockboxAPI", "LockboxHTTP", "LockboxIdentity", "LockboxServices",
            "LockboxService",
            "LockboxDomain", "LockboxPorts", "LockboxAudit", "LockboxDecisions", "LockboxWork",
            "LockboxFixtures", "LockboxNotifier", "LockboxStoreSQLite", "MerkleLog",
            "AsyncHTTPClient", "Crypto", "Logging",
            "NIOCore", "NIOEmbedded", "NIOHTTP1", "ServiceLifecycle",
        ]
    ),
    (
        "LockboxPortalTests",
        [
            "LockboxHTTP", "LockboxPortal", "LockboxService", "LockboxIdentity", "LockboxAudit",
            "LockboxStoreSQLite", "LockboxAPI", "LockboxDecisions",
            "LockboxNotifier",
            "LockboxWork", "LockboxDomain", "LockboxPorts", "LockboxFixtures",
            "LockboxPortalWorld", "LockboxTestWorld", "MerkleLog", "GRDB", "HTTPTypes",
            "Hummingbird", "Logging", "NIOCore",
        ]
    ),
    (
        "LockboxGatewayTests",
        [
            "LockboxGateway", "LockboxDecisions", "LockboxService", "LockboxServices",
            "LockboxDomain",
            "LockboxPorts",
            "LockboxFixtures", "LockboxEnforcerContract", "LockboxTestWorld", "Logging", "NIOCore",
            "NIOEmbedded", "NIOHPACK", "NIOHTTP1", "NIOPosix",
        ]
    ),
    (
        "LockboxSCIMTests",
        [
            "LockboxSCIM", "LockboxHTTP", "LockboxAudit", "LockboxDomain", "LockboxIdentity",
            "LockboxNotifier", "LockboxPorts", "LockboxService", "LockboxWire",
            "LockboxFixtures", "LockboxTestWorld", "HTTPTypes", "Hummingbird",
        ]
    ),
    ("LockboxSimulationTests", ["LockboxSimulation"]),
    ("TidyTests", []),
]

// Pages, style and script are part of the program: nothing to install beside it. Each subject of
// the portal keeps its templates beside its models and routes.
let resources: [String: [Resource]] = [
    "LockboxAPI": [.embedInCode("Resources")],
    "LockboxPortal": [.embedInCode("Resources")]
        + [
            "Account", "Audit", "NewRequest", "Overview", "People", "Requests", "Settings",
            "SignIn", "Site", "Support", "Tenants",
        ].map { .embedInCode("\($0)/Templates") },
]

// What tests compare with, read where it lies.
let kept = [
    "LockboxPortalTests": ["Snapshots"], "LockboxStoreSQLiteTests": ["Fixtures", "Schemas"],
]

func dependencies(_ names: [String]) -> [Target.Dependency] {
    names.map { libraries[$0] ?? .init(stringLiteral: $0) }
}

let package = Package(
    name: "lockbox",
    products: [
        .executable(name: "lockboxd", targets: ["lockboxd"]),
        .executable(name: "lockbox", targets: ["lockbox"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", exact: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", exact: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        .package(url: "https://github.com/vapor/jwt-kit", exact: "5.7.1"),
    ],
    targets: [
        .systemLibrary(
            name: "CLibcurl",
            pkgConfig: "libcurl",
            providers: [.apt(["libcurl4-openssl-dev"])]
        ),
        .systemLibrary(name: "CLibpq", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CZxcvbn", providers: [.apt(["libzxcvbn-dev"])]),
    ]
        + rooms.map { room in
            .target(
                name: room.name,
                dependencies: dependencies(room.uses),
                resources: resources[room.name] ?? [],
                swiftSettings: room.name == "CCurl" ? [] : settings
            )
        }
        + kits.map { kit in
            .target(
                name: kit.name,
                dependencies: dependencies(kit.uses),
                path: "Tests/Support/\(kit.name)",
                swiftSettings: settings
            )
        }
        + tests.map { test in
            .testTarget(
                name: test.name,
                dependencies: dependencies(test.uses),
                exclude: kept[test.name] ?? [],
                swiftSettings: settings
            )
        }
        + [
            // A store to be killed, for the crash tests.
            .executableTarget(
                name: "lockbox-crash-child",
                dependencies: dependencies([
                    "LockboxStoreSQLite", "LockboxDomain", "LockboxPorts", "LockboxFixtures",
                ]),
                path: "Tests/Support/lockbox-crash-child",
                swiftSettings: settings
            ),
            // Seeds of the simulation, one after another.
            .executableTarget(
                name: "lockbox-simulate",
                dependencies: dependencies(["LockboxSimulation", "ArgumentParser"]),
                path: "Tests/Support/lockbox-simulate",
                swiftSettings: settings
            ),
            .executableTarget(
                name: "lockboxd",
                dependencies: dependencies([
                    "LockboxInstallation", "LockboxServer", "LockboxService", "LockboxServices",
                    "LockboxIdentity", "LockboxAudit", "LockboxDomain", "LockboxMail",
                    "LockboxPorts", "ArgumentParser",
                ]),
                swiftSettings: settings
            ),
            // One request walked through, with a real mailbox.
            .executableTarget(
                name: "lockbox-demo",
                dependencies: dependencies([
                    "LockboxInstallation", "LockboxServer", "LockboxService", "LockboxIdentity",
                    "LockboxDomain", "LockboxPorts", "LockboxClient", "LockboxWire", "MerkleLog",
                    "ArgumentParser", "AsyncHTTPClient", "HTTPTypes", "Hummingbird", "Logging",
                    "NIOCore", "NIOHTTP1", "NIOPosix",
                ]),
                swiftSettings: settings
            ),
            .executableTarget(
                name: "lockbox",
                dependencies: dependencies([
                    "LockboxApprovals", "LockboxClient", "LockboxDomain", "LockboxMail",
                    "LockboxPorts", "LockboxWire", "LockboxWitness", "MerkleLog",
                    "ArgumentParser", "AsyncHTTPClient", "Crypto", "NIOCore", "NIOHTTP1",
                ]),
                swiftSettings: settings
            ),
            // For who works on the portal: every page in every state, as files.
            .executableTarget(
                name: "lockbox-gallery",
                dependencies: dependencies([
                    "LockboxPortalWorld", "LockboxPortal", "ArgumentParser",
                ]),
                swiftSettings: settings
            ),
        ]
)

// What `make fuzz` builds besides, with every room instrumented: it has no main function of its own.
if isFuzzing {
    package.targets.append(
        .executableTarget(
            name: "lockbox-fuzz",
            dependencies: dependencies([
                "LockboxApprovals", "LockboxAudit", "LockboxClient", "LockboxDomain",
                "LockboxHTTP", "LockboxIdentity", "LockboxMail", "LockboxPorts", "LockboxServer",
                "LockboxService", "LockboxServices", "LockboxStoreSQL", "LockboxWire",
                "MerkleLog", "WebAuthn",
            ]),
            path: "Fuzz",
            exclude: ["Seeds"],
            swiftSettings: settings,
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer"])]
        )
    )
}

if isBenchmarking {
    package.targets.append(
        .executableTarget(
            name: "lockbox-fill",
            dependencies: dependencies([
                "LockboxAudit", "LockboxDomain", "LockboxPorts", "LockboxServer",
                "LockboxStoreSQLite", "ArgumentParser",
            ]),
            path: "Benchmarks",
            swiftSettings: settings
        )
    )
}
