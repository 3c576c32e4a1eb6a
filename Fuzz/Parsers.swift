import Foundation
import LockboxDomain
import LockboxHTTP
import LockboxPorts
import LockboxService
import LockboxWire
import MerkleLog

@testable import LockboxAudit
@testable import LockboxClient
@testable import LockboxIdentity
@testable import LockboxMail
@testable import LockboxServer
@testable import LockboxServices
@testable import LockboxStoreSQL

typealias Parser = (letter: Character, read: @Sendable (ArraySlice<UInt8>) -> Void)

/// What reads bytes from outside, each under the letter that an input begins with. None may trap,
/// and what one has read must be written as it is read.
let parsers: [Parser] =
    wireParsers + domainParsers + doorParsers + logParsers + approvalParsers + otherParsers

private func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

/// Runs what may refuse.
func tried(_ read: () throws -> Void) {
    // best effort: a refusal is an answer, only a trap is a fault.
    do { try read() } catch { return }
}

private let wireParsers: [Parser] = [
    ("J", { bytes in tried { try StrictJSON.check(bytes) } }),
    (
        "j",
        { bytes in
            // What the strict reader takes, the decoder must take too.
            tried {
                try StrictJSON.check(bytes)
                do {
                    _ = try JSONDecoder().decode(Strict<NewAccessRequest>.self, from: Data(bytes))
                } catch let error as DecodingError {
                    if case .dataCorrupted(let context) = error, context.codingPath.isEmpty {
                        preconditionFailure("taken by one reader only: \(error)")
                    }
                }
            }
        }
    ),
    ("K", { bytes in tried { _ = try CanonicalJSONReader.read(bytes) } }),
    ("P", { bytes in _ = PercentEncoding.decode(bytes, plusIsSpace: true) }),
    (
        "F",
        { bytes in
            for field in FormFields.decode(bytes) ?? [] {
                let again = PercentEncoding.decode(
                    PercentEncoding.encode(field.value).utf8,
                    plusIsSpace: true
                )
                precondition(again.map { $0.utf8.elementsEqual(field.value.utf8) } ?? false)
            }
        }
    ), ("w", { bytes in tried { _ = try PasswordLine.read(bytes) } }),
]

private let domainParsers: [Parser] = [
    (
        "E",
        { bytes in
            guard let address = EmailAddress(text(bytes)) else { return }
            let again = EmailAddress(address.canonical)
            precondition(again.map { $0.canonical == address.canonical } ?? true)
        }
    ),
    (
        "T",
        { bytes in
            guard let instant = Timestamp(text(bytes)) else { return }
            precondition(Timestamp(instant.description) == instant)
            _ = (instant.words(), instant + .days(36_500), instant - .latest)
        }
    ),
    (
        "D",
        { bytes in
            guard let span = TimeSpan(text(bytes)) else { return }
            precondition(TimeSpan(span.description) == span)
            _ = (span.words, Timestamp.latest + span)
        }
    ),
    (
        "I",
        { bytes in
            let text = text(bytes)
            _ = (AccessRequestID(text), TenantID(text), SupportRequestNumber(text))
            _ = (GrantID(loginName: text), ProtectedService.Kind(rawValue: text))
            guard let service = ServiceID("mail") else { return }
            _ = Resource(service: service, name: text).map { ($0.type, $0.localName) }
        }
    ),
    (
        "X",
        { bytes in
            for multiline in [true, false] {
                tried {
                    _ = try Text.check(
                        text(bytes),
                        field: "a",
                        length: 1...100,
                        multiline: multiline
                    )
                }
            }
        }
    ), ("S", { bytes in _ = Scope(stored: text(bytes)) }),
    (
        "C",
        { bytes in
            for parts in 0...2 {
                tried {
                    let read = try Cursor(text(bytes), list: "requests", keyParts: parts)
                    precondition(read.key.count == parts)
                }
            }
        }
    ),
]

private let doorParsers: [Parser] = [
    (
        "e",
        { bytes in
            guard case .list(let tags) = EntityTags(text(bytes)) else { return }
            for tag in tags { _ = VersionTag.version(Substring(tag.opaque)) }
        }
    ),
    (
        "A",
        { bytes in
            _ = AcceptedTypes(text(bytes)).best(of: [("text/csv", 1), ("application/json", 2)])
        }
    ), ("O", { bytes in _ = WebOrigin(text(bytes))?.description }),
    (
        "f",
        { bytes in
            let fields = text(bytes).split(separator: "\n").map(String.init)
            let proxies = Result { try TrustedProxies(["::/0", "0.0.0.0/0"]) }
            guard case .success(let proxies) = proxies else { preconditionFailure("networks") }
            _ = proxies.client(peer: "::1", forwardedFor: fields)
            _ = proxies.client(peer: "127.0.0.1", forwardedFor: [], forwarded: fields)
            tried { _ = try TrustedProxies(fields).contains("10.0.0.1") }
        }
    ), ("h", { bytes in _ = KeptHash(text(bytes)) }),
]

private let logParsers: [Parser] = [
    (
        "N",
        { bytes in
            tried {
                let note = try SignedNote(parsing: bytes)
                let again = try SignedNote(parsing: Array(note.encoded.utf8))
                precondition(again == note)
                _ = try Checkpoint(parsing: note.text)
            }
        }
    ), ("c", { bytes in tried { _ = try Checkpoint(parsing: text(bytes)) } }),
    ("B", { bytes in _ = DeliveryReport(message: bytes) }),
    ("V", { bytes in tried { _ = try VerifierKey(parsing: text(bytes)) } }),
    (
        "t",
        { bytes in
            if let tile = Tile(path: text(bytes)) {
                precondition(Tile(path: tile.path) == tile)
                _ = (tile.end, tile.subtrees)
            }
            if let bundle = EntryBundle(path: text(bytes)) {
                precondition(EntryBundle(path: bundle.path) == bundle)
                _ = bundle.entries
            }
        }
    ),
    (
        "b",
        { bytes in
            guard let width = bytes.first, let bundle = EntryBundle(index: 0, width: Int(width))
            else { return }
            tried { _ = try bundle.decode(Array(bytes.dropFirst())) }
            _ = Tile(level: 0, index: 0, width: Int(width))?.decode(Array(bytes.dropFirst()))
        }
    ), ("p", proofs),
    (
        "R",
        { bytes in
            guard let line = RecordLine(bytes) else { return }
            _ = RecordLine.adding([], size: 1, to: Array(bytes))
            _ = AuditTable.row(line.record)
            var check = RecordCheck(line.record, log: "tenant:contoso")
            _ = check.prove(with: [line.record.size ?? 0: .emptyRoot])
            _ = (check.flaws, check.hash)
        }
    ),
    (
        "L",
        { bytes in
            tried { _ = try Leaf(bytes: bytes) }
            _ = LogRecordCheck.Leaf(Array(bytes))
            _ = CanonicalSlice.member("data", of: Array(bytes))
        }
    ), ("l", lines),
]

/// Numbers of eight bytes, then hashes.
@Sendable private func proofs(_ bytes: ArraySlice<UInt8>) {
    let bytes = Array(bytes)
    func number(_ place: Int) -> UInt64 {
        bytes.dropFirst(place * 8).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
    let rest = Array(bytes.dropFirst(16))
    let hashes = stride(from: 0, to: rest.count, by: 4).compactMap { start in
        Hash(bytes: Array(rest[start...].prefix(4)) + [UInt8](repeating: 0, count: 28))
    }
    let (first, second) = (number(0), number(1))
    tried {
        try MerkleProof.verifyInclusion(
            leaf: .emptyRoot,
            index: first,
            size: second,
            proof: hashes,
            root: .emptyRoot
        )
    }
    tried {
        try MerkleProof.verifyConsistency(
            from: first,
            fromRoot: .emptyRoot,
            to: second,
            toRoot: .emptyRoot,
            proof: hashes
        )
    }
    tried { _ = try ProofPlan.inclusion(index: first, size: second).tiles }
    tried { _ = try ProofPlan.consistency(from: first, to: second).tiles }
    if var range = CompactRange(size: second, hashes: hashes), second < LogLimits.treeSize {
        range.append(.emptyRoot)
        _ = range.root
    }
}

/// An export in pieces, as it comes from a disk.
@Sendable private func lines(_ bytes: ArraySlice<UInt8>) {
    let key = Result {
        try VerifierKey(name: "a/v1/provider/log", publicKey: Array(repeating: 1, count: 32))
    }
    guard case .success(let key) = key else { return }
    let note = LogVerifier.Note(name: "note", bytes: Array(bytes))
    var verifier = LogVerifier(notes: [note], keys: [key], source: .records)
    var cutter = LineCutter()
    tried {
        for piece in [bytes.prefix(bytes.count / 2), bytes.dropFirst(bytes.count / 2)] {
            try cutter.take(piece) { verifier.read(line: $0) }
        }
    }
    for finding in verifier.finish().findings { _ = finding.description }
}

private let kinds = ServiceKinds([HTTPKind(), SQLKind()])

private let otherParsers: [Parser] = [
    (
        "m",
        { bytes in
            var reader = ReplyReader()
            for line in bytes.split(separator: 10, omittingEmptySubsequences: false) {
                Array(line).withUnsafeBytes { reader.read($0) }
            }
            guard let last = reader.last else { return }
            for step in [ReplyMeaning.Step.connect, .sender, .recipient, .data, .body] {
                _ = ReplyMeaning(code: last.code, status: reader.status, at: step)
            }
        }
    ),
    (
        "M",
        { bytes in
            let text = text(bytes)
            _ = (MailText.isAddress(text), MailText.isMessageID(text), MailText.isOneLine(text))
            _ = (MailText.unstructured("Subject", text), QuotedPrintable.encoded(text))
            _ = MailText.mailbox("To", Mailbox(name: text, address: text))
        }
    ), ("d", { bytes in tried { _ = try DoveadmClient.read(Data(bytes), tags: ["a", "b"]) } }),
    (
        "Y",
        { bytes in
            tried {
                let file = try DirectoryFile.parse(
                    text(bytes),
                    file: "directory.yaml",
                    folder: URL(filePath: "/"),
                    kinds: kinds
                )
                try file.checkForRepetition()
            }
        }
    ),
]
