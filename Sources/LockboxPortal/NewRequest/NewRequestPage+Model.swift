import LockboxDomain
import LockboxPorts
import LockboxService

/// Whom a new request is about, where nothing said so.
struct TenantChoicePage: Page {
    static let template = PageTemplate(PackageResources.tenant_choice_mustache)

    struct Start: Sendable {
        let startSubject: String
        let startNumber: String
        let startCompany: String
        let startLink: String
    }

    let title = "Request access"
    let section: String? = "/requests"
    let support: String?
    let tenants: [Choice]
    let starts: [Start]
    let hasStarts: Bool

    init(tenants: [TenantID: Tenant], support: String?, starts: [SupportView]) {
        self.support = support
        self.tenants = tenants.values.sorted { ($0.name, $0.id) < ($1.name, $1.id) }
            .map { Choice(value: $0.id.text, label: $0.name, isChosen: false) }
        self.starts = starts.map { view in
            let (number, tenant) = (view.support.number.text, view.support.tenant)
            return Start(
                startSubject: view.support.subject,
                startNumber: number,
                startCompany: tenants[tenant]?.name ?? tenant.text,
                startLink: "/requests/new?tenant=\(tenant)&support=\(number)"
            )
        }
        hasStarts = support == nil && !self.starts.isEmpty
    }
}

/// The form for a new request.
struct NewRequestPage: Page {
    static let template = PageTemplate(PackageResources.new_request_mustache)

    struct ResourceChoice: Sendable {
        let value: String
        let thing: String
        let resourceService: String
        let actionsName: String
        let isPicked: Bool
        let isWritten: Bool
    }

    struct SupportChoice: Sendable {
        let supportNumber: String
        let supportSubject: String
    }

    struct UnitChoice: Sendable {
        let unit: String
        let isChosen: Bool
    }

    /// What is wrong with each control; nil where nothing is.
    struct Wrongs: Sendable {
        let supportWrong: String?
        let resourcesWrong: String?
        let durationWrong: String?
        let startWrong: String?
        let reasonWrong: String?
    }

    let title = "Request access"
    let section: String? = "/requests"
    let problems: Problems
    let wrongs: Wrongs
    let tenantID: String
    let tenantName: String
    let extends: String?
    let supportRequest: String
    let supportChoices: [SupportChoice]
    let resources: [ResourceChoice]
    let hasResources: Bool
    let isTooMany: Bool
    /// Nil where all are shown.
    let find: String?
    /// What the search found, in words.
    let foundWords: String
    let amount: String
    let units: [UnitChoice]
    let cap: String
    let start: String
    let earliest: String
    let clock: String
    let reason: String
    let unasked: String?
    let csrf: String
    let key: String

    init(
        _ entry: RequestEntry,
        _ reading: EntryReading,
        _ viewer: Viewer,
        faults: [RequestEntry.Fault] = []
    ) {
        problems = Problems(faults.map(\.sentence))
        func wrong(_ field: RequestEntry.Field) -> String? {
            faults.first { $0.field == field }?.sentence
        }
        wrongs = Wrongs(
            supportWrong: wrong(.supportRequest),
            resourcesWrong: wrong(.resources),
            durationWrong: wrong(.duration),
            startWrong: wrong(.start),
            reasonWrong: wrong(.reason)
        )
        (tenantID, tenantName) = (reading.tenant.id.text, reading.tenant.name)
        extends = entry.extends
        supportRequest = entry.supportRequest
        supportChoices = reading.support.map {
            SupportChoice(supportNumber: $0.support.number.text, supportSubject: $0.support.subject)
        }
        isTooMany = reading.isTooMany
        hasResources = !reading.resources.isEmpty
        let (shown, found) = reading.shown(for: entry)
        resources = shown.map { ResourceChoice($0, entry) }
        find = reading.isTooMany ? entry.find : nil
        foundWords =
            if entry.find.isEmpty {
                "\(reading.tenant.name) has \(counted(Int64(reading.resources.count), "resource"))."
            } else if found > EntryReading.mostFound {
                "\(found) are named so; here are \(EntryReading.mostFound). Say more of the name."
            } else {
                found == 0
                    ? "None is named so." : "Found \(counted(Int64(found), "resource"))."
            }
        amount = entry.amount
        units = RequestEntry.Unit.allCases.map {
            UnitChoice(unit: $0.rawValue, isChosen: $0 == entry.unit)
        }
        cap = reading.tenant.policy.maxAccess.words
        start = entry.start
        earliest = String(viewer.now.description.prefix(16))
        clock = viewer.now.shown()
        reason = entry.reason
        unasked = reading.tenant.unaskedBecause.map { why in
            "\(reading.tenant.name) will not be asked: \(why). A manager’s approval alone opens the access."
        }
        csrf = viewer.csrf
        key = viewer.formKey
    }
}

extension NewRequestPage.ResourceChoice {
    fileprivate init(_ resource: Resource, _ entry: RequestEntry) {
        value = RequestEntry.value(of: resource)
        thing = "\(resource.type) \(resource.localName)"
        resourceService = resource.service.text
        actionsName = RequestEntry.actionsName(of: value)
        isPicked = entry.picked.contains(value)
        isWritten = entry.written.contains(value)
    }
}

/// What will be sent, in the words in which managers and the customer will read it.
struct PreviewPage: Page {
    static let template = PageTemplate(PackageResources.request_preview_mustache)

    struct Hidden: Sendable {
        let name: String
        let value: String
    }

    struct Asked: Sendable {
        let askedWho: String
        let askedWords: String
    }

    let title = "Check your request"
    let section: String? = "/requests"
    let summary: String
    let tenantName: String
    let extends: String?
    let facts: RequestFacts
    let asked: [Asked]
    let unasked: String?
    let unreached: String?
    let hidden: [Hidden]
    let csrf: String
    let key: String

    init(
        _ request: AccessRequest,
        _ entry: RequestEntry,
        support: SupportView,
        _ reading: EntryReading,
        _ viewer: Viewer
    ) {
        let (tenant, terms) = (reading.tenant, request.terms)
        let companies = Companies(provider: viewer.providerName, tenant: tenant.name)
        tenantName = tenant.name
        summary =
            "\(viewer.person.name) of \(viewer.providerName) asks to \(terms.scope.words.listed) "
            + "for \(terms.duration.words)."
        extends = entry.extends
        facts = RequestFacts(
            request,
            engineer: viewer.person,
            support: support,
            companies: companies
        )
        let review = Limits.managerWindow.words
        let first = Asked(
            askedWho: "A manager of \(viewer.providerName)",
            askedWords:
                "Has \(review), until \((viewer.now + Limits.managerWindow).shown()) if you send it now."
        )
        let needed = tenant.policy.approvalsNeeded
        let second = Asked(
            askedWho: needed == 1
                ? "An approver of \(tenant.name)" : "\(needed) approvers of \(tenant.name)",
            askedWords: "Asked by e-mail as soon as a manager has approved it, with "
                + "\(tenant.policy.decisionWindow.words) from then on to decide. They can approve less "
                + "than you ask for."
        )
        asked = tenant.requiresApproval ? [first, second] : [first]
        unasked = reading.tenant.unaskedBecause.map { why in
            "Nobody at \(tenant.name) will be asked: \(why). The manager’s approval opens the access at once, and "
                + "\(tenant.name) finds it in its log."
        }
        unreached = reading.unreached
        hidden = entry.hiddenFields.map { Hidden(name: $0.name, value: $0.value) }
        csrf = viewer.csrf
        key = viewer.formKey
    }
}

extension RequestFacts {
    /// Of a request that is not sent yet.
    init(_ request: AccessRequest, engineer: Person, support: SupportView, companies: Companies) {
        let terms = request.terms
        asker = engineer.markedName
        askerRole = "engineer of \(companies.provider)"
        askerEmail = engineer.email.text
        (onBehalfOf, onBehalfOfEmail) = (nil, nil)
        supportNumber = terms.supportRequest.text
        askedTenant = request.terms.tenant.text
        supportSubject = support.support.subject
        supportText = support.support.description
        supportOpener = support.openedBy.name
        supportURL = support.support.url
        askedAccess = terms.scope.words.map(\.capitalisedFirst)
        askedDuration = terms.duration.words
        askedStart = terms.notBefore.map { ShownTime($0) }
        reason = terms.reason
        askedAt = ShownTime(request.createdAt)
    }
}
