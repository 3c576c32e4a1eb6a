import LockboxDomain
import LockboxService

/// What the pages about one support request are made from.
struct SupportReading: Sendable {
    let view: SupportView
    let thread: [SupportEntryView]
    let requests: [RequestView]
    let tenant: Tenant

    var support: SupportRequest { view.support }
}

/// One support request: what was written, and what access it led to.
struct SupportPage: Page {
    static let template = PageTemplate(PackageResources.support_mustache)

    struct Row: Sendable {
        let accessLink: String
        let accessSummary: String
        let accessBadge: Badge
        let askedAt: ShownTime

        init(_ request: RequestView, _ viewer: Viewer) {
            accessLink = "\(viewer.side.requestsPath)/\(request.request.id.text)"
            accessSummary =
                "\(request.engineerName)\(request.askerNote): \(request.request.terms.scope.words.listed), "
                + request.request.terms.duration.words
            accessBadge = Badge(request, for: viewer.person.side)
            askedAt = ShownTime(request.request.createdAt)
        }
    }

    struct Entry: Sendable {
        let author: String
        /// Nil where the reader is told no name, which says it already.
        let authorCompany: String?
        let isOurs: Bool
        /// As in "Sue Reyes closed it"; nil where she wrote.
        let actWords: String?
        let entryText: String?
        let entryAt: ShownTime
        let number: Int

        init(_ view: SupportEntryView, _ viewer: Viewer, companies: Companies) {
            author = view.author.markedName
            authorCompany =
                view.author.email == nil ? nil : companies.name(of: view.author.side)
            isOurs = view.author.side == viewer.side
            actWords =
                switch view.entry.act {
                case .wrote: nil
                case .closed: "closed it"
                case .reopened: "reopened it"
                }
            entryText = view.entry.text
            entryAt = ShownTime(view.entry.at)
            number = view.entry.number
        }
    }

    let title: String
    let section: String? = "/support"
    let liveTag: String?
    let problems: Problems
    let supportNumber: String
    let subject: String
    let supportText: String
    let supportOpener: String
    let openedAt: ShownTime
    let supportBadge: Badge
    let service: String?
    let supportURL: String?
    let entries: [Entry]
    let rows: [Row]
    let requestLink: String?
    let path: String
    let closeLink: String
    let tenantID: String
    let mayWrite: Bool
    let mayReopen: Bool
    let writeLabel: String
    let messageText: String
    let messageWrong: String?
    let isCustomer: Bool
    let providerName: String
    let csrf: String
    let key: String

    init(
        _ reading: SupportReading,
        _ viewer: Viewer,
        refused: (form: Form, refusal: Refusal)? = nil
    ) {
        let (support, tenant) = (reading.support, reading.tenant)
        let companies = Companies(provider: viewer.providerName, tenant: tenant.name)
        title = "\(support.number.text): \(support.subject)"
        let sentence = refused.map { $0.refusal.words(on: .supportRequest) }
        problems = sentence.map { Problems([$0]) } ?? .none
        supportNumber = support.number.text
        subject = support.subject
        supportText = support.description
        supportOpener = "\(reading.view.openedBy.name), \(tenant.name)"
        openedAt = ShownTime(support.openedAt)
        supportBadge = Badge(support.state)
        service = support.service?.text
        supportURL = support.url
        entries = reading.thread.map { Entry($0, viewer, companies: companies) }
        rows = reading.requests.map { Row($0, viewer) }
        requestLink = support.requestLink(for: viewer)
        path = "/support/\(support.number.text.asQueryValue)"
        closeLink = support.link(for: viewer, "/close")
        tenantID = support.tenant.text
        let takesPart = support.mayTakePart(viewer.person)
        mayWrite = takesPart && support.state != .closed
        mayReopen = takesPart && support.state == .closed
        writeLabel = viewer.isCustomer ? "Your message to \(viewer.providerName)" : "Your answer"
        messageText = refused?.form["text"] ?? ""
        messageWrong = refused?.refusal.field == "text" ? sentence : nil
        isCustomer = viewer.isCustomer
        providerName = viewer.providerName
        liveTag = LiveTag.of(
            reading.requests,
            "\(support.state.rawValue) \(support.entryCount)"
        )
        csrf = viewer.csrf
        key = viewer.formKey
    }
}

/// Before a support request is closed: what is withdrawn with it, and what stays open unless it is ended
/// now.
struct SupportClosePage: Page {
    static let template = PageTemplate(PackageResources.support_close_mustache)

    struct OpenAccess: Sendable {
        let accessNumber: String
        /// `Eve Park may read the mailbox sue@contoso.test`.
        let accessWords: String
        let openUntil: ShownTime
        let mayEnd: Bool
        let isTicked: Bool
        /// Who can end it, where the reader cannot.
        let whoMayEnd: String
    }

    let title: String
    let section: String? = "/support"
    let problems: Problems
    let supportNumber: String
    let subject: String
    let path: String
    let backLink: String
    let tenantID: String
    let waiting: [SupportPage.Row]
    let open: [OpenAccess]
    let comment: String
    let csrf: String
    let key: String

    init(
        _ reading: SupportReading,
        _ viewer: Viewer,
        refused: (form: Form, refusal: Refusal)? = nil
    ) {
        let support = reading.support
        title = "Close \(support.number.text)"
        problems = refused.map { Problems([$0.refusal.words(on: .supportRequest)]) } ?? .none
        supportNumber = support.number.text
        subject = support.subject
        path = "/support/\(support.number.text.asQueryValue)"
        backLink = support.link(for: viewer)
        tenantID = support.tenant.text
        waiting = reading.requests.filter { $0.request.state.decideBy != nil }
            .map { SupportPage.Row($0, viewer) }
        let ticked = refused.map { $0.form.all("end") } ?? []
        open = reading.requests.compactMap { request in
            guard request.grantState == .active || request.grantState == .scheduled,
                let grant = request.request.state.grant
            else { return nil }
            let number = request.request.id.text
            return OpenAccess(
                accessNumber: number,
                accessWords: "\(request.engineerName) may \(grant.scope.words.listed)",
                openUntil: ShownTime(grant.end),
                mayEnd: request.mayBeEnded(by: viewer.person),
                isTicked: ticked.contains(number),
                whoMayEnd: viewer.isCustomer
                    ? "An approver or administrator of \(reading.tenant.name) can stop it."
                    : "\(request.engineerName), a manager of \(viewer.providerName) or "
                        + "\(reading.tenant.name) can end it."
            )
        }
        comment = refused?.form["comment"] ?? ""
        csrf = viewer.csrf
        key = viewer.formKey
    }
}

extension RequestView {
    /// Whether `person` could stop, revoke or finish the access.
    func mayBeEnded(by person: Person) -> Bool {
        person.mayDecide(for: request.terms.tenant)
            || person.holds(oneOf: .manager, at: .provider)
            || person.id == request.terms.engineer
    }
}
