import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import NIOCore
import NIOHTTP1
import Testing

@testable import LockboxGateway

/// Which requests a browser's cookie stands for.
struct BrowserDoorTests {
    private let door: BrowserDoor
    private let cookie: String

    init() throws {
        var settings = Fixture.service("web", kind: "http", resourceType: "site")
        settings.own =
            #"{"address":"https://app.test","gateway":{"listen":"127.0.0.1:1","upstream":"http://127.0.0.1:1"}}"#
        let request = try #require(try Fixture.history(to: .active).last)
        let clock = FixedClock(try #require(request.state.grant).start)
        let sessions = BrowserSessions(
            portal: "https://lockbox.test",
            clock: clock,
            entropy: SeededEntropy()
        )
        let resource = Fixture.resource("site:contoso", of: settings.service.id)
        cookie = sessions.begin(
            BrowserAccess(
                credential: Fixture.credential(of: request, resource: resource),
                secretHash: Lockbox.hash("lbc_secret")
            )
        )
        door = BrowserDoor(settings, sessions: sessions)
    }

    private func refusal(_ method: String, _ needed: Actions?, from site: String)
        throws -> GatewayRefusal?
    {
        var text = ByteBuffer(
            string:
                "\(method) /jobs/7/run HTTP/1.1\r\nHost: app.test\r\nSec-Fetch-Site: \(site)\r\n"
                + "Cookie: \(BrowserCookie.name)=\(cookie)\r\n\r\n"
        )
        var reader = HeadReader()
        let head = try RequestHead(try #require(try reader.next(&text)))
        do throws(GatewayRefusal) {
            _ = try door.credentialHash(of: head, needing: needed)
            return nil
        } catch {
            return error
        }
    }

    /// A link leads in from everywhere, but not to what the service says is writing.
    @Test(
        arguments: [
            ("GET", Actions.read, "cross-site", true), ("GET", .write, "cross-site", false),
            ("GET", nil, "cross-site", false), ("GET", .write, "same-origin", true),
            ("GET", .write, "none", true), ("POST", .read, "cross-site", false),
            ("POST", .read, "same-origin", true), ("HEAD", .write, "same-site", false),
        ] as [(String, Actions?, String, Bool)]
    )
    func otherSitesLeadToReadingAlone(
        _ method: String,
        _ needed: Actions?,
        _ site: String,
        _ isLetIn: Bool
    ) throws {
        #expect(try refusal(method, needed, from: site) == (isLetIn ? nil : .crossSite))
    }
}
