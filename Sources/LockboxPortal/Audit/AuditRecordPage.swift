import LockboxAudit
import LockboxDomain
import LockboxPorts
import LockboxService
import LockboxWire

/// One record with all it says: what people read first, and the identifiers after it.
struct AuditRecordPage: Page {
    static let template = PageTemplate(PackageResources.audit_record_mustache)

    struct Fact: Sendable {
        let name: String
        let value: String
        let isErased: Bool
        /// Who erased it and when, and the record that says why.
        var erasure: ShownErasure?
    }

    let title: String
    let section: String? = "/audit"
    let index: String
    let what: String
    let actor: String
    let actorAddress: String?
    let at: ShownTime
    let about: String?
    let requestLink: String?
    /// All that was recorded of the same request.
    let storyLink: String?
    let summary: String?
    let texts: [Fact]
    /// What was done, one by one, and the file that has all of it.
    let done: [String]
    let doneMore: String?
    let doneFile: String?
    let facts: [Fact]
    let identifiers: [Fact]
    let hash: String
    let proofLength: String
    let leaf: String
    /// Where its texts are erased, for who may.
    let eraseLink: String?
    let printed: Printed

    init(
        _ record: AuditRecord,
        proofLength: Int,
        names: [String: String] = [:],
        erasures: [String: RecordedErasure] = [:],
        _ viewer: Viewer
    ) {
        index = String(record.index)
        title = "Record \(index)"
        what = AuditWords.words(record.activity)
        actor = AuditWords.actor(record)
        actorAddress = record.texts["actorAddress"]?.text
        at = ShownTime(Timestamp(record.time) ?? viewer.now, withSeconds: true)
        about = record.request
        requestLink = record.request.map { "\(viewer.side.requestsPath)/\($0)" }
        storyLink = viewer.isCustomer ? record.request.map { "/audit/requests/\($0)" } : nil
        summary = record.detail(names)
        let operations = record.texts[AuditFacts.operations]?.text?.split(separator: "\n") ?? []
        done = operations.prefix(PortalLimits.operations).map(AuditWords.operation)
        let rest = operations.count - done.count
        doneMore = rest > 0 ? "and \(rest) more" : nil
        doneFile = operations.isEmpty ? nil : "/audit/record/\(index)/operations"
        let shown = record.texts.keys.filter { field in
            !["actorName", "actorAddress"].contains(field)
                && (operations.isEmpty || field != AuditFacts.operations)
        }
        texts = shown.sorted().map { field in
            let text = record.texts[field]?.text
            return Fact(
                name: AuditWords.label(field),
                value: text ?? "",
                isErased: text == nil,
                erasure: text == nil ? erasures[field].map { ShownErasure($0, viewer) } : nil
            )
        }
        let canErase =
            viewer.holds(.admin) && viewer.isCustomer
            && record.activity != AuditFacts.textsErased
        eraseLink =
            canErase && record.texts.contains { $0.value.text != nil }
            ? "/audit/erase?record=\(index)" : nil
        let all = record.data.keys.sorted().map { ($0, record.data[$0] ?? .null) }
        facts = all.compactMap { member, value in
            let words = member == "erased" ? value.erasedWords : value.words(names)
            return words.map {
                Fact(name: AuditWords.label(member), value: $0, isErased: false)
            }
        }
        let done = [("actor", JSONValue.string(record.actor.id))].filter { $0.1.isIdentifier }
        identifiers = (done + all.filter { $0.1.isIdentifier }).map { member, value in
            Fact(name: AuditWords.label(member), value: AuditWords.value(value), isErased: false)
        }
        hash = record.hash
        self.proofLength = String(proofLength)
        leaf = record.leaf
        printed = Printed(viewer)
    }
}

extension JSONValue {
    /// What a record of an erasure says went: `comment of record 4; reason of record 9`.
    fileprivate var erasedWords: String? {
        guard case .array(let items) = self else { return nil }
        let words = items.compactMap { item -> String? in
            guard case .object(let members) = item, case .array(let fields)? = members["fields"],
                case .integer(let index)? = members["index"]
            else { return nil }
            return fields.map { AuditWords.value($0) }.joined(separator: ", ")
                + " of record \(index)"
        }
        return words.isEmpty ? "name and addresses in the directory" : words.joined(separator: "; ")
    }

    /// The people that it names by their identifiers.
    var people: [PersonID] {
        switch self {
        case .string(let text): PersonID(text).map { [$0] } ?? []
        case .array(let items): items.flatMap(\.people)
        case .null, .bool, .integer, .object: []
        }
    }

    /// Whether it, or all that is in it, names a thing of this installation: `GRT-7K3M9QPXAB`. The
    /// numbers of requests are for people.
    fileprivate var isIdentifier: Bool {
        switch self {
        case .string(let text):
            text.count == 14 && text.dropFirst(3).first == "-" && !text.hasPrefix("LBX")
                && text.prefix(3).allSatisfy { ("A"..."Z").contains($0) }
        case .array(let items): !items.isEmpty && items.allSatisfy(\.isIdentifier)
        case .null, .bool, .integer, .object: false
        }
    }

    /// For people: names for identifiers; nil where nobody knows a name.
    fileprivate func words(_ names: [String: String]) -> String? {
        guard isIdentifier else { return AuditWords.value(self) }
        switch self {
        case .string(let text): return names[text]
        case .array(let items):
            let known = items.compactMap { $0.words(names) }
            return known.isEmpty ? nil : known.joined(separator: ", ")
        case .null, .bool, .integer, .object: return nil
        }
    }
}

/// Who printed a page and when, which only paper shows (`{{#printed}}{{> printed}}{{/printed}}`).
struct Printed: Sendable {
    let printedBy: String
    let printedAt: ShownTime

    init(_ viewer: Viewer) {
        printedBy = "\(viewer.person.name), \(viewer.person.email)"
        printedAt = ShownTime(viewer.now, withSeconds: true)
    }
}

/// What a check of the whole log found.
struct AuditCheckPage: Page {
    static let template = PageTemplate(PackageResources.audit_check_mustache)

    let title: String
    let section: String? = "/audit"
    let isWhole: Bool
    let records: String
    let checkpoints: String
    let differences: [String]
    let note: String
    let verifierKey: String
    let at: ShownTime
    let whose: String

    init(_ report: LogCheck.Report, note: String, key: String, at now: Timestamp, _ viewer: Viewer)
    {
        isWhole = report.differences.isEmpty
        title = isWhole ? "Log verified: complete and unchanged" : "Log check failed"
        records = String(report.records)
        checkpoints =
            report.checkpoints == 1
            ? "1 checkpoint was" : "\(report.checkpoints) checkpoints were"
        differences = Array(report.differences.prefix(PortalLimits.differences))
        self.note = note
        verifierKey = key
        at = ShownTime(now, withSeconds: true)
        whose = viewer.tenant?.name ?? viewer.providerName
    }
}
