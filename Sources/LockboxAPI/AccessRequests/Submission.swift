import Foundation
import LockboxDomain
import LockboxService
import LockboxWire

/// What a requester's program sends (Access Request and Approval Profile, draft 1). Members that we do
/// not know are passed over; those that we do must have the right type.
struct Submission: Decodable {
    struct Item: Decodable {
        let resource: SentObject
        let action: SentObject
        let denial: Denial?
        let requested_access: [String: LooseValue]?
    }

    /// What the requester was told when she was denied.
    struct Denial: Decodable {
        let binding_token: String?
        let expires_at: String
    }

    let subject: SentObject
    let resource: SentObject?
    let action: SentObject?
    let items: [Item]?
    let context: [String: LooseValue]?
    let requested_access: [String: LooseValue]?
    let denial: Denial?
    let callback: LooseValue?
}

/// A value of which the type is looked at later, so that other people's members may have any.
struct LooseValue: Decodable {
    let text: String?
    let number: Int64?

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        do {
            (text, number) = (nil, try value.decode(Int64.self))
            return
        } catch is DecodingError {
            number = nil
        }
        do {
            text = try value.decode(String.self)
        } catch is DecodingError {
            text = nil
        }
    }
}

/// The names of members that are ours, which the profile wants to be absolute URIs.
struct ExtensionNames {
    /// The number of the support request that the access is for.
    let supportRequest: String
    /// The tenant; whose the first resource is where it is left out.
    let tenant: String
    /// How long access is wanted from its start on, in seconds, or as an ISO 8601 duration.
    let seconds: String
    let duration: String

    init(at publicURL: String) {
        supportRequest = publicURL + "/support_request"
        tenant = publicURL + "/tenant"
        seconds = publicURL + "/requested_duration_s"
        duration = publicURL + "/requested_duration"
    }
}

extension Submission {
    /// Most of what can be asked for at once, whatever it is merged to.
    static let mostItems = Limits.resourcesPerRequest.upperBound

    /// What is asked for, with the denial of each.
    func parts() throws -> [(terms: SentTerms, denial: Denial?)] {
        guard let items else {
            guard let resource, let action else {
                let missing = resource == nil ? "resource" : "action"
                throw BoundaryError.malformedBody("\(missing): is missing.", field: missing)
            }
            return [(SentTerms(subject: subject, action: action, resource: resource), denial)]
        }
        guard resource == nil, action == nil else {
            throw Refusal.invalid(
                field: "items",
                problem: .notAllowedHere("cannot stand beside resource and action.")
            )
        }
        guard (1...Self.mostItems).contains(items.count) else {
            throw Refusal.invalid(
                field: "items",
                problem: .outOfRange("1 to \(Self.mostItems) resources")
            )
        }
        return try items.enumerated().map { number, item in
            guard item.requested_access?.isEmpty ?? true else {
                throw Refusal.invalid(
                    field: "items[\(number)].requested_access",
                    problem: .notAllowedHere("is one for all items here: say it beside them.")
                )
            }
            let terms = SentTerms(subject: subject, action: item.action, resource: item.resource)
            return (terms, item.denial ?? denial)
        }
    }

    /// How long access is wanted, said in one of three ways. An absolute end is counted from now:
    /// access lasts as long, from whenever it begins.
    func duration(_ names: ExtensionNames, now: Timestamp) throws -> TimeSpan {
        let field = "requested_access"
        let said = [names.seconds, names.duration, "requested_until"].compactMap { name in
            requested_access?[name].map { (name: name, value: $0) }
        }
        guard let one = said.first else {
            throw Refusal.invalid(field: "\(field).\(names.seconds)", problem: .missing)
        }
        let member = "\(field).\(one.name)"
        guard said.count == 1 else {
            throw Refusal.invalid(
                field: member,
                problem: .notAllowedHere(
                    "says what another member says too; leave one of them out."
                )
            )
        }
        if one.name == names.seconds {
            let longest = Limits.maxAccess.upperBound.milliseconds / 1000
            guard let seconds = one.value.number, (1...longest).contains(seconds) else {
                throw Refusal.invalid(
                    field: member,
                    problem: .outOfRange("a number of seconds from 1 to \(longest)")
                )
            }
            return .seconds(seconds)
        }
        guard let text = one.value.text else { throw BoundaryError.wrongType(member) }
        if one.name == names.duration { return try TimeSpan(duration: text, field: member) }
        let left = try Timestamp(instant: text, field: member) - now
        return .seconds(left.milliseconds / 1000)
    }

    /// A text of `context` that must be there.
    func contextText(_ name: String) throws -> String {
        guard let text = try optionalContextText(name) else {
            throw Refusal.invalid(field: "context.\(name)", problem: .missing)
        }
        return text
    }

    func optionalContextText(_ name: String) throws -> String? {
        guard let value = context?[name] else { return nil }
        guard let text = value.text else { throw BoundaryError.wrongType("context.\(name)") }
        return text
    }
}

extension BoundaryError {
    fileprivate static func wrongType(_ member: String) -> BoundaryError {
        .malformedBody("\(member): has the wrong type.", field: member)
    }
}
