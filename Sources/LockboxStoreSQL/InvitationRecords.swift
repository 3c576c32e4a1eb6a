import LockboxDomain
import LockboxPorts

extension SQLTransaction: InvitationRecords {
    func insert(_ invitation: Invitation) throws {
        try connection.insert(Self.columns(of: invitation), into: "invitation")
    }

    func invitation(_ id: InvitationID) throws -> Invitation? {
        try connection.selectOne(
            from: "invitation",
            "WHERE id = $1",
            [.text(id.text)],
            row: Self.invitation
        )
    }

    func openInvitations(to person: PersonID) throws -> [Invitation] {
        try connection.select(
            from: "invitation",
            """
            WHERE person = $1 AND used_at IS NULL AND withdrawn_at IS NULL
            ORDER BY made_at, id
            """,
            [.id(person)],
            row: Self.invitation
        )
    }

    func update(_ invitation: Invitation) throws {
        guard try connection.update(Self.columns(of: invitation), in: "invitation") else {
            throw StoreError.corrupt("an invitation is gone that was there")
        }
    }

    private static func columns(of invitation: Invitation) -> Columns {
        [
            "id": .text(invitation.id.text),
            "person": .id(invitation.person),
            "purpose": .choice(invitation.purpose),
            "made_by": .id(invitation.madeBy),
            "made_at": .time(invitation.madeAt),
            "ends_at": .time(invitation.endsAt),
            "wrong_codes": .count(invitation.wrongCodes),
            "used_at": .time(invitation.usedAt),
            "withdrawn_at": .time(invitation.withdrawnAt),
        ]
    }

    private static func invitation(_ row: SQLRow) throws -> Invitation {
        Invitation(
            stored: try row.required(InvitationID(try row.text("id"))),
            person: try row.id("person"),
            purpose: try row.choice("purpose"),
            madeBy: try row.optionalID("made_by"),
            madeAt: try row.timestamp("made_at"),
            endsAt: try row.timestamp("ends_at"),
            wrongCodes: try row.count("wrong_codes"),
            usedAt: try row.optionalTimestamp("used_at"),
            withdrawnAt: try row.optionalTimestamp("withdrawn_at")
        )
    }
}
