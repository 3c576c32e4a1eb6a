import LockboxDomain
import LockboxWire

extension AuditRecord {
    /// What it is about, in a line beside its activity: whom, which resources with what may be done
    /// to them, for how long, and what was said. Nil where its activity says all. What was erased is
    /// left out. `names` has those of people by their identifiers.
    func detail(_ names: [String: String] = [:]) -> String? {
        let whom = whom(names) + ["subject", "label", "group"].compactMap { texts[$0]?.text }
        let said = ["reason", "comment", "message"].compactMap { texts[$0]?.text }
            .map { "“\($0.cut(to: 80))”" }
        let parts = whom + opened + terms + counts + changedRules + said
        return parts.isEmpty ? nil : parts.joined(separator: " · ").cut(to: 240)
    }

    /// Whom it was done to, where that is somebody else than who did it.
    private func whom(_ names: [String: String]) -> [String] {
        if let name = texts["personName"]?.text { return [name] }
        return ["person", "recipient"].compactMap { member in
            guard case .string(let id)? = data[member], id != actor.id else { return nil }
            return names[id]
        }
    }

    /// `read and change mailbox:sue@contoso.test`, a part for each resource.
    var opened: [String] {
        guard case .array(let resources)? = data["resources"] else {
            return texts["resource"]?.text.map { [$0] } ?? []
        }
        return resources.enumerated().compactMap { position, resource in
            guard let name = texts["resource\(position)"]?.text,
                case .object(let members) = resource,
                case .array(let actions)? = members["actions"]
            else { return nil }
            let mayWrite = actions.contains(.string("write"))
            return "\((mayWrite ? [.read, .write] : Actions.read).words) \(name)"
        }
    }

    private var terms: [String] {
        let plain = ["shortenedTo", "duration", "roles", "scopes", "given", "problem"]
            .compactMap { data[$0] }.map(AuditWords.value)
        let from = data["addresses"].map { "from \(AuditWords.value($0))" }
        let ended = data["endedReason"].map(AuditWords.value).flatMap(Ending.Reason.init)?.words
        let until: String? =
            switch activity {
            case "access.granted", "access.started":
                data["end"].map { "until \(AuditWords.value($0))" }
            case _: nil
            }
        // What an approval says nothing of, it took over.
        let isWhole =
            activity == "request.approved" && data["shortenedTo"] == nil && data["narrowed"] == nil
        let signed =
            data["unsigned"] == true
            ? "unsigned" : data["statement"] != nil ? "signed" : nil
        return plain + [isWhole ? "as asked" : nil, from, ended, signed, until].compactMap(\.self)
    }

    /// How often access was used, at its end; and what was done in a batch.
    private var counts: [String] {
        func count(_ member: String, _ noun: String) -> String? {
            guard case .integer(let number)? = data[member], number > 0 || noun == "time" else {
                return nil
            }
            return noun == "time"
                ? number == 0 ? "not used" : "used \(counted(number, noun))"
                : counted(number, noun)
        }
        return [
            count("operations", "time"), count("reads", "read"), count("writes", "change"),
        ].compactMap(\.self)
    }

    /// `Require approval: yes → no`, a part for each rule that is another than before.
    private var changedRules: [String] {
        guard case .object(let before)? = data["before"], case .object(let after)? = data["policy"]
        else { return [] }
        return after.keys.sorted().filter { before[$0] != after[$0] }.map { rule in
            let values = [before[rule], after[rule]].map { AuditWords.value($0 ?? .null) }
            return "\(AuditWords.label(rule)): \(values.joined(separator: " → "))"
        }
    }
}

extension String {
    /// At most `length` characters, with a mark where something is left out.
    func cut(to length: Int) -> String {
        count > length ? prefix(length - 1) + "…" : self
    }
}
