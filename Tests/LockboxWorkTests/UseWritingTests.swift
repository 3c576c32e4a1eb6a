import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxTestWorld
import LockboxWork
import Logging
import Testing

struct UseWritingTests {
    @Test func whatIsCountedIsWrittenBeforeTheProcessEnds() async throws {
        try await TestWorld.with { world async throws in
            let request = try await world.approved()
            let credential = try await world.credential(for: request).credential
            for _ in 0..<3 { #expect(try await world.lockbox.recordUse(of: credential)) }
            let pause = ManualPause()
            pause.stop()
            await UseWriting(
                lockbox: world.lockbox,
                pause: pause,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            ).run()
            let view = try await world.lockbox.request(request.id.text, by: Fixture.adam)
            #expect(view.uses.map(\.count) == [3])
        }
    }
}
