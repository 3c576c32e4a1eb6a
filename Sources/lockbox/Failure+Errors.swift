import ArgumentParser
import LockboxClient

extension Failure {
    /// What an error of ours means to the person at the terminal; nil for errors of other origin.
    init?(_ error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let error as ClientError:
            let message = TerminalText.clean(error.description, keepsLines: true)
            switch error {
            case .notSignedIn: self = .notSignedIn(message)
            case .unreachable, .unavailable: self = .unreachable(message)
            case .address: self = .usage(message)
            case .refused, .unexpected: self = .failed(message)
            }
        case let error as FileProblem: self = .failed(error.description)
        case _: return nil
        }
    }

    /// Wrong usage, or a request for help.
    init(parsing error: any Error) {
        let message = LockboxCommand.fullMessage(for: error)
        self = LockboxCommand.exitCode(for: error).isSuccess ? .help(message) : .usage(message)
    }
}
