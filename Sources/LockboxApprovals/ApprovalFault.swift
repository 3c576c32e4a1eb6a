/// Why something is not signed, or has not the signatures that it needs
/// (docs/spec/approval-statement.md §5).
package enum ApprovalFault: String, Error, Hashable, Sendable, CaseIterable {
    /// No statement, or a signature without one, or the other way round.
    case incomplete
    /// Not canonical JSON.
    case statementUnreadable
    /// Members that are missing, unknown, or not well formed.
    case statementMembers
    /// Another person, request, tenant, log, engineer, version or rules than those of the record.
    case statementElsewhere
    /// Made later than the record that has it, or with more records than there were.
    case statementTime
    /// It was in an earlier record.
    case statementAgain
    /// The key is not registered for who signs in this log, or was removed.
    case keyUnknown
    /// The key is neither confirmed nor old enough.
    case keyTooNew
    /// The registered key is none, or of an algorithm that is not taken.
    case keyUnreadable
    /// What the browser said is not well formed, or not an answer to a question.
    case clientData
    /// The browser answered another challenge than the statement's digest.
    case challenge
    /// The browser was at another place than the passkey is for, or in a frame of another site.
    case origin
    /// The authenticator did not see its user, or did not ask who that is.
    case userVerification
    /// An SSH signature that is not well formed, or for another purpose, key or algorithm.
    case sshSignature
    /// The signature is not the key's over this.
    case signature
    /// A confirmation by the key's own person, or of other bytes than were registered.
    case confirmation
    /// A request that was never made, is over, or is made or gives access a second time.
    case requestOver
    /// Fewer people have approved than must.
    case approvals
    /// Fewer signed approvals cover the grant than must.
    case quorum
    /// Access without approval where the rules ask for approval.
    case basis
    /// Rules that were changed without the signatures, or the wait, that the rules before asked for.
    case rulesUnsigned
    /// What it rests on was erased since: whether it had the signatures cannot be told any more.
    case erased
    /// A record that cannot be read as what it says it is.
    case record

    /// For people: the rest of a sentence about the approval or the grant.
    package var words: String {
        switch self {
        case .incomplete: "has a signature without a statement, or a statement without a signature"
        case .statementUnreadable: "has a statement that is not canonical JSON"
        case .statementMembers: "has a statement whose members are not those of a statement"
        case .statementElsewhere: "has a statement about something else than its record"
        case .statementTime: "has a statement that is too old, or from after its record"
        case .statementAgain: "has a statement that was used before"
        case .keyUnknown: "is signed with a key that is not registered for who signs"
        case .keyTooNew: "is signed with a key that is not confirmed and did not wait long enough"
        case .keyUnreadable: "is signed with a key that cannot be read"
        case .clientData: "has client data that cannot be read"
        case .challenge: "has a signature over another statement"
        case .origin: "has a signature that was made at another site"
        case .userVerification: "has a signature for which nobody showed who she is"
        case .sshSignature: "has an SSH signature that is not one for this"
        case .signature: "has a signature that its key did not make"
        case .confirmation: "confirms a key that is its actor's own, or is registered otherwise"
        case .requestOver: "is of a request that is over, or never was, or had that before"
        case .approvals: "has fewer approvals than it needs"
        case .quorum: "has fewer signed approvals that cover it than it needs"
        case .basis: "rests on no approval where the rules ask for one"
        case .rulesUnsigned: "changes rules without the signatures, or the wait, that it needs"
        case .erased: "rests on approvals whose texts were erased"
        case .record: "cannot be read"
        }
    }
}
