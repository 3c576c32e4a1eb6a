import LockboxDomain
import LockboxFixtures
import LockboxPorts
import Testing

extension Promise {
    static let ofSearching = [
        Promise("a search without filters shows the whole log, newest first", everythingIsFound),
        Promise("a search by time is from an instant up to another", timeIsFound),
        Promise("a search by activity finds it and what is below it", activitiesAreFound),
        Promise("a search by person finds who did it and who is named", peopleAreFound),
        Promise("a search by request finds its records", requestsAreFound),
        Promise("a search by text takes every character as itself", textsAreFound),
        Promise("filters restrict together", filtersRestrictTogether),
        Promise("a search stays within its log", searchesStayInTheirLog),
        Promise(
            "pages of a search are complete and stable while the log grows",
            searchPagesAreStable
        ),
        Promise("a search that looks at few records says where it goes on", partsMakeTheWhole),
        Promise(
            "a search finds the few that all its filters let through among many that one does",
            fewAreFoundAmongMany
        ),
        Promise(
            "every combination of filters finds what each of them lets through, also on short pages",
            combinationsFindWhatAllLetThrough
        ),
        Promise(
            "filters that are each frequent and never together find nothing",
            neverTogetherIsNothing
        ),
    ]
}

private let contoso = LogID.tenant(Fixture.contoso.id)

/// Appends what the promises below look for; the numbers are the indices.
private func fill(_ store: any Store) async throws {
    let (eve, adam) = (Fixture.eve.id.text, Fixture.adam.id.text)
    @Sendable func at(_ seconds: Int64) -> Timestamp { Fixture.now + .seconds(seconds) }
    try await store.write { tx in
        try LogWriter.append(
            "request.submitted",
            at: at(0),
            by: eve,
            about: Fixture.id(1),
            texts: [
                Fixture.text("actorName", "Eve Park"),
                Fixture.text("reason", "100%_sure\\ about ADAM"),
            ],
            in: tx
        )
        try LogWriter.append(
            "request.approved",
            at: at(10),
            by: adam,
            about: Fixture.id(1),
            texts: [
                Fixture.text("actorName", "Adam Cole"),
                Fixture.text("actorAddress", "Adam@Contoso.test"),
            ],
            in: tx
        )
        try LogWriter.append("request", at: at(10), by: "system", about: Fixture.id(2), in: tx)
        try LogWriter.append("requests.listed", at: at(20), by: eve, in: tx)
        try LogWriter.append(
            "policy.changed",
            at: at(30),
            by: "console",
            texts: [Fixture.text("comment", "100 percent süß")],
            in: tx
        )
        try LogWriter.append(
            "request.submitted",
            to: .provider,
            at: at(10),
            by: eve,
            about: Fixture.id(1),
            texts: [Fixture.text("actorName", "Eve Park")],
            in: tx
        )
    }
}

private func find(_ search: LogSearch, in store: any Store, log: LogID = contoso) async throws
    -> [UInt64]
{
    try await store.read { try $0.search(search, in: log, page: ListPage(limit: 50)) }.items.map(
        \.index
    )
}

private func everythingIsFound(_ store: any Store) async throws {
    #expect(try await find(LogSearch(), in: store) == [])
    try await fill(store)
    #expect(try await find(LogSearch(), in: store) == [4, 3, 2, 1, 0])
    let entries = try await store.read { tx in
        (
            try tx.entries(of: contoso, in: 0..<9),
            try tx.search(LogSearch(), in: contoso, page: ListPage(limit: 9)).items
        )
    }
    #expect(entries.0 == entries.1.reversed())
}

private func timeIsFound(_ store: any Store) async throws {
    try await fill(store)
    func at(_ milliseconds: Int64) -> Timestamp {
        Fixture.now + TimeSpan(milliseconds: milliseconds)
    }
    #expect(try await find(LogSearch(from: at(10_000)), in: store) == [4, 3, 2, 1])
    #expect(try await find(LogSearch(from: at(10_001)), in: store) == [4, 3])
    #expect(try await find(LogSearch(to: at(10_000)), in: store) == [0])
    #expect(try await find(LogSearch(to: at(10_001)), in: store) == [2, 1, 0])
    #expect(try await find(LogSearch(from: at(10_000), to: at(20_000)), in: store) == [2, 1])
    #expect(try await find(LogSearch(from: at(30_001)), in: store) == [])
    #expect(try await find(LogSearch(to: .latest), in: store) == [4, 3, 2, 1, 0])
    #expect(try await find(LogSearch(to: at(0)), in: store) == [])
    #expect(try await find(LogSearch(from: at(20_000), to: at(10_000)), in: store) == [])
}

private func activitiesAreFound(_ store: any Store) async throws {
    try await fill(store)
    #expect(try await find(LogSearch(activity: "request"), in: store) == [2, 1, 0])
    #expect(try await find(LogSearch(activity: "request.approved"), in: store) == [1])
    #expect(try await find(LogSearch(activity: "request.app"), in: store) == [])
    var either = LogSearch()
    either.activities = ["request.approved", "request.submitted", "request.app"]
    #expect(try await find(either, in: store) == [1, 0])
    #expect(try await find(LogSearch(activity: "Request"), in: store) == [])
    #expect(try await find(LogSearch(activity: "%"), in: store) == [])
}

private func peopleAreFound(_ store: any Store) async throws {
    try await fill(store)
    #expect(try await find(LogSearch(person: Fixture.eve.id.text), in: store) == [3, 0])
    #expect(
        try await find(LogSearch(person: Fixture.eve.id.text.lowercased()), in: store) == [3, 0]
    )
    #expect(try await find(LogSearch(person: "system"), in: store) == [2])
    // By name or address, but not for being mentioned in a reason.
    #expect(try await find(LogSearch(person: "adam"), in: store) == [1])
    #expect(try await find(LogSearch(person: "@contoso"), in: store) == [1])
    #expect(try await find(LogSearch(person: "PARK"), in: store) == [0])
    #expect(try await find(LogSearch(person: "%"), in: store) == [])
}

private func requestsAreFound(_ store: any Store) async throws {
    try await fill(store)
    #expect(try await find(LogSearch(request: Fixture.id(1)), in: store) == [1, 0])
    #expect(try await find(LogSearch(request: Fixture.id(9)), in: store) == [])
}

private func textsAreFound(_ store: any Store) async throws {
    try await fill(store)
    for (text, expected) in [
        ("adam", [1, 0]), ("ADAM", [1, 0]), ("100", [4, 0]), ("100%", [0]), ("0%_s", [0]),
        ("_", [0]), ("\\", [0]),
        ("sure\\ about", [0]), ("süß", [4]), ("'; --", []), ("\0", []), ("percent\0", []),
        (String(repeating: "%", count: 2000), []),
    ] as [(String, [UInt64])] {
        #expect(try await find(LogSearch(text: text), in: store) == expected, "\(text)")
    }
}

private func filtersRestrictTogether(_ store: any Store) async throws {
    try await fill(store)
    let all = LogSearch(
        from: Fixture.now,
        to: Fixture.now + .seconds(10),
        activity: "request",
        person: "eve",
        request: Fixture.id(1),
        text: "sure"
    )
    #expect(try await find(all, in: store) == [0])
    var other = all
    other.text = "cole"
    #expect(try await find(other, in: store) == [])
}

private func searchesStayInTheirLog(_ store: any Store) async throws {
    try await fill(store)
    #expect(try await find(LogSearch(text: "park"), in: store, log: .provider) == [0])
    #expect(try await find(LogSearch(text: "cole"), in: store, log: .provider) == [])
    #expect(try await find(LogSearch(), in: store, log: .tenant(Fixture.fabrikam.id)) == [])
    #expect(
        try await find(LogSearch(from: Fixture.now), in: store, log: .tenant(Fixture.fabrikam.id))
            == []
    )
}

private func searchPagesAreStable(_ store: any Store) async throws {
    try await store.write { tx in
        for number in 0..<20 {
            try LogWriter.append(
                number.isMultiple(of: 2) ? "request.submitted" : "policy.changed",
                at: Fixture.now + .seconds(Int64(number / 4)),
                in: tx
            )
        }
    }
    let search = LogSearch(activity: "request")
    let expected = (0..<10).reversed().map { UInt64($0 * 2) }
    for limit in [1, 3, 10, 11] {
        var seen: [UInt64] = []
        var page = ListPage(limit: limit)
        repeat {
            let found = try await store.read { [page, search] in
                try $0.search(search, in: contoso, page: page)
            }
            #expect(found.items.count <= limit)
            seen += found.items.map(\.index)
            page.cursor = found.next
            _ = try await store.write { tx in
                try LogWriter.append("policy.changed", at: Fixture.now + .hours(1), in: tx)
            }
        } while page.cursor != nil
        #expect(seen == expected)
    }
    let first = try await store.read {
        try $0.search(search, in: contoso, page: ListPage(limit: 4))
    }
    _ = try await store.write { tx in
        try LogWriter.append("request.approved", at: Fixture.now + .hours(1), in: tx)
    }
    let rest = try await store.read {
        try $0.search(search, in: contoso, page: ListPage(limit: 50, cursor: first.next))
    }
    #expect((first.items + rest.items).map(\.index) == expected && rest.next == nil)
}

private func partsMakeTheWhole(_ store: any Store) async throws {
    try await fill(store)
    let searches = [
        LogSearch(), LogSearch(activity: "request"), LogSearch(person: "eve"),
        LogSearch(person: "eve", text: "no such word"),
        LogSearch(from: Fixture.now + .seconds(10), text: "e"),
    ]
    for var search in searches {
        for isOldestFirst in [false, true] {
            search.oldestFirst = isOldestFirst
            let whole = try await store.read { [search] tx in
                try tx.search(search, in: contoso, page: ListPage(limit: 9)).items
            }
            for records in [0, 1, 2, 100] {
                var parts: [LogEntry] = []
                var page = ListPage(limit: 9)
                repeat {
                    let part = try await store.read { [search, page] tx in
                        try tx.search(search, in: contoso, page: page, lookingAt: records)
                    }
                    parts += part.items
                    page.cursor = part.next
                } while page.cursor != nil
                #expect(parts == whole, "\(search), \(records) records at a time")
            }
        }
    }
}

/// Every record has the word, every seventh the activity, every eleventh the person: more than one
/// batch of candidates lies between two that are found.
private func fewAreFoundAmongMany(_ store: any Store) async throws {
    let count: UInt64 = 700
    try await store.write { tx in
        for number in 0..<count {
            try LogWriter.append(
                number % 7 == 0 ? "request.denied" : "support.opened",
                at: Fixture.now,
                by: number % 11 == 0 ? Fixture.adam.id.text : Fixture.eve.id.text,
                texts: [Fixture.text("subject", "the mailbox is slow \(number)")],
                in: tx
            )
        }
    }
    for oldestFirst in [false, true] {
        var search = LogSearch(activity: "request", person: Fixture.adam.id.text, text: "mailbox")
        search.oldestFirst = oldestFirst
        let wanted = (0..<count).filter { $0 % 77 == 0 }
        var found: [UInt64] = []
        var page = ListPage(limit: 3)
        while true {
            let some = try await store.read { [page, search] in
                try $0.search(search, in: contoso, page: page)
            }
            found += some.items.map(\.index)
            guard let next = some.next else { break }
            page.cursor = next
        }
        #expect(found == (oldestFirst ? wanted : wanted.reversed()))
        search.activities = ["notice"]
        #expect(try await find(search, in: store).isEmpty)
    }
}

/// One record of the promise below, as it was written.
private struct Written {
    let index: UInt64
    let activity: String
    let isByAdam: Bool
    let request: AccessRequestID?
    let name: String
    let words: String

    init(_ number: UInt64) {
        index = number
        activity = ["support.opened", "request.denied", "request.submitted"][Int(number % 3)]
        isByAdam = number % 5 < 2
        request = number % 4 == 0 ? nil : Fixture.id(UInt8(number % 4))
        name = number % 7 < 3 ? "Amy Stone" : "Sue Park"
        words = number % 2 == 0 ? "the mailbox is slow" : "no box, no stone"
    }

    /// Each filter by itself, said again.
    func isFound(by search: LogSearch) -> Bool {
        let isActivity =
            search.activities.isEmpty
            || search.activities.contains { activity == $0 || activity.hasPrefix($0 + ".") }
        let isPerson =
            search.person.map { person in
                name.lowercased().contains(person)
                    || isByAdam && person == Fixture.adam.id.text.lowercased()
            } ?? true
        let isText =
            search.text.map { name.lowercased().contains($0) || words.contains($0) } ?? true
        return isActivity && isPerson && isText
            && (search.request == nil || search.request == request)
            && (search.from.map { Fixture.now + .seconds(Int64(index)) >= $0 } ?? true)
    }
}

private func combinationsFindWhatAllLetThrough(_ store: any Store) async throws {
    let written = (0..<160).map(Written.init)
    try await store.write { tx in
        for one in written {
            try LogWriter.append(
                one.activity,
                at: Fixture.now + .seconds(Int64(one.index)),
                by: one.isByAdam ? Fixture.adam.id.text : Fixture.eve.id.text,
                about: one.request,
                texts: [
                    Fixture.text("actorName", one.name), Fixture.text("subject", one.words),
                ],
                in: tx
            )
        }
    }
    let texts = [nil, "box", "stone", "ox", "nowhere"]
    let people = [nil, "amy", Fixture.adam.id.text.lowercased(), "rk"]
    let activities = [nil, "request", "request.denied", "notice"]
    for text in texts {
        for person in people {
            for activity in activities {
                for request in [nil, Fixture.id(2)] as [AccessRequestID?] {
                    var search = LogSearch(
                        activity: activity,
                        person: person,
                        request: request,
                        text: text
                    )
                    try await expect(search, among: written, looking: 5, in: store)
                    search.oldestFirst = true
                    search.from = Fixture.now + .seconds(20)
                    try await expect(search, among: written, looking: .max, in: store)
                }
            }
        }
    }
}

/// All pages of `search` together have what each of its filters lets through.
private func expect(
    _ search: LogSearch,
    among written: [Written],
    looking records: Int,
    in store: any Store
) async throws {
    var found: [UInt64] = []
    var page = ListPage(limit: 40)
    repeat {
        let some = try await store.read { [page] tx in
            try tx.search(search, in: contoso, page: page, lookingAt: records)
        }
        found += some.items.map(\.index)
        page.cursor = some.next
    } while page.cursor != nil
    let wanted = written.filter { $0.isFound(by: search) }.map(\.index)
    #expect(found == (search.oldestFirst ? wanted : wanted.reversed()), "\(search)")
}

/// Whoever asks in vain is told so by the indices: it is enough to look at a few records.
private func neverTogetherIsNothing(_ store: any Store) async throws {
    let count: UInt64 = 600
    try await store.write { tx in
        for number in 0..<count {
            let isAdams = number % 2 == 0
            try LogWriter.append(
                number % 2 == 0 ? "request.denied" : "support.opened",
                at: Fixture.now,
                by: isAdams ? Fixture.adam.id.text : Fixture.eve.id.text,
                texts: [
                    Fixture.text("actorName", isAdams ? "Adam Cole" : "Eve Park"),
                    Fixture.text("subject", isAdams ? "the mailbox" : "the calendar"),
                ],
                in: tx
            )
        }
    }
    for search in [
        LogSearch(activity: "request", person: Fixture.eve.id.text),
        LogSearch(activity: "request", person: "park"),
        LogSearch(activity: "support", text: "mailbox"),
        LogSearch(person: "cole", text: "calendar"),
        LogSearch(activity: "support", person: "park", text: "mailbox"),
    ] {
        let page = try await store.read { tx in
            try tx.search(search, in: contoso, page: ListPage(limit: 9), lookingAt: 10)
        }
        #expect(page.items.isEmpty && page.next == nil, "\(search)")
    }
}
