package import LockboxDomain
import LockboxPorts

extension PersonRecords {
    /// Who may say who may do what at `side` now.
    package func administrators(of side: Side) throws -> [Person] {
        try people(at: side).filter { $0.holds(oneOf: .admin, at: side) }
    }
}

extension Change {
    /// Saves what a person is from now on, with all that follows from it, wherever the change comes
    /// from: who was switched off keeps no way in, and an engineer who is none any more keeps no
    /// request and no access. All of it commits together or not at all.
    ///
    /// Nothing happens where nothing changed. Throws `Refusal.alreadyExists(.person)` if an address
    /// means somebody else, and where a program would be what only a human being can be. `giver` is
    /// whose own word it is, and counts: that of one who may approve is one of those that a new
    /// decider needs. Returns the person as she is then.
    @discardableResult
    package mutating func update(
        _ before: Person,
        to wanted: Person,
        by giver: Person? = nil
    ) throws -> Person {
        precondition(before.id == wanted.id && before.side == wanted.side)
        precondition(before.isProgram == wanted.isProgram)
        guard before != wanted else { return before }
        try wanted.requireFitProgram()
        let after = try delayed(wanted, since: before, by: giver)
        try tx.save(after)
        emit(.directory(.personChanged(before: before, after: after)))
        if after.isDisabled { try endSignIns(of: after) }
        if before.holds(oneOf: .admin, at: before.side), !after.holds(oneOf: .admin, at: after.side)
        {
            try withdrawPolicyChange(askedBy: after)
        }
        // A letter to the old address may be read by somebody else by now.
        if after.email != before.email { try withdrawInvitations(of: after) }
        if before.holds(oneOf: .engineer, at: .provider)
            && !after.holds(oneOf: .engineer, at: .provider)
        {
            try endRequests(of: after)
        }
        return after
    }

    /// Adds a person whom nobody of her organisation has confirmed. Throws
    /// `Refusal.alreadyExists(.person)` if an address means somebody else.
    package mutating func add(_ wanted: Person) throws {
        let person = try delayed(wanted, since: nil, by: nil)
        try tx.save(person)
        emit(.directory(.personAdded(person)))
    }

    /// Ends what an engineer who may no longer act has: open requests and access.
    private mutating func endRequests(of engineer: Person) throws {
        for open in try tx.openRequests(of: nil, engineer: engineer.id) {
            var request = open
            try advance(&request)
            let happened = try request.engineerLeft(now: now)
            try save(request, happened)
        }
        guard engineer.isProgram else { return }
        // What is its own is over by now.
        for open in try tx.openRequests(askedBy: engineer.id) {
            var request = open
            try advance(&request)
            let happened = try request.programLeft(now: now)
            try save(request, happened)
        }
    }

    /// Ends every way in that `person` has: sessions, API tokens, passkeys, open invitations. For
    /// whoever was switched off, or whose password is another now, because the old one may be what
    /// somebody else came in by.
    package mutating func endSignIns(of person: Person) throws {
        for passkey in try tx.passkeys(of: person.id) {
            try tx.removePasskey(passkey.id, at: now)
            emit(.signIn(.passkey(.removed, passkey, person)))
        }
        try endOpenSignIns(of: person)
    }

    /// Ends what `person` is in by, and what waits for her: sessions, API tokens, open invitations.
    /// What she signs in with stays.
    package mutating func endOpenSignIns(of person: Person) throws {
        try revokeTokens(of: person) { _ in true }
        try endSessions(of: person)
        try withdrawInvitations(of: person)
    }

    /// What letters say that `person` got opens nothing any more.
    private func withdrawInvitations(
        of person: Person,
        for purposes: [Invitation.Purpose] = Invitation.Purpose.allCases
    ) throws {
        for open in try tx.openInvitations(to: person.id) where purposes.contains(open.purpose) {
            var invitation = open
            invitation.withdraw(at: now)
            try tx.update(invitation)
        }
    }

    /// Sends `person` a letter by which she can choose her password; an earlier one of the same
    /// purpose is good for nothing from then on. `maker` is who says so, if it is somebody in
    /// particular. Throws where she is switched off or needs no password, and
    /// `Refusal.dailyLimitReached` where she got as many as one may within a day; with
    /// `isBoundElsewhere`, the caller sees to that.
    @discardableResult
    package mutating func invite(
        _ person: Person,
        for purpose: Invitation.Purpose,
        by maker: Person?,
        isBoundElsewhere: Bool = false
    ) throws -> Invitation {
        guard !person.isDisabled else {
            throw Refusal.invalid(field: "person", problem: .notAllowedHere(Self.isOff))
        }
        guard !person.isProgram else { throw Refusal.signInOfProgram }
        guard try tx.allowsPasswords(at: person.side, now) else {
            throw Refusal.invalid(field: "person", problem: .notAllowedHere(Self.noPassword))
        }
        if !isBoundElsewhere {
            try tx.requireRoom(for: .invitationsTo(person.id, purpose), at: now)
        }
        try withdrawInvitations(of: person, for: [purpose])
        let invitation = Invitation(
            id: InvitationID(entropy: entropy.bytes(InvitationID.entropyBytes)),
            to: person.id,
            for: purpose,
            by: maker?.id,
            at: now
        )
        try tx.insert(invitation)
        emit(.signIn(.invited(person, invitation)))
        return invitation
    }

    private static let isOff = "is switched off, and cannot sign in, so nobody was invited."
    private static let noPassword =
        "signs in at the organisation's own provider, and needs no password here."

    /// Ends those of her API tokens that `isMeant`.
    private mutating func revokeTokens(of person: Person, _ isMeant: (APIToken) -> Bool) throws {
        // One that is over already opens nothing, and is no news.
        for token in try tx.tokens(of: person.id) where token.isValid(at: now) && isMeant(token) {
            try tx.revokeToken(token.id, at: now)
            emit(.signIn(.tokenRevoked(token, person)))
        }
    }

    /// Ends the sign-ins of `person` at command lines that began no later than `last`, and what she
    /// allowed one of them that has not fetched it yet.
    package mutating func endLogins(of person: Person, begunBy last: Timestamp = .latest) throws {
        try tx.denyLoginRequests(allowedBy: person.id)
        try revokeTokens(of: person) { $0.login != nil && $0.createdAt <= last }
    }

    /// Ends all sessions of `person`, at command lines too.
    package mutating func endSessions(of person: Person) throws {
        try endLogins(of: person)
        if try tx.endSessions(of: person.id, at: now) > 0 { emit(.signIn(.sessionsEnded(person))) }
    }
}
