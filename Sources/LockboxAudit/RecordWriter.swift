import LockboxDomain
import LockboxPorts
import MerkleLog

/// Writes records as lines of JSON, each as an encoder with sorted members would write the
/// `AuditRecord`. By hand, because an export is as fast as this is.
enum RecordWriter {
    /// The line of `entry`, with its end; with a proof where it has one.
    static func write(
        _ entry: LogEntry,
        size: UInt64?,
        proof: [Hash]?,
        to line: inout [UInt8]
    ) throws {
        // What is read twice over is read from the bytes that were hashed.
        guard let data = CanonicalSlice.member("data", of: entry.bytes) else {
            throw StoreError.corrupt("record \(entry.index) of log \(entry.log.logName)")
        }
        let texts = entry.texts.sorted {
            $0.field.utf8.lexicographicallyPrecedes($1.field.utf8)
        }
        put(#"{"activity":"#, &line)
        text(entry.activity, &line)
        put(#","actor":{"id":"#, &line)
        text(entry.actor, &line)
        put(#","name":"#, &line)
        optional(texts.first { $0.field == "actorName" }?.text, &line)
        put(#"},"data":"#, &line)
        line += data
        put(#","hash":"#, &line)
        text(entry.hash.base64, &line)
        put(#","index":\#(entry.index),"leaf":"#, &line)
        text(String(decoding: entry.bytes, as: UTF8.self), &line)
        if let proof {
            put(#","proof":["#, &line)
            for (place, hash) in proof.enumerated() {
                if place > 0 { put(",", &line) }
                text(hash.base64, &line)
            }
            put("]", &line)
        }
        put(#","request":"#, &line)
        optional(entry.request?.text, &line)
        if proof != nil, let size { put(#","size":\#(size)"#, &line) }
        put(#","texts":{"#, &line)
        for (place, one) in texts.enumerated() {
            if place > 0 { put(",", &line) }
            text(one.field, &line)
            put(#":{"salt":"#, &line)
            optional(one.salt.map(Base64.encode), &line)
            put(#","text":"#, &line)
            optional(one.text, &line)
            put("}", &line)
        }
        put(#"},"time":"#, &line)
        text(entry.time.description, &line)
        put("}\n", &line)
    }

    private static func put(_ text: String, _ line: inout [UInt8]) { line += text.utf8 }

    private static func text(_ text: String, _ line: inout [UInt8]) {
        CanonicalJSON.write(text, to: &line)
    }

    private static func optional(_ value: String?, _ line: inout [UInt8]) {
        if let value { text(value, &line) } else { put("null", &line) }
    }
}

/// A part of canonical JSON as it is spelt.
enum CanonicalSlice {
    /// The value of the outermost object's member `name`; nil where there is none.
    static func member(_ name: String, of bytes: [UInt8]) -> ArraySlice<UInt8>? {
        let key = Array(#""\#(name)":"#.utf8)
        var (position, depth, isName) = (0, 0, false)
        var start: Int?
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                isName = depth == 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"), UInt8(ascii: ","):
                if depth == 1, let start { return bytes[start..<position] }
                if byte != UInt8(ascii: ",") { depth -= 1 }
                isName = depth == 1 && byte == UInt8(ascii: ",")
            case UInt8(ascii: "\""):
                if isName, bytes[position...].starts(with: key) {
                    position += key.count
                    start = position
                    isName = false
                    continue
                }
                isName = false
                position += 1
                while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
                    position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
                }
            case _: break
            }
            position += 1
        }
        return nil
    }
}
