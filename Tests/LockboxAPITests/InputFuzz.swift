import Foundation
import HTTPTypes
import LockboxFixtures
import LockboxHTTP
import LockboxTestWorld
import LockboxWire

/// A request that no client of ours sends.
struct OddRequest: CustomStringConvertible {
    var method: String
    /// With its query, as it is sent.
    var path: String
    var fields: [(String, String)] = []
    var body: [UInt8] = []

    var description: String {
        let head = fields.map { "\($0.0): \($0.1.debugDescription)" }
        return ([method + " " + path] + head + [String(decoding: body, as: UTF8.self)])
            .joined(separator: "\n")
    }
}

/// Requests for one operation, each with something odd in it.
struct InputFuzz {
    let operation: Operation
    /// Names of the query's parameters.
    let parameters: [String]
    /// What is there, by the name that a path has for it.
    let known: [String: [String]]
    /// Of an engineer who asks about herself.
    let bearer: String
    /// What she was told when she was denied.
    let denial: JSONValue
    var source: FuzzSource

    mutating func next(token: String?) -> OddRequest {
        var request = OddRequest(method: operation.method, path: path())
        if source.isOneIn(12) {
            request.method = source.pick(["HEAD", "GET", "POST", "PUT", "PATCH", "DELETE"])
        }
        let query = query()
        if !query.isEmpty { request.path += "?" + query.joined(separator: "&") }
        if let token { request.fields.append(("Authorization", "Bearer \(token)")) }
        let isOAuth = operation.path.hasPrefix("/oauth2/")
        let isAuthZEN = operation.path.hasPrefix("/access/") && operation.caller == nil
        if isAuthZEN, source.isOneIn(2) {
            request.fields.append(("Authorization", "Bearer \(bearer)"))
        } else if isOAuth || isAuthZEN {
            let credentials = Data("dovecot:\(APIWorld.clientSecret)".utf8).base64EncodedString()
            request.fields.append(("Authorization", "Basic \(credentials)"))
        }
        if isOAuth {
            request.fields.append(("Content-Type", FormFields.mediaType))
            request.body = Array(form().utf8)
        } else if let body = isAuthZEN ? Sample.evaluation : body {
            request.fields.append(("Content-Type", "application/json"))
            request.body = json(body)
        } else if source.isOneIn(8) {
            request.body = Array(source.pick(OddText.all).utf8)
        }
        for _ in 0..<source.below(4) {
            let field = header()
            request.fields.removeAll { $0.0 == field.0 }
            request.fields.append(field)
        }
        return request
    }

    private var body: JSONValue? {
        switch operation.name {
        case RequesterProgram.submission:
            Sample.submission(RequesterProgram.question("read", "adam@contoso.test"), denial)
        case RequesterProgram.cancellation: Sample.cancellation
        case _: operation.body
        }
    }

    // MARK: - Address

    private mutating func path() -> String {
        var path = operation.path
        for (name, usual) in operation.parts.sorted(by: { $0.key < $1.key }) {
            path = path.replacing("{\(name)}", with: part(name, usual))
        }
        return source.isOneIn(16) ? path + source.pick(["/", "//", "/..", "%00", "\u{301}"]) : path
    }

    private mutating func part(_ name: String, _ usual: String) -> String {
        switch source.below(6) {
        case 0: InProcess.percentEncoded(source.pick(OddText.all))
        case 1: source.pick(OddText.encoded)
        case 2: InProcess.percentEncoded(usual)
        case _: InProcess.percentEncoded(source.pick(known[name] ?? [usual]))
        }
    }

    private mutating func query() -> [String] {
        var pairs: [String] = []
        for (name, value) in operation.query where !source.isOneIn(4) {
            pairs.append("\(name)=\(source.isOneIn(3) ? oddQuery(name) : value)")
        }
        for name in parameters where source.isOneIn(3) {
            pairs.append("\(name)=\(oddQuery(name))")
            if source.isOneIn(8) { pairs.append("\(name)=\(oddQuery(name))") }
        }
        if source.isOneIn(16) {
            pairs.append(source.pick(["&", "=", "=1", "%zz=1", "a[]=1", "?"]))
        }
        return pairs
    }

    private mutating func oddQuery(_ name: String) -> String {
        if name == "cursor", !source.isOneIn(4) { return cursor() }
        return switch source.below(5) {
        case 0: source.pick(OddText.encoded)
        case 1: source.pick(OddText.numbers).replacing("+", with: "%2B")
        case 2: InProcess.percentEncoded(source.pick(OddText.times))
        case _: InProcess.percentEncoded(source.pick(OddText.all))
        }
    }

    /// A cursor as a page gives it, but for what it holds.
    private mutating func cursor() -> String {
        let list = source.pick(["requests", "support", "log", "export", "messages", ""])
        let keys = (0..<source.below(4)).map { _ in source.pick(OddText.texts) }
        let parts = [list, source.pick(OddText.numbers)] + keys
        return Data(parts.map { $0 + ":" }.joined().utf8).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    // MARK: - Header

    private static let headers: [(String, [String])] = [
        (
            "If-Match",
            [
                "*", "\"v1\"", "\"v2\"", "\"v9223372036854775807\"", "\"v-1\"", "W/\"v1\"", "\"",
                "\"v1", "\"v1\", \"v3\"", ",,\"v1\",,", "\"v1\" x", "v1",
            ]
        ),
        ("If-None-Match", ["*", "\"v1\"", "W/\"x\", \"y\"", "\"", ","]),
        ("Range", ["bytes=0-", "bytes=-1", "bytes=9-1,2-", "bytes=18446744073709551615-"]),
        (
            "Authorization",
            [
                "Bearer", "Bearer ", "Basic", "Basic =", "Basic Og==", "Basic AA==", "Basic /w==",
                "Bearer lbx_", "Bearer " + String(repeating: "0", count: 9000),
            ]
        ),
        ("Cookie", ["", ";", "=", "a=b; a=c", "__Host-lockbox=x", "a=\"b\"", "=;=;"]),
        ("Idempotency-Key", ["\"\"", "\"", "k", "\"k\"", String(repeating: "k", count: 256)]),
        (
            "Accept",
            [
                "text/csv", "application/jsonl;q=0.5, */*;q=0", "*/*;q=", "a/b/c", "/", "q=1",
                "text/csv;q=1.0000", "text/csv;q=99999999999999999999", ";", ",,",
            ]
        ),
        ("Accept-Language", ["de;q=", "*", "-", "en-US,en;q=0.5"]),
        (
            "Forwarded",
            [
                "for=\"[::1]:80\"", "for=[", "for=\"", "for=_x;;for=1", "for=\"\\\"\"", ";,=",
                "for=[\u{301}]",
            ]
        ),
        (
            "X-Forwarded-For",
            ["::1", "[::1", "[]", "1.2.3.4:99999", ",", "fe80::1%eth0", "[\u{301}]"]
        ),
        (
            "Content-Type",
            [
                "", ";", "application/json;", "application/json; charset", "application/JSON",
                "application/json; charset=utf-16", "application/json; charset=\"", "text/plain",
                "multipart/form-data; boundary=", "application/x-www-form-urlencoded",
            ]
        ),
        ("Content-Length", ["-1", "9223372036854775807", "99999999999999999999", "x"]),
        ("Origin", ["null", "https://", "http://[", "http://127.1:99999", "https://[::1]:x"]),
        ("Sec-Fetch-Site", ["none", "cross-site", "same-origin, x"]),
    ]

    private mutating func header() -> (String, String) {
        let (name, values) = source.pick(Self.headers)
        return (name, source.isOneIn(3) ? source.pick(OddText.all) : source.pick(values))
    }

    // MARK: - Body

    private mutating func form() -> String {
        var pairs = ["token=lbc_" + String(repeating: "0", count: 64)]
        switch source.below(4) {
        case 0: pairs = ["token=\(InProcess.percentEncoded(source.pick(OddText.all)))"]
        case 1: pairs = ["token=\(source.pick(OddText.encoded))"]
        case 2: pairs.append("token=" + source.pick(OddText.encoded))
        case _: pairs.append(source.pick(["token_type_hint=\u{0}", "&&=&", "=", "scope", "%=%"]))
        }
        guard operation.path == "/oauth2/token" else { return pairs.joined(separator: "&") }
        let exchange = [
            "grant_type=urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token_type=urn:ietf:params:oauth:token-type:access_token",
            "audience=\(source.pick(OddText.encoded))", "scope=\(source.pick(OddText.encoded))",
        ]
        pairs += exchange.filter { _ in !source.isOneIn(4) }
        return pairs.map { $0.replacing("token=lbc", with: "subject_token=lbc") }
            .joined(separator: "&")
    }

    private mutating func json(_ usual: JSONValue) -> [UInt8] {
        switch source.below(8) {
        case 0: return source.bent(Self.bytes(usual, with: nil, at: -1))
        case 1: return source.pick(Self.bodies)
        case _:
            let place = source.below(Self.nodes(usual))
            return Self.bytes(usual, with: fragment(), at: place)
        }
    }

    private mutating func fragment() -> [UInt8] {
        switch source.below(4) {
        case 0: return Array(source.pick(OddText.numbers).utf8)
        case 1: return source.pick(Self.fragments)
        case _: return Self.quoted(source.pick(OddText.all))
        }
    }

    /// JSON, and what looks like it.
    private static let fragments: [[UInt8]] =
        [
            "null", "true", "[]", "{}", "[null]", "[[]]", "{\"\":{}}", "\"\\ud800\"",
            "\"\\udc00x\"",
            "\"\\ud800\\ud800\"", "\"\\uD83D\\uDE00\"", "\"\\u0000\"", "\"\\u000\"", "\"\\x\"",
            "\"\u{301}", "\"\r\n\"", "\"\u{0}\"", "{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}",
            "-", "1.", ".5", "1e", "1E+400", "-1e-400", "tru", "nul", "'x'", "[1,]", "{\"a\":1,}",
            "0.1", "1e2", "/**/1", "Infinity",
            String(repeating: "[", count: 40) + String(repeating: "]", count: 40),
            String(repeating: "{\"a\":", count: 40) + "1" + String(repeating: "}", count: 40),
            "[" + String(repeating: "1,", count: 9000) + "1]",
        ].map { Array($0.utf8) } + [[0x22, 0xFF, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0xC3]]

    private static let bodies: [[UInt8]] =
        fragments + [
            [], [0xEF, 0xBB, 0xBF, 0x7B, 0x7D], [0xFF, 0xFE, 0x7B, 0], [0, 0x7B],
            [UInt8](repeating: 0x5B, count: 50_000), [UInt8](repeating: 0x20, count: 70_000),
        ]

    private static func nodes(_ value: JSONValue) -> Int {
        switch value {
        case .object(let members): members.values.reduce(1) { $0 + nodes($1) }
        case .array(let items): items.reduce(1) { $0 + nodes($1) }
        case .null, .bool, .integer, .string: 1
        }
    }

    /// `value` as JSON, with `odd` in the place of its node number `place`.
    private static func bytes(_ value: JSONValue, with odd: [UInt8]?, at place: Int) -> [UInt8] {
        var number = -1
        func write(_ value: JSONValue) -> [UInt8] {
            number += 1
            if number == place, let odd { return odd }
            switch value {
            case .object(let members):
                let all = members.sorted { $0.key < $1.key }.map { quoted($0) + [0x3A] + write($1) }
                return [0x7B] + Array(all.joined(separator: [0x2C])) + [0x7D]
            case .array(let items):
                return [0x5B] + Array(items.map(write).joined(separator: [0x2C])) + [0x5D]
            case .null: return Array("null".utf8)
            case .bool(let flag): return Array("\(flag)".utf8)
            case .integer(let number): return Array("\(number)".utf8)
            case .string(let text): return quoted(text)
            }
        }
        return write(value)
    }

    private static func quoted(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = [0x22]
        for byte in text.utf8 {
            switch byte {
            case 0x22, 0x5C: bytes += [0x5C, byte]
            case 0..<0x20:
                bytes += Array("\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8)
            case _: bytes.append(byte)
            }
        }
        return bytes + [0x22]
    }
}
