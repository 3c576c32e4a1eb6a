package import Crypto
import MerkleLog

/// The public half of an SSH key that may sign.
package enum SSHPublicKey: Sendable {
    case ed25519(Curve25519.Signing.PublicKey, blob: [UInt8])
    case ecdsaP256(P256.Signing.PublicKey, blob: [UInt8])

    /// As OpenSSH writes it: the name of the algorithm and the key in base64, without a comment.
    package init(_ line: String) throws(ApprovalFault) {
        let parts = line.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 2, let blob = Base64.decode(parts[1].utf8) else {
            throw .keyUnreadable
        }
        try self.init(blob: blob)
        guard String(parts[0]).isSame(as: algorithm) else { throw .keyUnreadable }
    }

    /// RFC 4253 §6.6, RFC 5656 §3.1, RFC 8709 §4.
    init(blob: [UInt8]) throws(ApprovalFault) {
        var reader = SSHReader(blob)
        guard let name = reader.text() else { throw .keyUnreadable }
        do {
            switch name {
            case "ssh-ed25519":
                guard let point = reader.string(), reader.isAtEnd else {
                    throw ApprovalFault.keyUnreadable
                }
                self = .ed25519(try .init(rawRepresentation: point), blob: blob)
            case "ecdsa-sha2-nistp256":
                guard reader.text() == "nistp256", let point = reader.string(), reader.isAtEnd,
                    point.count == 65
                else { throw ApprovalFault.keyUnreadable }
                self = .ecdsaP256(try .init(x963Representation: point), blob: blob)
            case _: throw ApprovalFault.keyUnreadable
            }
        } catch {
            throw .keyUnreadable
        }
    }

    /// What SSH calls its algorithm.
    package var algorithm: String {
        switch self {
        case .ed25519: "ssh-ed25519"
        case .ecdsaP256: "ecdsa-sha2-nistp256"
        }
    }

    var blob: [UInt8] {
        switch self {
        case .ed25519(_, let blob), .ecdsaP256(_, let blob): blob
        }
    }

    /// Its line, without a comment.
    package var line: String { "\(algorithm) \(Base64.encode(blob))" }

    /// Its fingerprint as `ssh-keygen -l` shows it.
    package var fingerprint: String {
        let digest = Base64.encode(Array(SHA256.hash(data: blob)))
        return "SHA256:\(digest.prefix { $0 != "=" })"
    }

    fileprivate func isRight(_ signature: [UInt8], over message: [UInt8]) -> Bool {
        var reader = SSHReader(signature)
        guard reader.text() == algorithm, let raw = reader.string(), reader.isAtEnd else {
            return false
        }
        switch self {
        case .ed25519(let key, _): return key.isValidSignature(raw, for: message)
        case .ecdsaP256(let key, _):
            var numbers = SSHReader(raw)
            guard let r = numbers.number(bytes: 32), let s = numbers.number(bytes: 32),
                numbers.isAtEnd,
                case .success(let signature) = Result(catching: {
                    try P256.Signing.ECDSASignature(rawRepresentation: r + s)
                })
            else { return false }
            return key.isValidSignature(signature, for: message)
        }
    }
}

/// A signature as `ssh-keygen -Y sign` makes it (OpenSSH, PROTOCOL.sshsig), for one purpose alone.
struct SSHSignature {
    private let namespace: String
    private let publicKey: [UInt8]
    private let signature: [UInt8]

    /// Throws for anything but version 1, this namespace, SHA-512 and nothing besides.
    init(_ blob: [UInt8], in namespace: String) throws(ApprovalFault) {
        var reader = SSHReader(blob)
        guard blob.count <= ApprovalLimits.sshSignatureBytes,
            reader.bytes(6) == Array("SSHSIG".utf8), reader.bytes(4) == [0, 0, 0, 1],
            let publicKey = reader.string(), reader.text() == namespace,
            reader.string() == [], reader.text() == "sha512", let signature = reader.string(),
            reader.isAtEnd
        else { throw .sshSignature }
        (self.namespace, self.publicKey, self.signature) = (namespace, publicKey, signature)
    }

    /// Where the message is not known any more (nil), that `key` is named is all that can be told.
    func check(over message: [UInt8]?, by key: SSHPublicKey) throws(ApprovalFault) {
        guard publicKey == key.blob else { throw .sshSignature }
        guard let message else { return }
        var signed = Array("SSHSIG".utf8)
        for part in [
            Array(namespace.utf8), [], Array("sha512".utf8),
            Array(SHA512.hash(data: message)),
        ] {
            signed += Self.length(part.count) + part
        }
        guard key.isRight(signature, over: signed) else { throw .signature }
    }

    private static func length(_ count: Int) -> [UInt8] {
        stride(from: 24, through: 0, by: -8).map { UInt8(truncatingIfNeeded: count >> $0) }
    }
}

/// The data types of RFC 4251 §5.
private struct SSHReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func bytes(_ count: Int) -> [UInt8]? {
        guard rest.count >= count else { return nil }
        defer { rest.removeFirst(count) }
        return Array(rest.prefix(count))
    }

    mutating func string() -> [UInt8]? {
        guard let length = bytes(4) else { return nil }
        return bytes(length.reduce(0) { $0 << 8 | Int($1) })
    }

    mutating func text() -> String? {
        string().flatMap { String(validating: $0, as: UTF8.self) }
    }

    /// A positive `mpint` in so many bytes, spelt as RFC 4251 wants it.
    mutating func number(bytes count: Int) -> [UInt8]? {
        guard var number = string(), let first = number.first, first & 0x80 == 0 else { return nil }
        if first == 0 {
            guard number.count > 1, number[1] & 0x80 != 0 else { return nil }
            number.removeFirst()
        }
        guard number.count <= count else { return nil }
        return [UInt8](repeating: 0, count: count - number.count) + number
    }
}
