import Crypto
import Foundation
import LockboxDomain
import LockboxWire
import MerkleLog
import Synchronization

/// A proof that whoever sent a request holds a private key (RFC 9449 §4.2), verified for
/// `POST` to one address.
struct DPoPProof {
    enum Limits {
        /// Bytes of the field.
        static let length = 4096
        static let idLength = 1...256
        /// By how much `iat` may differ from now.
        static let leeway: Int64 = 60
    }

    /// Why it is none: the rest of a sentence, which holds nothing of what was sent.
    struct Fault: Error {
        let what: String

        init(_ what: String) { self.what = what }
    }

    /// Those that are verified; never `none`, and none with a key that both sides have.
    static let algorithms = ["ES256", "Ed25519", "EdDSA"]

    /// Of the key (RFC 7638).
    let thumbprint: String
    let id: String

    /// `text` is the field's value, `target` where the request went.
    init(_ text: String, to target: String, now: Timestamp) throws(Fault) {
        guard text.utf8.count <= Limits.length else {
            throw Fault("is longer than \(Limits.length) bytes")
        }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let signature = Data(base64URL: parts[2]) else {
            throw Fault("is not a signed JSON Web Token")
        }
        let (header, claims) = (try Self.members(parts[0]), try Self.members(parts[1]))
        guard header["typ"] == "dpop+jwt" else { throw Fault("must have the typ dpop+jwt") }
        guard header["crit"] == nil else { throw Fault("has a crit, which nobody here knows") }
        let key = try Key(header)
        let signed = Data(text.utf8.prefix(parts[0].utf8.count + 1 + parts[1].utf8.count))
        guard key.verifies(signature, of: signed) else {
            throw Fault("is not signed with the key in its jwk")
        }
        thumbprint = key.thumbprint
        id = try Self.id(claims, to: target, now: now)
    }

    private static func members(_ part: Substring) throws(Fault) -> [String: JSONValue] {
        do {
            guard let bytes = Data(base64URL: part) else { throw Fault("") }
            try StrictJSON.check(bytes)
            return try JSONDecoder().decode([String: JSONValue].self, from: bytes)
        } catch {
            throw Fault("is not a signed JSON Web Token")
        }
    }

    /// The proof's own name, if its claims are those of this request.
    private static func id(
        _ claims: [String: JSONValue],
        to target: String,
        now: Timestamp
    ) throws(Fault) -> String {
        guard claims["htm"] == "POST" else { throw Fault("must have the htm POST") }
        guard case .string(let place)? = claims["htu"], let place = Self.normal(place),
            place == normal(target)
        else { throw Fault("must have the htu \(target)") }
        guard case .integer(let issued)? = claims["iat"],
            abs(min(max(issued, 0), .max / 2) - now.secondsSinceEpoch) <= Limits.leeway
        else {
            throw Fault("must have an iat within \(Limits.leeway) seconds of now")
        }
        guard case .string(let id)? = claims["jti"], Limits.idLength.contains(id.utf8.count) else {
            throw Fault("must have a jti of 1 to \(Limits.idLength.upperBound) bytes")
        }
        // That of a token that is shown: it was made for another request.
        guard claims["ath"] == nil else { throw Fault("must have no ath, for it shows no token") }
        return id
    }

    /// An address without query and fragment (RFC 9449 §4.3), in the form that RFC 3986 §6.2.2 and
    /// §6.2.3 make of it.
    private static func normal(_ text: String) -> String? {
        guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(),
            let host = parts.host?.lowercased(), parts.user == nil, parts.password == nil
        else { return nil }
        let usual = ["https": 443, "http": 80][scheme]
        let port = parts.port.flatMap { $0 == usual ? nil : ":\($0)" } ?? ""
        return "\(scheme)://\(host)\(port)\(parts.percentEncodedPath)"
    }
}

/// The public key in the header of a proof.
private enum Key {
    case p256(P256.Signing.PublicKey, thumbprint: String)
    case ed25519(Curve25519.Signing.PublicKey, thumbprint: String)

    /// What keys have that are nobody else's business, or both sides' (RFC 7518 §6).
    private static let secret = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"]

    init(_ header: [String: JSONValue]) throws(DPoPProof.Fault) {
        guard case .string(let algorithm)? = header["alg"],
            DPoPProof.algorithms.contains(algorithm)
        else {
            throw DPoPProof.Fault(
                "must have the alg \(DPoPProof.algorithms.joined(separator: ", "))"
            )
        }
        guard case .object(let members)? = header["jwk"] else {
            throw DPoPProof.Fault("must have a jwk")
        }
        guard !Self.secret.contains(where: { members[$0] != nil }) else {
            throw DPoPProof.Fault("must have the public part of a key in its jwk, and no other")
        }
        let isEd25519 = algorithm != "ES256"
        do {
            guard members["kty"] == (isEd25519 ? "OKP" : "EC"),
                members["crv"] == (isEd25519 ? "Ed25519" : "P-256"),
                case .string(let x)? = members["x"], let first = Data(base64URL: x),
                first.count == 32
            else { throw DPoPProof.Fault("") }
            if isEd25519 {
                self = .ed25519(
                    try Curve25519.Signing.PublicKey(rawRepresentation: first),
                    thumbprint: Thumbprint.ofEd25519(x: x)
                )
            } else {
                guard case .string(let y)? = members["y"], let second = Data(base64URL: y),
                    second.count == 32
                else { throw DPoPProof.Fault("") }
                self = .p256(
                    try P256.Signing.PublicKey(rawRepresentation: first + second),
                    thumbprint: Thumbprint.ofP256(x: x, y: y)
                )
            }
        } catch {
            throw DPoPProof.Fault("must have a key for its alg in its jwk")
        }
    }

    var thumbprint: String {
        switch self {
        case .p256(_, let thumbprint), .ed25519(_, let thumbprint): thumbprint
        }
    }

    func verifies(_ signature: Data, of signed: Data) -> Bool {
        switch self {
        case .p256(let key, _):
            do {
                let signature = try P256.Signing.ECDSASignature(rawRepresentation: signature)
                return key.isValidSignature(signature, for: signed)
            } catch {
                return false
            }
        case .ed25519(let key, _): return key.isValidSignature(signature, for: signed)
        }
    }
}

/// The proofs that gave a token, for as long as they could be shown again.
///
/// It is this process's: another one, and the next, do not know them. Whoever shows one there needs
/// the credential as well.
final class UsedProofs: Sendable {
    enum Use {
        case first
        case again
        /// There is no place for another one now.
        case unknown
    }

    private struct State {
        var since = Timestamp(milliseconds: 0)
        var recent: Set<[UInt8]> = []
        var before: Set<[UInt8]> = []
    }

    /// No proof can be shown again after so long: from the earliest instant that its `iat` may be
    /// ahead of, to the last that it may lag behind.
    static let span = TimeSpan.seconds(2 * DPoPProof.Limits.leeway + 1)

    private let most: Int
    private let state = Mutex(State())

    /// `most`: how many are kept of each span.
    init(most: Int = 50_000) { self.most = most }

    func use(_ proof: DPoPProof, now: Timestamp) -> Use {
        let name = Array(SHA256.hash(data: Data("\(proof.thumbprint).\(proof.id)".utf8)))
        return state.withLock { state in
            let age = now - state.since
            if age >= Self.span {
                state.before = state.since + Self.span + Self.span <= now ? [] : state.recent
                (state.since, state.recent) = (now, [])
            }
            guard !state.before.contains(name), !state.recent.contains(name) else { return .again }
            guard state.recent.count < most else { return .unknown }
            state.recent.insert(name)
            return .first
        }
    }
}
