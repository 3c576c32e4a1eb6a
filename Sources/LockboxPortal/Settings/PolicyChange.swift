import LockboxDomain
import LockboxService

/// One rule that becomes another.
struct RuleDifference: Sendable {
    let rule: String
    let before: String
    let after: String

    var sentence: String { "\(rule): \(before) became \(after)." }

    /// The rules that differ, in the order of the page.
    static func all(from before: Policy, to after: Policy) -> [RuleDifference] {
        zip(Self.rules(before), Self.rules(after)).filter { $0.1 != $1.1 }.map {
            RuleDifference(rule: $0.0, before: $0.1, after: $1.1)
        }
    }

    /// All rules by name, in words.
    static func rules(_ policy: Policy) -> [(name: String, words: String)] {
        [
            ("Customer approval", policy.requireApproval ? "on" : "off"),
            ("Time to decide", policy.decisionWindow.words),
            ("Longest access", policy.maxAccess.words),
            ("Approvals needed", "\(policy.approvalsNeeded)"),
            ("API tokens may not", withheldWords(policy.withheldFromTokens)),
            ("Cooling-off", policy.coolingOff.words),
            ("Programs", policy.allowsPrograms ? "may ask" : "may not ask"),
            (
                "Texts of the audit log",
                policy.retention.map { "kept \($0.words)" } ?? "kept for ever"
            ),
            ("Signed approvals", policy.signedApprovals == .required ? "required" : "off"),
            ("Access that nobody granted", policy.closesUnknownAccess ? "closed" : "shown"),
            ("Signed changes", policy.signedChanges == .required ? "required" : "off"),
        ]
    }

    private static func withheldWords(_ scopes: TokenScopes) -> String {
        scopes.isEmpty
            ? "nothing is forbidden" : ScopeWords.labels(of: scopes).lowercased()
    }
}

extension Int {
    /// So many where there are no more.
    fileprivate var asAll: String { self == 2 ? "both" : "all \(self)" }
}

/// Whether there are people enough to say yes.
struct ApproverCount: Sendable {
    let words: String
    let tone: String
    let isShown: Bool

    /// `names` are those who may approve now.
    init(_ tenant: Tenant, _ names: [String]) {
        let (count, needed) = (names.count, tenant.policy.approvalsNeeded)
        let have = count == 0 ? "Nobody can approve" : "Only \(Self.people(count)) can approve"
        guard tenant.requiresApproval else {
            words = "Nobody is asked now, because approval is not in force."
            (tone, isShown) = ("", true)
            return
        }
        if count < needed {
            words =
                have + (count == 0 ? "" : ", and \(needed) approvals are needed")
                + ". No access to your data is possible until there are more approvers."
            (tone, isShown) = (Badge.Tone.bad.rawValue, true)
        } else if count == 1 {
            words =
                "Only \(names[0]) can approve. Requests expire if nobody else can step in. Name a second approver."
            (tone, isShown) = ("warn", true)
        } else if count == needed {
            words =
                "Each request needs \(count.asAll) approvers. If one of them is away, it expires."
            (tone, isShown) = ("warn", true)
        } else {
            (words, tone, isShown) = ("", "", false)
        }
    }

    private static func people(_ count: Int) -> String {
        count == 1 ? "1 person" : "\(count) people"
    }
}

extension Person {
    /// Those of `people` who may say yes or no for `tenant` now.
    static func approvers(of tenant: Tenant, among people: [Person]) -> [Person] {
        people.filter { $0.mayDecide(for: tenant.id) }
    }
}

/// What is under way in a tenant when its rules change.
struct OpenWork: Sendable {
    /// Scheduled and active.
    let grants: [RequestView]
    let withManager: Int
    let withCustomer: Int
    /// Of those that wait for either, how many programs asked for.
    let ofPrograms: Int
    let approvers: Int
}

/// What new rules do, to be read before they are confirmed.
struct PolicyConsequences: Sendable {
    /// Access that the new rules would not have given: it ends with the change.
    struct EndingAccess: Sendable {
        let endingRequest: String
        let endingWords: String
    }

    private(set) var sentences: [String] = []
    let ending: [EndingAccess]
    let endingCount: String
    /// Whether less protects the tenant's data from then on.
    let isWeaker: Bool

    /// `isAgreed` says whether the reader's own yes is enough for what is looser.
    init(
        from before: Tenant,
        to policy: Policy,
        _ work: OpenWork,
        isAgreed: Bool,
        provider: String,
        now: Timestamp
    ) {
        var after = before
        after.policy = policy
        let ended = work.grants.filter { view in
            view.request.seen(at: now).isEnded(byRulesOf: after, licenceWithdrawn: false)
        }
        ending = ended.map { view in
            let scope = view.request.state.grant?.scope ?? view.request.terms.scope
            return EndingAccess(
                endingRequest: view.request.id.text,
                endingWords: "\(view.engineerName)\(view.askerNote): "
                    + scope.words.joined(separator: "; ")
            )
        }
        endingCount = ending.count == 1 ? "1 request" : "\(ending.count) requests"
        isWeaker = before.policy.requireApproval && !policy.requireApproval
        if policy.requireApproval != before.policy.requireApproval {
            sentences += policy.requireApproval ? Self.on(provider) : Self.off(work, provider)
        }
        sentences +=
            Self.times(before.policy, policy, provider)
            + Self.approvals(before.policy, policy, work) + Self.tokens(before.policy, policy)
            + Self.programs(before.policy, policy, work, provider)
            + Self.retention(before.policy, policy)
            + Self.signatures(before.policy, policy) + Self.unknown(before.policy, policy)
            + Self.changes(before.policy, policy)
        if !isAgreed, !policy.loosenings(since: before.policy).isEmpty {
            sentences.append(Self.wait(before, policy, work))
        }
        if !before.isLicensed {
            sentences.append(
                "Your plan does not include Lockbox, so approval is not in force whatever is chosen here."
            )
        }
    }

    private static func wait(_ before: Tenant, _ policy: Policy, _ work: OpenWork) -> String {
        let strict = before.policy.stricter(with: policy)
        let holds =
            strict != before.policy && before.couldHold(strict, eligible: work.approvers)
            && strict.signedChanges == .off
        let rules = holds ? strict : before.policy
        return
            "What becomes looser by it does not hold at once: it waits for \(rules.coolingOff.words), or until "
            + "\(rules.approvalsNeeded) of those who approve have agreed. Any administrator can stop it meanwhile."
            + (holds ? " What becomes stricter holds at once." : "")
            + (strict.signedChanges == .required && strict != before.policy
                ? " What becomes stricter waits with it, because all of it is signed together: change it "
                    + "alone to have it at once." : "")
    }

    private static func on(_ provider: String) -> [String] {
        [
            "From then on nobody at \(provider) can open your data without your approval. Access that a manager of "
                + "\(provider) gave without you ends at once."
        ]
    }

    private static func off(_ work: OpenWork, _ provider: String) -> [String] {
        var list = [
            "From then on managers of \(provider) decide alone. You are not asked; each access is still written to "
                + "your audit log, and you can still stop it."
        ]
        if work.withManager > 0 {
            list.append(
                "\(requests(work.withManager)) at \(provider) now will not come to you: "
                    + "a manager’s yes opens the access."
            )
        }
        if work.withCustomer > 0 {
            list.append(
                "\(requests(work.withCustomer)) for your decision now still "
                    + "\(work.withCustomer == 1 ? "needs" : "need") it: without it there is no access."
            )
        }
        return list
    }

    private static func requests(_ count: Int) -> String {
        count == 1 ? "1 request that waits" : "\(count) requests that wait"
    }

    private static func times(_ before: Policy, _ after: Policy, _ provider: String) -> [String] {
        var list: [String] = []
        if after.decisionWindow != before.decisionWindow {
            list.append(
                "Requests that come to you from then on wait \(after.decisionWindow.words) for a decision. "
                    + "Those that wait already keep their deadline."
            )
        }
        if after.maxAccess < before.maxAccess {
            list.append(
                "Engineers can ask for \(after.maxAccess.words) at most. If you approve a request that waits for "
                    + "longer, access lasts \(after.maxAccess.words)."
            )
        } else if after.maxAccess > before.maxAccess {
            list.append(
                "Engineers can ask for up to \(after.maxAccess.words). Access that is open now does not get longer."
            )
        }
        return list
    }

    private static func tokens(_ before: Policy, _ after: Policy) -> [String] {
        ScopeWords.all.compactMap { scope, words in
            switch (
                before.withheldFromTokens.contains(scope), after.withheldFromTokens.contains(scope)
            ) {
            case (false, true):
                "API tokens of your people count for nothing where somebody would \(words.label.lowercased()) with "
                    + "them, those that exist too. At the portal it stays possible."
            case (true, false):
                "Whoever holds an API token that is for it can \(words.label.lowercased()) with it, without a "
                    + "password: tokens that exist, too."
            case (true, true), (false, false): nil
            }
        }
    }

    private static func programs(
        _ before: Policy,
        _ after: Policy,
        _ work: OpenWork,
        _ provider: String
    ) -> [String] {
        switch (before.allowsPrograms, after.allowsPrograms) {
        case (true, false):
            [
                "From then on no program of \(provider) can ask for access to your data, neither "
                    + "for itself nor for an engineer. Access that one asked for ends at once."
            ]
                + (work.ofPrograms > 0
                    ? ["Requests of programs that wait now are withdrawn: \(work.ofPrograms)."]
                    : [])
        case (false, true):
            [
                "Programs of \(provider) can ask for access to your data, for themselves and for "
                    + "engineers. You read each time that a program asks."
            ]
        case (true, true), (false, false): []
        }
    }

    private static func retention(_ before: Policy, _ after: Policy) -> [String] {
        guard before.retention != after.retention else { return [] }
        guard let kept = after.retention else {
            return [
                "No text of your audit log is erased any more, unless an administrator erases it. "
                    + "What went stays gone."
            ]
        }
        return [
            "Reasons, comments and names in your audit log are erased \(kept.words) after what they are "
                + "about was over: what is older goes within an hour, for good."
        ]
    }

    private static func signatures(_ before: Policy, _ after: Policy) -> [String] {
        switch (before.signedApprovals, after.signedApprovals) {
        case (.off, .required):
            [
                "From then on an approval counts only when its approver signs it with a passkey or an SSH key. "
                    + "A key counts once another administrator has confirmed it under People, or "
                    + "\(after.coolingOff.words) after it was added. Approvals that were given without a signature "
                    + "count no more for requests that still wait."
            ]
        case (.required, .off): ["Approvals count without a signature."]
        case (.off, .off), (.required, .required): []
        }
    }

    private static func changes(_ before: Policy, _ after: Policy) -> [String] {
        switch (before.signedChanges, after.signedChanges) {
        case (.off, .required):
            [
                "From then on these rules change only when whoever changes them, and whoever agrees to that, "
                    + "signs with a passkey or an SSH key that counts. Whoever stops access is asked to sign, and "
                    + "can stop it without."
            ]
        case (.required, .off): ["These rules change, and access is stopped, without a signature."]
        case (.off, .off), (.required, .required): []
        }
    }

    private static func unknown(_ before: Policy, _ after: Policy) -> [String] {
        switch (before.closesUnknownAccess, after.closesUnknownAccess) {
        case (false, true):
            [
                "Whatever is open at a service that reaches your data, and was granted by nobody, is shut out when "
                    + "it is found, within a minute: its sessions are cut. Nothing that it owns there is deleted."
            ]
        case (true, false):
            [
                "Access that nobody granted is written to your audit log when it is found, and stays open."
            ]
        case (true, true), (false, false): []
        }
    }

    private static func approvals(_ before: Policy, _ after: Policy, _ work: OpenWork) -> [String] {
        var list: [String] = []
        if after.approvalsNeeded > before.approvalsNeeded {
            list.append(
                "Each request needs \(after.approvalsNeeded) people who approve, and those that wait already need "
                    + "them too."
            )
        } else if after.approvalsNeeded < before.approvalsNeeded {
            list.append(
                "Requests from then on need \(counted(Int64(after.approvalsNeeded), "approval")). "
                    + "Those that wait already still need as many as before."
            )
        }
        let isTouched =
            after.approvalsNeeded != before.approvalsNeeded
            || after.requireApproval != before.requireApproval
        if after.requireApproval, isTouched, after.approvalsNeeded == work.approvers {
            list.append(
                work.approvers == 1
                    ? "One person can approve. While that person is away, requests expire."
                    : "Each request needs \(work.approvers.asAll) of your approvers: none of them may be away."
            )
        }
        if !after.requireApproval, after.approvalsNeeded > work.approvers {
            list.append(
                "\(work.approvers == 1 ? "1 person" : "\(work.approvers) people") can approve now: approval cannot be "
                    + "switched on before there are \(after.approvalsNeeded)."
            )
        }
        return list
    }
}
