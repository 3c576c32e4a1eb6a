import LockboxDomain
import LockboxService

/// The controls of a decision. Each can only take away from what is asked for.
struct DecisionForm: Sendable {
    /// One resource: kept or not, and to be changed or only read.
    struct ResourceChoice: Sendable {
        let value: String
        let thing: String
        let isKept: Bool
        let mayWrite: Bool
        let keepsWrite: Bool
    }

    let seen: String
    let durations: [Choice]
    let resources: [ResourceChoice]
    let hasSeveralResources: Bool
    let isOpen: Bool

    /// `typed` is what a refused form held.
    init(_ reading: RequestReading, typed: Form?) {
        let request = reading.view.request
        let (duration, scope) = request.offered
        let longest = reading.longestOffered
        seen = reading.seen
        let chosen = typed?["duration"] ?? ""
        durations =
            [
                Choice(
                    value: "",
                    label: "\(longest.words) (\(Self.reason(reading, for: duration)))",
                    isChosen: chosen.isEmpty
                )
            ]
            + Self.shorter(than: longest).map { span in
                Choice(
                    value: span.description,
                    label: span.words,
                    isChosen: chosen == span.description
                )
            }
        let kept = typed?["resources"] == nil ? nil : typed?.all("keep")
        let written = typed?["resources"] == nil ? nil : typed?.all("write")
        resources = scope.accesses.map { access in
            let value = Self.value(of: access.resource)
            return ResourceChoice(
                value: value,
                thing: "\(access.resource.type) \(access.resource.localName)",
                isKept: kept?.contains(value) ?? true,
                mayWrite: access.actions.contains(.write),
                keepsWrite: written?.contains(value) ?? true
            )
        }
        hasSeveralResources = resources.count > 1
        isOpen = typed != nil
    }

    /// Why no more than `longest` is on offer.
    private static func reason(_ reading: RequestReading, for offered: TimeSpan) -> String {
        let request = reading.view.request
        guard offered < request.terms.duration else {
            return offered <= reading.tenant.policy.maxAccess
                ? "all that is asked for" : "the longest that your rules allow"
        }
        let narrowed = request.decisions.last { decision in
            switch decision.verdict {
            case .approve(let narrowing): narrowing.duration == offered
            case .deny: false
            }
        }
        return narrowed.map { "what \(reading.view.name(of: $0.person)) allowed" }
            ?? "what is left of it"
    }

    /// Usual lengths below `longest`; where there is none, halves of it.
    private static func shorter(than longest: TimeSpan) -> [TimeSpan] {
        let usual: [TimeSpan] = [
            .hours(12), .hours(8), .hours(4), .hours(2), .hours(1), .minutes(30), .minutes(15),
        ]
        .filter { $0 < longest }
        if !usual.isEmpty { return usual }
        return [2, 4].map { TimeSpan.seconds(longest.milliseconds / 1000 / $0) }.filter {
            $0 >= .seconds(1)
        }
    }

    private static func value(of resource: Resource) -> String {
        "\(resource.service) \(resource.name)"
    }

    /// What the form says; the rules judge it.
    static func approval(_ form: Form, of request: AccessRequest) throws -> DecisionDraft {
        if form["extent"] == "all" {
            return DecisionDraft(
                approves: true,
                comment: form["comment"],
                duration: nil,
                resources: nil
            )
        }
        var duration: TimeSpan?
        if let text = form["duration"] {
            guard let span = TimeSpan(text) else {
                throw Refusal.invalid(
                    field: "duration",
                    problem: .malformed(expected: "one of the offered lengths")
                )
            }
            duration = span
        }
        var draft = DecisionDraft(
            approves: true,
            comment: form["comment"],
            duration: duration,
            resources: nil
        )
        guard form["resources"] != nil else { return draft }
        let (kept, written) = (form.all("keep"), form.all("write"))
        guard !kept.isEmpty else { throw Refusal.invalid(field: "keep", problem: .missing) }
        let lines = kept.map { value -> RequestDraft.Line in
            let parts = value.split(separator: " ", maxSplits: 1).map(String.init)
            return RequestDraft.Line(
                service: parts.first ?? "",
                id: parts.last ?? "",
                actions: written.contains(value) ? ["read", "write"] : ["read"]
            )
        }
        let whole = request.offered.scope.accesses.map { access in
            RequestDraft.Line(
                service: access.resource.service.text,
                id: access.resource.name,
                actions: access.actions.names
            )
        }
        // Nothing taken away is not the same as giving all of it again: a narrower yes of somebody
        // else would not hold.
        if Set(lines) != Set(whole) { draft.resources = lines }
        return draft
    }
}
