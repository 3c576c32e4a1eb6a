import LockboxPortalWorld

/// A scene and the page that it came out as.
struct RenderedPage: Sendable {
    let scene: Scene
    let answer: Answer
    /// How long the portal took: once, or the median of several.
    let milliseconds: Double

    init(_ scene: Scene, timings: Int) async throws {
        self.scene = scene
        (answer, milliseconds) = try await PortalWorld.with { world in
            let answer = try await scene.play(in: world)
            guard timings > 0, case .page = scene.ask else {
                return (answer, answer.elapsed.milliseconds)
            }
            var times: [Double] = []
            for _ in 0..<timings {
                times.append(
                    try await world.visit(answer.path, as: answer.person).elapsed.milliseconds
                )
            }
            return (answer, times.sorted()[times.count / 2])
        }
    }

    var bytes: Int { answer.html.utf8.count }

    /// The slowest first.
    static func table(of pages: [RenderedPage]) -> [String] {
        pages.sorted { $0.milliseconds > $1.milliseconds }.map { page in
            let tenths = Int((page.milliseconds * 10).rounded())
            return
                "\(tenths / 10).\(tenths % 10) ms\t\(page.bytes) bytes\t\(page.scene.group): \(page.scene.name)"
        }
    }
}

extension Duration {
    var milliseconds: Double {
        Double(components.seconds) * 1000 + Double(components.attoseconds) / 1_000_000_000_000_000
    }
}

/// What every page refers to, by the address in it.
struct PageAssets: Sendable {
    let files: [(path: String, text: String)]

    static func load() async throws -> PageAssets {
        try await PortalWorld.with { world in
            let page = HTMLDocument(try await world.visit("/sign-in", as: nil).html)
            let paths = page.elements.compactMap { $0["href"] ?? $0["src"] }.filter {
                $0.hasPrefix("/assets/")
            }
            var files: [(path: String, text: String)] = []
            for path in paths { files.append((path, try await world.visit(path, as: nil).html)) }
            return PageAssets(files: files)
        }
    }
}
