import Foundation

/// A folder of Tests/Vectors.
enum VectorFolder {
    private struct File<Vector: Decodable>: Decodable {
        let vectors: [Vector]
    }

    static func path(_ name: String) -> String {
        URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../Vectors/\(name)").standardized.path
    }

    /// Those that it lists; none where the list cannot be read, which its tests notice.
    static func vectors<Vector: Decodable>(in folder: String) -> [Vector] {
        switch Result(catching: {
            try JSONDecoder().decode(
                File<Vector>.self,
                from: Data(contentsOf: URL(filePath: folder + "/vectors.json"))
            )
        }) {
        case .success(let file): file.vectors
        case .failure: []
        }
    }
}
