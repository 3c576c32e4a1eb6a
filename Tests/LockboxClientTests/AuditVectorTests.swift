import Foundation
import LockboxClient
import MerkleLog
import Testing

@testable import lockbox

/// One way in which a log was tampered with, as `scripts/make-audit-vectors` wrote it.
struct AuditVector: Decodable, CustomTestStringConvertible, Sendable {
    enum Expectation: Decodable, Equatable, Sendable {
        case ok
        case findings([String])

        init(from decoder: any Decoder) throws {
            if case .success("ok") = Result(catching: { try String(from: decoder) }) {
                self = .ok
                return
            }
            self = .findings(try [String: [String]](from: decoder)["findings"] ?? [])
        }
    }

    let name: String
    let what: String
    let log: String
    let complete: Bool
    let records: String?
    let tiles: String?
    let checkpoints: [String]
    let key: String
    let now: String?
    let maxAge: String?
    let witnesses: [String]?
    let needed: Int?
    let expect: Expectation

    var testDescription: String { "\(name): \(what)" }

    static let folder = VectorFolder.path("audit")
    static let all: [AuditVector] = VectorFolder.vectors(in: folder)

    /// What is found in it.
    func verify() throws -> AuditReport {
        func read(_ path: String) throws -> [UInt8] {
            try Files.read(Self.folder + "/" + path, atMost: Files.largeBytes)
        }
        let key = try VerifierKey(
            parsing: String(decoding: try read(key), as: UTF8.self).filter { !$0.isNewline }
        )
        let oldest = now.flatMap(TimeText.milliseconds).flatMap { now in
            maxAge.flatMap { DurationArgument(argument: $0)?.seconds }.map { now - $0 * 1000 }
        }
        var verifier = LogVerifier(
            notes: try checkpoints.map { .init(name: $0, bytes: try read($0)) },
            keys: [key],
            source: tiles == nil ? .records : records == nil ? .tree : .treeAndRecords,
            asked: log,
            isComplete: complete,
            oldest: oldest,
            now: now.flatMap(TimeText.milliseconds),
            witnessing: try witnesses.map {
                Witnessing(keys: try $0.map { try WitnessKey(parsing: $0) }, needed: needed)
            }
        )
        if let tiles {
            TilesFolder(folder: Self.folder + "/" + tiles).read(
                size: verifier.shownSize,
                into: &verifier
            )
        }
        if let records {
            let lines = try read(records).split(
                separator: UInt8(ascii: "\n"),
                omittingEmptySubsequences: false
            )
            for line in lines.dropLast() { verifier.read(line: line) }
        }
        return verifier.finish()
    }
}

@Suite struct AuditVectorTests {
    @Test func thereAreManyForgeries() {
        #expect(AuditVector.all.count { $0.expect != .ok } >= 60)
        #expect(Set(AuditVector.all.map(\.name)).count == AuditVector.all.count)
    }

    @Test(arguments: AuditVector.all)
    func eachForgeryIsFoundByItsName(vector: AuditVector) throws {
        let found = Set(try vector.verify().findings.flatMap(FindingEntry.all).map(\.code))
        switch vector.expect {
        case .ok: #expect(found == [])
        case .findings(let codes):
            #expect(!codes.isEmpty)
            #expect(found.isSuperset(of: codes), "found \(found.sorted())")
        }
    }

    private static func lines(of name: String) throws -> [String] {
        let vector = try #require(AuditVector.all.first { $0.name == name })
        return AuditText(report: try vector.verify(), subject: name, isComplete: true).lines
    }

    @Test(arguments: ["genuine-recovered", "recovery-left-open", "recovery-hides-nothing"])
    func databaseThatWasPutBackIsShownInOrderOrNot(_ name: String) throws {
        let said = try Self.lines(of: name).filter { $0.contains("database was put back") }
        #expect(said.count == 1)
        #expect(said.first?.hasSuffix("12 records had been signed, and it had 10") == true)
    }

    @Test func accessWhoseApprovalsWereErasedIsCounted() throws {
        let lines = try Self.lines(of: "genuine-approval-erased")
        #expect(lines.first == "in order: “genuine-approval-erased”")
        #expect(
            lines.contains("  signatures of 1 access NOT checked: their statements were erased")
        )
    }
}
