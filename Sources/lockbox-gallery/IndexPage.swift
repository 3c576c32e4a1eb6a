import LockboxPortalWorld

/// The page that shows all scenes in groups.
enum IndexPage {
    static func document(of pages: [RenderedPage]) -> String {
        var groups: [(name: String, pages: [RenderedPage])] = []
        for page in pages {
            if groups.last?.name == page.scene.group {
                groups[groups.count - 1].pages.append(page)
            } else {
                groups.append((page.scene.group, [page]))
            }
        }
        let contents = groups.map {
            "<li><a href=\"#\(slug($0.name))\">\($0.name)</a> \($0.pages.count)</li>"
        }
        return """
            <!doctype html>
            <html lang="en" data-theme="light" data-width="both">
            <head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
            <title>Gallery of the portal</title>
            <link rel="stylesheet" href="index.css"><script src="index.js" defer></script></head>
            <body><header><h1>Gallery of the portal</h1>
            <form>
            <fieldset><legend>Colours</legend>\(choices("theme", ["light", "dark"]))</fieldset>
            <fieldset><legend>Width</legend>\(choices("width", ["both", "phone", "wide"]))</fieldset>
            <label>Only <input type="search" name="only"></label>
            </form><nav><ul>\(contents.joined())</ul></nav></header>
            <main>
            \(groups.map(section).joined(separator: "\n"))
            </main></body></html>

            """
    }

    private static func choices(_ name: String, _ values: [String]) -> String {
        values.enumerated().map { index, value in
            "<label><input type=\"radio\" name=\"\(name)\" value=\"\(value)\"\(index == 0 ? " checked" : "")>"
                + "\(value)</label>"
        }.joined()
    }

    private static func section(_ name: String, _ pages: [RenderedPage]) -> String {
        "<section id=\"\(slug(name))\"><h2>\(escaped(name))</h2>\(pages.map(figure).joined(separator: "\n"))</section>"
    }

    private static func figure(_ page: RenderedPage) -> String {
        let (scene, file) = (page.scene, "\(page.scene.slug).html")
        let who = "\(scene.person ?? "nobody") at \(scene.path)"
        let frames = ["phone", "wide"].map { width in
            "<div class=\"\(width)\"><iframe loading=\"lazy\" title=\"\(escaped(scene.name)), \(width)\""
                + " src=\"light/\(file)\"></iframe></div>"
        }
        return """
            <figure id="\(scene.slug)"><figcaption><a href="light/\(file)"><strong>\(escaped(scene.name))</strong></a> \
            <small>\(escaped(who)) · \(page.answer.status) · \(page.bytes) bytes</small></figcaption>
            <div class="frames">\(frames.joined())</div></figure>
            """
    }

    private static func slug(_ group: String) -> String {
        "group-" + group.lowercased().split { !$0.isLetter && !$0.isNumber }.joined(separator: "-")
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(
            "\"",
            with: "&quot;"
        )
    }

    static let style = """
        :root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
        body { margin: 0 auto; max-width: 1280px; padding: 1rem }
        header { position: sticky; top: 0; z-index: 1; background: Canvas; border-bottom: 1px solid GrayText }
        h1 { font-size: 1.2rem; margin: .3rem 0 } h2 { margin: 2rem 0 .5rem; scroll-margin-top: 9rem }
        form { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; align-items: center }
        fieldset { border: 0; padding: 0; display: flex; gap: .75rem } legend { float: left; margin-right: .75rem }
        nav ul { display: flex; flex-wrap: wrap; gap: .2rem 1rem; list-style: none; padding: 0; margin: .5rem 0 }
        figure { margin: 0 0 2rem; scroll-margin-top: 9rem } figcaption { margin-bottom: .4rem }
        .frames { display: flex; gap: 1rem; align-items: flex-start; overflow-x: auto }
        .frames > div { flex: none; overflow: hidden; border: 1px solid GrayText; border-radius: 6px }
        .phone { width: 312px; height: 640px } .phone iframe { width: 390px; height: 800px; transform: scale(.8) }
        .wide { width: 896px; height: 640px } .wide iframe { width: 1280px; height: 914px; transform: scale(.7) }
        iframe { border: 0; transform-origin: 0 0 }
        [data-width=phone] .wide, [data-width=wide] .phone { display: none }
        [hidden] { display: none }

        """

    static let script = """
        "use strict";
        const root = document.documentElement, form = document.querySelector("form");
        function show() {
          const chosen = new FormData(form);
          if (root.dataset.theme !== chosen.get("theme")) {
            root.dataset.theme = chosen.get("theme");
            for (const item of document.querySelectorAll("main [src], main [href]")) {
              const name = item.src ? "src" : "href";
              item.setAttribute(name, item.getAttribute(name).replace(/^(light|dark)/, root.dataset.theme));
            }
          }
          root.dataset.width = chosen.get("width");
          const only = chosen.get("only").toLowerCase();
          for (const figure of document.querySelectorAll("figure")) {
            figure.hidden = !figure.textContent.toLowerCase().includes(only);
          }
        }
        form.addEventListener("input", show);
        form.addEventListener("submit", (event) => event.preventDefault());
        show();

        """
}
