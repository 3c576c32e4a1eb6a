import ArgumentParser
import LockboxClient
import LockboxWire

/// Until when a command waits.
enum WaitGoal: String, ExpressibleByArgument, CaseIterable {
    /// Everybody who must decide has.
    case decided
    /// Access is open.
    case active
    /// Access is over.
    case ended

    /// Nil while it is still to come; else whether it was reached.
    func isReached(by state: AccessState) -> Bool? {
        switch self {
        case .decided where !state.isPending:
            state == .scheduled || state == .active || state == .ended
        case .active where state == .active: true
        case .active where state.isTerminal: false
        case .ended where state.isTerminal: state == .ended
        case .decided, .active, .ended: nil
        }
    }
}

struct WaitOptions: ParsableArguments {
    @Option(help: "With waiting: until when.") var until: WaitGoal = .active
    @Option(help: "With waiting: give up after this time, such as 10m.") var timeout:
        DurationArgument?
}

extension Session {
    /// Follows a request until the goal is reached or cannot be any more. `changed` hears of each
    /// new state.
    func wait(
        for id: String,
        until goal: WaitGoal,
        timeout: DurationArgument?,
        changed: (AccessRequestBody) -> Void
    ) async throws -> AccessRequestBody {
        let clock = ContinuousClock()
        let start = clock.now
        let limit = timeout?.seconds.map { Duration.seconds($0) }
        var lastVersion = 0
        while true {
            let request: AccessRequestBody = try await client.get(Path("v1", "requests", id))
            if request.version != lastVersion {
                lastVersion = request.version
                shell.clearProgress()
                changed(request)
            }
            if let reached = goal.isReached(by: request.state) {
                shell.clearProgress()
                if reached { return request }
                throw Failure.failed("\(id) is \(request.state.words).")
            }
            if let limit, start.duration(to: clock.now) >= limit {
                shell.clearProgress()
                throw Failure.failed("\(id) is still \(request.state.words).")
            }
            shell.progress(TerminalText.clean(progressLine(request)))
            try await clock.sleep(for: .seconds(1))
        }
    }

    private func progressLine(_ request: AccessRequestBody) -> String {
        let now = shell.now()
        if let decideBy = request.decideBy {
            return
                "\(request.id) is \(request.state.words); it expires \(TimeText.relative(decideBy, now: now))"
        }
        guard let grant = request.grant else { return "\(request.id) is \(request.state.words)" }
        if request.state == .scheduled {
            return "\(request.id) begins \(TimeText.relative(grant.start, now: now))"
        }
        return "\(request.id) ends \(TimeText.relative(grant.end, now: now))"
    }

    /// Waits as the options of a command say, telling each change on standard error.
    func wait(for request: AccessRequestBody, _ options: WaitOptions) async throws
        -> AccessRequestBody
    {
        try await wait(for: request.id, until: options.until, timeout: options.timeout) { request in
            shell.tell(
                "\(TerminalText.clean(request.id)) is \(TerminalText.clean(request.state.words))."
            )
        }
    }
}
