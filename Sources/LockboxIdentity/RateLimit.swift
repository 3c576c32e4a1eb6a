package import LockboxDomain
import Synchronization

/// A token bucket for each key (RFC 6585 §4 answers what overflows). Memory is bounded: when it is
/// full, the fullest buckets are forgotten first, which are those that were asked least, and those
/// that are spent never. Where all are spent, everybody new shares one bucket.
package final class RateLimit: Sendable {
    private struct Bucket {
        var level: Double
        var at: Timestamp
    }

    private let burst: Double
    private let perSecond: Double
    private let capacity: Int
    private static let everybodyNew = ""
    private let buckets = Mutex<[String: Bucket]>([:])

    package init(burst: Int, perSecond: Double, keys capacity: Int = 10_000) {
        self.burst = Double(burst)
        self.perSecond = perSecond
        self.capacity = capacity
    }

    /// Takes one from `key`'s bucket, or says how long to wait for the next.
    package func take(_ key: String, now: Timestamp) throws(Refusal) {
        let wait = withLevel(of: key, now: now) { level in
            guard let wait = self.wait(at: level) else {
                level -= 1
                return nil as TimeSpan?
            }
            return wait
        }
        if let wait { throw .tooManyAttempts(retryAfter: wait) }
    }

    /// Takes one if there is one, and says whether there was.
    func tryTake(_ key: String, now: Timestamp) -> Bool {
        do {
            try take(key, now: now)
            return true
        } catch {
            return false
        }
    }

    /// Throws where `take` would, and takes nothing.
    package func peek(_ key: String, now: Timestamp) throws(Refusal) {
        let wait = withLevel(of: key, now: now) { level in self.wait(at: level) }
        if let wait { throw .tooManyAttempts(retryAfter: wait) }
    }

    /// Takes one, on credit where there is none: what was let in at once is paid for afterwards.
    package func spend(_ key: String, now: Timestamp) {
        withLevel(of: key, now: now) { $0 -= 1 }
    }

    /// Until there is one; nil where there is.
    private func wait(at level: Double) -> TimeSpan? {
        level >= 1 ? nil : .seconds(max(1, Int64(((1 - level) / perSecond).rounded(.up))))
    }

    private func withLevel<Value>(
        of key: String,
        now: Timestamp,
        _ body: (inout Double) -> Value
    ) -> Value {
        buckets.withLock { buckets in
            var key = key
            if buckets[key] == nil && buckets.count >= capacity {
                forget(&buckets, now: now)
                if buckets.count >= capacity { key = Self.everybodyNew }
            }
            var level = buckets[key].map { self.level(of: $0, at: now) } ?? burst
            let value = body(&level)
            // A full bucket is what an unknown key has.
            buckets[key] = level < burst ? Bucket(level: level, at: now) : nil
            return value
        }
    }

    /// How many keys it remembers.
    package var count: Int { buckets.withLock { $0.count } }

    private func forget(_ buckets: inout [String: Bucket], now: Timestamp) {
        buckets = buckets.filter { level(of: $0.value, at: now) < burst }
        guard buckets.count >= capacity else { return }
        // Those that are spent stay: whoever comes with many names must not win back one of them.
        let unspent = buckets.map { (key: $0.key, level: level(of: $0.value, at: now)) }.filter {
            $0.level >= 1 && $0.key != Self.everybodyNew
        }
        // A part at a time, so that not every newcomer makes us look at all of them.
        for (key, _) in unspent.sorted(by: { $0.level > $1.level }).prefix(max(1, capacity / 8)) {
            buckets[key] = nil
        }
    }

    private func level(of bucket: Bucket, at now: Timestamp) -> Double {
        min(burst, bucket.level + Double(max(0, (now - bucket.at).milliseconds)) / 1000 * perSecond)
    }
}
