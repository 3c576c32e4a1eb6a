import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxTestWorld
import MerkleLog
import Testing

/// Somebody with the disk in hand changes the file; the check says what.
struct LogCheckTests {
    /// A world whose logs tell all that its tables hold: two requests, one whose access ended, and
    /// a few hundred records.
    private static func with(_ body: (AuditWorld) async throws -> Void) async throws {
        try await AuditWorld.with(told: true) { world in
            try await world.play()
            try await world.writeOnSupportRequest()
            try await world.openDoors()
            _ = try await world.reader().checkpoint(of: AuditWorld.contoso)
            try await world.grow(by: 300)
            _ = try await world.reader().checkpoint(of: AuditWorld.contoso)
            let found = try await world.differences()
            try #require(found == [])
            try await body(world)
        }
    }

    @Test func untouchedLogHasNoDifferences() async throws {
        try await Self.with { world in
            let check = LogCheck(store: world.store, clock: world.clock)
            let reports = try await check.run(only: nil)
            #expect(reports.map(\.log) == ["provider", "tenant:contoso", "tenant:fabrikam"])
            #expect(reports[1].checkpoints == 2)
            #expect(try await reports[1].records == world.size(of: AuditWorld.contoso))
            let one = try await check.run(only: Fixture.fabrikam.id)
            #expect(one.map(\.log) == ["tenant:fabrikam"])
        }
    }

    /// What is changed, and what the check must say.
    private static let tamperings: [(name: String, sql: String, finding: String)] = [
        (
            "a leaf byte",
            "UPDATE log_entry SET leaf = CAST(replace(CAST(leaf AS TEXT), 'console', 'consoLe') AS BLOB) "
                + "WHERE log LIKE '%contoso' AND position = 2",
            "record 2 was changed: its bytes do not have its hash"
        ),
        (
            "a leaf and its hash",
            "UPDATE log_entry SET leaf = (SELECT leaf FROM log_entry AS other WHERE "
                + "other.log = log_entry.log AND position = 3), hash = (SELECT hash FROM log_entry AS other WHERE "
                + "other.log = log_entry.log AND position = 3) WHERE log LIKE '%contoso' AND position = 2",
            "record 2: the column index differs from the record"
        ),
        (
            "a column",
            "UPDATE log_entry SET activity = 'person.left' WHERE log LIKE '%contoso' AND position = 2",
            "record 2: the column activity differs from the record"
        ),
        (
            "the actor",
            "UPDATE log_entry SET actor = 'system' WHERE log LIKE '%contoso' AND position = 2",
            "record 2: the column actor differs from the record"
        ),
        (
            "a text",
            "UPDATE log_text SET content = 'Somebody Else' WHERE log LIKE '%contoso' AND position = 1 "
                + "AND field = 'personName'", "record 1: the text personName was changed"
        ),
        (
            "a text that is gone",
            "DELETE FROM log_text WHERE log LIKE '%contoso' AND position = 1 "
                + "AND field = 'personName'", "record 1: its texts are not those that it commits to"
        ),
        (
            "a record that is gone",
            "DELETE FROM log_entry WHERE log LIKE '%contoso' AND position = 100",
            "record 100 is missing; found 101"
        ),
        (
            "the state of a request",
            "UPDATE access_request SET ending_reason = 'finished' WHERE state = 'ended'",
            "end's reason is revoked in the log and finished in the tables"
        ),
        (
            "the version of a request",
            "UPDATE access_request SET version = version + 1 WHERE state = 'ended'",
            "version is "
        ),
        (
            "the end of a grant", "UPDATE access_grant SET ends_at = ends_at + 3600000", "end is "
        ),
        (
            "the engineer",
            "UPDATE access_request SET engineer = (SELECT id FROM person WHERE email LIKE 'mark@%')",
            "engineer is "
        ),
        (
            "a decision that is gone", "DELETE FROM decision WHERE stage = 'customer'",
            "number of decisions is 2"
        ),
        (
            "who decided",
            "UPDATE decision SET person = (SELECT id FROM person WHERE email LIKE 'sue@%') "
                + "WHERE stage = 'customer'", "the decisions in the log are not those in the tables"
        ),
        (
            "what was decided",
            "UPDATE decision SET duration = NULL, scope = NULL, is_approval = 0 WHERE "
                + "stage = 'customer'", "the decisions in the log are not those in the tables"
        ),
        (
            "the duration asked for", "UPDATE access_request SET duration = duration + 1000",
            "duration is "
        ),
        (
            "the reason", "UPDATE access_request SET reason = 'Something else entirely.'",
            "the reason in the tables is not the one in the log"
        ),
        (
            "what was asked for",
            "UPDATE access_request SET scope = replace(scope, 'sue@', 'adam@')",
            "the resources in the tables are not those in the log"
        ),
        (
            "what was asked", "UPDATE message SET content = 'How nice of you.' WHERE number = 1",
            "the messages in the tables are not those in the log"
        ),
        (
            "who asked",
            "UPDATE message SET person = (SELECT id FROM person WHERE email LIKE 'gita@%')",
            "the messages in the tables are not those in the log"
        ),
        (
            "an answer that is gone", "DELETE FROM message WHERE number = 2",
            "the messages in the tables are not those in the log"
        ),
        (
            "a support request that is gone", "DELETE FROM support_request",
            "is in the log, but not in the tables"
        ),
        (
            "a support request that nobody opened",
            "INSERT INTO support_request (tenant, number, subject, description, opened_by, opened_at) "
                + "SELECT tenant, 'SR-NOBODYS', subject, description, opened_by, opened_at "
                + "FROM support_request LIMIT 1",
            "support request SR-NOBODYS is in the tables, but no record speaks of it"
        ),
        (
            "what was answered on a support request",
            "UPDATE support_entry SET content = 'Nothing was wrong.' WHERE number = 1",
            "the thread in the tables is not the one in the log"
        ),
        (
            "who closed a support request",
            "UPDATE support_entry SET person = (SELECT id FROM person WHERE email LIKE 'gita@%') "
                + "WHERE act = 'closed'",
            "the thread in the tables is not the one in the log"
        ),
        (
            "a closed support request that is open again",
            "UPDATE support_request SET state = 'open' WHERE state = 'closed'",
            "state is closed in the log and open in the tables"
        ),
        (
            "a thread of a support request that is gone",
            "UPDATE support_request SET state = 'open', entry_count = 0, answered_by = NULL, answered_at = NULL",
            "the thread of support request SR-1003 is not in the tables"
        ),
        (
            "when a support request was opened",
            "UPDATE support_request SET opened_at = opened_at - 86400000",
            "opening is "
        ),
        (
            "what a support request says", "UPDATE support_request SET description = 'Nothing.'",
            "the description in the tables is not the one in the log"
        ),
        (
            "which letters a person wants",
            "UPDATE person SET muted_letters = 1 WHERE email LIKE 'sue@%'",
            "the muted letters in the log are not those in the tables"
        ),
        (
            "a person's time zone",
            "UPDATE person SET time_zone = 'Asia/Tokyo' WHERE email LIKE 'sue@%'",
            "time zone is none in the log and Asia/Tokyo in the tables"
        ),
        (
            "a request that no program asked",
            "UPDATE access_request SET asked_by = engineer", "program is none in the log"
        ),
        (
            "an engineer who is a program",
            "UPDATE person SET is_program = 1 WHERE email LIKE 'eve@%'",
            "the kind in the tables is not the one in the log"
        ),
        (
            "whether programs may ask",
            "UPDATE tenant SET allows_programs = 0 WHERE id = 'contoso'",
            "the policy in the log is not the one in the tables"
        ),
        (
            "a role", "UPDATE person SET roles = roles | 16 WHERE email LIKE 'sue@%'",
            "the roles in the log are not those in the tables"
        ),
        (
            "a person who was switched on",
            "UPDATE person SET is_disabled = 1 WHERE email LIKE 'sue@%'",
            "the roles in the log are not those in the tables"
        ),
        (
            "the policy", "UPDATE tenant SET require_approval = 0 WHERE id = 'contoso'",
            "the policy in the log is not the one in the tables"
        ),
        (
            "the licence", "UPDATE tenant SET is_licensed = 0 WHERE id = 'contoso'",
            "the policy in the log is not the one in the tables"
        ),
        (
            "a signed root",
            "UPDATE log_checkpoint SET root = zeroblob(32) WHERE ordinal = 0 AND size > 300",
            "but AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= was signed"
        ),
        (
            "a signed note",
            "UPDATE log_checkpoint SET note = replace(note, char(10) || '3', char(10) || '4') "
                + "WHERE size > 300", "does not say what was signed"
        ),
        (
            "a root of a tile", "UPDATE log_tile SET hash = zeroblob(32)",
            "tile tile/0/000 does not hash to its root"
        ),
        (
            "an order that is gone", "DELETE FROM removal WHERE progress = 'confirmed'",
            "the order to end access at mail is not in the tables"
        ),
        (
            "a root of a tile that is gone", "DELETE FROM log_tile",
            "tile tile/0/000 does not hash to its root"
        ),
        (
            "the head",
            "UPDATE log_head SET range_hashes = zeroblob(length(range_hashes)) WHERE log LIKE '%contoso'",
            "the records do not hash to the head of the tree"
        ),
    ]

    @Test(arguments: tamperings.indices) func changeBehindTheStoresBackIsNamed(_ index: Int)
        async throws
    {
        let (name, sql, finding) = Self.tamperings[index]
        try await Self.with { world in
            try world.tamper(sql)
            let found = try await world.differences()
            #expect(found.contains { $0.contains(finding) }, "\(name) → \(found)")
        }
    }

    /// Generated from the schema: a column that a later step adds is compared too, or named.
    @Test func everyColumnOfEveryTableIsComparedOrNamed() async throws {
        try await AuditWorld.with(told: true) { world in
            try await world.play()
            try await world.writeOnSupportRequest()
            try await world.openDoors()
            try await world.connectDirectory()
            try await world.grow(by: 300)
            _ = try await world.reader().checkpoint(of: AuditWorld.contoso)
            try #require(try await world.differences() == [])
            let columns = try world.columns()
            // Without its guards the file takes any value.
            try world.tamper("UPDATE provider SET name = name")
            for column in columns {
                let named = LogCheck.notCompared[column.table] ?? []
                guard !named.contains(column.name), !named.contains(LogCheck.all) else { continue }
                var found: [String] = []
                let hasRow = try await world.with(column) {
                    do {
                        found = try await world.differences()
                    } catch let error as StoreError {
                        found = ["\(error)"]
                    }
                }
                #expect(hasRow, "\(column): the test's world has no row of it")
                #expect(
                    !found.isEmpty,
                    "\(column): compare it in LogReplayState, or name it in LogCheck.notCompared"
                )
            }
            #expect(try await world.differences() == [])
            for (table, names) in LogCheck.notCompared where table != "log_words" {
                let present = Set(columns.filter { $0.table == table }.map(\.name))
                #expect(names.subtracting([LogCheck.all]).isSubset(of: present), "\(table)")
                #expect(!present.isEmpty, "\(table)")
            }
        }
    }

    @Test func roleChangeWithoutARecordIsFound() async throws {
        try await Self.with { world in
            // Not by tampering with the file but through the store itself, past the one door.
            try await world.store.write { tx in
                var adam = Fixture.adam
                adam.roles = [.member]
                try tx.save(adam)
            }
            #expect(
                try await world.differences()
                    == [
                        "person \(Fixture.adam.id): the roles in the log are not those in the tables"
                    ]
            )
        }
    }

    @Test func keyThatSomebodyPutBesideTheLogIsFound() async throws {
        try await Self.with { world in
            let passkey = Fixture.passkey(2, of: Fixture.adam)
            try await world.store.write { tx in try tx.insert(passkey) }
            #expect(
                try await world.differences() == [
                    "passkey \(passkey.id) is open in the tables, but not in the log"
                ]
            )
        }
    }

    @Test func tokenThatSomebodyMadeALoginIsFound() async throws {
        try await AuditWorld.with(told: true) { world in
            try await world.play()
            try await world.writeOnSupportRequest()
            try await world.openDoors()
            try world.tamper("UPDATE api_token SET idle_ends_at = 1, access_ends_at = 1")
            let differences = try await world.differences()
            #expect(differences.count == 1 && differences[0].hasPrefix("token "))
            #expect(differences.first?.contains("login") == true)
        }
    }

    @Test func requestWithoutARecordIsFound() async throws {
        try await Self.with { world in
            try await world.store.write { tx in try tx.save(try Fixture.request(9)) }
            let id: AccessRequestID = Fixture.id(9)
            #expect(
                try await world.differences() == [
                    "request \(id) is in the tables, but no record speaks of it"
                ]
            )
        }
    }

    @Test func logCutBelowASignedCheckpointIsFound() async throws {
        try await Self.with { world in
            // Everything after record 299 disappears and the head is made to fit, as if it had
            // never been.
            let entries = Array(try await world.entries().prefix(300))
            var range = CompactRange()
            for entry in entries { range.append(.leaf(entry.bytes)) }
            let hashes = range.hashes.map(\.hex).joined()
            try world.tamper(
                "DELETE FROM log_entry WHERE log LIKE '%contoso' AND position >= 300",
                "UPDATE log_head SET size = 300, range_hashes = x'\(hashes)' WHERE log LIKE '%contoso'"
            )
            #expect(
                try await world.differences().contains {
                    $0.hasPrefix("the log ends after 300 entries, but")
                }
            )
        }
    }

    private static func erase(_ world: AuditWorld) async throws {
        let tenant = try #require(AuditWorld.contoso.tenant)
        try await world.audited.write(by: .person(Fixture.gita)) { change in
            let found = try change.tx.standingTexts(of: tenant, .before(change.now), limit: 10_000)
            let chosen = Dictionary(grouping: found.filter { $0.index < 40 }, by: \.index)
            let texts = chosen.values.map { texts in
                TextErasure.Texts(
                    index: texts[0].index,
                    fields: texts.map(\.field),
                    request: texts[0].request,
                    supportRequest: texts[0].supportRequest
                )
            }.sorted { $0.index < $1.index }
            let erasure = TextErasure(
                tenant: tenant,
                texts: texts,
                cause: .asked(reason: "Asked for by the person concerned.")
            )
            change.emit(.directory(.textsErased(erasure)))
        }
    }

    @Test func erasingTextsLeavesTheLogVerifying() async throws {
        try await Self.with { world in
            let entries = try await world.entries()
            world.clock.advance(by: .days(1))
            try await Self.erase(world)
            let after = try await world.entries()
            #expect(Array(after.map(\.bytes).prefix(entries.count)) == entries.map(\.bytes))
            let gone = after.flatMap(\.texts).filter { $0.text == nil }
            #expect(!gone.isEmpty && gone.allSatisfy { $0.salt == nil })
            #expect(try await world.differences() == [])
        }
    }

    @Test func textThatIsGoneWithoutARecordIsFound() async throws {
        try await Self.with { world in
            try world.tamper(
                """
                UPDATE log_text SET content = NULL, salt = NULL
                WHERE log LIKE '%contoso' AND position = 1 AND ordinal = 0
                """
            )
            #expect(
                try await world.differences().contains {
                    $0.contains("erased without a record of it")
                }
            )
        }
    }

    @Test func saltThatWasKeptAndATextThatCameBackAreFound() async throws {
        try await Self.with { world in
            world.clock.advance(by: .days(1))
            try await Self.erase(world)
            try world.tamper(
                "UPDATE log_text SET salt = zeroblob(16) WHERE content IS NULL AND log LIKE '%contoso'"
            )
            #expect(try await world.differences().contains { $0.contains("but its salt was kept") })
            try world.tamper(
                "UPDATE log_text SET content = 'x' WHERE content IS NULL AND log LIKE '%contoso'"
            )
            #expect(
                try await world.differences().contains {
                    $0.contains("though a record says that it was erased")
                }
            )
        }
    }
}

extension AuditWorld {
    /// One request that was approved with less and revoked, and one that waits, each step through
    /// the one door.
    func play() async throws {
        for (number, state) in [(UInt8(1), AccessRequest.StateName.ended), (2, .awaitingCustomer)] {
            let submitted = try Fixture.request(number)
            try await audited.write(by: .person(Fixture.eve)) {
                try $0.save(submitted, [.request(.submitted(submitted))])
            }
            try await change(submitted.id, by: Fixture.mark) { request, now in
                try request.decide(
                    .approve(.none),
                    comment: nil,
                    by: Fixture.mark,
                    version: request.version,
                    in: Fixture.context(newGrant: number),
                    now: now
                )
            }
            for (position, person) in [Fixture.adam, Fixture.eve].enumerated() {
                try await audited.write(by: .person(person)) { change in
                    let request = try #require(try change.tx.request(submitted.id))
                    let (message, happened) = try request.post(
                        "What for? For this.",
                        number: position + 1,
                        by: person,
                        engineer: Fixture.eve,
                        now: change.now
                    )
                    try change.tx.insert(message)
                    change.emit(happened)
                }
            }
            guard state == .ended else { continue }
            try await change(submitted.id, by: Fixture.adam) { request, now in
                try request.decide(
                    .approve(.init(duration: .hours(1))),
                    comment: "One hour will do.",
                    by: Fixture.adam,
                    version: request.version,
                    in: Fixture.context(newGrant: number),
                    now: now
                )
            }
            try await change(submitted.id, by: Fixture.gita) { request, now in
                try request.revoke(comment: "Enough.", by: Fixture.gita, now: now)
            }
        }
    }

    /// Contoso's directory has a token, and one of its groups gives a role.
    func connectDirectory() async throws {
        let side = Side.tenant(Fixture.contoso.id)
        let token = ProvisioningToken(
            id: Fixture.id(1),
            side: side,
            label: "Entra ID",
            addresses: [],
            madeBy: Fixture.gita.id,
            createdAt: clock.now(),
            expiresAt: clock.now() + .days(1)
        )
        let roles = GroupRoles(side: side, group: "Approvers", roles: .approver)
        try await audited.write(by: .person(Fixture.gita)) { change in
            try change.tx.insert(token, secretHash: Fixture.secretHash(1))
            change.emit(.provisioning(.tokenIssued(token)))
            try change.tx.save(roles)
            change.emit(.provisioning(.rolesMapped(before: [], after: roles)))
        }
    }

    /// A token, a credential with what was done, and an order to end access; a request that ran out, and one that was
    /// taken back.
    func openDoors() async throws {
        let token = APIToken(
            id: Fixture.id(1),
            person: Fixture.eve.id,
            label: "laptop",
            scopes: .every,
            createdAt: clock.now(),
            expiresAt: clock.now() + .days(1)
        )
        try await audited.write(by: .person(Fixture.eve)) { change in
            try change.tx.insert(token, secretHash: Fixture.secretHash(1))
            change.emit(.signIn(.tokenIssued(token, Fixture.eve)))
            let passkey = Fixture.passkey(of: Fixture.eve, at: change.now)
            try change.tx.insert(passkey)
            change.emit(.signIn(.passkey(.registered, passkey, Fixture.eve)))
            let request = try #require(try change.tx.request(Fixture.id(1)))
            let credential = Fixture.credential(of: request)
            try change.tx.insert(credential, secretHash: Fixture.secretHash(2))
            change.emit(.access(.credentialIssued(credential)))
            for isWrite in [false, true] {
                let form = ServiceOperation.Form.request(
                    method: isWrite ? "PUT" : "GET",
                    target: "/a"
                )
                let operation = ServiceOperation(form, isWrite: isWrite)
                try change.record([(operation, change.now)], of: credential)
            }
            try change.closeBatches(of: credential.grant)
            let removal = Fixture.removal(of: request, progress: .confirmed)
            try change.tx.save(removal)
            change.emit(.access(.removalConfirmed(removal)))
            try change.tx.saveProviderName("Example Cloud")
            change.emit(.directory(.providerRenamed("Example Cloud")))
            let side = Side.tenant(Fixture.contoso.id)
            try change.tx.save(Fixture.takesRolesFromElsewhere, of: side)
            change.emit(.directory(.signInChanged(side, Fixture.takesRolesFromElsewhere)))
        }
        try await propose()
        try await loosen()
        try await audited.write(by: .person(Fixture.gita)) { change in
            let asked = try SignInChange(
                id: Fixture.id(1),
                of: Fixture.ownsItsDomain,
                to: Fixture.signInChange.settings,
                by: Fixture.gita,
                at: change.now
            )
            try change.tx.insert(asked)
            change.emit(.directory(.signInChangeAsked(asked)))
        }
        for number in [UInt8(3), 4] {
            let submitted = try Fixture.request(number)
            try await audited.write(by: .person(Fixture.eve)) {
                try $0.save(submitted, [.request(.submitted(submitted))])
            }
        }
        try await change(Fixture.id(3), by: Fixture.eve) { request, now in
            try request.withdraw(comment: "Found it.", by: Fixture.eve, now: now)
        }
    }

    private func change(
        _ id: AccessRequestID,
        by person: Person,
        _ rule: @escaping @Sendable (inout AccessRequest, Timestamp) throws -> [Event]
    ) async throws {
        try await audited.write(by: .person(person)) { change in
            var request = try #require(try change.tx.request(id))
            let happened = try rule(&request, change.now)
            try change.save(request, happened)
        }
    }
}
