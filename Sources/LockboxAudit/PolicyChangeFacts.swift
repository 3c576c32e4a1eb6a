import LockboxDomain
import LockboxPorts
import LockboxWire

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
        // could refuse programs, ask for signatures or have unknown access closed.
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
