import Crypto
import Foundation
import MerkleLog

/// The names of keys (RFC 7638).
enum Thumbprint {
    static func ofP256(x: String, y: String) -> String {
        of(#"{"crv":"P-256","kty":"EC","x":"\#(x)","y":"\#(y)"}"#)
    }

    static func ofEd25519(x: String) -> String {
        of(#"{"crv":"Ed25519","kty":"OKP","x":"\#(x)"}"#)
    }

    private static func of(_ members: String) -> String {
        SHA256.hash(data: Data(members.utf8)).base64URL
    }
}
