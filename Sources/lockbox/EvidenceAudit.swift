import ArgumentParser
import Foundation
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
            key that you got elsewhere; without one, the file's own keys are used and shown,
            to be compared.
            """
    )

    @Argument(help: "The file.", completion: .file()) var file: String
    @Option(help: "A key of the log, or a file that holds it; may be given several times.")
    var key: [String] = []

    func run() throws {
        let shell = Shell()
        let keys = try key.map(LogKey.read)
        let evidence: Evidence
        do {
            evidence = try JSONDecoder().decode(
                Evidence.self,
                from: Data(try Files.read(file))
            )
        } catch is DecodingError {
            throw Failure.failed("“\(TerminalText.clean(file))” is no evidence of Lockbox's.")
        }
        do throws(Evidence.Problem) {
            let (smaller, larger) = try evidence.contradiction(knownKeys: keys)
            if keys.isEmpty {
                shell.tell(
                    "The keys are the file's own; compare them with those that you got elsewhere:"
                )
                for key in evidence.keys { shell.tell("  “\(TerminalText.clean(key))”") }
            }
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
        } catch {
            throw Failure.failed("nothing is shown: \(error)")
        }
    }
}

/// A log's key as people hand it over.
enum LogKey {
    /// The key in `text`, or in the file of that name.
    static func read(_ text: String) throws -> VerifierKey {
        let line = Files.exists(text) ? String(decoding: try Files.read(text), as: UTF8.self) : text
        do throws(NoteError) {
            return try VerifierKey(parsing: line.filter { !$0.isNewline })
        } catch {
            throw Failure.failed("“\(TerminalText.clean(text))”: \(error)")
        }
    }
}
