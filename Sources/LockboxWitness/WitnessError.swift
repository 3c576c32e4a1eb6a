/// Why a witness cannot do its work. Each says what to do.
package enum WitnessError: Error, Hashable, Sendable {
    /// `init` was to make a witness where something is.
    case folderInUse(String)
    /// There is no witness in this folder.
    case noWitness(String)
    /// The database that `init` made is gone, or is that of another witness.
    case stateLost(String)
    /// A file cannot be used.
    case file(String, String)
    /// A line of the file of logs cannot be read.
    case log(line: Int, String)
    /// The name or the key is not of the right form.
    case key(String)
    /// The database cannot be read or written.
    case database(String)
}

extension WitnessError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .folderInUse(let path):
            "\(path) is not empty: a witness is made in a folder of its own. Name another with --data."
        case .noWitness(let path):
            "There is no witness in \(path). Make one with “lockbox witness init”."
        case .stateLost(let path):
            """
            \(path) is gone, or is not the one that this witness began with. What it has signed
            stands there and nowhere else: without it, it might sign a second history. Bring back
            that very file as it was last. If that cannot be, retire this witness: make another with
            a name and a key of its own, and tell those who trust this one.
            """
        case .file(let path, let problem): "\(path): \(problem)"
        case .log(let line, let problem): "logs, line \(line): \(problem)"
        case .key(let problem): problem
        case .database(let problem): "The witness's database: \(problem)"
        }
    }
}
