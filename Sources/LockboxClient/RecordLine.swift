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

    private static let members: Set<String> = [
        "index", "time", "activity", "actor", "request", "data", "texts", "leaf", "hash", "size",
        "proof",
    ]

    /// Nil if the line is no record.
    init?(_ line: some Sequence<UInt8>) {
        let bytes = Array(line)
        if let record = AuditRecord(canonical: bytes) {
            (self.record, flaws) = (record, [])
            return
        }
        switch Result(catching: { try JSONDecoder().decode(AuditRecord.self, from: Data(bytes)) }) {
        case .success(let record): self.record = record
        case .failure: return nil
        }
        let keys = Self.keys(bytes)
        let unknown = keys.filter { $0.depth == 1 && !Self.members.contains($0.name) }.map(\.name)
        let repeated = keys.filter(\.isRepeated).map { "\($0.name) twice" }
        let inside = keys.filter { key in
            (key.parent == "actor" && !["id", "name"].contains(key.name))
                || (key.parent == "texts" && key.depth == 3
                    && !["text", "salt"].contains(key.name))
        }
        flaws = (unknown + inside.map { "\($0.parent ?? "").\($0.name)" } + repeated).map {
            .unknownMember($0)
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

    private struct Key {
        let name: String
        /// 1 for a member of the record itself.
        let depth: Int
        /// The member of the record that it stands in, however deep.
        let parent: String?
        let isRepeated: Bool
    }

    /// All member names of a JSON text that is known to be well-formed.
    private static func keys(_ bytes: [UInt8]) -> [Key] {
        var found: [Key] = []
        /// For each open object or list the names so far.
        var open: [Set<String>] = []
        var parent: String?
        var position = 0
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "{"), UInt8(ascii: "["): open.append([])
            case UInt8(ascii: "}"), UInt8(ascii: "]"): _ = open.popLast()
            case UInt8(ascii: "\""):
                let start = position
                position += 1
                while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
                    position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
                }
                let after = bytes[min(position + 1, bytes.count)...].first {
                    ![0x20, 0x09, 0x0A, 0x0D].contains($0)
                }
                guard after == UInt8(ascii: ":"), let names = open.last else { break }
                let name = text(bytes[start...min(position, bytes.count - 1)])
                if open.count == 1 { parent = name }
                open[open.count - 1].insert(name)
                found.append(
                    Key(
                        name: name,
                        depth: open.count,
                        parent: open.count > 1 ? parent : nil,
                        isRepeated: names.contains(name)
                    )
                )
            case _: break
            }
            position += 1
        }
        return found
    }

    /// The text that a JSON string spells, escapes resolved.
    private static func text(_ spelling: ArraySlice<UInt8>) -> String {
        if !spelling.contains(UInt8(ascii: "\\")) {
            return String(decoding: spelling.dropFirst().dropLast(), as: UTF8.self)
        }
        return
            switch Result(catching: { try JSONDecoder().decode(String.self, from: Data(spelling)) })
        {
        case .success(let text): text
        case .failure: String(decoding: spelling, as: UTF8.self)
        }
    }
}

extension AuditRecord {
    /// The record that a line spells in the one way in which Lockbox writes it, which leaves no room
    /// for a member that is there twice. Nil where the line is anything else: then it is read the
    /// long way. Most lines of most exports are read here.
    fileprivate init?(canonical line: [UInt8]) {
        guard
            case .success(.object(var members)) = Result(catching: {
                () throws(CanonicalJSONReader.Problem) in
                try CanonicalJSONReader.read(line, takesNull: true)
            })
        else { return nil }
        guard case .integer(let number)? = members.removeValue(forKey: "index"),
            let index = UInt64(exactly: number), let time = members.takeText("time"),
            let activity = members.takeText("activity"), let leaf = members.takeText("leaf"),
            let hash = members.takeText("hash"),
            case .object(let data)? = members.removeValue(forKey: "data"),
            case .object(var by)? = members.removeValue(forKey: "actor"),
            let id = by.takeText("id"), let name = by.takeOptional("name"), by.isEmpty,
            let request = members.takeOptional("request"),
            case .object(let shown)? = members.removeValue(forKey: "texts")
        else { return nil }
        var texts: [String: Text] = [:]
        for (field, value) in shown {
            guard case .object(var one) = value, let text = one.takeOptional("text"),
                let salt = one.takeOptional("salt"), one.isEmpty
            else { return nil }
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
        guard members.isEmpty else { return nil }
        self.init(
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
