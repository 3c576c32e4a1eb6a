import LockboxClient
import LockboxDomain
import LockboxServer
import LockboxWire

extension Story {
    mutating func askForHelp() async throws -> SupportRequestBody {
        try terminal.head("Sue needs help")
        return try await step("Sue opens a support request", expected: "a number") { story in
            let opened: SupportRequestBody = try await story.client(.sue).post(
                Path("v1", "support-requests"),
                NewSupportRequest(
                    tenant: "contoso",
                    subject: "Mail from Fabrikam is missing",
                    description: "They say they wrote on Monday. I looked through all folders.",
                    service: "mail"
                )
            )
            return (
                Outcome("\(opened.number) “\(opened.subject)”", opened.number.hasPrefix("SR-")),
                opened
            )
        }
    }

    /// From Eve's request to Adam's approval of less than she asked for.
    mutating func approveLess(_ support: SupportRequestBody) async throws -> AccessRequestBody {
        try terminal.head("Eve asks, her manager and the customer decide")
        let asked = try await step(
            "Eve asks to read Sue's mailbox, for 8 seconds",
            expected: "a request that waits for the manager"
        ) { story in
            let asked = try await story.ask(
                support,
                reason: "Find out whether the mail from Fabrikam arrived.",
                duration: "PT8S"
            )
            return (
                Outcome("\(asked.id) waits for the manager", asked.state == .awaitingManager), asked
            )
        }
        try await step("Mark, Eve's manager, gets a letter", expected: "a letter “Review by …”") {
            story in
            try await story.letter(to: .mark, about: asked.id, "Request to")
        }
        try await step("Eve tries to approve it herself", expected: "a refusal") { story in
            try await story.refusal("notPermitted") {
                _ = try await story.decide(.approve, on: asked.id, by: .eve)
            }
        }
        try await step("Mark approves", expected: "the request waits for the customer") { story in
            story.outcome(
                try await story.decide(.approve, on: asked.id, by: .mark),
                is: .awaitingCustomer
            )
        }
        try await step(
            "Adam, Contoso's approver, gets a letter",
            expected: "a letter “Decide by …”"
        ) { story in
            try await story.letter(to: .adam, about: asked.id, "Example Cloud asks")
        }
        try await step("Eve asks for a credential already", expected: "a refusal") { story in
            try await story.refusal("accessNotActive") {
                _ = try await story.credential(for: asked.id)
            }
        }
        return try await step(
            "Adam approves, but only 6 of the 8 seconds",
            expected: "access for exactly 6 seconds"
        ) { story in
            let open = try await story.decide(.approve, on: asked.id, by: .adam, duration: "PT6S")
            let end = try story.windowEnd(open)
            let start = open.grant.flatMap { Timestamp($0.start) } ?? .earliest
            let outcome = story.outcome(open, is: .active, "ends by itself at \(timeOfDay(end))")
            return (Outcome(outcome.text, outcome.isAsExpected && end - start == .seconds(6)), open)
        }
    }

    /// What Eve can do inside the window, what she cannot, and how it ends.
    mutating func useWindow(_ open: AccessRequestBody) async throws {
        try terminal.head("Inside the window")
        let credential = try await step(
            "Eve gets the approval's letter, and a credential",
            expected: "a credential that dies with the window"
        ) { story in
            _ = try await story.letter(to: .eve, about: open.id, "Approved")
            let credential = try await story.credential(for: open.id)
            let dies = try story.windowEnd(open)
            return (
                Outcome(
                    "a token for the login \(credential.username)",
                    Timestamp(credential.expiresAt) == dies
                ),
                credential
            )
        }
        let session = try await step(
            "Eve reads the subjects in Sue's mailbox (IMAP)",
            expected: "the subjects of Sue's messages"
        ) { story in
            let session = try await story.session(credential)
            let subjects = try await session.subjects()
            let real = World.suesMessages.map(\.subject)
            return (Outcome(story.quoted(subjects), subjects.sorted() == real.sorted()), session)
        }
        try await step(
            "Eve tries to put a message into it",
            expected: "NO: reading was approved, not writing"
        ) { _ in
            let answer = try await session.append("Subject: planted\r\n\r\nNot by Sue.\r\n")
            return Outcome("Dovecot: \(answer)", answer.hasPrefix("NO"))
        }
        try await step(
            "Eve tries Sam's mailbox with the same token",
            expected: "the mail server refuses"
        ) { story in
            try await story.refusedLogin(user: Participant.sam.email, token: credential.token)
        }
        let own = try await step(
            "Sue reads her mail, at Contoso's own server",
            expected: "the same subjects"
        ) { story in
            let own = try await IMAPConnection.connect(port: story.world.mail.ownPort)
            _ = try await own.signIn(
                user: Participant.sue.email,
                password: story.keys[.sue]?.password ?? ""
            )
            let subjects = try await own.subjects()
            try await own.idle()
            return (
                Outcome(
                    "\(subjects.count) messages; she waits for more (IDLE)",
                    subjects.count == World.suesMessages.count
                ),
                own
            )
        }
        try await windowEnds(open, credential: credential, session: session, own: own)
    }

    private mutating func windowEnds(
        _ open: AccessRequestBody,
        credential: CredentialBody,
        session: IMAPConnection,
        own: IMAPConnection
    ) async throws {
        try await step(
            "Eve waits for new mail, until the time is over",
            expected: "BYE within a second of the window's end"
        ) { story in
            try await session.idle()
            let (end, windowEnd) = (try await session.end(), try story.windowEnd(open))
            let late = end.at - windowEnd
            return Outcome(
                "thrown out \(late.milliseconds) ms after its end: \(end.lastLine)",
                end.lastLine.hasPrefix("* BYE") && late.milliseconds >= 0 && late <= Self.bound
            )
        }
        try await step(
            "Eve signs in again with the same token",
            expected: "the mail server refuses"
        ) { story in
            try await story.refusedLogin(user: credential.username, token: credential.token)
        }
        try await step("Sue's own session, meanwhile", expected: "it was never touched") { _ in
            let answer = try await own.leaveIdle()
            await own.close()
            return Outcome("untouched: \(answer)", answer.hasPrefix("OK"))
        }
    }

    /// A second access, which the customer stops while Eve is in the mailbox.
    mutating func stop(_ support: SupportRequestBody) async throws -> AccessRequestBody {
        try terminal.head("The customer stops an access under way")
        let open = try await step(
            "Eve asks for an hour more; Mark and Adam approve",
            expected: "access for an hour"
        ) { story in
            let asked = try await story.ask(
                support,
                reason: "Look for the mail from Fabrikam once more.",
                duration: "PT1H"
            )
            _ = try await story.decide(.approve, on: asked.id, by: .mark)
            let open = try await story.decide(.approve, on: asked.id, by: .adam)
            return (story.outcome(open, is: .active, asked.id), open)
        }
        let (credential, session) = try await step(
            "Eve opens the mailbox and waits for new mail",
            expected: "the subjects of Sue's messages"
        ) { story in
            let credential = try await story.credential(for: open.id)
            let session = try await story.session(credential)
            let count = try await session.subjects().count
            try await session.idle()
            return (
                Outcome("\(count) messages", count == World.suesMessages.count),
                (credential, session)
            )
        }
        try await step("Adam presses Stop", expected: "BYE within a second of it") { story in
            let pressed = story.clock.now()
            let ended: AccessRequestBody = try await story.client(.adam).post(
                Path("v1", "requests", open.id, "revoke"),
                CommentBody(comment: "That is enough for today.")
            )
            let end = try await session.end()
            let late = end.at - pressed
            return Outcome(
                "thrown out \(late.milliseconds) ms after that: \(end.lastLine)",
                end.lastLine.hasPrefix("* BYE") && ended.state == .ended && late <= Self.bound
            )
        }
        try await step("Eve signs in again with that token", expected: "the mail server refuses") {
            story in
            try await story.refusedLogin(user: credential.username, token: credential.token)
        }
        return open
    }

    mutating func deny(_ support: SupportRequestBody) async throws {
        try terminal.head("The customer says no")
        let denied = try await step(
            "Eve asks again; Mark approves, Adam denies",
            expected: "a denied request"
        ) { story in
            let asked = try await story.ask(
                support,
                reason: "Look at the mail from Fabrikam again.",
                duration: "PT1H"
            )
            _ = try await story.decide(.approve, on: asked.id, by: .mark)
            let comment = "Sue has found it. Thank you."
            let denied = try await story.decide(.deny, on: asked.id, by: .adam, comment: comment)
            return (story.outcome(denied, is: .denied, "“\(comment)”"), denied)
        }
        try await step("Eve asks for a credential all the same", expected: "a refusal") { story in
            try await story.refusal("accessNotActive") {
                _ = try await story.credential(for: denied.id)
            }
        }
    }

    /// What the customer is told afterwards, without asking.
    mutating func closingReports(_ first: AccessRequestBody, _ second: AccessRequestBody)
        async throws
    {
        try terminal.head("What the customer keeps")
        for (request, reason) in [
            (first, "The approved time was over."),
            (second, "Adam Cole of Contoso Ltd stopped it."),
        ] {
            try await step(
                "Adam gets a closing report about \(request.id)",
                expected: "a letter that says: \(reason)"
            ) { story in
                let letter = try await story.world.letters.wait(
                    to: Participant.adam.email,
                    about: request.id,
                    beginning: "Access has ended"
                )
                let why = letter.fact("Why it ended")
                return Outcome(
                    "letter: \(letter.fact("Who")); \(letter.fact("What")); used: \(letter.fact("Used")). \(why)",
                    why == reason
                )
            }
        }
        try await step(
            "Dovecot confirms that nobody is left inside",
            expected: "both accesses ended"
        ) { story in
            var states: [String] = []
            for id in [first.id, second.id] {
                states.append(try await story.confirmedEnd(of: id).rawValue)
            }
            let areEnded = states.allSatisfy { $0 == GrantState.ended.rawValue }
            return Outcome(
                areEnded ? "both accesses ended, and confirmed so" : states.joined(separator: ", "),
                areEnded
            )
        }
    }

    /// Where the grant stands once the services have confirmed its end, or after a patient wait for
    /// that. They are looked at for a few seconds more: a sign-in may have been on its way.
    func confirmedEnd(of id: String) async throws -> GrantState {
        var state = GrantState.removing
        for _ in 0..<100 where state == .removing {
            guard let grant = try await request(id, by: .adam).grant else {
                throw DemoError("there is no grant")
            }
            state = grant.state
            if state == .removing { try await SystemPause.sleep(.milliseconds(100)) }
        }
        return state
    }
}
