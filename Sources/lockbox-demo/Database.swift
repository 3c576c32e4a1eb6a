import Foundation

/// A PostgreSQL with Contoso's database, set up by the files in Examples/postgres.
struct Database {
    static let name = "contoso"
    /// A row with a mistake in it, and the statement that mends it.
    static let wrongName = "Fabrikam Gmbbh"
    static let repair =
        "UPDATE customers SET name = 'Fabrikam GmbH' WHERE name = '\(wrongName)'"

    let port: Int
    private let servers: ServersFolder
    private let folder: DataFolder
    private let programs: String
    private let superuser: String

    /// Writes its passwords; `password` is Lockbox's own.
    init(
        in folder: DataFolder,
        _ servers: ServersFolder,
        port: Int,
        password: String,
        superuser: String
    ) throws {
        (self.folder, self.servers, self.port, self.superuser) = (folder, servers, port, superuser)
        programs = try Self.programs()
        try folder.write(password + "\n", to: "secrets/postgres", mode: 0o600)
        try DataFolder.write(superuser, to: servers["superuser"], mode: 0o600)
        try servers.user.own(servers["superuser"])
        try folder.write(try Self.setUp(password: password), to: "secrets/setup.sql", mode: 0o600)
    }

    /// Debian keeps each version's programs in a folder of its own.
    private static func programs() throws -> String {
        let base = "/usr/lib/postgresql"
        let found = try? FileManager.default.contentsOfDirectory(atPath: base)  // best effort: none
        guard let newest = found?.compactMap(Int.init).filter({ $0 >= 15 }).max() else {
            throw DemoError(
                "PostgreSQL 15 or later is not installed (Debian's package postgresql): make setup installs it."
            )
        }
        return "\(base)/\(newest)/bin"
    }

    /// What an operator runs as a superuser, and an example table.
    private static func setUp(password: String) throws -> String {
        let examples = try ServersFolder.examples("postgres")
        let roles = try String(contentsOfFile: examples + "/roles.sql", encoding: .utf8)
        let each = try String(contentsOfFile: examples + "/database.sql", encoding: .utf8)
            .replacing("@DATABASE@", with: name).replacing("@OWNER@", with: "crm_owner")
        return """
            \(roles)
            GRANT SET ON PARAMETER log_statement TO lockbox;
            ALTER ROLE lockbox PASSWORD '\(password)';
            CREATE ROLE crm_owner;
            CREATE DATABASE \(name) OWNER crm_owner;
            \\connect \(name)
            SET ROLE crm_owner;
            CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL);
            INSERT INTO customers VALUES (1, 'Wingtip Toys'), (2, '\(wrongName)');
            RESET ROLE;
            \(each)
            """
    }

    // MARK: - Running

    /// Where it writes down what is run.
    var log: String { servers["postgresql-log"] }

    /// Makes the cluster and starts it.
    func start(_ children: Children) async throws -> Children.Child {
        let data = servers["database"]
        for folder in [data, log] {
            try ServersFolder.make(folder)
            try servers.user.own(folder)
        }
        let made = try await children.run(
            "initdb",
            [
                "\(programs)/initdb", "-D", data, "-U", "postgres", "-A", "scram-sha-256",
                "--pwfile=\(servers["superuser"])", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync",
            ],
            as: servers.user,
            log: folder["logs/initdb"]
        )
        guard made.status == 0 else { throw DemoError("initdb: \(made.output)") }
        let settings = [
            "port=\(port)", "listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off",
            "logging_collector=on", "log_destination=stderr,jsonlog", "log_directory=\(log)",
            "log_timezone=UTC", "lc_messages=C",
        ]
        return try await children.start(
            "PostgreSQL",
            ["\(programs)/postgres", "-D", data] + settings.flatMap { ["-c", $0] },
            as: servers.user,
            log: folder["logs/postgresql"]
        )
    }

    /// Makes the roles and Contoso's database, once the server answers.
    func prepare(_ children: Children, _ server: Children.Child) async throws {
        try await children.wait(for: server) {
            let answer = try await psql(children, "postgres", superuser, ["-c", "SELECT 1"])
            guard answer.status == 0 else { throw DemoError(answer.output) }
        }
        let file = folder["secrets/setup.sql"]
        let done = try await psql(children, "postgres", superuser, ["-q", "-f", file])
        guard done.status == 0 else { throw DemoError("psql: \(done.output)") }
    }

    /// One run of `psql` in Contoso's database, as an engineer would start it.
    func psql(_ children: Children, as user: String, password: String, _ statement: String)
        async throws -> (status: Int32, output: String)
    {
        try await psql(children, user, password, ["-c", statement], in: Self.name)
    }

    private func psql(
        _ children: Children,
        _ user: String,
        _ password: String,
        _ arguments: [String],
        in database: String = "postgres"
    ) async throws -> (status: Int32, output: String) {
        try await children.run(
            "psql",
            [
                "\(programs)/psql", "-X", "-v", "ON_ERROR_STOP=1",
                "postgres://\(user)@127.0.0.1:\(port)/\(database)",
            ] + arguments,
            environment: ["PGPASSWORD": password],
            log: folder["logs/psql"]
        )
    }
}
