import Foundation
import LockboxPortalWorld

/// The files of a gallery: each page in a light and a dark variant, the assets beside them, and an
/// index.
struct GalleryFolder {
    /// A browser shows what its owner likes; here both are shown at once, so each variant has one
    /// of them fixed.
    enum Theme: String, CaseIterable {
        case light, dark

        func fix(_ text: String) -> String {
            text.replacing("(prefers-color-scheme: dark)", with: self == .dark ? "all" : "not all")
                .replacing("color-scheme: light dark", with: "color-scheme: \(rawValue)")
                .replacing("content=\"light dark\"", with: "content=\"\(rawValue)\"")
        }
    }

    private let folder: URL

    init(_ folder: URL) { self.folder = folder }

    func write(_ pages: [RenderedPage], assets: PageAssets) throws {
        let links = Links(pages)
        for theme in Theme.allCases {
            let place = folder.appending(path: theme.rawValue)
            // Pages of scenes that are gone would be taken for present ones.
            if FileManager.default.fileExists(atPath: place.path) {
                try FileManager.default.removeItem(at: place)
            }
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            for asset in assets.files {
                try write(
                    theme.fix(asset.text),
                    to: place.appending(path: Links.fileName(ofAsset: asset.path))
                )
            }
            for page in pages {
                let text = theme.fix(links.localised(page.answer.html, for: page.answer.person))
                try write(text, to: place.appending(path: "\(page.scene.slug).html"))
            }
        }
        try write(IndexPage.document(of: pages), to: folder.appending(path: "index.html"))
        try write(IndexPage.style, to: folder.appending(path: "index.css"))
        try write(IndexPage.script, to: folder.appending(path: "index.js"))
    }

    private func write(_ text: String, to file: URL) throws { try Data(text.utf8).write(to: file) }
}

/// Where the links of a page lead among files: to the same person's page of that path, if there is
/// a scene with it.
private struct Links {
    private let scenes: [String: String]

    init(_ pages: [RenderedPage]) {
        var scenes: [String: String] = [:]
        for page in pages where page.answer.status == 200 {
            for key in Self.keys(page.answer.path, page.answer.person) where scenes[key] == nil {
                scenes[key] = "\(page.scene.slug).html"
            }
        }
        self.scenes = scenes
    }

    static func fileName(ofAsset path: String) -> String {
        String(path.split(separator: "/").last ?? "asset")
    }

    func localised(_ html: String, for person: String?) -> String {
        html.replacing(#/(href|src|action)="(/[^"]*)"/#) { match -> String in
            let path = String(match.output.2).replacing("&amp;", with: "&")
            if path.hasPrefix("/assets/") {
                return "\(match.output.1)=\"\(Self.fileName(ofAsset: path))\""
            }
            let known = Self.keys(path, person).compactMap { scenes[$0] }.first
            // A form would send its fields; a file takes none.
            return match.output.1 == "action"
                ? "action=\"#\"" : "\(match.output.1)=\"\(known ?? "#")\""
        }.replacing("method=\"post\"", with: "method=\"get\"")
    }

    /// The very page, the same without its query, any of that kind.
    private static func keys(_ path: String, _ person: String?) -> [String] {
        let bare = String(path.prefix { $0 != "?" && $0 != "#" })
        let kind = bare.replacing(#/(?:LBX|SR|PER)-[0-9A-Z]+/#, with: "*")
        return [path, bare, kind].map { "\(person ?? "") \($0)" }
    }
}
