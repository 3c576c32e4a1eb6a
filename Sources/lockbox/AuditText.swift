import LockboxClient
import LockboxWire
import MerkleLog

/// How a verification is told: the verdict first and last, between them what it rests on. Nothing that
/// a server, an export or a note chose can look like a part of it.
struct AuditText {
    private static let inOrder = "in order"
    private static let notInOrder = "NOT in order"

    let report: AuditReport
    /// What was verified.
    let subject: String
    let isComplete: Bool
    /// Where evidence was kept.
    var evidence: [String] = []
    /// What was shown to be so.
    var facts: [String] = []
    /// Whether a text that is gone without a record of it would be a finding.
    var tellsErasures: Bool

    init(report: AuditReport, subject: String, isComplete: Bool) {
        (self.report, self.subject, self.isComplete) = (report, subject, isComplete)
        tellsErasures = isComplete
    }

    private var isInOrder: Bool { report.findings.isEmpty }

    /// Tells the outcome; throws if anything is wrong.
    func conclude(_ shell: Shell, _ output: OutputFormat) throws {
        if output == .json { shell.write(try Session.json(summary)) }
        guard isInOrder else { throw Failure.failed(lines.joined(separator: "\n")) }
        if output == .table { shell.write(lines.joined(separator: "\n")) }
    }

    /// The whole of it, fit for a terminal.
    var lines: [String] {
        let name = "“\(TerminalText.clean(subject))”"
        guard isInOrder else {
            let count = Self.count(report.findings.count, "finding")
            return ["\(Self.notInOrder): \(name)"]
                + report.findings.map { "  " + TerminalText.clean($0.description) }
                + recoveries.map { "  " + $0 }
                + evidence.map { "  evidence is kept in “\(TerminalText.clean($0))”" }
                + ["\(Self.notInOrder): \(count)"]
        }
        return ["\(Self.inOrder): \(name)"]
            + (facts.map { TerminalText.clean($0) } + basis).map { "  " + $0 }
            + ["\(Self.inOrder): \(Self.count(report.records, "record"))"]
    }

    private var basis: [String] {
        var lines = [
            Self.count(report.records, "record")
                + (isComplete
                    ? ", none changed, missing or added"
                    : ", none changed; of others, nothing is said")
        ]
        if report.texts > 0 {
            lines.append(
                "\(Self.count(report.texts, "text")) held against what the records commit to"
            )
        }
        if report.erasedTexts > 0 {
            lines.append(
                "\(Self.count(report.erasedTexts, "text")) erased; "
                    + (tellsErasures
                        ? "each by a record that says so"
                        : "whether a record says so cannot be told")
            )
        }
        if report.uncheckedTexts > 0 {
            lines.append(
                "\(Self.count(report.uncheckedTexts, "text")) NOT checked: they are not with the tiles"
            )
        }
        if report.uncheckedAccess > 0 {
            lines.append(
                "signatures of \(Self.count(report.uncheckedAccess, "access", "accesses")) NOT checked: "
                    + "their statements were erased"
            )
        }
        if report.unsignedRevokes > 0 {
            lines.append(
                "\(Self.count(report.unsignedRevokes, "end", "ends")) of access by the customer without a "
                    + "signature, which is allowed"
            )
        }
        lines += recoveries
        if let newest = report.heads.last {
            lines.append("signed head: size \(newest.size), root \(newest.root)")
        }
        let older = report.heads.count - 1
        if older > 0 { lines.append("continues \(Self.count(older, "earlier checkpoint"))") }
        if let time = report.newestRecord {
            lines.append("newest record: \(TerminalText.clean(time))")
        }
        lines += cosigned
        lines.append(
            report.signedTime.map { "head signed as the newest at \(LogTime.text($0))" }
                ?? "no signed time: how old the head is, the records alone tell"
        )
        return lines
    }

    private var cosigned: [String] {
        guard let witnessed = report.witnessed, let head = witnessed.head else { return [] }
        var lines = witnessed.witnesses.map {
            "cosigned by “\(TerminalText.clean($0.key.name))” at \(Self.time($0))"
        }
        if let newest = report.heads.last, newest.size > head.size {
            let rest = Int(clamping: newest.size - head.size)
            lines.append("\(Self.count(rest, "record")) NOT yet cosigned: the newest")
        }
        return lines
    }

    private static func time(_ witness: WitnessReport.Witness) -> String {
        let seconds: UInt64 = min(witness.time, UInt64(Int64.max) / 1000)
        return LogTime.text(Int64(seconds) * 1000)
    }

    /// What explains that a log is not what it was.
    private var recoveries: [String] {
        report.recoveries.map {
            "record \($0.record) says that the database was put back: \($0.expectedSize) records had been "
                + "signed, and it had \($0.size)"
        }
    }

    private static func count(_ number: Int, _ what: String, _ many: String? = nil) -> String {
        let word = number == 1 ? what : many ?? what + "s"
        return "\(number) \(word)"
    }

    // MARK: - For programs

    /// Members are added, never taken away or changed in meaning.
    private struct Summary: Encodable {
        let form = "lockbox-audit/v1"
        let verdict: String
        let subject: String
        let complete: Bool
        @Nullable var key: String?
        @Nullable var head: Head?
        let counts: Counts
        @Nullable var newestRecord: String?
        @Nullable var signedTime: String?
        @Nullable var cosigned: Cosigned?
        let recoveries: [Recovery]
        let findings: [FindingEntry]
        let evidence: [String]

        struct Head: Codable, Hashable {
            let size: UInt64
            let root: String
        }

        /// The newest head that enough witnesses have cosigned.
        struct Cosigned: Codable, Hashable {
            @Nullable var head: Head?
            let witnesses: [Witness]

            struct Witness: Codable, Hashable {
                let key: String
                let time: String
            }
        }

        struct Counts: Encodable {
            let records: Int
            let texts: Int
            let erasedTexts: Int
            let uncheckedTexts: Int
            let uncheckedAccess: Int
            let unsignedRevokes: Int
            let earlierCheckpoints: Int
        }
    }

    private static func cosigned(_ report: WitnessReport) -> Summary.Cosigned {
        Summary.Cosigned(
            head: report.head.map { Summary.Head(size: $0.size, root: $0.root.base64) },
            witnesses: report.witnesses.map {
                Summary.Cosigned.Witness(key: $0.key.text, time: time($0))
            }
        )
    }

    private var summary: Summary {
        Summary(
            verdict: isInOrder ? "in-order" : "not-in-order",
            subject: subject,
            complete: isComplete,
            key: report.keys.last?.text,
            head: report.heads.last.map { Summary.Head(size: $0.size, root: $0.root.base64) },
            counts: .init(
                records: report.records,
                texts: report.texts,
                erasedTexts: report.erasedTexts,
                uncheckedTexts: report.uncheckedTexts,
                uncheckedAccess: report.uncheckedAccess,
                unsignedRevokes: report.unsignedRevokes,
                earlierCheckpoints: max(0, report.heads.count - 1)
            ),
            newestRecord: report.newestRecord,
            signedTime: report.signedTime.map(LogTime.text),
            cosigned: report.witnessed.map(Self.cosigned),
            recoveries: report.recoveries,
            findings: report.findings.flatMap(FindingEntry.all),
            evidence: evidence
        )
    }
}
