import ArgumentParser
import AsyncHTTPClient
import Foundation
import LockboxClient
import LockboxInstallation
import LockboxServer

@main
struct Demo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lockbox-demo",
        abstract:
            "Walks one request through, with a real mailbox, on this machine; then keeps serving.",
        discussion: """
            Makes a provider, a tenant with two mailboxes behind Dovecot, a database and a web application, and a mail
            receiver; tells the story of a support request step by step, and checks each step. Nothing outside the data folder is changed, and every
            program that was started ends with this one.
            """
    )

    @Option(name: .long, help: "Where everything is put. Made anew each time.")
    var data = "demo-data"

    @Option(name: .long, help: "The server's port; 8443 if that is free.")
    var port: Int?

    @Flag(
        name: .long,
        help: "End after the story, with exit status 0 only if every step was as expected."
    )
    var once = false

    func validate() throws {
        if let port, !(1...65535).contains(port) {
            throw ValidationError("--port must be 1 to 65535.")
        }
    }

    func run() async throws {
        let isGood: Bool
        do {
            isGood = try await play()
        } catch {
            throw Failure(error)
        }
        if !isGood { throw ExitCode(1) }
    }

    /// Sets the stage, plays, and clears it whatever happened.
    private func play() async throws -> Bool {
        let terminal = Terminal()
        let world = try World(data: data, port: port, entropy: SystemEntropy())
        try terminal.say(
            """
            Lockbox demo: Example Cloud looks after Contoso's mail and orders. Everything is written to \(world.folder.shown).
            Starting a mail receiver, two Dovecots, PostgreSQL and Lockbox …
            """
        )
        let children = Children()
        var started: [Children.Child] = []
        let result: Result<Bool, any Error>
        do {
            try await world.start(children, started: &started)
            result = .success(try await serve(world, children, terminal))
        } catch {
            result = .failure(error)
        }
        try await children.end(started)
        try world.comeHome()
        return try result.get()
    }

    private enum Event {
        case serverEnded
        case told(Result<Bool, any Error>)
    }

    /// Runs the server as `lockboxd serve` does, and the story beside it.
    private func serve(_ world: World, _ children: Children, _ terminal: Terminal) async throws
        -> Bool
    {
        let (listening, isListening) = AsyncStream.makeStream(of: Void.self)
        let configuration = try Configuration.load(
            path: world.folder["lockbox.yaml"],
            environment: [:]
        )
        _ = try await NewInstallation.makeKeys(of: configuration)
        let opened = try await Installation.open(configuration) { _ in isListening.finish() }
        let keys: [Participant: Keys]
        do {
            keys = try await world.setUp(opened.server)
        } catch {
            try await opened.close()
            throw error
        }
        let http = HTTPClient(
            eventLoopGroupProvider: .singleton,
            configuration: LockboxClient.settings
        )
        let result: Result<Bool, any Error>
        do {
            let clients = try world.clients(keys, over: http)
            let guide = Guide(world: world, keys: keys, terminal: terminal)
            result = .success(
                try await withThrowingTaskGroup(of: Event.self) { group in
                    group.addTask {
                        try await run(opened.server, world.application)
                        return .serverEnded
                    }
                    group.addTask {
                        for await _ in listening {}
                        let story = Story(
                            world,
                            clients: clients,
                            keys: keys,
                            children: children,
                            terminal: Terminal()
                        )
                        return .told(await tell(story, guide))
                    }
                    defer { group.cancelAll() }
                    return try await outcome(of: &group, guide)
                }
            )
        } catch {
            result = .failure(error)
        }
        try await http.shutdown()
        try await opened.closeStore()
        return try result.get()
    }

    /// Until either ends; the other goes with it.
    private func run(_ server: Server, _ application: WebApplication) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.run() }
            group.addTask { try await server.run() }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// The whole evening: introduction, story, and what is left to look at. Whether every step was
    /// as expected.
    private func tell(_ story: Story, _ guide: Guide) async -> Result<Bool, any Error> {
        var story = story
        do {
            try Task.checkCancellation()
            try guide.introduce()
            do {
                try await story.tell()
            } catch is Surprise {
                try guide.conclude(badStep: story.steps)
                return .success(false)
            }
            try guide.conclude(steps: story.steps)
            if !once { try guide.invite() }
            return .success(true)
        } catch {
            return .failure(error)
        }
    }

    /// Waits for the server's end. A story that failed brings it about, and so does a good one if
    /// no more is wanted; else an operator does, as with any server.
    private func outcome(of group: inout ThrowingTaskGroup<Event, any Error>, _ guide: Guide)
        async throws -> Bool
    {
        var told: Result<Bool, any Error>?
        while let event = try await group.next() {
            switch event {
            case .told(let result):
                told = result
                if case .success(true) = result, !once { continue }
                kill(getpid(), SIGTERM)
            case .serverEnded:
                guard let told else {
                    try guide.terminal.say()
                    throw DemoError("The demo was interrupted.")
                }
                return try told.get()
            }
        }
        return false
    }
}
