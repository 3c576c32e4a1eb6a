import Foundation
import LockboxWire
import MerkleLog

/// An answer as browsers write it in JSON (WebAuthn §5.1, `toJSON`), with only the members that are
/// looked at.
private struct ResponseJSON: Decodable {
    struct Response: Decodable {
        let clientDataJSON: String
        let attestationObject: String?
        let authenticatorData: String?
        let signature: String?
        let userHandle: String?
    }

    let id: String
    let type: String
    let response: Response

    init(parsing text: String) throws(WebAuthnFault) {
        let bytes = Array(text.utf8)
        guard bytes.count <= WebAuthnLimits.responseBytes else { throw .response }
        do {
            try StrictJSON.check(bytes)
            self = try JSONDecoder().decode(ResponseJSON.self, from: Data(bytes))
        } catch {
            throw .response
        }
        guard type == "public-key" else { throw .response }
    }

    /// Base64url without padding; `length` is how long the bytes may be.
    static func bytes(_ text: String?, _ length: ClosedRange<Int>) throws(WebAuthnFault)
        -> [UInt8]
    {
        guard let text, let bytes = [UInt8](base64URL: text), length.contains(bytes.count) else {
            throw .response
        }
        return bytes
    }
}

extension RegistrationResponse {
    /// Throws what is wrong with `text`, a `RegistrationResponseJSON`.
    package init(json text: String) throws(WebAuthnFault) {
        let sent = try ResponseJSON(parsing: text)
        self.init(
            id: try ResponseJSON.bytes(sent.id, WebAuthnLimits.credentialIDBytes),
            clientData: try ResponseJSON.bytes(
                sent.response.clientDataJSON,
                1...WebAuthnLimits.clientDataBytes
            ),
            attestation: try ResponseJSON.bytes(
                sent.response.attestationObject,
                1...WebAuthnLimits.attestationBytes
            )
        )
    }
}

extension AssertionResponse {
    /// Throws what is wrong with `text`, an `AuthenticationResponseJSON`.
    package init(json text: String) throws(WebAuthnFault) {
        let sent = try ResponseJSON(parsing: text)
        self.init(
            id: try ResponseJSON.bytes(sent.id, WebAuthnLimits.credentialIDBytes),
            clientData: try ResponseJSON.bytes(
                sent.response.clientDataJSON,
                1...WebAuthnLimits.clientDataBytes
            ),
            authenticatorData: try ResponseJSON.bytes(
                sent.response.authenticatorData,
                1...WebAuthnLimits.authenticatorDataBytes
            ),
            signature: try ResponseJSON.bytes(
                sent.response.signature,
                WebAuthnLimits.signatureBytes
            ),
            userHandle: try sent.response.userHandle.map { text throws(WebAuthnFault) in
                try ResponseJSON.bytes(text, WebAuthnLimits.userHandleBytes)
            }
        )
    }
}
