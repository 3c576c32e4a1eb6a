import LockboxPortalWorld
import Testing

/// Only a form of a page of ours, shown to this very session, does anything.
struct FormSourceTests {
    private static let path = "/account/letters"
    private static let wanted = [("wanted", "reminders")]

    /// Sends a form as Adam; says what was answered, and whether anything was done.
    private static func send(
        _ form: [(String, String)] = wanted,
        origin: String?,
        site: String? = nil
    ) async throws -> (status: Int, isDone: Bool) {
        try await PortalWorld.with { world in
            let before = try await world.recordedChanges()
            let answer = try await world.send(
                path,
                form: form,
                as: "adam",
                origin: origin,
                site: site
            )
            let after = try await world.recordedChanges(since: before)
            return (answer.status, after.count != before.count)
        }
    }

    @Test(arguments: [
        PortalWorld.publicURL, "https://LOCKBOX.example-cloud.test",
        "https://lockbox.example-cloud.test:443",
    ])
    func formOfOursIsTaken(_ origin: String) async throws {
        let answer = try await Self.send(origin: origin)
        #expect(answer.status == 303 && answer.isDone)
    }

    @Test(arguments: [
        "https://evil.test", "null", "", "http://lockbox.example-cloud.test",
        "https://lockbox.example-cloud.test:444", "https://lockbox.example-cloud.test.evil.test",
        "https://evil.test/https://lockbox.example-cloud.test",
    ])
    func formOfAnotherSiteIsRefused(_ origin: String) async throws {
        let answer = try await Self.send(origin: origin, site: "same-origin")
        #expect(answer.status == 403 && !answer.isDone)
    }

    @Test(arguments: [("cross-site", false), ("same-site", false), ("same-origin", true)])
    func whereThereIsNoOriginTheSiteDecides(_ site: String, _ isTaken: Bool) async throws {
        let answer = try await Self.send(origin: nil, site: site)
        #expect((answer.status == 303) == isTaken && answer.isDone == isTaken)
    }

    @Test(arguments: ["", "0", "another session's"])
    func formWithoutTheTokenOfItsSessionDoesNothing(_ token: String) async throws {
        let answer = try await Self.send(
            Self.wanted + [("csrf", token)],
            origin: PortalWorld.publicURL
        )
        #expect(answer.status >= 400 && !answer.isDone)
    }
}
