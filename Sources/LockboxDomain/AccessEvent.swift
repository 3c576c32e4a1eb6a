/// What happens to the access that an approved request gives.
public enum AccessEvent: Hashable, Sendable {
    case grantOpened(AccessRequest, Grant)
    case grantStarted(AccessRequest, Grant)
    /// With what is known of a signature where the customer's own people ended it.
    case grantEnded(AccessRequest, Grant, Ending, RevokeSignature? = nil)
    case credentialIssued(Credential)
    /// A credential was used for the first time.
    case resourceOpened(Credential)
    /// What was done with a grant, some operations together.
    case operationsRecorded(OperationBatch)
    case removalConfirmed(Removal)
    case removalFailed(Removal)
    /// Something is open that nobody granted.
    case unknownFound(UnknownAccess)
}

extension AccessEvent {
    /// Whether the system is its author, in whoever's write it comes: what the passing of time
    /// caused, and what is only written together.
    var isCausedByTime: Bool {
        switch self {
        case .grantStarted, .operationsRecorded: true
        case .grantEnded(_, _, let ending, _): ending.reason == .expired
        case .grantOpened, .credentialIssued, .resourceOpened, .removalConfirmed, .removalFailed,
            .unknownFound:
            false
        }
    }

    /// Whose data it is about.
    var tenant: TenantID {
        switch self {
        case .grantOpened(let request, _), .grantStarted(let request, _),
            .grantEnded(let request, _, _, _):
            request.terms.tenant
        case .credentialIssued(let credential), .resourceOpened(let credential): credential.tenant
        case .operationsRecorded(let batch): batch.tenant
        case .removalConfirmed(let removal), .removalFailed(let removal): removal.tenant
        case .unknownFound(let found): found.tenant
        }
    }
}
