import ArgumentParser
import Foundation
import LockboxSimulation

/// Runs seeds of the simulation and says what they found.
@main
struct Simulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lockbox-simulate",
        abstract: "Runs the simulation of several processes, with everything going wrong.",
        discussion: """
            Exit status 1 where a seed broke a rule; each is named, and `--seed N --count 1` shows it again.
            """
    )

    @Option(help: "The first seed.")
    var seed: UInt64 = 1

    @Option(help: "How many seeds; without it as many as fit into the time.")
    var count: UInt64?

    @Option(help: "For how many seconds.")
    var seconds: Double = 60

    func run() async throws {
        let start = Date()
        var (states, done, failed) = (Set<Int>(), 0, [UInt64]())
        var (steps, records, sessions) = (0, UInt64(0), 0)
        // In memory where there is such a place: a seed loses no power.
        let folder =
            FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
        for seed in seed..<(count.map { seed + $0 } ?? .max) {
            if count == nil, Date().timeIntervalSince(start) > seconds { break }
            let outcome = try await Simulation.run(seed: seed, in: folder)
            states.formUnion(outcome.states)
            done += 1
            (steps, records) = (steps + outcome.steps, records + outcome.records)
            sessions += outcome.sessions
            if !outcome.violations.isEmpty {
                failed.append(seed)
                print("seed \(seed):")
                for violation in outcome.violations.prefix(20) { print("  \(violation)") }
            }
        }
        let hours = Date().timeIntervalSince(start) / 3600
        print(
            """
            \(done) seeds, \(Int(Double(done) / hours)) an hour; \(states.count) different states of all requests; \
            \(steps) pieces of tasks, \(records) records, \(sessions) sessions; \(failed.count) seeds broke a rule
            """
        )
        if !failed.isEmpty { throw ExitCode.failure }
    }
}
