import Hummingbird
import LockboxAudit
import LockboxDomain
import LockboxHTTP
import LockboxPorts
import LockboxService

/// Erasing texts of the audit log, for administrators of a tenant.
extension PortalSite {
    private static let erasePath = "/audit/erase"

    var eraseRoutes: [Route] {
        [
            page("/audit/erase", for: .customer) { request, _, viewer in
                try await erasePage(EraseForm(request), viewer)
            },
            form("/audit/erase", for: .customer, back: { _ in Self.erasePath }) {
                form,
                context,
                viewer in
                let typed = EraseForm(form)
                return try await confirmed(
                    form,
                    context,
                    viewer,
                    again: { try await erasePage(typed, $0, refused: $1) }
                ) { viewer in
                    guard let selection = typed.selection else {
                        throw Refusal.invalid(field: "fields", problem: .missing)
                    }
                    _ = try await lockbox.eraseTexts(
                        of: viewer.person.side.tenant?.text ?? "",
                        selection,
                        because: typed.reason,
                        by: viewer.person
                    )
                    return seeOther("/audit?activity=texts.erased", .textsErased)
                }
            },
        ]
    }

    private func erasePage(_ typed: EraseForm, _ viewer: Viewer, refused: Refusal? = nil)
        async throws -> ErasePage
    {
        guard viewer.holds(.admin), let tenant = viewer.person.side.tenant else {
            throw Refusal.notFound(.page)
        }
        var found: (texts: [StandingText], unfinished: [String]) = ([], [])
        var name: String?
        if let selection = typed.widest {
            found = try await lockbox.erasableTexts(
                of: tenant.text,
                selection,
                limit: PortalLimits.erasedShown,
                by: viewer.person
            )
            if case .person(let id) = selection {
                let people = try await lockbox.people(of: tenant.text, by: viewer.person)
                name = people.first { $0.id == id }?.name
            }
        }
        return ErasePage(
            typed,
            personName: name,
            found.texts,
            unfinished: found.unfinished,
            viewer,
            stepUp: stepUp(viewer, on: typed.address),
            refused: refused
        )
    }
}

/// What is to go, as the address or the form says it.
struct EraseForm: Sendable {
    let record: String
    let request: String
    let support: String
    let person: String
    let fields: [String]
    let reason: String

    init(_ request: Request) {
        record = request.query("record") ?? ""
        self.request = request.query("request") ?? ""
        support = request.query("support") ?? ""
        person = request.query("person") ?? ""
        (fields, reason) = ([], "")
    }

    init(_ form: Form) {
        record = form["record"] ?? ""
        request = form["request"] ?? ""
        support = form["support"] ?? ""
        person = form["person"] ?? ""
        fields = form.all("field")
        reason = form["reason"] ?? ""
    }

    /// Nil where nothing is chosen, or none of a record's texts.
    var selection: TextSelection? {
        guard case .records(let records, _) = widest else { return widest }
        return fields.isEmpty ? nil : .records(records, fields: fields)
    }

    /// The same with all texts of the record.
    var widest: TextSelection? {
        if let index = record.wholeNumber { return .records([index], fields: nil) }
        if let id = AccessRequestID(request) { return .request(id) }
        if let number = SupportRequestNumber(support) { return .supportRequest(number) }
        return PersonID(person).map { .person($0) }
    }

    /// The page again.
    var address: String {
        let chosen = [
            ("record", record), ("request", request), ("support", support), ("person", person),
        ].first { !$0.1.isEmpty }
        return chosen.map { "/audit/erase?\($0.0)=\($0.1.asQueryValue)" } ?? "/audit/erase"
    }
}

/// That texts went: when, by whom and why.
struct ShownErasure: Sendable {
    let erasedAt: ShownTime
    let erasedBy: String
    let erasedBecause: String?
    /// Its record, for who may read it.
    let erasedLink: String?

    /// Why, and who of the customer, is the customer's own affair.
    init(_ erasure: RecordedErasure, _ viewer: Viewer) {
        erasedAt = ShownTime(erasure.record.time)
        guard viewer.isCustomer else {
            (erasedBy, erasedBecause, erasedLink) = ("the customer", nil, nil)
            return
        }
        erasedBy =
            erasure.record.actor == "system"
            ? "Lockbox, because your rules keep it no longer"
            : erasure.by ?? "somebody whose name was erased"
        erasedBecause = erasure.reason
        erasedLink = viewer.oversees ? "/audit/record/\(erasure.record.index)" : nil
    }
}

/// What would go, and the form that says why.
struct ErasePage: Page {
    static let template = PageTemplate(PackageResources.erase_mustache)

    /// One text of a record.
    struct Standing: Sendable {
        let field: String
        let label: String
        let value: String
        let isChosen: Bool
    }

    /// A request that has to be over first.
    struct Unfinished: Sendable {
        let number: String
        let link: String

        init(_ number: String) {
            self.number = number
            // The page of a request that the provider has not reviewed is not the customer's yet.
            let isAccess = AccessRequestID(number) != nil
            link = isAccess ? "/audit?request=\(number)" : "/support/\(number)"
        }
    }

    let title = "Erase texts"
    let section: String? = "/audit"
    let problems: Problems
    /// Nothing was chosen.
    let isUnchosen: Bool
    let what: String
    /// Of a record, each of its texts.
    let standing: [Standing]
    /// Of more than a record, how many there are.
    let count: String?
    let hasNothing: Bool
    let unfinished: [Unfinished]
    /// Whether the form is there.
    let isPossible: Bool
    let record: String
    let request: String
    let support: String
    let person: String
    let reason: String
    let shortest = Limits.reasonLength.lowerBound
    let longest = Limits.reasonLength.upperBound
    let stepUp: StepUp?
    let csrf: String
    let key: String

    init(
        _ typed: EraseForm,
        personName: String?,
        _ found: [StandingText],
        unfinished: [String],
        _ viewer: Viewer,
        stepUp: StepUp?,
        refused: Refusal?
    ) {
        problems = refused.map { Problems([$0.eraseWords]) } ?? .none
        isUnchosen = typed.widest == nil
        (record, request, support, person) = (
            typed.record, typed.request, typed.support, typed.person
        )
        reason = typed.reason
        var ofRecord = false
        switch typed.widest {
        case nil: what = ""
        case .records:
            what = "record \(typed.record)"
            ofRecord = true
        case .request(let id): what = "access request \(id)"
        case .supportRequest(let number): what = "support request \(number)"
        case .person(let id): what = personName ?? "the person \(id)"
        case .before: what = ""
        }
        standing =
            !ofRecord
            ? []
            : found.map { text in
                Standing(
                    field: text.field,
                    label: AuditWords.label(text.field),
                    value: text.field == AuditFacts.operations
                        ? "what was done, all of it" : text.text,
                    isChosen: refused == nil || typed.fields.contains(text.field)
                )
            }
        let more = found.count >= PortalLimits.erasedShown ? "more than " : ""
        let records = Set(found.map(\.index)).count
        count =
            ofRecord || found.isEmpty
            ? nil
            : "\(more)\(counted(Int64(found.count), "text")) of \(counted(Int64(records), "record"))"
        // Somebody may be known by her row alone.
        hasNothing = found.isEmpty && !isUnchosen && typed.person.isEmpty
        self.unfinished = unfinished.map(Unfinished.init)
        isPossible = !isUnchosen && !hasNothing && unfinished.isEmpty
        self.stepUp = stepUp
        (csrf, key) = (viewer.csrf, viewer.formKey)
    }
}

extension Refusal {
    fileprivate var eraseWords: String {
        guard case .invalid(let field, let problem) = self else { return words(on: .settings) }
        if field == "fields", problem == .missing { return "Choose at least one text." }
        return field == "reason" ? "Reason: it \(problem.sentence)" : words(on: .settings)
    }
}
