import LockboxDomain
import Testing

@Suite("Refusals say what is wrong")
struct RefusalTests {
    /// At least one of each case, and each value of what it carries where that is a list.
    private static var all: [Refusal] {
        var all: [Refusal] = [
            .exceedsRequest(field: "duration"), .exceedsCap(.hours(4)),
            .ambiguous(field: "supportRequest"),
            .notSignedIn, .badCredentials, .tooManyAttempts(retryAfter: .seconds(30)),
            .ownRequest, .versionRequired, .stale(current: 3), .alreadyDecidedByYou,
            .decidesLater(Timestamp(milliseconds: 1_800_000_000_000)), .signatureRequired,
            .nobodyCanApprove(needed: 1, eligible: 0), .nobodyCanApprove(needed: 2, eligible: 1),
            .notLicensed,
            .keyReused, .lastAdministrator, .programsRefused, .signInOfProgram,
        ]
        let problems: [Refusal.InputProblem] = [
            .missing, .malformed(expected: "a duration such as PT2H"), .tooShort(minimum: 10),
            .tooLong(maximum: 2000),
            .outOfRange("1 to 10"), .controlCharacters,
            .notAllowedHere("can be set only by an administrator."),
            .duplicate,
        ]
        all += problems.map { .invalid(field: "reason", problem: $0) }
        all += Refusal.Noun.allCases.flatMap {
            [.unknownReference(field: "tenant", noun: $0), .notFound($0), .alreadyExists($0)]
        }
        all += Refusal.Permission.allCases.map { .notPermitted($0) }
        all += Refusal.Quota.allCases.map { .limitReached($0) }
        all += DailyQuota.allCases.map { .dailyLimitReached($0, wait: .hours(3)) }
        all += AccessRequest.StateName.allCases.flatMap {
            [.alreadyDecided($0), .wrongState($0), .notAwaitingYou($0), .accessNotActive($0)]
        }
        return all
    }

    @Test(arguments: all)
    func sentencesAreWholeAndHaveNoHolesInThem(_ refusal: Refusal) {
        let sentence = refusal.sentence
        #expect(sentence.count >= 10)
        #expect(sentence.hasSuffix("."))
        for hole in [
            "Optional(", "nil", "%@", "{", "}", "(null)", "TODO", "  ", "LockboxDomain", "\n",
        ] {
            #expect(!sentence.contains(hole), "\(sentence)")
        }
        if let field = refusal.field, !["If-Match", "Idempotency-Key"].contains(field) {
            #expect(sentence.hasPrefix(field + ": "), "the field at fault comes first: \(sentence)")
        }
    }

    @Test(arguments: all)
    func codesAreSingleWords(_ refusal: Refusal) {
        #expect(refusal.code.utf8.allSatisfy { (65...90).contains($0) || (97...122).contains($0) })
        #expect(refusal.code.first?.isLowercase == true)
    }

    @Test func eachReasonHasACodeOfItsOwn() {
        // What is carried does not change the code, but for what is missing or unknown: these have
        // codes of their own.
        var reasons: [String: Set<String>] = [:]
        for refusal in Self.all { reasons[refusal.code, default: []].insert(Self.reason(refusal)) }
        for (code, reasons) in reasons { #expect(reasons.count == 1, "\(code) means \(reasons)") }
    }

    /// The case's name, with what makes a code of its own.
    private static func reason(_ refusal: Refusal) -> String {
        switch refusal {
        case .invalid(_, .missing): "invalid: missing"
        case .unknownReference(_, let noun): "unknown \(noun)"
        default: String("\(refusal)".prefix { $0 != "(" })
        }
    }

    @Test func sentencesOfDifferentProblemsDiffer() {
        let sentences = Self.all.map(\.sentence)
        #expect(Set(sentences).count == sentences.count)
    }

    @Test func codesThatClientsRelyOn() {
        #expect(Refusal.stale(current: 2).code == "stale")
        #expect(Refusal.alreadyDecided(.denied).code == "alreadyDecided")
        #expect(Refusal.versionRequired.code == "versionRequired")
        #expect(
            Refusal.unknownReference(field: "x", noun: .supportRequest).code
                == "unknownSupportRequest"
        )
        #expect(Refusal.keyReused.code == "idempotencyKeyReused")
        #expect(Refusal.invalid(field: "x", problem: .missing).code == "missingField")
        #expect(Refusal.invalid(field: "x", problem: .duplicate).code == "invalidField")
    }
}

@Suite("Events know their log and their cause")
struct EventTests {
    @Test func whatTimeDidIsNobodysDeed() throws {
        var scene = try Scene.inState(.scheduled)
        let end = try required(scene.request.state.grant).end
        scene.now = end
        let byTime = scene.passTime()
        #expect(byTime.map(\.isCausedByTime) == [true, true])
        scene = try Scene.inState(.active)
        let byHand = try scene.request.finish(comment: nil, by: scene.engineer, now: scene.now)
        #expect(byHand.map(\.isCausedByTime) == [false])
        scene = try Scene.inState(.awaitingCustomer)
        scene.now = morning + .days(30)
        #expect(scene.passTime().map(\.isCausedByTime) == [true])
    }

    @Test func everythingAboutARequestGoesIntoItsTenantsLog() throws {
        var scene = try Scene.submitted(to: tenant())
        var events = try scene.decide(.approve(.none), by: Cast.manager.person())
        events += try scene.decide(.approve(.none), by: Cast.approver.person())
        events += try scene.request.finish(comment: nil, by: scene.engineer, now: scene.now)
        #expect(events.count == 6)
        for event in events { #expect(event.side == .tenant(try slug("contoso"))) }
        let member = try Cast.member.person()
        #expect(Event.directory(.personAdded(member)).side == member.side)
        #expect(Event.signIn(.passwordSet(try Cast.manager.person())).side == .provider)
    }

    @Test func aDecisionShowsTheRequestAsItIsAfterIt() throws {
        var scene = try Scene.submitted(
            to: tenant(needed: 2),
            approvers: [approver(1), approver(2)]
        )
        for person in [try Cast.manager.person(), approver(1), approver(2)] {
            let events = try scene.decide(.approve(.none), by: person)
            #expect(events.first?.request == scene.request)
        }
        #expect(scene.request.state.name == .active)
    }
}
