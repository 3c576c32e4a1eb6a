import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Testing

@testable import LockboxPortal

/// Texts that come in with an address.
struct PlaceTests {
    @Test(arguments: ["/lockbox/LBX-1?a=b", "/", "/audit?text=a%20b"])
    func pathOfOurOwnIsKept(_ path: String) { #expect(path.asLocalPath == path) }

    @Test(arguments: [
        "//evil.example", "/\\evil.example", "https://evil.example", "evil", "",
        "/a\r\nSet-Cookie: x", "/a b",
    ])
    func whatABrowserCouldTakeForAnotherSiteIsDropped(_ path: String) {
        #expect(path.asLocalPath == nil)
    }

    @Test func everythingThatCouldEndAValueIsEncoded() {
        #expect("/lockbox/LBX-1?a=b&c#d".asQueryValue == "/lockbox/LBX-1%3Fa%3Db%26c%23d")
    }
}

/// Texts that forms that ask put into an address.
struct QueryTests {
    @Test(arguments: [
        ("/audit?text=lost+letters", "lost letters"), ("/audit?text=a%2Bb", "a+b"),
        ("/audit?text=%C3%BC+%26", "ü &"),
        ("/audit?text=+", nil), ("/audit?other=1", nil), ("/audit?text=%zz", nil), ("/audit", nil),
    ])
    func fieldIsDecodedAsFormsEncodeIt(_ address: String, _ text: String?) {
        let head = HTTPRequest(
            method: .get,
            scheme: "https",
            authority: "lockbox.test",
            path: address
        )
        #expect(Request(head: head, body: .init(buffer: .init())).query("text") == text)
    }
}

/// What people read of the log.
struct AuditWordsTests {
    /// The activities are taken from where they are made, so that a new one cannot be forgotten
    /// here.
    @Test func everyActivityHasWords() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent()
            .deletingLastPathComponent()
        let source = try String(
            contentsOf: root.appending(path: "Sources/LockboxAudit/AuditFacts.swift"),
            encoding: .utf8
        )
        let made = Set(
            source.matches(of: #/"([a-z][A-Za-z]*\.[a-z][A-Za-z]*)"/#).map { String($0.output.1) }
        )
        #expect(made.count > 30)
        #expect(made.symmetricDifference(AuditWords.activities.map(\.activity)).isEmpty)
    }

    @Test func everyActivityIsInOneGroup() {
        let grouped = AuditWords.groups.flatMap { $0.activities.map(\.activity) }
        #expect(grouped.sorted() == AuditWords.activities.map(\.activity).sorted())
    }
}
