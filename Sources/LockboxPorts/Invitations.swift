public import LockboxDomain

/// Invitations, whatever became of them.
public protocol InvitationRecords {
    /// The schema refuses a second open one of one purpose to one person.
    func insert(_ invitation: Invitation) throws
    func invitation(_ id: InvitationID) throws -> Invitation?
    /// Those of `person` that were neither used nor withdrawn, in order of their making.
    func openInvitations(to person: PersonID) throws -> [Invitation]
    func update(_ invitation: Invitation) throws
}

/// The codes that make invitations work. They are kept nowhere: whoever knows the key makes them anew,
/// and the key is not in the database.
public protocol InvitationCodes: Sendable {
    /// As people read it, in groups.
    func code(of invitation: InvitationID, to person: PersonID) -> String
}
