import ArgumentParser
import Foundation
import LockboxInstallation
import LockboxServer

struct Init: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes the folder, keys and secrets of a new installation, and files to fill in.",
        discussion: """
            lockbox.yaml and directory.yaml work as they are, with example people, on this machine alone; their comments
            say what to change. Nothing that is there already is changed. With --config FILE, only the keys are made that
            this configuration names.
            """
    )

    @Option(name: .long, help: "The folder. It is made if it is not there.")
    var data: String?

    @Option(name: .long, help: "A configuration that is there: only its keys are made.")
    var config: String?

    func validate() throws {
        guard data == nil || config == nil else {
            throw ValidationError(
                "--data makes a whole folder, --config only keys: give one of them."
            )
        }
    }

    func run() async throws {
        do {
            if let config {
                let made = try await NewInstallation.makeKeys(
                    of: Configuration.load(
                        path: config,
                        environment: ProcessInfo.processInfo.environment
                    )
                )
                print("made \(made.joined(separator: ", "))")
            } else {
                try makeFolder(data ?? ".")
            }
        } catch {
            throw Failure(error)
        }
    }

    private func makeFolder(_ folder: String) throws {
        let made = try NewInstallation(folder: folder).make()
        print(
            """
            made \(made.joined(separator: ", "))
            Next: write into lockbox.yaml where it runs, and into directory.yaml who there is. Then
              lockboxd check-config --config lockbox.yaml -f directory.yaml
              lockboxd apply        --config lockbox.yaml -f directory.yaml
              lockboxd serve        --config lockbox.yaml
            Keep a copy of keys/signing.key and keys/server.secret apart from the database and its
            copies, and none of keys/signing.key.heads: it is what tells an older database.
            """
        )
    }
}
