import Foundation
import LockboxDomain
import LockboxMail
import LockboxPorts
import MerkleLog

/// Letters to one address, through a relay as the server's own go.
struct WatchMail: WatchChannel {
    private let mailer: any Mailer
    private let from: String
    private let to: String

    var name: String { "mail to \(to)" }

    /// `relay` is what the server's `mail` setting would be; it may hold a password.
    init(relay: String, from: String, to: String) throws {
        do throws(MailConfigurationError) {
            mailer = try MailTransport.parse(relay).mailer()
        } catch { throw Failure.usage("--smtp: \(error)") }
        for address in [from, to] where EmailAddress(address) == nil {
            throw Failure.usage("“\(TerminalText.clean(address))” is no mail address")
        }
        (self.from, self.to) = (from, to)
    }

    func send(_ events: [WatchEvent], of log: WatchDelivery.Log, at now: Int64)
        async throws(WatchDeliveryProblem)
    {
        let words = WatchWords(events, of: log)
        let domain = from.split(separator: "@").last ?? "localhost"
        let digest = Hash.leaf(Array((events.map(\.id) + [to]).joined(separator: "\n").utf8))
        let items = words.lines.map { "<li>\(Self.escaped($0))</li>" }.joined(separator: "\n")
        let letter = Letter(
            messageID: "\(Hex.encode(digest.bytes.prefix(12))).watch@\(domain)",
            date: Timestamp(milliseconds: now),
            from: Mailbox(name: "Lockbox watch", address: from),
            to: Mailbox(name: "", address: to),
            subject: String(words.subject.prefix(200)),
            text: words.lines.map { "- \($0)\n" }.joined(separator: "\n"),
            html: "<!doctype html><html lang=\"en\"><body><ul>\n\(items)\n</ul></body></html>\n"
        )
        do throws(MailError) { _ = try await mailer.send(letter) } catch {
            throw .init(Self.reason(error))
        }
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
            .replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
    }

    private static func reason(_ error: MailError) -> String {
        switch error {
        case .refused(let code, let text), .deferred(let code, let text),
            .relayRefused(let code, let text):
            "\(code) \(text)"
        case .unreachable(let text), .unsafe(let text), .outcomeUnknown(let text): text
        case .heldBack: "held back"
        case .invalid(let field): "it cannot be written as mail: \(field)"
        }
    }
}
