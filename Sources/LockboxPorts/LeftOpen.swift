public import LockboxDomain

extension Grant {
    /// At which services a connection may go on though the grant has ended: a credential was issued
    /// for them, and none of its `removals` is theirs, so that nobody cuts anything there or confirms
    /// that it is closed. In the write that ends the grant, after its removals were ordered.
    public func leftOpen(
        _ removals: [Removal],
        in credentials: some CredentialRecords
    ) throws -> [ServiceID] {
        let ordered = Set(removals.filter { $0.grant == id }.map(\.service))
        let others = scope.services.filter { !ordered.contains($0) }
        if others.isEmpty { return [] }
        let issued = Set(try credentials.credentials(of: id).map(\.resource.service))
        return others.filter(issued.contains)
    }
}
