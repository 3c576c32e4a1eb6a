import ArgumentParser
import Foundation
import LockboxPortalWorld

/// Renders every page of the portal in every state into files, for the eyes of whoever works on it.
@main
struct Gallery: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lockbox-gallery",
        abstract:
            "Renders every page of the portal in every state into plain files. Open index.html of the folder."
    )

    @Flag(help: "Only say which scenes there are.")
    var list = false

    @Option(
        help: ArgumentHelp(
            "Where to write; what is there of an earlier run is replaced.",
            valueName: "dir"
        )
    )
    var out = "gallery"

    @Option(
        help: ArgumentHelp(
            "Only scenes whose group, name or path has this text in it.",
            valueName: "text"
        )
    )
    var only = ""

    @Option(
        help: ArgumentHelp(
            "Ask for each page so many times more, and tell the median time.",
            valueName: "count"
        )
    )
    var timings = 0

    func run() async throws {
        let scenes = Scene.all.filter { scene in
            only.isEmpty
                || "\(scene.group) \(scene.name) \(scene.path)".lowercased().contains(
                    only.lowercased()
                )
        }
        if list {
            for scene in scenes { print(Self.line(scene)) }
            return
        }
        guard !scenes.isEmpty else { throw ValidationError("no scene has \(only) in it") }
        var pages: [RenderedPage] = []
        var failures = 0
        for scene in scenes {
            do {
                let page = try await RenderedPage(scene, timings: timings)
                if page.answer.status != scene.status {
                    failures += 1
                    print(
                        "✗ \(Self.line(scene)): status \(page.answer.status), not \(scene.status)"
                    )
                }
                pages.append(page)
            } catch {
                failures += 1
                print("✗ \(Self.line(scene)): \(error)")
            }
        }
        let folder = URL(fileURLWithPath: out, isDirectory: true)
        try GalleryFolder(folder).write(pages, assets: try await PageAssets.load())
        if timings > 0 { for line in RenderedPage.table(of: pages) { print(line) } }
        print("\(pages.count) pages in \(folder.appending(path: "index.html").path)")
        if failures > 0 { throw ExitCode.failure }
    }

    private static func line(_ scene: Scene) -> String {
        "\(scene.group): \(scene.name) – \(scene.person ?? "nobody") at \(scene.path)"
    }
}
