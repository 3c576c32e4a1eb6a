// The rules, a file for each kind of command: submit, decide, end, messages. Each takes the time and
// everything else it needs as arguments, and either changes the request and says what happened, or
// throws a refusal and changes nothing. None lets time pass: a request whose deadline is over is
// refused as stale, until it is advanced (AccessRequest+Time.swift).

extension AccessRequest {
    /// Whether `person` may obtain a credential for `resource` now, and for which actions.
    public func mayUse(_ resource: Resource, by person: Person, now: Timestamp) throws(Refusal) -> (
        grant: Grant, actions: Actions
    ) {
        try requireExists(for: person)
        guard person.id == terms.engineer, person.holds(oneOf: .engineer, at: .provider) else {
            throw .notPermitted(.obtainCredential)
        }
        let current = seen(at: now).state
        guard case .active(let grant) = current, grant.covers(now) else {
            throw .accessNotActive(current.name)
        }
        guard let actions = grant.scope.actions(on: resource) else {
            throw .unknownReference(field: "resource", noun: .resource)
        }
        return (grant, actions)
    }

    // MARK: - Parts that several rules share

    /// For another tenant's people there is no such request. They should never get as far as this.
    func requireExists(for person: Person) throws(Refusal) {
        guard person.side == .provider || person.side == .tenant(terms.tenant) else {
            throw .notFound(.accessRequest)
        }
    }

    static func checkComment(_ raw: String?, required: Bool) throws(Refusal) -> String? {
        guard let raw else {
            if required { throw .invalid(field: "comment", problem: .missing) }
            return nil
        }
        let length = required ? Limits.commentLength : 0...Limits.commentLength.upperBound
        let text = try Text.check(raw, field: "comment", length: length, multiline: true)
        return text.isEmpty ? nil : text
    }
}
