import LockboxNotifier
import Mustache

/// One page: a typed model, whose stored members are what its template may name, and the template.
protocol Page: Sendable {
    static var template: PageTemplate { get }
    /// What the browser's tab says, without the product's name.
    var title: String { get }
    /// The navigation entry that it belongs to, by path; nil for none.
    var section: String? { get }
    /// Something that changes whenever what the page shows has changed, so that an open copy can
    /// tell; nil where a page does not follow changes by itself.
    var liveTag: String? { get }
}

extension Page {
    var section: String? { nil }
    var liveTag: String? { nil }

    /// The page's own part of the document, without the frame.
    func content() -> String { Self.template.render(self) }
}

/// A Mustache template of a `Templates` folder, in HTML escaped scalar by scalar.
struct PageTemplate: Sendable {
    private let template: MustacheTemplate

    /// `source` is part of the program: one that cannot be read is a bug, which the first test that
    /// shows the page finds.
    init(_ source: [UInt8]) {
        do {
            template = try Self.parse(source)
        } catch {
            preconditionFailure("a template of the portal cannot be read: \(error)")
        }
    }

    func render(_ model: Any) -> String { template.render(model, library: Self.partials) }

    private static func parse(_ source: [UInt8]) throws -> MustacheTemplate {
        ScalarHTML.register()
        // The line's end at the file's end would be a space between a part and the full stop after
        // it.
        let text = String(decoding: source, as: UTF8.self).trimmingSuffix { $0.isNewline }
        return try MustacheTemplate(
            string: "{{% CONTENT_TYPE:SCALAR_HTML}}\n" + String(text)
        )
    }

    /// What pages share, by the names that templates use: `{{> moment}}`.
    private static let partials: MustacheLibrary = {
        do {
            return MustacheLibrary(templates: try Partials.all.mapValues(parse))
        } catch {
            preconditionFailure("a partial of the portal cannot be read: \(error)")
        }
    }()
}

/// The parts that several pages share, each in the `Templates` of its subject.
enum Partials {
    static let all: [String: [UInt8]] = [
        "moment": PackageResources.moment_mustache,
        "countdown": PackageResources.countdown_mustache,
        "badge": PackageResources.badge_mustache,
        "form-guard": PackageResources.form_guard_mustache,
        "problems": PackageResources.problems_mustache,
        "pages": PackageResources.pages_mustache,
        "printed": PackageResources.printed_mustache,
        "request-facts": PackageResources.request_facts_mustache,
        "progress": PackageResources.progress_mustache,
        "decision-line": PackageResources.decision_line_mustache,
        "token-facts": PackageResources.token_facts_mustache,
        "passkey-facts": PackageResources.passkey_facts_mustache,
        "thread": PackageResources.thread_mustache,
        "open-in-browser": PackageResources.open_in_browser_mustache,
        "step-up": PackageResources.step_up_mustache,
        "stop": PackageResources.stop_mustache,
        "request-row": PackageResources.request_row_mustache,
        "several-row": PackageResources.several_row_mustache,
        "request-summary": PackageResources.request_summary_mustache,
        "request-customer": PackageResources.request_customer_mustache,
        "request-provider": PackageResources.request_provider_mustache,
        "outcome": PackageResources.outcome_mustache,
        "operations": PackageResources.operations_mustache,
        "running": PackageResources.running_mustache,
        "open-access": PackageResources.open_access_mustache,
        "timeline": PackageResources.timeline_mustache,
        "letters": PackageResources.letters_mustache,
        "span-field": PackageResources.span_field_mustache,
        "erased-note": PackageResources.erased_note_mustache,
    ]
}

extension String {
    fileprivate func trimmingSuffix(while predicate: (Character) -> Bool) -> Substring {
        var text = self[...]
        while let last = text.last, predicate(last) { text.removeLast() }
        return text
    }
}
