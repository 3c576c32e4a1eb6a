import LockboxPortalWorld

/// What is wrong with a page by rules that hold for every page.
struct PageFaults {
    private let document: HTMLDocument
    private(set) var found: [String]

    init(of html: String) {
        document = HTMLDocument(html)
        found = document.faults
        checkDocument()
        checkIdentifiers()
        checkScripting()
        checkForms()
        checkControls()
        checkNames()
    }

    private mutating func expect(_ isRight: Bool, _ fault: String) {
        if !isRight { found.append(fault) }
    }

    private mutating func checkDocument() {
        let html = document.all("html")
        expect(html.count == 1 && html[0]["lang"]?.isEmpty == false, "no language")
        let titles = document.all("title").filter { !$0.ancestors.contains { $0.name == "svg" } }
        expect(titles.count == 1 && !titles[0].text.isEmpty, "no title, or several")
        for name in ["h1", "main"] {
            expect(document.all(name).count == 1, "\(document.all(name).count) elements <\(name)>")
        }
        expect(document.all("meta").contains { $0["name"] == "viewport" }, "no viewport")
        var level = 1
        for heading in document.elements.filter({ ["h2", "h3", "h4"].contains($0.name) }) {
            let next = Int(heading.name.dropFirst()) ?? 0
            expect(next <= level + 1, "<\(heading.name)> \(heading.text) skips a level")
            level = next
        }
    }

    private mutating func checkIdentifiers() {
        let identifiers = document.elements.compactMap { $0["id"] }
        for (id, count) in Dictionary(grouping: identifiers, by: { $0 }).mapValues(\.count)
        where count > 1 {
            found.append("id \(id) \(count) times")
        }
        let known = Set(identifiers)
        for element in document.elements {
            for attribute in [
                "for", "aria-describedby", "aria-labelledby", "aria-controls", "list", "form",
            ] {
                for id in (element[attribute] ?? "").split(separator: " ") {
                    expect(
                        known.contains(String(id)),
                        "\(attribute) of <\(element.name)> names \(id), which is not there"
                    )
                }
            }
            if let link = element["href"], link.hasPrefix("#"), link.count > 1 {
                expect(known.contains(String(link.dropFirst())), "\(link) leads nowhere")
            }
        }
    }

    /// The content security policy lets nothing of this run; a page with it would be broken in a
    /// browser.
    private mutating func checkScripting() {
        for element in document.elements {
            for (name, value) in element.attributes {
                expect(name != "style", "<\(element.name)> has a style")
                expect(!name.hasPrefix("on"), "<\(element.name)> has \(name)")
                if ["href", "src", "action", "formaction"].contains(name) {
                    expect(
                        value.hasPrefix("/") || value.hasPrefix("#") || value.hasPrefix("?")
                            || value.hasPrefix("https://") || value.hasPrefix("http://")
                            || value.hasPrefix("mailto:"),
                        "\(name) of <\(element.name)> is \(value)"
                    )
                }
            }
            if element.name == "style" || (element.name == "script" && element["src"] == nil) {
                found.append("<\(element.name)> in the page")
            }
            // Whatever leads elsewhere must not take our address along or get hold of our window.
            if let link = element["href"], link.hasPrefix("http") {
                expect(element["rel"]?.contains("noopener") == true, "\(link) without rel=noopener")
            }
        }
    }

    private mutating func checkForms() {
        for form in document.all("form") {
            let action = form["action"] ?? "here"
            expect(["get", "post"].contains(form["method"]), "the form to \(action) has no method")
            // Before sign-in there is no session whose token it could be: the origin decides alone.
            let isAtTheDoor =
                ["/sign-in", "/sign-in/passkey", "/forgotten-password"].contains(action)
                || action.hasPrefix("/invitation/")
            if form["method"] == "post", !isAtTheDoor {
                let guards = form.all("input").filter {
                    $0["name"] == "csrf" && $0["type"] == "hidden"
                }
                // What is a session's own stays here.
                let isOurs = action == "here" || action.hasPrefix("/")
                expect(
                    isOurs
                        ? guards.count == 1 && guards[0]["value"]?.isEmpty == false
                        : guards.isEmpty,
                    "the csrf of the form to \(action)"
                )
            }
            let buttons = form.all("button").filter { $0["type"] ?? "submit" == "submit" }
            expect(!buttons.isEmpty, "the form to \(action) has no button")
        }
        for button in document.all("button")
        where button["form"] == nil && button["type"] != "button" {
            expect(
                button.ancestors.contains { $0.name == "form" },
                "the button \(button.text) is in no form"
            )
        }
    }

    private mutating func checkControls() {
        let labelled = Set(document.all("label").compactMap { $0["for"] })
        for control in document.elements where control.isControl && control["type"] != "hidden" {
            let name = control["name"] ?? control["id"] ?? "?"
            let label = control.ancestors.first { $0.name == "label" }
            expect(
                label.map { !$0.words.isEmpty } ?? false
                    || control["id"].map(labelled.contains) ?? false
                    || control["aria-label"]?.isEmpty == false || control["aria-labelledby"] != nil,
                "the control \(name) has no label"
            )
            let isChoice = ["radio", "checkbox"].contains(control["type"])
            if control["type"] == "radio" {
                expect(
                    control.ancestors.contains { $0.name == "fieldset" },
                    "the radio \(name) is in no fieldset"
                )
            }
            if control["aria-invalid"] == "true" {
                expect(
                    control["aria-describedby"] != nil || isChoice,
                    "nothing says what is wrong with \(name)"
                )
            }
        }
        for fieldset in document.all("fieldset") {
            expect(!fieldset.all("legend").isEmpty, "a fieldset without a legend")
        }
    }

    /// Everything that a person can reach, or hear of, has a name.
    private mutating func checkNames() {
        for element in document.elements
        where ["a", "button", "summary", "th", "label", "h1", "h2"].contains(element.name) {
            expect(
                !element.words.isEmpty || element["aria-label"]?.isEmpty == false,
                "<\(element.name)> \(element["href"] ?? "") has no words"
            )
        }
        for navigation in document.all("nav") {
            expect(
                navigation["aria-label"] != nil || navigation["aria-labelledby"] != nil,
                "a <nav> without a name"
            )
        }
        for picture in document.all("svg") {
            expect(
                picture["aria-hidden"] == "true"
                    || (picture["role"] == "img" && !picture.all("title").isEmpty)
                    || picture["aria-label"] != nil || picture["aria-labelledby"] != nil,
                "a picture without a name"
            )
        }
        for picture in document.all("img") {
            expect(picture["alt"] != nil, "an image without words")
        }
        for table in document.all("table") {
            expect(!table.all("th").isEmpty, "a table without headings")
        }
    }
}

extension HTMLElement {
    fileprivate var words: String { text.filter { !$0.isWhitespace } }
}
