import Foundation

/// Why a file could not be read or written.
struct FileProblem: Error, CustomStringConvertible {
    let description: String

    init(_ path: String, _ what: String) { description = "\(path): \(what)" }
}

/// The sign-ins that `lockbox login` keeps, in a file that only its owner can read.
struct SavedSignIns: Codable {
    struct SignIn: Codable {
        var token: String
        var tokenID: String
        var email: String
    }

    /// The server of the last login.
    var current: String?
    /// By the server's address.
    var servers: [String: SignIn] = [:]

    static func path(_ environment: [String: String]) -> String {
        let base = environment["XDG_CONFIG_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        return (base ?? (environment["HOME"] ?? NSHomeDirectory()) + "/.config")
            + "/lockbox/credentials.json"
    }

    /// None if the file is not there.
    init(environment: [String: String]) throws(FileProblem) {
        let path = Self.path(environment)
        guard FileManager.default.fileExists(atPath: path) else { return }
        do {
            self = try JSONDecoder().decode(Self.self, from: Data(contentsOf: URL(filePath: path)))
        } catch {
            throw FileProblem(path, "it cannot be read; remove it and sign in again")
        }
    }

    func save(environment: [String: String]) throws(FileProblem) {
        let path = Self.path(environment)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
            try Files.write(Array(encoder.encode(self)), to: path)
        } catch let problem as FileProblem {
            throw problem
        } catch {
            throw FileProblem(path, "it cannot be written")
        }
    }
}

/// Whole files.
enum Files {
    /// Replaces the file in one step, so that no reader sees half of it. Like the folders above,
    /// which are made where they are missing, it is for its owner alone: it holds names, reasons or
    /// secrets.
    static func write(_ bytes: [UInt8], to path: String) throws(FileProblem) {
        let draft = try DraftFile(path + ".new")
        defer { draft.discard() }
        try draft.append(bytes)
        try draft.replace(path)
    }

    static func read(_ path: String) throws(FileProblem) -> [UInt8] {
        do { return Array(try Data(contentsOf: URL(filePath: path))) } catch {
            throw FileProblem(
                path,
                FileManager.default.fileExists(atPath: path)
                    ? "it cannot be read" : "there is no such file"
            )
        }
    }
}
