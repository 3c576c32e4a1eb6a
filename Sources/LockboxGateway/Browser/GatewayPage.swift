import Crypto
import Foundation
import NIOCore
import NIOHTTP1

/// A page of the gateway's own, for people: what is the matter, and what to do.
struct GatewayPage {
    /// A button on it, and where in the gateway it leads.
    struct Button {
        let label: String
        let path: String
    }

    let status: HTTPResponseStatus
    let title: String
    /// In plain text, as all of it.
    let sentences: [String]
    /// Where people come from, and can go back to.
    let portal: String
    var button: Button?
    var fields: HTTPHeaders = [:]
    /// Whether the connection ends with it.
    var closes = false

    var text: String {
        let paragraphs = sentences.map { "<p>\($0.escaped)</p>\n" }.joined()
        let form = button.map {
            "<form method=\"post\" action=\"\($0.path)\"><button>\($0.label.escaped)</button></form>\n"
        }
        return """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>\(title.escaped) · Lockbox</title>
            <style>\(Self.style)</style>
            </head>
            <body>
            <main>
            <h1>\(title.escaped)</h1>
            \(paragraphs)\(form ?? "")<p><a href="\(portal.escaped)/">Go to the Lockbox portal</a></p>
            </main>
            </body>
            </html>

            """
    }

    var head: AnswerHead {
        var fields = fields
        fields.add(contentsOf: [
            ("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store"),
            ("Content-Security-Policy", Self.contentPolicy), ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "same-origin"),
        ])
        return AnswerHead(
            status: status,
            fields: fields,
            body: .length(text.utf8.count),
            closes: closes
        )
    }

    private static let style =
        "body{font:1rem/1.5 system-ui,sans-serif;margin:0;color:CanvasText;background:Canvas}"
        + "main{max-width:34rem;margin:15vh auto;padding:0 1.25rem}"
        + "h1{font-size:1.5rem;line-height:1.25}"
        + "button{font:inherit;padding:.5rem 1rem;min-height:2.75rem}"

    private static let contentPolicy =
        "default-src 'none'; style-src 'sha256-"
        + Data(SHA256.hash(data: Data(style.utf8))).base64EncodedString()
        + "'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
}

extension GatewayPage {
    /// Titles of refusals by their code, and what to do.
    private static let words: [String: (title: String, advice: String?)] = [
        GatewayRefusal.notSignedIn.code: (
            "You are not let in here", "Open the service from the Lockbox portal."
        ),
        GatewayRefusal.accessEnded.code: (
            "Your access has ended", "To get in again you have to ask for access anew."
        ),
        GatewayRefusal.usedCode.code: (
            "This does not open anything any more",
            "Go back to the request and open the service again."
        ),
        GatewayRefusal.forbidden.code: ("Your access does not allow that", nil),
        GatewayRefusal.crossSite.code: (
            "This came from another site", "Nothing was passed on."
        ),
    ]

    /// What `refusal` says, to a person at a browser.
    init(_ refusal: GatewayRefusal, portal: String) {
        let words = Self.words[refusal.code]
        let sentences = [refusal.detail] + [words?.advice].compactMap { $0 }
        self.init(
            status: refusal.status,
            title: words?.title ?? refusal.status.reasonPhrase,
            sentences: sentences,
            portal: portal,
            fields: refusal.ownFields
        )
    }
}

extension ClientSide {
    func show(_ page: GatewayPage) {
        begin(page.head)
        send(ByteBuffer(string: page.text))
        finish()
    }
}

extension RequestHead {
    /// Whether a person reads the answer.
    var acceptsPages: Bool { fields.tokens("accept").contains { $0.hasPrefix("text/html") } }
}

extension String {
    /// As text or the value of an attribute in HTML. Scalars and not characters: a mark that joins a
    /// sign would hide it.
    fileprivate var escaped: String {
        var text = ""
        for scalar in unicodeScalars {
            switch scalar {
            case "&": text += "&amp;"
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            case "\"": text += "&quot;"
            case _: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
