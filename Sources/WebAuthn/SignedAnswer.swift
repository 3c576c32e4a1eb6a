import Crypto
import Foundation
import LockboxWire
import MerkleLog

/// An answer of a passkey as it is kept, to be checked by whoever reads it later: by people who do
/// not run the site, and after the site has moved.
package struct SignedAnswer: Hashable, Sendable {
    package let clientData: [UInt8]
    package let authenticatorData: [UInt8]
    package let signature: [UInt8]

    package init(clientData: [UInt8], authenticatorData: [UInt8], signature: [UInt8]) {
        self.clientData = clientData
        self.authenticatorData = authenticatorData
        self.signature = signature
    }

    /// Throws unless `key` answered `challenge`, at the site that the passkey is for, by somebody who
    /// showed her authenticator who she is (WebAuthn §7.2, but for what only the site itself knows:
    /// there `AssertionResponse.verified` looks at more). Nil where the challenge is not known any
    /// more, but that it was a SHA-256.
    package func check(answering challenge: [UInt8]?, by key: PublicKey) throws(WebAuthnFault) {
        let said = try ClientData(clientData, for: .assertion)
        guard challenge.map({ said.challenge == $0 }) ?? (said.challenge.count == Hash.byteCount)
        else { throw .challenge }
        let data = try AuthenticatorData(authenticatorData)
        guard data.credential == nil else { throw .authenticatorData }
        guard data.isUserPresent else { throw .userPresence }
        guard data.isUserVerified else { throw .userVerification }
        guard let host = Self.host(of: said.origin),
            Self.domains(of: host).contains(where: {
                Array(SHA256.hash(data: Array($0.utf8))) == data.relyingPartyHash
            })
        else { throw .relyingParty }
        guard key.isRight(signature, over: authenticatorData + SHA256.hash(data: clientData)) else {
            throw .signature
        }
    }

    /// Whether client data says that a page of `origin` asked.
    package static func isOf(_ clientData: [UInt8], origin: String) -> Bool {
        let said = Result { () throws(WebAuthnFault) in
            try ClientData(clientData, for: .assertion)
        }
        guard case .success(let data) = said else { return false }
        return data.origin.utf8.elementsEqual(origin.utf8)
    }

    /// Of an origin at which browsers have passkeys; nil for any other.
    private static func host(of origin: String) -> String? {
        let parts = origin.split(separator: ":", omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count), parts[1].hasPrefix("//"),
            parts.count == 2
                || (1...5).contains(parts[2].utf8.count)
                    && parts[2].utf8.allSatisfy({ (48...57).contains($0) })
        else { return nil }
        let host = String(parts[1].dropFirst(2))
        guard !host.isEmpty, host.utf8.allSatisfy({ Self.hostBytes.contains($0) }) else {
            return nil
        }
        let isLocal = host == "localhost" || host.hasSuffix(".localhost")
        guard parts[0] == "https" || parts[0] == "http" && isLocal else { return nil }
        return host
    }

    private static let hostBytes = Set("abcdefghijklmnopqrstuvwxyz0123456789-._".utf8)

    /// The host and the domains that it is in.
    private static func domains(of host: String) -> [String] {
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        return labels.indices.map { labels[$0...].joined(separator: ".") }
    }
}
