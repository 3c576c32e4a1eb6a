import ArgumentParser
import Foundation
import LockboxClient
import LockboxPorts
import LockboxWire
import MerkleLog

struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Follow your organisation's log, verify it, and tell when something matters.",
        discussion: """
              lockbox watch --tenant contoso --token-file watch.token \\
                --smtp-file relay.url --mail-from watch@contoso.example \\
                --mail-to security@contoso.example
              lockbox watch --once --webhook https://siem.contoso.example/lockbox

            Verifies each step as “lockbox audit verify” does, keeps a copy that
            “lockbox audit verify --export FOLDER/log.jsonl” checks without any server,
            and tells each of these once, also after a restart: approvers,
            administrators and keys that are new, proposed or changed; rules that
            protect less, asked for or in force; access without the approvals or
            signatures that were due, or that nobody granted; texts that were erased; a
            database that was put back; a log that stands still, is shorter, another
            one, signed by another key, or not in order in any other way.

            It is told on standard output, and by e-mail or webhook where that is
            asked for. What cannot be delivered is tried again. A token that may only
            read is enough.

            Runs until it is stopped. With --once, ends with 0 where nothing was new,
            5 where something was told, 6 where it could not be delivered, 1 where the
            log is not in order or stands still, 3 not signed in, 4 unreachable.
            """
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var log: LogOptions
    @Option(help: "A folder for what is remembered, for this log alone.", completion: .directory)
    var state: String?
    @Flag(help: "Look once, and end.") var once = false
    @Option(help: "How often to look.") var every = DurationArgument(seconds: 60)
    @Option(help: "How old the log's last sign of life may be.")
    var maxAge = DurationArgument(seconds: 3600)
    @Option(help: "How often to read the whole log again, with all texts.")
    var readAllEvery = DurationArgument(seconds: 86_400)
    @Option(help: "The log's key, or a file that holds it; what the server names if left out.")
    var key: String?
    @Option(help: "A file with an API token, read each time.", completion: .file())
    var tokenFile: String?
    @OptionGroup var mail: WatchMailOptions
    @Option(help: "An address to post to: https, or http on this machine.") var webhook: String?
    @Option(help: "A file with a bearer token for it.", completion: .file())
    var webhookTokenFile: String?
    @Option(help: "A file with the key that signs what is posted: whsec_…", completion: .file())
    var webhookSecretFile: String?
    @Option(help: "A file for Prometheus' textfile collector: NAME.prom", completion: .file())
    var metrics: String?
    @Option(help: "Where Prometheus may ask, on this machine alone: 127.0.0.1:PORT.")
    var metricsListen: String?

    func validate() throws {
        for (name, value) in [
            ("--every", every), ("--max-age", maxAge), ("--read-all-every", readAllEvery),
        ] where !(1...31_536_000).contains(value.seconds ?? 0) {
            throw ValidationError("\(name) takes a time from 1s to 365d, such as 90s or 2h.")
        }
        if let metricsListen {
            guard let address = ListenAddress(metricsListen), address.port > 0,
                ["127.0.0.1", "::1"].contains(address.host)
            else {
                throw ValidationError("--metrics-listen takes 127.0.0.1:PORT or [::1]:PORT.")
            }
            if once { throw ValidationError("--metrics-listen does not go with --once.") }
        }
        if webhook == nil, webhookTokenFile != nil || webhookSecretFile != nil {
            throw ValidationError(
                "--webhook-token-file and --webhook-secret-file go with --webhook."
            )
        }
    }

    func run() async throws {
        let shell = Shell()
        var channels: [any WatchChannel] = try mail.channels()
        if let webhook {
            channels.append(
                try WatchWebhook(
                    url: webhook,
                    tokenFile: webhookTokenFile,
                    secretFile: webhookSecretFile
                )
            )
        }
        let folder = try WatchFolder(state ?? standardFolder(shell))
        let given = try key.map(LogKey.read)
        if let given, let kept = try folder.memory().keys.last, given != kept {
            throw Failure.failed("The key given is not the one that was remembered for this log.")
        }
        var loop = try WatchLoop(
            folder: folder,
            reading: WatchReading(folder: folder, log: log, key: given),
            bounds: .init(age: milliseconds(maxAge), wholeReading: milliseconds(readAllEvery)),
            shell: shell,
            delivery: WatchDelivery(channels)
        )
        if once { loop.forgetWholeReading() }
        let listener = try await listener()
        while true {
            try await loop.round { body in try await signedIn(shell, body) }
            if let metrics { try write(loop.metrics, to: metrics) }
            listener?.tell(loop.metrics)
            if once { break }
            try await ContinuousClock().sleep(for: .milliseconds(milliseconds(every)))
        }
        guard loop.exitCode == 0 else { throw Failure.watched(loop.exitCode) }
    }

    private func listener() async throws -> MetricsListener? {
        guard let address = metricsListen.flatMap(ListenAddress.init) else { return nil }
        return try await .listening(at: address.host, port: address.port)
    }

    private func milliseconds(_ duration: DurationArgument) -> Int64 {
        (duration.seconds ?? 0) * 1000
    }

    private func standardFolder(_ shell: Shell) throws -> String {
        let saved = try SavedSignIns(environment: shell.environment)
        let address = Session.address(server, shell, saved) ?? ""
        let log = log.provider ? "provider" : log.tenant ?? "own"
        return Files.stateFolder(shell.environment) + "/watch/" + Files.name("\(address)/\(log)")
    }

    /// Runs `body` signed in, with the token that the file has now.
    private func signedIn(
        _ shell: Shell,
        _ body: @Sendable (Session) async throws -> WatchLook
    ) async throws -> WatchLook {
        guard let tokenFile else { return try await Session.run(server, body: body) }
        let saved = try SavedSignIns(environment: shell.environment)
        guard let address = Session.address(server, shell, saved) else {
            throw Failure.notSignedIn("Which server? Give --url, or set LOCKBOX_URL.")
        }
        let token: String
        do { token = try WatchSecret.read(tokenFile) } catch {
            throw Failure.notSignedIn("\(error)")
        }
        return try await Session.run(address: address, token: token, shell: shell, body: body)
    }

    /// Whole or not at all, and readable by whoever collects it.
    private func write(_ text: String, to path: String) throws {
        let draft = try DraftFile(path + ".new")
        defer { draft.discard() }
        try draft.append(Array(text.utf8))
        try draft.replace(path, mode: 0o644)
    }
}

/// Where letters go, and through which relay.
struct WatchMailOptions: ParsableArguments {
    @Option(help: "A mail relay, as the server's mail setting has it: smtp://host:587 or smtps://…")
    var smtp: String?
    @Option(help: "A file that holds it, with user and password.", completion: .file())
    var smtpFile: String?
    @Option(help: "The sender of e-mails.") var mailFrom: String?
    @Option(help: "Who gets e-mails; may be given several times.") var mailTo: [String] = []

    func validate() throws {
        if smtp != nil, smtpFile != nil {
            throw ValidationError("Give --smtp or --smtp-file, not both.")
        }
        let isMail = smtp != nil || smtpFile != nil
        guard isMail == (mailFrom != nil), isMail == !mailTo.isEmpty else {
            throw ValidationError("Mail takes --smtp or --smtp-file, --mail-from and --mail-to.")
        }
        // Every user of the machine sees the arguments of its programs.
        if let smtp, smtp.contains("@") {
            throw ValidationError("Put an address with user and password into a file: --smtp-file.")
        }
    }

    func channels() throws -> [any WatchChannel] {
        guard let mailFrom else { return [] }
        var relay = smtp ?? ""
        if let smtpFile {
            do { relay = try WatchSecret.read(smtpFile) } catch {
                throw Failure.failed("--smtp-file: \(error)")
            }
        }
        return try mailTo.map { try WatchMail(relay: relay, from: mailFrom, to: $0) }
    }
}
