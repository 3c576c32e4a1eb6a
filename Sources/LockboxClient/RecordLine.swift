import Foundation
package import LockboxWire
package import MerkleLog

/// One line of an export, read so that what any other program sees in it is what is verified.
///
/// JSON readers disagree about a member that is there twice: some see the first, some the last.
/// Both must not pass.
package struct RecordLine {
    let record: AuditRecord
    let flaws: [RecordFlaw]

    /// Nil if the line is no record: an object in strict JSON with all members of one, in UTF-8 without
    /// a byte order mark (docs/spec/log.md 8).
    init?(_ line: some Sequence<UInt8>) {
        let bytes = Array(line)
        guard let (value, twice) = Self.value(bytes), case .object(let members) = value,
            let (record, unknown) = AuditRecord.read(members)
        else { return nil }
        self.record = record
        flaws = (unknown + twice.map { "\($0) twice" }).map { .unknownMember($0) }
    }

    /// What the line spells, and the names of members that are there twice. Most lines of most exports
    /// are in the one spelling in which Lockbox writes them, which leaves no room for those.
    private static func value(_ bytes: [UInt8]) -> (JSONValue, twice: [String])? {
        if case .success(let value) = Result(catching: {
            () throws(CanonicalJSONReader.Problem) in
            try CanonicalJSONReader.read(bytes, takesNull: true)
        }) {
            return (value, [])
        }
        switch Result(catching: {
            let twice = try StrictJSON.namesTwice(inRecord: bytes)
            return (try JSONDecoder().decode(JSONValue.self, from: Data(bytes)), twice)
        }) {
        case .success(let (value, twice)): return (value, twice)
        case .failure: return nil
        }
    }

    /// The record that `line` is, whatever is wrong with it; nil if it is none.
    package static func record(in line: some Sequence<UInt8>) -> AuditRecord? {
        RecordLine(line)?.record
    }

    /// `line`, which Lockbox wrote, with a proof of inclusion in the tree of `size`, in the place
    /// that the order of members gives it.
    package static func adding(_ proof: [Hash], size: UInt64, to line: [UInt8]) -> [UInt8] {
        guard let request = memberStart("request", in: line),
            let texts = memberStart("texts", in: line), request < texts
        else { return line }
        let hashes = proof.map { "\"\($0.base64)\"" }.joined(separator: ",")
        return line[..<request] + Array("\"proof\":[\(hashes)],".utf8) + line[request..<texts]
            + Array("\"size\":\(size),".utf8) + line[texts...]
    }

    /// Where the outermost object's member `name` begins.
    private static func memberStart(_ name: String, in line: [UInt8]) -> Int? {
        let key = Array("\"\(name)\":".utf8)
        var (position, depth) = (0, 0)
        while position < line.count {
            switch line[position] {
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: "\""):
                if depth == 1, line[position...].starts(with: key) { return position }
                position += 1
                while position < line.count, line[position] != UInt8(ascii: "\"") {
                    position += line[position] == UInt8(ascii: "\\") ? 2 : 1
                }
            case _: break
            }
            position += 1
        }
        return nil
    }
}

extension AuditRecord {
    /// The record that these members say, and the names of others that no leaf bears out. Nil where one
    /// is missing or of another type.
    fileprivate static func read(_ members: [String: JSONValue]) -> (Self, unknown: [String])? {
        var members = members
        guard case .integer(let number)? = members.removeValue(forKey: "index"),
            let index = UInt64(exactly: number), let time = members.takeText("time"),
            let activity = members.takeText("activity"), let leaf = members.takeText("leaf"),
            let hash = members.takeText("hash"),
            case .object(let data)? = members.removeValue(forKey: "data"),
            case .object(var by)? = members.removeValue(forKey: "actor"),
            let id = by.takeText("id"), let name = by.takeOptional("name"),
            let request = members.takeOptional("request"),
            case .object(let shown)? = members.removeValue(forKey: "texts")
        else { return nil }
        var unknown = by.keys.map { "actor.\($0)" }
        var texts: [String: Text] = [:]
        for (field, value) in shown {
            guard case .object(var one) = value, let text = one.takeOptional("text"),
                let salt = one.takeOptional("salt")
            else { return nil }
            unknown += one.keys.map { "texts.\($0)" }
            texts[field] = Text(text: text, salt: salt)
        }
        var size: UInt64?
        if let value = members.removeValue(forKey: "size") {
            guard case .integer(let number) = value, number >= 0 else { return nil }
            size = UInt64(number)
        }
        var proof: [String]?
        if let value = members.removeValue(forKey: "proof") {
            guard case .array(let items) = value else { return nil }
            var hashes: [String] = []
            for item in items {
                guard case .string(let hash) = item else { return nil }
                hashes.append(hash)
            }
            proof = hashes
        }
        let record = AuditRecord(
            index: index,
            time: time,
            activity: activity,
            actor: .init(id: id, name: name),
            request: request,
            data: data,
            texts: texts,
            leaf: leaf,
            hash: hash,
            size: size,
            proof: proof
        )
        return (record, (unknown + members.keys).sorted())
    }
}

extension [String: JSONValue] {
    fileprivate mutating func takeText(_ name: String) -> String? {
        guard case .string(let text)? = removeValue(forKey: name) else { return nil }
        return text
    }

    /// A text that may be null; nil where it is missing or something else.
    fileprivate mutating func takeOptional(_ name: String) -> String?? {
        switch removeValue(forKey: name) {
        case .string(let text): .some(text)
        case .null: .some(nil)
        case nil, .bool, .integer, .array, .object: nil
        }
    }
}
