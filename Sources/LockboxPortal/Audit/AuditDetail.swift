import LockboxDomain
import LockboxWire

extension AuditRecord {
    /// What it is about, in a line beside its activity: whom, which resources with what may be done
    /// to them, for how long, and what was said. Nil where its activity says all. What was erased is
    /// left out.
    var detail: String? {
        let whom = ["personName", "subject", "label"].compactMap { texts[$0]?.text }
        let said = ["reason", "comment", "message"].compactMap { texts[$0]?.text }
            .map { "“\($0.cut(to: 80))”" }
        let parts = whom + opened + terms + said
        return parts.isEmpty ? nil : parts.joined(separator: " · ").cut(to: 240)
    }

    /// `read and change mailbox:sue@contoso.test`, a part for each resource.
    private var opened: [String] {
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
        let plain = ["shortenedTo", "duration", "roles", "scopes", "problem"]
            .compactMap { data[$0] }.map(AuditWords.value)
        let ended = data["endedReason"].map(AuditWords.value).flatMap(Ending.Reason.init)?.words
        let until: String? =
            switch activity {
            case "access.granted", "access.started":
                data["end"].map { "until \(AuditWords.value($0))" }
            case _: nil
            }
        return plain + [ended, until].compactMap(\.self)
    }
}

extension String {
    /// At most `length` characters, with a mark where something is left out.
    func cut(to length: Int) -> String {
        count > length ? prefix(length - 1) + "…" : self
    }
}
