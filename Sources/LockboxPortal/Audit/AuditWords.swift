import Foundation
import LockboxDomain
import LockboxWire

/// What the log's records say, for people.
enum AuditWords {
    /// What happened, by activity, in the order in which lists show them. Every activity of the log
    /// is here.
    static let activities: [(activity: String, words: String)] = [
        ("support.opened", "Support request opened"),
        ("support.message", "Message on a support request"),
        ("support.closed", "Support request closed"),
        ("support.reopened", "Support request reopened"),
        ("request.submitted", "Access requested"),
        ("request.approvedByManager", "Approved by a manager of the provider"),
        ("request.rejected", "Rejected by a manager of the provider"),
        ("request.customerAsked", "Customer asked to decide"),
        ("request.approved", "Approved by the customer"),
        ("request.denied", "Denied by the customer"),
        ("request.withdrawn", "Request withdrawn"),
        ("request.expired", "Request expired undecided"),
        ("request.message", "Message about a request"),
        ("access.granted", "Access granted"),
        ("access.started", "Access began"),
        ("access.credentialIssued", "Credential issued"),
        ("access.used", "Resource opened, for the first time with this credential"),
        ("access.operations", "What was done"),
        ("access.ended", "Access ended"),
        ("access.removed", "Service confirmed the end"),
        ("access.removalFailed", "Service did not confirm the end"),
        ("access.unknown", "Access that nobody granted was found"),
        ("notice.undeliverable", "E-mail could not be delivered"),
        ("texts.erased", "Texts of the audit log erased"),
        ("tenant.added", "Tenant added"),
        ("tenant.policyChanged", "Rules changed"),
        ("tenant.policyChangeAsked", "Looser rules asked for"),
        ("tenant.policyChangeAgreed", "Looser rules agreed to"),
        ("tenant.policyChangeStopped", "Looser rules stopped"),
        ("tenant.policyChangeWithdrawn", "Looser rules taken back"),
        ("tenant.licenceChanged", "Licence changed"),
        ("tenant.domainsChanged", "Domains changed"),
        ("signIn.settingsChanged", "Sign-in settings changed"),
        ("identity.linked", "Account for sign-in linked"),
        ("identity.refused", "Account for sign-in turned away"),
        ("tenant.renamed", "Tenant renamed"),
        ("tenant.administered", "First sign-in of an administrator: people are the tenant’s own"),
        ("provider.renamed", "Provider renamed"),
        ("key.changed", "Another key signs the log"),
        ("log.recovered", "Database put back to an older copy; open access ended"),
        ("person.added", "Person added"),
        ("person.changed", "Person or roles changed"),
        ("person.proposed", "Roles or address of a person proposed"),
        ("person.proposalAccepted", "Proposal about a person accepted"),
        ("person.proposalDeclined", "Proposal about a person declined"),
        ("person.proposalWithdrawn", "Proposal about a person withdrawn"),
        ("resource.added", "Resource added"),
        ("service.added", "Service added"),
        ("service.changed", "Service changed"),
        ("token.issued", "API token issued"),
        ("token.revoked", "API token revoked"),
        ("login.reused", "Sign-in of a command line used twice, and ended"),
        ("passkey.registered", "Passkey added"),
        ("passkey.removed", "Passkey removed"),
        ("passkey.confirmed", "Confirmed with a passkey"),
        ("passkey.counterFell", "Passkey’s counter fell"),
        ("passkey.refused", "Passkey turned away"),
        ("signingKey.added", "SSH key added"),
        ("signingKey.confirmed", "Signing key confirmed"),
        ("signingKey.removed", "SSH key removed"),
        ("password.set", "Password set"),
        ("invitation.sent", "Invitation to choose a password sent"),
        ("invitation.used", "Password chosen by an invitation"),
        ("signIn.invitationGuessed", "Invitation’s code guessed too often"),
        ("signIn.succeeded", "Signed in"),
        ("signIn.clientHeldOff", "Sign-in held off: too many failures from one place"),
        ("signIn.locked", "Sign-in locked: too many failures"),
        ("signIn.changeAsked", "Another way to sign in asked for"),
        ("signIn.changeStopped", "Another way to sign in stopped"),
        ("signIn.newBrowser", "Signed in from a new browser"),
        ("sessions.ended", "Signed out everywhere"),
        ("sessions.endedByProvider", "Signed out by the organisation’s sign-in"),
        ("provisioning.tokenIssued", "Provisioning token made"),
        ("provisioning.tokenRevoked", "Provisioning token ended"),
        ("provisioning.rolesMapped", "Roles of a group changed"),
        ("provisioning.refused", "Provisioning asked for what it may not"),
    ]

    /// Activities that begin alike, which the log can be searched for together.
    struct Group: Sendable {
        let prefix: String
        let name: String
        let activities: [(activity: String, words: String)]

        fileprivate init(_ prefix: String, _ name: String) {
            (self.prefix, self.name) = (prefix, name)
            activities = AuditWords.activities.filter { $0.activity.hasPrefix(prefix + ".") }
        }
    }

    /// All activities, by what they are about.
    static let groups = [
        Group("support", "Support requests"), Group("request", "Access requests"),
        Group("access", "Access"), Group("person", "People"), Group("tenant", "The organisation"),
        Group("signIn", "Sign-in"), Group("invitation", "Invitations"),
        Group("password", "Passwords"), Group("passkey", "Passkeys"),
        Group("signingKey", "Signing keys"), Group("token", "API tokens"),
        Group("login", "Command lines"), Group("sessions", "Sessions"),
        Group("identity", "Linked accounts"),
        Group("provisioning", "The organisation’s directory"), Group("resource", "Resources"),
        Group("service", "Services"), Group("provider", "The provider"),
        Group("texts", "Erased texts"), Group("notice", "E-mails"),
        Group("key", "The log’s key"), Group("log", "The log itself"),
    ]

    /// What the list shows of a customer's log where nothing else is asked for.
    static let decisions = (
        prefixes: ["request", "access", "tenant"],
        words: "Decisions and access: access requests, access, and the organisation’s rules"
    )

    static func words(_ activity: String) -> String {
        activities.first { $0.activity == activity }?.words ?? activity
    }

    /// One line of a batch of operations: `20:15:03 GET /orders/17`.
    static func operation(_ line: Substring) -> String {
        let read: OperationLine
        do {
            read = try JSONDecoder().decode(OperationLine.self, from: Data(line.utf8))
        } catch {
            // A line that this release does not know is shown as it stands in the log.
            return Text.visible(line.unicodeScalars)
        }
        let what = [read.method, read.path, read.statement, read.detail.map { "(\($0))" }]
            .compactMap { $0 }.joined(separator: " ")
        let time = read.at.dropFirst("2026-11-26T".count).prefix("20:15:03".count)
        let whole = read.length.map { " (the beginning of \($0) bytes)" } ?? ""
        return "\(time) \(Text.visible(what.unicodeScalars))\(whole)"
    }

    /// Who did it. A name that was erased stays erased.
    static func actor(_ record: AuditRecord) -> String {
        switch (record.actor.id, record.actor.name) {
        case ("console", let name?): return "\(name), on the server"
        case (_, let name?): return name
        case _: break
        }
        switch record.actor.id {
        case "system": return "Lockbox (automatic)"
        case "console": return "Server operator"
        case let id where id.hasPrefix("provisioning:"):
            return "The organisation’s directory, with \(id.dropFirst("provisioning:".count))"
        case let id where id.hasPrefix("service:"):
            return "The service \(id.dropFirst("service:".count))"
        case _: return "Somebody whose name was erased"
        }
    }

    /// `endedReason` as `Ended reason`.
    static func label(_ member: String) -> String {
        if let label = labels[member] { return label }
        let words = member.reduce(into: "") { text, letter in
            text += letter.isUppercase ? " \(letter.lowercased())" : String(letter)
        }
        return words.capitalisedFirst
    }

    /// Members whose names would say something else to people.
    private static let labels = [
        "operations": "Times used", "start": "From", "end": "Until", "endedReason": "Ended because",
        "shortenedTo": "Shortened to", "personName": "Name", "personAddress": "Address",
    ]

    static func value(_ value: JSONValue) -> String {
        switch value {
        case .null: "none"
        case .bool(let flag): flag ? "yes" : "no"
        case .integer(let number): String(number)
        case .string(let text):
            TimeSpan(text)?.words ?? Timestamp(text)?.shown(withSeconds: true) ?? text
        case .array(let items):
            items.isEmpty ? "none" : items.map(Self.value).joined(separator: ", ")
        case .object(let members):
            members.keys.sorted().map {
                "\(label($0).lowercased()): \(Self.value(members[$0] ?? .null))"
            }
            .joined(separator: "; ")
        }
    }
}
