extension HTMLElement {
    private static let controls: Set<String> = ["input", "select", "textarea"]

    package var isControl: Bool { Self.controls.contains(name) }

    /// Names of the controls in a form.
    package var controlNames: Set<String> {
        Set(subtree.filter(\.isControl).compactMap { $0["name"] })
    }

    /// What a browser would send of this form if nobody touched it (HTML, "constructing the entry
    /// list"), buttons not included.
    package var fields: [(String, String)] {
        subtree.filter { $0.isControl && $0["disabled"] == nil }.flatMap {
            control -> [(String, String)] in
            guard let name = control["name"] else { return [] }
            switch control.name {
            case "textarea": return [(name, control.text)]
            case "select":
                let options = control.all("option")
                let chosen = options.filter { $0["selected"] != nil }
                let sent =
                    chosen.isEmpty
                    ? Array(options.prefix(control["multiple"] == nil ? 1 : 0)) : chosen
                return sent.map { (name, $0["value"] ?? $0.text) }
            case _:
                switch control["type"] ?? "text" {
                case "checkbox", "radio":
                    return control["checked"] == nil ? [] : [(name, control["value"] ?? "on")]
                case "submit", "button", "image", "reset": return []
                case _: return [(name, control["value"] ?? "")]
                }
            }
        }
    }
}

extension HTMLDocument {
    private static let blocks: Set<String> = [
        "address", "article", "aside", "blockquote", "body", "button", "dd", "details", "div", "dl",
        "dt", "fieldset",
        "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "header", "label", "legend",
        "li", "main", "nav",
        "ol", "option", "p", "pre", "section", "select", "summary", "table", "tbody", "td", "tfoot",
        "th", "thead",
        "tr", "ul", "br", "input", "textarea",
    ]

    /// What a person reads on the page, a line for each block, with the page's title first.
    /// Controls are told by what is in them.
    package var visibleText: String {
        var lines = all("title").map { "# " + Self.squeezed($0.text) }
        for body in all("body") {
            var writer = TextWriter()
            writer.write(body)
            lines += writer.lines
        }
        return lines.joined(separator: "\n") + "\n"
    }

    static func squeezed(_ text: String) -> String {
        text.split { $0 == " " || $0 == "\n" || $0 == "\t" }.joined(separator: " ")
    }

    private struct TextWriter {
        private(set) var lines: [String] = []
        private var line = ""

        mutating func write(_ element: HTMLElement) {
            if ["script", "style"].contains(element.name) || element["type"] == "hidden" { return }
            // A check box belongs to the words after it.
            let isTick = ["checkbox", "radio"].contains(element["type"])
            let isBlock = HTMLDocument.blocks.contains(element.name) && !isTick
            if isBlock { end() }
            line += prefix(of: element)
            for child in element.children {
                switch child {
                case .text(let text): line += text
                case .element(let inner): write(inner)
                }
            }
            line += suffix(of: element)
            if isBlock { end() }
        }

        private func prefix(of element: HTMLElement) -> String {
            switch element.name {
            case "h1": "## "
            case "h2", "h3": "### "
            case "li": "- "
            case "button": "["
            case "input":
                switch element["type"] ?? "text" {
                case "checkbox": element["checked"] == nil ? "[ ] " : "[x] "
                case "radio": element["checked"] == nil ? "( ) " : "(x) "
                case _: "<\(element["value"] ?? "")>"
                }
            case "textarea": "<"
            case "option": element["selected"] == nil ? "o " : "* "
            case _: ""
            }
        }

        private func suffix(of element: HTMLElement) -> String {
            switch element.name {
            case "button": "]"
            case "textarea": ">"
            case "dt", "th": ":"
            case _: ""
            }
        }

        private mutating func end() {
            let text = HTMLDocument.squeezed(line)
            if !text.isEmpty { lines.append(text) }
            line = ""
        }
    }
}
