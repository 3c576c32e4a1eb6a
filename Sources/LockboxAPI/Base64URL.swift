import Crypto
import Foundation

extension Sequence<UInt8> {
    /// RFC 4648 §5, without padding.
    var base64URL: String {
        Data(self).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
            .replacing("=", with: "")
    }
}

extension Data {
    /// Nil for what is not written as `base64URL` writes it.
    init?(base64URL text: some StringProtocol) {
        let text = String(text)
        let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        let plain = text.replacing("-", with: "+").replacing("_", with: "/")
        self.init(base64Encoded: plain + padding)
        guard base64URL == text else { return nil }
    }
}

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
