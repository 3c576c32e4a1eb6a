import LockboxDomain
import LockboxEnforcerContract
import LockboxFixtures
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

    /// An access of its own grant, open at the service.
    private struct Access {
        let credential: Credential
        let order: Removal

        var name: String { credential.username }

        init(
            _ number: UInt8 = 1,
            _ actions: Actions = [.read, .write],
            database: String = "contoso"
        )
            throws
        {
            let request = try #require(try Fixture.history(number, to: .active).last)
            let grant = try #require(request.state.grant)
            let resource = Fixture.resource("database:\(database)", of: Fixture.mail.service.id)
            let plain = Fixture.credential(number, of: request, resource: resource)
            credential = Credential(
                id: plain.id,
                request: plain.request,
                grant: plain.grant,
                tenant: plain.tenant,
                engineer: plain.engineer,
                resource: resource,
                actions: actions,
                username: grant.loginName(at: 0),
                issuedAt: plain.issuedAt,
                expiresAt: plain.expiresAt
            )
            order = Removal(
                tenant: plain.tenant,
                request: plain.request,
                grant: grant.id,
                service: plain.resource.service,
                usernames: [grant.loginName(at: 0)],
                nextAttempt: Fixture.now
            )
        }

        func begin(at staged: StagedPostgres) async throws {
            try await staged.enforcer.open(credential, secret: StagedPostgres.secret)
            await staged.connect(as: name)
        }
    }

    @Test func engineerMayDoWhatTheOperatorsRoleMayAndNoMore() async throws {
        try await StagedPostgres.with { staged in
            for (number, actions) in [(1, .read), (2, [.read, .write])] as [(UInt8, Actions)] {
                let access = try Access(number, actions)
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
            let access = try Access()
            try await staged.enforcer.open(access.credential, secret: "one before")
            try await access.begin(at: staged)
            #expect(throws: PostgresError.self) {
                try staged.cluster.session(access.name, "one before", in: "contoso")
            }
            let stored = try staged.cluster.column("SELECT rolpassword FROM pg_authid")
            #expect(stored.contains(try SCRAMVerifier.text(StagedPostgres.secret)))
        }
    }

    /// What a session may leave behind, in two databases.
    @Test func everythingThatAnAccessBeganIsGone() async throws {
        try await StagedPostgres.with { staged in
            let access = try Access()
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
            let access = try Access()
            try await access.begin(at: staged)
            try staged.cluster.run("ALTER ROLE \"\(access.name)\" RENAME TO \"o'brien \"\"é\"")
            #expect(try await staged.enforcer.list() == [OpenAccess(username: access.name)])
            try await staged.enforcer.cut([access.order])
            #expect(await staged.connected() == [])
            try await staged.enforcer.close(access.order)
            #expect(try staged.cluster.roles() == [])
        }
    }

    @Test func sessionThatOutlivesItsRoleIsFoundAndEnded() async throws {
        try await StagedPostgres.with { staged in
            let access = try Access()
            try await access.begin(at: staged)
            try staged.cluster.drop(access.name)
            #expect(await staged.connected().count == 1)
            #expect(try await staged.enforcer.list() == [OpenAccess(username: access.name)])
            try await staged.enforcer.close(access.order)
            #expect(await staged.connected() == [])
            #expect(try await staged.enforcer.list() == [])
        }
    }

    @Test func roleThatCannotBeDroppedHasNoWayInAndHoldsUpNoOther() async throws {
        try await StagedPostgres.with { staged in
            let accesses = try (1...3).map { try Access($0) }
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
            let access = try Access()
            try staged.cluster.run("CREATE ROLE \"\(access.name)\" LOGIN SUPERUSER")
            try staged.cluster.run("CREATE ROLE \"lbx-whatever\" LOGIN")
            #expect(
                try await staged.enforcer.list().map(\.username)
                    == [access.name, "lbx-whatever"].sorted()
            )
            await #expect(
                throws: EnforcerError(
                    "the database server has a role of this name that is not Lockbox’s"
                )
            ) {
                try await staged.enforcer.open(access.credential, secret: StagedPostgres.secret)
            }
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
                    try Access().credential,
                    secret: StagedPostgres.secret
                )
            }
            #expect(try staged.cluster.roles() == [])
            try staged.cluster.run("DROP ROLE riskier")
            try staged.cluster.run("DROP ROLE risky")
        }
    }

    @Test func statementsAreWrittenDownOrNothingIsOpened() async throws {
        try await StagedPostgres.with(isLogged: true) { staged in
            let access = try Access()
            await #expect(throws: EnforcerError("the database server refused what it was told")) {
                try await staged.enforcer.open(access.credential, secret: StagedPostgres.secret)
            }
            #expect(try staged.cluster.roles() == [])
            try staged.cluster.run("GRANT SET ON PARAMETER log_statement TO lockbox")
            try await access.begin(at: staged)
            let session = try staged.session(access.name)
            #expect(try session.rows("SHOW log_statement") == [["all"]])
            #expect(throws: PostgresError.self) { try session.rows("SET log_statement = none") }
            try staged.cluster.run("REVOKE SET ON PARAMETER log_statement FROM lockbox")
        }
    }

    @Test func databaseOfAnotherTenantThatIsOpenToAllIsNoticed() async throws {
        try await StagedPostgres.with { staged in
            let access = try Access()
            try staged.cluster.run("GRANT CONNECT ON DATABASE fabrikam TO PUBLIC")
            await #expect(throws: EnforcerError("the service’s roles open other databases too")) {
                try await staged.enforcer.open(access.credential, secret: StagedPostgres.secret)
            }
            #expect(try staged.cluster.roles() == [])
            try staged.cluster.run("REVOKE CONNECT ON DATABASE fabrikam FROM PUBLIC")
        }
    }

    @Test(arguments: ["nowhere", "template1", "host=evil", "a+b"])
    func onlyADatabaseThatIsThereIsOpened(_ database: String) async throws {
        try await StagedPostgres.with { staged in
            let access = try Access(database: database)
            await #expect(throws: EnforcerError.self) {
                try await staged.enforcer.open(access.credential, secret: StagedPostgres.secret)
            }
            #expect(try staged.cluster.roles() == [])
        }
    }
}
