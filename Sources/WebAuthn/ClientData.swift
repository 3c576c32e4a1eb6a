import Foundation
import LockboxWire
import MerkleLog

/// What the browser says of a ceremony (WebAuthn §5.8.1): its bytes are signed, so they are taken
/// apart as they came, and strictly, since two readers of one text must not read two things.
struct ClientData {
    /// What the ceremony is for, as browsers write it.
    enum Purpose: String {
        case registration = "webauthn.create"
        case assertion = "webauthn.get"
    }

    let challenge: [UInt8]
    let origin: String

    /// Checks all but the challenge (§7.1 steps 5 to 11, §7.2 steps 8 to 14).
    init(_ bytes: [UInt8], for purpose: Purpose, at party: RelyingParty) throws(WebAuthnFault) {
        try self.init(bytes, for: purpose)
        // Byte by byte: `==` takes some characters for others.
        guard origin.utf8.elementsEqual(party.origin.utf8) else { throw .origin }
    }

    /// Checks all but the challenge and the origin.
    init(_ bytes: [UInt8], for purpose: Purpose) throws(WebAuthnFault) {
        guard bytes.count <= WebAuthnLimits.clientDataBytes else { throw .clientData }
        let members: Members
        do {
            try StrictJSON.check(bytes)
            members = try JSONDecoder().decode(Members.self, from: Data(bytes))
        } catch {
            throw .clientData
        }
        guard members.type.utf8.elementsEqual(purpose.rawValue.utf8) else { throw .type }
        guard let challenge = [UInt8](base64URL: members.challenge) else { throw .challenge }
        guard !members.isCrossOrigin, !members.hasTopOrigin else { throw .crossOrigin }
        self.challenge = challenge
        origin = members.origin
    }

    /// Browsers add others, which are not looked at (§5.8.1.2).
    private struct Members: Decodable {
        let type: String
        let challenge: String
        let origin: String
        let isCrossOrigin: Bool
        let hasTopOrigin: Bool

        private enum CodingKeys: String, CodingKey {
            case type, challenge, origin, crossOrigin, topOrigin
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            type = try container.decode(String.self, forKey: .type)
            challenge = try container.decode(String.self, forKey: .challenge)
            origin = try container.decode(String.self, forKey: .origin)
            isCrossOrigin =
                container.contains(.crossOrigin)
                ? try container.decode(Bool.self, forKey: .crossOrigin) : false
            hasTopOrigin = container.contains(.topOrigin)
        }
    }
}
