import Foundation
import JWTKit
import LockboxWire
import MerkleLog

/// A signed JSON Web Token (RFC 7519) as it was sent. Nothing of it is to be believed before its
/// signature is found right.
struct SignedToken {
    let algorithm: String
    let keyID: String?
    /// What it says it is, in lower case and without `application/`; nil where it says nothing.
    let type: String?
    private let signed: Data
    private let signature: Data
    private let claims: Data

    init(_ text: String) throws(ProviderFault) {
        let malformed = ProviderFault(.refused, "sent something else than a signed token")
        guard text.utf8.count <= OIDCLimits.tokenBytes else { throw malformed }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Data(base64URL: parts[0]),
            let claims = Data(base64URL: parts[1]), let signature = Data(base64URL: parts[2])
        else { throw malformed }
        do {
            // One that says two things under one name would be read in two ways.
            try StrictJSON.check(header)
            try StrictJSON.check(claims)
            let header = try JSONDecoder().decode(Header.self, from: header)
            guard !header.hasCritical else { throw malformed }
            (algorithm, keyID) = (header.alg, header.kid)
            type = header.typ?.lowercased().split(separator: "/").last.map(String.init)
        } catch {
            throw malformed
        }
        guard ProviderKeys.algorithms.contains(algorithm) else {
            throw ProviderFault(.refused, "signed with an algorithm that does not count here")
        }
        signed = Data(text.utf8.prefix(parts[0].utf8.count + 1 + parts[1].utf8.count))
        (self.signature, self.claims) = (signature, claims)
    }

    /// The claims, once one of `keys` has signed them. Nil where the key is not among them.
    func claims<Claims: Decodable>(_: Claims.Type, signedBy keys: ProviderKeys)
        async throws -> Claims?
    {
        guard let key = await keys.key(named: keyID, for: algorithm) else { return nil }
        guard isRight(key) else {
            throw ProviderFault(.refused, "sent a token with a wrong signature")
        }
        do {
            return try JSONDecoder().decode(Claims.self, from: claims)
        } catch {
            throw ProviderFault(
                .refused,
                "sent a token in which a claim is missing or of a wrong type"
            )
        }
    }

    /// What it says, whoever wrote it: good for finding out whose keys to try.
    func unverified<Claims: Decodable>(_: Claims.Type) throws(ProviderFault) -> Claims {
        do {
            return try JSONDecoder().decode(Claims.self, from: claims)
        } catch {
            throw ProviderFault(.refused, "sent something else than a signed token")
        }
    }

    private func isRight(_ key: any JWTAlgorithm) -> Bool {
        // Bytes that are no signature at all throw.
        do { return try key.verify(signature, signs: signed) } catch { return false }
    }

    private struct Header: Decodable {
        let alg: String
        let kid: String?
        let typ: String?
        let hasCritical: Bool

        private enum CodingKeys: String, CodingKey { case alg, kid, typ, crit }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            alg = try container.decode(String.self, forKey: .alg)
            kid = try container.decodeIfPresent(String.self, forKey: .kid)
            typ = try container.decodeIfPresent(String.self, forKey: .typ)
            hasCritical = container.contains(.crit)
        }
    }
}
