import Crypto
import Foundation
import LockboxDomain
import LockboxService

/// What an open page compares to learn whether it still shows what is (`data-live`).
enum LiveTag {
    /// Changes with everything that a list tells of `requests` and time alone does not change, and
    /// with each of `others`; never empty.
    static func of(_ requests: [RequestView], _ others: String...) -> String {
        let tags = requests.map { view in
            let state = view.grantState?.rawValue ?? view.request.state.name.rawValue
            return "\(view.request.id).\(view.request.version).\(state).\(view.useCount)"
        }
        // However many they are, the page carries no more than this of them.
        let digest = SHA256.hash(data: Data((tags + others).joined(separator: " ").utf8))
        return digest.prefix(12).map { String(format: "%02x", $0) }.joined()
    }
}
