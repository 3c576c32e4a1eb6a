// Names of the wire as people read them. The domain's wording says the same, word for word; a test
// compares the two, because whoever reads the wire links no code of the server.

extension AccessState {
    /// As in "the request is …"; the name itself where this version does not know it.
    public var words: String {
        Self.wordsByState[self] ?? rawValue
    }

    private static let wordsByState: [AccessState: String] = [
        .awaitingManager: "waiting for a manager of the provider",
        .awaitingCustomer: "waiting for the customer",
        .scheduled: "approved and scheduled",
        .active: "approved, with access open now",
        .ended: "over: its access has ended",
        .rejected: "rejected by a manager of the provider",
        .denied: "denied by the customer",
        .withdrawn: "withdrawn",
        .expired: "expired",
    ]
}

extension GrantBody {
    /// Why it ended, as in "it ended: …"; nil while it lasts.
    public var endingWords: String? {
        endedReason.map { reason in
            (Self.wordsByReason[reason] ?? reason) + (endedBy.map { " by \($0.markedName)" } ?? "")
        }
    }

    /// What is so of connections that nobody cuts, as in "it ended at …; …"; nil where there are none.
    public var leftOpenWords: String? {
        leftOpen.isEmpty
            ? nil
            : "connections that are open at \(leftOpen.joined(separator: ", ")) cannot be cut, and "
                + "nobody confirms that they are closed"
    }

    private static let wordsByReason = [
        "windowOver": "the approved time was over",
        "finished": "finished",
        "revoked": "stopped",
        "tenantSwitch": "the customer's rules were changed",
    ]
}
