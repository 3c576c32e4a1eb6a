import Foundation
import LockboxClient
import LockboxWire
import MerkleLog
import Testing

private let notInTheLog = "it is not what the signed log has in this place"

@Suite struct ExportVerifierTests {
    private let log: ExportedLog
    private let records: [AuditRecord]

    init() throws {
        log = try ExportedLog(records: 34)
        records = try log.records()
    }

    // MARK: - In order

    @Test(arguments: [0, 1, 2, 3, 7, 8, 33, 34])
    func untouchedExportIsInOrder(size: Int) throws {
        let log = try ExportedLog(records: size)
        #expect(try log.findings(try log.records()) == [])
    }

    @Test func untouchedExportContinuesEveryOlderCheckpoint() throws {
        #expect(try log.findings(records, sizes: [34, 20, 1, 0, 33]) == [])
    }

    @Test func textThatARecordSaysWasErasedLeavesTheLogInOrder() throws {
        var log = log
        try log.append(
            index: 34,
            activity: "texts.erased",
            data: [
                "erased": .array([
                    .object(["index": .integer(5), "fields": .array([.string("actorName")])])
                ])
            ]
        )
        var records = try log.records()
        records[5].texts["actorName"] = .init(text: nil, salt: nil)
        records[5].actor.name = nil
        var verifier = LogVerifier(
            notes: [try log.note(35)],
            keys: [log.signer.verifierKey],
            source: .records
        )
        for record in records { verifier.read(record) }
        let report = verifier.finish()
        #expect(report.findings == [])
        #expect(report.erasedTexts == 1)
        #expect(report.records == 35)
        #expect(report.texts == 69)
    }

    @Test func partOfTheRecordsIsInOrderAsAPart() throws {
        #expect(try log.findings([records[3], records[17], records[33]], isComplete: false) == [])
    }

    @Test func exportWithoutProofsIsJudgedByTheRoot() throws {
        #expect(try log.findings(records.map { $0.withoutProof() }) == [])
    }

    // MARK: - Changed

    @Test(arguments: [
        ("time", "2026-11-23T20:15:00.000Z"), ("activity", "request.denied"),
        ("actor", "PER-0000000000"),
        ("request", "LBX-0000000000"),
    ])
    func changedShownMemberIsNamed(member: String, value: String) throws {
        var records = records
        switch member {
        case "time": records[17].time = value
        case "activity": records[17].activity = value
        case "actor": records[17].actor.id = value
        case _: records[17].request = value
        }
        #expect(
            try log.findings(records) == [
                "record 17 was changed: the \(member) shown is not the one in the leaf"
            ]
        )
    }

    @Test func removedRequestAndChangedDataAreNamed() throws {
        var records = records
        records[17].request = nil
        records[17].data["version"] = .integer(4)
        #expect(
            try log.findings(records) == [
                "record 17 was changed: the request shown is not the one in the leaf; "
                    + "the data shown is not the one in the leaf"
            ]
        )
    }

    @Test func lookAlikeTextIsAChange() throws {
        let log = try ExportedLog(records: 3, name: "Ren\u{E9}e")
        var records = try log.records()
        records[1].texts["actorName"]?.text = "Rene\u{301}e"
        records[1].actor.name = "Rene\u{301}e"
        #expect(
            try log.findings(records) == [
                "record 1 was changed: the text actorName is not the one that was committed to"
            ]
        )
    }

    @Test func changedTextSaltAndNameAreNamed() throws {
        var records = records
        records[3].texts["comment"]?.text = "No!"
        records[4].texts["comment"]?.salt = Base64.encode(Array(repeating: 99, count: 16))
        records[5].actor.name = "Somebody Else"
        records[6].texts["comment"] = nil
        records[7].texts["remark"] = .init(text: "hm", salt: "")
        #expect(
            try log.findings(records) == [
                "record 3 was changed: the text comment is not the one that was committed to",
                "record 4 was changed: the text comment is not the one that was committed to",
                "record 5 was changed: the actor's name shown is not the one in the leaf",
                "record 6 was changed: the text comment is missing",
                "record 7 was changed: the text remark was never in the log",
            ]
        )
    }

    @Test func changedLeafWithoutItsHashIsNamed() throws {
        var records = records
        records[17].leaf = records[17].leaf.replacing("request.approved", with: "request.denied")
        records[17].activity = "request.denied"
        #expect(
            try log.findings(records) == [
                "record 17 was changed: its leaf does not have the hash shown; \(notInTheLog)"
            ]
        )
    }

    @Test(arguments: [0, 17, 33])
    func forgedRecordWithFittingHashIsNamed(index: Int) throws {
        var records = records
        records[index] = try records[index].forged { $0["activity"] = .string("request.denied") }
        #expect(try log.findings(records) == ["record \(index) was changed: \(notInTheLog)"])
        #expect(
            try log.findings([records[index]], isComplete: false) == [
                "record \(index) was changed: \(notInTheLog)"
            ]
        )
    }

    @Test func forgedRecordWithoutAnyProofsIsSeenByTheRoot() throws {
        var records = records.map { $0.withoutProof() }
        records[17] = try records[17].forged { $0["activity"] = .string("request.denied") }
        #expect(
            try log.findings(records, sizes: [34, 20, 10]) == [
                "the log was rewritten: its records are not those that were signed at 20; "
                    + "those before record 10 are, so the change is in 10…19"
            ]
        )
    }

    @Test func forgedRecordWhoseProofWasTakenAwayIsNamed() throws {
        var records = records
        records[17] = try records[17].forged { $0["activity"] = .string("request.denied") }
            .withoutProof()
        #expect(
            try log.findings(records) == [
                "record 17 carries no proof that leads to a checkpoint at hand"
            ]
        )
    }

    @Test func leafInAnotherSpellingIsRefused() throws {
        var records = records
        records[2].leaf = records[2].leaf.replacing("\"v\":1", with: "\"v\": 1")
        records[2].hash = Hash.leaf(Array(records[2].leaf.utf8)).base64
        let findings = try log.findings(records)
        #expect(findings.count == 1)
        #expect(
            findings[0].hasPrefix(
                "record 2 was changed: its leaf cannot be read: it is not canonical JSON at byte"
            )
        )
    }

    @Test func changedProofOfAGenuineRecordIsToldApart() throws {
        var records = records
        records[17].proof?[0] = Hash.emptyRoot.base64
        #expect(
            try log.findings(records) == [
                "the proof of record 17 was changed; the record itself was not"
            ]
        )
    }

    @Test func recordOfAnotherLogIsNamed() throws {
        var other = try ExportedLog(records: 2)
        try other.append(index: 2, log: "tenant:fabrikam")
        #expect(
            try other.findings(try other.records()) == [
                "record 2 was changed: its leaf is of the log tenant:fabrikam"
            ]
        )
    }

    // MARK: - Missing, inserted, reordered, cut off

    @Test func missingRecordsAreNamed() throws {
        var records = records
        records.removeSubrange(21...23)
        records.remove(at: 18)
        #expect(try log.findings(records) == ["record 18 is missing", "records 21…23 are missing"])
    }

    @Test func firstRecordMissingIsNamed() throws {
        #expect(try log.findings(Array(records.dropFirst())) == ["record 0 is missing"])
    }

    @Test func removedRecordWithRenumberedFollowersIsSeen() throws {
        var records = records
        records.remove(at: 18)
        for place in 18..<records.count {
            records[place] = try records[place].forged { $0["index"] = .integer(Int64(place)) }
        }
        let findings = try log.findings(records)
        #expect(findings.first == "record 18 was changed: \(notInTheLog)")
        #expect(
            findings.last?.hasPrefix("the export ends at 33 but the checkpoint covers 34") == true
        )
    }

    @Test func repeatedRecordIsNamed() throws {
        var records = records
        records.insert(records[19], at: 20)
        #expect(try log.findings(records) == ["record 19 appears twice: lines 20 and 21"])
    }

    @Test func insertedRecordIsNamed() throws {
        var records = records
        records.insert(
            try records[19].forged { $0["activity"] = .string("request.denied") },
            at: 19
        )
        #expect(
            try log.findings(records) == [
                "record 19 was inserted: line 20 is not in the signed log"
            ]
        )
    }

    @Test func recordAddedAtTheEndIsNamed() throws {
        var records = records
        records.append(try records[33].forged { $0["index"] = .integer(34) })
        #expect(
            try log.findings(records) == [
                "record 34 was inserted: line 35 is not in the signed log"
            ]
        )
    }

    @Test func swappedRecordsAreNamed() throws {
        var records = records
        records.swapAt(20, 21)
        #expect(try log.findings(records) == ["records 20 and 21 are out of order"])
    }

    @Test func reversedExportIsOutOfOrder() throws {
        #expect(try log.findings(records.reversed()) == ["records 0…33 are out of order"])
    }

    @Test func truncatedExportIsNamed() throws {
        #expect(
            try log.findings(Array(records.prefix(30))) == [
                "the export ends at 30 but the checkpoint covers 34: records 30…33 are missing (truncated)"
            ]
        )
        #expect(
            try log.findings(Array(records.prefix(33))) == [
                "the export ends at 33 but the checkpoint covers 34: record 33 is missing (truncated)"
            ]
        )
        #expect(
            try log.findings([]).first?.hasPrefix(
                "the export ends at 0 but the checkpoint covers 34"
            ) == true
        )
    }

    @Test func recordsBeyondTheOnlyCheckpointAreToldAsUncovered() throws {
        #expect(
            try log.findings(records, sizes: [30]) == [
                "records 30, 31, 32 and 33: newer than the newest checkpoint at hand, which covers 30; "
                    + "give the one that was exported with them"
            ]
        )
    }

    @Test func lineThatIsNoRecordIsNamed() throws {
        var verifier = LogVerifier(
            notes: [try log.note(34)],
            keys: [log.signer.verifierKey],
            source: .records,
            isComplete: true
        )
        verifier.read(line: Array("{\"index\":1}".utf8))
        #expect(verifier.finish().findings.first == .unreadable(line: 1))
    }

    @Test func memberThatOtherReadersWouldSeeIsNamed() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes]
        let genuine = String(decoding: try encoder.encode(records[17]), as: UTF8.self)
        let forgeries = [
            ("{\"activity\":\"request.denied\",", "activity twice"),
            ("{\"approvedBy\":\"nobody\",", "approvedBy"),
            ("{\"\\u0061ctivity\":\"request.denied\",", "activity twice"),
        ]
        for (start, name) in forgeries {
            var verifier = LogVerifier(
                notes: [try log.note(34)],
                keys: [log.signer.verifierKey],
                source: .records,
                isComplete: false
            )
            verifier.read(line: Array((start + genuine.dropFirst()).utf8))
            let findings = verifier.finish().findings.map(\.description)
            #expect(findings.count == 1)
            #expect(
                findings.first?.contains("it shows \(name), which the leaf does not bear out")
                    == true
            )
        }
        var verifier = LogVerifier(
            notes: [try log.note(34)],
            keys: [log.signer.verifierKey],
            source: .records,
            isComplete: false
        )
        verifier.read(line: Array(genuine.utf8))
        #expect(verifier.finish().findings == [])
    }

    @Test func recordsThatClaimToBeBeyondEveryLogAreTold() throws {
        let beyond = [40, 41, 42, 43, UInt64.max].map { index in
            var record = records[0]
            record.index = index
            record.size = .max
            return record
        }
        let findings = try log.findings(beyond, isComplete: false)
        #expect(findings.contains { $0.contains("40, 41, 42, 43 and 18446744073709551615") })
    }

    // MARK: - Checkpoints

    @Test func providerWhoRewroteTheLogIsCaughtByAnOlderCheckpoint() throws {
        var rewritten = try ExportedLog(records: 12)
        try rewritten.append(index: 12, activity: "request.denied")
        for index in 13..<34 { try rewritten.append(index: UInt64(index)) }
        let records = try rewritten.records()
        #expect(try rewritten.findings(records) == [])
        var verifier = LogVerifier(
            notes: [try rewritten.note(34), try log.note(10), try log.note(20)],
            keys: [log.signer.verifierKey],
            source: .records,
            isComplete: true
        )
        for record in records { verifier.read(record) }
        #expect(
            verifier.finish().findings.map(\.description) == [
                "the log was rewritten: its records are not those that were signed at 20; "
                    + "those before record 10 are, so the change is in 10…19"
            ]
        )
    }

    @Test func twoCheckpointsOfOneSizeAreASplitView() throws {
        let other = try ExportedLog(records: 34, name: "Somebody Else")
        var verifier = LogVerifier(
            notes: [try log.note(34), try other.note(34)],
            keys: [log.signer.verifierKey],
            source: .records,
            isComplete: true
        )
        for record in records { verifier.read(record) }
        #expect(verifier.finish().findings == [.splitView(size: 34)])
    }

    @Test func checkpointOfAnotherKeyIsRefused() throws {
        let other = try ExportedLog(records: 34, seed: 8)
        var verifier = LogVerifier(
            notes: [try other.note(34)],
            keys: [log.signer.verifierKey],
            source: .records,
            isComplete: true
        )
        for record in records { verifier.read(record) }
        let findings = verifier.finish().findings
        #expect(
            findings.prefix(2) == [
                .checkpoint(name: "checkpoint 34", .note(.unsigned)), .noCheckpoint,
            ]
        )
    }

    @Test func changedCheckpointIsRefused() throws {
        let note = try log.note(34)
        let text = String(decoding: note.bytes, as: UTF8.self).replacing("\n34\n", with: "\n33\n")
        var verifier = LogVerifier(
            notes: [.init(name: "changed", bytes: Array(text.utf8))],
            keys: [log.signer.verifierKey],
            source: .records,
            isComplete: true
        )
        verifier.read(records[0])
        #expect(
            verifier.finish().findings.first
                == .checkpoint(name: "changed", .note(.badSignature(name: ExportedLog.origin)))
        )
    }
}

extension AuditRecord {
    fileprivate func withoutProof() -> AuditRecord {
        var record = self
        record.proof = nil
        record.size = nil
        return record
    }
}
