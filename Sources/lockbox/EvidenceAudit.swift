import ArgumentParser
import LockboxClient
import MerkleLog

struct EvidenceAudit: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evidence",
        abstract: "Check evidence that a log's key has signed two histories.",
        discussion: """
            “lockbox audit verify” keeps a file where two signed heads contradict each other.
            The file is enough: neither the server nor the log is asked.

              lockbox audit evidence FILE --key contoso.key

            Ends with 0 where the contradiction is shown, with 1 where it is not. Give the
            key that you got elsewhere. Without one there is no verdict and it ends with 2:
            anybody can sign two histories with a key of his own under the log's name. The
            file's own keys are then shown, to be compared.
            """
    )

    @Argument(help: "The file.", completion: .file()) var file: String
    @Option(help: "A key of the log, or a file that holds it; may be given several times.")
    var key: [String] = []

    func run() throws {
        let shell = Shell()
        let keys = try key.map(LogKey.read)
        let bytes = try Files.verifiable(file, atMost: Files.largeBytes)
        do {
            let evidence = try Evidence(reading: bytes)
            let (smaller, larger) = try evidence.contradiction(knownKeys: keys)
            if keys.isEmpty { throw Self.noVerdict(evidence) }
            shell.write(
                """
                two histories were signed: “\(TerminalText.clean(larger.origin))”
                  size \(smaller.head.size), root \(smaller.head.root)
                  size \(larger.head.size), root \(larger.head.root)
                \(smaller.head.size == larger.head.size
                    ? "  one size, two roots"
                    : "  the records of the larger do not begin with those of the smaller")
                two histories were signed
                """
            )
        } catch let problem as Evidence.Problem {
            throw Failure.failed("nothing is shown: \(problem)")
        }
    }

    private static func noVerdict(_ evidence: Evidence) -> Failure {
        let keys = evidence.keys.map { "  “\(TerminalText.clean($0))”" }.joined(separator: "\n")
        return .usage(
            """
            no verdict: two histories were signed by the file's own keys, and whose those are it \
            cannot show. Give the log's key that you got elsewhere with --key. The file's keys:
            \(keys)
            """
        )
    }
}

/// A log's key as people hand it over.
enum LogKey {
    /// The key in `text`, or in the file of that name.
    static func read(_ text: String) throws -> VerifierKey {
        var line = text
        if Files.exists(text) {
            do { line = try Files.text(of: text) } catch {
                throw Failure.unverifiable("\(error)")
            }
        }
        // A file's line has an end. More line breaks than that are no key's.
        if line.utf8.last == UInt8(ascii: "\n") { line.unicodeScalars.removeLast() }
        do throws(NoteError) {
            return try VerifierKey(parsing: line)
        } catch {
            throw Failure.unverifiable("“\(TerminalText.clean(text))”: \(error)")
        }
    }
}
