import LockboxDomain
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
    let expiry: Moment
    let expiryClock: Countdown
    /// How to use it, for a person with the usual tools.
    let how: String
    /// What Lockbox does not know and the engineer must.
    let unknown: String
    let command: String

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
        expiry = Moment(credential.expiresAt)
        expiryClock = Countdown(until: credential.expiresAt, now: viewer.now)
        how = issued.kind.how(username: credential.username)
        unknown = issued.kind.unknown(service: service)
        command = issued.kind.command(loginName: credential.username)
    }
}

extension Service.Kind {
    fileprivate func unknown(service: String) -> String {
        switch self {
        case .imap:
            "Lockbox does not know the server’s address: put that of the support instance of “\(service)” for SERVER."
        case .http:
            "Lockbox does not know the service’s address: put that of “\(service)” for SERVER."
        case .sql:
            "Lockbox does not know the server’s address: put that of “\(service)” for SERVER."
        }
    }

    /// Lines for a shell. The token is asked for, so that it stands neither in the shell's history
    /// nor in the list of processes.
    fileprivate func command(loginName: String) -> String {
        switch self {
        case .imap:
            """
            read -rsp 'Token: ' TOKEN
            printf 'user = "%s:"\\noauth2-bearer = "%s"\\n' \(loginName) "$TOKEN" |
              curl -K - --ssl-reqd imap://SERVER/ -X 'LIST "" "*"'
            """
        case .http:
            """
            read -rsp 'Token: ' TOKEN
            printf 'header = "Authorization: Bearer %s"\\n' "$TOKEN" |
              curl -K - https://SERVER/
            """
        case .sql:
            """
            read -rsp 'Token: ' PGPASSWORD && export PGPASSWORD
            psql -h SERVER -U \(loginName)
            """
        }
    }
}
