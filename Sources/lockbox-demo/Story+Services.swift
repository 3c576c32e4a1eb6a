import AsyncHTTPClient
import LockboxClient
import LockboxDomain
import LockboxServer
import LockboxWire
import NIOCore
import NIOHTTP1

/// The second chapter: a database and a web application obey as the mailbox does.
extension Story {
    mutating func otherServices() async throws {
        try terminal.head("A database and a web application obey too")
        let open = try await step(
            "Eve asks to mend a row and to read the web application; Mark and Adam approve",
            expected: "access for an hour"
        ) { story in
            let open = try await story.approvedServices()
            return (story.outcome(open, is: .active, open.id), open)
        }
        let database = try await repair(open)
        let application = try await read(open)
        try await cut(open, application)
        try await step("Eve connects with psql again", expected: "the database refuses") { story in
            // Which of the steps that close a role the server has come to decides what it says.
            let answer = try await story.psql(database, "SELECT 1")
            return Outcome(
                story.lastLine(answer.output),
                answer.status == Self.noConnection && answer.output.contains("FATAL:")
            )
        }
        try await readWhatWasDone(open)
    }

    private func approvedServices() async throws -> AccessRequestBody {
        let support: SupportRequestBody = try await client(.sue).post(
            Path("v1", "support-requests"),
            NewSupportRequest(
                tenant: "contoso",
                subject: "A customer's name is misspelt",
                description: "In our orders it says \(Database.wrongName).",
                service: "crm"
            )
        )
        let asked: AccessRequestBody = try await client(.eve).post(
            Path("v1", "requests"),
            NewAccessRequest(
                tenant: support.tenant,
                supportRequest: support.number,
                reason: "Correct the name, and see that the orders show it.",
                duration: "PT1H",
                resources: [
                    .init(
                        service: "crm",
                        id: "database:\(Database.name)",
                        actions: ["read", "write"]
                    ),
                    .init(service: "orders", id: "site:contoso", actions: ["read"]),
                ]
            )
        )
        _ = try await decide(.approve, on: asked.id, by: .mark)
        return try await decide(.approve, on: asked.id, by: .adam)
    }

    private func serviceCredential(_ request: AccessRequestBody, _ service: String) async throws
        -> CredentialBody
    {
        try await client(.eve).post(
            Path("v1", "requests", request.id, "credentials"),
            NewCredential(service: service)
        )
    }

    // MARK: - The database

    private mutating func repair(_ open: AccessRequestBody) async throws -> CredentialBody {
        let credential = try await step("Eve mends the row with psql", expected: "UPDATE 1") {
            story in
            let credential = try await story.serviceCredential(open, "crm")
            let answer = try await story.psql(credential, Database.repair)
            return (
                Outcome("psql: \(story.lastLine(answer.output))", answer.output == "UPDATE 1\n"),
                credential
            )
        }
        try await step("Eve tries to drop the table", expected: "an error") { story in
            let answer = try await story.psql(credential, "DROP TABLE customers")
            return Outcome(
                story.lastLine(answer.output),
                answer.status != 0 && answer.output.contains("must be owner")
            )
        }
        return credential
    }

    private func psql(_ credential: CredentialBody, _ statement: String) async throws -> (
        status: Int32, output: String
    ) {
        try await world.database.psql(
            children,
            as: credential.username,
            password: credential.token,
            statement
        )
    }

    /// What psql ends with where the server does not let it in.
    private static let noConnection: Int32 = 2

    private func lastLine(_ output: String) -> String {
        let lines = output.split(separator: "\n").map(String.init)
        let line = lines.last { $0.contains("FATAL:") } ?? lines.last ?? "(nothing)"
        return line.split(separator: "FATAL:").last.map { String($0.trimmingPrefix(" ")) } ?? line
    }

    // MARK: - The web application

    private mutating func read(_ open: AccessRequestBody) async throws -> CredentialBody {
        let credential = try await step(
            "Eve reads a page of the application, through the gateway",
            expected: "a page that names the request"
        ) { story in
            let credential = try await story.serviceCredential(open, "orders")
            let answer = try await story.fetch("/", credential)
            let page = String(buffer: try await answer.body.collect(upTo: 10_000))
            return (
                Outcome("“\(page.dropLast())”", answer.status == .ok && page.contains(open.id)),
                credential
            )
        }
        try await step("Eve tries to send a form", expected: "403: reading was approved") { story in
            let answer = try await story.fetch("/", credential, method: .POST)
            return Outcome("the gateway: \(answer.status)", answer.status == .forbidden)
        }
        return credential
    }

    private func fetch(
        _ path: String,
        _ credential: CredentialBody,
        method: HTTPMethod = .GET
    ) async throws -> HTTPClientResponse {
        var request = HTTPClientRequest(url: (credential.address ?? "") + path)
        request.method = method
        request.headers.add(name: "Authorization", value: "Bearer \(credential.token)")
        return try await HTTPClient.shared.execute(request, deadline: .distantFuture)
    }

    private mutating func cut(_ open: AccessRequestBody, _ credential: CredentialBody) async throws
    {
        try await step(
            "Eve downloads an export. Adam presses Stop in the middle of it",
            expected: "it breaks off within a second"
        ) { story in
            let answer = try await story.fetch("/export", credential)
            let (isEnough, enough) = AsyncStream.makeStream(of: Void.self)
            async let pressed = story.stop(open, after: isEnough)
            var (lines, last) = (0, Timestamp.earliest)
            do {
                for try await part in answer.body {
                    lines += part.readableBytesView.count { $0 == UInt8(ascii: "\n") }
                    last = story.clock.now()
                    if lines >= 20 { enough.finish() }
                }
            } catch {
                enough.finish()
                let late = last - (try await pressed)
                return Outcome(
                    "broken off after \(lines) lines; the last came \(max(0, late.milliseconds)) ms after that",
                    lines >= 20 && late <= Self.bound
                )
            }
            return Outcome("it went on to its end", false)
        }
    }

    /// Adam's Stop, once Eve has something: when he pressed it.
    private func stop(_ open: AccessRequestBody, after something: AsyncStream<Void>) async throws
        -> Timestamp
    {
        for await _ in something {}
        try Task.checkCancellation()
        let pressed = clock.now()
        let _: AccessRequestBody = try await client(.adam).post(
            Path("v1", "requests", open.id, "revoke"),
            CommentBody(comment: "Thank you, it is right now.")
        )
        return pressed
    }

    // MARK: - Afterwards

    private mutating func readWhatWasDone(_ open: AccessRequestBody) async throws {
        try await step(
            "Gita reads what Eve did",
            expected: "statements, the page and the download"
        ) { story in
            // All of it is recorded before the end is confirmed.
            let state = try await story.confirmedEnd(of: open.id)
            let grant = try await story.request(open.id, by: .gita).grant
            let done = (grant?.operations ?? []).map { operations in
                let count = operations.reads + operations.writes
                return "\(operations.service) \(operations.subject ?? "…") (\(count)×)"
            }
            return Outcome(
                done.joined(separator: "; "),
                state == .ended
                    && ["crm UPDATE (1×)", "orders / (1×)", "orders /export (1×)"].allSatisfy(
                        done.contains
                    )
            )
        }
    }
}
