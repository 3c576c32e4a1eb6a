import ArgumentParser
import LockboxInstallation

struct Init: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes the folder, keys and secrets of a new installation, and files to fill in.",
        discussion: """
            lockbox.yaml and directory.yaml work as they are, with example people, on this machine alone; their comments say
            what to change. Nothing that is there already is changed.
            """
    )

    @Option(name: .long, help: "The folder. It is made if it is not there.")
    var data = "."

    func run() throws {
        do {
            let made = try NewInstallation(folder: data).make()
            print("made \(made.joined(separator: ", "))")
        } catch {
            throw Failure(error)
        }
    }
}
