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
                SupportPage(
                    try await supportReading(
                        context.parameters.get("number") ?? "",
                        tenant: request.query("tenant"),
                        viewer
                    ),
                    viewer
                )
            },
        ] + supportForms + myDataRoutes
    }

    private func supportList(_ request: Request, _ viewer: Viewer) async throws -> any Page {
        let tenants = viewer.isCustomer ? [] : try await lockbox.tenants(by: viewer.person)
        let tenant =
            viewer.isCustomer ? nil : request.query("tenant")
        // What is no state is none that was chosen.
        let state = request.query("state").flatMap(SupportRequest.State.init(rawValue:))
        let found = try await lockbox.supportRequests(
            tenant: tenant,
            state: state,
            page: ListPage(
                limit: PortalLimits.pageSize,
                cursor: request.query("cursor")
            ),
            by: viewer.person
        )
        return SupportListPage(found, tenants: tenants, chosen: tenant, state, viewer)
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
