/// What may be done only so often within any 24 hours, so that nobody fills the disk or the day of
/// those who must look. What was done counts, whatever became of it.
public enum DailyQuota: String, Hashable, Sendable, CaseIterable {
    /// Opened by one person; by all of one tenant.
    case supportRequests, supportRequestsOfTenant
    /// Made by one engineer or program; by one about one tenant; by all of them about one tenant.
    case requests, requestsAtTenant, requestsAboutTenant
    /// Written by one person.
    case messages
    /// Issued to one person, whether or not they are valid.
    case tokens
    /// Sent to one person, whatever became of them.
    case invitations, forgottenPasswords
    /// Made by one person: rules, roles, letters that are not wanted. What only takes away is
    /// counted apart.
    case settings
    /// Begun by one person; by all who read one log.
    case exports, exportsOfLog
    /// Sent to one person. Nothing is refused for it: of what only reminds, no more go.
    case letters
    /// Added by one provisioning token; changed by it, where that gives something; of those about people
    /// who decide; told of one directory's same refusal.
    case provisioned, provisionedChanges, provisionedDeciders, provisioningRefusals

    public static let span = TimeSpan.days(1)

    /// How many are allowed.
    public var bound: Int {
        switch self {
        case .supportRequests: Limits.supportRequestsPerDay
        case .supportRequestsOfTenant: Limits.supportRequestsOfTenantPerDay
        case .requests: Limits.requestsPerDay
        case .requestsAtTenant: Limits.requestsAtTenantPerDay
        case .requestsAboutTenant: Limits.requestsAboutTenantPerDay
        case .messages: Limits.messagesPerDay
        case .tokens: Limits.tokensPerDay
        case .invitations: Limits.invitationsPerDay
        case .forgottenPasswords: Limits.forgottenPasswordsPerDay
        case .settings: Limits.settingsPerDay
        case .exports: Limits.exportsPerDay
        case .exportsOfLog: Limits.exportsOfLogPerDay
        case .letters: Limits.lettersPerDay
        case .provisioned: Limits.provisionedPerDay
        case .provisionedChanges: Limits.provisionedChangesPerDay
        case .provisionedDeciders: Limits.settingsPerDay
        case .provisioningRefusals: Limits.provisioningRefusalsPerDay
        }
    }

    /// Refuses one more at `now`. `earliest` is when the first of the last `bound` was done; nil
    /// where there were fewer.
    public func requireRoom(since earliest: Timestamp?, at now: Timestamp) throws(Refusal) {
        guard let earliest, now < earliest + Self.span else { return }
        let wait = earliest + Self.span - now
        // Whole seconds, as they are told; who comes then finds room.
        throw .dailyLimitReached(self, wait: .seconds((wait.milliseconds + 999) / 1000))
    }

    /// Which bound was reached.
    public var sentence: String {
        switch self {
        case .supportRequests: "You opened \(bound) support requests within a day"
        case .supportRequestsOfTenant:
            "Your organisation opened \(bound) support requests within a day"
        case .requests: "You made \(bound) requests within a day"
        case .requestsAtTenant: "You made \(bound) requests about this tenant within a day"
        case .requestsAboutTenant: "\(bound) requests about this tenant were made within a day"
        case .messages: "You wrote \(bound) messages within a day"
        case .tokens: "\(bound) API tokens were issued to this person within a day"
        case .invitations: "\(bound) invitations were sent to this person within a day"
        case .forgottenPasswords:
            "\(bound) e-mails about a forgotten password were sent to this person within a day"
        case .settings: "You changed settings \(bound) times within a day"
        case .exports: "You began \(bound) exports within a day"
        case .exportsOfLog: "\(bound) exports of this log were begun within a day"
        case .letters: "\(bound) e-mails were sent to this person within a day"
        case .provisioned: "\(bound) people were added with this token within a day"
        case .provisionedChanges: "\(bound) changes were made with this token within a day"
        case .provisionedDeciders:
            "\(bound) changes about people who decide were made with this token within a day"
        case .provisioningRefusals: "This refusal was recorded within a day already"
        }
    }
}

/// Whose things, or things about whom, are counted by the day.
public enum Counted: Hashable, Sendable {
    case supportRequestsBy(PersonID)
    case supportRequestsOf(TenantID)
    /// That a human being asked for herself.
    case requestsBy(PersonID)
    case requestsByAt(PersonID, TenantID)
    /// That a program asked for, for itself or for an engineer.
    case requestsOfProgram(PersonID)
    case requestsOfProgramAt(PersonID, TenantID)
    case requestsAbout(TenantID)
    /// On access requests; on support requests.
    case messagesBy(PersonID), supportMessagesBy(PersonID)
    case tokensOf(PersonID)
    case invitationsTo(PersonID, Invitation.Purpose)
    case lettersTo(PersonID)
    case provisionedWith(ProvisioningTokenID)

    /// The bound that they have.
    public var quota: DailyQuota {
        switch self {
        case .supportRequestsBy: .supportRequests
        case .supportRequestsOf: .supportRequestsOfTenant
        case .requestsBy, .requestsOfProgram: .requests
        case .requestsByAt, .requestsOfProgramAt: .requestsAtTenant
        case .requestsAbout: .requestsAboutTenant
        case .messagesBy, .supportMessagesBy: .messages
        case .tokensOf: .tokens
        case .invitationsTo(_, .firstSignIn): .invitations
        case .invitationsTo(_, .forgottenPassword): .forgottenPasswords
        case .lettersTo: .letters
        case .provisionedWith: .provisioned
        }
    }
}
