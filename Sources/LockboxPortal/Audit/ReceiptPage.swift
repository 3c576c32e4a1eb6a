import Foundation
import Hummingbird
import LockboxAudit
import LockboxDomain
import LockboxHTTP
import LockboxIdentity
import LockboxPorts
import LockboxService
import LockboxWire
import MerkleLog
import NIOCore

/// A receipt for people: a document that stands alone, without a frame, scripts or anything to be
/// fetched, and has the receipt in it. It is made of the receipt and of nothing else.
package struct ReceiptPage: Sendable {
    private static let template = PageTemplate(PackageResources.receipt_mustache)

    struct Fact: Sendable {
        let name: String
        let words: [String]
    }

    struct Step: Sendable {
        let index: String
        let at: String
        let what: String
        let detail: String?
        let actor: String
    }

    let number: String
    let origin: String
    let facts: [Fact]
    let steps: [Step]
    /// Rules and keys, which are not of the request.
    let grounds: [Step]
    let note: String
    let key: String
    /// The receipt in base64.
    let file: String

    /// The document for a receipt that the server has just made.
    package static func document(of receipt: [UInt8]) throws -> [UInt8] {
        Array((template.render(try ReceiptPage(receipt)) + "\n").utf8)
    }

    init(_ bytes: [UInt8]) throws {
        let receipt: Receipt
        do { receipt = try JSONDecoder().decode(Receipt.self, from: Data(bytes)) } catch {
            throw StoreError.corrupt("a receipt: \(error)")
        }
        number = receipt.request
        origin = String(receipt.checkpoint.prefix { $0 != "\n" })
        (note, key, file) = (receipt.checkpoint, receipt.key, Base64.encode(bytes))
        let names = receipt.records.reduce(into: [String: String]()) { names, record in
            if let name = record.actor.name { names[record.actor.id] = name }
        }
        let own = receipt.records.filter { $0.request == receipt.request }
        steps = own.map { Step($0, names) }
        grounds = receipt.records.filter { $0.request != receipt.request }.map { Step($0, names) }
        facts = Self.facts(own)
    }

    private static let decided: Set = [
        "request.approvedByManager", "request.rejected", "request.approved", "request.denied",
    ]

    private static func facts(_ records: [AuditRecord]) -> [Fact] {
        func all(_ activity: String) -> [AuditRecord] {
            records.filter { $0.activity == activity }
        }
        func one(_ name: String, _ words: [String]) -> Fact? {
            words.isEmpty ? nil : Fact(name: name, words: words)
        }
        let decisions = records.filter {
            Self.decided.contains($0.activity)
        }.map { record in
            "\(AuditWords.words(record.activity)): \(AuditWords.actor(record)), "
                + "\(Step.words(record.time)), \(record.signedWords)"
        }
        let windows = all("access.granted").compactMap { record -> String? in
            guard case .string(let start)? = record.data["start"],
                case .string(let end)? = record.data["end"]
            else { return nil }
            return "\(Step.words(start)) to \(Step.words(end))"
        }
        let batches = all("access.operations")
        func sum(_ member: String) -> Int64 {
            batches.reduce(0) { total, record in
                guard case .integer(let count)? = record.data[member] else { return total }
                return total + count
            }
        }
        let done =
            batches.isEmpty
            ? [] : ["\(counted(sum("reads"), "read")), \(counted(sum("writes"), "change"))"]
        let ends = all("access.ended").map { record in
            [Step.words(record.time), record.detail()].compactMap(\.self).joined(separator: ": ")
                + record.endSignedWords
        }
        let closed = ["access.removed", "access.removalFailed"].flatMap(all).map { record in
            let service = record.service.map { " (\($0))" } ?? ""
            return "\(AuditWords.words(record.activity))\(service), \(Step.words(record.time))"
        }
        let asked = all("request.submitted")
        let granted = !windows.isEmpty
        return [
            one("Asked by", asked.map { "\(AuditWords.actor($0)), \(Step.words($0.time))" }),
            one(
                "Asked for",
                asked.flatMap { record in
                    record.opened + (record.data["duration"].map { [AuditWords.value($0)] } ?? [])
                }
            ),
            one("Why", asked.compactMap { $0.texts["reason"]?.text }),
            one("Decided", decisions),
            one("Access given", granted ? windows : ["None."]),
            one("Ended", ends),
            one("Recorded by services", done),
            one("Confirmed closed", granted && closed.isEmpty ? ["Nothing says so."] : closed),
        ].compactMap(\.self)
    }
}

extension ReceiptPage.Step {
    init(_ record: AuditRecord, _ names: [String: String]) {
        index = String(record.index)
        at = Self.words(record.time)
        what = AuditWords.words(record.activity)
        detail = record.rules ?? record.detail(names) ?? record.service
        actor = AuditWords.actor(record)
    }

    /// Of a time as the log writes it; it is for every reader, and so in UTC.
    static func words(_ time: String) -> String {
        "\(time.prefix(10)) \(time.dropFirst(11).prefix(8)) UTC"
    }
}

extension AuditRecord {
    fileprivate var signedWords: String {
        guard case .object(let signature)? = data["signature"] else { return "not signed" }
        guard case .string(let key)? = signature["passkey"] ?? signature["key"] else {
            return "signed"
        }
        return "signed with \(signature["passkey"] == nil ? "key" : "passkey") \(key)"
    }

    fileprivate var service: String? {
        guard case .string(let service)? = data["service"] else { return nil }
        return service
    }

    /// Of rules, those by which access is judged (approval-statement.md 4).
    fileprivate var rules: String? {
        guard case .object(let rules)? = data["policy"] else { return nil }
        let judging = ["requireApproval", "approvalsNeeded", "signedApprovals", "coolingOff"]
        return judging.compactMap { name in
            rules[name].map { "\(AuditWords.label(name)): \(AuditWords.value($0))" }
        }.joined(separator: " · ")
    }

    fileprivate var endSignedWords: String {
        data["unsigned"] == true
            ? ", not signed, which was asked for"
            : data["signature"] == nil ? "" : ", \(signedWords)"
    }
}

extension PortalSite {
    /// The receipt of one request that is over, as a file.
    func receiptFile(_ context: PortalContext, _ log: LogID, _ viewer: Viewer) async throws
        -> Response
    {
        let (id, place, isWanted) = try await receiptPlace(context, log, viewer)
        return Response(
            status: .ok,
            headers: Self.download("application/json", "receipt-\(id).json"),
            body: .init { writer in
                try await self.log.receipt(
                    of: id,
                    in: log,
                    at: clock.now(),
                    holding: place,
                    isWanted: isWanted,
                    to: { try await writer.write(ByteBuffer(bytes: $0)) }
                )
                try await writer.finish(nil)
            }
        )
    }

    /// The same as a document. It is a file too: what it looks like is in it, and here styles come from
    /// the server alone.
    func receiptDocument(_ context: PortalContext, _ log: LogID, _ viewer: Viewer) async throws
        -> Response
    {
        let (id, place, isWanted) = try await receiptPlace(context, log, viewer)
        let whole = try await self.log.receipt(
            of: id,
            in: log,
            at: clock.now(),
            holding: place,
            isWanted: isWanted
        )
        return Response(
            status: .ok,
            headers: Self.download("text/html; charset=utf-8", "receipt-\(id).html"),
            body: .init(byteBuffer: ByteBuffer(bytes: try ReceiptPage.document(of: whole)))
        )
    }

    private func receiptPlace(_ context: PortalContext, _ log: LogID, _ viewer: Viewer) async throws
        -> (AccessRequestID, LongReadPlace, @Sendable () async throws -> Void)
    {
        let text = try Self.requestID(context)
        let (id, _) = try await lockbox.receiptSubject(text, by: viewer.person)
        let place = try self.log.exportPlace(of: log, for: viewer.person.id, at: clock.now())
        return (
            id, place,
            {
                try context.checkPresence()
                // A role or a session that was taken away meanwhile ends it in the middle.
                guard let still = try await sessions.look(viewer.secret) else {
                    throw Refusal.notSignedIn
                }
                _ = try await lockbox.receiptSubject(text, by: still.person)
            }
        )
    }
}
