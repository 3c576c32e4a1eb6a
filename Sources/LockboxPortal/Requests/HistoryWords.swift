import LockboxDomain
import LockboxService

extension EngineerHistory {
    /// As who decides reads it, who is the customer's (`toReader`) or the provider's.
    func words(of engineer: String, toReader: Bool) -> String {
        let whom = toReader ? " of you" : ""
        let parts = [
            (given, "given access"), (denied, "denied"), (rejected, "rejected by a manager"),
            (lapsed, "expired or withdrawn"), (waiting, "still waiting"),
        ]
        let days = Self.span.words
        let outcome = parts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
        let before =
            all == 0
            ? "\(engineer) asked nothing else\(whom) within \(days)."
            : "\(engineer) asked \(counted(Int64(all), "time"))\(whom) within \(days) before "
                + "this: \(outcome)."
        guard deniedOnSupportRequest > 0 else { return before }
        return before + " For this support request it was denied "
            + "\(counted(Int64(deniedOnSupportRequest), "time"))."
    }
}
