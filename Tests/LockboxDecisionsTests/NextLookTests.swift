import LockboxDecisions
import Testing

/// Who asks about what another process may just have written waits for a look that saw it.
struct NextLookTests {
    @Test func lookThatHadBegunDoesNotCount() async throws {
        let looks = NextLook()
        looks.begins()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await looks.wait() }
            while looks.waiting == 0 { await Task.yield() }
            looks.ended()
            #expect(looks.waiting == 1)
            looks.begins()
            looks.ended()
            #expect(looks.waiting == 0)
        }
    }

    @Test func nobodyWaitsForLooksThatDoNotComeAnyMore() async {
        let looks = NextLook()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<3 { group.addTask { await looks.wait() } }
            while looks.waiting < 3 { await Task.yield() }
            looks.close()
        }
        await looks.wait()
    }
}
