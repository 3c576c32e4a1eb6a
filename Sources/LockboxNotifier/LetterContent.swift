import LockboxDomain
import LockboxPorts

/// What one letter says. The text and the HTML are two renderings of this, so that they cannot
/// differ.
struct LetterContent {
    /// What a reader must feel at a glance; it only colours a line.
    enum Tone {
        case decide, inform, alarm
    }

    struct Row {
        let label: String
        let values: [String]
    }

    var tone: Tone
    /// Begins with the point: who wants what. No names but the provider's own: a subject is what
    /// people trust most and check least.
    var subject: String
    var heading: String
    var lead: String
    var rows: [Row]
    /// What to do, and what happens if one does nothing.
    var advice: [String]
    /// Why this person gets it.
    var why: String

    /// Shown so that it can be followed; for a page that does nothing by being opened.
    var link: String?

    /// The letter of `notice`, from nothing but its stored facts, and the code of its invitation where
    /// it has one.
    init(_ notice: Notice, code: String? = nil) {
        let source = LetterSource(
            number: notice.request?.text ?? "",
            facts: Facts(notice.facts)
        )
        switch notice.kind {
        case .managerAsked: self = .managerAsked(source)
        case .customerAsked: self = .customerAsked(source, .first)
        case .reminder: self = .customerAsked(source, .reminder)
        case .lastReminder: self = .customerAsked(source, .lastReminder)
        case .rejected: self = .rejected(source)
        case .denied: self = .denied(source)
        case .expired, .withdrawn: self = .lapsed(source)
        case .approved: self = .approved(source)
        case .accessScheduled: self = .scheduled(source)
        case .accessBegan: self = .began(source)
        case .accessEnded: self = .endedForEngineer(source)
        case .accessReport: self = .report(source)
        case .removalFailed: self = .removalFailed(source)
        case .removalRecovered: self = .removalRecovered(source)
        case .questionAsked: self = .questionAsked(source)
        case .questionAnswered: self = .questionAnswered(source)
        case .supportWritten: self = .supportWritten(source)
        case .supportClosed: self = .supportClosed(source)
        case .supportReopened: self = .supportReopened(source)
        case .settled: self = .settled(source)
        case .askedOnBehalf: self = .askedOnBehalf(source)
        case .takenBack: self = .takenBack(source)
        case .sideChanged: self = .sideChanged(source)
        case .approverUnreached: self = .approverUnreached(source)
        case .lettersLeftOut: self = .lettersLeftOut(source)
        case .invitation: self = .invitation(source, code: code)
        case .operatorsNeeded: self = .operatorsNeeded(source)
        }
    }

    init(
        _ tone: Tone,
        subject: String,
        heading: String,
        lead: String,
        rows: [Row?],
        advice: [String],
        why: String
    ) {
        self.tone = tone
        self.subject = subject
        self.heading = heading
        self.lead = lead
        self.rows = rows.compactMap(\.self)
        self.advice = advice
        self.why = why
    }
}

/// The facts of a letter in the phrases that several letters share.
struct LetterSource {
    let number: String
    let facts: Facts

    var provider: String { facts.name(.provider) }
    var tenant: String { facts.name(.tenant) }
    /// A program's name is cut before its mark is put behind it, and never the mark.
    var engineer: String {
        facts.name(.engineer) + (facts[.isProgram] == "yes" ? Person.programMark : "")
    }
    /// The program that asks for the engineer; nil where the engineer asks.
    var program: String? { facts[.askedBy].map { shownName($0) + Person.programMark } }
    /// Whether a human being asks.
    private var isAskedByPerson: Bool { program == nil && facts[.isProgram] != "yes" }
    /// As in "… asks …": who does.
    var asker: String { program ?? engineer }
    /// What follows "asks" where it is for somebody else: ` on behalf of Eve Engineer`.
    var onBehalf: String { program == nil ? "" : " on behalf of \(engineer)" }
    /// As a subject names who asks, without names: `Example Cloud`, `A program of Example Cloud`.
    var askingSide: String { isAskedByPerson ? provider : "A program of \(provider)" }
    /// As in "Request … to read 1 mailbox": ` of a program`.
    var ofProgram: String { isAskedByPerson ? "" : " of a program" }
    var audience: Audience { facts[.audience].flatMap(Audience.init) ?? .approver }

    /// As in "Erik asks …".
    var askedAccess: String {
        let lines = facts.lines(.resources)
        return lines.count == 1
            ? "to \(lines[0])" : "for access to \(counted(Int64(lines.count), "resource"))"
    }

    /// The same in a few words without names, as in "asks to change 1 mailbox".
    var briefly: String {
        let lines = facts.lines(.resources)
        let verb = lines.contains { $0.hasPrefix("read and change") } ? "change" : "read"
        let types = Set(
            lines.map { line in
                let words = line.split(separator: " ")
                return words.firstIndex(of: "the").flatMap { place in
                    words.dropFirst(place + 1).first.map(String.init)
                }
            }
        )
        let noun = types.count == 1 ? (types.first ?? nil) ?? "resource" : "resource"
        let plural = noun.hasSuffix("x") ? noun + "es" : noun + "s"
        return "to \(verb) \(lines.count) \(lines.count == 1 ? noun : plural)"
    }

    /// As in "At the end your credentials stop working and …". A letter that was written before this
    /// was kept with it says what all such letters said.
    var endOfConnections: String {
        facts[.endOfConnections] ?? EndOfConnections(cut: [], left: []).words()
    }

    /// As in "Sign in to …".
    var adminCentre: String { "the admin centre (\(place))" }
    var requestTool: String { "the request tool (\(place))" }

    private var place: String {
        let name = facts.name(.portal)
        return facts[.portalAddress].map { "\(name), \($0)" } ?? name
    }

    /// What ended a request that nobody decided: `Example Cloud took it back`.
    var whyWithdrawn: String {
        facts[.isClosed] == "yes" ? "Its support request was closed" : "\(provider) took it back"
    }

    var whyApprover: String {
        "You get this e-mail because you may approve data access for \(tenant)."
    }
    var whyManager: String { "You get this e-mail because you are a manager at \(provider)." }
    var whyEngineer: String {
        program == nil
            ? "You get this e-mail because you made this request."
            : "You get this e-mail because a program made this request on your behalf."
    }

    var engineerRow: LetterContent.Row {
        .init(
            label: "Who",
            values: ["\(engineer), \(provider)"] + (program.map { ["asked for by \($0)"] } ?? [])
        )
    }
    var resourcesRow: LetterContent.Row {
        .init(label: "What", values: facts.lines(.resources).map(sentenceCased))
    }
    var customer: LetterContent.Row { row("Customer", tenant) }
    var supportRequest: LetterContent.Row {
        row("Support request", withoutLinks(facts.text(.supportRequest)))
    }
    var request: LetterContent.Row { row("Request", number) }
    var howLong: LetterContent.Row { row("How long", "at most \(facts.text(.duration))") }

    func row(_ label: String, _ value: String) -> LetterContent.Row {
        .init(label: label, values: [value])
    }

    /// Nil where the letter does not have this fact.
    func row(_ label: String, _ fact: Fact) -> LetterContent.Row? {
        facts[fact].map { row(label, $0) }
    }

    private func sentenceCased(_ text: String) -> String {
        text.prefix(1).uppercased() + text.dropFirst()
    }
}
