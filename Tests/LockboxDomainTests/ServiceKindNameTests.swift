import LockboxDomain
import Testing

struct ServiceKindNameTests {
    @Test(arguments: ["imap", "http", "sql", "postgres", "k8s", "object-store"])
    func plainWordIsAKind(_ name: String) {
        #expect(ProtectedService.Kind(rawValue: name)?.description == name)
    }

    @Test(arguments: ["", "IMAP", "9p", "-imap", "im ap", "ımap", "a/b", "a.b"])
    func anythingElseIsNone(_ name: String) {
        #expect(ProtectedService.Kind(rawValue: name) == nil)
    }

    @Test func lengthHasABound() {
        let longest = String(repeating: "a", count: Limits.serviceKindLength.upperBound)
        #expect(ProtectedService.Kind(rawValue: longest) != nil)
        #expect(ProtectedService.Kind(rawValue: longest + "a") == nil)
    }
}

/// Nobody claims a cut that nobody makes.
struct EndOfConnectionsTests {
    private static let (mail, files, crm) = (
        ServiceID("mail")!, ServiceID("files")!, ServiceID("crm")!
    )

    @Test func wordsSayWhatIsCutAndWhatIsNot() {
        let all = EndOfConnections(cut: [Self.mail, Self.crm], left: [])
        #expect(all.areAllCut)
        #expect(all.words() == "open connections are cut")
        #expect(all.words("within a second") == "open connections are cut within a second")
        let none = EndOfConnections(cut: [], left: [Self.files])
        #expect(!none.areAllCut)
        #expect(none.words() == "open connections cannot be cut")
        #expect(none.words("within a second") == "open connections cannot be cut")
        let some = EndOfConnections(cut: [Self.mail], left: [Self.files, Self.crm])
        #expect(!some.areAllCut)
        #expect(
            some.words("within a second")
                == "open connections are cut within a second, except those at files, crm, "
                + "which cannot be cut"
        )
    }
}
