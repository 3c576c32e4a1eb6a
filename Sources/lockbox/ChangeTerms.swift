import LockboxApprovals
import LockboxWire

/// What statements of every kind are held against before they are signed.
struct StatementPlace {
    /// How far the instant of a statement may be from now, in milliseconds: as long as it is good.
    private static let age: Int64 = 5 * 60_000

    let tenant: String
    /// Whoever is signed in.
    let person: String
    /// The name of the tenant's log, where it is remembered.
    let logName: String?

    static func refusal(_ what: String, or done: String) -> Failure {
        .failed(
            TerminalText.clean(
                "This is not the statement of what you were shown: \(what). Nothing was signed or \(done)."
            )
        )
    }

    /// The first text that is another than was shown, by name.
    static func other(_ texts: [(name: String, said: String, shown: String)]) -> String? {
        texts.first { !$0.said.utf8.elementsEqual($0.shown.utf8) }.map {
            "\($0.name) is “\($0.said)”, and not “\($0.shown)”"
        }
    }

    func other(_ said: some SignedStatement) -> String? {
        let suffix = "/v1/tenants/\(tenant)/log"
        let other = Self.other([
            ("tenant", said.tenant, tenant), ("person", said.person, person),
            ("log", said.logOrigin, logName ?? said.logOrigin),
        ])
        return other
            ?? (said.logOrigin.utf8.reversed().starts(with: suffix.utf8.reversed())
                ? nil : "log is “\(said.logOrigin)”, which is not one of \(tenant)")
    }

    func lateness(of said: some SignedStatement, now: Int64) -> String? {
        guard let issued = TimeText.milliseconds(said.issued), abs(issued - now) <= Self.age else {
            return
                "it was made at \(said.issued), which is not within five minutes of the time here"
        }
        return nil
    }

    func add(_ said: some SignedStatement, to sheet: inout Sheet, now: Int64) {
        sheet.add(
            "Log",
            "\(said.logOrigin), \(said.logSize) records"
                + (logName == nil ? "; not known here (“lockbox audit verify” remembers it)" : "")
        )
        sheet.add("Made", TimeText.both(said.issued, now: now))
    }
}

/// What somebody signs who ends access: that of the request that she was shown.
struct RevokeTerms {
    let request: AccessRequestBody
    let place: StatementPlace

    /// The statement that `text` is. Throws, by name, for what these terms do not say.
    func statement(_ text: String, now: Int64) throws(Failure) -> RevokeStatement {
        let said: RevokeStatement
        do throws(ApprovalFault) { said = try RevokeStatement(text) } catch {
            throw StatementPlace.refusal("the server’s answer \(error.words)", or: "ended")
        }
        let other =
            StatementPlace.other([
                ("request", said.request, request.id),
                ("version of the request", "\(said.requestVersion)", "\(request.version)"),
                ("engineer", said.engineer, request.engineer.id ?? ""),
            ]) ?? place.other(said)
        if let other { throw StatementPlace.refusal("its \(other)", or: "ended") }
        if let late = place.lateness(of: said, now: now) {
            throw StatementPlace.refusal(late, or: "ended")
        }
        return said
    }

    /// What `said` says, for the person who signs it.
    func sheet(_ said: RevokeStatement, now: Int64) -> [String] {
        var sheet = Sheet()
        sheet.add(
            "You sign",
            "the end of access on \(said.request), version \(said.requestVersion)"
        )
        sheet.add("Tenant", said.tenant)
        sheet.add("Engineer", "\(said.engineer) (\(request.engineer.addressed))")
        place.add(said, to: &sheet, now: now)
        return sheet.lines
    }
}

/// What somebody signs who changes rules, or agrees to that: all rules as they were asked for or shown.
struct PolicyTerms {
    /// By their names in records.
    let rules: [String: JSONValue]
    /// Of the rules in force.
    let version: Int
    let place: StatementPlace

    /// The rules that `body` says, whatever else it says.
    static func rules(of body: JSONValue) -> [String: JSONValue] {
        guard case .object(let members) = body else { return [:] }
        return members.filter { name, value in
            names.contains { $0.name == name } && !(name == "retention" && value == "none")
        }
    }

    private static let names: [(name: String, label: String)] = [
        ("requireApproval", "Require approval"), ("decisionWindow", "Time to decide"),
        ("maxAccess", "Longest access"), ("approvalsNeeded", "Approvals needed"),
        ("withheldFromTokens", "API tokens may not"), ("coolingOff", "Cooling-off"),
        ("allowPrograms", "Programs may ask"), ("retention", "Texts of the log kept"),
        ("signedApprovals", "Signed approvals"),
        ("closeUnknownAccess", "Access nobody granted closed"),
        ("signedChanges", "Signed changes"),
    ]

    /// The statement that `text` is. Throws, by name, for what these terms do not say.
    func statement(_ text: String, now: Int64) throws(Failure) -> PolicyStatement {
        let said: PolicyStatement
        do throws(ApprovalFault) { said = try PolicyStatement(text) } catch {
            throw StatementPlace.refusal("the server’s answer \(error.words)", or: "changed")
        }
        let other =
            StatementPlace.other([("version of the rules", "\(said.policy)", "\(version)")])
            ?? place.other(said) ?? otherRule(said.rules)
        if let other { throw StatementPlace.refusal("its \(other)", or: "changed") }
        if let late = place.lateness(of: said, now: now) {
            throw StatementPlace.refusal(late, or: "changed")
        }
        return said
    }

    private func otherRule(_ said: [String: JSONValue]) -> String? {
        Set(said.keys).union(rules.keys).sorted().first { name in
            !Self.isSame(said[name], rules[name])
        }.map { name in
            "rule \(name) is \(Self.words(said[name])), and not \(Self.words(rules[name]))"
        }
    }

    /// Lengths of time have several spellings, and a set several orders.
    private static func isSame(_ said: JSONValue?, _ shown: JSONValue?) -> Bool {
        switch (said, shown) {
        case (.string(let said)?, .string(let shown)?):
            if let span = ApprovalStatement.span(said) {
                span == ApprovalStatement.span(shown)
            } else {
                said.utf8.elementsEqual(shown.utf8)
            }
        case (.array(let said)?, .array(let shown)?): Set(said) == Set(shown)
        case (let said?, let shown?): said.isSame(as: shown)
        case (nil, nil): true
        case (nil, _?), (_?, nil): false
        }
    }

    private static func words(_ value: JSONValue?) -> String {
        switch value {
        case nil, .null?: "not there"
        case .bool(let flag)?: flag ? "yes" : "no"
        case .integer(let number)?: "\(number)"
        case .string(let text)?:
            ApprovalStatement.span(text) == nil ? text : TimeText.duration(text)
        case .array(let items)?:
            items.isEmpty ? "nothing" : items.map(words).joined(separator: ", ")
        case .object?: "unreadable"
        }
    }

    /// What `said` says, for the person who signs it: every rule, from the statement itself.
    func sheet(_ said: PolicyStatement, now: Int64) -> [String] {
        var sheet = Sheet()
        sheet.add("You sign", "all rules of \(said.tenant), in place of version \(said.policy)")
        for (name, label) in Self.names {
            let isForEver = name == "retention" && said.rules[name] == nil
            sheet.add(label, isForEver ? "for ever" : Self.words(said.rules[name]))
        }
        place.add(said, to: &sheet, now: now)
        return sheet.lines
    }
}
