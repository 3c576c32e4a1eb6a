import Foundation
import LockboxDomain

/// Two Dovecots on the same Maildirs: the support instance, which obeys Lockbox, and the tenant's
/// own. They run from the files in Examples/dovecot.
struct MailServer {
    /// Names of Unix sockets end at 107 bytes (`unix(7)`); Dovecot's longest below its folder has
    /// less than this.
    private static let socketPathRoom = 107 - 48

    let supportPort: Int
    let ownPort: Int
    let doveadmPort: Int
    /// Where the Maildirs and both instances lie.
    let base: String
    private let user: OrdinaryUser
    /// Where it belongs, if it could not be put there.
    private let home: String?
    private static let instances = [
        (name: "Dovecot (for engineers)", folder: "support"),
        (name: "Dovecot (Contoso's own)", folder: "owner"),
    ]

    /// Puts it into `folder`, or, where Dovecot could not run there, below `/tmp` with a link in
    /// `folder`.
    init(in folder: DataFolder, ports: [Int]) throws {
        (supportPort, ownPort, doveadmPort) = (ports[0], ports[1], ports[2])
        user = try OrdinaryUser()
        let link = folder["mailserver"]
        if user.canPass(folder.path), link.utf8.count <= Self.socketPathRoom {
            base = link
            home = nil
        } else {
            var template = Array("/tmp/lockbox-demo-XXXXXX".utf8CString)
            guard mkdtemp(&template) != nil else {
                throw DemoError("No folder can be made in /tmp.")
            }
            base = String(
                decoding: template.dropLast().map { UInt8(bitPattern: $0) },
                as: UTF8.self
            )
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: base)
            home = link
        }
        try makeFolder(base)
    }

    /// Moves what had to be put elsewhere into the data folder, once nothing runs any more.
    func comeHome() throws {
        guard let home else { return }
        // Sockets cannot be moved to another file system, and nobody needs them now.
        for instance in Self.instances {
            try FileManager.default.removeItem(atPath: "\(base)/\(instance.folder)/run")
        }
        try FileManager.default.removeItem(atPath: home)
        try FileManager.default.moveItem(atPath: base, toPath: home)
    }

    // MARK: - Mailboxes

    /// Delivers to an address, as a mail server does: written to `tmp`, moved to `new`.
    func deliver(_ messages: [MailboxMessage], to address: String) throws {
        let box = base + "/mail/" + address
        // Dovecot's user may write into the Maildirs, but not beside them; see
        // docs/operating/dovecot.md.
        try makeFolder(base + "/mail")
        for part in ["", "/cur", "/new", "/tmp"] { try makeFolder(box + part) }
        for (number, message) in messages.enumerated() {
            let name = "\(number + 1).demo"
            try DataFolder.write(message.text(to: address), to: "\(box)/tmp/\(name)", mode: 0o600)
            try FileManager.default.moveItem(
                atPath: "\(box)/tmp/\(name)",
                toPath: "\(box)/new/\(name)"
            )
        }
        try user.own(box)
    }

    private func makeFolder(_ path: String) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    }

    // MARK: - Instances

    /// Writes what the support instance needs: whom to ask about a login, and the key that may cut
    /// sessions.
    func prepareSupport(introspectionURL: String, doveadmKey: String) throws {
        try prepare(
            "support",
            files: [("dovecot.conf", 0o600), ("dovecot-oauth2.conf.ext", 0o600), ("acl", 0o644)],
            [
                "IMAP_PORT": "\(supportPort)", "DOVEADM_PORT": "\(doveadmPort)",
                "DOVEADM_KEY": doveadmKey,
                "INTROSPECTION_URL": introspectionURL,
            ]
        )
    }

    /// Writes what the tenant's own instance needs.
    func prepareOwn(passwords: [(address: String, password: String)]) throws {
        let lines = passwords.map { "\($0.address):{PLAIN}\($0.password)\n" }.joined()
        try makeFolder(base + "/owner")
        try DataFolder.write(lines, to: base + "/owner/passwd", mode: 0o600)
        try prepare("owner", files: [("owner/dovecot.conf", 0o600)], ["IMAP_PORT": "\(ownPort)"])
    }

    private func prepare(_ name: String, files: [(String, Int)], _ values: [String: String]) throws
    {
        let templates = try Self.templates()
        let folder = base + "/" + name
        for part in ["", "/run", "/state", "/home"] { try makeFolder(folder + part) }
        let standing = [
            "BASE": folder, "USER": user.name, "GROUP": user.group, "MAIL_ROOT": base + "/mail",
        ]
        for (file, mode) in files {
            var text = try String(contentsOfFile: templates + "/" + file, encoding: .utf8)
            for (key, value) in values.merging(standing, uniquingKeysWith: { $1 }) {
                text = text.replacingOccurrences(of: "@\(key)@", with: value)
            }
            let target = URL(filePath: file).lastPathComponent
            try DataFolder.write(text, to: folder + "/" + target, mode: mode)
        }
        try user.own(folder)
    }

    /// Starts both, and waits until they answer.
    func start(_ children: Children, log: (String) -> String) async throws -> [Children
        .Child]
    {
        let dovecot = try Children.find("dovecot", package: "dovecot-imapd")
        var started: [Children.Child] = []
        for (name, folder) in Self.instances {
            let command = [dovecot, "-F", "-c", "\(base)/\(folder)/dovecot.conf"]
            started.append(
                try await children.start(name, command, as: user, log: log("dovecot-\(folder)"))
            )
        }
        return started
    }

    /// Examples/dovecot of this source tree.
    private static func templates() throws -> String {
        var folders = [FileManager.default.currentDirectoryPath]
        var path = URL(filePath: Bundle.main.executablePath ?? "/").resolvingSymlinksInPath()
        while path.path.count > 1 {
            path.deleteLastPathComponent()
            folders.append(path.path)
        }
        let candidates = folders.map { ($0 == "/" ? "" : $0) + "/Examples/dovecot" }
        guard
            let found = candidates.first(where: {
                FileManager.default.fileExists(atPath: $0 + "/dovecot.conf")
            })
        else {
            throw DemoError(
                "Examples/dovecot of Lockbox's sources is not found, neither here nor above \(folders[1]). "
                    + "Run the demo in the source folder."
            )
        }
        return found
    }
}

/// A message in somebody's mailbox.
struct MailboxMessage {
    let from: String
    let subject: String
    let body: String

    fileprivate func text(to address: String) -> String {
        """
        From: \(from)
        To: \(address)
        Subject: \(subject)
        Date: Mon, 2 Mar 2026 09:15:00 +0000
        Message-ID: <\(subject.lowercased().filter { $0.isASCII && $0.isLetter })@demo.test>
        MIME-Version: 1.0
        Content-Type: text/plain; charset=utf-8

        \(body)

        """
    }
}
