import Crypto
import LockboxWire
import MerkleLog
import WebAuthn

/// A signature over a statement as its record has it (docs/spec/approval-statement.md §2).
enum ApprovalSignature {
    case webAuthn(passkey: String, SignedAnswer)
    case ssh(key: String, signature: [UInt8])

    init(_ value: JSONValue) throws(ApprovalFault) {
        guard let members = value.object, let kind = members["kind"]?.string else {
            throw .incomplete
        }
        func bytes(_ name: String) throws(ApprovalFault) -> [UInt8] {
            guard let bytes = members[name]?.string.flatMap({ [UInt8](base64URL: $0) }) else {
                throw .incomplete
            }
            return bytes
        }
        switch kind {
        case "webauthn":
            guard members.count == 5, let passkey = members["passkey"]?.string else {
                throw .incomplete
            }
            self = .webAuthn(
                passkey: passkey,
                SignedAnswer(
                    clientData: try bytes("clientData"),
                    authenticatorData: try bytes("authenticatorData"),
                    signature: try bytes("signature")
                )
            )
        case "sshsig":
            guard members.count == 3, let key = members["key"]?.string,
                let blob = members["signature"]?.string.flatMap({ Base64.decode($0.utf8) })
            else { throw .incomplete }
            self = .ssh(key: key, signature: blob)
        case _: throw .incomplete
        }
    }

    /// The identifier of the key that made it.
    var key: String {
        switch self {
        case .webAuthn(let passkey, _): passkey
        case .ssh(let key, _): key
        }
    }

    var kind: ApprovalCheck.Key.Kind {
        switch self {
        case .webAuthn: .passkey
        case .ssh: .ssh
        }
    }

    /// Throws unless it is the signature of `publicKey` over `message`, an SSH key's in `namespace`; where
    /// the message was erased (nil), over anything, as far as that can be told: an SSH signature needs
    /// what it is over.
    func check(over message: [UInt8]?, by publicKey: String, in namespace: String)
        throws(ApprovalFault)
    {
        switch self {
        case .webAuthn(_, let answer):
            guard let cose = [UInt8](base64URL: publicKey),
                case .success(let key) = Result(catching: { () throws(WebAuthnFault) in
                    try PublicKey(cose: cose)
                })
            else { throw .keyUnreadable }
            do throws(WebAuthnFault) {
                try answer.check(answering: message.map { Array(SHA256.hash(data: $0)) }, by: key)
            } catch {
                throw ApprovalFault(error)
            }
        case .ssh(_, let signature):
            try SSHSignature(signature, in: namespace)
                .check(over: message, by: SSHPublicKey(publicKey))
        }
    }
}

extension ApprovalFault {
    /// What is wrong with a passkey's answer.
    init(_ fault: WebAuthnFault) {
        self =
            switch fault {
            case .challenge: .challenge
            case .origin, .crossOrigin, .relyingParty: .origin
            case .userPresence, .userVerification: .userVerification
            case .signature: .signature
            case .algorithm, .publicKey: .keyUnreadable
            case .response, .clientData, .type, .expired, .answered, .authenticatorData,
                .backupState, .backupEligibility, .attestation, .attestationFormat, .credentialID,
                .unknownCredential, .userHandle:
                .clientData
            }
    }
}
