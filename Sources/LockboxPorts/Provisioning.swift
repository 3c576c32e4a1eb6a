public import LockboxDomain

/// What organisations' directories say of people and groups, and the tokens by which they say it.
public protocol ProvisioningRecords {
    /// `secretHash` is SHA-256 of the token.
    func insert(_ token: ProvisioningToken, secretHash: [UInt8]) throws
    /// Nil if unknown or revoked. The caller checks the expiry.
    func provisioningToken(secretHash: [UInt8]) throws -> ProvisioningToken?
    /// Not revoked, in order of creation.
    func provisioningTokens(of side: Side) throws -> [ProvisioningToken]
    func revokeProvisioningToken(_ id: ProvisioningTokenID, at now: Timestamp) throws
    /// Writes down when and from where it was used, unless a later use is or it is revoked.
    func touch(_ id: ProvisioningTokenID, _ use: APIToken.LastUse) throws

    func provisionedUser(_ person: PersonID) throws -> ProvisionedUser?
    func provisionedUsers(at side: Side) throws -> [ProvisionedUser]
    /// By the name of the account, in whatever letter case; those who are gone too.
    func provisionedUser(named userName: String, at side: Side) throws -> ProvisionedUser?
    /// Not those who are gone.
    func provisionedUsers(externalID: String, at side: Side) throws -> [ProvisionedUser]
    /// Inserts or replaces. Throws `Refusal.alreadyExists(.person)` if another person of the side has
    /// that name of an account.
    func save(_ user: ProvisionedUser, at side: Side) throws

    /// In order of their names.
    func provisionedGroups(at side: Side) throws -> [ProvisionedGroup]
    func provisionedGroup(_ id: ProvisionedGroupID) throws -> ProvisionedGroup?
    /// The groups of one person, in order of their names.
    func provisionedGroups(of person: PersonID) throws -> [ProvisionedGroup.Name]
    /// Those of everybody at `side`.
    func memberships(at side: Side) throws -> [PersonID: [ProvisionedGroup.Name]]
    /// Inserts or replaces, with its members. Throws `Refusal.alreadyExists(.group)` if another group
    /// of the side has that name.
    func save(_ group: ProvisionedGroup) throws
    func remove(_ group: ProvisionedGroupID) throws

    /// In order of the groups' names.
    func groupRoles(of side: Side) throws -> [GroupRoles]
    /// Inserts or replaces; where it gives nothing there is none afterwards.
    func save(_ roles: GroupRoles) throws
}
