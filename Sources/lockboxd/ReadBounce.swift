import ArgumentParser
import Foundation
import LockboxInstallation
import LockboxMail

struct ReadBounce: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "read-bounce",
        abstract: "Reads a message that came back from a mail server, from standard input.",
        discussion: """
            For the mail server that takes mail for the address of `bounces=` in `mail`: it pipes each message to this
            command. A delivery report (RFC 3464) of an e-mail of ours is written down: pages show that the e-mail came back,
            and those it concerns are told. Whatever else arrives is left alone.

            Exit status 0 when the message was dealt with, 75 when it must be tried again.
            """
    )

    /// EX_TEMPFAIL: the mail server keeps the message and tries again.
    private static let tryAgain: Int32 = 75

    @OptionGroup var config: ConfigOption

    func run() async throws {
        // Anybody can write to that address: what is no report opens nothing.
        guard let report = DeliveryReport(message: try Self.message()) else {
            return print("nothing to do: no delivery report")
        }
        let bounce: Installation.Bounce
        do {
            bounce = try await withServer(config) { try await $0.takeBounce(report) }
        } catch {
            FileHandle.standardError.write(Data("lockboxd: \(error)\n".utf8))
            throw ExitCode(Self.tryAgain)
        }
        print(bounce.words)
    }

    /// All of it is taken, so that the mail server is not cut off, but no more kept than is read.
    private static func message() throws -> [UInt8] {
        var kept: [UInt8] = []
        while let chunk = try FileHandle.standardInput.read(upToCount: 64 * 1024), !chunk.isEmpty {
            kept += chunk.prefix(DeliveryReport.longest - kept.count)
        }
        return kept
    }
}

extension Installation.Bounce {
    fileprivate var words: String {
        switch self {
        case .recorded(let letter): "e-mail \(letter): came back undelivered, now on record"
        case .over(let letter): "e-mail \(letter): nothing to do, it is over or known to be back"
        case .nothingFailed: "nothing to do: nothing failed for good"
        case .notOurs:
            "nothing to do: not addressed to an e-mail of ours, or not about its recipient"
        }
    }
}
