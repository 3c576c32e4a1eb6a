package import LockboxDomain
import LockboxPorts
package import LockboxWire

extension AuditFacts {
    /// Looser rules that wait. The member is not `policy`, which says what holds.
    init(_ event: PolicyChangeEvent, _ change: PolicyChange) {
        self.init(event.activity, data: ["change": .string(change.id.text)])
        switch event {
        case .asked:
            data["wanted"] = .object(Self.members(of: change.policy))
            data["version"] = .integer(Int64(change.version))
            data["takesEffectAt"] = .string(change.takesEffectAt.description)
            data["agreed"] = .list(change.agreed.map { .string($0.text) })
        case .agreed, .stopped, .withdrawn: break
        }
    }
}

extension Policy {
    /// The rules that a record or a statement says; nil where they are not spelt as
    /// `AuditFacts.members(of:)` spells them.
    package init?(rules told: [String: JSONValue]) {
        guard let requireApproval = told["requireApproval"]?.flag,
            let window = told["decisionWindow"]?.text.flatMap(TimeSpan.init),
            let maxAccess = told["maxAccess"]?.text.flatMap(TimeSpan.init),
            let needed = told["approvalsNeeded"]?.whole,
            let withheld = told["withheldFromTokens"]?.texts,
            let coolingOff = told["coolingOff"]?.text.flatMap(TimeSpan.init),
            let allowsPrograms = told["allowPrograms"]?.flag,
            let signed = told["signedApprovals"]?.text.flatMap(SignedApprovals.init),
            let closesUnknown = told["closeUnknownAccess"]?.flag,
            let changes = told["signedChanges"]?.text.flatMap(SignedChanges.init)
        else { return nil }
        do {
            try self.init(
                requireApproval: requireApproval,
                decisionWindow: window,
                maxAccess: maxAccess,
                approvalsNeeded: Int(needed),
                withheldFromTokens: TokenScopes(
                    names: withheld,
                    of: .weighty,
                    field: "withheldFromTokens"
                ),
                coolingOff: coolingOff,
                allowsPrograms: allowsPrograms,
                retention: told["retention"]?.text.flatMap(TimeSpan.init),
                signedApprovals: signed,
                closesUnknownAccess: closesUnknown,
                signedChanges: changes
            )
        } catch {
            return nil
        }
        guard told.count == AuditFacts.members(of: self).count, LogReplayState.isSame(told, self)
        else { return nil }
    }
}

extension LogReplayState {
    /// Looser rules that wait.
    struct AskedPolicy {
        let asked: Told
        var agreed: [String]
    }

    mutating func readPolicyChange(_ told: Told) {
        switch told.leaf.activity {
        case "tenant.policyChangeAsked":
            policyChange = AskedPolicy(
                asked: told,
                agreed: told.data["agreed"]?.texts ?? []
            )
        case "tenant.policyChangeAgreed": policyChange?.agreed.append(told.leaf.actor)
        case _: policyChange = nil
        }
    }

    static func isSame(_ told: [String: JSONValue]?, _ policy: Policy?) -> Bool {
        // Records from before there was a cooling-off say nothing of it, nor those from before tenants
        // could refuse programs, ask for signatures, have unknown access closed or sign changes.
        let coolingOff =
            told?["coolingOff"]?.text ?? told.map { _ in Limits.defaultCoolingOff.description }
        return told?["requireApproval"]?.flag == policy?.requireApproval
            && told?["decisionWindow"]?.text == policy?.decisionWindow.description
            && told?["maxAccess"]?.text == policy?.maxAccess.description
            && told?["approvalsNeeded"]?.whole == policy.map { Int64($0.approvalsNeeded) }
            && told?["withheldFromTokens"]?.texts ?? []
                == policy?.withheldFromTokens.names ?? []
            && coolingOff == policy?.coolingOff.description
            && told.map { $0["allowPrograms"]?.flag ?? true } == policy?.allowsPrograms
            && told?["retention"]?.text == policy?.retention?.description
            && told.map { $0["signedApprovals"]?.text ?? "off" }
                == policy?.signedApprovals.rawValue
            && told.map { $0["closeUnknownAccess"]?.flag ?? false } == policy?.closesUnknownAccess
            && told.map { $0["signedChanges"]?.text ?? "off" } == policy?.signedChanges.rawValue
    }

    /// Where the tables have other rules that wait than the log: whoever puts some there could have
    /// them hold without anybody hearing of it before.
    func policyChangeDifferences(_ log: LogID, in tx: any StoreTransaction) throws -> [String] {
        guard let tenant = log.tenant else { return [] }
        let (waiting, told) = (try tx.policyChange(of: tenant), policyChange)
        let data = told?.asked.data
        let isSame =
            Self.isSame(data?["wanted"]?.members, waiting?.policy)
            && data?["change"]?.text == waiting?.id.text
            && data?["version"]?.whole == waiting.map { Int64($0.version) }
            && data?["takesEffectAt"]?.text == waiting?.takesEffectAt.description
            && told?.agreed ?? [] == waiting?.agreed.map(\.text) ?? []
            && told?.asked.leaf.actor == waiting?.by.text
            && told?.asked.leaf.time == waiting?.madeAt.description
        return isSame ? [] : ["the rules that wait in the log are not those in the tables"]
    }
}
