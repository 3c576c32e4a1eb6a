import LockboxDomain

/// A tenant's rules as they stand in a form: what was typed, right or wrong.
struct PolicyForm: Sendable {
    /// A length of time as people write it: `12`, `hours`.
    struct Span: Sendable {
        enum Unit: String, Sendable, CaseIterable {
            case seconds, minutes, hours, days

            var span: TimeSpan {
                switch self {
                case .seconds: .seconds(1)
                case .minutes: .minutes(1)
                case .hours: .hours(1)
                case .days: .days(1)
                }
            }
        }

        var number: String
        var unit: Unit

        init(number: String, unit: Unit) {
            self.number = number
            self.unit = unit
        }

        /// In the largest unit that leaves nothing over.
        init(_ span: TimeSpan) {
            let unit =
                Unit.allCases.last { span.milliseconds % $0.span.milliseconds == 0 } ?? .seconds
            self.init(number: "\(span.milliseconds / unit.span.milliseconds)", unit: unit)
        }

        /// Nil where the number is none.
        var span: TimeSpan? {
            PolicyForm.whole(number).map { TimeSpan(milliseconds: $0 * unit.span.milliseconds) }
        }
    }

    /// What is wrong with one field.
    enum Field: Sendable {
        case approval, window, cap, approvals, withheld, cooling, programs, retention, signed,
            unknown, changes
    }

    var isOn: Bool?
    var window: Span
    var cap: Span
    var approvals: String
    /// The scopes of API tokens that shall count for nothing, by name.
    var withheld: [String]
    var cooling: Span
    var arePrograms: Bool?
    /// Days; empty for ever.
    var retention: String
    var signed: SignedApprovals?
    var closesUnknown: Bool?
    var changes: SignedChanges?

    init(_ policy: Policy) {
        isOn = policy.requireApproval
        window = Span(policy.decisionWindow)
        cap = Span(policy.maxAccess)
        approvals = "\(policy.approvalsNeeded)"
        withheld = policy.withheldFromTokens.names
        cooling = Span(policy.coolingOff)
        arePrograms = policy.allowsPrograms
        retention =
            policy.retention.map { "\($0.milliseconds / TimeSpan.days(1).milliseconds)" } ?? ""
        signed = policy.signedApprovals
        closesUnknown = policy.closesUnknownAccess
        changes = policy.signedChanges
    }

    init(_ form: Form) {
        isOn = ["on": true, "off": false][form["approval"] ?? ""]
        window = Self.span("window", of: form)
        cap = Self.span("cap", of: form)
        approvals = form["approvals"] ?? ""
        withheld = form.all("withheld")
        cooling = Self.span("cooling", of: form)
        arePrograms = ["on": true, "off": false][form["programs"] ?? ""]
        retention = form["retention"] ?? ""
        signed = form["signed"].flatMap(SignedApprovals.init(rawValue:))
        closesUnknown = ["close": true, "show": false][form["unknown"] ?? ""]
        changes = form["changes"].flatMap(SignedChanges.init(rawValue:))
    }

    private static func span(_ name: String, of form: Form) -> Span {
        Span(
            number: form[name] ?? "",
            unit: form["\(name)-unit"].flatMap(Span.Unit.init(rawValue:)) ?? .hours
        )
    }

    /// The fields as a form sends them.
    var fields: [(name: String, value: String)] {
        [
            ("approval", isOn.map { $0 ? "on" : "off" } ?? ""),
            ("window", window.number), ("window-unit", window.unit.rawValue),
            ("cap", cap.number), ("cap-unit", cap.unit.rawValue), ("approvals", approvals),
            ("cooling", cooling.number), ("cooling-unit", cooling.unit.rawValue),
            ("programs", arePrograms.map { $0 ? "on" : "off" } ?? ""),
            ("retention", retention),
            ("signed", signed?.rawValue ?? ""),
            ("unknown", closesUnknown.map { $0 ? "close" : "show" } ?? ""),
            ("changes", changes?.rawValue ?? ""),
        ] + withheld.map { ("withheld", $0) }
    }

    /// A few digits and nothing else, so that no product of it can overflow.
    fileprivate static func whole(_ text: String) -> Int64? {
        guard (1...6).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) })
        else { return nil }
        return Int64(text)
    }

    /// The rules that were typed, or what is wrong with each field.
    func read() throws(Faults) -> Policy {
        var faults = Faults()
        if isOn == nil { faults.found.append((.approval, "Customer approval: choose on or off.")) }
        let window = faults.check(.window, "Time to decide", window, Limits.decisionWindow)
        let cap = faults.check(.cap, "Longest access", cap, Limits.maxAccess)
        let needed = Self.whole(approvals).map { Int($0) }
        let range = Limits.approvalsNeeded
        if needed.map(range.contains) != true {
            faults.found.append(
                (
                    .approvals,
                    "Approvals needed: give a number from \(range.lowerBound) to \(range.upperBound)."
                )
            )
        }
        let withheld = scopes
        if withheld == nil {
            faults.found.append((.withheld, "API tokens: choose among those below."))
        }
        let cooling = faults.check(.cooling, "Cooling-off", cooling, Limits.coolingOff)
        if arePrograms == nil {
            faults.found.append((.programs, "Programs: choose whether they may ask."))
        }
        let kept = Self.whole(retention).map { TimeSpan.days($0) }
        if !retention.isEmpty, kept.map(Limits.retention.contains) != true {
            faults.found.append(
                (
                    .retention,
                    "Texts of the audit log: give a number of days from 90 to 36500, or nothing."
                )
            )
        }
        if signed == nil {
            faults.found.append((.signed, "Signed approvals: choose whether they are required."))
        }
        if closesUnknown == nil {
            faults.found.append(
                (.unknown, "Access that nobody granted: choose what becomes of it.")
            )
        }
        if changes == nil {
            faults.found.append((.changes, "Signed changes: choose whether they are required."))
        }
        guard let isOn, let window, let cap, let needed, let withheld, let cooling,
            let arePrograms, let signed, let closesUnknown, let changes, faults.found.isEmpty
        else { throw faults }
        do {
            return try Policy(
                requireApproval: isOn,
                decisionWindow: window,
                maxAccess: cap,
                approvalsNeeded: needed,
                withheldFromTokens: withheld,
                coolingOff: cooling,
                allowsPrograms: arePrograms,
                retention: kept,
                signedApprovals: signed,
                closesUnknownAccess: closesUnknown,
                signedChanges: changes
            )
        } catch {
            faults.found.append((.approval, error.sentence))
            throw faults
        }
    }

    /// Nil where a name is none that a tenant can withhold.
    private var scopes: TokenScopes? {
        do {
            return try TokenScopes(names: withheld, of: .weighty, field: "withheld")
        } catch {
            return nil
        }
    }

    /// What is wrong, in the order of the fields.
    struct Faults: Error {
        var found: [(field: Field, sentence: String)] = []

        func of(_ field: Field) -> String? { found.first { $0.field == field }?.sentence }

        fileprivate mutating func check(
            _ field: Field,
            _ name: String,
            _ typed: Span,
            _ range: ClosedRange<TimeSpan>
        ) -> TimeSpan? {
            guard let span = typed.span else {
                found.append((field, "\(name): give a whole number, such as 4."))
                return nil
            }
            guard range.contains(span) else {
                found.append(
                    (
                        field,
                        "\(name): from \(range.lowerBound.words) to \(range.upperBound.words) is allowed."
                    )
                )
                return nil
            }
            return span
        }
    }
}

// MARK: - What the sender had read

extension Policy {
    /// As a hidden field carries it: `on PT12H PT4H 1 0 P1D on none off off off`.
    var mark: String {
        "\(requireApproval ? "on" : "off") \(decisionWindow) \(maxAccess) \(approvalsNeeded) "
            + "\(withheldFromTokens.rawValue) \(coolingOff) \(allowsPrograms ? "on" : "off") "
            + "\(retention?.description ?? "none") \(signedApprovals.rawValue) "
            + "\(closesUnknownAccess ? "on" : "off") \(signedChanges.rawValue)"
    }

    /// Reads a mark; nil for anything else. It only serves to tell what changed since.
    init?(mark: String) {
        let parts = mark.split(separator: " ").map(String.init)
        guard parts.count == 11, let isOn = ["on": true, "off": false][parts[0]],
            let window = TimeSpan(parts[1]),
            let cap = TimeSpan(parts[2]), let needed = Int(parts[3]),
            let withheld = UInt8(parts[4]), let cooling = TimeSpan(parts[5]),
            let arePrograms = ["on": true, "off": false][parts[6]],
            let signed = SignedApprovals(rawValue: parts[8]),
            let closesUnknown = ["on": true, "off": false][parts[9]],
            let changes = SignedChanges(rawValue: parts[10])
        else { return nil }
        do {
            try self.init(
                requireApproval: isOn,
                decisionWindow: window,
                maxAccess: cap,
                approvalsNeeded: needed,
                withheldFromTokens: TokenScopes(rawValue: withheld),
                coolingOff: cooling,
                allowsPrograms: arePrograms,
                retention: TimeSpan(parts[7]),
                signedApprovals: signed,
                closesUnknownAccess: closesUnknown,
                signedChanges: changes
            )
        } catch {
            return nil
        }
    }

    /// What `wanted` changed of what its sender had read, on top of these rules: whoever touched
    /// one rule does not take back what somebody else did to another.
    func with(_ wanted: Policy, since read: Policy) -> Policy {
        var merged = self
        if wanted.requireApproval != read.requireApproval {
            merged.requireApproval = wanted.requireApproval
        }
        if wanted.decisionWindow != read.decisionWindow {
            merged.decisionWindow = wanted.decisionWindow
        }
        if wanted.maxAccess != read.maxAccess { merged.maxAccess = wanted.maxAccess }
        if wanted.approvalsNeeded != read.approvalsNeeded {
            merged.approvalsNeeded = wanted.approvalsNeeded
        }
        if wanted.coolingOff != read.coolingOff { merged.coolingOff = wanted.coolingOff }
        if wanted.allowsPrograms != read.allowsPrograms {
            merged.allowsPrograms = wanted.allowsPrograms
        }
        if wanted.retention != read.retention { merged.retention = wanted.retention }
        if wanted.signedApprovals != read.signedApprovals {
            merged.signedApprovals = wanted.signedApprovals
        }
        if wanted.closesUnknownAccess != read.closesUnknownAccess {
            merged.closesUnknownAccess = wanted.closesUnknownAccess
        }
        if wanted.signedChanges != read.signedChanges {
            merged.signedChanges = wanted.signedChanges
        }
        merged.withheldFromTokens.subtract(
            read.withheldFromTokens.subtracting(wanted.withheldFromTokens)
        )
        merged.withheldFromTokens.formUnion(
            wanted.withheldFromTokens.subtracting(read.withheldFromTokens)
        )
        return merged
    }
}
