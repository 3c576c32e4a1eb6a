import Testing

@testable import LockboxStorePostgres

struct PostgresAddressTests {
    @Test(arguments: [
        ("sqlite:x", "must be postgres://USER@HOST/DATABASE"),
        ("postgres://u@h/d?sslmode", "is no connection string that libpq understands"),
        ("postgres://u@%zz/d", "is no connection string that libpq understands"),
        ("postgres://u@h/d?frobnicate=1", "is no connection string that libpq understands"),
        ("postgres://u@h/d?options=-csearch_path%3Dx", "options cannot be set in it"),
        ("postgres://u@h/d?service=x", "service cannot be set in it"),
        ("postgres://u@h/d?replication=1", "replication cannot be set in it"),
        ("postgres://h/d", "names not a user"),
        ("postgres://u@h", "names not a database"),
        ("postgres://u@/d", "names no host"),
        ("postgres://u@h1,/d", "names no host"),
        ("postgres://u@h/d?target_session_attrs=any", "target_session_attrs must be read-write"),
        ("postgres://u@h/d?target_session_attrs=standby", "target_session_attrs must be"),
        ("postgres://u@db.example/d?sslmode=require", "sslmode must be verify-full"),
        ("postgres://u@db.example/d?sslmode=disable", "sslmode must be verify-full"),
        ("postgres://u@127.0.0.1,db.example/d?sslmode=prefer", "sslmode must be verify-full"),
        ("postgres://u:one@127.0.0.1/d", "databasePasswordFile names another one"),
    ])
    func badStringIsRefusedByName(_ url: String, _ words: String) {
        let problem = #expect(throws: PostgresAddress.Problem.self) {
            try PostgresAddress(url, password: url.contains(":one@") ? "other" : nil)
        }
        #expect(problem?.description.contains(words) == true, "\(String(describing: problem))")
    }

    @Test func wordsAboutABadStringHoldNoPassword() {
        let problem = #expect(throws: PostgresAddress.Problem.self) {
            try PostgresAddress("postgres://u:hunter2@h:port/d?x=hunter2")
        }
        #expect(problem?.description.contains("hunter2") == false)
    }

    @Test func severalHostsArePassedOnAndTheOneThatTakesWritesIsWanted() throws {
        let address = try PostgresAddress(
            "postgres://u@db1.example:5432,db2.example:5433/d",
            password: "secret"
        )
        #expect(address.keywords["host"] == "db1.example,db2.example")
        #expect(address.keywords["port"] == "5432,5433")
        #expect(address.keywords["target_session_attrs"] == "read-write")
        #expect(address.keywords["sslmode"] == "verify-full")
        #expect(address.keywords["sslrootcert"]?.isEmpty == false)
        #expect(address.keywords["password"] == "secret")
        #expect(address.text == "postgres://u@db1.example,db2.example/d")
    }

    @Test func databaseOnThisMachineNeedsNoCertificate() throws {
        for host in ["127.0.0.1", "localhost", "%2Frun%2Fpostgresql"] {
            let address = try PostgresAddress("postgres://u@\(host)/d")
            #expect(address.keywords["sslmode"] == "prefer")
        }
    }
}
