import LockboxDomain
import LockboxEnforcerContract
import LockboxFixtures
import LockboxLibpq
import LockboxPorts
import Testing

@testable import LockboxServices

/// Against a PostgreSQL of its own.
@Suite(.serialized, .onCluster)
struct PostgresTests {
    @Test(arguments: EnforcerPromise.allCases)
    func promiseIsKept(_ promise: EnforcerPromise) async throws {
        try await StagedPostgres.with { try await promise.check($0) }
    }

    @Test func engineerMayDoWhatTheOperatorsRoleMayAndNoMore() async throws {
        try await StagedPostgres.with { staged in
            for (number, actions) in [(1, .read), (2, [.read, .write])] as [(UInt8, Actions)] {
                let access = try StagedAccess(number, actions)
                try await access.begin(at: staged)
                let session = try staged.session(access.name)
                try session.rows("SET default_transaction_read_only = off")
                #expect(try session.rows("SELECT count(*) FROM public.customers") == [["2"]])
                let update = Result {
                    try session.rows("UPDATE public.customers SET name = name")
                }
                #expect(((try? update.get()) != nil) == actions.contains(.write))
                #expect(throws: PostgresError.self) {
                    try staged.session(access.name, in: "fabrikam")
                }
                #expect(throws: PostgresError.self) {
                    try session.rows("CREATE ROLE another LOGIN")
                }
            }
        }
    }

    @Test func newCredentialTakesThePlaceOfTheOneBefore() async throws {
        try await StagedPostgres.with { staged in
            let access = try StagedAccess()
            try await staged.enforcer.open(access.credential, secret: "one before")
            try await access.begin(at: staged)
            #expect(throws: PostgresError.self) {
                try staged.cluster.session(access.name, "one before", in: "contoso")
            }
            let stored = try staged.cluster.column("SELECT rolpassword FROM pg_authid")
            #expect(stored.contains(try SCRAMVerifier.text(StagedAccess.secret)))
        }
    }

    /// What a session may leave behind, in two databases.
    @Test func everythingThatAnAccessBeganIsGone() async throws {
        try await StagedPostgres.with { staged in
            let access = try StagedAccess()
            try await access.begin(at: staged)
            let cluster = staged.cluster
            try cluster.run("GRANT CREATE ON SCHEMA public TO crm_write", in: "contoso")
            let session = try staged.session(access.name)
            try session.rows("CREATE TABLE public.fix (x int)")
            try session.rows("BEGIN")
            try session.rows("INSERT INTO public.fix VALUES (1)")
            try session.rows("PREPARE TRANSACTION 'it''s \"mine\"'")
            try session.rows("SET ROLE crm_write")
            try session.rows("BEGIN")
            try session.rows("SELECT 1")
            try session.rows("PREPARE TRANSACTION 'the role''s'")
            try session.rows("RESET ROLE")
            // Holds the lock that shutting out waits for.
            try session.rows("BEGIN")
            try session.rows("ALTER ROLE CURRENT_USER PASSWORD 'another password'")
            try cluster.run(
                "SET ROLE crm_owner;\nGRANT SELECT ON customers TO \"\(access.name)\";\n",
                in: "fabrikam"
            )
            try await staged.enforcer.cut([access.order])
            #expect(await staged.connected() == [])
            try await staged.enforcer.close(access.order)
            #expect(try cluster.roles() == [])
            #expect(try cluster.column("SELECT gid FROM pg_prepared_xacts") == [])
            // The fix stays, with the role that holds the rights.
            #expect(
                try cluster.column(
                    "SELECT tableowner FROM pg_tables WHERE tablename = 'fix'",
                    in: "contoso"
                ) == ["crm_write"]
            )
            try cluster.run("DROP TABLE public.fix", in: "contoso")
            try cluster.run("REVOKE CREATE ON SCHEMA public FROM crm_write", in: "contoso")
        }
    }

    @Test func roleIsKnownByItsOidWhateverItIsCalled() async throws {
        try await StagedPostgres.with { staged in
            let access = try StagedAccess()
            try await access.begin(at: staged)
            try staged.cluster.run("ALTER ROLE \"\(access.name)\" RENAME TO \"o'brien \"\"é\"")
            let renamed = String(reflecting: "o'brien \"é")
            let oddity = "the role \(renamed) carries its comment"
            #expect(
                try await staged.enforcer.list()
                    == [OpenAccess(username: access.name, oddity: oddity)]
            )
            try await staged.enforcer.cut([access.order])
            #expect(await staged.connected() == [])
            try await staged.enforcer.close(access.order)
            #expect(try staged.cluster.roles() == [])
        }
    }

    /// On a server that was restored from a copy, the number is somebody else's.
    @Test func roleThatHasTheNumberAloneIsLeftAlone() async throws {
        try await StagedPostgres.with { staged in
            let access = try StagedAccess()
            try await access.begin(at: staged)
            try staged.cluster.run(
                """
                COMMENT ON ROLE "\(access.name)" IS NULL;
                ALTER ROLE "\(access.name)" RENAME TO somebody;

                """
            )
            try await staged.enforcer.cut([access.order])
            await #expect(throws: EnforcerError("the database server still has the login role")) {
                try await staged.enforcer.close(access.order)
            }
            #expect(await staged.connected() == ["somebody"])
            try staged.cluster.run("ALTER ROLE somebody RENAME TO \"\(access.name)\"")
            try await staged.enforcer.close(access.order)
            #expect(try staged.cluster.roles() == [])
        }
    }

    @Test func endOfReadingLeavesWhatWritersPrepared() async throws {
        try await StagedPostgres.with { staged in
            let reader = try StagedAccess(1, .read)
            let writer = try StagedAccess(2)
            for access in [reader, writer] { try await access.begin(at: staged) }
            for (access, role) in [(reader, "crm_read"), (writer, "crm_write")] {
                let session = try staged.session(access.name)
                try session.rows("SET ROLE \(role)")
                try session.rows("BEGIN")
                try session.rows("SELECT 1")
                try session.rows("PREPARE TRANSACTION '\(role)'")
            }
            let prepared = { try staged.cluster.column("SELECT gid FROM pg_prepared_xacts") }
            try await staged.enforcer.close(reader.order)
            #expect(try prepared() == ["crm_write"])
            try await staged.enforcer.close(writer.order)
            #expect(try prepared() == [])
        }
    }

    /// The server refuses, with an internal error, whoever changes what somebody else has just changed.
    @Test func changeBySomebodyElseAtThatMomentHindersNoEnd() async throws {
        try await StagedPostgres.with { staged in
            let access = try StagedAccess(1)
            try await access.begin(at: staged)
            let other = try staged.cluster.session()
            try other.rows("BEGIN")
            try other.rows("GRANT CONNECT ON DATABASE contoso TO crm_read")
            let enforcer = staged.enforcer
            try await withThrowingTaskGroup { group in
                group.addTask { try await enforcer.close(access.order) }
                let waiting = """
                    SELECT pid FROM pg_stat_activity WHERE usename = 'lockbox' AND wait_event_type = 'Lock'
                    """
                while try staged.cluster.column(waiting).isEmpty { await Task.yield() }
                try other.rows("COMMIT")
                try await group.waitForAll()
            }
            #expect(try staged.cluster.roles() == [])
        }
    }

    /// Of two ends at once that roll back the same, both succeed.
    @Test func endsAtOnceDoNotHinderEachOther() async throws {
        try await StagedPostgres.with { staged in
            let accesses = try (1...4).map { try StagedAccess($0) }
            for access in accesses {
                try await access.begin(at: staged)
                let session = try staged.session(access.name)
                try session.rows("SET ROLE crm_write")
                try session.rows("BEGIN")
                try session.rows("SELECT 1")
                try session.rows("PREPARE TRANSACTION '\(access.name)'")
            }
            let enforcer = staged.enforcer
            try await withThrowingTaskGroup { group in
                for access in accesses {
                    group.addTask { try await enforcer.close(access.order) }
                }
                try await group.waitForAll()
            }
            #expect(try staged.cluster.roles() == [])
            #expect(try staged.cluster.column("SELECT gid FROM pg_prepared_xacts") == [])
        }
    }

    @Test func whatCannotBeTakenBackDoesNotKeepTheRest() async throws {
        try await StagedPostgres.with { staged in
            let access = try StagedAccess()
            try await access.begin(at: staged)
            // Of a database whose owner Lockbox is no member of.
            try staged.cluster.run("GRANT CREATE ON DATABASE postgres TO \"\(access.name)\"")
            try await staged.enforcer.cut([access.order])
            #expect(
                try staged.cluster.column(
                    "SELECT has_database_privilege('\(access.name)', 'contoso', 'CONNECT')"
                ) == ["f"]
            )
        }
    }

    @Test func copyIsNoAnswer() async throws {
        try await StagedPostgres.with { staged in
            let session = try staged.cluster.session()
            #expect(throws: PostgresError.self) { try session.rows("COPY pg_roles TO STDOUT") }
            #expect(throws: PostgresError.self) { try session.rows("SELECT 1", columns: 2) }
        }
    }

    @Test func sessionThatOutlivesItsRoleIsFoundAndEnded() async throws {
        try await StagedPostgres.with { staged in
            let access = try StagedAccess()
            try await access.begin(at: staged)
            try staged.cluster.drop(access.name)
            #expect(await staged.connected().count == 1)
            let oddity = "it has sessions, and no role has its name or comment"
            #expect(
                try await staged.enforcer.list()
                    == [OpenAccess(username: access.name, oddity: oddity)]
            )
            try await staged.enforcer.close(access.order)
            #expect(await staged.connected() == [])
            #expect(try await staged.enforcer.list() == [])
        }
    }

    @Test func roleThatCannotBeDroppedHasNoWayInAndHoldsUpNoOther() async throws {
        try await StagedPostgres.with { staged in
            let accesses = try (1...3).map { try StagedAccess($0) }
            for access in accesses { try await access.begin(at: staged) }
            let first = accesses[0]
            // Nobody but a superuser can take this back.
            try staged.cluster.run("GRANT SELECT ON pg_authid TO \"\(first.name)\"", in: "contoso")
            try await staged.enforcer.cut(accesses.map(\.order))
            #expect(await staged.connected() == [])
            for access in accesses.dropFirst() { try await staged.enforcer.close(access.order) }
            await #expect(throws: EnforcerError("the database server refused what it was told")) {
                try await staged.enforcer.close(first.order)
            }
            #expect(try staged.cluster.roles() == [first.name])
            #expect(throws: PostgresError.self) { try staged.session(first.name) }
            #expect(
                try staged.cluster.column(
                    "SELECT count(*) FROM pg_auth_members a JOIN pg_roles r ON r.oid = a.member "
                        + "WHERE r.rolname = '\(first.name)'"
                ) == ["0"]
            )
            try staged.cluster.run(
                "REVOKE SELECT ON pg_authid FROM \"\(first.name)\"",
                in: "contoso"
            )
            try await staged.enforcer.close(first.order)
            #expect(try staged.cluster.roles() == [])
        }
    }

    @Test func roleThatSomebodyElseMadeIsShownAndNotTakenOver() async throws {
        try await StagedPostgres.with { staged in
            let access = try StagedAccess()
            try staged.cluster.run("CREATE ROLE \"\(access.name)\" LOGIN SUPERUSER")
            try staged.cluster.run("CREATE ROLE \"lbx-whatever\" LOGIN")
            #expect(
                try await staged.enforcer.list().map(\.username)
                    == [access.name, "lbx-whatever"].sorted()
            )
            #expect(try await staged.enforcer.list().allSatisfy { $0.oddity != nil })
            await #expect(
                throws: EnforcerError(
                    "the database server has a role of this name that is not Lockbox's"
                )
            ) {
                try await staged.enforcer.open(access.credential, secret: StagedAccess.secret)
            }
        }
    }

    @Test func roleThatCarriesTheCommentOfALivingOneIsShownBesideIt() async throws {
        try await StagedPostgres.with { staged in
            let access = try StagedAccess()
            try await access.begin(at: staged)
            try staged.cluster.run("CREATE ROLE \"lbx-twin\" LOGIN")
            try staged.cluster.run(
                "COMMENT ON ROLE \"lbx-twin\" IS 'Lockbox write: \(access.name)'"
            )
            let open = try await staged.enforcer.list()
            #expect(open.map(\.username) == [access.name, access.name, "lbx-twin"])
            #expect(open.map { $0.oddity == nil } == [true, false, false])
        }
    }

    @Test(arguments: [
        "SUPERUSER", "CREATEROLE", "REPLICATION", "IN ROLE pg_execute_server_program", "LOGIN",
        "CREATEDB", "BYPASSRLS",
    ])
    func roleThatCouldLetOthersInIsNotGivenToAnybody(_ attribute: String) async throws {
        try await StagedPostgres.with(roles: .init(read: "crm_read", write: "riskier")) { staged in
            try staged.cluster.run("CREATE ROLE risky \(attribute)")
            try staged.cluster.run("CREATE ROLE riskier IN ROLE risky")
            await #expect(throws: EnforcerError.self) {
                try await staged.enforcer.open(
                    try StagedAccess().credential,
                    secret: StagedAccess.secret
                )
            }
            #expect(try staged.cluster.roles() == [])
            try staged.cluster.run("DROP ROLE riskier")
            try staged.cluster.run("DROP ROLE risky")
        }
    }

    @Test func statementsAreWrittenDownOrNothingIsOpened() async throws {
        let cluster = try #require(PostgresCluster.current)
        try await StagedPostgres.with(statements: cluster.statements(.jsonlog)) { staged in
            let access = try StagedAccess()
            await #expect(throws: EnforcerError("the database server refused what it was told")) {
                try await staged.enforcer.open(access.credential, secret: StagedAccess.secret)
            }
            #expect(try staged.cluster.roles() == [])
            try staged.cluster.run("GRANT SET ON PARAMETER log_statement TO lockbox")
            try await access.begin(at: staged)
            let session = try staged.session(access.name)
            #expect(try session.rows("SHOW log_statement") == [["all"]])
            #expect(throws: PostgresError.self) { try session.rows("SET log_statement = none") }
            let other = try StagedAccess(2)
            for parameter in ["log_statement", "pgaudit.log"] {
                try staged.cluster.run("GRANT SET ON PARAMETER \(parameter) TO crm_write")
                do throws(EnforcerError) {
                    try await staged.enforcer.open(other.credential, secret: StagedAccess.secret)
                    Issue.record("it was opened with \(parameter)")
                } catch {
                    #expect(error.problem == "the service's roles may switch off what is logged")
                    #expect(error.cause?.contains("\(parameter) is needed for: crm_write") == true)
                }
                try staged.cluster.run("REVOKE SET ON PARAMETER \(parameter) FROM crm_write")
            }
            try staged.cluster.run("REVOKE SET ON PARAMETER log_statement FROM lockbox")
        }
    }

    /// In the words of both forms of the log.
    @Test(arguments: PostgresSettings.Statements.Form.allCases)
    func everythingThatIsRunIsReadBeforeTheEndIsConfirmed(
        _ form: PostgresSettings.Statements.Form
    ) async throws {
        let cluster = try #require(PostgresCluster.current)
        let recorder = StagedRecorder()
        try cluster.run("GRANT SET ON PARAMETER log_statement TO lockbox")
        try await StagedPostgres.with(statements: cluster.statements(form), recorder: recorder) {
            staged in
            let access = try StagedAccess(1, .read)
            try await access.begin(at: staged)
            // What other tests ran is read from the beginning.
            let before = recorder.statements.count
            let session = try staged.session(access.name)
            let statements = [
                "SELECT 'a\nb\"c'", "SET ROLE crm_read", "SELECT $$ü,\"\n$$ AS \"x,y\"",
                "SELECT 1 WHERE 'password' = E'\\'\\t'",
                "DO $$ BEGIN RAISE LOG 'statement: DROP'; END $$",
            ]
            for statement in statements { try session.rows(statement) }
            #expect(throws: PostgresError.self) { try session.rows("DELETE FROM public.customers") }
            try await staged.enforcer.close(access.order)
            let read = Array(recorder.statements.dropFirst(before))
            #expect(read == statements + ["DELETE FROM public.customers"])
        }
        try cluster.run("REVOKE SET ON PARAMETER log_statement FROM lockbox")
    }

    @Test func logThatCannotBeReadGivesNoAccessAndKeepsTheEndUnconfirmed() async throws {
        let cluster = try #require(PostgresCluster.current)
        try cluster.run("GRANT SET ON PARAMETER log_statement TO lockbox")
        let access = try StagedAccess()
        var elsewhere = cluster.statements(.csvlog)
        elsewhere.folder += "/.."
        try await StagedPostgres.with(statements: cluster.statements(.csvlog)) { staged in
            try await access.begin(at: staged)
            let other = staged.reading(elsewhere)
            await #expect(throws: EnforcerError("what was run could not be read to its end")) {
                try await other.close(access.order)
            }
            let second = try StagedAccess(2)
            await #expect(throws: EnforcerError("what is run could not be recorded")) {
                try await other.open(second.credential, secret: StagedAccess.secret)
            }
            #expect(try cluster.roles() == [])
            try cluster.set("log_timezone", "<+03>-03")
            await #expect(
                throws: EnforcerError(
                    "the database server does not write down what is run as Lockbox reads it"
                )
            ) { try await staged.enforcer.open(second.credential, secret: StagedAccess.secret) }
            try cluster.set("log_timezone", "UTC")
            try await staged.enforcer.close(access.order)
        }
        try cluster.run("REVOKE SET ON PARAMETER log_statement FROM lockbox")
    }

    @Test func databaseOfAnotherTenantThatIsOpenToAllIsNoticed() async throws {
        try await StagedPostgres.with { staged in
            let access = try StagedAccess()
            try staged.cluster.run("GRANT CONNECT ON DATABASE fabrikam TO PUBLIC")
            await #expect(throws: EnforcerError("the service's roles open other databases too")) {
                try await staged.enforcer.open(access.credential, secret: StagedAccess.secret)
            }
            #expect(try staged.cluster.roles() == [])
            try staged.cluster.run("REVOKE CONNECT ON DATABASE fabrikam FROM PUBLIC")
        }
    }

    @Test func nothingIsOpenedWhoseEndIsOver() async throws {
        try await StagedPostgres.with { staged in
            let late = try StagedAccess(end: FixedClock().now())
            await #expect(throws: EnforcerError("the end of this access is over")) {
                try await staged.enforcer.open(late.credential, secret: StagedAccess.secret)
            }
            #expect(try staged.cluster.roles() == [])
        }
    }

    @Test(arguments: ["nowhere", "template1", "host=evil", "a+b"])
    func onlyADatabaseThatIsThereIsOpened(_ database: String) async throws {
        try await StagedPostgres.with { staged in
            let access = try StagedAccess(database: database)
            await #expect(throws: EnforcerError.self) {
                try await staged.enforcer.open(access.credential, secret: StagedAccess.secret)
            }
            #expect(try staged.cluster.roles() == [])
        }
    }
}

extension StagedAccess {
    fileprivate init(
        _ number: UInt8 = 1,
        _ actions: Actions = [.read, .write],
        database: String = "contoso",
        end: Timestamp? = nil
    ) throws {
        let resource = Fixture.resource("database:\(database)", of: Fixture.mail.service.id)
        try self.init(number, to: resource, actions: actions, end: end)
    }
}
