import ArgumentParser
import Foundation
import LockboxClient
import LockboxWire

struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Keys that sign approvals: passkeys, and SSH keys.",
        subcommands: [ListKeys.self, AddKey.self, ConfirmKey.self, RemoveKey.self]
    )

    struct ListKeys: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "List the keys of your organisation's people."
        )

        @OptionGroup var server: ServerOptions
        @OptionGroup var format: OutputOptions
        @Option(help: "The tenant; your own if left out.") var tenant: String?

        func run() async throws {
            try await Session.run(server, format.output) { session in
                let found = try await session.client.list(
                    try await session.signingKeys(of: tenant),
                    of: SigningKeyBody.self
                )
                try session.show(found, none: "There are none.") { keys in
                    var table = Table("Id", "Kind", "Person", "Name", "Added", "Counts")
                    for key in keys {
                        table.add(
                            key.id,
                            key.kind,
                            key.personName ?? key.person,
                            key.name ?? "",
                            TimeText.absolute(key.addedAt),
                            key.countsFrom.map { "from \(TimeText.absolute($0))" } ?? "yes"
                        )
                    }
                    return table
                }
            }
        }
    }

    struct AddKey: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "add",
            abstract: "Add an SSH key of your own.",
            discussion: """
                  lockbox keys add ~/.ssh/id_ed25519.pub --name laptop

                ssh-ed25519 or ecdsa-sha2-nistp256. It counts once an administrator who is
                somebody else has confirmed it, or after the cooling-off.
                """
        )

        @OptionGroup var server: ServerOptions
        @OptionGroup var format: OutputOptions
        @Option(help: "The tenant; your own if left out.") var tenant: String?
        @Option(help: "What you call it; the file's name if left out.") var name: String?
        @Argument(help: "The file with the public key.", completion: .file()) var file: String

        func run() async throws {
            try await Session.run(server, format.output) { session in
                let line = try Files.text(of: file)
                let added: [String: String] = try await session.client.post(
                    try await session.signingKeys(of: tenant),
                    NewSigningKey(
                        publicKey: line,
                        name: name ?? URL(filePath: file).lastPathComponent
                    )
                )
                try session.show(added) {
                    [
                        "Added: \(TerminalText.clean($0["id"] ?? "")).",
                        "It counts after the cooling-off, or once another administrator confirms it.",
                    ]
                }
            }
        }
    }

    struct ConfirmKey: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "confirm",
            abstract: "Say that somebody else's key is theirs, so that it counts now."
        )

        @OptionGroup var server: ServerOptions
        @Option(help: "The tenant; your own if left out.") var tenant: String?
        @Argument(help: "The key: KEY-… or PKY-…") var id: String

        func run() async throws {
            try await Session.run(server) { session in
                let path = try await session.signingKeys(of: tenant)
                try await session.client.command(path.appending(id).appending("confirm"))
                session.shell.tell("Confirmed. Approvals that it signs count from now on.")
            }
        }
    }

    struct RemoveKey: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "remove",
            abstract: "Remove an SSH key. It signs nothing any more."
        )

        @OptionGroup var server: ServerOptions
        @Option(help: "The tenant; your own if left out.") var tenant: String?
        @Argument(help: "The key: KEY-…") var id: String

        func run() async throws {
            try await Session.run(server) { session in
                try await session.client.delete(
                    try await session.signingKeys(of: tenant).appending(id)
                )
                session.shell.tell("Removed.")
            }
        }
    }
}

extension Session {
    func signingKeys(of tenant: String?) async throws -> Path {
        Path("v1", "tenants", try await self.tenant(tenant), "signing-keys")
    }
}

extension Files {
    /// A key, a statement or a signature, as somebody has handed it over.
    static func text(of path: String) throws(FileProblem) -> String {
        String(decoding: try read(path, atMost: smallBytes), as: UTF8.self)
    }
}
