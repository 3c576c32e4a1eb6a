/// Every bound of the domain by name. A value at a bound is allowed, one beyond it is refused.
public enum Limits {
    public static let nameLength = 1...100
    /// How old a statement may be when it is signed.
    public static let statementAge = TimeSpan.minutes(5)
    public static let signingKeysPerPerson = 10
    public static let signingKeyBytes = 2048
    public static let emailLength = 3...254
    public static let subjectLength = 1...200
    public static let descriptionLength = 1...8000
    public static let reasonLength = 10...2000
    public static let commentLength = 1...2000
    public static let messageLength = 1...2000
    public static let urlLength = 1...2000
    /// What `+`, the identifier of a letter and its code add to the address that bounces come to.
    public static let bounceTagLength = 36
    public static let resourceNameLength = 3...300
    public static let serviceKindLength = 1...32
    public static let resourcesPerRequest = 1...20
    public static let approvalsNeeded = 1...10
    public static let aliasesPerPerson = 0...10
    public static let domainsPerTenant = 0...100

    /// Bytes of a client's name, of a claim and of one of its values, and of an `acr` value.
    public static let openIDWordBytes = 1...255
    public static let acrValues = 0...10
    public static let claimedRoleValues = 1...100
    /// How long it takes until another way to sign in, asked for by one administrator, is so.
    public static let signInChangeDelay = TimeSpan.hours(24)
    /// For how long passwords count again where a tenant's own sign-in is down.
    public static let recovery = TimeSpan.hours(1)...TimeSpan.hours(72)
    /// Searches of access requests by what they contain at once, counts of them, and how many are
    /// counted.
    public static let requestSearches = 4
    public static let requestCounts = 2
    /// Requests of one engineer that are counted for who decides about the next one.
    public static let historyCounted = 1000
    public static let countedRequests = 100_000
    /// Accesses that one timeline is drawn from, the latest asked for.
    public static let drawnAccesses = 2_000
    /// Up to how many that wait for one person are counted on each of her pages.
    public static let awaitedCounted = 100
    /// Tables of access requests that are made at once, and the rows of one.
    public static let requestExports = 2
    public static let exportedRequests = 10_000
    /// How long looser rules wait, and the yes of who decides since just now. Never nothing: who stole
    /// one session would wait for nobody.
    public static let coolingOff = TimeSpan.hours(1)...TimeSpan.days(30)
    public static let defaultCoolingOff = TimeSpan.hours(24)
    /// How long a tenant keeps the texts of its log. Not less than letters and whoever looks back over
    /// a quarter need: whoever did something could wait for its reasons to be gone.
    public static let retention = TimeSpan.days(90)...TimeSpan.days(36_500)
    /// Records of which one form or call names texts.
    public static let recordsErasedAtOnce = 1...100
    /// Texts that one write erases, and those that one record of an erasure names: an entry of the log
    /// has 65,535 bytes at most (C2SP tlog-tiles).
    public static let textsErasedAtOnce = 500
    /// Texts of which it is told that they would go.
    public static let erasurePreview = 1_000
    /// How long the customer may take to decide.
    public static let decisionWindow = TimeSpan.minutes(15)...TimeSpan.days(14)
    public static let defaultDecisionWindow = TimeSpan.hours(12)
    /// How long a manager may take. It is the provider's own deadline, so that no request waits for
    /// ever.
    public static let managerWindow = TimeSpan.hours(12)
    /// How long a grant may last, whatever the tenant's policy.
    public static let maxAccess = TimeSpan.seconds(1)...TimeSpan.hours(24)
    public static let defaultMaxAccess = TimeSpan.hours(4)
    /// How far ahead a start may be scheduled.
    public static let scheduleAhead = TimeSpan.days(30)
    public static let credentialsPerGrant = 50
    /// For which a code is good that lets a browser in, and how many are kept at once.
    public static let browserCodeLife = TimeSpan.seconds(60)
    public static let browserCodes = 1024
    public static let openRequestsPerEngineer = 200
    /// Of one engineer about one tenant, waiting for a decision at once.
    public static let waitingRequestsAtTenant = 150
    /// About one support request, waiting for a decision at once, whoever made them.
    public static let waitingRequestsOnSupportRequest = 100
    /// How long an engineer waits who was denied, before asking again on the same support request.
    public static let waitAfterDenial = TimeSpan.minutes(15)
    public static let messagesPerRequest = 100
    /// Requests that one form denies, and whose access one form stops.
    public static let deniedAtOnce = 1...100
    public static let stoppedAtOnce = 1...2_000

    /// For which an invitation is good, and a letter to who forgot her password.
    public static let invitationLife = TimeSpan.hours(72)
    public static let forgottenPasswordLife = TimeSpan.hours(1)
    /// For which a command line can fetch what its browser was told, and what was said on a page
    /// elsewhere (RFC 6749 §4.1.2, RFC 8628 §3.2).
    public static let loginCodeLife = TimeSpan.seconds(60)
    public static let deviceCodeLife = TimeSpan.minutes(10)
    /// Command lines without a browser that wait at once, whoever asks.
    public static let deviceLoginsWaiting = 1_000
    public static let deviceNameLength = 0...100

    /// Wrong codes after which an invitation is good for nothing: of 60 bits that is no chance.
    public static let wrongCodesPerInvitation = 10

    // Within a day; `DailyQuota` says what is counted.
    /// Opened by one person, who may be the program of a ticket system; and by all of her tenant.
    public static let supportRequestsPerDay = 3_000
    public static let supportRequestsOfTenantPerDay = 10_000
    /// Made by one engineer: about all tenants, about one; and by all engineers about one.
    public static let requestsPerDay = 1_000
    public static let requestsAtTenantPerDay = 500
    public static let requestsAboutTenantPerDay = 2_000
    /// Written by one person, on whatever requests.
    public static let messagesPerDay = 500
    public static let tokensPerDay = 200
    /// Sent to one person, by whoever may; and to who forgot her password, whoever says so.
    public static let invitationsPerDay = 20
    public static let forgottenPasswordsPerDay = 5
    /// Of rules, roles and letters, by one person.
    public static let settingsPerDay = 300
    /// Begun by one person, which is one every five minutes; and by all who read one log.
    public static let exportsPerDay = 300
    public static let exportsOfLogPerDay = 1_500

    /// People whom one provisioning token adds.
    public static let provisionedPerDay = 5_000
    /// Changes of people that one provisioning token makes, where they do not only take away.
    public static let provisionedChangesPerDay = 10_000
    /// Records that tell of the same refusal to one directory.
    public static let provisioningRefusalsPerDay = 1

    // What a directory may say.
    public static let userNameLength = 1...254
    public static let externalIDLength = 1...254
    public static let emailsPerPerson = 0...20
    public static let emailTypeLength = 1...32
    public static let groupNameLength = 1...254
    public static let groupsPerDirectory = 1_000
    public static let membersPerGroup = 10_000
    public static let groupRolesPerDirectory = 100
    public static let provisioningTokensPerDirectory = 10

    /// Sent to one person; of what only reminds, no more go then. An approver of a busy tenant gets
    /// some tens.
    public static let lettersPerDay = 300

    // Operations in the log.
    /// In one record.
    public static let operationsPerBatch = 256
    /// Bytes of one record's operations; the one that reaches it is the last.
    public static let bytesPerBatch = 128 * 1024
    /// From its first operation until a batch is closed: with the look that finds it, a second.
    public static let batchAge = TimeSpan(milliseconds: 700)
    /// UTF-8 bytes that are kept of one path or statement, of a method, and of a database's name.
    public static let operationBytes = 16 * 1024
    public static let methodBytes = 64
    public static let databaseBytes = 256
    /// Things that a grant's operations are counted by, and what is kept of the name of each.
    public static let subjectsPerGrant = 50
    public static let subjectScalars = 120

    /// After the end of access at a service whose connections nobody cuts: for so long the customer's
    /// first pages list it as one that may still be connected.
    public static let leftOpenListed = TimeSpan.hours(24)

    // How long what is only bookkeeping is kept.
    /// For so long a retry finds what its `Idempotency-Key` did.
    public static let commandsKept = TimeSpan.days(7)
    /// After a token expired or was revoked.
    public static let tokensKept = TimeSpan.days(30)
    /// After a command line could have fetched its tokens; until then one that comes twice is known.
    public static let loginRequestsKept = TimeSpan.days(1)
    /// After an invitation was over.
    public static let invitationsKept = TimeSpan.days(30)
    /// After a letter was sent or became needless, and its request was settled.
    public static let lettersKept = TimeSpan.days(90)
    /// After the last statement that was read from a file of a service's log.
    public static let logPositionsKept = TimeSpan.days(400)
}
