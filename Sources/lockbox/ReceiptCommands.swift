import ArgumentParser
import LockboxClient
import LockboxWire
import MerkleLog

struct ReceiptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "receipt",
        abstract: "What is left of an access request once it is over, to be kept and verified.",
        discussion: """
              lockbox receipt get LBX-… --out LBX-….json
              lockbox receipt verify LBX-….json
            """,
        subcommands: [GetReceipt.self, VerifyReceipt.self]
    )
}

struct GetReceipt: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Get the receipt of a request that is over.",
        discussion: """
              lockbox receipt get LBX-7K3M9QPXAB --out LBX-7K3M9QPXAB.json

            For those who may read the tenant's log. The file has the records of the request
            with their proofs, what signed approvals rest on, and the signed head. With
            --html it is a document to read and print, which has that file in it.
            """
    )

    @OptionGroup var server: ServerOptions
    @Argument(help: "The request: LBX-…") var request: String
    @Option(help: "Where to write it.", completion: .file()) var out: String
    @Flag(help: "Get the document to read and print.") var html = false
    @Flag(help: "Replace a file that is there already.") var force = false

    func run() async throws {
        if !force, Files.exists(out) {
            throw Failure.failed("\(out) is there already. Use another name, or --force.")
        }
        try await Session.run(server) { session in
            let draft = try DraftFile(out + ".part")
            defer { draft.discard() }
            try await session.client.lines(
                Path("v1", "requests", request, "receipt"),
                accept: html ? "text/html" : "application/json"
            ) { try draft.append(line: $0) }
            try draft.replace(out)
        }
    }
}

struct VerifyReceipt: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check a receipt without any server.",
        discussion: """
              lockbox receipt verify LBX-….json
              lockbox receipt verify LBX-….json --key contoso.key
              lockbox receipt verify LBX-….json --key contoso.key --witness KEY

            Checks that each record is what the signed log has in its place, each text what
            its record says, and that signed approvals are signed. The log's key is the one
            given, or the one that “lockbox audit verify” remembers; without either it is
            the receipt's own, which is shown to be compared.

            A receipt cannot show that the log has no other records, or what was written
            after it was made. Names what is wrong, and then ends with exit code 1; with 2
            where the receipt or the key cannot be read.
            """
    )

    @OptionGroup var format: OutputOptions
    @Argument(help: "The receipt.", completion: .file(extensions: ["json"])) var file: String
    @Option(help: "The log's key, or a file that holds it.") var key: String?
    @Option(help: "The log's name, that of its key: HOST/v1/tenants/TENANT/log.")
    var origin: String?
    @Option(help: "Where “audit verify” remembers what was seen.") var state: String?
    @OptionGroup var witnesses: WitnessingOptions

    func run() throws {
        let shell = Shell()
        let bytes = try Files.verifiable(file, atMost: Files.largeBytes)
        let receipt: ReceiptFile
        do throws(AuditFinding) { receipt = try ReceiptFile(bytes) } catch {
            let report = AuditReport(refused: error)
            return try AuditText(report: report, subject: file, isComplete: false)
                .conclude(shell, format.output)
        }
        let remembered = try LogMemory.ofLog(
            receipt.key,
            state: state,
            environment: shell.environment
        )
        var report = receipt.verify(
            with: try trusted(remembered, receipt, shell),
            memory: remembered.memory,
            now: shell.now(),
            witnessing: try witnesses.read()
        )
        if let origin, !origin.utf8.elementsEqual(receipt.key.name.utf8) {
            report.findings.append(.wrongLog(name: receipt.key.name, asked: origin))
        }
        var text = AuditText(report: report, subject: file, isComplete: false)
        text.tellsErasures = true
        text.facts = ["request \(receipt.request)"] + receipt.steps.map { "  " + $0 }
        try text.conclude(shell, format.output)
    }

    /// The keys to believe: the one given, or those remembered; without either the receipt's own, which
    /// is shown to be compared.
    private func trusted(_ remembered: LogMemory, _ receipt: ReceiptFile, _ shell: Shell) throws
        -> [VerifierKey]
    {
        let given = try key.map(LogKey.read)
        if !remembered.keys.isEmpty {
            // It may be one that the log had before.
            if let given, !remembered.keys.contains(given) {
                throw Failure.failed("The key given is none that was remembered for this log.")
            }
            return remembered.keys
        }
        if let given { return [given] }
        shell.tell(
            """
            The key is the receipt's own. Compare its name and key with what the provider told you in \
            another way:
              “\(receipt.key.text)”
            """
        )
        return [receipt.key]
    }
}
