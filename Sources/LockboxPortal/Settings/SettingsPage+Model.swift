import LockboxDomain

/// A tenant's rules: what each means, and a form for its administrators.
struct SettingsPage: Page {
    static let template = PageTemplate(PackageResources.settings_mustache)

    /// A number and a unit (`{{#windowField}}{{> span-field}}{{/windowField}}`).
    struct SpanField: Sendable {
        struct Option: Sendable {
            let unitName: String
            let isChosen: Bool
        }

        let spanName: String
        let legend: String
        let meaning: String
        let rangeWords: String
        let presentWords: String
        let number: String
        let units: [Option]
        let spanWrong: String?
    }

    struct Rule: Sendable {
        let ruleName: String
        let ruleWords: String
        let ruleMeaning: String
    }

    struct Withheld: Sendable {
        let scopeName: String
        let label: String
        let meaning: String
        let isWithheld: Bool
    }

    private static let windowMeaning =
        "How long a request waits for you. Then it expires, and no access is given."
    private static let capMeaning =
        "Engineers cannot ask for more. Access ends by itself when its time is over."
    private static let coolingMeaning =
        "How long looser rules wait, and the approvals of whoever decides since just now, unless enough of your "
        + "people agree before."

    let title = "Settings"
    let section: String? = "/settings"
    let problems: Problems
    let tenantName: String
    let providerName: String
    /// Whether a yes of the tenant is needed now.
    let isInForce: Bool
    let isOff: Bool
    let lacksLicence: Bool
    let approverCount: ApproverCount
    let mayChange: Bool
    let rules: [Rule]
    let isChosenOn: Bool
    let isChosenOff: Bool
    let approvalWrong: String?
    let windowField: SpanField
    let capField: SpanField
    let approvals: String
    let approvalsNow: String
    let approvalsRange: String
    let approverWords: String
    let approvalsWrong: String?
    let withheld: [Withheld]
    let withheldWrong: String?
    let coolingField: SpanField
    let waiting: WaitingRulesCard?
    /// For agreeing; whoever signs that is asked for nothing else.
    let stepUp: StepUp?
    let areProgramsOn: Bool
    let areProgramsOff: Bool
    let programsWrong: String?
    /// Days; empty for ever.
    let retention: String
    let retentionNow: String
    let retentionWrong: String?
    let areSigned: Bool
    let areUnsigned: Bool
    let signedWrong: String?
    let isUnknownClosed: Bool
    let isUnknownShown: Bool
    let unknownWrong: String?
    let areChangesSigned: Bool
    let areChangesUnsigned: Bool
    let changesWrong: String?
    let lastBy: String?
    let lastAt: ShownTime?
    let version: String
    let seen: String
    let csrf: String
    let key: String

    /// `typed` is what a form said that was not taken, and `faults` why: about the whole where
    /// `marksFields` is false.
    init(
        _ reading: SettingsReading,
        _ viewer: Viewer,
        stepUp: StepUp?,
        typed: PolicyForm? = nil,
        faults: PolicyForm.Faults? = nil,
        marksFields: Bool = true,
        refused: Refusal? = nil
    ) {
        let (tenant, policy) = (reading.tenant, reading.tenant.policy)
        let shown = typed ?? PolicyForm(policy)
        let marks = marksFields ? faults : nil
        problems =
            refused.map { Problems([$0.words(on: .settings)]) }
            ?? faults.map { Problems($0.found.map(\.sentence)) } ?? .none
        (tenantName, providerName) = (tenant.name, viewer.providerName)
        isInForce = tenant.requiresApproval
        lacksLicence = !tenant.isLicensed
        isOff = tenant.isLicensed && !policy.requireApproval
        approverCount = ApproverCount(
            tenant,
            reading.approvers.filter { $0.decidesFrom(at: viewer.now) == nil }.map(\.name)
        )
        mayChange = viewer.holds(.admin)
        rules = Self.rules(of: tenant, viewer)
        (isChosenOn, isChosenOff) = (shown.isOn == true, shown.isOn == false)
        approvalWrong = marks?.of(.approval)
        windowField = SpanField(
            "window",
            "Time to decide",
            shown.window,
            policy.decisionWindow,
            Limits.decisionWindow,
            marks?.of(.window),
            meaning: Self.windowMeaning
        )
        capField = SpanField(
            "cap",
            "Longest access",
            shown.cap,
            policy.maxAccess,
            Limits.maxAccess,
            marks?.of(.cap),
            meaning: Self.capMeaning
        )
        approvals = shown.approvals
        approvalsNow = "\(policy.approvalsNeeded)"
        approvalsRange =
            "\(Limits.approvalsNeeded.lowerBound) to \(Limits.approvalsNeeded.upperBound)"
        let count = reading.approvers.count
        approverWords = count == 1 ? "1 person can" : "\(count) people can"
        approvalsWrong = marks?.of(.approvals)
        (withheld, withheldWrong) = (Self.withheld(shown), marks?.of(.withheld))
        coolingField = Self.coolingField(shown, policy, marks)
        waiting = reading.waiting.map { WaitingRulesCard($0, at: tenant, viewer) }
        self.stepUp = waiting?.mayAgree == true && policy.signedChanges == .off ? stepUp : nil
        (areProgramsOn, areProgramsOff) = (shown.arePrograms == true, shown.arePrograms == false)
        (programsWrong, retentionWrong) = (marks?.of(.programs), marks?.of(.retention))
        (retention, retentionNow) = (shown.retention, policy.retention?.words ?? "for ever")
        (areSigned, areUnsigned) = (shown.signed == .required, shown.signed == .off)
        (signedWrong, unknownWrong) = (marks?.of(.signed), marks?.of(.unknown))
        (isUnknownClosed, isUnknownShown) = (
            shown.closesUnknown == true, shown.closesUnknown == false
        )
        (areChangesSigned, areChangesUnsigned) = (shown.changes == .required, shown.changes == .off)
        changesWrong = marks?.of(.changes)
        (lastBy, lastAt) = (reading.lastChange?.by, reading.lastChange.map { ShownTime($0.at) })
        (version, seen, csrf, key) = ("\(tenant.version)", policy.mark, viewer.csrf, viewer.formKey)
    }
}

extension SettingsPage {
    /// What holds now, with what each rule means.
    private static func rules(of tenant: Tenant, _ viewer: Viewer) -> [Rule] {
        let meanings = [
            !tenant.isLicensed
                ? "Without Lockbox in your plan this has no effect."
                : tenant.policy.requireApproval
                    ? "Nobody at \(viewer.providerName) opens your data without your approval."
                    : "Managers of \(viewer.providerName) decide alone.",
            windowMeaning, capMeaning,
            "How many of your people must approve one request.",
            "What your people can do at the portal alone, where the password is asked for.",
            coolingMeaning,
            "Whether programs of \(viewer.providerName) can ask for access to your data.",
            "Reasons, comments and names in the audit log, after what they are about is over.",
            "Whether an approval counts only with its approver’s own signature.",
            "What becomes of access to your data that is found at a service, and that no approval gave.",
            "Whether these rules change only by your people’s own signatures.",
        ]
        return zip(RuleDifference.rules(tenant.policy), meanings).map { rule, meaning in
            Rule(ruleName: rule.name, ruleWords: rule.words.capitalisedFirst, ruleMeaning: meaning)
        }
    }

    private static func coolingField(
        _ shown: PolicyForm,
        _ policy: Policy,
        _ marks: PolicyForm.Faults?
    ) -> SpanField {
        SpanField(
            "cooling",
            "Cooling-off",
            shown.cooling,
            policy.coolingOff,
            Limits.coolingOff,
            marks?.of(.cooling),
            meaning: coolingMeaning
        )
    }

    private static func withheld(_ shown: PolicyForm) -> [Withheld] {
        ScopeWords.all.filter { TokenScopes.weighty.contains($0.scope) }.map { scope, words in
            Withheld(
                scopeName: words.scopeName,
                label: words.label,
                meaning: scope == .decide
                    ? "Requests are approved and denied at the portal alone."
                    : "Rules and roles are changed at the portal alone.",
                isWithheld: shown.withheld.contains(words.scopeName)
            )
        }
    }
}

extension SettingsPage.SpanField {
    init(
        _ name: String,
        _ legend: String,
        _ typed: PolicyForm.Span,
        _ present: TimeSpan,
        _ range: ClosedRange<TimeSpan>,
        _ wrong: String?,
        meaning: String
    ) {
        // Seconds only where they are needed to say what is there: nobody chooses a rule to the
        // second.
        let needsSeconds = typed.unit == .seconds
        self.init(
            spanName: name,
            legend: legend,
            meaning: meaning,
            rangeWords: "\(range.lowerBound.words) to \(range.upperBound.words)",
            presentWords: present.words,
            number: typed.number,
            units: PolicyForm.Span.Unit.allCases.filter { $0 != .seconds || needsSeconds }.map {
                Option(unitName: $0.rawValue, isChosen: $0 == typed.unit)
            },
            spanWrong: wrong
        )
    }
}

/// What would change, before it does.
struct SettingsReviewPage: Page {
    static let template = PageTemplate(PackageResources.settings_review_mustache)

    struct Kept: Sendable {
        let keptName: String
        let keptValue: String
    }

    let title = "Check before you change"
    let section: String? = "/settings"
    let problems: Problems
    /// What somebody else changed since the form was made.
    let isLate: Bool
    let lateBy: String?
    let meanwhile: [String]
    let differences: [RuleDifference]
    let consequences: PolicyConsequences
    let kept: [Kept]
    let version: String
    let seen: String
    let stepUp: StepUp?
    let csrf: String
    let key: String

    init(
        _ reading: SettingsReading,
        _ viewer: Viewer,
        wanted: Policy,
        readBefore: Policy?,
        consequences: PolicyConsequences,
        stepUp: StepUp?,
        problem: Refusal?
    ) {
        let policy = reading.tenant.policy
        problems = problem.map { Problems([$0.words(on: .settings)]) } ?? .none
        isLate = readBefore != nil
        lateBy = reading.lastChange?.by
        let changes =
            readBefore.map { RuleDifference.all(from: $0, to: policy).map(\.sentence) } ?? []
        meanwhile =
            isLate && changes.isEmpty
            ? ["Your plan was changed, or a rule was changed and changed back."] : changes
        differences = RuleDifference.all(from: policy, to: wanted)
        self.consequences = consequences
        kept = PolicyForm(wanted).fields.map { Kept(keptName: $0.name, keptValue: $0.value) }
        version = "\(reading.tenant.version)"
        seen = policy.mark
        self.stepUp = policy.signedChanges == .off ? stepUp : nil
        csrf = viewer.csrf
        key = viewer.formKey
    }
}
