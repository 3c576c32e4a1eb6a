import Foundation
import LockboxDomain
import LockboxServer

/// A letter that arrived, as its reader sees it.
struct ReceivedLetter: Sendable {
    let recipient: String
    let subject: String
    let text: String

    /// Reads one of our own letters: `multipart/alternative` with a text part in quoted-printable.
    init(_ message: String) {
        let lines = message.split(separator: "\n", omittingEmptySubsequences: false).map {
            $0.hasSuffix("\r") ? String($0.dropLast()) : String($0)
        }
        let head = lines.prefix { !$0.isEmpty }
        recipient = Self.header("X-RcptTo", in: head) ?? ""
        subject = Self.header("Subject", in: head) ?? ""
        let part = lines.drop { !$0.lowercased().hasPrefix("content-type: text/plain") }
        let body = part.drop { !$0.isEmpty }.dropFirst().prefix {
            !$0.hasPrefix("--") || $0 == "-- "
        }
        text = Self.decode(Array(body))
    }

    /// The value that the letter shows beside `label`.
    func fact(_ label: String) -> String {
        text.split(separator: "\n").first { $0.hasPrefix(label + ": ") }.map {
            String($0.dropFirst(label.count + 2))
        }
            ?? "(not told)"
    }

    private static func header(_ name: String, in head: ArraySlice<String>) -> String? {
        guard
            let start = head.firstIndex(where: {
                $0.lowercased().hasPrefix(name.lowercased() + ":")
            })
        else {
            return nil
        }
        let more = head[(start + 1)...].prefix { $0.hasPrefix(" ") || $0.hasPrefix("\t") }
        return ([String(head[start].dropFirst(name.count + 1))] + more)
            .map { $0.trimmingCharacters(in: .whitespaces) }.joined(separator: " ")
    }

    /// RFC 2045 §6.7.
    private static func decode(_ lines: [String]) -> String {
        var bytes: [UInt8] = []
        for line in lines {
            var rest = Array(line.utf8)[...]
            var isSoft = false
            while let byte = rest.popFirst() {
                if byte != UInt8(ascii: "=") {
                    bytes.append(byte)
                } else if let value = UInt8(
                    String(decoding: rest.prefix(2), as: UTF8.self),
                    radix: 16
                ) {
                    bytes.append(value)
                    rest = rest.dropFirst(2)
                } else {
                    isSoft = true
                }
            }
            if !isSoft { bytes.append(UInt8(ascii: "\n")) }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// The mail receiver of the demo: Debian's aiosmtpd, which puts every letter into a Maildir.
struct MailReceiver: Sendable {
    let folder: String
    let port: Int

    func start(_ children: Children, log: String) async throws -> Children.Child {
        // Debian's Python, which has Debian's aiosmtpd.
        let python = "/usr/bin/python3"
        guard FileManager.default.isExecutableFile(atPath: python),
            FileManager.default.fileExists(atPath: "/usr/lib/python3/dist-packages/aiosmtpd")
        else {
            throw DemoError(
                "aiosmtpd is not installed (Debian's package python3-aiosmtpd): make setup installs it."
            )
        }
        return try await children.start(
            "The mail receiver",
            [
                python, "-m", "aiosmtpd", "-n", "-l", "127.0.0.1:\(port)", "-c",
                "aiosmtpd.handlers.Mailbox", folder,
            ],
            log: log
        )
    }

    /// The letter to `recipient` about the access request `request` whose subject begins so, once
    /// it is there.
    func wait(to recipient: String, about request: String, beginning: String) async throws
        -> ReceivedLetter
    {
        for _ in 0..<400 {
            for letter in try all()
            where letter.recipient == recipient && letter.subject.hasPrefix(beginning)
                && letter.subject.hasSuffix(request)
            {
                return letter
            }
            try await SystemPause.sleep(.milliseconds(25))
        }
        throw DemoError("no such letter came within 10 seconds")
    }

    func all() throws -> [ReceivedLetter] {
        let arrived = folder + "/new"
        return try FileManager.default.contentsOfDirectory(atPath: arrived).sorted().map {
            ReceivedLetter(try String(contentsOfFile: arrived + "/" + $0, encoding: .utf8))
        }
    }
}
