package import LockboxDomain
import Synchronization

/// A token bucket for each key (RFC 6585 §4 answers what overflows). Memory is bounded: when full of strangers it
/// forgets the fullest buckets first, which are those that were asked least.
package final class RateLimit: Sendable {
    private struct Bucket {
        var level: Double
        var at: Timestamp
    }

    private let burst: Double
    private let perSecond: Double
    private let capacity: Int
    private let buckets = Mutex<[String: Bucket]>([:])

    package init(burst: Int, perSecond: Double, keys capacity: Int = 10_000) {
        self.burst = Double(burst)
        self.perSecond = perSecond
        self.capacity = capacity
    }

    /// Takes one from `key`'s bucket, or says how long to wait for the next.
    package func take(_ key: String, now: Timestamp) throws(Refusal) {
        let wait = buckets.withLock { buckets -> TimeSpan? in
            if buckets.count >= capacity && buckets[key] == nil { forget(&buckets, now: now) }
            var bucket = buckets[key] ?? Bucket(level: burst, at: now)
            let elapsed = Double(max(0, (now - bucket.at).milliseconds)) / 1000
            bucket.level = min(burst, bucket.level + elapsed * perSecond)
            bucket.at = now
            defer { buckets[key] = bucket }
            guard bucket.level >= 1 else {
                return .seconds(max(1, Int64(((1 - bucket.level) / perSecond).rounded(.up))))
            }
            bucket.level -= 1
            return nil
        }
        if let wait { throw .tooManyAttempts(retryAfter: wait) }
    }

    /// How many keys it remembers.
    package var count: Int { buckets.withLock { $0.count } }

    private func forget(_ buckets: inout [String: Bucket], now: Timestamp) {
        buckets = buckets.filter { bucket in
            bucket.value.level + Double(max(0, (now - bucket.value.at).milliseconds)) / 1000 * perSecond < burst
        }
        guard buckets.count >= capacity else { return }
        // Those that were emptied stay: whoever comes with many names must not win back a spent one.
        let fullest = buckets.sorted { $0.value.level > $1.value.level }
        for (key, _) in fullest.prefix(capacity - capacity / 2) { buckets[key] = nil }
    }
}
