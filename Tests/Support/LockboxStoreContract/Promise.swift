import LockboxDomain
import LockboxFixtures
package import LockboxPorts
import Testing

/// One of the things that everyone above may rely on, whichever database is below. A store that
/// keeps all of them is a `Store`:
///
/// ```
/// @Test(arguments: Promise.allCases)
/// func promiseIsKept(_ promise: Promise) async throws { try await promise.check(anEmptyStore) }
/// ```
/// A change of the store's protocols comes with its promise here.
package struct Promise: CaseIterable, Identifiable, Sendable, CustomTestStringConvertible {
    /// What is promised, as a sentence.
    package let id: String
    private let body: @Sendable (any Store) async throws -> Void

    package static let allCases: [Promise] =
        ofTransactions + ofTheDirectory + ofSupport + ofRequests + ofMessages + ofGrants + ofNotices
        + ofLogs
        + ofSearching + ofTrees + ofSessions + ofWork + ofDays + ofRetention
        + ofBrowserCodes + ofInvitations + ofSignInSettings + ofProvisioning + ofPasskeys
        + ofPolicyChanges + ofProposals + ofLogins

    init(_ id: String, _ body: @escaping @Sendable (any Store) async throws -> Void) {
        self.id = id
        self.body = body
    }

    package var testDescription: String { id }

    /// Records an issue for each way in which `store` breaks the promise. The store must be empty.
    package func check(_ store: any Store) async throws { try await body(store) }
}

extension Store {
    /// Everyone and everything that a request rests on.
    func populate() async throws { try await write { tx in try Fixture.populate(tx) } }

    /// Expects that `body` is refused not by a rule but by the schema, and that nothing of it is
    /// kept.
    func refuses(
        _ what: String,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Void
    ) async {
        do {
            try await write(body)
            Issue.record("\(what) was accepted", sourceLocation: sourceLocation)
        } catch StoreError.corrupt(let words) {
            #expect(
                words.hasPrefix("the schema refuses"),
                "\(what)",
                sourceLocation: sourceLocation
            )
        } catch {
            Issue.record(error, "\(what)", sourceLocation: sourceLocation)
        }
    }
}
