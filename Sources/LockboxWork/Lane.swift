package import LockboxPorts

/// A lane of due work by name, with its bounds.
package struct Lane: Sendable {
    /// As logs and metrics name it.
    package let name: String
    /// Items being carried out at once, in all and at one place. One that hangs takes one of these.
    package let parallel: Int
    package let parallelAtOnePlace: Int
    /// Items of one place that are handed over together.
    package let batch: Int
    /// How many due items one look reads. Those being carried out are still due and first in line,
    /// so it is more than `parallel`.
    package let seen: Int
    /// How long items being carried out may take to finish when the process stops.
    package let stopPatience: Duration

    package init(
        name: String,
        parallel: Int,
        parallelAtOnePlace: Int? = nil,
        batch: Int = 1,
        seen: Int,
        stopPatience: Duration = .seconds(2)
    ) {
        self.name = name
        self.parallel = parallel
        self.parallelAtOnePlace = parallelAtOnePlace ?? parallel
        self.batch = batch
        self.seen = seen
        self.stopPatience = stopPatience
    }

    package init(
        _ lane: WorkLane,
        parallel: Int,
        parallelAtOnePlace: Int? = nil,
        batch: Int = 1,
        seen: Int,
        stopPatience: Duration = .seconds(2)
    ) {
        self.init(
            name: lane.rawValue,
            parallel: parallel,
            parallelAtOnePlace: parallelAtOnePlace,
            batch: batch,
            seen: seen,
            stopPatience: stopPatience
        )
    }

    /// The longest wait between two looks, in milliseconds: the wall clock can be set and other
    /// processes write too, so no deadline is slept through.
    package static let longestWait: Int64 = 250
    /// After a look that failed, in milliseconds.
    package static let waitAfterFailedLook: Int64 = 500
    /// How long items whose outcome could not be written down keep their places.
    package static let waitAfterFailure: Duration = .milliseconds(500)
    /// Between two looks at whether what is being carried out has finished, on stopping.
    static let stopStep: Duration = .milliseconds(20)
}
