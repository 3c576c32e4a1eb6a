package import LockboxDomain

/// The bounds of sign-in by name.
package enum IdentityLimits {
    /// OWASP ASVS 5.0 §6.2.1 and §6.2.9.
    package static let passwordLength = 8...256
    /// The same where people choose for themselves.
    package static let chosenPasswordLength = 12...256
    /// The binary logarithm of the guesses that one takes at least: the third of zxcvbn's four steps.
    static let chosenPasswordBits = 33.2
    /// Characters that are looked at for that.
    static let chosenPasswordCounted = 64
    /// Failures in a row after which one client is held off from an account, and for how long.
    package static let failuresBeforeHold = 10
    package static let hold = TimeSpan.minutes(15)
    /// Failures within `failuresCounted`, from everywhere together, after which all clients that
    /// are not known are held off from an account (NIST SP 800-63B-4 §3.2.2: no more than 100).
    package static let failuresBeforeLock = 100
    package static let failuresCounted = TimeSpan.days(1)
    /// How long a browser is known from which somebody signed in.
    package static let deviceKnown = TimeSpan.days(30)
    package static let tokensPerPerson = 50
    /// How many days a token can live, and does where nothing is said.
    package static let tokenDays = 1...365
    package static let standardTokenDays = 90
    package static let addressesPerToken = 10
    /// How often it is written down that a token was used.
    package static let tokenSeenEvery = TimeSpan.minutes(1)
    static let tokenUsesNotedPerSecond = 1.0 / 60
    package static let labelLength = 0...100
    /// How long an access token of a login is good, and how long a login goes on at most and without
    /// being used. One that decides or administers ends as soon as a session of the portal.
    package static let accessTokenLife = TimeSpan.minutes(15)
    package static let loginLifetime = TimeSpan.days(30)
    package static let loginIdle = TimeSpan.days(7)
    package static let weightyLoginLifetime = TimeSpan.hours(12)
    /// Command lines without a browser that one address may bring: as a burst, and lasting.
    package static let deviceLoginBurst = 10
    static let deviceLoginsPerSecond = 1.0 / 30
    /// Codes that show no command line, which one person may type, or one address: as a burst, and
    /// lasting.
    package static let userCodeGuessBurst = 10
    static let userCodeGuessesPerSecond = 1.0 / 60
    /// How often a command line may ask whether somebody has said yes (RFC 8628 §3.5).
    package static let pollInterval = TimeSpan.seconds(5)
    static let pollsPerSecond = 1.0 / 4
    /// How often one login may get new tokens: as a burst, and lasting.
    static let refreshBurst = 20
    static let refreshesPerSecond = 1.0 / 30
    package static let passkeysPerPerson = 20
    /// How long after a question was asked a passkey may answer it.
    package static let passkeyChallenge = TimeSpan.minutes(5)
    /// By how much another process of ours may have asked it later, by its clock.
    static let passkeyLeeway = TimeSpan.minutes(1)
    /// Passkeys that one person may add: as a burst, and lasting.
    static let passkeyRegistrationBurst = 20
    static let passkeyRegistrationsPerSecond = 1.0 / 3600
    /// Things that one person's passkeys signed and were not good, which leave a record and a letter.
    static let passkeyRefusalBurst = 5
    static let passkeyRefusalsPerSecond = 1.0 / 3600
    /// OWASP ASVS 5.0 §7.3.1 and §7.3.2: how long a session may say nothing, and how long it lasts
    /// at most.
    package static let sessionIdle = TimeSpan.minutes(30)
    package static let sessionLifetime = TimeSpan.hours(12)
    /// How long after the password was given something weighty may be done without giving it again.
    package static let confirmationWindow = TimeSpan.minutes(10)
    /// Sign-ins of one person that leave a record: as a burst, and lasting. More are let in all the
    /// same, or whoever knows a password could fill the disk, or keep its owner out.
    static let signInRecordBurst = 100
    static let signInRecordsPerSecond = 1.0 / 600
    /// New passwords that one person may set.
    static let passwordChangeBurst = 10
    static let passwordChangesPerSecond = 1.0 / 3600
    /// Codes and passwords that one address may send with invitations: as a burst, and lasting.
    package static let invitationAttemptBurst = 30
    static let invitationAttemptsPerSecond = 0.1
    /// Addresses that one address may name as theirs who forgot their password, and how many wait to
    /// be looked at.
    package static let forgottenPasswordBurst = 10
    static let forgottenPasswordsPerSecond = 1.0 / 60
    static let forgottenPasswordsWaiting = 1000
    /// One more session ends the oldest.
    package static let sessionsPerPerson = 20
    /// How often it is written down that a session was seen.
    package static let sessionSeenEvery = TimeSpan.minutes(1)
    /// scrypt work: 2^15 rounds of 8 blocks take 32 MiB and about 0.1 s (OWASP Password Storage
    /// Cheat Sheet).
    package static let scryptLogRounds = 15
    /// Hashes that wait for their turn: of one stranger's address or one known person, and in all. One
    /// more is sent away at once.
    static let hashesWaitingPerRequester = 16
    static let hashesWaiting = 256
    /// Wrong passwords from one address, whatever the account, after which it is sent away before
    /// anything is hashed: as a burst, and lasting. Known browsers are not meant.
    package static let addressFailureBurst = 30
    static let addressFailuresPerSecond = 0.5
    /// Foreign accounts that come with one person's address and leave a record and a letter.
    /// For whom a logout token may be meant.
    static let audiences = 10
    /// Logout tokens of one address that are looked at: many people are signed out at once where
    /// their organisation says so.
    package static let providerSignOutBurst = 500
    package static let providerSignOutsPerSecond = 20.0
    /// Letters to one person about browsers that are new.
    package static let newBrowserBurst = 5
    static let newBrowsersPerSecond = 5.0 / 86_400
    static let identityRefusalBurst = 5
    static let identityRefusalsPerSecond = 1.0 / 3600
    /// Sign-ins at OpenID providers that one address may begin or end, an office full of people too.
    package static let providerSignInBurst = 200
    package static let providerSignInsPerSecond = 2.0
}
