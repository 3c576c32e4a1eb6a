import AsyncHTTPClient
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxServices
import Testing

@testable import LockboxServer

/// `kind: postgres` in `directory.yaml`, and where it leads engineers.
struct PostgresSettingsTests {
    private static let kind = PostgresKind(
        ServiceTools(http: .shared, clock: FixedClock(), entropy: SeededEntropy()) { _ in
            "a password"
        }
    )

    private static func load(_ postgres: String, address: String?) throws -> DirectoryFile {
        let folder = try Folder()
        try folder.write("a password\n", to: "pg")
        let text = """
            services:
              - id: crm
                kind: postgres
                resources: database
                \(address.map { "address: \"\($0)\"" } ?? "")
                postgres: \(postgres)

            """
        return try DirectoryFile.load(
            path: folder.write(text, to: "directory.yaml"),
            kinds: ServiceKinds([kind])
        )
    }

    private static func settings(
        _ url: String = "postgres://lockbox@db.internal/postgres",
        more: String = "",
        address: String? = nil
    ) throws -> ServiceSettings {
        let file = try load(
            "{ url: \"\(url)\", passwordFile: pg, roles: { read: crm_read, write: crm_write }\(more) }",
            address: address
        )
        return try #require(file.services.first?.settings)
    }

    @Test(arguments: [
        "postgres://lockbox@db.internal/postgres",
        "postgresql://lockbox@[::1]:5433/x?sslmode=disable",
        "postgres://lockbox@10.0.0.1/x?sslmode=verify-ca&sslrootcert=/etc/ssl/certs/ca-certificates.crt",
        "postgres://lockbox@/x?host=/run/postgresql",
    ])
    func serverIsUnderstood(_ url: String) throws {
        let settings = try Self.settings(url, more: ", statements: { csvlog: /var/log/postgresql }")
        #expect(Self.kind.openConnections(of: settings) == .areCut)
        #expect(try Self.kind.enforcer(of: settings) != nil)
        #expect(!settings.own.contains("a password"))
    }

    @Test(arguments: [
        ("postgres://lockbox:secret@db.internal/postgres", "must not hold a password"),
        ("postgres://db.internal/postgres", "must name the user and the database"),
        ("postgres://lockbox@db.internal", "must name the user and the database"),
        ("postgres://lockbox@a,b/postgres", "must be such as"),
        ("https://lockbox@db.internal/postgres", "must be such as"),
        (
            "postgres://lockbox@db.internal/postgres?sslmode=prefer",
            "sslmode must be verify-full, verify-ca"
        ),
        ("postgres://lockbox@db.internal/postgres?options=-c%20x", "options is not known here"),
        ("postgres://lockbox@db.internal:0/postgres", "must be such as"),
        ("postgres://lockbox@db.internal/x?sslrootcert=ca.pem", "must be the whole path of a file"),
        (
            "postgres://lockbox@127.0.0.1/x?sslrootcert=/etc/ssl/certs/ca-certificates.crt",
            "needs sslmode=verify-full or verify-ca"
        ),
        (
            "postgres://lockbox@db.internal/x?sslrootcert=/nowhere/ca.pem",
            "the file of sslrootcert cannot be read"
        ),
    ])
    func serverThatIsNotSafeToReachIsRefused(_ url: String, _ problem: String) throws {
        let error = #expect(throws: ConfigurationError.self) { try Self.settings(url) }
        #expect(error?.description.contains(problem) == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("secret") == false)
    }

    @Test(arguments: [
        (
            "{ url: \"postgres://lockbox@db/x\", passwordFile: pg, roles: { write: w } }",
            "read is missing"
        ),
        (
            "{ url: \"postgres://lockbox@db/x\", passwordFile: pg, roles: { read: lbx-1 } }",
            "name of a role"
        ),
        (
            "{ url: \"postgres://lockbox@db/x\", passwordFile: pg, roles: { read: r }, statements: {} }",
            "csvlog or jsonlog"
        ),
        (
            "{ url: \"postgres://lockbox@db/x\", passwordFile: pg, roles: { read: r }, "
                + "statements: { csvlog: log } }",
            "path of a folder"
        ),
    ])
    func settingsThatAreNotUnderstoodAreRefused(_ text: String, _ problem: String) throws {
        let error = #expect(throws: ConfigurationError.self) { try Self.load(text, address: nil) }
        #expect(error?.description.contains(problem) == true, "\(error?.description ?? "")")
    }

    @Test func engineersHaveCertificatesOfTheirOwn() {
        let error = #expect(throws: ConfigurationError.self) {
            try Self.settings(
                address: "postgres://db/crm?sslrootcert=/etc/ssl/certs/ca-certificates.crt"
            )
        }
        #expect(error?.description.contains("a file of the engineer's own") == true)
    }

    @Test func engineerIsLedToTheDatabaseThatSheHasAccessTo() throws {
        let request = try #require(try Fixture.history(to: .active).last)
        let service = try #require(ServiceID("crm"))
        let credential = Fixture.credential(
            of: request,
            resource: Fixture.resource("database:contoso-prod", of: service)
        )
        for (address, shown) in [
            (
                "postgres://db-support.provider.example/crm",
                "db-support.provider.example:5432/contoso-prod?sslmode=verify-full"
            ),
            ("postgres://[::1]:6432/crm", "[::1]:6432/contoso-prod"),
            (nil, "SERVER/contoso-prod"),
        ] {
            let words = Self.kind.connecting(
                with: credential,
                at: try Self.settings(address: address)
            )
            #expect(
                words.command.hasPrefix("read -rsp 'Token: ' PGPASSWORD && export PGPASSWORD\n")
            )
            #expect(
                words.command.hasSuffix(
                    "psql 'postgres://\(credential.username)@\(shown)'"
                )
            )
            #expect(words.note.contains("SERVER") == (address == nil))
        }
    }

    @Test func nameThatIsReadOtherwiseIsNoDatabase() {
        for (name, isOne) in [
            ("contoso", true), ("contoso-prod.2", true), ("_x", true), ("host=evil", false),
            ("a+b", false), ("template1", false), (String(repeating: "x", count: 64), false),
            ("a@b", false), ("postgres", true),
        ] {
            let resource = Fixture.resource("database:\(name)")
            #expect((Self.kind.problem(with: resource) == nil) == isOne, "\(name)")
        }
    }
}
