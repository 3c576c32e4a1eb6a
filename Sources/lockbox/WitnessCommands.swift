import ArgumentParser
import Foundation
import LockboxClient
import LockboxPorts
import LockboxWitness
import MerkleLog

struct WitnessCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "witness",
        abstract: "Run a witness: it cosigns logs that grow, and refuses those that change.",
        discussion: """
            A witness is run by somebody other than the log: a customer, or a third party.
            Who wants both signatures under a checkpoint need not trust either alone.

              lockbox witness init --data /var/lib/witness --name witness.contoso.example
              lockbox witness add-log --data /var/lib/witness 'lockbox.example/…+…+…'
              lockbox witness serve --data /var/lib/witness --listen 127.0.0.1:8480

            It witnesses any log that speaks C2SP tlog-witness.
            """,
        subcommands: [
            InitWitness.self, AddWitnessedLog.self, ServeWitness.self, WitnessStatus.self,
        ]
    )
}

/// Which witnesses a verifier wants to see under a checkpoint.
struct WitnessingOptions: ParsableArguments {
    @Option(help: "The key of a witness that is to have cosigned; may be given several times.")
    var witness: [String] = []
    @Option(help: "How many of them must have; all if left out.") var needed: Int?

    func validate() throws {
        if needed != nil, witness.isEmpty { throw ValidationError("--needed goes with --witness.") }
        if witness.count > LogWitness.most {
            throw ValidationError("--witness: \(LogWitness.most) at most.")
        }
        if let needed, !(1...witness.count).contains(needed) {
            throw ValidationError("--needed: from 1 to \(witness.count), as many as there are.")
        }
    }

    /// Nil where none was asked for.
    func read() throws -> Witnessing? {
        guard !witness.isEmpty else { return nil }
        return Witnessing(
            keys: try witness.map { text in
                do { return try WitnessKey(parsing: text) } catch {
                    throw Failure.usage("--witness: “\(TerminalText.clean(text))”: \(error)")
                }
            },
            needed: needed
        )
    }
}

struct WitnessOptions: ParsableArguments {
    @Option(help: "The witness's folder.", completion: .directory) var data: String

    var folder: WitnessFolder { WitnessFolder(data) }
}

struct InitWitness: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Make a witness with a key of its own, and print the key to verify it with."
    )

    @OptionGroup var witness: WitnessOptions
    @Option(help: "What it is called: a URL without scheme, such as witness.contoso.example.")
    var name: String

    func run() throws { Shell().write(try witness.folder.make(name: name).text) }
}

struct AddWitnessedLog: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add-log",
        abstract: "Add a log to witness.",
        discussion: """
            The key of a Lockbox log:  lockbox audit checkpoint --key
            Get it from somebody whom you believe; the witness believes whoever has it.
            """
    )

    @OptionGroup var witness: WitnessOptions
    @Argument(help: "The log's key: NAME+ID+KEY.") var key: String
    @Option(help: "The log's origin, where it is not the key's name.") var origin: String?

    func run() throws {
        let log: WitnessedLog
        do { log = try WitnessedLog(key: VerifierKey(parsing: key), origin: origin) } catch {
            throw Failure.failed("\(TerminalText.clean(key)): \(error)")
        }
        let isNew = try witness.folder.add(log)
        Shell().write(
            TerminalText.clean(log.origin) + (isNew ? " is witnessed." : " was witnessed already.")
        )
    }
}

struct ServeWitness: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the witness until SIGTERM or SIGINT.",
        discussion: """
            It speaks HTTP; for others than this machine, put a proxy with TLS in front.
            What it signs needs no secrecy, and nobody can change it on the way.
            """
    )

    @OptionGroup var witness: WitnessOptions
    @Option(help: "Where to accept connections: HOST:PORT.") var listen = "127.0.0.1:8480"

    func run() async throws {
        guard let colon = listen.lastIndex(of: ":"),
            let port = Int(listen[listen.index(after: colon)...]), (0...65535).contains(port)
        else { throw Failure.usage("--listen: \(listen) is not HOST:PORT") }
        let host = listen[..<colon].trimmingCharacters(in: ["[", "]"])
        let opened = try Witness(witness.folder)
        let server = WitnessServer(opened, host: host, port: port) { port in
            Shell().tell("\(opened.key.name) is listening on port \(port).")
        }
        do { try await server.run() } catch {
            throw Failure.failed("--listen: connections cannot be accepted on \(listen): \(error)")
        }
    }
}

struct WitnessStatus: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "What the witness has cosigned, and which logs contradict themselves.",
        discussion: "Ends with exit code 1 where a log has signed two heads of one size."
    )

    @OptionGroup var witness: WitnessOptions
    @OptionGroup var format: OutputOptions

    private struct Summary: Encodable {
        let key: String
        let logs: [Log]
        let contradictions: [Found]

        struct Log: Encodable {
            let origin: String
            let size: UInt64?
            let root: String?
            let cosignedAt: String?
        }

        struct Found: Encodable {
            let origin: String
            let size: UInt64
            let evidence: String
        }
    }

    func run() throws {
        let (signer, store) = try witness.folder.open()
        let heads = try store.heads()
        var origins = Set(try witness.folder.logs().map(\.origin))
        for head in heads { origins.insert(head.origin) }
        let found = try store.contradictions()
        let evidence = try witness.folder.keep(found)
        let summary = Summary(
            key: signer.key.text,
            logs: origins.sorted().map { origin in
                let head = heads.first { $0.origin == origin }
                return Summary.Log(
                    origin: origin,
                    size: head?.head.size,
                    root: head?.head.root.base64,
                    cosignedAt: head.map {
                        Date(timeIntervalSince1970: TimeInterval($0.time)).ISO8601Format()
                    }
                )
            },
            contradictions: zip(found, evidence).map {
                Summary.Found(origin: $0.origin, size: $0.size, evidence: $1)
            }
        )
        try show(summary, on: Shell())
        guard found.isEmpty else {
            throw Failure.failed(
                summary.contradictions.map {
                    "\(TerminalText.clean($0.origin)) has signed two heads of size \($0.size): \($0.evidence)"
                }.joined(separator: "\n")
            )
        }
    }

    private func show(_ summary: Summary, on shell: Shell) throws {
        if format.output == .json { return shell.write(try Session.json(summary)) }
        shell.write(summary.key)
        var table = Table("Log", "Size", "Cosigned")
        for log in summary.logs {
            table.add(log.origin, log.size.map { "\($0)" } ?? "–", log.cosignedAt ?? "never")
        }
        guard !table.isEmpty else { return shell.write("No logs. Add one with add-log.") }
        shell.write(table.lines(columns: shell.outputColumns).joined(separator: "\n"))
    }
}
