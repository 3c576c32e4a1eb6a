import LockboxDomain
import LockboxPorts
import LockboxService

/// What an engineer has typed so far into the form for a new request, right or wrong.
struct RequestEntry: Sendable {
    var tenant = ""
    var supportRequest = ""
    /// `service type:name` of each resource that is ticked.
    var picked: [String] = []
    /// Those of them to be changed too.
    var written: Set<String> = []
    /// A part of the name of what she looks for, where a tenant has too many to tick.
    var find = ""
    var amount = "1"
    var unit = Unit.hours
    /// As the browser gives it, without a zone; it means UTC.
    var start = ""
    var reason = ""
    /// The earlier request that this one extends.
    var extends: String?

    enum Unit: String, CaseIterable, Sendable {
        case minutes, hours

        func span(_ count: Int64) -> TimeSpan {
            switch self {
            case .minutes: .minutes(count)
            case .hours: .hours(count)
            }
        }
    }

    /// The controls of the form.
    enum Field: String, CaseIterable, Sendable {
        case tenant, supportRequest, resources, duration, start, reason
    }

    /// Something that is wrong with it, in words.
    struct Fault: Sendable {
        let field: Field?
        let sentence: String
    }

    init() {}

    init(_ form: Form) {
        tenant = form["tenant"] ?? ""
        supportRequest = form["supportRequest"] ?? ""
        picked = form.all("pick")
        written = Set(picked.filter { form[Self.actionsName(of: $0)] == "write" })
        find = form["find"].map(Self.bounded) ?? ""
        amount = form["amount"] ?? ""
        unit = form["unit"].flatMap(Unit.init(rawValue:)) ?? .hours
        start = form["start"] ?? ""
        reason = form["reason"] ?? ""
        extends = form["extends"].flatMap { AccessRequestID($0)?.text }
    }

    static func bounded(_ find: String) -> String {
        String(find.prefix(PortalLimits.searchLength))
    }

    /// The name of the control that says what may be done to a resource.
    static func actionsName(of resource: String) -> String { "actions \(resource)" }
    static func value(of resource: Resource) -> String { "\(resource.service) \(resource.name)" }

    /// All of it as hidden fields, so that what was looked at is what is sent.
    var hiddenFields: [(name: String, value: String)] {
        var fields = [
            ("tenant", tenant), ("supportRequest", supportRequest), ("find", find),
            ("amount", amount),
            ("unit", unit.rawValue), ("start", start), ("reason", reason),
        ]
        fields += picked.map { ("pick", $0) }
        fields += picked.filter(written.contains).map { (Self.actionsName(of: $0), "write") }
        if let extends { fields.append(("extends", extends)) }
        return fields.filter { !$0.1.isEmpty }.map { (name: $0.0, value: $0.1) }
    }
}

// MARK: - Reading

extension RequestEntry {
    /// What it asks for, as far as it can be read at all; the rules judge the rest.
    func draft() -> (draft: RequestDraft?, faults: [Fault]) {
        var faults: [Fault] = []
        func reading<Value>(_ field: Field, _ read: () throws(Refusal) -> Value) -> Value? {
            do {
                return try read()
            } catch {
                faults.append(Fault(field: field, sentence: error.words(on: .newRequest)))
                return nil
            }
        }
        let resources = reading(.resources, resourceLines)
        let duration = reading(.duration, readDuration)
        let notBefore = reading(.start, readStart)
        if supportRequest.isEmpty {
            faults.append(
                Fault(field: .supportRequest, sentence: "Say which support request it is for.")
            )
        }
        _ = reading(.reason) { () throws(Refusal) in
            try Text.check(reason, field: "reason", length: Limits.reasonLength, multiline: true)
        }
        faults = Field.allCases.flatMap { field in faults.filter { $0.field == field } }
        guard faults.isEmpty, let resources, let duration, let notBefore else {
            return (nil, faults)
        }
        let draft = RequestDraft(
            tenant: tenant,
            supportRequest: supportRequest,
            reason: reason,
            duration: duration,
            resources: resources,
            notBefore: notBefore
        )
        return (draft, [])
    }

    private func readDuration() throws(Refusal) -> TimeSpan {
        guard let count = Int64(amount), count > 0, count <= 10_000 else {
            throw .invalid(
                field: "duration",
                problem: .malformed(expected: "a whole number above 0")
            )
        }
        return unit.span(count)
    }

    /// Nil is a start at once.
    private func readStart() throws(Refusal) -> Timestamp? {
        guard !start.isEmpty else { return nil }
        let seconds = start.utf8.count == 16 ? ":00" : ""
        guard let instant = Timestamp(start + seconds + "Z") else {
            throw .invalid(
                field: "notBefore",
                problem: .malformed(expected: "a date and time such as 2026-11-23T20:15")
            )
        }
        return instant
    }

    private func resourceLines() throws(Refusal) -> [RequestDraft.Line] {
        var found: [RequestDraft.Line] = []
        for value in picked {
            let parts = value.split(separator: " ", maxSplits: 1).map(String.init)
            guard parts.count == 2 else {
                throw .unknownReference(field: "resources", noun: .resource)
            }
            let actions = written.contains(value) ? ["read", "write"] : ["read"]
            found.append(.init(service: parts[0], id: parts[1], actions: actions))
        }
        guard !found.isEmpty else { throw .invalid(field: "resources", problem: .missing) }
        return found
    }
}

extension Refusal {
    /// Which control of the form for a new request is wrong; nil where none is.
    var entryField: RequestEntry.Field? {
        if case .supportRequestClosed = self { return .supportRequest }
        guard let field else { return nil }
        return switch field {
        case "tenant": .tenant
        case "supportRequest": .supportRequest
        case "duration": .duration
        case "notBefore": .start
        case "reason": .reason
        case _: field.hasPrefix("resources") ? .resources : nil
        }
    }
}
