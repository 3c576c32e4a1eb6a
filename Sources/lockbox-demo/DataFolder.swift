import Foundation
import LockboxPorts

/// The demo's data folder: made anew each time, and never in place of a folder that is not a
/// demo's.
struct DataFolder {
    /// Lies in every folder that a demo has made; while one runs, it is locked.
    private static let marker = ".lockbox-demo"

    /// As the person named it, for the lines that she reads.
    let shown: String
    let path: String

    init(making shown: String) throws {
        self.shown = shown.hasSuffix("/") && shown.count > 1 ? String(shown.dropLast()) : shown
        path = URL(filePath: shown).standardizedFileURL.path(percentEncoded: false).trimmingSuffix(
            "/"
        )
        let files = FileManager.default
        var isFolder: ObjCBool = false
        if files.fileExists(atPath: path, isDirectory: &isFolder) {
            guard isFolder.boolValue else {
                throw DemoError("\(shown) is a file. Name another folder with --data.")
            }
            let content = try files.contentsOfDirectory(atPath: path)
            guard content.isEmpty || content.contains(Self.marker) else {
                throw DemoError(
                    "\(shown) is not a demo's folder, and would be emptied. Name another one with --data."
                )
            }
        }
        try make("", mode: 0o755)
        try lock()
        for name in try files.contentsOfDirectory(atPath: path) where name != Self.marker {
            try files.removeItem(atPath: self[name])
        }
    }

    /// The path of something in the folder.
    subscript(name: String) -> String { name.isEmpty ? path : path + "/" + name }

    /// Two demos in one folder would take it away from each other. The lock lasts as long as this
    /// process.
    private func lock() throws {
        let file = open(self[Self.marker], O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw DemoError("\(shown) cannot be written.") }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            throw DemoError(
                "Another demo is running in \(shown). End it, or name another folder with --data."
            )
        }
    }

    func make(_ name: String, mode: Int) throws {
        try FileManager.default.createDirectory(
            atPath: self[name],
            withIntermediateDirectories: true
        )
        // Set apart from making it, so that no umask makes it less.
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: self[name])
    }

    func write(_ text: String, to name: String, mode: Int = 0o644) throws {
        try Self.write(text, to: self[name], mode: mode)
    }

    static func write(_ text: String, to path: String, mode: Int = 0o644) throws {
        guard
            FileManager.default.createFile(
                atPath: path,
                contents: Data(text.utf8),
                attributes: [.posixPermissions: mode]
            )
        else { throw DemoError("\(path) cannot be written.") }
    }
}

/// Why the demo cannot go on.
struct DemoError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

extension String {
    fileprivate func trimmingSuffix(_ suffix: String) -> String {
        hasSuffix(suffix) && self != suffix ? String(dropLast(suffix.count)) : self
    }
}

/// Ports of this machine that nobody listens on.
enum Ports {
    /// Below the range that outgoing connections take theirs from.
    private static let range: ClosedRange<UInt16> = 15_000...31_999

    /// `count` different ones.
    static func free(_ count: Int, entropy: any Entropy) -> [Int] {
        var ports: Set<Int> = []
        while ports.count < count {
            let bytes = entropy.bytes(2)
            let number = UInt16(bytes[0]) << 8 | UInt16(bytes[1])
            if range.contains(number), isFree(Int(number)) { ports.insert(Int(number)) }
        }
        return Array(ports)
    }

    static func isFree(_ port: Int) -> Bool {
        let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard file >= 0 else { return false }
        defer { close(file) }
        // As the server does, so that connections of a run before, which the system still
        // remembers, do not count.
        var yes: Int32 = 1
        setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
