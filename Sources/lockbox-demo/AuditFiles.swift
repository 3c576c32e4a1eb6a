import Foundation
import LockboxClient
import LockboxDomain
import LockboxWire
import MerkleLog

/// The end of the story: the tenant's log, taken home and verified there, with the code of `lockbox
/// audit verify`.
struct AuditFiles {
    private let world: World
    private let gita: LockboxClient

    init(story: Story) throws {
        world = story.world
        gita = try story.client(.gita)
    }

    private var records: String { world.folder["audit/contoso.jsonl"] }
    private var checkpoint: String { world.folder["audit/contoso.checkpoint"] }
    private var key: String { world.folder["audit/contoso.key"] }

    func tell(_ story: inout Story) async throws {
        try await story.step(
            "Gita, Contoso's admin, exports the audit log",
            expected: "all its records"
        ) { _ in
            let count = try await export()
            return .init("\(count) records, each with its proof, and the signed head", count > 0)
        }
        try await story.step("She verifies it, without any server", expected: "nothing wrong") {
            _ in
            let report = try verify(records)
            let head = report.heads.last
            return .init(
                report.findings.isEmpty
                    ? "in order: \(report.records) records lead to the signed root \(head?.root.base64 ?? "")"
                    : report.findings.map(\.description).joined(separator: "; "),
                report.findings.isEmpty && head?.size == UInt64(report.records)
            )
        }
        let forged = world.folder["audit/contoso-forged.jsonl"]
        let changed = try await story.step(
            "In a copy, a forger makes Adam's 6 seconds 8",
            expected: "one record with 6 seconds"
        ) { _ in
            let index = try forge(to: forged)
            return (
                .init(
                    index.map { "record \($0), its hash made to fit" } ?? "there is none",
                    index != nil
                ), index
            )
        }
        try await story.step("Gita verifies the copy", expected: "exactly that record is named") {
            _ in
            let findings = try verify(forged).findings
            let isFound =
                if case .changed(let record, _)? = findings.first {
                    findings.count == 1 && record == changed
                } else {
                    false
                }
            return .init(
                findings.isEmpty ? "in order" : findings.map(\.description).joined(separator: "; "),
                isFound
            )
        }
    }

    /// Writes what `lockbox audit export` writes; the number of records.
    private func export() async throws -> Int {
        let base = Path("v1", "tenants", "contoso")
        let note = try await gita.bytes(base.appending("log/checkpoint"))
        let key = String(decoding: try await gita.bytes(base.appending("log/key")), as: UTF8.self)
        let size = try head(note, key: key).size
        let lines = try await gita.bytes(
            base.appending("audit").adding(["size": "\(size)"]),
            accept: "application/jsonl"
        )
        try DataFolder.write(String(decoding: lines, as: UTF8.self), to: records)
        try DataFolder.write(String(decoding: note, as: UTF8.self), to: checkpoint)
        try DataFolder.write(key, to: self.key)
        return lines.split(separator: UInt8(ascii: "\n")).count
    }

    private func head(_ note: [UInt8], key: String) throws -> TreeHead {
        let key = try VerifierKey(parsing: key.filter { $0 != "\n" })
        return try Checkpoint(opening: try SignedNote(parsing: note), origin: key.name, logKey: key)
            .head
    }

    /// Verifies the records in a file against checkpoint and key in theirs.
    private func verify(_ path: String) throws -> AuditReport {
        let key = try VerifierKey(
            parsing: String(contentsOfFile: key, encoding: .utf8).filter { $0 != "\n" }
        )
        let note = LogVerifier.Note(name: "contoso.checkpoint", bytes: try Self.read(checkpoint))
        var verifier = LogVerifier(notes: [note], keys: [key], source: .records)
        for line in try Self.read(path).split(separator: UInt8(ascii: "\n")) {
            verifier.read(line: line)
        }
        return verifier.finish()
    }

    /// Copies the export with the approval of six seconds turned into one of eight, in all places
    /// that show it, and with a hash that fits; the changed record's number.
    private func forge(to path: String) throws -> UInt64? {
        var changed: UInt64?
        var copy: [String] = []
        for line in try Self.read(records).split(separator: UInt8(ascii: "\n")) {
            var text = String(decoding: line, as: UTF8.self)
            if let genuine = Self.record(line), genuine.activity == "request.approved",
                text.contains("PT6S")
            {
                text = text.replacingOccurrences(of: "PT6S", with: "PT8S")
                if let forged = Self.record(Array(text.utf8)[...]) {
                    let hash = Hash.leaf(Array(forged.leaf.utf8)).base64
                    text = text.replacingOccurrences(of: genuine.hash, with: hash)
                    changed = genuine.index
                }
            }
            copy.append(text + "\n")
        }
        try DataFolder.write(copy.joined(), to: path)
        return changed
    }

    private static func read(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(filePath: path)))
    }

    private static func record(_ line: ArraySlice<UInt8>) -> AuditRecord? {
        switch Result(catching: { try JSONDecoder().decode(AuditRecord.self, from: Data(line)) }) {
        case .success(let record): record
        case .failure: nil
        }
    }
}
