import Foundation
import LockboxClient
import MerkleLog
import Testing

@testable import lockbox

/// One way in which a receipt was tampered with, as `scripts/make-receipt-vectors` wrote it.
struct ReceiptVector: Decodable, CustomTestStringConvertible, Sendable {
    let name: String
    let what: String
    let receipt: String
    let key: String
    let witnesses: [String]?
    let expect: AuditVector.Expectation

    var testDescription: String { "\(name): \(what)" }

    private static let folder = VectorFolder.path("receipts")
    static let all: [ReceiptVector] = VectorFolder.vectors(in: folder)

    var bytes: [UInt8] {
        get throws { try Files.read(Self.folder + "/" + receipt, atMost: Files.largeBytes) }
    }

    /// 2030, in milliseconds since 1970: after all that vectors sign.
    private static let now: Int64 = 1_900_000_000_000

    /// What is found in it.
    func findings(memory: LogVerifier.Memory = .init()) throws -> [AuditFinding] {
        let bytes = try bytes
        let witnessing = try witnesses.map {
            Witnessing(keys: try $0.map { try WitnessKey(parsing: $0) })
        }
        do throws(AuditFinding) {
            let file = try ReceiptFile(bytes)
            return file.verify(
                with: [try Self.key(key)],
                memory: memory,
                now: Self.now,
                witnessing: witnessing
            ).findings
        } catch {
            return [error]
        }
    }

    private static func key(_ text: String) throws(AuditFinding) -> VerifierKey {
        do throws(NoteError) { return try VerifierKey(parsing: text) } catch {
            throw .receiptForm(problem: "\(error)")
        }
    }
}

@Suite struct ReceiptVectorTests {
    @Test func thereAreManyForgeries() {
        #expect(ReceiptVector.all.count { $0.expect != .ok } >= 60)
        #expect(Set(ReceiptVector.all.map(\.name)).count == ReceiptVector.all.count)
    }

    @Test(arguments: ReceiptVector.all)
    func eachForgeryIsFoundByItsName(vector: ReceiptVector) throws {
        let found = Set(try vector.findings().flatMap(FindingEntry.all).map(\.code))
        switch vector.expect {
        case .ok: #expect(found == [])
        case .findings(let codes):
            #expect(!codes.isEmpty)
            #expect(found.isSuperset(of: codes), "found \(found.sorted())")
        }
    }

    /// A receipt of a log that is not the one that this reader has seen.
    @Test func whatIsRememberedOfTheLogIsHeldAgainstIt() throws {
        let genuine = try #require(ReceiptVector.all.first { $0.name == "genuine" })
        let seen = [Hash](repeating: .leaf([1]), count: 6)
        let codes = try genuine.findings(memory: .init(leaves: seen)).flatMap(FindingEntry.all)
            .map(\.code)
        #expect(Set(codes) == ["remembered-changed"])
        #expect(codes.count == 6)
    }
}
