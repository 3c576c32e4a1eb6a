package import LockboxDomain

extension Fixture {
    package static let keyChange = LogKeyChange(
        key: "lockbox.test/v1/tenants/contoso/log+00000001+AQ==",
        previous: "lockbox.test/v1/tenants/contoso/log+00000002+AQ==",
        signature: "c2lnbmF0dXJl"
    )

    package static let recovery = LogRecovery(
        expectedSize: 15,
        expectedRoot: "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        size: 12,
        reason: "The disk of the database is lost."
    )
}
