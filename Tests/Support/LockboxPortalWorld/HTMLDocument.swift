/// An element of a page, with what is in it.
package final class HTMLElement {
    package let name: String
    package let attributes: [(name: String, value: String)]
    package fileprivate(set) var children: [HTMLNode] = []
    package private(set) weak var parent: HTMLElement?

    init(_ name: String, _ attributes: [(name: String, value: String)], in parent: HTMLElement?) {
        self.name = name
        self.attributes = attributes
        self.parent = parent
    }

    /// An attribute's value; empty where it stands alone, nil where it is not there.
    package subscript(attribute: String) -> String? {
        attributes.first { $0.name == attribute }?.value
    }

    package func holds(_ className: String) -> Bool {
        (self["class"] ?? "").split(separator: " ").contains(Substring(className))
    }

    /// Everything in it and it itself, in the order of the text.
    package var subtree: [HTMLElement] {
        [self]
            + children.flatMap { child -> [HTMLElement] in
                switch child {
                case .element(let element): element.subtree
                case .text: []
                }
            }
    }

    package func all(_ name: String) -> [HTMLElement] { subtree.filter { $0.name == name } }

    /// The text in it, as it stands.
    package var text: String {
        children.map { child -> String in
            switch child {
            case .element(let element): element.text
            case .text(let text): text
            }
        }.joined()
    }

    package var ancestors: [HTMLElement] { parent.map { [$0] + $0.ancestors } ?? [] }
}

/// What an element consists of.
package enum HTMLNode {
    case element(HTMLElement)
    case text(String)
}

/// A page, read more strictly than browsers do: whatever they would have to mend is a fault.
package struct HTMLDocument {
    /// Holds the document's one element.
    package let root: HTMLElement
    package let faults: [String]

    package init(_ html: String) {
        var reader = HTMLReader(html)
        reader.read()
        root = reader.root
        faults = reader.faults
    }

    package func all(_ name: String) -> [HTMLElement] { root.all(name) }
    package var elements: [HTMLElement] { Array(root.subtree.dropFirst()) }
}

private struct HTMLReader {
    private static let voids: Set<String> = [
        "meta", "link", "br", "hr", "img", "input", "wbr", "col",
    ]
    /// Elements whose text may hold `<`.
    private static let texts: Set<String> = ["title", "textarea", "script", "style"]
    /// What a `p` cannot hold: a browser would end it there.
    private static let blocks: Set<String> = [
        "address", "article", "aside", "blockquote", "details", "div", "dl", "fieldset", "figure",
        "footer", "form",
        "h1", "h2", "h3", "h4", "header", "hr", "main", "nav", "ol", "p", "pre", "section", "table",
        "ul",
    ]

    let root = HTMLElement("", [], in: nil)
    private(set) var faults: [String] = []
    private var open: [HTMLElement]
    private var rest: Substring

    init(_ html: String) {
        rest = html[...]
        open = [root]
    }

    mutating func read() {
        if !skip("<!doctype html>") { faults.append("does not begin with a doctype") }
        while !rest.isEmpty {
            if rest.hasPrefix("</") {
                readEnd()
            } else if rest.hasPrefix("<") {
                readStart()
            } else {
                add(text: String(take { $0 != "<" }))
            }
        }
        for element in open.dropFirst() { faults.append("<\(element.name)> is never closed") }
    }

    private mutating func readEnd() {
        _ = skip("</")
        let name = String(take { $0 != ">" })
        if !skip(">") { faults.append("</\(name) does not end") }
        guard open.count > 1, open[open.count - 1].name == name else {
            faults.append("</\(name)> closes <\(open[open.count - 1].name)>")
            if let place = open.lastIndex(where: { $0.name == name }), place > 0 {
                open.removeSubrange(place...)
            }
            return
        }
        open.removeLast()
    }

    private mutating func readStart() {
        _ = skip("<")
        let name = String(take { $0.isLetter || $0.isNumber || $0 == "-" })
        guard !name.isEmpty else {
            faults.append("a bare < before: \(rest.prefix(20))")
            return
        }
        let element = HTMLElement(name, readAttributes(of: name), in: open[open.count - 1])
        let closesItself = skip("/")
        if !skip(">") { faults.append("<\(name) does not end: \(rest.prefix(20))") }
        checkPlace(of: element)
        open[open.count - 1].children.append(.element(element))
        if Self.voids.contains(name) || closesItself { return }
        open.append(element)
        if Self.texts.contains(name) {
            var text = ""
            while !rest.isEmpty, !rest.hasPrefix("</\(name)>") { text.append(rest.removeFirst()) }
            add(text: text)
        }
    }

    private mutating func readAttributes(of name: String) -> [(name: String, value: String)] {
        var attributes: [(name: String, value: String)] = []
        while true {
            let hasBlank = !take { $0 == " " || $0 == "\n" }.isEmpty
            let key = String(take { $0.isLetter || $0.isNumber || $0 == "-" || $0 == ":" })
            guard !key.isEmpty else { return attributes }
            if !hasBlank { faults.append("no blank before \(key) of <\(name)>") }
            if attributes.contains(where: { $0.name == key }) {
                faults.append("<\(name)> has \(key) twice")
            }
            guard skip("=") else {
                attributes.append((key, ""))
                continue
            }
            if !skip("\"") { faults.append("\(key) of <\(name)> is not in quotation marks") }
            let value = String(take { $0 != "\"" })
            _ = skip("\"")
            attributes.append((key, decode(value)))
        }
    }

    private mutating func checkPlace(of element: HTMLElement) {
        let within = open.map(\.name)
        if Self.blocks.contains(element.name), within.contains("p") {
            faults.append("<\(element.name)> within <p>")
        }
        for name in ["a", "button", "form", "label"]
        where element.name == name && within.contains(name) {
            faults.append("<\(name)> within <\(name)>")
        }
        if ["a", "button", "input", "select", "textarea"].contains(element.name),
            within.contains("a") || within.contains("button")
        {
            faults.append("<\(element.name)> within a link or button")
        }
        if element.name == "li", !["ul", "ol"].contains(within.last ?? "") {
            faults.append("<li> outside a list")
        }
        if ["dt", "dd"].contains(element.name), !["dl", "div"].contains(within.last ?? "") {
            faults.append("<\(element.name)> outside a <dl>")
        }
        if ["ul", "ol"].contains(within.last ?? ""), element.name != "li" {
            faults.append("<\(element.name)> in a list, outside its entries")
        }
    }

    private mutating func add(text: String) {
        guard !text.isEmpty else { return }
        open[open.count - 1].children.append(.text(decode(text)))
    }

    private static let entities = [
        "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": "\u{A0}",
        "middot": "·", "rarr": "→",
        "larr": "←", "hellip": "…", "ndash": "–", "mdash": "—", "times": "×",
    ]

    private mutating func decode(_ text: String) -> String {
        guard text.contains("&") else { return text }
        var decoded = ""
        var rest = text[...]
        while let start = rest.firstIndex(of: "&") {
            decoded += rest[..<start]
            rest = rest[start...].dropFirst()
            guard let end = rest.firstIndex(of: ";"), let character = Self.character(rest[..<end])
            else {
                faults.append("a bare & before: \(rest.prefix(20))")
                decoded += "&"
                continue
            }
            decoded += character
            rest = rest[end...].dropFirst()
        }
        return decoded + rest
    }

    private static func character(_ name: Substring) -> String? {
        guard name.hasPrefix("#") else { return entities[String(name)] }
        let digits = name.dropFirst()
        let value = digits.hasPrefix("x") ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
        return value.flatMap(Unicode.Scalar.init).map { String($0) }
    }

    private mutating func take(while belongs: (Character) -> Bool) -> Substring {
        let taken = rest.prefix(while: belongs)
        rest = rest[taken.endIndex...]
        return taken
    }

    private mutating func skip(_ text: String) -> Bool {
        guard rest.hasPrefix(text) else { return false }
        rest = rest.dropFirst(text.count)
        return true
    }
}
