import Foundation
import LockboxDomain

/// Two Dovecots on the same Maildirs: the support instance, which obeys Lockbox, and the tenant's
/// own. They run from the files in Examples/dovecot.
struct MailServer {
    let supportPort: Int
    let ownPort: Int
    let doveadmPort: Int
    private let servers: ServersFolder
    private static let instances = [
        (name: "Dovecot (for engineers)", folder: "support"),
        (name: "Dovecot (Contoso's own)", folder: "owner"),
    ]
    /// Folders in that of the servers that hold sockets.
    static let sockets = instances.map { "\($0.folder)/run" }

    init(in servers: ServersFolder, ports: [Int]) {
        (supportPort, ownPort, doveadmPort) = (ports[0], ports[1], ports[2])
        self.servers = servers
    }

    private var user: OrdinaryUser { servers.user }

    // MARK: - Mailboxes

    /// Delivers to an address, as a mail server does: written to `tmp`, moved to `new`.
    func deliver(_ messages: [MailboxMessage], to address: String) throws {
        let box = servers["mail/\(address)"]
        // Dovecot's user may write into the Maildirs, but not beside them; see
        // docs/operating/dovecot.md.
        try ServersFolder.make(servers["mail"])
        for part in ["", "/cur", "/new", "/tmp"] { try ServersFolder.make(box + part) }
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
        try ServersFolder.make(servers["owner"])
        try DataFolder.write(lines, to: servers["owner/passwd"], mode: 0o600)
        try prepare("owner", files: [("owner/dovecot.conf", 0o600)], ["IMAP_PORT": "\(ownPort)"])
    }

    private func prepare(_ name: String, files: [(String, Int)], _ values: [String: String]) throws
    {
        let templates = try ServersFolder.examples("dovecot")
        let folder = servers[name]
        for part in ["", "/run", "/state", "/home"] { try ServersFolder.make(folder + part) }
        let standing = [
            "BASE": folder, "USER": user.name, "GROUP": user.group, "MAIL_ROOT": servers["mail"],
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
            let command = [dovecot, "-F", "-c", "\(servers[folder])/dovecot.conf"]
            started.append(
                try await children.start(name, command, as: user, log: log("dovecot-\(folder)"))
            )
        }
        return started
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
