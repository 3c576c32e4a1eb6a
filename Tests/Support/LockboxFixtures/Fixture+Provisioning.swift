package import LockboxDomain

extension Fixture {
    /// A token by which Contoso's directory speaks.
    package static func provisioningToken(
        _ number: UInt8 = 1,
        of side: Side = .tenant(contoso.id)
    ) -> ProvisioningToken {
        ProvisioningToken(
            id: id(number),
            side: side,
            label: "Eve's laptop",
            addresses: [AddressRange("192.0.2.0/24")!],
            madeBy: side == .provider ? nil : gita.id,
            createdAt: now,
            expiresAt: now + .days(90)
        )
    }

    /// What a directory says of `person`.
    package static func provisionedUser(
        _ person: Person,
        with token: ProvisioningTokenID = id(1),
        _ change: (inout ProvisionedUser) -> Void = { _ in }
    ) -> ProvisionedUser {
        var user = ProvisionedUser(
            person: person.id,
            terms: ProvisionedTerms(of: person),
            madeWith: token,
            createdAt: now,
            changedAt: now
        )
        change(&user)
        return user
    }
}
