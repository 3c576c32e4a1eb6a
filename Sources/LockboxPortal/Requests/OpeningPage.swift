import HTTPTypes
import Hummingbird
import LockboxDomain
import LockboxPorts
import LockboxService

/// The step from the portal to a service: a form that leads to the service's own address with a code
/// that is good once. The script sends it; without one its button does.
struct OpeningPage: Page {
    static let template = PageTemplate(PackageResources.opening_mustache)

    let title: String
    let section: String? = "/requests"
    let number: String
    let thing: String
    let service: String
    let address: String
    let code: String

    init(_ opening: BrowserOpening) {
        let credential = opening.credential
        title = "Opening \(credential.resource.service)"
        number = credential.request.text
        thing = "\(credential.resource.type) \(credential.resource.localName)"
        service = credential.resource.service.text
        address = opening.address
        code = opening.code
    }
}

extension PortalSite {
    /// Issues a credential for the browser that sent `form`, and sends it on to the service.
    func openInBrowser(_ form: Form, _ id: String, _ viewer: Viewer) async throws -> Response {
        let opening = try await lockbox.openForBrowser(
            id,
            service: form["service"],
            resource: form["resource"],
            by: viewer.person,
            key: form.commandKey
        )
        var response = html(OpeningPage(opening), viewer)
        response.headers[.contentSecurityPolicy] = Self.contentPolicy(formsTo: opening.address)
        // The gateway takes the code from a page of ours alone, and knows it by its origin.
        if let name = HTTPField.Name("Referrer-Policy") { response.headers[name] = "origin" }
        return response
    }
}
