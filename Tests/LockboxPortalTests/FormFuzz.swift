import Foundation
import LockboxDomain
import LockboxFixtures
import LockboxPortalWorld
import LockboxPorts
import Synchronization
import Testing

/// What is sent in place of a form as its page made it.
enum Attack: Sendable, CustomStringConvertible {
    /// A field holds something else.
    case value(String, String)
    /// The same, percent-encoded by hand: what no correct encoder writes.
    case raw(String, String)
    case missing(String)
    /// The field comes twice, the second time with something else.
    case doubled(String, String)
    /// The field's name is written as some frameworks write lists.
    case list(String)
    /// Many fields that the form does not have.
    case crowd
    /// Another body altogether.
    case body([UInt8], type: String?)

    var description: String {
        switch self {
        case .value(let name, let value): "\(name) = \(value.debugDescription.prefix(60))"
        case .raw(let name, let value): "\(name) = \(value) as it is"
        case .missing(let name): "without \(name)"
        case .doubled(let name, let value): "\(name) twice, then \(value.debugDescription)"
        case .list(let name): "\(name)[]"
        case .crowd: "300 fields more"
        case .body(let bytes, let type): "\(bytes.count) bytes of \(type ?? "no type")"
        }
    }
}

/// Values that no page of ours sends.
///
/// A run has time for a share of all pairs of field and value: each field gets the worst ones, and
/// each time it comes again some of the others in turn. `LOCKBOX_FUZZ=all` goes through all pairs.
enum OddValues {
    private static let isWhole = ProcessInfo.processInfo.environment["LOCKBOX_FUZZ"] == "all"

    /// For a field that was there `turn` times before.
    static func ofField(turn: Int) -> [String] { share(of: ofFields, turn: turn) }

    /// For addresses, where most names mean an identifier or a place in a list.
    static func ofAddress(turn: Int) -> [String] {
        share(of: numbers + texts, turn: turn).map(OpenForm.encoded)
            + (isWhole ? encoded : [encoded[turn % encoded.count]])
    }

    /// What is sent as it is, for a field that was there `turn` times before.
    static func raw(turn: Int) -> [String] { isWhole ? encoded : [encoded[turn % encoded.count]] }

    private static let worst = ["", "-1", "\u{0}", "18446744073709551615"]
    private static let inTurn = 1

    private static func share(of values: [String], turn: Int) -> [String] {
        if isWhole { return worst + values }
        return worst + (0..<inTurn).map { values[(turn * inTurn + $0) % values.count] }
    }

    private static let ofFields =
        numbers + texts + [
            // Spans, instants, marks of rules, sizes of what was seen.
            "PT0S", "PT0.001S", "-PT1H", "P36500D", "P99999999999D", "0000-00-00T00:00",
            "9999-12-31T23:59", "1969-12-31T23:59", "-1.-1", "0.-1", "99999999999999999999.1",
            "on PT0S PT0S -1", "none none", "read", "mail mailbox:nobody@contoso.test", "{\"a\":1}",
        ]

    private static let numbers = [
        "0", "+1", "1e9", "-9223372036854775809", "9223372036854775807",
        "99999999999999999999999999", "٣", "NaN",
    ]

    private static let texts = [
        "a\u{0}b", "\u{1B}[2J\u{7}", "a\r\n\r\nb", "\u{202E}b\u{2066}", "\u{FFFF}",
        "e" + String(repeating: "\u{301}", count: 2000), String(repeating: "x", count: 9000),
        "../../..", "' OR 1=1 --", "<script>alert(1)</script>", "\\", "?#&=%",
    ]

    /// Half a surrogate pair, a cut character, bytes that are none, NUL, and a sign without digits.
    static let encoded = ["%ED%A0%80", "%E2%82", "%FF%FE", "%00", "%", "%zz", "\u{301}+\u{301}"]

    static let bodies: [Attack] = [
        .body([], type: form), .body(Array("&&=&==&".utf8), type: form),
        .body([0x61, 0x3D, 0xFF, 0xFE], type: form),
        .body([UInt8](repeating: 0, count: 100), type: form),
        .body(Array(#"{"csrf":1}"#.utf8), type: "application/json"), .body([0], type: nil),
        .body(Array("--x".utf8), type: "multipart/form-data; boundary=x"),
        .body([UInt8](repeating: 0x61, count: 70_000), type: form),
    ]

    static let form = "application/x-www-form-urlencoded"
}

/// One form of one page, as a scene shows it.
struct FuzzedForm: Sendable {
    let scene: Scene
    /// Which of the page's forms it is.
    let position: Int
    /// Where it goes, with `*` for identifiers.
    let kind: String
    let names: [String]

    /// Attacks on it. `turns` counts how often fields of these names were attacked before.
    func attacks(_ turns: inout [String: Int]) -> [Attack] {
        var attacks: [Attack] = []
        for name in names {
            let turn = turns[name, default: 0]
            turns[name] = turn + 1
            // The token and the key decide before anything else is read: twice is enough.
            if ["csrf", "key"].contains(name), turn > 1 { continue }
            attacks += OddValues.ofField(turn: turn).map { .value(name, $0) }
            attacks += OddValues.raw(turn: turn).map { .raw(name, $0) }
            attacks += [
                .missing(name), turn.isMultiple(of: 2) ? .doubled(name, "-1") : .list(name),
            ]
        }
        let turn = turns["", default: 0]
        turns[""] = turn + 1
        return attacks + [OddValues.bodies[turn % OddValues.bodies.count]]
            + (turn.isMultiple(of: 8) ? [.crowd] : [])
    }

    /// The forms of a page, each with all its fields and buttons.
    static func all(on page: Answer, of scene: Scene) -> [FuzzedForm] {
        forms(of: page.html).enumerated().map { position, form in
            let controls = form.subtree.filter { $0.isControl || $0.name == "button" }
            return FuzzedForm(
                scene: scene,
                position: position,
                kind: kind(of: form["action"] ?? page.path),
                names: Set(controls.compactMap { $0["name"] }).sorted()
            )
        }
    }

    static func forms(of html: String) -> [HTMLElement] {
        HTMLDocument(html).all("form").filter {
            $0["method"] == "post" && $0["action"]?.hasPrefix(PortalWorld.address) != true
        }
    }

    static func kind(of path: String) -> String {
        String(path.prefix { $0 != "?" }).replacing(
            #/(?:LBX|SR|PER|TOK)-[0-9A-Z]+|[0-9a-f]{32}/#,
            with: "*"
        )
    }

    /// Names of controls hold names of resources; those make no other form.
    var signature: String { "\(kind) \(names.filter { !$0.contains(" ") })" }
}

/// One of the forms in a world in which its scene was played.
struct OpenForm {
    let action: String
    let fields: [(String, String)]
    let person: String?

    init?(_ form: FuzzedForm, on page: Answer) {
        let forms = FuzzedForm.forms(of: page.html)
        guard forms.indices.contains(form.position) else { return nil }
        action = forms[form.position]["action"] ?? page.path
        fields = forms[form.position].fields
        person = page.person
    }

    /// Each sending is a command of its own, so that none is answered with what came of another.
    func send(_ attack: Attack, number: Int, in world: PortalWorld) async throws -> Answer {
        let base = fields.map { $0.0 == "key" ? ($0.0, "fuzz\(number)") : $0 }
        func others(_ name: String) -> [(String, String)] { base.filter { $0.0 != name } }
        let sent: [(String, String)]
        switch attack {
        case .value(let name, let value): sent = others(name) + [(name, value)]
        case .missing(let name): sent = others(name)
        case .doubled(let name, let value): sent = base + [(name, value)]
        case .list(let name): sent = others(name) + [("\(name)[]", "1"), ("\(name)[a][]", "2")]
        case .crowd: sent = base + (0..<300).map { ("field\($0)", "1") }
        case .raw(let name, let value):
            let pairs = others(name).map { "\(Self.encoded($0.0))=\(Self.encoded($0.1))" }
            let body = (pairs + ["\(Self.encoded(name))=\(value)"]).joined(separator: "&")
            return try await world.sendRaw(
                action,
                body: Array(body.utf8),
                type: OddValues.form,
                as: person
            )
        case .body(let bytes, let type):
            return try await world.sendRaw(action, body: bytes, type: type, as: person)
        }
        return try await world.send(action, form: sent, as: person)
    }

    static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            let isPlain =
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
                || (0x61...0x7A).contains(byte)
            return isPlain
                ? String(Unicode.Scalar(byte))
                : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }
}

/// How much has happened, as the logs tell it; who came in or was held off is no change.
struct RecordedChanges {
    /// Records that were looked at, by log.
    fileprivate var sizes: [LogID: UInt64] = [:]
    fileprivate(set) var count = 0
}

extension PortalWorld {
    /// Looks only at what came after `earlier`.
    func recordedChanges(since earlier: RecordedChanges = RecordedChanges()) async throws
        -> RecordedChanges
    {
        try await store.read { tx in
            var changes = earlier
            let logs = [LogID.provider, .tenant(Fixture.contoso.id), .tenant(Fixture.fabrikam.id)]
            for log in logs {
                let (start, end) = (changes.sizes[log, default: 0], try tx.head(of: log).size)
                guard start < end else { continue }
                changes.sizes[log] = end
                changes.count += try tx.entries(of: log, in: start..<end).count {
                    !$0.activity.hasPrefix("signIn.")
                }
            }
            return changes
        }
    }
}
