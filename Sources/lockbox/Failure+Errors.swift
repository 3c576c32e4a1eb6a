import ArgumentParser
import LockboxClient
import LockboxWire
import LockboxWitness

extension Failure {
    /// What an error of ours means to the person at the terminal; nil for errors of other origin.
    init?(_ error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let error as ClientError:
            let message = TerminalText.clean(error.description, keepsLines: true) + error.advice
            switch error {
            case .notSignedIn: self = .notSignedIn(message)
            case .unreachable, .unavailable: self = .unreachable(message)
            case .address: self = .usage(message)
            case .refused, .unexpected: self = .failed(message)
            }
        case let error as FileProblem: self = .failed(error.description)
        case let error as WitnessError:
            self = .failed(TerminalText.clean(error.description, keepsLines: true))
        case _: return nil
        }
    }

    /// Wrong usage, or a request for help.
    init(parsing error: any Error) {
        let message = LockboxCommand.fullMessage(for: error)
        self = LockboxCommand.exitCode(for: error).isSuccess ? .help(message) : .usage(message)
    }
}

extension ClientError {
    /// How to get a token that may, where one of the scopes that there are is what is missing.
    fileprivate var advice: String {
        guard case .refused(let problem) = self, problem.code == "scopeMissing",
            let scope = problem.scope, TokenText.scopes.contains(where: { $0.name == scope })
        else { return "" }
        return "\nSign in for one: \(TokenText.command(adding: scope))"
    }
}
