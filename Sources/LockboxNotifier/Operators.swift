package import LockboxDomain
package import LockboxPorts

/// Who is written to when something needs a person at the provider's side of the installation.
package struct Operators: Sendable {
    /// What needs a person. About one cause there is one letter an hour.
    package enum Cause: Hashable, Sendable {
        /// The mail relay does not take letters from us, or cannot be reached.
        case relayRefuses
        /// A letter was given up.
        case letterGivenUp
        /// A service does not confirm that ended access is gone.
        case removalFailing(ServiceID)
        /// What is open at a service is not what should be.
        case drift(ServiceID)
    }

    private let addresses: [EmailAddress]

    package init(_ addresses: [EmailAddress]) { self.addresses = addresses }

    /// Adds a letter to each of them, unless one about this cause waits or was written within the
    /// hour. `detail` holds no secret; it is what a server or service said. True where each of them
    /// has, or gets, a letter with this very detail.
    @discardableResult
    package func tell(
        _ cause: Cause,
        detail: String?,
        at now: Timestamp,
        entropy: any Entropy,
        in tx: any StoreTransaction
    ) throws -> Bool {
        guard !addresses.isEmpty else { return true }
        let since = now - NotifierLimits.operatorsInterval
        let told = try tx.operatorNotices(since: since).filter {
            Facts($0.facts)[.cause] == cause.name
        }
        var allKnow = true
        for address in addresses {
            let letters = told.filter { $0.recipientAddress == address }
            guard letters.isEmpty else {
                allKnow = allKnow && letters.contains { Facts($0.facts)[.detail] == detail }
                continue
            }
            var facts = Facts()
            facts[.cause] = cause.name
            facts[.service] = cause.service
            facts[.detail] = detail
            try tx.insert(
                Notice(
                    id: entropy.id(),
                    toOperator: address,
                    facts: facts.stored(for: nil),
                    createdAt: now
                )
            )
        }
        return allKnow
    }
}

extension Notice {
    /// Whether it tells operators that a letter was given up. That such a one was given up too is told
    /// to nobody: each letter to a dead address would bring about the next.
    package var tellsOfGivenUpLetter: Bool {
        kind == .operatorsNeeded && Facts(facts)[.cause] == Operators.Cause.letterGivenUp.name
    }
}

extension Operators.Cause {
    /// As it is stored; one for each thing that is told apart.
    var name: String {
        switch self {
        case .relayRefuses: "relayRefuses"
        case .letterGivenUp: "letterGivenUp"
        case .removalFailing(let service): "removalFailing \(service)"
        case .drift(let service): "drift \(service)"
        }
    }

    var service: String? {
        switch self {
        case .relayRefuses, .letterGivenUp: nil
        case .removalFailing(let service), .drift(let service): service.text
        }
    }
}

extension LetterContent {
    /// To the operators. There is no request, and no name of a customer's person but where the words
    /// of a mail server repeat an address.
    static func operatorsNeeded(_ source: LetterSource) -> LetterContent {
        let cause = source.facts.text(.cause)
        let (subject, lead, advice) =
            switch cause.split(separator: " ").first {
            case "relayRefuses":
                (
                    "Lockbox: the mail relay does not take our e-mails",
                    "E-mails to customers and engineers wait, and are tried again.",
                    "See what the relay says, and mend the mail settings in lockbox.yaml. "
                        + "To try: lockboxd test-mail ADDRESS."
                )
            case "removalFailing":
                (
                    "Lockbox: a service does not confirm that access ended",
                    "Access has ended and its credentials are dead, but open connections may be left.",
                    "See to it that the service answers Lockbox again. It is tried on until then."
                )
            case "drift":
                (
                    "Lockbox: what is open at a service is not what should be",
                    "Somebody or something changed it there, beside Lockbox.",
                    "See who made or changed it, and remove at the service what nobody should have: "
                        + "Lockbox shuts out what it did not make only where a customer's rules say "
                        + "so. What had ended and was open again it has closed. The server's log "
                        + "says more."
                )
            case "letterGivenUp":
                (
                    "Lockbox: an e-mail could not be delivered",
                    "It was refused or deferred for its recipient, and is not tried again.",
                    "The server's log says which e-mail and which request. Others may have been "
                        + "given up within the hour. Reach the person in another way, and have "
                        + "the address corrected."
                )
            case _: ("Lockbox needs an operator", "Something needs a person.", "See the log.")
            }
        return LetterContent(
            .alarm,
            subject: subject,
            heading: subject,
            lead: lead,
            rows: [
                source.row("Service", .service),
                source.row(cause.hasPrefix("drift ") ? "What differs" : "What was said", .detail),
            ],
            advice: [advice],
            why: "You get this e-mail because lockbox.yaml names you among the operators. "
                + "About one cause there is one e-mail an hour."
        )
    }
}
