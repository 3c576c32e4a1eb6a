import Foundation
import LockboxDomain
import LockboxWire

/// What the log's records say, for people.
enum AuditWords {
    /// What happened, by activity, in the order in which lists show them. Every activity of the log
    /// is here.
    static let activities: [(activity: String, words: String)] = [
        ("support.opened", "Support request opened"),
        ("request.submitted", "Access asked for"),
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
        ("access.used", "Resource opened"),
        ("access.operations", "What was done"),
        ("access.ended", "Access ended"),
        ("access.removed", "Service confirmed the end"),
        ("access.removalFailed", "Service did not confirm the end"),
        ("notice.undeliverable", "Letter could not be delivered"),
        ("tenant.added", "Tenant added"),
        ("tenant.policyChanged", "Rules changed"),
        ("tenant.licenceChanged", "Licence changed"),
        ("tenant.domainsChanged", "Domains changed"),
        ("signIn.settingsChanged", "Sign-in settings changed"),
        ("identity.linked", "Account for sign-in linked"),
        ("identity.refused", "Account for sign-in turned away"),
        ("tenant.renamed", "Tenant renamed"),
        ("tenant.administered", "First sign-in of an administrator: people are the tenant’s own"),
        ("provider.renamed", "Provider renamed"),
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
        ("password.set", "Password set"),
        ("invitation.sent", "Letter sent by which a password is chosen"),
        ("invitation.used", "Password chosen by a letter"),
        ("signIn.invitationGuessed", "Letter’s code guessed too often"),
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
        case ("console", let name?): return "\(name), at the machine"
        case (_, let name?): return name
        case _: break
        }
        switch record.actor.id {
        case "system": return "Lockbox itself"
        case "console": return "The operator, at the machine"
        case let id where id.hasPrefix("provisioning:"):
            return "The organisation’s directory, with \(id.dropFirst("provisioning:".count))"
        case let id where id.hasPrefix("service:"):
            return "The service \(id.dropFirst("service:".count))"
        case _: return "Somebody whose name was erased"
        }
    }

    /// `endedReason` as `Ended reason`.
    static func label(_ member: String) -> String {
        let words = member.reduce(into: "") { text, letter in
            text += letter.isUppercase ? " \(letter.lowercased())" : String(letter)
        }
        return words.capitalisedFirst
    }

    static func value(_ value: JSONValue) -> String {
        switch value {
        case .null: "none"
        case .bool(let flag): flag ? "yes" : "no"
        case .integer(let number): String(number)
        case .string(let text):
            TimeSpan(text)?.words ?? Timestamp(text)?.words(withSeconds: true) ?? text
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
