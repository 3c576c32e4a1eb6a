import Crypto
import Foundation
import MerkleLog

/// A key that the service and Lockbox share, as Standard Webhooks writes it.
struct HookSecret {
    static let form = "whsec_ and the base64 of 24 to 64 random bytes"
    private static let prefix = "whsec_"
    /// The new one and, while it is being changed, the old one.
    private static let atOnce = 1...2

    private let key: SymmetricKey

    private init?(_ text: some StringProtocol) {
        guard text.hasPrefix(Self.prefix),
            let bytes = Base64.decode(Array(text.utf8.dropFirst(Self.prefix.utf8.count))),
            (24...64).contains(bytes.count)
        else { return nil }
        key = SymmetricKey(data: bytes)
    }

    /// The secrets in a file, one a line; nil if there are none, too many, or other things.
    static func all(in text: String) -> [HookSecret]? {
        let lines = text.split(whereSeparator: \.isWhitespace)
        let secrets = lines.compactMap { HookSecret($0) }
        return secrets.count == lines.count && atOnce.contains(secrets.count) ? secrets : nil
    }

    /// One signature of Standard Webhooks 1.0: `v1,` and the HMAC-SHA256 of `id.timestamp.body`.
    func signature(of body: [UInt8], id: String, seconds: Int64) -> String {
        var code = HMAC<SHA256>(key: key)
        code.update(data: Data("\(id).\(seconds).".utf8))
        code.update(data: body)
        return "v1," + Base64.encode(Array(code.finalize()))
    }
}
