import Crypto
import Hummingbird
import LockboxNotifier
import MerkleLog
import NIOCore
import Synchronization

/// A file that pages refer to. Its address holds its hash, so that a browser may keep it for ever.
struct Asset: Sendable {
    let path: String
    let type: String
    let bytes: [UInt8]

    init(_ name: String, _ type: String, _ bytes: [UInt8]) {
        let hash = Hex.encode(SHA256.hash(data: bytes).prefix(8))
        path = "/assets/\(hash)/\(name)"
        self.type = type
        self.bytes = bytes
    }

    var response: Response {
        Response(
            status: .ok,
            headers: [.contentType: type, .cacheControl: "public, max-age=31536000, immutable"],
            body: .init(byteBuffer: ByteBuffer(bytes: bytes))
        )
    }
}

/// Style, script and icon.
enum Assets {
    static let styleSheet = Asset(
        "portal.css",
        "text/css; charset=utf-8",
        PackageResources.portal_css
    )
    static let script = Asset(
        "portal.js",
        "text/javascript; charset=utf-8",
        PackageResources.portal_js
    )
    static let icon = Asset("icon.svg", "image/svg+xml", PackageResources.icon_svg)
    static let all = [styleSheet, script, icon]
}

/// What pages show of the provider: `Appearance`, as files that they refer to.
struct Branding: Sendable {
    let logo: Asset?
    let colours: Asset?
    let help: String?
    let helpLink: String?

    init(_ appearance: Appearance) {
        logo = appearance.logo.map {
            Asset($0.type == "image/png" ? "logo.png" : "logo.svg", $0.type, $0.bytes)
        }
        // Only whose place it is; a tenant keeps the colour that stands for it.
        colours = appearance.colour.map {
            Asset(
                "provider.css",
                "text/css; charset=utf-8",
                Array(".door, .provider { --place: \($0) }\n".utf8)
            )
        }
        (help, helpLink) = (appearance.help, appearance.helpLink)
    }

    var assets: [Asset] { [logo, colours].compactMap(\.self) }
}

/// The provider's name as it was read last, so that pages before sign-in say whose they are also
/// while the store gives no answer.
final class LastProviderName: Sendable {
    private let name = Mutex<String?>(nil)

    var value: String? { name.withLock { $0 } }

    func keep(_ new: String) { name.withLock { $0 = new } }
}
