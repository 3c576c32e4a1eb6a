import ArgumentParser
import LockboxDomain
import LockboxInstallation
import LockboxServer

struct AcceptClock: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Says that what the machine's clock shows is right, after it jumped.",
        discussion: """
            When the clock jumps by more than clockTolerance, Lockbox goes by the time that has passed and decides nothing
            until the clock is right again. If it is right as it is, say so here; a running server follows within a second
            or two. After a jump forward, what is overdue by the new time ends at once. After a jump back, time does not go
            back: Lockbox goes on ahead of the clock, so that no access lasts longer than it was given.
            """
    )

    @OptionGroup var config: ConfigOption

    func run() async throws {
        let words = try await withServer(config) { opened in
            guard let step = try opened.clock.accept() else {
                return "There is nothing to accept: the clock is as expected."
            }
            let direction = step > .zero ? "forward" : "back"
            // Two clocks are never read at one instant: to the second is what can be said.
            let seconds = (step.magnitude.milliseconds + 500) / 1000
            return "Accepted: the clock jumped \(direction) by \(TimeSpan.seconds(seconds).words). "
                + "Lockbox's time is \(opened.clock.now().words(withSeconds: true))."
        }
        print(words)
    }
}
