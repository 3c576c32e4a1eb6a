import Foundation
import Testing

@testable import LockboxMail

/// A real SMTP receiver, started for one test (Tests/Support/receiver/smtp_receiver.py says what it
/// can do).
struct Receiver: Sendable {
    let port: Int
    let authorities: String?
    let folder: URL

    /// Runs `body` with a receiver of its own, which ends with it.
    static func with(_ arguments: String..., run body: (Receiver) async throws -> Void) async throws
    {
        try await with(arguments, run: body)
    }

    static func with(_ arguments: [String], run body: (Receiver) async throws -> Void) async throws
    {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "lockbox-mail-\(UUID())"
        )
        defer { try? FileManager.default.removeItem(at: folder) }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/python3")
        process.arguments = [script.path, "--dir", folder.path] + arguments
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        // The receiver ends when its standard input does.
        defer {
            try? input.fileHandleForWriting.close()
            process.waitUntilExit()
        }
        struct Ready: Decodable {
            let port: Int
            let ca: String?
        }
        let ready = try JSONDecoder().decode(
            Ready.self,
            from: output.fileHandleForReading.availableData
        )
        try await body(Receiver(port: ready.port, authorities: ready.ca, folder: folder))
    }

    /// What the receiver's parser makes of a file.
    static func parsed(_ file: URL) throws -> Parsed {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/python3")
        process.arguments = [script.path, "--parse", file.path]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return try JSONDecoder().decode(Parsed.self, from: data)
    }

    private static let script = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent()
        .appending(path: "Support/receiver/smtp_receiver.py")

    /// The letters the receiver accepted, in order.
    func received() throws -> [Received] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter {
            $0.hasSuffix(".json")
        }.sorted().map {
            try JSONDecoder().decode(
                Received.self,
                from: Data(contentsOf: folder.appending(path: $0))
            )
        }
    }

    func onlyReceived() throws -> Received {
        let all = try received()
        try #require(all.count == 1)
        return all[0]
    }

    func mailer(
        scheme: String = "smtp",
        user: String? = nil,
        host: String = "127.0.0.1",
        trusting: Bool = true,
        _ options: String...,
        configure: (inout SMTPConfiguration) -> Void = { _ in }
    ) throws -> SMTPMailer {
        let query = options + (trusting && authorities != nil ? ["ca=\(authorities!)"] : [])
        let text =
            "\(scheme)://\(user.map { $0 + "@" } ?? "")\(host):\(port)?\(query.joined(separator: "&"))"
        guard case .smtp(var configuration) = try MailTransport.parse(text) else {
            throw CancellationError()
        }
        configure(&configuration)
        return SMTPMailer(configuration)
    }
}

struct Received: Decodable {
    let from: String
    let to: [String]
    let tls: Bool
    let user: String?
    let helo: String
    let message: Parsed
}

/// A message as Python's `email.policy.default` reads it.
struct Parsed: Decodable {
    struct Address: Decodable, Equatable {
        let name: String
        let address: String
    }
    struct Part: Decodable {
        let contentType: String
        let charset: String
        let encoding: String
        let text: String
        let defects: [String]
    }
    let headers: [[String]]
    let from: [Address]
    let to: [Address]
    let subject: String
    let date: String
    let contentType: String
    let parts: [Part]
    let defects: [String]
    let longestLine: Int
    let bareLineEnds: Int
    let headersAreASCII: Bool

    subscript(name: String) -> String? { headers.first { $0[0] == name }?[1] }
    var names: [String] { headers.map { $0[0] } }
    var allDefects: [String] { defects + parts.flatMap(\.defects) }
}
