import LockboxDomain
import LockboxPorts
import LockboxService

/// A new credential, in the one answer that ever holds its secret.
struct CredentialPage: Page {
    static let template = PageTemplate(PackageResources.credential_mustache)

    let title: String
    let section: String? = "/requests"
    /// That of the request, so that whoever has the page open hears when the access ends; the
    /// script never takes a secret away unasked.
    let liveTag: String?
    let number: String
    let thing: String
    let opens: String
    let secret: String
    let loginName: String
    let service: String
    let kind: String
    let expiry: ShownTime
    let expiryClock: Countdown
    /// How to use it, for a person with the usual tools.
    let how: String
    /// What the engineer must know besides.
    let note: String
    let command: String
    /// For the form that opens the service in the browser; nil where none does.
    let inBrowser: RequestPage.Running.InBrowser?
    let openingService: String
    let openingResource: String
    let openingLabel: String
    let csrf: String

    init(_ issued: IssuedCredential, _ reading: RequestReading, _ viewer: Viewer) {
        let credential = issued.credential
        title = "Credential for \(credential.request)"
        liveTag = reading.liveTag
        number = credential.request.text
        thing = "\(credential.resource.type) \(credential.resource.localName)"
        opens = "\(credential.actions.words) the \(thing)".capitalisedFirst
        secret = issued.secret
        loginName = credential.username
        service = credential.resource.service.text
        kind = issued.kind.rawValue.uppercased()
        expiry = ShownTime(credential.expiresAt)
        expiryClock = Countdown(until: credential.expiresAt, now: viewer.now)
        how = issued.connecting.how
        note = issued.connecting.note
        command = issued.connecting.command
        inBrowser = issued.browserAddress.map { _ in .init(key: viewer.formKey) }
        openingService = service
        openingResource = credential.resource.name
        openingLabel = "the \(thing)"
        csrf = viewer.csrf
    }
}
