import Crypto
import Foundation
import LockboxDomain
import MerkleLog

/// What a service is told: `{"type":…,"timestamp":…,"data":{…}}`. The words of the contract are in
/// docs/operating/protect-anything.md.
enum HookMessage {
    case open(Credential, token: String, passToken: Bool)
    case close(Removal)
    case list

    /// As JSON, at `now`.
    func body(at now: Timestamp) throws -> [UInt8] {
        switch self {
        case .open(let credential, let token, let passToken):
            try Self.json("access.open", now, Opening(credential, token, passToken: passToken))
        case .close(let order): try Self.json("access.close", now, Closing(order))
        case .list: try Self.json("access.list", now, Listing())
        }
    }

    private static func json(
        _ type: String,
        _ now: Timestamp,
        _ data: some Encodable
    ) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(
            try encoder.encode(Envelope(type: type, timestamp: now.description, data: data))
        )
    }
}

private struct Envelope<Content: Encodable>: Encodable {
    let type: String
    let timestamp: String
    let data: Content
}

private struct Opening: Encodable {
    let tenant, request, grant, engineer, resource, username: String
    let actions: [String]
    let start, end: String
    let tokenSHA256: String
    /// Left out unless the service's configuration says that it gets it.
    let token: String?

    init(_ credential: Credential, _ token: String, passToken: Bool) {
        tenant = credential.tenant.text
        request = credential.request.text
        grant = credential.grant.text
        engineer = credential.engineer.text
        resource = credential.resource.name
        username = credential.username
        actions = credential.actions.names
        start = credential.issuedAt.description
        end = credential.expiresAt.description
        tokenSHA256 = Hex.encode(SHA256.hash(data: Data(token.utf8)))
        self.token = passToken ? token : nil
    }
}

private struct Closing: Encodable {
    let tenant, request, grant: String
    let usernames: [String]

    init(_ order: Removal) {
        tenant = order.tenant.text
        request = order.request.text
        grant = order.grant.text
        usernames = order.usernames
    }
}

private struct Listing: Encodable {}
