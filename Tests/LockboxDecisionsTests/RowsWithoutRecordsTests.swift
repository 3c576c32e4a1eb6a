import Foundation
import GRDB
import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxStoreSQLite
import LockboxTestWorld
import Testing

@testable import LockboxDecisions

/// What somebody writes into the tables beside the log opens nothing, at the next look and after a
/// restart.
struct RowsWithoutRecordsTests {
    /// What is done to the file, and whether access that is open goes on. What is done to the log is
    /// seen when it is read again: a row that was found good and stays as it was needs no second look.
    private static let edits: [(sql: String, isObeyed: Bool)] = [
        ("UPDATE tenant SET name = 'Contoso Limited'", true),
        (
            """
            UPDATE access_grant SET ends_at = ends_at + 1;
            UPDATE access_request SET deadline = deadline + 1 WHERE state = 'active'
            """, false
        ),
        ("UPDATE access_grant SET starts_at = starts_at - 1", false),
        ("UPDATE access_grant SET basis = 'policy'", false),
        ("UPDATE access_grant SET scope = replace(scope, 'sue', 'ceo')", false),
        ("UPDATE access_request SET engineer = '\(Fixture.mark.id)'", false),
        ("UPDATE credential SET expires_at = expires_at + 1", false),
        ("UPDATE credential SET resource = 'mailbox:ceo@contoso.test'", false),
        ("UPDATE credential SET actions = 3", false),
        ("UPDATE log_text SET content = NULL WHERE field = 'resource0'", false),
        ("DELETE FROM log_text WHERE field = 'resource0'", false),
        (
            """
            UPDATE log_entry SET leaf = CAST(replace(CAST(leaf AS TEXT), 'approval', 'policy') AS BLOB)
            WHERE activity = 'access.granted'
            """, false
        ),
        (
            "UPDATE log_entry SET activity = 'access.removed' WHERE activity = 'access.granted'",
            false
        ),
    ]

    @Test(arguments: edits.indices) func editedRowIsNotObeyed(_ place: Int) async throws {
        let edit = Self.edits[place]
        try await Self.withFile { world, path async throws in
            let issued = try await world.credential(for: try await world.approved())
            #expect(try await Self.isActive(issued.secret, world))
            try await Self.meddle(path, edit.sql)
            try await world.index.refresh(reload: true)
            let isRemembered = edit.isObeyed || edit.sql.contains(" log_")
            #expect(try await Self.isActive(issued.secret, world) == isRemembered, "\(edit.sql)")
            // As after a restart: nothing is remembered, and the store is asked.
            let again = try await world.read(by: [])
            #expect(try await Self.isActive(issued.secret, again) == edit.isObeyed, "\(edit.sql)")
            let asked = DecisionIndex(store: world.store, clock: world.clock)
            let found = try await asked.active(issued.secret, now: world.clock.now())
            #expect((found != nil) == edit.isObeyed, "\(edit.sql)")
        }
    }

    /// A request that waits for the customer is made active by hand, with a grant and a credential.
    @Test func grantThatWasInsertedByHandIsNotObeyed() async throws {
        try await Self.withFile { world, path async throws in
            let real = try await world.credential(for: try await world.approved())
            let waiting = try await world.reviewed()
            let secret = Credential.secretPrefix + "by-hand"
            try await Self.openByHand(waiting, at: world.clock.now(), secret: secret, path)
            try await world.index.refresh(reload: true)
            #expect(try await !Self.isActive(secret, world))
            #expect(try await Self.isActive(real.secret, world))
            let open = try await world.index.grants(
                of: .engineer(Fixture.eve.id),
                now: world.clock.now()
            )
            #expect(open.map(\.grant.id) == [real.credential.grant])
            await #expect(throws: Refusal.accessNotActive(.ended)) {
                _ = try await world.credential(for: waiting)
            }
        }
    }

    /// What is written by hand while two people must approve; only Adam does.
    @Test(arguments: [
        """
        INSERT INTO decision SELECT id, 1, 'customer', '\(Fixture.gita.id)', 1, NULL, NULL, NULL, created_at, 0
        FROM access_request
        """,
        """
        UPDATE tenant SET approvals_needed = 1;
        UPDATE access_request SET approvals_needed = 1 WHERE state = 'awaitingCustomer'
        """,
    ])
    func approvalThatIsNotInTheLogOpensNothing(_ sql: String) async throws {
        let two = Fixture.tenant(policy: Fixture.policy(approvalsNeeded: 2))
        try await Self.withFile(contoso: two) { world, path async throws in
            let waiting = try await world.reviewed()
            let size = try await world.size()
            try await Self.meddle(path, sql)
            await #expect(throws: StoreError.self) {
                try await world.decide(TestWorld.yes, on: waiting, by: Fixture.adam)
            }
            #expect(try await world.size() == size)
            let request = try await world.store.read { try $0.request(waiting.id) }
            #expect(request?.state.name == .awaitingCustomer)
            #expect(try await world.store.read { try $0.openGrants() }.isEmpty)
        }
    }

    @Test func twoApprovalsThatAreInTheLogOpen() async throws {
        let two = Fixture.tenant(policy: Fixture.policy(approvalsNeeded: 2))
        try await Self.withFile(contoso: two) { world, _ async throws in
            let once = try await world.decide(
                TestWorld.yes,
                on: try await world.reviewed(),
                by: Fixture.gita
            )
            let open = try await world.decide(TestWorld.yes, on: once, by: Fixture.adam)
            #expect(try await Self.isActive(try await world.credential(for: open).secret, world))
        }
    }

    /// Ways to hide that access ended, and to put back what hid it once the server has started.
    private static let hidings: [(hide: String, show: String?)] = [
        ("SELECT 1", nil),
        (
            "UPDATE log_entry SET request = NULL WHERE activity = 'access.ended'",
            "UPDATE log_entry SET request = (SELECT id FROM kept_access_request) WHERE request IS NULL "
                + "AND activity = 'access.ended'"
        ),
        (
            "UPDATE log_entry SET activity = 'access.removed' WHERE activity = 'access.ended'",
            "UPDATE log_entry SET activity = 'access.ended' WHERE activity = 'access.removed'"
        ),
        (
            """
            DELETE FROM log_text WHERE position >=
                (SELECT position FROM log_entry WHERE activity = 'access.ended');
            DELETE FROM log_entry WHERE activity = 'access.ended'
            """, nil
        ),
        (
            """
            UPDATE log_entry SET leaf = CAST(replace(CAST(leaf AS TEXT), 'access.ended', 'access.extra')
                AS BLOB), activity = 'access.extra' WHERE activity = 'access.ended'
            """, nil
        ),
    ]

    /// Somebody keeps the rows of open access, and puts them back after the customer revoked it.
    @Test(arguments: hidings.indices)
    func accessThatWasRevokedStaysSo(_ place: Int) async throws {
        let tables = ["access_request", "access_grant", "credential"]
        try await Self.withFile { world, path async throws in
            let request = try await world.approved()
            let issued = try await world.credential(for: request)
            try await Self.meddle(
                path,
                tables.map { "CREATE TABLE kept_\($0) AS SELECT * FROM \($0)" }.joined(
                    separator: ";"
                )
            )
            _ = try await world.lockbox.revoke(
                request.id.text,
                comment: nil,
                by: Fixture.adam,
                key: nil
            )
            try await Self.meddle(
                path,
                "PRAGMA foreign_keys = OFF;"
                    + tables.map { "INSERT OR REPLACE INTO \($0) SELECT * FROM kept_\($0);" }
                    .joined()
                    + Self.hidings[place].hide
            )
            #expect(try await world.store.read { try $0.openGrants() }.count == 1)
            let again = try await world.read(by: [])
            #expect(try await !Self.isActive(issued.secret, again))
            if let show = Self.hidings[place].show { try await Self.meddle(path, show) }
            try await again.index.refresh(reload: true)
            #expect(try await !Self.isActive(issued.secret, again))
            await #expect(throws: (any Error).self) {
                _ = try await again.credential(for: request)
            }
        }
    }

    /// Whoever writes records anew makes their hashes fit, or those of the tree above them, which were
    /// signed.
    @Test func logThatDoesNotLeadToItsTreeGrantsNothing() async throws {
        try await Self.withFile { world, path async throws in
            let issued = try await world.credential(for: try await world.approved())
            try await world.grow(by: 600)
            let again = try await world.read(by: [])
            #expect(try await Self.isActive(issued.secret, again))
            try await Self.meddle(path, "UPDATE log_tile SET hash = zeroblob(32) WHERE level = 1")
            let after = try await world.read(by: [])
            #expect(try await !Self.isActive(issued.secret, after))
        }
    }

    /// It is read before the write, and what was found then holds in it.
    @Test func decisionAtALongLogThatDoesNotLeadToItsTreeIsNone() async throws {
        try await Self.withFile { world, path async throws in
            try await world.grow(by: 600)
            let waiting = try await world.reviewed()
            let size = try await world.size()
            try await Self.meddle(path, "UPDATE log_tile SET hash = zeroblob(32) WHERE level = 1")
            let again = try await world.read(by: [])
            await #expect(throws: StoreError.self) {
                try await again.decide(TestWorld.yes, on: waiting, by: Fixture.adam)
            }
            #expect(try await world.size() == size)
            #expect(try await world.store.read { try $0.openGrants() }.isEmpty)
        }
    }

    @Test func keyWhoseRemovalWasHiddenIsNone() async throws {
        try await Self.withFile { world, path async throws in
            let line =
                "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIF3tUQ1/gcyOadPDWSHiPg2YuVRZ4oZNYj/DIREu"
                + "nNge"
            let key = try await world.lockbox.addSigningKey(
                line,
                name: "Laptop",
                to: Fixture.contoso.id.text,
                by: Fixture.adam
            )
            try await world.lockbox.removeSigningKey(
                key.id,
                of: Fixture.contoso.id.text,
                by: Fixture.adam
            )
            try await Self.meddle(
                path,
                "UPDATE log_entry SET activity = 'x' WHERE activity = 'signingKey.removed'"
            )
            let after = try await world.read(by: [])
            await #expect(throws: StoreError.self) {
                _ = try await after.lockbox.signingKeys(of: "contoso", by: Fixture.gita)
            }
        }
    }

    /// An open session goes on at the service: by the terms that were found good, and not by the row.
    @Test(arguments: [
        "UPDATE access_grant SET ends_at = ends_at + 3600000; UPDATE access_request SET deadline = deadline + 3600000",
        "UPDATE access_grant SET scope = replace(scope, 'mailbox:sue', 'mailbox:ceo')",
    ])
    func rowThatIsRefusedIsCut(_ sql: String) async throws {
        try await Self.withFile { world, path async throws in
            let request = try await world.approved()
            let issued = try await world.credential(for: request)
            let grant = try #require(request.state.grant)
            let now = world.clock.now()
            #expect(world.index.unrecordedEnds(at: now) == [])
            try await Self.meddle(path, sql)
            try await world.index.refresh(reload: true)
            let end = try #require(world.index.unrecordedEnds(at: now).first)
            #expect((end.grant, end.at) == (grant.id, now))
            #expect(end.orders.map(\.service) == [Fixture.mail.service.id])
            #expect(end.orders.map(\.usernames) == [[issued.credential.username]])
            #expect(world.index.ended(grant.id) == now)
            #expect(world.index.refusedCount == 1)
            #expect(!world.index.isStillGood(issued.credential))
            // Until the customer, who reads that it is shut and not recorded, ends it.
            _ = try await world.lockbox.revoke(
                request.id.text,
                comment: nil,
                by: Fixture.adam,
                key: nil
            )
            #expect(world.index.unrecordedEnds(at: now) == [])
            #expect(world.index.refusedCount == 0)
        }
    }

    /// Of a credential that was put in beside it, no other login name is cut.
    @Test func rowThatWasNeverGrantedIsCutByItsOwnLoginNames() async throws {
        try await Self.withFile { world, path async throws in
            let real = try await world.credential(for: try await world.approved())
            let waiting = try await world.reviewed()
            try await Self.openByHand(waiting, at: world.clock.now(), secret: "x", path)
            try await world.index.refresh(reload: true)
            let ends = world.index.unrecordedEnds(at: world.clock.now())
            #expect(ends.map(\.grant) == [GrantID("GRT-F0RGED0000")])
            #expect(ends.flatMap(\.orders).flatMap(\.usernames) == ["lbx-f0rged0000-1"])
            #expect(world.index.isStillGood(real.credential))
        }
    }

    /// Makes a waiting request active in the tables, with a grant and a credential.
    private static func openByHand(
        _ waiting: AccessRequest,
        at now: Timestamp,
        secret: String,
        _ path: String
    ) async throws {
        let now = now.milliseconds
        try await meddle(
            path,
            """
            UPDATE access_request SET state = 'active', prior_state = 'awaitingCustomer',
                asked_at = NULL, approvals_needed = NULL, deadline = \(now + 3_600_000)
            WHERE id = '\(waiting.id)';
            INSERT INTO access_grant (id, request, starts_at, ends_at, scope, basis)
            SELECT 'GRT-F0RGED0000', '\(waiting.id)', \(now), \(now + 3_600_000), scope, 'approval'
            FROM access_grant LIMIT 1;
            INSERT INTO credential SELECT 'CRD-F0RGED0000', X'\(digest(secret))',
                '\(waiting.id)', 'GRT-F0RGED0000', tenant, engineer, service, resource, actions,
                username, issued_at, \(now + 3_600_000), NULL
            FROM credential LIMIT 1;
            """
        )
    }

    private static func digest(_ secret: String) -> String {
        DecisionIndex.hash(secret).map { String(format: "%02X", $0) }.joined()
    }

    private static func isActive(_ secret: String, _ world: TestWorld) async throws -> Bool {
        try await world.index.active(secret, now: world.clock.now()) != nil
    }

    private static func meddle(_ path: String, _ sql: String) async throws {
        let queue = try DatabaseQueue(path: path)
        try await queue.writeWithoutTransaction { database in
            try database.dropGuards()
            try database.execute(sql: sql)
        }
        try queue.close()
    }

    private static func withFile(
        contoso: Tenant = Fixture.contoso,
        _ body: (TestWorld, String) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "lockbox-rows-\(ProcessInfo.processInfo.globallyUniqueString)"
        )
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer {
            try? FileManager.default.removeItem(at: folder)  // best effort: a test's own folder
        }
        let path = folder.appending(path: "lockbox.sqlite").path
        let store = try await SQLiteStore.open(path: path)
        do {
            let world = TestWorld(store: store)
            try await world.furnish(contoso)
            try await body(world, path)
        } catch {
            try await store.close()
            throw error
        }
        try await store.close()
    }
}

extension TestWorld {
    /// How many records Contoso's log has.
    fileprivate func size() async throws -> UInt64 {
        try await store.read { try $0.head(of: .tenant(Fixture.contoso.id)).size }
    }
}
