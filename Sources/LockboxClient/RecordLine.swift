import Foundation
import LockboxWire

/// One line of an export, read so that what any other program sees in it is what is verified.
///
/// JSON readers disagree about a member that is there twice: some see the first, some the last.
/// Both must not pass.
struct RecordLine {
    let record: AuditRecord
    let flaws: [RecordFlaw]

    private static let members: Set<String> = [
        "index", "time", "activity", "actor", "request", "data", "texts", "leaf", "hash", "size",
        "proof",
    ]

    /// Nil if the line is no record.
    init?(_ line: some Sequence<UInt8>) {
        let bytes = Array(line)
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
        switch Result(catching: { try JSONDecoder().decode(String.self, from: Data(spelling)) }) {
        case .success(let text): text
        case .failure: String(decoding: spelling, as: UTF8.self)
        }
    }
}
