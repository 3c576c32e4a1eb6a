import Foundation
import LockboxDomain
import Synchronization

/// What OpenID providers said of themselves, remembered for a while. One that fails is not asked
/// again by everybody who wants to sign in, and one that changes its keys is.
final class KnownProviders: Sendable {
    private struct Known {
        var metadata: (value: ProviderMetadata, at: Timestamp)?
        var keys: (value: ProviderKeys, at: Timestamp)?
        /// When it was asked in vain, and what came of it.
        var failed: (fault: ProviderFault, at: Timestamp)?
    }

    private let http: any ProviderHTTP
    private let known = Mutex<[String: Known]>([:])

    init(_ http: any ProviderHTTP) { self.http = http }

    func metadata(of issuer: String, now: Timestamp) async throws -> ProviderMetadata {
        let (found, failed) = known.withLock { ($0[issuer]?.metadata, $0[issuer]?.failed) }
        if let found, Self.isWithin(OIDCLimits.fresh, found.at, now) { return found.value }
        if let failed, Self.isWithin(OIDCLimits.retry, failed.at, now) { throw failed.fault }
        let place =
            (issuer.hasSuffix("/") ? String(issuer.dropLast()) : issuer)
            + "/.well-known/openid-configuration"
        do {
            let metadata = try ProviderMetadata(try await http.get(place), of: issuer)
            change(issuer) { ($0.metadata, $0.failed) = ((metadata, now), nil) }
            return metadata
        } catch let fault as ProviderFault {
            change(issuer) { $0.failed = (fault, now) }
            throw fault
        }
    }

    /// Its keys; `isUnknown`: one that signed is not among those that are remembered.
    func keys(of issuer: String, isUnknown: Bool, now: Timestamp) async throws -> ProviderKeys {
        let found = known.withLock { $0[issuer]?.keys }
        if let found {
            let age = isUnknown ? OIDCLimits.retry : OIDCLimits.fresh
            if Self.isWithin(age, found.at, now) { return found.value }
        }
        do {
            let place = try await metadata(of: issuer, now: now).keys
            let keys = try ProviderKeys(try await http.get(place))
            change(issuer) { $0.keys = (keys, now) }
            return keys
        } catch let fault as ProviderFault {
            // Those that it had will do for as long as nobody can say that they do not count any more.
            guard let found, !isUnknown, Self.isWithin(OIDCLimits.keysKept, found.at, now) else {
                throw fault
            }
            return found.value
        }
    }

    private static func isWithin(_ span: TimeSpan, _ at: Timestamp, _ now: Timestamp) -> Bool {
        at <= now && now < at + span
    }

    private func change(_ issuer: String, _ change: (inout Known) -> Void) {
        known.withLock { known in
            if known[issuer] == nil, known.count >= OIDCLimits.providers { known = [:] }
            change(&known[issuer, default: Known()])
        }
    }
}
