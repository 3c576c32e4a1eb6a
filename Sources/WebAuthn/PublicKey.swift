import Crypto
import CryptoExtras

/// The public key of a passkey (RFC 9052 §7, RFC 9053): of an algorithm that we ask for, with the
/// members that it needs and no others (WebAuthn §6.5.2).
package struct PublicKey: Sendable {
    /// What can be asked for, by its number in COSE, the preferred first (WebAuthn §5.8.5).
    package enum Algorithm: Int, Hashable, Sendable, CaseIterable {
        case es256 = -7
        case edDSA = -8
        case rs256 = -257
    }

    private enum Key: Sendable {
        case es256(P256.Signing.PublicKey)
        case edDSA(Curve25519.Signing.PublicKey)
        case rs256(_RSA.Signing.PublicKey)
    }

    package let algorithm: Algorithm
    private let key: Key

    /// As an authenticator wrote it.
    package init(cose bytes: [UInt8]) throws(WebAuthnFault) {
        do { try self.init(try CBORReader.whole(bytes)) } catch is CBORReader.Malformed {
            throw .publicKey
        } catch { throw error as? WebAuthnFault ?? .publicKey }
    }

    init(_ value: CBOR) throws(WebAuthnFault) {
        guard let map = value.map, let named = map[CBOR(3)] else { throw .publicKey }
        guard let algorithm = Algorithm.allCases.first(where: { CBOR($0.rawValue) == named }) else {
            throw .algorithm
        }
        self.algorithm = algorithm
        do {
            switch algorithm {
            case .es256: key = .es256(try Self.es256(map))
            case .edDSA: key = .edDSA(try Self.edDSA(map))
            case .rs256: key = .rs256(try Self.rs256(map))
            }
        } catch {
            // Also where the numbers are no point of the curve, or no modulus.
            throw .publicKey
        }
    }

    private static func es256(_ map: [CBOR: CBOR]) throws -> P256.Signing.PublicKey {
        guard map.count == 5, map[CBOR(1)] == CBOR(2), map[CBOR(-1)] == CBOR(1),
            let x = map[CBOR(-2)]?.bytes, let y = map[CBOR(-3)]?.bytes, x.count == 32, y.count == 32
        else { throw WebAuthnFault.publicKey }
        return try P256.Signing.PublicKey(x963Representation: [4] + x + y)
    }

    private static func edDSA(_ map: [CBOR: CBOR]) throws -> Curve25519.Signing.PublicKey {
        guard map.count == 4, map[CBOR(1)] == CBOR(1), map[CBOR(-1)] == CBOR(6),
            let x = map[CBOR(-2)]?.bytes, x.count == 32
        else { throw WebAuthnFault.publicKey }
        return try Curve25519.Signing.PublicKey(rawRepresentation: x)
    }

    private static func rs256(_ map: [CBOR: CBOR]) throws -> _RSA.Signing.PublicKey {
        guard map.count == 4, map[CBOR(1)] == CBOR(3), let n = map[CBOR(-1)]?.bytes,
            let e = map[CBOR(-2)]?.bytes, let first = n.first, first & 0x80 != 0,
            WebAuthnLimits.rsaBits.contains(n.count * 8), e == [1, 0, 1]
        else { throw WebAuthnFault.publicKey }
        return try _RSA.Signing.PublicKey(n: n, e: e)
    }

    /// Whether `signature` is this key's over `message`.
    func isRight(_ signature: [UInt8], over message: [UInt8]) -> Bool {
        // Bytes that are no signature at all throw.
        do {
            switch key {
            case .es256(let key):
                let signature = try P256.Signing.ECDSASignature(derRepresentation: signature)
                return key.isValidSignature(signature, for: message)
            case .edDSA(let key): return key.isValidSignature(signature, for: message)
            case .rs256(let key):
                return key.isValidSignature(
                    .init(rawRepresentation: signature),
                    for: SHA256.hash(data: message),
                    padding: .insecurePKCS1v1_5
                )
            }
        } catch {
            return false
        }
    }
}
