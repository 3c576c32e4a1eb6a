import Foundation
import HTTPTypes
import Hummingbird
import LockboxHTTP
import LockboxPortalWorld
import Testing

@testable import LockboxPortal

/// Every page in every state, judged by what holds for all of them.
struct GalleryTests {
    @Test func scenesHaveNamesOfTheirOwn() {
        let slugs = Scene.all.map(\.slug)
        #expect(slugs.count == Set(slugs).count)
    }

    @Test(arguments: Scene.all)
    func pageIsSound(_ scene: Scene) async throws {
        try await PortalWorld.with { world in
            let answer = try await scene.play(in: world)
            #expect(answer.status == scene.status)
            for fault in PageFaults(of: answer.html).found { Issue.record("\(fault)") }
            #expect(!answer.html.contains("<script>alert"), "a hostile text came out as markup")
            #expect(
                !answer.html.replacing("{{name}}", with: "").contains("{{"),
                "a template's name came out"
            )
            for name in ["Content-Security-Policy", "X-Content-Type-Options", "Cache-Control"] {
                #expect(answer.headers.contains { $0.name.rawName == name }, "\(name) is missing")
            }
            // The first page of a stranger on a slow line: the page, the style and the script.
            // Icons come later.
            let bytes = answer.html.utf8.count
            #expect(
                bytes + Self.shared <= 60 * 1024,
                "it has \(bytes) bytes, and \(Self.shared) besides"
            )
            if scene.isKey { try expectTextIsWhatItWas(answer, scene) }
            guard answer.status != 503 else { return }
            try await expectLinksLeadSomewhere(answer, in: world)
        }
    }

    private static let shared = Assets.styleSheet.bytes.count + Assets.script.bytes.count

    /// Each link of the page leads to a page that this very person may see, and each form to a path
    /// that takes it.
    private func expectLinksLeadSomewhere(_ answer: Answer, in world: PortalWorld) async throws {
        let document = HTMLDocument(answer.html)
        let links = Set(
            document.elements.filter { $0.name == "a" || $0.name == "link" }.compactMap {
                $0["href"]
            }
        )
        for link in links.sorted() where link.hasPrefix("/") {
            // A browser keeps the place on the page to itself.
            let status = try await world.visit(String(link.prefix { $0 != "#" }), as: answer.person)
                .status
            #expect(status == 200 || status == 303, "\(link) answers \(status)")
        }
        let paths = world.site.routes.filter { $0.method == .post }.map { $0.path.description }
        for form in document.all("form") where form["method"] == "post" {
            let action = form["action"] ?? answer.path
            guard !action.hasPrefix(PortalWorld.address) else { continue }
            #expect(paths.contains { Self.fits(action, $0) }, "no form is taken at \(action)")
        }
    }

    private static func fits(_ path: String, _ route: String) -> Bool {
        let given = path.prefix { $0 != "?" }.split(separator: "/")
        let wanted = route.split(separator: "/")
        return given.count == wanted.count
            && zip(given, wanted).allSatisfy { $1.hasPrefix(":") || $1.hasPrefix("{") || $0 == $1 }
    }

    // MARK: - What people read

    private static let snapshots = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appending(path: "Snapshots")
    /// Set it to record the texts anew, and look at the difference before it is committed.
    private static let isRecording = ProcessInfo.processInfo.environment["RECORD_SNAPSHOTS"] != nil

    private func expectTextIsWhatItWas(_ answer: Answer, _ scene: Scene) throws {
        let text = HTMLDocument(answer.html).visibleText
        let file = Self.snapshots.appending(path: "\(scene.slug).txt")
        if Self.isRecording { try Data(text.utf8).write(to: file) }
        let kept = try String(contentsOf: file, encoding: .utf8)
        #expect(text == kept, "set RECORD_SNAPSHOTS=1 if this is how it shall be")
    }

    @Test func noTextIsKeptOfASceneThatIsGone() throws {
        let kept = try FileManager.default.contentsOfDirectory(atPath: Self.snapshots.path)
        #expect(Set(kept) == Set(Scene.all.filter(\.isKey).map { "\($0.slug).txt" }))
    }
}
