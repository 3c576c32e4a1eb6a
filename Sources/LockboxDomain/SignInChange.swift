/// Another way to sign in that an administrator of a tenant asked for, and that is not so yet: who
/// could have it at once could let himself in as anybody there before anybody hears of it.
public struct SignInChange: Identified, Hashable, Sendable {
    public static let idPrefix = "SIC"

    public let id: SignInChangeID
    public let tenant: TenantID
    public let settings: SignInSettings
    public let by: PersonID
    public let madeAt: Timestamp
    /// Then it becomes so, unless an administrator stops it before, or another than its maker says
    /// that it shall be so at once.
    public let takesEffectAt: Timestamp

    public init(
        stored id: SignInChangeID,
        tenant: TenantID,
        settings: SignInSettings,
        by: PersonID,
        madeAt: Timestamp,
        takesEffectAt: Timestamp
    ) {
        self.id = id
        self.tenant = tenant
        self.settings = settings
        self.by = by
        self.madeAt = madeAt
        self.takesEffectAt = takesEffectAt
    }

    /// Throws where nobody, or nobody but one, could sign in by it.
    public init(
        id: SignInChangeID,
        of tenant: Tenant,
        to settings: SignInSettings,
        by administrator: Person,
        at now: Timestamp
    ) throws(Refusal) {
        guard settings.provider != nil || settings.allowsPasswords else {
            throw .invalid(
                field: "passwords",
                problem: .notAllowedHere(
                    "cannot be forbidden where there is no other way to sign in."
                )
            )
        }
        guard settings.provider == nil || !tenant.domains.isEmpty else {
            throw .invalid(
                field: "issuer",
                problem: .notAllowedHere(
                    "can let in nobody, because no domain belongs to your organisation here. "
                        + "Whoever runs Lockbox says which ones do."
                )
            )
        }
        self.init(
            stored: id,
            tenant: tenant.id,
            settings: settings,
            by: administrator.id,
            madeAt: now,
            takesEffectAt: now + max(Limits.signInChangeDelay, tenant.policy.coolingOff)
        )
    }
}

public typealias SignInChangeID = ID<SignInChange>
