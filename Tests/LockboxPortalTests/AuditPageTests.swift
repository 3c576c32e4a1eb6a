import Foundation
import LockboxAudit
import LockboxDomain
import LockboxFixtures
import LockboxPortalWorld
import LockboxPorts
import LockboxService
import MerkleLog
import Testing

@testable import LockboxPortal

/// What people read of the log: the list, one record, and the story of one access.
struct AuditPageTests {
    @Test func listBeginsWithDecisionsAndAccessAndSaysSo() async throws {
        try await PortalWorld.with { world in
            let request = try await world.approved()
            try await world.opened(request)
            let first = try await world.visit("/audit", as: "uma").html
            #expect(first.contains("Approved by the customer</a>"))
            #expect(first.contains("Decisions and access: access requests"))
            #expect(!first.contains("Person added</a>") && !first.contains("Signed in</a>"))
            let all = try await world.visit("/audit?activity=all", as: "uma").html
            #expect(all.contains("Support request opened</a>"))
            #expect(all.contains("Everything that was recorded."))
            let one = try await world.visit("/audit?request=\(request.id)", as: "uma").html
            #expect(one.contains("Everything that was recorded."))
            let provider = try await world.visit("/audit", as: "vera").html
            #expect(provider.contains("Everything that was recorded."))
            // What programs took before is what they get.
            let file = try await world.visit("/audit/export.jsonl", as: "uma").html
            #expect(file.contains(#""activity":"person.added""#))
            let shown = try await world.visit(
                "/audit/export.jsonl?activity=decisions",
                as: "uma"
            ).html
            #expect(!shown.contains("person.added") && shown.contains("request.approved"))
        }
    }

    @Test func recordNamesWhomItIsAboutAndThenTheIdentifiers() async throws {
        try await PortalWorld.with { world in
            let request = try await world.approved()
            try await world.opened(request)
            try await world.audited.write(by: .console) { change in
                change.emit(.signIn(.passwordSet(Fixture.sue)))
            }
            let list = try await world.visit("/audit?activity=password", as: "uma").html
            #expect(list.contains("Sue Reyes"))
            let used = try await world.visit("/audit?activity=access.used", as: "uma").html
            let link = try #require(used.firstMatch(of: #/"(/audit/record/\d+)"/#)).output.1
            let record = HTMLDocument(try await world.visit(String(link), as: "uma").html)
                .visibleText
            let name = try #require(record.range(of: "Engineer:\nEve Park"))
            let id = try #require(record.range(of: "Engineer:\n\(Fixture.eve.id)"))
            #expect(name.upperBound < id.lowerBound)
        }
    }

    /// A log of one tenant tells nobody the names of another's people.
    @Test func namesAreOfOnesOwnAndTheProvidersPeopleAlone() async throws {
        try await PortalWorld.with { world in
            let people = [Fixture.sue, Fixture.eve, Fixture.frida].map(\.id)
            let ours = try await world.lockbox.names(of: Set(people), by: world.person("uma"))
            #expect(Set(ours.keys) == [Fixture.sue.id, Fixture.eve.id])
            let theirs = try await world.lockbox.names(of: Set(people), by: world.person("vera"))
            #expect(Set(theirs.keys) == [Fixture.eve.id])
        }
    }

    @Test func storyTellsEachStepWithItsRecordAndThatTheyAreWhatWasSigned() async throws {
        try await PortalWorld.with { world in
            let request = try await world.approved(nil, .yes("One hour.", for: .hours(1)))
            try await world.opened(request)
            try await world.finished(request)
            try await world.removing()
            let html = try await world.visit("/audit/requests/\(request.id)", as: "uma").html
            let text = HTMLDocument(html).visibleText
            var rest = text[...]
            for step in [
                "Access requested", "Approved by a manager", "Approved by the customer",
                "Access granted", "Credential issued", "Resource opened", "Access ended",
                "Service confirmed the end",
            ] {
                let place = try #require(rest.range(of: step), "\(step)")
                rest = rest[place.upperBound...]
            }
            #expect(text.contains("records are what was signed."))
            #expect(text.contains("for 1 hour instead of 2 hours"))
            #expect(text.contains("Used 1 time") && text.contains("Confirmed by mail"))
            #expect(text.contains("Printed by Uma Bell, uma@contoso.test"))
            let link = try #require(html.firstMatch(of: #/"([^"]+records\?size=\d+)"/#)).output.1
            let lines = try await world.visit(String(link), as: "uma").html.split(separator: "\n")
            #expect(lines.count == html.matches(of: #/>record \d+</a>/#).count)
            #expect(lines.allSatisfy { $0.contains(#""proof":["#) })
            let receipt = "/audit/requests/\(request.id)/receipt"
            #expect(html.contains("href=\"\(receipt).html\"\n  download"))
            let json = try await world.visit(receipt + ".json", as: "uma").html
            #expect(
                json.hasSuffix(#"],"request":"\#(request.id)","type":"lockbox-receipt/v1"}"# + "\n")
            )
            let page = try await world.visit(receipt + ".html", as: "uma").html
            for words in ["Approved by the customer", "not signed", "Service confirmed the end"] {
                #expect(page.contains(words), "\(words)")
            }
            let inside = try #require(page.firstMatch(of: #/base64,([A-Za-z0-9+\/=]+)"/#)).output.1
            let held = try #require(Base64.decode(inside.utf8))
            #expect(String(decoding: held, as: UTF8.self).hasPrefix(#"{"checkpoint":""#))
            for path in [
                "/audit/requests/\(request.id)", String(link), receipt + ".json", receipt + ".html",
            ] {
                #expect(try await world.visit(path, as: "finn").status == 404)
                #expect(try await world.visit(path, as: "sue").status == 403)
            }
        }
    }

    /// Whoever has the database can write what he likes; the page says that it is not what was signed.
    @Test func storySaysWhatWasChanged() async throws {
        try await PortalWorld.with { world in
            let request = try await world.approved()
            let log = LogID.tenant(Fixture.contoso.id)
            var search = LogSearch(request: request.id)
            search.oldestFirst = true
            let entries = try await world.store.read { [search] tx in
                try tx.search(search, in: log, page: ListPage(limit: 50)).items
            }
            #expect(try await world.log.check(entries, of: log).differences.isEmpty)
            let real = entries[0]
            let bytes = Array(
                String(decoding: real.bytes, as: UTF8.self)
                    .replacing(Fixture.eve.id.text, with: Fixture.mark.id.text).utf8
            )
            func forged(_ bytes: [UInt8], _ hash: Hash, _ texts: [CommittedText]) -> LogEntry {
                LogEntry(
                    log: log,
                    index: real.index,
                    time: real.time,
                    activity: real.activity,
                    actor: real.actor,
                    request: real.request,
                    bytes: bytes,
                    hash: hash,
                    texts: texts
                )
            }
            let texts = real.texts.map {
                CommittedText(field: $0.field, salt: $0.salt, text: "Another reason.")
            }
            for entry in [
                forged(bytes, .leaf(bytes), real.texts), forged(real.bytes, real.hash, texts),
            ] {
                let check = try await world.log.check([entry], of: log)
                #expect(!check.differences.isEmpty)
            }
        }
    }
}
