import LockboxServices
import NIOHPACK
import NIOHTTP1

extension RequestHead {
    /// Reads the fields of a request of HTTP/2 (RFC 9113 §8.3.1). `isWhole`: no body follows. The
    /// library refused before what breaks the form: pseudo-fields that are missing, unknown, doubled
    /// or late, names that are no small letters, fields of one connection, and values with CR, LF or
    /// NUL.
    init(_ block: HPACKHeaders, isWhole: Bool) throws(WireError) {
        guard block.count <= GatewayLimits.fields else {
            throw WireError("there are too many fields", .requestHeaderFieldsTooLarge)
        }
        var pseudo: [String: String] = [:]
        var fields = HTTPHeaders()
        var cookies: [String] = []
        for (name, value, _) in block {
            guard value.isFieldValue else {
                throw WireError("a field has a character that does not belong there")
            }
            if name.hasPrefix(":") {
                pseudo[name] = value
            } else if name == "cookie" {
                cookies.append(value)
            } else {
                fields.add(name: name, value: value)
            }
        }
        // A client may cut them apart (§8.2.3).
        if !cookies.isEmpty { fields.add(name: "cookie", value: cookies.joined(separator: "; ")) }
        let hosts = Set(fields["host"] + [pseudo[":authority"]].compactMap(\.self))
        guard hosts.count == 1, fields["host"].count <= 1, let host = hosts.first else {
            throw WireError("there is not one host")
        }
        let method = pseudo[":method", default: ""]
        guard method == "CONNECT" || pseudo[":scheme"] == "https" else {
            throw WireError("the scheme is not https")
        }
        let said = try BodyFraming(fields)
        let isEmpty: BodyFraming = HTTPKind.safeMethods.contains(method) ? .none : .length(0)
        try self.init(
            method: method,
            target: pseudo[":path", default: ""],
            host: host,
            fields: fields,
            framing: said ?? (isWhole ? isEmpty : .chunked)
        )
    }
}

extension String {
    /// RFC 9113 §8.2.1; and what was no UTF-8 has become another character, which is not passed on.
    fileprivate var isFieldValue: Bool {
        let space: [UInt8?] = [0x20, 0x09]
        return !space.contains(utf8.first) && !space.contains(utf8.last)
            && utf8.allSatisfy { $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7f) }
            && !unicodeScalars.contains("\u{FFFD}")
    }
}

extension HPACKHeaders {
    /// The head of an answer. None of it goes into the table that the client has sized.
    init(_ head: AnswerHead) {
        self.init()
        add(name: ":status", value: "\(head.status.code)", indexing: .nonIndexable)
        for (name, value) in head.fields {
            add(name: name.lowercased(), value: value, indexing: .nonIndexable)
        }
        if case .length(let length) = head.body {
            add(name: "content-length", value: "\(length)", indexing: .nonIndexable)
        }
    }
}
