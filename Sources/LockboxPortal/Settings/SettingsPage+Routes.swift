import HTTPTypes
import Hummingbird
import LockboxAudit
import LockboxDomain
import LockboxHTTP
import LockboxIdentity
import LockboxPorts
import LockboxService
import Logging

/// A tenant's own rules, and what they come to now.
extension PortalSite {
    var settingsRoutes: [Route] {
        [
            page("/settings", for: .customer) { _, _, viewer in
                try await settingsPage(viewer)
            },
            form("/settings/review", for: .customer, back: { _ in "/settings" }) {
                form,
                _,
                viewer in
                try await review(form, viewer)
            },
            form("/settings", for: .customer, back: { _ in "/settings" }) { form, context, viewer in
                try await change(form, context, viewer)
            },
            form("/settings/sign", for: .customer, back: { _ in "/settings" }) { form, _, viewer in
                try await signedChange(form, viewer)
            },
        ]
    }

    func settingsPage(_ viewer: Viewer, refused: Refusal? = nil) async throws -> SettingsPage {
        SettingsPage(
            try await settings(viewer),
            viewer,
            stepUp: stepUp(viewer, on: "/settings"),
            refused: refused
        )
    }

    /// What the pages of the rules are made from; for plain members they do not exist.
    private func settings(_ viewer: Viewer) async throws -> SettingsReading {
        guard viewer.oversees, let id = viewer.person.side.tenant else {
            throw Refusal.notFound(.page)
        }
        let tenant = try await lockbox.tenant(id.text, by: viewer.person)
        let people = try await lockbox.people(of: id.text, by: viewer.person)
        let search = LogSearch(activity: "tenant.policyChanged")
        let last = try await log.search(
            search,
            in: .tenant(id),
            page: .init(limit: 1),
            for: viewer.person.id
        ).items.first
        let author = last.map { entry in
            people.first { $0.id.text == entry.actor }?.name
                ?? "\(viewer.providerName), by the directory"
        }
        return SettingsReading(
            tenant: tenant,
            people: people,
            waiting: try await lockbox.policyChange(of: id.text, by: viewer.person),
            lastChange: last.flatMap { entry in author.map { ($0, entry.time) } }
        )
    }

    private func openWork(_ reading: SettingsReading, _ viewer: Viewer) async throws -> OpenWork {
        var found: [AccessRequest.StateName: [RequestView]] = [:]
        for state in [
            AccessRequest.StateName.scheduled, .active, .awaitingManager, .awaitingCustomer,
        ] {
            let filter = RequestFilter(state: state)
            let page = ListPage(limit: PortalLimits.listed)
            found[state] = try await lockbox.requests(
                filter,
                tenant: nil,
                page: page,
                by: viewer.person
            ).items
        }
        func count(_ state: AccessRequest.StateName) -> Int {
            found[state]?.count { $0.request.state.name == state } ?? 0
        }
        return OpenWork(
            grants: (found[.active] ?? []) + (found[.scheduled] ?? []),
            withManager: count(.awaitingManager),
            withCustomer: count(.awaitingCustomer),
            ofPrograms: ((found[.awaitingManager] ?? []) + (found[.awaitingCustomer] ?? [])).count {
                $0.request.terms.askedBy != nil && $0.request.state.decideBy != nil
            },
            approvers: reading.approvers.count
        )
    }

    // MARK: - Review

    /// Shows what would change. Nothing does yet.
    private func review(_ form: Form, _ viewer: Viewer) async throws -> Response {
        guard viewer.holds(.admin) else { throw Refusal.notPermitted(.changePolicy) }
        let reading = try await settings(viewer)
        let typed = PolicyForm(form)
        let wanted: Policy
        do {
            wanted = try typed.read()
        } catch {
            return html(
                SettingsPage(
                    reading,
                    viewer,
                    stepUp: stepUp(viewer, on: "/settings"),
                    typed: typed,
                    faults: error
                ),
                viewer,
                status: .unprocessableContent
            )
        }
        return try await review(wanted, form, reading, viewer)
    }

    /// The page before the change; where the rules are other ones than its sender had read it says
    /// so.
    private func review(
        _ wanted: Policy,
        _ form: Form,
        _ reading: SettingsReading,
        _ viewer: Viewer,
        problem: Refusal? = nil
    ) async throws -> Response {
        let current = reading.tenant.policy
        let read = form["seen"].flatMap(Policy.init(mark:)) ?? current
        let isLate =
            form["version"]?.wholeNumber.map { Int(clamping: $0) } != reading.tenant.version
        let wanted = isLate ? current.with(wanted, since: read) : wanted
        let typed = PolicyForm(wanted)
        guard wanted != current else {
            var faults = PolicyForm.Faults()
            faults.found = [(.approval, "These rules hold already. There is nothing to change.")]
            return html(
                SettingsPage(
                    reading,
                    viewer,
                    stepUp: stepUp(viewer, on: "/settings"),
                    typed: typed,
                    faults: faults,
                    marksFields: false
                ),
                viewer,
                status: .unprocessableContent
            )
        }
        if let faults = reading.faults(of: wanted) {
            return html(
                SettingsPage(
                    reading,
                    viewer,
                    stepUp: stepUp(viewer, on: "/settings"),
                    typed: typed,
                    faults: faults
                ),
                viewer,
                status: .conflict
            )
        }
        let consequences = PolicyConsequences(
            from: reading.tenant,
            to: wanted,
            try await openWork(reading, viewer),
            isAgreed: reading.tenant.isQuorum(
                [viewer.person.id],
                of: reading.people,
                at: viewer.now
            ),
            provider: viewer.providerName,
            now: viewer.now
        )
        let page = SettingsReviewPage(
            reading,
            viewer,
            wanted: wanted,
            readBefore: isLate ? read : nil,
            consequences: consequences,
            stepUp: stepUp(viewer, on: "/settings"),
            problem: problem
        )
        return html(
            page,
            viewer,
            status: isLate ? .conflict : problem == nil ? .ok : .unprocessableContent
        )
    }

    // MARK: - Change

    private func change(_ form: Form, _ context: PortalContext, _ viewer: Viewer) async throws
        -> Response
    {
        guard viewer.holds(.admin), let id = viewer.person.side.tenant else {
            throw Refusal.notPermitted(.changePolicy)
        }
        let typed = PolicyForm(form)
        if form["step"] == "back" {
            let page = SettingsPage(
                try await settings(viewer),
                viewer,
                stepUp: stepUp(viewer, on: "/settings"),
                typed: typed
            )
            return html(page, viewer)
        }
        let wanted: Policy
        do {
            wanted = try typed.read()
        } catch {
            return try await review(form, viewer)
        }
        let reading = try await settings(viewer)
        if reading.tenant.policy.signedChanges == .required {
            return try await toSign(wanted, form, reading, viewer)
        }
        let secret: String?
        do {
            secret = try await confirm(form, viewer)
        } catch let refusal as Refusal {
            if case .notSignedIn = refusal { throw refusal }
            return try await review(
                wanted,
                form,
                reading,
                viewer,
                problem: refusal
            )
        }
        return try await going(on: secret, context, viewer) { viewer in
            try await carryOut(wanted, form, of: id, nil, viewer)
        }
    }

    private func carryOut(
        _ wanted: Policy,
        _ form: Form,
        of tenant: TenantID,
        _ signature: ApprovalSignature?,
        _ viewer: Viewer
    ) async throws -> Response {
        do {
            let changed = try await lockbox.changePolicy(
                of: tenant.text,
                to: wanted,
                matching: form.policyVersion,
                signature: signature,
                by: viewer.person
            )
            if changed.waiting?.policy == wanted {
                return seeOther("/settings", .policyChangeAsked)
            }
        } catch let refusal as Refusal where refusal.isAboutRules {
            let reading = try await settings(viewer)
            // The second sending of one form, or somebody else wanted the same.
            if reading.tenant.policy == wanted { return seeOther("/settings", .policyChanged) }
            if reading.waiting?.change.policy == wanted {
                return seeOther("/settings", .policyChangeAsked)
            }
            return try await review(wanted, form, reading, viewer)
        }
        return seeOther("/settings", .policyChanged)
    }

    /// Shows what is to be signed; nothing changes yet.
    private func toSign(
        _ wanted: Policy,
        _ form: Form,
        _ reading: SettingsReading,
        _ viewer: Viewer
    ) async throws -> Response {
        do {
            let statement = try await lockbox.policyStatement(
                of: reading.tenant.id.text,
                to: wanted,
                matching: form.policyVersion,
                by: viewer.person
            )
            var kept = PolicyForm(wanted).fields
            kept += ["version", "seen"].map { (name: $0, value: form[$0] ?? "") }
            return try await toSignRules(
                wanted,
                statement,
                keeping: kept.map { SignPage.Kept(keptName: $0.name, keptValue: $0.value) },
                action: "/settings/sign",
                isAgreement: false,
                viewer
            )
        } catch let refusal as Refusal where refusal.isAboutRules {
            return try await review(wanted, form, reading, viewer)
        }
    }

    /// Takes signed rules. Who signs has just shown her passkey who she is: nothing else is asked.
    private func signedChange(_ form: Form, _ viewer: Viewer) async throws -> Response {
        guard viewer.holds(.admin), let id = viewer.person.side.tenant else {
            throw Refusal.notPermitted(.changePolicy)
        }
        let wanted: Policy
        do { wanted = try PolicyForm(form).read() } catch { return try await review(form, viewer) }
        do {
            let signature = try await signature(in: form, viewer)
            return try await carryOut(wanted, form, of: id, signature, viewer)
        } catch let refusal as Refusal where refusal.isToldOnForm {
            return html(
                try await settingsPage(viewer, refused: refusal),
                viewer,
                status: .unprocessableContent
            )
        }
    }
}

extension Form {
    /// The version of the rules that its sender had read.
    fileprivate var policyVersion: VersionCondition? {
        self["version"]?.wholeNumber.map { .exactly(Int(clamping: $0)) }
    }
}

extension Refusal {
    /// Whether the rules as they are now are in the way, and another look at them helps.
    fileprivate var isAboutRules: Bool {
        switch self {
        case .stale, .versionRequired, .nobodyCanApprove, .notLicensed: true
        case .invalid, .unknownReference, .notFound, .exceedsRequest, .exceedsCap, .ambiguous,
            .notSignedIn, .badCredentials, .tooManyAttempts, .notPermitted, .ownRequest,
            .scopeMissing, .scopeWithheld,
            .alreadyDecided, .alreadyDecidedByYou, .wrongState, .notAwaitingYou,
            .accessNotActive, .decidesLater, .signatureRequired, .limitReached, .dailyLimitReached,
            .alreadyExists,
            .keyReused, .lastAdministrator, .programsRefused, .supportRequestClosed,
            .supportRequestNotClosed:
            false
        }
    }
}

/// A tenant's rules with what the pages say about them.
struct SettingsReading: Sendable {
    let tenant: Tenant
    let people: [Person]
    let waiting: PolicyChangeReading?
    let lastChange: (by: String, at: Timestamp)?

    var approvers: [Person] { Person.approvers(of: tenant, among: people) }

    /// Why the service would not take `wanted`, by field.
    func faults(of wanted: Policy) -> PolicyForm.Faults? {
        guard wanted.requireApproval else { return nil }
        var faults = PolicyForm.Faults()
        if !tenant.isLicensed {
            faults.found.append(
                (
                    .approval,
                    "Customer approval: your plan does not include Lockbox, so it cannot be on. With it off, the "
                        + "other rules can be changed."
                )
            )
        } else if approvers.count < wanted.approvalsNeeded {
            let have = approvers.count == 1 ? "1 person" : "\(approvers.count) people"
            faults.found.append(
                (
                    .approvals,
                    "Approvals needed: \(wanted.approvalsNeeded) are asked for, but only \(have) can approve. Nobody "
                        + "could ever be given access. Name more approvers first."
                )
            )
        }
        return faults.found.isEmpty ? nil : faults
    }
}
