import Foundation

/// Where the servers lie that an ordinary user runs, and that user.
struct ServersFolder {
    /// Names of Unix sockets end at 107 bytes (`unix(7)`); Dovecot's longest below its folder has
    /// less than this.
    private static let socketPathRoom = 107 - 48

    let path: String
    let user: OrdinaryUser
    /// Where it belongs, if it could not be put there.
    private let home: String?

    /// Makes it in `folder`, or, where servers could not run there, below `/tmp` with a link in
    /// `folder`.
    init(in folder: DataFolder) throws {
        user = try OrdinaryUser()
        let link = folder["servers"]
        if user.canPass(folder.path), link.utf8.count <= Self.socketPathRoom {
            path = link
            home = nil
        } else {
            var template = Array("/tmp/lockbox-demo-XXXXXX".utf8CString)
            guard mkdtemp(&template) != nil else {
                throw DemoError("No folder can be made in /tmp.")
            }
            path = String(
                decoding: template.dropLast().map { UInt8(bitPattern: $0) },
                as: UTF8.self
            )
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
            home = link
        }
        try Self.make(path)
    }

    /// The path of something in it.
    subscript(name: String) -> String { path + "/" + name }

    static func make(_ path: String) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    }

    /// Moves what had to be put elsewhere into the data folder, once nothing runs any more.
    /// `sockets` are folders that hold nothing else: those cannot be moved to another file system.
    func comeHome(without sockets: [String]) throws {
        guard let home else { return }
        for folder in sockets where FileManager.default.fileExists(atPath: self[folder]) {
            try FileManager.default.removeItem(atPath: self[folder])
        }
        try FileManager.default.removeItem(atPath: home)
        try FileManager.default.moveItem(atPath: path, toPath: home)
    }

    /// A folder of `Examples` in this source tree.
    static func examples(_ name: String) throws -> String {
        var folders = [FileManager.default.currentDirectoryPath]
        var path = URL(filePath: Bundle.main.executablePath ?? "/").resolvingSymlinksInPath()
        while path.path.count > 1 {
            path.deleteLastPathComponent()
            folders.append(path.path)
        }
        let candidates = folders.map { ($0 == "/" ? "" : $0) + "/Examples/" + name }
        guard let found = candidates.first(where: FileManager.default.fileExists) else {
            throw DemoError(
                "Examples/\(name) of Lockbox's sources is not found, neither here nor above \(folders[1]). "
                    + "Run the demo in the source folder."
            )
        }
        return found
    }
}
