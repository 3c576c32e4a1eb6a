import ArgumentParser
import LockboxWire

/// A resource as people type it: `[service/]type:name[:read|:write]`, such as
/// `mailbox:sue@contoso.test:read`.
struct ResourceArgument: ExpressibleByArgument, Equatable {
    /// The service, if it was named.
    let service: String?
    /// Type and name.
    let id: String
    /// Nil if not said.
    let actions: [String]?

    init?(argument: String) {
        var rest = argument
        var actions: [String]?
        for (suffix, meaning) in [(":read", ["read"]), (":write", ["read", "write"])]
        where rest.hasSuffix(suffix) {
            actions = meaning
            rest.removeLast(suffix.count)
            break
        }
        let parts = rest.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = parts.last, name.contains(":"), parts.allSatisfy({ !$0.isEmpty }) else {
            return nil
        }
        service = parts.count == 2 ? String(parts[0]) : nil
        id = name.lowercased()
        self.actions = actions
    }

    /// Whether it means this one.
    func means(service otherService: String, id otherID: String) -> Bool {
        id == otherID.lowercased() && (service == nil || service == otherService)
    }
}

/// What an approval shall leave of the resources that were asked for.
enum Narrowing {
    /// Keeps the resources in `kept`, with the actions that are named there; never adds.
    static func apply(_ kept: [ResourceArgument], readOnly: Bool, to asked: [ResourceAccess])
        throws(Failure)
        -> [ResourceAccess]?
    {
        if kept.isEmpty && !readOnly { return nil }
        var left: [ResourceAccess] = []
        for argument in kept {
            let matches = asked.filter { argument.means(service: $0.service, id: $0.id) }
            guard let match = matches.first else {
                throw .usage(
                    "\(argument.id) is not among what is asked for; an approval can only take away."
                )
            }
            guard matches.count == 1 else {
                throw .usage(
                    "\(argument.id) is asked for at several services; write SERVICE/\(argument.id)."
                )
            }
            let actions = argument.actions ?? match.actions
            guard Set(actions).isSubset(of: match.actions) else {
                throw .usage(
                    "Writing to \(argument.id) is not asked for; an approval can only take away."
                )
            }
            left.append(ResourceAccess(service: match.service, id: match.id, actions: actions))
        }
        if kept.isEmpty { left = asked }
        if readOnly {
            left = left.map { ResourceAccess(service: $0.service, id: $0.id, actions: ["read"]) }
        }
        return left
    }
}

extension ResourceAccess {
    /// `mail  mailbox:sue@contoso.test  read`.
    var words: String {
        "\(id) (\(service)): \(actions.contains("write") ? "read and write" : "read")"
    }
}
