import Hummingbird
import LockboxDomain
import LockboxPorts
import LockboxService

/// Support requests: what members asked help with, and what access came of it.
extension PortalSite {
    var supportRoutes: [Route] {
        [
            page("/support", for: .both) { request, _, viewer in
                try await supportList(request, viewer)
            },
            page("/support/new", for: .customer) { _, _, viewer in
                SupportFormPage(try await lockbox.services(by: viewer.person), viewer)
            },
            form("/support/new", for: .customer, back: { _ in "/support/new" }) { form, _, viewer in
                try await openSupport(form, viewer)
            },
            page("/support/{number}", for: .both) { request, context, viewer in
                let number = context.parameters.get("number") ?? ""
                let support = try await lockbox.supportRequest(
                    number,
                    tenant: request.query("tenant"),
                    by: viewer.person
                )
                let requests = try await lockbox.requests(
                    RequestFilter(supportRequest: support.support.number),
                    tenant: support.support.tenant.text,
                    page: ListPage(limit: PortalLimits.pageSize),
                    by: viewer.person
                )
                let tenant = try await lockbox.tenant(
                    support.support.tenant.text,
                    by: viewer.person
                )
                return SupportPage(support, requests.items, tenant: tenant, viewer)
            },
        ]
    }

    private func supportList(_ request: Request, _ viewer: Viewer) async throws -> any Page {
        let tenants = viewer.isCustomer ? [] : try await lockbox.tenants(by: viewer.person)
        let tenant =
            viewer.isCustomer ? nil : request.query("tenant")
        let found = try await lockbox.supportRequests(
            tenant: tenant,
            page: ListPage(
                limit: PortalLimits.pageSize,
                cursor: request.query("cursor")
            ),
            by: viewer.person
        )
        return SupportListPage(found, tenants: tenants, chosen: tenant, viewer)
    }

    private func openSupport(_ form: Form, _ viewer: Viewer) async throws -> Response {
        let draft = SupportDraft(
            tenant: viewer.tenant?.id.text ?? "",
            subject: form["subject"] ?? "",
            description: form["description"] ?? "",
            service: form["service"],
            number: form["number"],
            url: form["url"]
        )
        do {
            let opened = try await lockbox.openSupportRequest(
                draft,
                by: viewer.person,
                key: form.commandKey
            )
            return seeOther("/support/\(opened.support.number.text)", .supportOpened)
        } catch let refusal as Refusal {
            if case .notSignedIn = refusal { throw refusal }
            let page = SupportFormPage(
                try await lockbox.services(by: viewer.person),
                viewer,
                refused: (form, refusal)
            )
            return html(page, viewer, status: .unprocessableContent)
        }
    }
}

/// The tenant's support requests, or those of all tenants for the provider.
struct SupportListPage: Page {
    static let template = PageTemplate(PackageResources.support_list_mustache)

    struct Row: Sendable {
        let supportLink: String
        let supportNumber: String
        let supportSubject: String
        let supportOpener: String
        let openedAt: ShownTime
        let requestLink: String?
    }

    let title = "Support"
    let section: String? = "/support"
    let isCustomer: Bool
    let rows: [Row]
    let chips: [Chip]
    let hasChips: Bool
    let next: String?
    let liveTag: String?

    init(_ found: Paged<SupportView>, tenants: [Tenant], chosen: String?, _ viewer: Viewer) {
        let names = tenants.reduce(into: [TenantID: String]()) { $0[$1.id] = $1.name }
        let mayRequest = viewer.isEngineer
        isCustomer = viewer.isCustomer
        rows = found.items.map { view in
            let support = view.support
            let tenant = viewer.isCustomer ? "" : "?tenant=\(support.tenant.text)"
            let query = "?tenant=\(support.tenant.text)&support=\(support.number.text.asQueryValue)"
            return Row(
                supportLink: "/support/\(support.number.text.asQueryValue)\(tenant)",
                supportNumber: support.number.text,
                supportSubject: support.subject,
                supportOpener: view.openedBy.name + (names[support.tenant].map { ", \($0)" } ?? ""),
                openedAt: ShownTime(support.openedAt),
                requestLink: mayRequest ? "/requests/new\(query)" : nil
            )
        }
        hasChips = tenants.count > 1
        chips =
            [Chip(chipLabel: "All", chipLink: "/support", isCurrent: chosen == nil)]
            + tenants.map { tenant in
                Chip(
                    chipLabel: tenant.name,
                    chipLink: "/support?tenant=\(tenant.id.text)",
                    isCurrent: chosen == tenant.id.text
                )
            }
        let filter = chosen.map { "tenant=\($0.asQueryValue)&" } ?? ""
        next = found.next.map { "/support?\(filter)cursor=\($0.asQueryValue)" }
        liveTag = LiveTag.of([], found.items.first?.support.number.text ?? "none")
    }
}

/// One support request with what came of it.
struct SupportPage: Page {
    static let template = PageTemplate(PackageResources.support_mustache)

    struct Row: Sendable {
        let accessLink: String
        let accessSummary: String
        let accessBadge: Badge
        let askedAt: ShownTime
    }

    let title: String
    let section: String? = "/support"
    let liveTag: String?
    let supportNumber: String
    let subject: String
    let supportText: String
    let supportOpener: String
    let openedAt: ShownTime
    let service: String?
    let supportURL: String?
    let rows: [Row]
    let requestLink: String?
    let isCustomer: Bool
    let providerName: String

    init(_ view: SupportView, _ requests: [RequestView], tenant: Tenant, _ viewer: Viewer) {
        let support = view.support
        title = "\(support.number.text): \(support.subject)"
        supportNumber = support.number.text
        subject = support.subject
        supportText = support.description
        supportOpener = "\(view.openedBy.name), \(tenant.name)"
        openedAt = ShownTime(support.openedAt)
        service = support.service?.text
        supportURL = support.url
        let place = viewer.side.requestsPath
        rows = requests.map { request in
            Row(
                accessLink: "\(place)/\(request.request.id.text)",
                accessSummary:
                    "\(request.engineerName)\(request.askerNote): \(request.request.terms.scope.words.listed), "
                    + request.request.terms.duration.words,
                accessBadge: Badge(request, for: viewer.person.side),
                askedAt: ShownTime(request.request.createdAt)
            )
        }
        let query = "?tenant=\(support.tenant.text)&support=\(support.number.text.asQueryValue)"
        requestLink =
            viewer.isEngineer ? "/requests/new\(query)" : nil
        isCustomer = viewer.isCustomer
        providerName = viewer.providerName
        liveTag = LiveTag.of(requests)
    }
}

/// Where a member asks for help.
struct SupportFormPage: Page {
    static let template = PageTemplate(PackageResources.support_form_mustache)

    struct ServiceChoice: Sendable {
        let value: String
        let isChosen: Bool
    }

    let title = "Open a support request"
    let section: String? = "/support"
    let providerName: String
    let services: [ServiceChoice]
    let subject: String
    let supportText: String
    let number: String
    let url: String
    let isOutsideOpen: Bool
    let problems: Problems
    let subjectWrong: String?
    let textWrong: String?
    let numberWrong: String?
    let urlWrong: String?
    let csrf: String
    let key: String

    init(
        _ services: [ProtectedService],
        _ viewer: Viewer,
        refused: (form: Form, refusal: Refusal)? = nil
    ) {
        let form = refused?.form
        providerName = viewer.providerName
        self.services = services.map {
            ServiceChoice(value: $0.id.text, isChosen: form?["service"] == $0.id.text)
        }
        subject = form?["subject"] ?? ""
        supportText = form?["description"] ?? ""
        number = form?["number"] ?? ""
        url = form?["url"] ?? ""
        isOutsideOpen = !number.isEmpty || !url.isEmpty
        let sentence = refused.map { $0.refusal.words(on: .supportRequest) }
        problems = sentence.map { Problems([$0]) } ?? .none
        func wrong(_ field: String) -> String? { refused?.refusal.field == field ? sentence : nil }
        subjectWrong = wrong("subject")
        textWrong = wrong("description")
        numberWrong = wrong("number")
        urlWrong = wrong("url")
        csrf = viewer.csrf
        key = viewer.formKey
    }
}
