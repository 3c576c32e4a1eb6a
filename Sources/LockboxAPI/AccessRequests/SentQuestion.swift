import Crypto
import Foundation
import LockboxDomain
import LockboxWire
import MerkleLog

/// A question of AuthZEN's with all that was sent of it: what a denial is bound to, though no
/// decision depends on it.
struct SentQuestion: Decodable {
    private enum CodingKeys: CodingKey { case evaluations }

    private let whole: SentTerms
    private let items: [Item]

    /// One of several; a broken one says nothing.
    private struct Item: Decodable {
        let terms: SentTerms

        init(from decoder: any Decoder) throws {
            do {
                terms = try SentTerms(from: decoder)
            } catch is DecodingError {
                terms = SentTerms()
            }
        }
    }

    init(from decoder: any Decoder) throws {
        whole = try SentTerms(from: decoder)
        let members = try decoder.container(keyedBy: CodingKeys.self)
        items = try members.decodeIfPresent([Item].self, forKey: .evaluations) ?? []
    }

    /// Those of the item with this number, with what is said for all where it says nothing.
    func terms(_ item: Int?) -> SentTerms {
        guard let item, items.indices.contains(item) else { return whole }
        return items[item].terms.completed(by: whole)
    }
}

/// Subject, action and resource as they were sent, with all their members.
struct SentTerms: Decodable {
    var subject: SentObject?
    var action: SentObject?
    var resource: SentObject?

    /// The service that the resource is of, where who asks is no service.
    var service: String? { resource?.service }

    func completed(by whole: SentTerms) -> SentTerms {
        SentTerms(
            subject: subject ?? whole.subject,
            action: action ?? whole.action,
            resource: resource ?? whole.resource
        )
    }

    /// What is asked for, at `service`; nil where that is nothing there can be.
    func access(at service: ServiceID) -> Access? {
        guard let type = resource?.text("type"), let id = resource?.text("id"),
            let resource = Resource(service: service, name: "\(type):\(id)"),
            let action = action?.text("name"), let actions = Actions(names: [action])
        else { return nil }
        return Access(resource, actions)
    }

    /// What is asked for, of what a request that was made of it holds.
    func access(in scope: Scope) -> Access? {
        scope.accesses.lazy.compactMap { known in
            let service = known.resource.service
            guard self.service.map({ $0 == service.text }) ?? true else { return nil }
            return access(at: service).flatMap { $0.resource == known.resource ? $0 : nil }
        }.first
    }

    /// A digest of all of it in a fixed order, but for who acts for the subject, which a requester
    /// may say elsewhere. Nil where a part is missing, or holds what has no one spelling here.
    func digest() throws -> String? {
        guard var subject = subject?.members, let action = action?.members,
            let resource = resource?.members
        else { return nil }
        if case .object(var properties) = subject["properties"] {
            properties["act"] = nil
            subject["properties"] = .object(properties)
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let bytes = try encoder.encode(
            ["subject": subject, "action": action, "resource": resource, "context": [:]]
        )
        return SHA256.hash(data: bytes).base64URL
    }
}

/// One object of a question.
struct SentObject: Decodable {
    private enum CodingKeys: CodingKey { case properties }
    private struct Properties: Decodable { let service: String? }

    /// Nil where there are numbers among them that are not whole.
    private(set) var members: [String: JSONValue]?
    private(set) var service: String?

    init(from decoder: any Decoder) throws {
        do {
            members = try [String: JSONValue](from: decoder)
        } catch is DecodingError {
            members = nil
        }
        do {
            let all = try decoder.container(keyedBy: CodingKeys.self)
            service = try all.decodeIfPresent(Properties.self, forKey: .properties)?.service
        } catch is DecodingError {
            service = nil
        }
    }

    /// A member that is a text.
    func text(_ member: String) -> String? {
        guard case .string(let text) = members?[member] else { return nil }
        return text
    }
}
