import ArgumentParser
import LockboxInstallation

struct RotateKey: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate-key",
        abstract: "Puts another key in place of the one that signs the logs.",
        discussion: """
            Stop the server first. Every log gets a record of the new key, which the present one has signed, so that
            verifiers who know that one follow; administrators get an e-mail. The present key is gone then: keep a copy of
            the new one. Should it be interrupted, run it again: the server does not start in between.
            """
    )

    @OptionGroup var config: ConfigOption
    @OptionGroup var by: OperatorOption

    func run() async throws {
        let keys = try await withServer(config, by: by, alone: true) { opened in
            try await opened.rotateKey()
        }
        for key in keys { print(key) }
        print("Keep a copy of the new key file apart from the database; the old one signs no more.")
    }
}
