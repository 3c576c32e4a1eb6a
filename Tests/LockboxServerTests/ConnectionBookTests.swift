import LockboxHTTP
import Synchronization
import Testing

/// Who gets a place when there are none left.
struct ConnectionBookTests {
    private static let limits = ConnectionBook.Limits(places: 10, reserved: 2, perAddress: 5)

    private let book = ConnectionBook(limits: limits)
    private let cut = Cut()

    /// The connections that were closed to make room, in order.
    private final class Cut: Sendable {
        private let names = Mutex<[String]>([])

        func add(_ name: String) { names.withLock { $0.append(name) } }

        var all: [String] { names.withLock { $0 } }
    }

    private func enter(_ name: String, from address: String, isProxy: Bool = false)
        -> ConnectionBook.Number?
    {
        book.enter(.init(address: address, isProxy: isProxy)) { [cut] in cut.add(name) }
    }

    /// `count` connections from `address` that are being answered.
    private func fill(_ count: Int, from address: String) throws -> [ConnectionBook.Number] {
        try (0..<count).map { number in
            let place = try #require(enter("\(address) \(number)", from: address))
            book.set(place, .answering)
            return place
        }
    }

    @Test func whoHasItsShareCutsItsOwnLongestWait() throws {
        for number in 0..<8 { #expect(enter("a\(number)", from: "a") != nil) }
        #expect(cut.all == ["a0", "a1", "a2"])
        #expect(book.count == 5)
        #expect(enter("b", from: "b") != nil)
        #expect(cut.all.count == 3, "another is not concerned")
    }

    @Test func whatIsBeingAnsweredIsNotCut() throws {
        let places = try fill(5, from: "a")
        #expect(enter("more", from: "a") == nil)
        #expect(cut.all == [])
        book.set(places[2], .waiting)
        #expect(enter("more", from: "a") != nil)
        #expect(cut.all == ["a 2"])
    }

    @Test func waitBeginsAnewWithEachAnswer() throws {
        let places = try (0..<5).map { try #require(enter("a\($0)", from: "a")) }
        book.set(places[0], .answering)
        book.set(places[0], .waiting)
        #expect(enter("more", from: "a") != nil)
        #expect(cut.all == ["a1"])
    }

    @Test func whenAllPlacesAreTakenWhoHasMostGivesOne() throws {
        for number in 0..<3 { _ = enter("b\(number)", from: "b") }
        for number in 0..<5 { _ = enter("a\(number)", from: "a") }
        #expect(enter("c", from: "c") != nil)
        #expect(enter("d", from: "d") != nil)
        #expect(cut.all == ["a0", "a1"])
    }

    @Test func proxyGivesPlacesOnlyIfNobodyElseCan() throws {
        for number in 0..<7 { _ = enter("proxy \(number)", from: "p", isProxy: true) }
        #expect(cut.all == [], "it speaks for many")
        _ = enter("a", from: "a")
        #expect(enter("b", from: "b") != nil)
        #expect(cut.all == ["a"])
        let places = try #require(enter("c", from: "c"))
        book.set(places, .answering)
        #expect(cut.all == ["a", "b"])
        #expect(enter("d", from: "d") != nil)
        #expect(cut.all == ["a", "b", "proxy 0"])
    }

    @Test func reservedPlacesAreForWhatIsEssential() throws {
        var places = try fill(4, from: "a") + fill(4, from: "b")
        let (first, second) = (
            try #require(enter("c", from: "c")), try #require(enter("d", from: "d"))
        )
        #expect(!book.mayServe(first, isEssential: false))
        #expect(book.mayServe(first, isEssential: true))
        for place in [first, second] { book.set(place, .answering) }
        #expect(enter("e", from: "e") == nil, "all are taken")
        book.leave(places.removeLast())
        #expect(book.mayServe(second, isEssential: false), "another place has become free")
        #expect(!book.mayServe(first, isEssential: false))
    }

    @Test func closedBookEndsEverybodyOnceAndLetsNobodyIn() throws {
        let place = try #require(enter("a", from: "a"))
        book.set(place, .answering)
        _ = enter("b", from: "b")
        book.close()
        book.close()
        #expect(Set(cut.all) == ["a", "b"] && cut.all.count == 2)
        #expect(enter("c", from: "c") == nil)
        book.leave(place)
        #expect(book.count == 0)
    }

    @Test func whoWasCutTakesNoPlaceAndNoPartAnyMore() throws {
        let place = try #require(enter("a0", from: "a"))
        for number in 1...5 { _ = enter("a\(number)", from: "a") }
        #expect(cut.all == ["a0"])
        book.set(place, .answering)
        book.leave(place)
        #expect(book.count == 5)
    }
}
