package import LockboxDomain
package import LockboxPorts
import Synchronization

/// A clock that stands where a test puts it.
package final class FixedClock: WallClock {
    private let instant: Mutex<Timestamp>
    private let stepped = Mutex<TimeSpan?>(nil)

    package init(_ instant: Timestamp = Fixture.now) { self.instant = Mutex(instant) }

    package func now() -> Timestamp { instant.withLock { $0 } }

    package var step: TimeSpan? { stepped.withLock { $0 } }

    package var ahead: TimeSpan { TimeSpan(milliseconds: -(step?.milliseconds ?? 0)) }

    /// The machine's clock jumps, or is right again.
    package func step(by span: TimeSpan?) { stepped.withLock { $0 = span } }

    package func advance(by span: TimeSpan) { instant.withLock { $0 = $0 + span } }

    package func move(to next: Timestamp) { instant.withLock { $0 = next } }
}

/// Time that passes as a test says.
package final class FixedMonotonicClock: MonotonicClock {
    private let passed = Mutex(Duration.zero)

    package init() {}

    package func elapsed() -> Duration { passed.withLock { $0 } }

    package func advance(by duration: Duration) { passed.withLock { $0 += duration } }
}

/// Bytes that look random and are the same for the same seed (SplitMix64).
package final class SeededEntropy: Entropy {
    private let state: Mutex<UInt64>

    package init(seed: UInt64 = 1) { state = Mutex(seed) }

    package func bytes(_ count: Int) -> [UInt8] {
        state.withLock { state in
            (0..<count).map { _ in
                state &+= 0x9E37_79B9_7F4A_7C15
                var mixed = state
                mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
                mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
                return UInt8(truncatingIfNeeded: mixed ^ (mixed >> 31))
            }
        }
    }
}

/// Services that are told nothing.
package struct NoEnforcers: EnforcerDirectory {
    package init() {}

    package func enforcer(of service: ServiceID) async throws -> (any Enforcer)? { nil }
    package func rememberedEnforcer(of service: ServiceID) throws -> (any Enforcer)? { nil }
}

/// Ends that hold and cut nothing.
package final class RememberedEnds: ImmediateEnds {
    private let ends = Mutex<[GrantID: Timestamp]>([:])

    package init() {}

    package func end(_ grant: GrantID, at now: Timestamp) { ends.withLock { $0[grant] = now } }
    package func takeBack(_ grant: GrantID) { ends.withLock { $0[grant] = nil } }
    package func recordLater(
        _ grant: GrantID,
        _ record: @escaping @Sendable () async throws -> Void
    ) {}
    package func ended(_ grant: GrantID) -> Timestamp? { ends.withLock { $0[grant] } }
}
