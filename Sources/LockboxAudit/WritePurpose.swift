package import LockboxDomain

/// What a write is for, and so which troubles of the machine stop it.
package enum WritePurpose: Sendable {
    /// It ends access or a sign-in, follows from that, or lets in who may end it. Nothing stops it.
    case ending
    /// It decides by the time of day.
    case deciding
    /// It gives access, or records that access was used.
    case granting
    /// It removes what is kept no longer: no hurry, and wrong at a wrong time of day.
    case tidying
    /// Everything else.
    case ordinary

    /// Whether it can wait until there is space on the disk again.
    fileprivate var isKeptFromReserve: Bool {
        switch self {
        case .ending, .deciding: false
        case .granting, .tidying, .ordinary: true
        }
    }

    /// Whether it would be wrong at a wrong time of day.
    fileprivate var needsTime: Bool {
        switch self {
        case .deciding, .granting, .tidying: true
        case .ending, .ordinary: false
        }
    }
}

/// Why a write was not even tried. Nothing was changed.
package enum WriteHeldBack: Error, Hashable, Sendable {
    /// What is left of the disk is kept for ending access.
    case spaceIsReserved
    /// The machine's clock stepped; what it shows now is `step` from the time that has passed.
    case clockStepped(TimeSpan)

    /// Throws if a write for `purpose` may not be made, where `spaceIsReserved` says that only the
    /// reserve is left and `clockStep` by how much the clock is off.
    static func check(
        _ purpose: WritePurpose,
        spaceIsReserved: Bool,
        clockStep: TimeSpan?
    ) throws(WriteHeldBack) {
        if spaceIsReserved, purpose.isKeptFromReserve { throw .spaceIsReserved }
        if let clockStep, purpose.needsTime { throw .clockStepped(clockStep) }
    }

    /// What is wrong and what to do, for whoever asked.
    package var sentence: String {
        switch self {
        case .spaceIsReserved:
            "Lockbox's disk is nearly full. What is left is kept for decisions and for ending "
                + "access. Whoever runs Lockbox must make space; try again then."
        case .clockStepped(let step):
            "Lockbox's clock jumped by \(step.magnitude.words), so nothing is decided and no access is "
                + "given. Access can be ended. Whoever runs Lockbox must look at the clock; try "
                + "again then."
        }
    }
}
