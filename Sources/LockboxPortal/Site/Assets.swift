import Crypto
import Hummingbird
import MerkleLog
import NIOCore

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
